//! The page of a job, which links in notices open: what its state means, its counts, its cause and what to do.
//!
//! Knows what a page needs of a job, and no row. Whoever has no session is told how to see it, and nothing about the job.

use api::{Job, JobKind};
use app::number::grouped;
use axum::extract::State;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::caller::Caller;
use crate::config::ServerConfig;
use crate::door::Door;
use crate::pages::{Page, sentence};
use crate::refusal::Refusal;
use crate::request::Named;

/// Characters of a job's id at most; those of today have twelve.
const LONGEST_ID: usize = 32;

/// `GET /jobs/{id}`
pub(crate) async fn page(
    State(door): State<Door>,
    headers: HeaderMap,
    named: Result<Named, Refusal>,
    caller: Result<Caller, Refusal>,
) -> Response {
    let id = named.ok().map(|Named(id)| id).filter(|id| is_id(id));
    let found = match (caller, &id) {
        (Ok(caller), Some(id)) => door.app().job(&caller.actor, id).await.map_err(Refusal::from),
        (Ok(_), None) => Err(Refusal::not_found("there is no such job")),
        (Err(refusal), _) => Err(refusal),
    };
    let command = id.as_ref().map(|id| command(id, &headers, door.config()));
    match found {
        Ok(job) => shown(&job, command).into_response(),
        Err(refusal) => refused(refusal, id.as_deref(), command, &headers),
    }
}

/// Whether a text may be the id of a job. Only such a text is put into a command that people copy.
fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The command that shows the job.
fn command(id: &str, headers: &HeaderMap, config: &ServerConfig) -> String {
    let server = match &config.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => {
            let scheme = if config.secure() { "https" } else { "http" };
            // The name is one of ours: foreign ones are refused before.
            let host = headers.get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
            match host.as_ref().map(|host| (host.host(), host.port_u16())) {
                Some((name, Some(port))) => format!("{scheme}://{name}:{port}"),
                Some((name, None)) => format!("{scheme}://{name}"),
                None => format!("{scheme}://{}", config.listen),
            }
        }
    };
    format!("sluice jobs show {id} --server {server}")
}

fn shown(job: &Job, command: Option<String>) -> Page<'_> {
    let state = job.state.name().replace('_', " ");
    let subject = subject(job);
    let mut paragraphs = vec![job.sentence.clone()];
    if let Some(cause) = &job.cause {
        // Most sentences have them already.
        let said =
            |text: &str| job.sentence.to_lowercase().contains(text.trim_end_matches('.').to_lowercase().as_str());
        if !said(&cause.message) {
            paragraphs.push(sentence(&cause.message));
        }
        if let Some(hint) = cause.hint.as_ref().filter(|hint| !said(hint)) {
            paragraphs.push(format!("To do: {}.", hint.trim_end_matches('.')));
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    let hint = Some("The same on the command line:".to_owned());
    Page {
        title: format!("{subject}: {state}").into(),
        paragraphs,
        facts: facts(job),
        hint,
        command,
        ..Page::default()
    }
}

/// What the job is of, as the headline has it.
fn subject(job: &Job) -> String {
    let refresh = || job.parent_segment.as_ref().map(|name| format!("Refresh of {name}"));
    let named = job.query.clone().or_else(|| job.activation.clone()).or_else(refresh);
    named.unwrap_or_else(|| format!("Job {}", job.id))
}

/// What there is to know in a line: counts first.
fn facts(job: &Job) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(rows) = &job.rows {
        let counts = [
            ("Rows read", rows.read),
            ("Delivered", rows.delivered),
            ("Rejected", rows.rejected),
            ("Superseded", rows.superseded),
            ("Held", rows.held),
            ("Unsent", rows.unsent),
        ];
        facts.extend(counts.map(|(name, count)| (name, grouped(count))));
    }
    let texts = [
        (rows_of(job.kind), job.result_rows.filter(|_| job.rows.is_none()).map(grouped)),
        ("Calls", job.forecast.as_ref().map(|forecast| forecast.sentence.clone())),
        ("Scheduled for", job.scheduled.clone()),
        ("Made", Some(job.created.clone())),
        ("Began", job.started.clone()),
        ("Ended", job.finished.clone()),
        ("Goes on", job.wake.clone()),
        ("Activation", job.activation.clone()),
        ("Parent segment", job.parent_segment.clone()),
        ("Connection", job.connection.clone()),
        ("Started by", job.actor.clone()),
        ("Job", Some(job.id.clone())),
    ];
    facts.extend(texts.into_iter().filter_map(|(name, text)| Some((name, text?))));
    facts
}

/// What the rows are that a job of this kind makes.
fn rows_of(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Export | JobKind::Result => "Rows of the result",
        JobKind::Refresh => "Profiles",
    }
}

/// The page of a refusal, with its status and its headers.
fn refused(refusal: Refusal, id: Option<&str>, command: Option<String>, headers: &HeaderMap) -> Response {
    let status = refusal.status();
    let locked = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let page = if locked {
        // A browser that comes from another site, as from a mail in the browser, leaves the session out this once.
        let from_elsewhere =
            headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site");
        let link = id.filter(|_| from_elsewhere).map(|id| (format!("/jobs/{id}"), "Signed in already? Show the job"));
        let paragraphs = vec!["Jobs are shown to people who are signed in to this server.".into()];
        let hint = command.is_some().then(|| "With a token, the command line shows it too:".to_owned());
        Page { status, title: "Sign in to see this job".into(), paragraphs, link, hint, command, ..Page::default() }
    } else {
        let title = match status {
            StatusCode::NOT_FOUND => "No such job",
            StatusCode::TOO_MANY_REQUESTS => "Too many requests",
            _ => "This job cannot be shown now",
        };
        let hint = refusal.advice().map(sentence);
        Page { status, title: title.into(), paragraphs: vec![sentence(refusal.title())], hint, ..Page::default() }
    };
    let mut answer = page.into_response();
    let (parts, _) = refusal.into_response().into_parts();
    for (name, value) in &parts.headers {
        if ![CONTENT_TYPE, CONTENT_LENGTH].contains(name) {
            answer.headers_mut().insert(name.clone(), value.clone());
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::{Value, json};

    use super::*;

    async fn body(members: Value) -> String {
        let mut job = json!({
            "id": "1ng8pt7tc60j", "state": "failed", "sentence": "", "kind": "export", "origin": "server",
            "created": "2026-11-23T02:00:01Z", "has_result": false, "can_continue": true,
        });
        for (name, value) in members.as_object().unwrap() {
            job[name] = value.clone();
        }
        let job: Job = serde_json::from_value(job).unwrap();
        let page = shown(&job, Some("sluice jobs show 1ng8pt7tc60j".into())).into_response();
        let bytes = axum::body::to_bytes(page.into_body(), 100_000).await.unwrap();
        let html = String::from_utf8(bytes.to_vec()).unwrap();
        html.split_once("<main>\n").unwrap().1.split_once("</main>").unwrap().0.to_owned()
    }

    #[tokio::test]
    async fn a_job_in_words_and_counts() {
        let parked = json!({
            "state": "parked_quota", "query": "nightly", "connection": "prod", "actor": "ada",
            "sentence": "Today's Pardot calls are used up. 2,500 of 10,000 rows are delivered.",
            "scheduled": "2026-11-23T02:00:00Z", "started": "2026-11-23T02:00:02Z", "wake": "2026-11-24T05:00:00Z",
            "rows": {"read": 10_000, "delivered": 2_500, "rejected": 3, "superseded": 0, "held": 0, "unsent": 7_497},
            "forecast": {"sentence": "Needs at most 200 calls; 50 are left today.", "calls": 200},
            "cause": {"message": "today's Pardot calls are used up", "hint": "nothing: it goes on by itself"},
        });
        expect![[r#"
            <h1>nightly: parked quota</h1>
            <p>Today&#39;s Pardot calls are used up. 2,500 of 10,000 rows are delivered.</p>
            <p>To do: nothing: it goes on by itself.</p>
            <dl>
            <dt>Rows read</dt><dd>10,000</dd>
            <dt>Delivered</dt><dd>2,500</dd>
            <dt>Rejected</dt><dd>3</dd>
            <dt>Superseded</dt><dd>0</dd>
            <dt>Held</dt><dd>0</dd>
            <dt>Unsent</dt><dd>7,497</dd>
            <dt>Calls</dt><dd>Needs at most 200 calls; 50 are left today.</dd>
            <dt>Scheduled for</dt><dd>2026-11-23T02:00:00Z</dd>
            <dt>Made</dt><dd>2026-11-23T02:00:01Z</dd>
            <dt>Began</dt><dd>2026-11-23T02:00:02Z</dd>
            <dt>Goes on</dt><dd>2026-11-24T05:00:00Z</dd>
            <dt>Connection</dt><dd>prod</dd>
            <dt>Started by</dt><dd>ada</dd>
            <dt>Job</dt><dd>1ng8pt7tc60j</dd>
            </dl>
            <p class="hint">The same on the command line:</p>
            <pre><code>sluice jobs show 1ng8pt7tc60j</code></pre>
        "#]]
        .assert_eq(&body(parked).await);
        let hostile = json!({
            "query": "<script>alert(1)</script>", "sentence": "There is no column <b>emial</b>. To do: write email.",
            "cause": {"message": "there is no column <b>emial</b>", "hint": "write email"}, "actor": "\"><img src=x>",
        });
        expect![[r#"
            <h1>&lt;script&gt;alert(1)&lt;/script&gt;: failed</h1>
            <p>There is no column &lt;b&gt;emial&lt;/b&gt;. To do: write email.</p>
            <dl>
            <dt>Made</dt><dd>2026-11-23T02:00:01Z</dd>
            <dt>Started by</dt><dd>&quot;&gt;&lt;img src=x&gt;</dd>
            <dt>Job</dt><dd>1ng8pt7tc60j</dd>
            </dl>
            <p class="hint">The same on the command line:</p>
            <pre><code>sluice jobs show 1ng8pt7tc60j</code></pre>
        "#]]
        .assert_eq(&body(hostile).await);
        expect![[r#"
            <h1>Job 1ng8pt7tc60j: success</h1>
            <dl>
            <dt>Rows of the result</dt><dd>1,234</dd>
            <dt>Made</dt><dd>2026-11-23T02:00:01Z</dd>
            <dt>Job</dt><dd>1ng8pt7tc60j</dd>
            </dl>
            <p class="hint">The same on the command line:</p>
            <pre><code>sluice jobs show 1ng8pt7tc60j</code></pre>
        "#]]
        .assert_eq(&body(json!({"state": "success", "result_rows": 1_234})).await);
    }

    #[tokio::test]
    async fn a_job_of_an_audience_says_of_which() {
        let activation = json!({
            "state": "sending", "activation": "to <list>", "parent_segment": "customers", "connection": "prod",
            "sentence": "It sends.",
        });
        expect![[r#"
            <h1>to &lt;list&gt;: sending</h1>
            <p>It sends.</p>
            <dl>
            <dt>Made</dt><dd>2026-11-23T02:00:01Z</dd>
            <dt>Activation</dt><dd>to &lt;list&gt;</dd>
            <dt>Parent segment</dt><dd>customers</dd>
            <dt>Connection</dt><dd>prod</dd>
            <dt>Job</dt><dd>1ng8pt7tc60j</dd>
            </dl>
            <p class="hint">The same on the command line:</p>
            <pre><code>sluice jobs show 1ng8pt7tc60j</code></pre>
        "#]]
        .assert_eq(&body(activation).await);
        let refresh = json!({
            "state": "success", "kind": "refresh", "parent_segment": "customers", "result_rows": 1_234,
            "sentence": "1,234 profiles.", "actor": "ada",
        });
        expect![[r#"
            <h1>Refresh of customers: success</h1>
            <p>1,234 profiles.</p>
            <dl>
            <dt>Profiles</dt><dd>1,234</dd>
            <dt>Made</dt><dd>2026-11-23T02:00:01Z</dd>
            <dt>Parent segment</dt><dd>customers</dd>
            <dt>Started by</dt><dd>ada</dd>
            <dt>Job</dt><dd>1ng8pt7tc60j</dd>
            </dl>
            <p class="hint">The same on the command line:</p>
            <pre><code>sluice jobs show 1ng8pt7tc60j</code></pre>
        "#]]
        .assert_eq(&body(refresh).await);
    }

    #[test]
    fn only_ids_stand_in_commands() {
        let cases =
            [("1ng8pt7tc60j", true), ("", false), ("a b", false), ("a;b", false), ("é", false), ("a\u{a0}", false)];
        for (text, want) in cases {
            assert_eq!(is_id(text), want, "{text:?}");
        }
        assert!(is_id(&"a".repeat(32)) && !is_id(&"a".repeat(33)));
    }
}
