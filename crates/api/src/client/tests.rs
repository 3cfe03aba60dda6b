//! The client against a server that says exactly what the test wants.

use std::path::Path;
use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Client, ClientError, Form, JobQuery, NoticeQuery, What, every};
use crate::{
    ActivationCopy, ActivationSpec, ActivationTry, Backfill, JobEvent, NoticeState, Notify, ParentSegmentSpec,
    RunRequest, Scheduled, SegmentSpec, SegmentTry, WebhookSpec,
};

/// Answers one request a connection, in order; keeps what was asked.
async fn serve(answers: Vec<String>) -> (Client, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&asked);
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let mut chunk = [0; 65_536];
            loop {
                let count = stream.read(&mut chunk).await.unwrap();
                request.extend_from_slice(&chunk[..count]);
                if count == 0 || whole(&String::from_utf8_lossy(&request)) {
                    break;
                }
            }
            keep.lock().unwrap().push(String::from_utf8_lossy(&request).into_owned());
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    (Client::new(&address, &SecretString::from("slc_secret"), None).unwrap(), asked)
}

fn whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn job(state: &str) -> Value {
    json!({
        "id": "j1", "state": state, "sentence": "", "kind": "export", "origin": "server", "created": "", "has_result": false,
        "can_continue": false,
    })
}

fn log(number: u64) -> String {
    let line = json!({"number": number, "at": "", "level": "info", "text": format!("line {number}")});
    format!("event: log\nid: {number}\ndata: {line}\n\n")
}

fn stream(events: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{events}")
}

#[tokio::test]
async fn a_broken_stream_of_events_is_taken_up_after_the_last_line() {
    let first = format!("event: job\ndata: {}\n\n{}{}", job("sending"), log(1), log(2));
    let second = format!("{}: still here\n\n{}event: job\ndata: {}\n\n{}", log(2), log(3), job("success"), log(4));
    let busy = json!({"code": "unavailable", "status": 503, "title": "stopping"}).to_string();
    let away = [answer("503 Service Unavailable", &busy), answer("502 Bad Gateway", "<html>")];
    let (client, asked) = serve([vec![stream(&first)], away.to_vec(), vec![stream(&second)]].concat()).await;
    let mut events = client.job_events("j1", 0);
    let mut seen = Vec::new();
    while let Some(event) = events.next().await.unwrap() {
        match event {
            JobEvent::Job(job) => seen.push(job.state.name().to_owned()),
            JobEvent::Log(line) => seen.push(line.text),
        }
    }
    assert_eq!(seen, ["sending", "line 1", "line 2", "line 3", "success", "line 4"]);
    let asked = asked.lock().unwrap().clone();
    assert!(asked[0].starts_with("GET /api/v1/jobs/j1/events HTTP/1.1") && !asked[0].contains("last-event-id"));
    assert!(asked[3].to_ascii_lowercase().contains("last-event-id: 2"));
}

#[tokio::test]
async fn problems_keep_their_places_and_other_answers_are_no_server_of_ours() {
    let problem = json!({
        "code": "invalid", "status": 422, "title": "two things must be changed", "hint": "h",
        "problems": [{"at": "query.sql", "message": "m"}, {"at": "query.name", "message": "n", "hint": "x"}],
    });
    let answers = vec![
        answer("422 Unprocessable Content", &problem.to_string()),
        answer("404 Not Found", "<html>"),
        answer("200 OK", "{\"items\": 5}"),
        answer("302 Found", ""),
    ];
    let (client, asked) = serve(answers).await;
    let error = client.query("q").await.unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.places().len(), error.status()),
        ("two things must be changed", 2, Some(422))
    );
    for want in ["HTTP status 404", "another shape", "HTTP status 302"] {
        let error = client.queries(None).await.unwrap_err();
        assert!(matches!(&error, ClientError::Unexpected { found, .. } if found.contains(want)), "{want}: {error}");
    }
    assert!(asked.lock().unwrap().iter().all(|asked| asked.contains("authorization: Bearer slc_secret")));
    assert!(!format!("{client:?}").contains("slc_secret"));
    let nobody = Client::new("http://127.0.0.1:9", &SecretString::from("x"), None).unwrap();
    assert!(matches!(nobody.me().await, Err(ClientError::Connect { .. })));
}

#[tokio::test]
async fn pages_are_read_to_their_end_and_starts_have_their_key() {
    let connection = |next: Value| answer("200 OK", &json!({"items": [job("failed")], "next": next}).to_string());
    let answers = vec![
        connection(json!("a b")),
        connection(Value::Null),
        answer("202 Accepted", &job("queued").to_string()),
        answer("200 OK", &job("queued").to_string()),
    ];
    let (client, asked) = serve(answers).await;
    let jobs = every(async |after| client.jobs(&JobQuery::default(), after, 7).await).await.unwrap();
    assert_eq!(jobs.len(), 2);
    assert!(!client.run_query("my query", &RunRequest::default(), "k1").await.unwrap().again);
    assert!(client.reexport("j1", "k2").await.unwrap().again);
    let asked = asked.lock().unwrap().clone();
    let first: Vec<&str> = asked.iter().map(|asked| asked.lines().next().unwrap()).collect();
    assert_eq!(
        first,
        [
            "GET /api/v1/jobs?limit=7 HTTP/1.1",
            "GET /api/v1/jobs?after=a+b&limit=7 HTTP/1.1",
            "POST /api/v1/queries/my%20query/runs HTTP/1.1",
            "POST /api/v1/jobs/j1/reexport HTTP/1.1",
        ]
    );
    assert!(asked[2].contains("idempotency-key: k1") && asked[2].ends_with("{}"));
}

#[tokio::test]
async fn files_travel_whole_or_not_at_all() {
    let table = json!({"name": "t", "revision": 1, "created": "", "updated": "", "kind": "uploaded"}).to_string();
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\nconnection: close\r\n\r\nabc".to_owned();
    let (client, asked) = serve(vec![answer("201 Created", &table), answer("200 OK", "a,b\n"), cut]).await;
    let folder = std::env::temp_dir().join(format!("sluice-client-{}", std::process::id()));
    std::fs::write(&folder, "x".repeat(300_000)).unwrap();
    let mut told = Vec::new();
    let uploaded = client.upload_table("t", Form::Csv, &folder, &mut |sent, all| told.push((sent, all))).await;
    std::fs::remove_file(&folder).unwrap();
    assert_eq!(uploaded.unwrap().name, "t");
    assert!(told.iter().all(|(sent, all)| sent <= all && *all == 300_000));
    let mut out = Vec::new();
    assert_eq!(client.download("j", What::Rejected, Form::Csv, true, &mut out, &mut |_| {}).await.unwrap(), 4);
    assert_eq!(out, b"a,b\n");
    let broken = client.download("j", What::Result, Form::Parquet, false, &mut out, &mut |_| {}).await;
    assert!(matches!(broken, Err(ClientError::Connect { .. })));
    let missing = client.upload_table("t", Form::Csv, Path::new("/nowhere/at/all"), &mut |_, _| {}).await;
    assert!(matches!(missing, Err(ClientError::File { .. })));
    let asked = asked.lock().unwrap().clone();
    assert!(asked[0].starts_with("PUT /api/v1/tables/t/data?format=csv HTTP/1.1"));
    assert!(asked[0].to_ascii_lowercase().contains("content-length: 300000"));
    assert!(asked[1].starts_with("GET /api/v1/jobs/j/rejected?format=csv&spreadsheet=true HTTP/1.1"));
}

#[tokio::test]
async fn schedules_and_notices_have_their_addresses() {
    let none = || answer("200 OK", "{\"items\": []}");
    let view = json!({
        "query": "my query", "schedule": {"cron": "@daily"}, "words": "", "state": "paused", "next": [], "failures": 0,
    });
    let webhook = json!({"name": "ops", "revision": 2, "created": "", "updated": "", "url": "https://example.com"});
    let answers = vec![
        answer("200 OK", &view.to_string()),
        answer("202 Accepted", "{\"started\": [], \"already\": []}"),
        none(),
        none(),
        answer("200 OK", "{\"revision\": 4, \"default\": {\"on\": [\"failure\"]}}"),
        answer("201 Created", &json!({"webhook": webhook, "secret": "whsec_x"}).to_string()),
        answer("412 Precondition Failed", &json!({"code": "stale", "status": 412, "title": "changed"}).to_string()),
    ];
    let (client, asked) = serve(answers).await;
    client.pause_schedule(Scheduled::Query, "my query").await.unwrap();
    client
        .backfill(Scheduled::Activation, "my query", &Backfill { from: "2026-11-01".into(), slots: 3 })
        .await
        .unwrap();
    client.schedule_history(Scheduled::ParentSegment, "my query", Some("2026-11-01T02:00:00Z"), 7).await.unwrap();
    let which = NoticeQuery { query: Some("a b".into()), state: Some(NoticeState::Failed), job: None };
    client.notices(&which, None, 9).await.unwrap();
    assert_eq!(client.put_notifications(&Notify::default(), Some(3)).await.unwrap().revision, 4);
    let made = client.put_webhook("ops", &WebhookSpec::default(), None).await.unwrap();
    assert_eq!((made.webhook.revision, made.secret.unwrap().expose()), (2, "whsec_x"));
    let stale = client.put_webhook("ops", &WebhookSpec::default(), Some(1)).await.unwrap_err();
    assert_eq!(stale.status(), Some(412));
    let asked = asked.lock().unwrap().clone();
    let first: Vec<&str> = asked.iter().map(|asked| asked.lines().next().unwrap()).collect();
    assert_eq!(
        first,
        [
            "POST /api/v1/schedules/my%20query/pause HTTP/1.1",
            "POST /api/v1/schedules/my%20query/backfill?of=activation HTTP/1.1",
            "GET /api/v1/schedules/my%20query/history?of=parent_segment&after=2026-11-01T02%3A00%3A00Z&limit=7 HTTP/1.1",
            "GET /api/v1/notices?query=a+b&state=failed&limit=9 HTTP/1.1",
            "PUT /api/v1/notifications HTTP/1.1",
            "PUT /api/v1/webhooks/ops HTTP/1.1",
            "PUT /api/v1/webhooks/ops HTTP/1.1",
        ]
    );
    assert!(asked[1].ends_with("{\"from\":\"2026-11-01\",\"slots\":3}"), "{}", asked[1]);
    assert!(asked[4].contains("if-match: \"3\"") && !asked[5].contains("if-match"));
}

#[tokio::test]
async fn audiences_have_their_addresses() {
    let nothing = answer("404 Not Found", &json!({"code": "not_found", "status": 404, "title": "no"}).to_string());
    let (client, asked) = serve(vec![nothing; 27]).await;
    let (name, key) = ("a b/c", "k1");
    let (parent, segment, activation) =
        (ParentSegmentSpec::default(), SegmentSpec::default(), ActivationSpec::default());
    let (rule, sent) = (SegmentTry::default(), ActivationTry::default());
    let copy = ActivationCopy { name: "other".into() };
    let mut statuses = vec![
        client.parent_segments(Some("x")).await.unwrap_err().status(),
        client.parent_segment(name).await.unwrap_err().status(),
        client.create_parent_segment(&parent).await.unwrap_err().status(),
        client.put_parent_segment(name, &parent, Some(3)).await.unwrap_err().status(),
        client.delete_parent_segment(name).await.unwrap_err().status(),
        client.refresh_parent_segment(name, key).await.unwrap_err().status(),
        client.check_parent_segment(&parent).await.unwrap_err().status(),
        client.preview_parent_segment(name, 7).await.unwrap_err().status(),
        client.segments(Some(name), Some("x/y"), None).await.unwrap_err().status(),
        client.segment(name).await.unwrap_err().status(),
        client.create_segment(&segment).await.unwrap_err().status(),
        client.put_segment(name, &segment, Some(3)).await.unwrap_err().status(),
        client.delete_segment(name).await.unwrap_err().status(),
        client.try_segment(&rule).await.unwrap_err().status(),
        client.look_at_segment(name, 5).await.unwrap_err().status(),
        client.segment_sql(name).await.unwrap_err().status(),
    ];
    statuses.extend([
        client.activations(None, None).await.unwrap_err().status(),
        client.activation(name).await.unwrap_err().status(),
        client.create_activation(&activation).await.unwrap_err().status(),
        client.put_activation(name, &activation, Some(3)).await.unwrap_err().status(),
        client.delete_activation(name).await.unwrap_err().status(),
        client.try_activation(&sent).await.unwrap_err().status(),
        client.run_activation(name, &RunRequest::default(), key).await.unwrap_err().status(),
        client.enable_activation(name, true).await.unwrap_err().status(),
        client.enable_activation(name, false).await.unwrap_err().status(),
        client.copy_activation(name, &copy).await.unwrap_err().status(),
    ]);
    let which = JobQuery { activation: Some("a".into()), parent_segment: Some("p".into()), ..JobQuery::default() };
    statuses.push(client.jobs(&which, None, 9).await.unwrap_err().status());
    assert!(statuses.iter().all(|status| *status == Some(404)), "{statuses:?}");
    let asked = asked.lock().unwrap().clone();
    let shown: Vec<String> = asked.iter().map(|asked| address(asked)).collect();
    expect_test::expect![[r#"
        GET /parent-segments?after=x&limit=100
        GET /parent-segments/a%20b%2Fc
        POST /parent-segments
        PUT /parent-segments/a%20b%2Fc (if-match: "3")
        DELETE /parent-segments/a%20b%2Fc
        POST /parent-segments/a%20b%2Fc/refresh (idempotency-key: k1)
        POST /parent-segments/check
        GET /parent-segments/a%20b%2Fc/preview?limit=7
        GET /segments?parent_segment=a+b%2Fc&folder=x%2Fy&limit=100
        GET /segments/a%20b%2Fc
        POST /segments
        PUT /segments/a%20b%2Fc (if-match: "3")
        DELETE /segments/a%20b%2Fc
        POST /segments/try
        POST /segments/a%20b%2Fc/look?rows=5
        GET /segments/a%20b%2Fc/sql
        GET /activations?limit=100
        GET /activations/a%20b%2Fc
        POST /activations
        PUT /activations/a%20b%2Fc (if-match: "3")
        DELETE /activations/a%20b%2Fc
        POST /activations/try
        POST /activations/a%20b%2Fc/runs (idempotency-key: k1)
        POST /activations/a%20b%2Fc/enable
        POST /activations/a%20b%2Fc/disable
        POST /activations/a%20b%2Fc/copy
        GET /jobs?activation=a&parent_segment=p&limit=9"#]]
    .assert_eq(&shown.join("\n"));
    assert!(asked[25].ends_with("{\"name\":\"other\"}"), "{}", asked[25]);
}

/// The address of a request, and its headers that are told.
fn address(asked: &str) -> String {
    let first = asked.lines().next().unwrap();
    let told = asked.lines().filter(|line| line.starts_with("if-match") || line.starts_with("idempotency-key"));
    let told: Vec<String> = told.map(|line| format!(" ({line})")).collect();
    format!("{}{}", first.trim_end_matches(" HTTP/1.1").replace("/api/v1", ""), told.concat())
}
