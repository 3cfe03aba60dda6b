//! Tests of the store as a whole: what is written reads back, and nothing damaged passes for whole.
//!
//! Knows the files in the data directory by name, because these tests break them.

mod archive;
mod damage;
mod directory;
mod documents;
mod jobs;
mod ledger;
mod notices;
mod outcomes;
mod people;
mod queue;
mod refused;
mod slots;
mod told;
mod vault;
mod version_3;

use std::path::Path;

use model::{BatchEnd, BatchMark, JobId, JobState, Learned, Rejection};
use secrecy::SecretString;
use serde_json::json;

use crate::{
    ApiToken, AuditEntry, AuditLine, BatchReceipt, Change, Document, Job, JobKind, LogLevel, LogLine, NewJob,
    NewNotice, Notice, NoticeChannel, NoticeFilter, Origin, Person, Session, Slot, SlotEnd, Store,
};

fn id(number: u32) -> JobId {
    JobId::new(1_790_000_000 + u64::from(number), 7)
}

fn new_job(number: u32) -> NewJob {
    NewJob {
        id: id(number),
        created: 1_790_000_000 + i64::from(number),
        state: JobState::Querying,
        kind: JobKind::Export,
        origin: Origin::CommandLine,
        query: None,
        query_name: None,
        connection: None,
        actor: None,
        parent: None,
        sql: "SELECT email FROM contacts".into(),
        request: json!({ "connection": "prod.json", "settings": { "data_object": "prospects" } }),
        business_unit: "0UvB00000004Cb6KAE".into(),
        scheduled: None,
    }
}

fn mark(number: u64, rows: impl IntoIterator<Item = u64>, end: BatchEnd) -> BatchMark {
    BatchMark { number, rows: rows.into_iter().collect(), end }
}

fn rejection(row: u64, code: Option<u16>, reason: &str) -> Rejection {
    Rejection { row, column: Some("email".into()), code, reason: reason.into(), hint: None }
}

fn server_job(number: u32) -> NewJob {
    NewJob {
        state: JobState::Queued,
        origin: Origin::Server,
        query: Some("q1".into()),
        query_name: Some("nightly".into()),
        connection: Some("c1".into()),
        actor: Some("ada".into()),
        parent: Some(id(0)),
        ..new_job(number)
    }
}

fn document(number: u32, kind: &str) -> Document {
    Document {
        id: format!("{kind}{number}"),
        kind: kind.into(),
        name: format!("name {number}"),
        revision: 1,
        created: 1_790_000_000,
        updated: 1_790_000_000,
        body: json!({ "number": number, "text": "some words to fill the page with" }),
    }
}

fn person(number: u32) -> Person {
    Person {
        id: format!("p{number}"),
        name: format!("Ada {number}"),
        role: "editor".into(),
        password_hash: Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g".into()),
        created: 1,
        updated: 2,
        disabled: number.is_multiple_of(2),
    }
}

fn session(number: u8, person: &str) -> Session {
    Session {
        hash: [number; 32],
        person: person.into(),
        created: 10,
        last_seen: 10,
        expires: 100 + i64::from(number),
        address: "127.0.0.1".into(),
    }
}

fn token(number: u8, person: &str) -> ApiToken {
    ApiToken {
        id: format!("t{number}"),
        name: format!("token {number}"),
        hash: [number; 32],
        shown: "slc_abcd".into(),
        person: person.into(),
        scope: "run".into(),
        created: i64::from(number),
        expires: Some(1_000),
        last_used: None,
        revoked: None,
    }
}

fn entry(number: i64, actor: &str) -> AuditEntry {
    AuditEntry {
        at: number,
        actor: actor.into(),
        address: "127.0.0.1".into(),
        action: "connection.update".into(),
        object: "connection prod".into(),
        detail: json!({ "changed": ["login_url"] }),
    }
}

/// A slot of a schedule: every third was missed.
fn slot(schedule: &str, number: u32) -> Slot {
    let missed = number.is_multiple_of(3);
    Slot {
        schedule: schedule.into(),
        scheduled: i64::from(number) * 3_600,
        end: if missed { SlotEnd::Missed } else { SlotEnd::Run { job: id(number) } },
        at: i64::from(number) * 3_600 + 5,
        note: missed.then(|| "the server was not there".into()),
    }
}

fn notice(number: u32) -> NewNotice {
    let mail = number.is_multiple_of(2);
    NewNotice {
        id: id(number).to_string(),
        created: 1_790_000_000 + i64::from(number),
        event: "job.failed".into(),
        query: Some(format!("q{}", number % 3)),
        job: mail.then(|| id(number)),
        channel: if mail { NoticeChannel::Mail } else { NoticeChannel::Webhook },
        target: if mail { format!("ada{number}@example.com") } else { format!("webhook{number}") },
        body: json!({ "delivered": number, "cause": "the connection was refused" }),
    }
}

fn put_secret(owner: &str, name: &str, value: &str) -> Change {
    Change::PutSecret { owner: owner.into(), name: name.into(), value: SecretString::from(value) }
}

/// Everything a store holds that can be read without a key.
#[derive(Debug, PartialEq)]
struct Content {
    jobs: Vec<Job>,
    ledgers: Vec<(Vec<BatchReceipt>, Vec<Rejection>, Vec<LogLine>)>,
    learned: Learned,
    documents: Vec<Document>,
    value: Option<serde_json::Value>,
    people: Vec<Person>,
    sessions: Vec<Option<Session>>,
    tokens: Vec<ApiToken>,
    secrets: Vec<bool>,
    audit: Vec<AuditLine>,
    slots: Vec<Slot>,
    notices: Vec<Notice>,
}

async fn content(store: &Store) -> Result<Content, crate::StoreError> {
    let jobs = store.jobs(1_000).await?;
    let mut ledgers = Vec::new();
    for job in &jobs {
        let ledger = store.ledger(&job.id);
        ledgers.push((
            ledger.receipts(0, 100_000).await?,
            ledger.rejections(0, 100_000).await?,
            store.log_lines(&job.id, 0, 100_000).await?,
        ));
    }
    let (mut sessions, mut secrets) = (Vec::new(), Vec::new());
    for number in 1..=20 {
        sessions.push(store.session(&[number; 32]).await?);
        secrets.push(store.has_secret("connection1", &format!("secret {number}")).await?);
    }
    Ok(Content {
        jobs,
        ledgers,
        learned: store.learned("unit").await?,
        documents: store.documents("connection", None, 1_000).await?,
        value: store.value("setup").await?,
        people: store.people().await?,
        sessions,
        tokens: store.tokens().await?,
        secrets,
        audit: store.audit_page(None, 1_000).await?,
        slots: store.slots("q1", None, 1_000).await?,
        notices: store.notices(&NoticeFilter::default(), None, 1_000).await?,
    })
}

/// Writes two jobs with 120 batches and some rejected rows each, and some of everything else.
async fn fill(directory: &Path) -> Store {
    let store = Store::open(directory).await.unwrap();
    for number in 1..=2 {
        store.create_job(&new_job(number)).await.unwrap();
        store.set_state(&id(number), JobState::Sending, None, 1_790_000_500).await.unwrap();
        store.log(&id(number), 1_790_000_500, LogLevel::Info, "sending 6,000 rows").await.unwrap();
    }
    for batch in 1..=120 {
        // Side by side, so that the log stays shorter than what the engine empties by itself: tests cut it.
        let (one, two) = tokio::join!(settle(&store, 1, batch), settle(&store, 2, batch));
        one.and(two).unwrap();
    }
    store.save_learned("unit", Learned { api_version: Some(4), batch_rows: Some(25) }, 1_790_000_600).await.unwrap();
    let mut changes = vec![Change::PutValue { name: "setup".into(), value: Some(json!({ "done": true })) }];
    for number in 1..=20 {
        let short = u8::try_from(number).unwrap();
        let name = person(number).id;
        changes.extend([
            Change::InsertDocument(document(number, "connection")),
            Change::InsertPerson(person(number)),
            Change::InsertSession(session(short, &name)),
            Change::InsertToken(token(short, &name)),
            put_secret("connection1", &format!("secret {number}"), "canary"),
            Change::Audit(entry(i64::from(number), "ada")),
            Change::InsertSlot(slot("q1", number)),
            Change::InsertNotice(notice(number)),
        ]);
    }
    store.apply(changes).await.unwrap();
    let job = NewJob { scheduled: Some(1_790_000_690), ..server_job(9) };
    let started = start_once(&store, "key", "ada", [7; 32], job, 1_790_000_700).await.unwrap();
    assert_eq!(started, crate::Started::New);
    store.set_forecast(&id(9), &json!({ "needed": 120, "left": 20_000 })).await.unwrap();
    store.apply(vec![Change::Told { job: id(9), state: JobState::Queued }]).await.unwrap();
    let failed = crate::NoticeEnd::Failed { error: "550 no such mailbox".into(), at: 1_790_000_800 };
    store.settle_notice(id(3).as_str(), failed).await.unwrap();
    store
}

/// Settles a batch of 50 rows of a job, in every third one a row rejected.
async fn settle(store: &Store, number: u32, batch: u64) -> Result<(), crate::StoreError> {
    let first = batch * 50;
    let rejected =
        batch.is_multiple_of(3).then(|| rejection(first, Some(4), "invalid email address")).into_iter().collect();
    let mark = mark(batch, first..first + 50, BatchEnd::Acked);
    store.ledger(&id(number)).settle(mark, rejected, 1_790_000_501).await
}

/// A start under a key, as an application asks for it.
pub(crate) async fn start_once(
    store: &Store,
    key: &str,
    actor: &str,
    fingerprint: [u8; 32],
    job: NewJob,
    now: i64,
) -> Result<crate::Started, crate::StoreError> {
    let once = crate::Once { key: key.into(), actor: actor.into(), fingerprint };
    store.create_job_with(job, None, Vec::new(), Some(once), now).await
}
