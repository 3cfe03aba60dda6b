//! What a server does not start over: a directory that another one has, a database that is not whole, an open address.
//!
//! Knows how a database file is cut and bent; nothing of what stands in it.

use std::path::Path;

use crate::contacts::{check_contacts, contacts};
use crate::harness::{Bench, Outcome, wait};
use crate::server::{House, ask, line};

#[test]
fn a_data_directory_has_one_server() {
    let mut house = House::start(Bench::unique());
    let second = house.try_serve("data", &[]).err().expect("the second one ends");
    second.check_exit(7);
    assert!(second.stderr.contains("another server uses this data directory"), "{}", second.stderr);
    let changes = [
        &["connections", "list"][..],
        &["connections", "delete", "prod"],
        &["tables", "list"],
        &["queries", "list"],
        &["jobs", "list"],
        &["people", "list"],
        &["keys", "rotate"],
    ];
    for command in changes {
        let outcome = house.local(command);
        outcome.check_exit(7);
        assert!(outcome.stderr.contains("--server"), "{command:?}: {}", outcome.stderr);
    }
    // Looking on, backups and exports of the command line go beside it.
    house.local(&["jobs"]).check_exit(0);
    house.local(&["backup", "beside.tar"]).check_exit(0);
    house.bench.export_csv(&contacts(60, |_| false)).exits(0);
    let listed = house.get("/jobs");
    assert_eq!(listed["items"][0]["origin"], "command_line", "{listed}");
    let mut other = house.bench.command("export");
    other.args(["--json", "--query", "SELECT * FROM c", "--table", "c=c.csv", "--data-dir", "elsewhere"]);
    other.args(["--connection-file", "connection.yaml"]);
    wait(other.spawn().expect("the program starts")).check_exit(0);
    check_contacts(&house.bench, 60, |_| false);
    assert!(house.get("/connections")["items"][0]["name"] == "prod", "the server was not disturbed");
    house.stop("TERM").check_exit(0);
    house.local(&["connections", "list"]).check_exit(0);
}

/// How the files of a data directory are hurt.
enum Hurt {
    /// Sixteen bytes at this part of the database, in thousandths, are turned over; they may mean nothing.
    Bent(usize),
    /// The same at the beginning of the page that has this part.
    BentPage(usize),
    /// The database ends at this part of it, in thousandths.
    Cut(usize),
    /// The first hundred bytes are zeroes.
    NoHeader,
    /// It has no byte.
    Empty,
    /// It is another kind of file.
    Foreign,
    /// It is gone.
    Gone,
    /// The log of what was written last ends at this part of it, in thousandths.
    LogCut(usize),
    /// That log is gone.
    LogGone,
    /// Database and log are gone.
    AllGone,
}

/// Bytes of a page of the database.
const PAGE: usize = 4_096;

/// Turns over what stands at a part, in thousandths, or at the last multiple of `step` before it.
fn bend(bytes: &mut [u8], part: usize, step: usize) {
    let at = bytes.len() * part / 1_000 / step * step;
    bytes[at..at + 16].iter_mut().for_each(|byte| *byte = !*byte);
}

fn hurt(folder: &Path, hurt: &Hurt) {
    let (database, log) = (folder.join("sluice.db"), folder.join("sluice.db-wal"));
    let cut = |path: &Path, part: usize| {
        let bytes = std::fs::read(path).expect("the file is there");
        std::fs::write(path, &bytes[..bytes.len() * part / 1_000]).expect("the file is written");
    };
    let edit = |edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = std::fs::read(&database).expect("the database is there");
        edit(&mut bytes);
        std::fs::write(&database, bytes).expect("the database is written");
    };
    match hurt {
        Hurt::Bent(part) => edit(&|bytes| bend(bytes, *part, 1)),
        Hurt::BentPage(part) => edit(&|bytes| bend(bytes, *part, PAGE)),
        Hurt::Cut(part) => cut(&database, *part),
        Hurt::NoHeader => edit(&|bytes| bytes[..100].fill(0)),
        Hurt::Empty => cut(&database, 0),
        Hurt::Foreign => edit(&|bytes| *bytes = b"name,email\nAda,ada@example.com\n".repeat(4_000)),
        Hurt::Gone => std::fs::remove_file(&database).expect("it was there"),
        Hurt::LogCut(part) => cut(&log, *part),
        Hurt::LogGone => std::fs::remove_file(&log).expect("it was there"),
        Hurt::AllGone => [database, log].iter().for_each(|path| drop(std::fs::remove_file(path))),
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("the file is copied");
        }
    }
}

#[track_caller]
fn check_refused(outcome: &Outcome, number: usize) {
    outcome.check_exit(1);
    assert!(outcome.stderr.contains("sluice restore"), "hurt {number}: {}", outcome.stderr);
    assert!(outcome.stderr.contains("sluice.db"), "hurt {number}: {}", outcome.stderr);
    assert!(!outcome.stderr.contains("setup_"), "hurt {number}: {}", outcome.stderr);
}

#[test]
fn no_damaged_database_is_started_empty() {
    use Hurt::{AllGone, Bent, BentPage, Cut, Empty, Foreign, Gone, LogCut, LogGone, NoHeader};
    let mut house = House::start(Bench::unique());
    house.upload("c", &contacts(60, |_| false));
    house.query("q", &[]);
    let job = house.run("q");
    house.succeeds(&job, 60);
    // Killed: the newest commits stand in the log.
    house.stop("KILL");
    copy(&house.bench.path("data"), &house.bench.path("killed"));
    house.serve();
    house.stop("TERM").check_exit(0);
    let at_rest = [
        Bent(333),
        Bent(666),
        BentPage(0),
        BentPage(100),
        BentPage(300),
        BentPage(500),
        BentPage(700),
        BentPage(900),
        Cut(10),
        Cut(400),
        Cut(700),
        Cut(999),
        NoHeader,
        Empty,
        Foreign,
        Gone,
        AllGone,
    ];
    let killed = [LogCut(0), LogCut(300), LogCut(500), LogCut(900), LogGone, AllGone];
    let all = at_rest.iter().map(|each| ("data", each)).chain(killed.iter().map(|each| ("killed", each)));
    for (number, (from, damage)) in all.enumerate() {
        let name = format!("hurt-{number}");
        copy(&house.bench.path(from), &house.bench.path(&name));
        hurt(&house.bench.path(&name), damage);
        match house.try_serve(&name, &[]) {
            Err(outcome) => check_refused(&outcome, number),
            Ok(served) => {
                assert!(matches!(damage, Bent(_)), "hurt {number} was not seen");
                // What was hurt meant nothing: all is there.
                let head = |path: &str| line(&house.token, "GET", path);
                for path in ["/api/v1/connections/prod", "/api/v1/queries/q", &format!("/api/v1/jobs/{job}")] {
                    let answer = ask(&served.address, &head(path), b"").expect("an answer");
                    assert_eq!(answer.status, 200, "hurt {number} {path}: {}", answer.text());
                }
                assert!(!served.log().contains("setup_"), "hurt {number}: started empty");
            }
        }
    }
}

#[test]
fn an_address_that_others_reach_needs_tls() {
    let house = House::empty(Bench::unique());
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.7:0", "[::ffff:0.0.0.0]:0"] {
        let refused = house.try_serve("data", &["--listen", address]).err().expect("it does not start");
        refused.check_exit(2);
        assert!(refused.stderr.contains("--behind-proxy") || refused.stderr.contains("behind_proxy"), "{refused:?}");
    }
    let missing = ["--listen", "0.0.0.0:0", "--tls-certificate", "c.pem", "--tls-key", "k.pem"];
    house.try_serve("data", &missing).err().expect("no such files").check_exit(2);
    house.try_serve("data", &["--listen", "127.0.0.1:0", "--tls-key", "k.pem"]).err().expect("half").check_exit(2);
    assert!(!house.bench.path("data/sluice.db").exists(), "nothing was begun");
    let served = house.try_serve("data", &["--listen", "0.0.0.0:0", "--behind-proxy"]).expect("a proxy speaks TLS");
    let nobody = ask(&served.address, "GET /api/v1/jobs HTTP/1.1", b"").expect("an answer");
    assert_eq!(nobody.status, 401, "{}", nobody.text());
}
