//! Measures how many `batchUpsert` calls of 50 records the sandbox answers per second over one connection.
//!
//! Knows nothing of the sandbox's inside: raw keep-alive HTTP over loopback, client and server in one process.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement stops at the first surprise and prints")]

use std::time::Instant;

use pardot_sim::{Config, Sandbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CALLS: usize = 10_000;
const RECORDS: usize = 50;
/// Different addresses, so that most records update, as in a daily export.
const PEOPLE: usize = 50_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut config = Config::default();
    config.business_units[0].daily_limit = u64::MAX;
    let sandbox = Sandbox::start(config).await.unwrap();
    let connection = sandbox.connection();
    let mut stream = TcpStream::connect(sandbox.url().replace("http://", "")).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let form = format!(
        "grant_type=refresh_token&refresh_token={}&client_id={}&client_secret={}",
        connection.refresh_token, connection.client_id, connection.client_secret
    );
    let answer = call(&mut stream, "/services/oauth2/token", "", &form).await;
    let token = answer.split("\"access_token\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let headers = format!("Authorization: Bearer {token}\r\nPardot-Business-Unit-Id: {}\r\n", connection.business_unit);
    let bodies: Vec<String> = (0..PEOPLE / RECORDS).map(|at| body(at * RECORDS)).collect();
    let started = Instant::now();
    for at in 0..CALLS {
        let target = "/api/prospect/version/3/do/batchUpsert?format=json";
        let answer = call(&mut stream, target, &headers, &bodies[at % bodies.len()]).await;
        assert!(answer.contains("\"stat\":\"ok\""), "{answer}");
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("{CALLS} calls of {RECORDS} records in {seconds:.2} s: {:.0} calls/s", CALLS as f64 / seconds);
    assert_eq!(sandbox.prospects(&connection.business_unit).len(), PEOPLE);
}

fn body(first: usize) -> String {
    let records: Vec<String> = (first..first + RECORDS)
        .map(|at| {
            format!(
                r#""p{at}@example.com":{{"first_name":"Name {at}","last_name":"Surname","city":"Bonn","score":{}}}"#,
                at % 100
            )
        })
        .collect();
    let json = format!(r#"{{"prospects":{{{}}}}}"#, records.join(","));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_';
    let encoded: String = json
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect();
    format!("prospects={encoded}")
}

async fn call(stream: &mut TcpStream, target: &str, headers: &str, body: &str) -> String {
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        answer.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&answer);
        if let Some((head, rest)) = text.split_once("\r\n\r\n") {
            let length =
                head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).map_or(0, |n| n.parse().unwrap());
            if rest.len() >= length {
                return rest.to_owned();
            }
        }
    }
}
