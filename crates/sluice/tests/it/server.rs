//! The server as a child process over a bench's data directory: started, asked over HTTP, stopped, killed.
//!
//! Knows HTTP as bytes on a socket and no route's meaning; every wait has an end.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Bench, LONGEST_RUN, Outcome, document, kill, wait};

/// The first admin's password.
pub(crate) const PASSWORD: &str = "violet tractor seldom nine";

/// Settings that keep the tests quick; waits and time-outs in seconds.
pub(crate) const QUICK: [(&str, &str); 3] =
    [("initial_retry_wait", "0.01"), ("maximum_retry_wait", "0.2"), ("maximum_connection_timeout", "5")];

/// An answer of the server.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The document, where the status is this one.
    #[track_caller]
    pub(crate) fn must(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// Asks once, on a connection of its own; reads until the server closes it.
pub(crate) fn ask(address: &str, head: &str, body: &[u8]) -> io::Result<Answer> {
    let until = Instant::now() + LONGEST_RUN;
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LONGEST_RUN))?;
    let length = body.len();
    let head = format!("{head}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let (mut bytes, mut room) = (Vec::new(), [0; 1 << 14]);
    loop {
        match stream.read(&mut room) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&room[..count]),
            // A server that was killed leaves its streams like this.
            Err(_) if !bytes.is_empty() => break,
            Err(error) => return Err(error),
        }
        if Instant::now() > until {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
    parsed(&bytes).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn parsed(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body = &bytes[end + 4..];
    let body =
        if head.to_ascii_lowercase().contains("transfer-encoding: chunked") { joined(body) } else { body.to_vec() };
    Some(Answer { status, head, body })
}

/// The chunks of a body, as far as they came.
fn joined(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..end]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
        let Some(size) = size.filter(|size| *size > 0) else { break };
        let chunk = &bytes[end + 2..];
        body.extend_from_slice(&chunk[..size.min(chunk.len())]);
        bytes = chunk.get(size + 2..).unwrap_or_default();
    }
    body
}

/// The first lines of a request with a JSON body by whoever has this token.
pub(crate) fn line(token: &str, method: &str, path: &str) -> String {
    let token = if token.is_empty() { String::new() } else { format!("\r\nauthorization: Bearer {token}") };
    let media = if method == "GET" || method == "DELETE" { "" } else { "\r\ncontent-type: application/json" };
    format!("{method} {path} HTTP/1.1{token}{media}")
}

/// A server that runs; killed when the test is over.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: String,
    log: Arc<Mutex<String>>,
    lines: mpsc::Receiver<String>,
    reader: Option<JoinHandle<()>>,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it said so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a line with all these texts, and gives it; nothing when the log ends first.
    pub(crate) fn hears(&self, texts: &[&str]) -> Option<String> {
        let until = Instant::now() + LONGEST_RUN;
        loop {
            let line = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())).ok()?;
            if texts.iter().all(|text| line.contains(text)) {
                return Some(line);
            }
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        kill(self.pid(), signal);
    }

    /// Waits for its end.
    pub(crate) fn ends(mut self) -> Outcome {
        let pid = self.pid();
        let (done, ended) = mpsc::channel::<()>();
        let watch = std::thread::spawn(move || {
            if ended.recv_timeout(LONGEST_RUN) == Err(mpsc::RecvTimeoutError::Timeout) {
                kill(pid, "KILL");
            }
        });
        let code = self.child.wait().ok().as_ref().and_then(ExitStatus::code);
        drop(done);
        let _ = watch.join();
        let _ = self.reader.take().map(JoinHandle::join);
        let mut stdout = String::new();
        let _ = self.child.stdout.take().map(|mut out| out.read_to_string(&mut stdout));
        Outcome { code, stdout, stderr: self.log() }
    }
}

/// A bench with a server over its data directory, and the first admin's token.
pub(crate) struct House {
    /// Dropped before the sandbox that it calls.
    served: Option<Served>,
    pub(crate) bench: Bench,
    pub(crate) token: String,
    /// Requests to the API so far.
    pub(crate) asked: Cell<u32>,
}

impl House {
    /// A server over a new data directory, set up, with the sandbox as connection `prod`.
    pub(crate) fn start(bench: Bench) -> House {
        let mut house = House::empty(bench);
        house.serve();
        house.set_up();
        house.connect();
        house
    }

    /// The same with nobody and nothing in it, and not served yet.
    pub(crate) fn empty(bench: Bench) -> House {
        House { served: None, bench, token: String::new(), asked: Cell::new(0) }
    }

    /// The first admin, through the API.
    pub(crate) fn set_up(&mut self) {
        let setup = self.bench.read("data/setup-token");
        let setup = json!({"token": setup.trim(), "name": "ada", "password": PASSWORD});
        let made = self.send("POST", "/setup", &setup).must(201);
        self.token = made["token"]["secret"].as_str().expect("a token").to_owned();
        self.bench.write("token", &self.token);
    }

    /// The sandbox as connection `prod`.
    pub(crate) fn connect(&self) {
        self.send("POST", "/connections", &self.connection("prod")).must(201);
    }

    /// The sandbox as a connection's document.
    pub(crate) fn connection(&self, name: &str) -> Value {
        let text = document(&self.bench.sandbox.connection());
        let mut connection: Value = serde_json::from_str(&text).expect("JSON");
        connection["name"] = name.into();
        connection
    }

    pub(crate) fn serve(&mut self) -> &Served {
        match self.try_serve("data", &["--allow-loopback"]) {
            Ok(served) => self.served.insert(served),
            Err(outcome) => panic!("the server does not start: {outcome:?}"),
        }
    }

    /// Starts a server until it listens; how it ended, where it does not.
    pub(crate) fn try_serve(&self, data_dir: &str, form: &[&str]) -> Result<Served, Outcome> {
        let mut command = self.bench.command("serve");
        command.args(["--data-dir", data_dir]).args(form).env("SLUICE_REQUESTS_PER_SECOND", "10000");
        if !form.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let mut child = command.spawn().expect("the program starts");
        let talk = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let log = Arc::new(Mutex::new(String::new()));
        let (sender, lines) = mpsc::channel();
        let kept = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in talk.lines().map_while(Result::ok) {
                *kept.lock().unwrap_or_else(PoisonError::into_inner) += &format!("{line}\n");
                let _ = sender.send(line);
            }
        });
        let mut served = Served { child, address: String::new(), log, lines, reader: Some(reader) };
        let Some(line) = served.hears(&["listening at http://"]) else { return Err(served.ends()) };
        let address = line.split("http://").nth(1).unwrap_or_default();
        served.address = address.trim_end_matches(['"', '}']).replace("0.0.0.0", "127.0.0.1");
        Ok(served)
    }

    /// Goes on with a server that was started in another way.
    pub(crate) fn take(&mut self, served: Served) {
        self.served = Some(served);
    }

    pub(crate) fn served(&self) -> &Served {
        self.served.as_ref().expect("the server runs")
    }

    /// Sends a signal and waits for the end.
    pub(crate) fn stop(&mut self, signal: &str) -> Outcome {
        self.served().signal(signal);
        self.ends()
    }

    /// Waits for the end of a server that was told to end.
    pub(crate) fn ends(&mut self) -> Outcome {
        self.served.take().expect("the server runs").ends()
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        self.send("GET", path, &Value::Null).must(200)
    }

    /// A request to the API by the admin; `null` is no body.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.by(&self.token, method, path, body)
    }

    /// A request to the API by whoever has this token.
    pub(crate) fn by(&self, token: &str, method: &str, path: &str, body: &Value) -> Answer {
        self.asked.set(self.asked.get() + 1);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = line(token, method, &format!("/api/v1{path}"));
        ask(&self.served().address, &head, body.as_bytes()).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    pub(crate) fn upload(&self, table: &str, csv: &str) {
        self.asked.set(self.asked.get() + 1);
        let head = format!("PUT /api/v1/tables/{table}/data HTTP/1.1\r\ncontent-type: text/csv");
        let head = format!("{head}\r\nauthorization: Bearer {}", self.token);
        let answer = ask(&self.served().address, &head, csv.as_bytes()).expect("an answer");
        assert!([200, 201].contains(&answer.status), "{}", answer.text());
    }

    /// Saves a query over every column of the table `c`, exported through `prod` with these settings and quick ones.
    pub(crate) fn query(&self, name: &str, settings: &[(&str, &str)]) {
        let mut all = serde_json::Map::new();
        for (name, value) in QUICK.iter().chain(settings) {
            all.insert((*name).to_owned(), (*value).into());
        }
        let spec = json!({
            "name": name, "sql": "SELECT * FROM c", "export": {"connection": "prod", "settings": all},
        });
        self.send("PUT", &format!("/queries/{name}"), &spec).must(201);
    }

    /// Starts a job of a query.
    pub(crate) fn run(&self, query: &str) -> String {
        let job = self.send("POST", &format!("/queries/{query}/runs"), &json!({})).must(202);
        job["id"].as_str().expect("a job has an id").to_owned()
    }

    /// Stays with a job to its end, and gives it.
    #[track_caller]
    pub(crate) fn ended(&self, job: &str) -> Value {
        let heard = self.send("GET", &format!("/jobs/{job}/events"), &Value::Null);
        let ended = self.get(&format!("/jobs/{job}"));
        assert!(ended["finished"].is_string(), "not ended: {ended}\n{}\n{}", heard.text(), self.served().log());
        ended
    }

    /// Stays with a job until it is a success of this many rows, all delivered.
    #[track_caller]
    pub(crate) fn succeeds(&self, job: &str, rows: u64) {
        let ended = self.ended(job);
        assert_eq!(ended["state"], "success", "{ended}");
        check_ends(&ended["rows"], [rows, rows, 0, 0, 0, 0]);
    }

    /// A command about the server that runs.
    pub(crate) fn remote(&self, command: &[&str]) -> Outcome {
        let server = format!("http://{}", self.served().address);
        self.local(&[command, &["--server", &server, "--token-file", "token"]].concat())
    }

    /// A command about the data directory, or about whatever its arguments say.
    pub(crate) fn local(&self, arguments: &[&str]) -> Outcome {
        let mut command = self.bench.command(arguments[0]);
        command.args(&arguments[1..]).env("SLUICE_ALLOW_LOOPBACK", "true");
        command.env("PROD_SECRET", self.bench.sandbox.connection().client_secret);
        if !arguments.contains(&"--server") && !arguments.contains(&"--data-dir") {
            command.args(["--data-dir", "data"]);
        }
        wait(command.spawn().expect("the program starts"))
    }

    /// The number of the newest request that the sandbox saw.
    pub(crate) fn seen(&self) -> u64 {
        self.bench.sandbox.journal().last().map_or(0, |entry| entry.sequence)
    }

    /// When the request of this number arrives.
    pub(crate) fn arrival(&self, request: u64) -> mpsc::Receiver<Instant> {
        let (sender, receiver) = mpsc::channel();
        self.bench.sandbox.at_request(request, move || {
            let _ = sender.send(Instant::now());
        });
        receiver
    }

    /// Holds the request of this number when it arrives, until the second end is dropped or told.
    pub(crate) fn hold(&self, request: u64) -> (mpsc::Receiver<()>, mpsc::Sender<()>) {
        let ((arrived, arrival), (release, released)) = (mpsc::channel(), mpsc::channel());
        self.bench.sandbox.at_request(request, move || {
            let _ = arrived.send(());
            let _ = released.recv_timeout(LONGEST_RUN);
        });
        (arrival, release)
    }

    /// Sends a signal to the server when the request of this number arrives.
    pub(crate) fn signal_at(&self, request: u64, signal: &'static str) {
        let _ = self.bench.signal_at(request, signal).send(self.served().pid());
    }
}

/// Asserts the rows of a job or report: read, delivered, rejected, superseded, held, unsent.
#[track_caller]
pub(crate) fn check_ends(rows: &Value, want: [u64; 6]) {
    let ends = ["read", "delivered", "rejected", "superseded", "held", "unsent"];
    let have = ends.map(|end| rows[end].as_u64().unwrap_or(u64::MAX));
    assert_eq!(have, want, "{rows}");
}

/// The time within which a server must have taken a job up again after its start.
pub(crate) const TAKEN_UP: Duration = Duration::from_secs(10);
