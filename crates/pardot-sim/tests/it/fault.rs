//! Every kind of fault: what the client sees, and whether the work was done.
//!
//! Knows faults by their bytes.

use std::time::{Duration, Instant};

use expect_test::{Expect, expect};
use pardot_sim::{FalseBody, Fault, FaultKind, Framing, RowMatch, When};

use crate::http::{FORM, Stage, encode, request, token};

const UPSERT: &str = "/api/prospect/version/3/do/batchUpsert?format=json";

fn form() -> String {
    format!("prospects={}", encode(r#"{"prospects":{"a@x.io":{},"b@x.io":{"city":"Bonn"}}}"#))
}

/// The answer, whether both rows were applied, and the name under which the fault was counted.
async fn seen(kind: FaultKind) -> String {
    let stage = Stage::version(3).await;
    stage.sandbox.fault(Fault::next(1, kind).path("batchUpsert"));
    let got = stage.try_call("POST", UPSERT, FORM, &form()).await;
    let rows = stage.sandbox.prospects(&stage.unit).len();
    let fired: Vec<String> = stage.sandbox.faults_fired().into_iter().map(|(name, n)| format!("{name}={n}")).collect();
    let answer = got.map_or("nothing".to_owned(), |got| got.shown());
    let answer: String = answer.replace("\r\n", "\n").chars().take(200).collect();
    format!("{answer} | rows {rows} | {}", fired.join(","))
}

#[tokio::test]
async fn each_kind() {
    use When::{After, Before};
    let status = |status, when, html| FaultKind::Status { status, when, retry_after: Some("7".to_owned()), html };
    let code = |code, when| FaultKind::Code { code, when, status: None, message: None };
    let lie = |body, when| FaultKind::FalseOk { body, when };
    let bonn = || RowMatch::Equals { field: "city".to_owned(), value: "Bonn".to_owned() };
    let cases: Vec<(FaultKind, Expect)> = vec![
        (FaultKind::Refuse, expect!["nothing | rows 0 | refuse=1"]),
        (FaultKind::Reset { when: Before }, expect!["nothing | rows 0 | reset_before=1"]),
        (FaultKind::Reset { when: After }, expect!["nothing | rows 2 | reset_after=1"]),
        (
            status(503, Before, true),
            expect![
                "503 <html><head><title>503 Service Temporarily Unavailable</title></head><body><center><h1>503 Service Temporarily Unavailable</h1></center></body></html> | rows 0 | status_before=1"
            ],
        ),
        (status(504, After, false), expect!["504  | rows 2 | status_after=1"]),
        (
            code(62, Before),
            expect![[
                r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":62},"err":"Conflicting Update"} | rows 0 | code_before=1"#
            ]],
        ),
        (
            code(184, Before),
            expect![[
                r#"401 {"@attributes":{"stat":"fail","version":1,"err_code":184},"err":"access_token is invalid, unknown, or malformed"} | rows 0 | code_before=1"#
            ]],
        ),
        (
            code(85, After),
            expect![[
                r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":85},"err":"Unable to save the prospect"} | rows 2 | code_after=1"#
            ]],
        ),
        (
            lie(FalseBody::LoginPage, Before),
            expect![[
                r#"200 <!doctype html><html><head><title>Login | Salesforce</title></head><body><form id="login_form"></form></body></html> | rows 0 | false_ok_before=1"#
            ]],
        ),
        (
            lie(FalseBody::Maintenance, After),
            expect![
                "200 <!doctype html><html><body><h1>We are down for maintenance</h1><p>Please try again later.</p></body></html> | rows 2 | false_ok_after=1"
            ],
        ),
        (lie(FalseBody::Empty, Before), expect!["200  | rows 0 | false_ok_before=1"]),
        (lie(FalseBody::Null, Before), expect!["200 null | rows 0 | false_ok_before=1"]),
        (lie(FalseBody::Array, Before), expect!["200 [] | rows 0 | false_ok_before=1"]),
        (lie(FalseBody::Object, After), expect!["200 {} | rows 2 | false_ok_after=1"]),
        (
            lie(FalseBody::UnknownCode, Before),
            expect![[
                r#"200 {"@attributes":{"stat":"fail","version":1,"err_code":9876},"err":"An error nobody has heard of"} | rows 0 | false_ok_before=1"#
            ]],
        ),
        (
            lie(FalseBody::ErrorIndex, After),
            expect![[
                r#"200 {"@attributes":{"stat":"fail","version":1},"errors":{"4711":"Invalid prospect email address"}} | rows 2 | false_ok_after=1"#
            ]],
        ),
        (
            FaultKind::Cut { at: 20, framing: Framing::Length },
            expect![[r#"201 {"@attributes":{"sta | rows 2 | cut=1"#]],
        ),
        (
            FaultKind::Cut { at: 20, framing: Framing::Chunked },
            expect![[r#"
                201 14
                {"@attributes":{"sta
                 | rows 2 | cut=1"#]],
        ),
        (FaultKind::Cut { at: 20, framing: Framing::Close }, expect![[r#"201 {"@attributes":{"sta | rows 2 | cut=1"#]]),
        (
            FaultKind::RefuseRows { rows: bonn(), message: "Unable to save the prospect".to_owned() },
            expect![[
                r#"200 {"@attributes":{"stat":"fail","version":1},"errors":{"b@x.io":"Unable to save the prospect"}} | rows 1 | refuse_rows=1"#
            ]],
        ),
        (
            FaultKind::RefuseBatch { rows: bonn(), code: 85, status: 400 },
            expect![[
                r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":85},"err":"Unable to save the prospect"} | rows 0 | refuse_batch=1"#
            ]],
        ),
        (
            FaultKind::ContentType { value: "text/plain".to_owned() },
            expect![[r#"201 {"@attributes":{"stat":"ok","version":1},"errors":{}} | rows 2 | content_type=1"#]],
        ),
        (
            FaultKind::Drip { interval_ms: 0 },
            expect![[r#"201 {"@attributes":{"stat":"ok","version":1},"errors":{}} | rows 2 | drip=1"#]],
        ),
    ];
    for (kind, want) in cases {
        want.assert_eq(&seen(kind).await);
    }
    assert!(seen(lie(FalseBody::Garbage, Before)).await.starts_with("200 "));
    assert!(seen(lie(FalseBody::GzipGarbage, Before)).await.starts_with("200 "));
    assert!(seen(lie(FalseBody::Huge(1), Before)).await.starts_with("200 "));
}

#[tokio::test]
async fn a_hang_is_an_answer_that_is_late() {
    for when in [When::Before, When::After] {
        let started = Instant::now();
        let got = seen(FaultKind::Hang { when, ms: 60 }).await;
        assert!(got.starts_with("201 ") && got.contains("rows 2"), "{got}");
        assert!(started.elapsed() >= Duration::from_millis(60));
    }
}

#[tokio::test]
async fn chance_depends_on_the_request_and_not_on_time() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let stage = Stage::version(3).await;
        let code = FaultKind::Code { code: 183, when: When::Before, status: None, message: None };
        stage.sandbox.fault(Fault::chance(0.3, 7, code).path("/do/read"));
        let mut failed = Vec::new();
        for at in 0..60 {
            let got = stage.get(&format!("/api/prospect/version/3/do/read/id/{}?format=json", at % 20)).await;
            failed.push(got.contains("183"));
        }
        runs.push(failed);
    }
    assert_eq!(runs[0], runs[1]);
    let count = runs[0].iter().filter(|failed| **failed).count();
    assert!((8..=30).contains(&count), "{count}");
}

#[tokio::test]
async fn faults_can_meet_the_login() {
    let stage = Stage::version(3).await;
    let status = FaultKind::Status { status: 503, when: When::Before, retry_after: None, html: true };
    stage.sandbox.fault(Fault::next(1, status).path("/services/oauth2/token"));
    let got = crate::http::raw(&stage.sandbox, &request("POST", "/services/oauth2/token", &[], "")).await.unwrap();
    assert_eq!(got.status, 503);
    token(&stage.sandbox).await;
}
