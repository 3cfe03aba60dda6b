//! How long pages take on a full server: 10,000 jobs and 1,000 queries, each list asked for twenty times over loopback.
//!
//! Prints the median and the longest time, and the bytes of the page; for the first page those of its files too.
//! `cargo run --release -p server --example page_times`.

use std::error::Error;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use api::{Secret, Setup};
use app::{App, Config, Mode};
use model::{JobId, JobState};
use secrecy::ExposeSecret;
use serde_json::json;
use server::ServerConfig;
use store::{Change, Document, JobKind, NewJob, Origin, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const JOBS: u32 = 10_000;
const QUERIES: u32 = 1_000;
const TIMES: usize = 20;
const PASSWORD: &str = "correct horse lorry staple";
const PAGES: [&str; 7] =
    ["/", "/jobs", "/jobs?state=failed", "/queries", "/queries?search=99", "/schedules", "/settings/audit"];

type Broken = Box<dyn Error>;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is what it is for")]
async fn main() -> Result<(), Broken> {
    let directory = tempfile::tempdir()?;
    let app = App::start(Config::new(directory.path().to_owned()), Mode::Serve).await?;
    let token = app.setup_token().ok_or("somebody is there")?.expose_secret().to_owned();
    let setup = Setup { token: Secret::new(token), name: "ada".into(), password: Secret::new(PASSWORD) };
    app.setup(setup, "this machine").await?;
    let store = Store::open(directory.path()).await?;
    fill(&store).await?;
    store.close().await;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let config = ServerConfig { requests_per_second: 100_000, ..ServerConfig::new(address) };
    let served = tokio::spawn(server::serve(app.clone(), config, vec![listener], std::future::pending()));

    let (first, took) = ask(address, "GET", "/sign-in", "", "").await?;
    let files = sizes(address, &first).await?;
    println!("/sign-in: {:.1} ms, {} bytes, with its files {}", millis(took), first.len(), first.len() + files);
    let form = format!("name=ada&password={}&next=/", PASSWORD.replace(' ', "+"));
    let (signed, took) = ask(address, "POST", "/sign-in", "", &form).await?;
    let cookie = signed.lines().find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
    let cookie = cookie.ok_or("no session")?.to_owned();
    println!("signing in: {:.1} ms", millis(took));
    for page in PAGES {
        let mut times = Vec::new();
        let mut bytes = 0;
        for _ in 0..TIMES {
            let (answer, took) = ask(address, "GET", page, &cookie, "").await?;
            if !answer.starts_with("HTTP/1.1 200") {
                return Err(format!("{page}: {}", answer.lines().next().unwrap_or_default()).into());
            }
            times.push(took);
            bytes = answer.len();
        }
        times.sort();
        let (middle, longest) = (millis(times[TIMES / 2]), millis(times[TIMES - 1]));
        println!("{page}: median {middle:.1} ms, longest {longest:.1} ms, {bytes} bytes");
    }
    served.abort();
    Ok(())
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1_000.0
}

/// One exchange on a connection of its own, as a browser of this machine asks.
async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    cookie: &str,
    form: &str,
) -> Result<(String, Duration), Broken> {
    let begun = Instant::now();
    let mut stream = TcpStream::connect(address).await?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\nsec-fetch-site: same-origin\r\n\
         accept-encoding: gzip\r\ncookie: {cookie}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(head.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    // Compressed files are no text; their length is what counts.
    Ok((answer.iter().map(|byte| char::from(*byte)).collect(), begun.elapsed()))
}

/// The bytes of the files that a page loads, as they travel.
async fn sizes(address: SocketAddr, page: &str) -> Result<usize, Broken> {
    let mut bytes = 0;
    for part in page.split('"').filter(|part| part.starts_with("/assets/")).collect::<std::collections::BTreeSet<_>>() {
        bytes += ask(address, "GET", part, "", "").await?.0.chars().count();
    }
    Ok(bytes)
}

async fn fill(store: &Store) -> Result<(), Broken> {
    for from in (0..JOBS).step_by(500) {
        let jobs: Vec<NewJob> = (from..from + 500).map(job).collect();
        for made in futures::future::join_all(jobs.iter().map(|job| store.create_job(job))).await {
            made?;
        }
    }
    let document = |number: u32| Document {
        id: format!("q{number:04}"),
        kind: "query".into(),
        name: format!("query {number:04}"),
        revision: 1,
        created: 0,
        updated: 0,
        body: json!({ "spec": { "name": "", "sql": "SELECT 1 AS id" }, "connection": null, "tables": [] }),
    };
    store.apply((0..QUERIES).map(|number| Change::InsertDocument(document(number))).collect()).await?;
    Ok(())
}

fn job(number: u32) -> NewJob {
    let created = 1_790_000_000 + i64::from(number);
    let query = number % QUERIES;
    NewJob {
        id: JobId::new(created.unsigned_abs(), number),
        created,
        state: if number.is_multiple_of(10) { JobState::Failed } else { JobState::Success },
        kind: JobKind::Export,
        origin: Origin::Server,
        query: Some(format!("q{query:04}")),
        query_name: Some(format!("query {query:04}")),
        connection: None,
        actor: Some("ada".into()),
        parent: None,
        sql: "SELECT 1".into(),
        request: json!({}),
        business_unit: "0Uv4W000000CaVoSAK".into(),
        scheduled: None,
    }
}
