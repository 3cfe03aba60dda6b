//! A sandbox, a folder and the program: start it, kill it, read its report, and hold it to the law of accounting.
//!
//! Knows no case.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use pardot_sim::{BusinessUnit, Config, Connection, Counters, JournalEntry, Sandbox};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Longer than any run may take: a run that hangs is killed and fails its test.
pub(crate) const LONGEST_RUN: Duration = Duration::from_secs(120);

/// Settings that keep the tests quick: waits and time-outs in seconds.
const QUICK: [&str; 3] = ["initial_retry_wait=0.01", "maximum_retry_wait=0.2", "maximum_connection_timeout=5"];

/// The query of most cases: every column, in the order of the file.
pub(crate) const ALL: &str = "SELECT * FROM c";

/// A sandbox, and a folder with a data directory, a connection file and inputs.
pub(crate) struct Bench {
    /// Dropped before the runtime that serves it.
    pub(crate) sandbox: Sandbox,
    pub(crate) folder: TempDir,
    _runtime: Runtime,
}

impl Bench {
    /// An account where every email stands once.
    pub(crate) fn unique() -> Bench {
        Bench::with(Config::default())
    }

    /// An account where several prospects may share one email (AMPSEA).
    pub(crate) fn shared() -> Bench {
        let unit = BusinessUnit { ampsea: true, ..BusinessUnit::default() };
        Bench::with(Config { business_units: vec![unit], ..Config::default() })
    }

    pub(crate) fn with(config: Config) -> Bench {
        // Two workers: a hook of the sandbox may block one of them.
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
        let sandbox = runtime.block_on(Sandbox::start(config)).expect("the sandbox starts");
        let bench = Bench { sandbox, folder: TempDir::new().expect("a folder"), _runtime: runtime };
        bench.connect();
        bench
    }

    /// Writes the connection file anew, with the newest refresh token.
    pub(crate) fn connect(&self) {
        let connection = self.sandbox.connection();
        self.write("connection.yaml", &document(&connection));
    }

    pub(crate) fn unit(&self) -> String {
        self.sandbox.connection().business_unit
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text).expect("the file is written");
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("the file is read")
    }

    pub(crate) fn counters(&self) -> Counters {
        self.sandbox.counters(&self.unit())
    }

    pub(crate) fn hash(&self) -> String {
        self.sandbox.hash(&self.unit())
    }

    pub(crate) fn prospects(&self) -> Vec<Value> {
        self.sandbox.prospects(&self.unit())
    }

    /// The prospect with this email; the only one.
    #[track_caller]
    pub(crate) fn prospect(&self, email: &str) -> Value {
        let mut found: Vec<Value> =
            self.prospects().into_iter().filter(|prospect| prospect["email"] == email).collect();
        assert_eq!(found.len(), 1, "prospects with {email}");
        found.remove(0)
    }

    /// Calls of this operation, such as `prospect/batchUpsert`.
    pub(crate) fn calls(&self, operation: &str) -> u64 {
        self.counters().by_operation.get(operation).copied().unwrap_or(0)
    }

    pub(crate) fn journal_of(&self, path: &str) -> Vec<JournalEntry> {
        self.sandbox.journal().into_iter().filter(|entry| entry.path.contains(path)).collect()
    }

    /// The program, with nothing in its environment but a home.
    pub(crate) fn command(&self, command: &str) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_sluice"));
        program.env_clear().env("HOME", self.folder.path()).current_dir(self.folder.path()).arg(command);
        program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        program
    }

    /// An export of this query, as JSON, with quick settings.
    pub(crate) fn export(&self, sql: &str) -> Call<'_> {
        QUICK.iter().fold(self.plain_export(sql), |call, pair| call.args(&["--set", pair]))
    }

    /// An export of this query, as JSON, with the settings as they are without being given.
    pub(crate) fn plain_export(&self, sql: &str) -> Call<'_> {
        let mut command = self.command("export");
        command.args(["--json", "--query", sql, "--data-dir", "data", "--connection-file", "connection.yaml"]);
        Call { bench: self, command }
    }

    /// An export of a table that is written first.
    pub(crate) fn export_csv(&self, csv: &str) -> Call<'_> {
        self.write("c.csv", csv);
        self.export(ALL).args(&["--table", "c=c.csv"])
    }

    pub(crate) fn resume(&self, job: &str) -> Call<'_> {
        let mut command = self.command("resume");
        command.args([job, "--json", "--data-dir", "data"]);
        Call { bench: self, command }
    }

    /// The batches that Pardot let in: not those that it refused, nor those that were lost on their way.
    ///
    /// One that is lost while other lanes go on is sent again before a signal comes, as it should be.
    pub(crate) fn batches_let_in(&self) -> Vec<JournalEntry> {
        let refused = |entry: &JournalEntry| matches!(entry.code, Some(88 | 89 | 184));
        let lost = |entry: &JournalEntry| entry.fault.as_deref() == Some("reset_before");
        self.journal_of("batchUpsert").into_iter().filter(|entry| !refused(entry) && !lost(entry)).collect()
    }

    /// Sends a signal to the program when the request of this number arrives: the request is under way meanwhile.
    pub(crate) fn signal_at(&self, request: u64, signal: &'static str) -> mpsc::Sender<u32> {
        let (sender, receiver) = mpsc::channel::<u32>();
        self.sandbox.at_request(request, move || {
            if let Ok(pid) = receiver.recv_timeout(LONGEST_RUN) {
                kill(pid, signal);
            }
        });
        sender
    }
}

/// The text of a connection file.
pub(crate) fn document(connection: &Connection) -> String {
    serde_json::to_string(connection).expect("a connection is JSON")
}

/// Sends a signal, such as `KILL`, through the shell, which every system has. A program that has ended hears nothing.
pub(crate) fn kill(pid: u32, signal: &str) {
    let _ = Command::new("sh").args(["-c", &format!("kill -s {signal} {pid} 2>&1")]).output();
}

/// A call of the program that is being put together.
pub(crate) struct Call<'a> {
    bench: &'a Bench,
    command: Command,
}

impl Call<'_> {
    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    /// One setting.
    pub(crate) fn set(self, name: &str, value: impl std::fmt::Display) -> Self {
        self.args(&["--set", &format!("{name}={value}")])
    }

    /// Starts it, and lets `tell` know its process id.
    pub(crate) fn run_telling(mut self, tell: &mpsc::Sender<u32>) -> Outcome {
        let child = self.command.spawn().expect("the program starts");
        let _ = tell.send(child.id());
        let outcome = wait(child);
        outcome.holds_the_law();
        assert!(self.bench.counters().in_flight_max <= 5, "calls at once");
        outcome
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Outcome {
        self.run_telling(&mpsc::channel().0)
    }

    /// Runs it to this exit.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Outcome {
        let outcome = self.run();
        outcome.check_exit(code);
        outcome
    }
}

/// Waits for its end, and ends it when it takes too long.
pub(crate) fn wait(mut child: Child) -> Outcome {
    let pid = child.id();
    let (done, ended) = mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        if ended.recv_timeout(LONGEST_RUN) == Err(mpsc::RecvTimeoutError::Timeout) {
            kill(pid, "KILL");
        }
    });
    let mut talk = child.stderr.take().expect("stderr is piped");
    let talk = std::thread::spawn(move || {
        let mut text = String::new();
        let _ = talk.read_to_string(&mut text);
        text
    });
    let mut stdout = String::new();
    let _ = child.stdout.take().expect("stdout is piped").read_to_string(&mut stdout);
    let status = child.wait().expect("the program ends");
    drop(done);
    watch.join().expect("the watch ends");
    Outcome { code: status.code(), stdout, stderr: talk.join().expect("stderr ends") }
}

/// How the program ended; `code` is `None` when a signal killed it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    #[track_caller]
    pub(crate) fn check_exit(&self, code: i32) {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
    }

    /// The report, where one was printed.
    pub(crate) fn report(&self) -> Option<Value> {
        serde_json::from_str(self.stdout.trim()).ok()
    }

    /// A value of the report, by its JSON pointer.
    #[track_caller]
    pub(crate) fn at(&self, pointer: &str) -> Value {
        let report = self.report().unwrap_or_else(|| panic!("no report: {self:?}"));
        report.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {report}")).clone()
    }

    #[track_caller]
    pub(crate) fn number(&self, pointer: &str) -> u64 {
        self.at(pointer).as_u64().unwrap_or_else(|| panic!("{pointer} is no number"))
    }

    #[track_caller]
    pub(crate) fn text(&self, pointer: &str) -> String {
        self.at(pointer).as_str().unwrap_or_else(|| panic!("{pointer} is no text")).to_owned()
    }

    /// read, delivered, rejected, superseded, held, unsent.
    #[track_caller]
    pub(crate) fn rows(&self) -> [u64; 6] {
        ["read", "delivered", "rejected", "superseded", "held", "unsent"]
            .map(|end| self.number(&format!("/rows/{end}")))
    }

    /// The job, by the report or by the line that offers to continue.
    #[track_caller]
    pub(crate) fn job(&self) -> String {
        self.text("/job")
    }

    fn holds_the_law(&self) {
        // A dry run has no ends, and what never became a job has no calls.
        if self.report().is_some_and(|report| report["job"].is_string()) {
            let [read, delivered, rejected, superseded, held, unsent] = self.rows();
            assert_eq!(read, delivered + rejected + superseded + held + unsent, "{}", self.stdout);
            assert_eq!(self.number("/format_version"), 1);
            assert!(self.number("/max_in_flight") <= 5, "{}", self.stdout);
        }
    }
}

/// Asserts the rows of a report: read, delivered, rejected, superseded, held, unsent.
#[track_caller]
pub(crate) fn check_rows(outcome: &Outcome, want: [u64; 6]) {
    assert_eq!(outcome.rows(), want, "{}\n{}", outcome.stdout, outcome.stderr);
}

/// The newest job of a data directory.
pub(crate) fn newest_job(bench: &Bench) -> String {
    let mut command = bench.command("jobs");
    command.args(["--json", "--newest", "1", "--data-dir", "data"]);
    let outcome = wait(command.spawn().expect("the program starts"));
    let job: Value = serde_json::from_str(outcome.stdout.trim()).unwrap_or_else(|_| panic!("no job: {outcome:?}"));
    job["job"].as_str().unwrap_or_else(|| panic!("{job}")).to_owned()
}

/// Every file below this path, with its bytes.
pub(crate) fn files(path: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(path).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if let Ok(bytes) = std::fs::read(&path) {
            found.push((path, bytes));
        }
    }
}
