//! The driver of the browser as a child process, spoken to in WebDriver: JSON over HTTP.
//!
//! Knows the wire and no page. Every journey has a driver of its own, so that one that dies takes no other journey along.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Once;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::LONGEST_RUN;
use crate::server::line;

/// The programs that the journeys need.
struct Programs {
    driver: PathBuf,
    browser: PathBuf,
}

impl Programs {
    /// What is missing, where something is.
    fn found() -> Result<Programs, String> {
        let browser = on_path(&["chromium", "chromium-browser", "google-chrome"]);
        match (on_path(&["chromedriver"]), browser) {
            (Some(driver), Some(browser)) => Ok(Programs { driver, browser }),
            (None, Some(_)) => Err("chromedriver is not installed".into()),
            (Some(_), None) => Err("chromium is not installed".into()),
            (None, None) => Err("chromium and chromedriver are not installed".into()),
        }
    }
}

fn on_path(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    let places = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.into_iter().find(|place| place.is_file())
}

/// What the driver did not do.
#[derive(Debug)]
pub(crate) struct Wrong {
    /// WebDriver's word for it, such as `no such element`.
    pub(crate) error: String,
    pub(crate) message: String,
}

/// A driver that runs; killed with its browser when the journey is over.
pub(crate) struct Driver {
    child: Child,
    address: String,
    pub(crate) browser: PathBuf,
    /// Where driver and browser keep what they please.
    home: TempDir,
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Driver {
    /// A new driver; nothing where the programs are missing, which is said once.
    pub(crate) fn start() -> Option<Driver> {
        match Programs::found() {
            Ok(programs) => Some(Driver::run(programs)),
            Err(missing) => {
                let required = std::env::var_os("SLUICE_BROWSER").is_some_and(|value| value == "required");
                assert!(!required, "{missing}, and SLUICE_BROWSER=required");
                static SAID: Once = Once::new();
                // Not by a macro that the test runner would keep to itself.
                SAID.call_once(|| drop(writeln!(io::stderr(), "browser tests left out: {missing}")));
                None
            }
        }
    }

    fn run(programs: Programs) -> Driver {
        let home = TempDir::new().expect("a folder");
        let mut command = Command::new(programs.driver);
        command.args(["--port=0"]).env("HOME", home.path()).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("chromedriver starts");
        let mut talk = BufReader::new(child.stdout.take().expect("stdout is piped")).lines().map_while(Result::ok);
        let started = talk.find(|line| line.contains("started successfully on port")).expect("chromedriver listens");
        let port = started.trim_end_matches('.').rsplit(' ').next().unwrap_or_default();
        let address = format!("127.0.0.1:{port}");
        // A pipe that nobody reads would hold the driver up one day.
        std::thread::spawn(move || talk.for_each(drop));
        Driver { child, address, browser: programs.browser, home }
    }

    /// A folder that goes with the driver.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// One command.
    pub(crate) fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, Wrong> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let none = |error: io::Error| Wrong { error: "no answer".into(), message: error.to_string() };
        let (status, answer) = exchange(&self.address, &line("", method, path), &body).map_err(none)?;
        let mut document: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let value = document["value"].take();
        if status == 200 {
            return Ok(value);
        }
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        Err(Wrong { error: text("error"), message: text("message") })
    }
}

/// Asks once. The driver leaves the connection open whatever it is told, so that its answer ends where it says.
fn exchange(address: &str, head: &str, body: &str) -> io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LONGEST_RUN))?;
    let head = format!("{head}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(&[head, body.to_owned()].concat().into_bytes())?;
    let mut answer = BufReader::new(stream);
    let (mut status, mut length, mut line) = (0, 0, String::new());
    while answer.read_line(&mut line)? > 2 {
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().unwrap_or_default();
            }
            Some(_) => {}
            None => status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default(),
        }
        line.clear();
    }
    let mut body = vec![0; length];
    answer.read_exact(&mut body)?;
    Ok((status, body))
}
