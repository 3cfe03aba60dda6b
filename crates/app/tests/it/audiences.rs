//! Parent segments: looked at, saved, refreshed, used and deleted; what goes wrong leaves the profiles as they were.

use api::{JobKind, JoinLevel, ParentSegmentSpec, RunRequest, WebhookSpec};
use app::{Config, JobFilter};
use expect_test::expect;
use model::JobState;
use notify::WebhookPolicy;
use serde_json::{Value, json};

use crate::bench::{config, contacts, until};
use crate::people::{
    CONTACTS, LOYALTY, ORDERS, People, activation, all, among, attribute, emails, names, parent_from, people_spec, said,
};
use crate::timed::{HOUR, MONDAY};

/// A job's number in a text.
fn plain(text: &str, job: &str) -> String {
    text.replace(job, "<job>")
}

#[tokio::test]
async fn everything_wrong_is_said_at_once() {
    let people = People::tables(|_| {}).await;
    let cases = [
        json!({
            "name": "/people", "owner": "nobody", "timezone": "Europe/Berln", "description": "x".repeat(2_001),
            "schedule": { "cron": "61 * * * *" }, "notify": { "recipients": ["x"], "webhooks": ["ops"] },
            "master": { "table": "contacs", "key": "contact_id" },
            "attributes": [{ "name": "tier", "table": "loyalty", "column": "teir" }],
            "behaviors": [{ "name": "orders", "table": "order", "time": "ordered_at" }],
        }),
        json!({
            "name": "people",
            "master": { "table": "contacts", "key": "contactid", "filters": [{ "column": "stat", "values": ["active"] }] },
            "attributes": [
                { "name": "tier", "table": "loyalty", "parent_key": "id", "foreign_key": "id" },
                { "name": "tier", "table": "loyalty" },
                { "name": "points", "type": "date", "table": "contacts" },
            ],
            "behaviors": [
                { "name": "orders", "table": "orders", "time": "at" },
                { "name": "orders", "table": "orders" },
                { "name": "Big Orders", "table": "orders", "columns": [{ "name": "amount", "type": "string_array" }] },
            ],
        }),
    ];
    let mut found = String::new();
    for case in cases {
        let spec = parent_from(case);
        let error = people.app().create_parent_segment(&people.bench().actor, spec).await.expect_err("refused");
        found.push_str(&said(&error));
        found.push('\n');
    }
    expect![[r#"
        parent_segment.name: has characters that a name cannot have
          hint: letters, digits, space, -, _ and . ; first a letter or digit; at most 100
        parent_segment.description: is longer than 2000 characters
        parent_segment.owner: is no mail address such as ada@example.com
        parent_segment.timezone: "Europe/Berln" is not a time zone of the IANA database
          hint: did you mean Europe/Berlin?
        parent_segment.schedule.cron: minute: "61" is out of range: minutes are 0 to 59
        parent_segment.notify.recipients[0]: is no mail address such as ada@example.com
        parent_segment.notify.webhooks[0]: there is no webhook ops
          hint: an admin makes webhooks
        parent_segment.master.table: there is no table contacs
          hint: did you mean contacts?
        parent_segment.behaviors[0].table: there is no table order
          hint: did you mean orders?
        parent_segment.attributes[0].column: table loyalty has no column teir
          hint: did you mean tier?
        parent_segment.master.key: table contacts has no column contactid
          hint: did you mean contact_id?
        parent_segment.master.filters[0].column: table contacts has no column stat
          hint: did you mean status?
        parent_segment.attributes[0].parent_key: table loyalty has no column id
          hint: its columns are contact_id, tier
        parent_segment.attributes[0].foreign_key: table contacts has no column id
          hint: its columns are contact_id, email_address, first_name, country, points and 1 more
        parent_segment.attributes[1].parent_key: table loyalty has no column contactid
          hint: did you mean contact_id?
        parent_segment.attributes[1].foreign_key: table contacts has no column contactid
          hint: did you mean contact_id?
        parent_segment.behaviors[0].parent_key: table orders has no column contactid
          hint: did you mean contact_id?
        parent_segment.behaviors[0].foreign_key: table contacts has no column contactid
          hint: did you mean contact_id?
        parent_segment.behaviors[1].parent_key: table orders has no column contactid
          hint: did you mean contact_id?
        parent_segment.behaviors[1].foreign_key: table contacts has no column contactid
          hint: did you mean contact_id?
        parent_segment.behaviors[2].parent_key: table orders has no column contactid
          hint: did you mean contact_id?
        parent_segment.behaviors[2].foreign_key: table contacts has no column contactid
          hint: did you mean contact_id?
    "#]]
    .assert_eq(&found);
}

#[tokio::test]
async fn a_parent_segment_from_its_first_look_to_its_end() {
    let people = People::tables(|_| {}).await;
    let (app, actor) = (people.app(), &people.bench().actor);
    let look = app.check_parent_segment(actor, people_spec()).await.expect("looked at");
    assert_eq!(look.population, 5);
    assert!(app.parent_segments(actor, None, 10).await.expect("a page").items.is_empty(), "nothing is saved");
    expect![[r#"
        SELECT
          CAST(ROW_NUMBER() OVER (ORDER BY m."contact_id") AS BIGINT) AS cdp_customer_id,
          m."contact_id",
          m."email_address",
          m."first_name",
          m."country",
          NULLIF(TRY_CAST(m."points" AS DOUBLE), CAST('NaN' AS DOUBLE)) AS "points",
          m."status",
          a1."tier"
        FROM "contacts" m
        LEFT JOIN "loyalty" a1
          ON a1."contact_id" = m."contact_id"
        WHERE m."contact_id" IS NOT NULL
          AND m."status" IN ('active')"#]]
    .assert_eq(&look.sql);

    let made = app.create_parent_segment(actor, people_spec()).await.expect("made");
    assert_eq!((made.id, made.revision, made.segments, made.snapshot, made.last_job), (1, 1, 0, None, None));
    let again = app.create_parent_segment(actor, people_spec()).await.expect_err("taken");
    let early = app.preview_parent_segment(actor, "people", 10).await.expect_err("no profiles");
    let named = people.rows("SELECT * FROM cdp_audience_1.customers").await.expect_err("no profiles");
    let unknown = people.rows("SELECT * FROM cdp_audience_2.customers").await.expect_err("no such");
    let nobody = app.refresh_parent_segment(actor, "peple", None).await.expect_err("no such");
    let said: Vec<String> = [&again, &early, &named, &unknown, &nobody].into_iter().map(said).collect();
    expect![[r#"
        there is a parent segment people already
          hint: choose another name, or change that one
        parent segment people has no profiles yet
          hint: refresh it first
        sql: parent segment people has no profiles yet
          hint: refresh it first
        sql: there is no parent segment 2
          hint: see sluice parent-segments list
        there is no parent segment peple
          hint: did you mean people?"#]]
    .assert_eq(&said.join("\n"));

    let (first, again) = app.refresh_parent_segment(actor, "people", Some("once")).await.expect("begun");
    let (second, twice) = app.refresh_parent_segment(actor, "people", Some("once")).await.expect("begun");
    assert_eq!((again, twice, &second.id), (false, true, &first.id));
    let job = people.bench().follow(&first.id, |job| job.finished.is_some()).await;
    assert_eq!((job.kind, job.state, job.result_rows, job.rows), (JobKind::Refresh, JobState::Success, Some(5), None));
    assert_eq!(job.parent_segment.as_deref(), Some("people"));
    assert_eq!((job.query, job.activation, job.has_result, job.can_continue), (None, None, false, false));
    let mut lines = vec![job.sentence.clone()];
    lines.extend(people.bench().log(&job.id).await);
    expect![[r#"
        Refreshed: 5 profiles. Segments count over them from now on.
        The refresh started.
        behaviors[0] (table orders): 1 row is of no profile and left out
        Refreshed: 5 profiles."#]]
    .assert_eq(&lines.join("\n"));
    expect![[r#"
        cdp_customer_id | contact_id | email_address | first_name | country | points | status | tier
        1 | 1 | ada@example.com | Ada | DE | 120.0 | active | gold
        2 | 2 | bob@example.com | Bob | AT | 80.0 | active | silver
        3 | 3 | cyd@example.com | Cyd | CH | - | active | -
        4 | 4 | dan@example.com | Dan | FR | 300.0 | active | gold
        5 | 5 | eve@example.com | Eve | - | 15.0 | active | -"#]]
    .assert_eq(&people.rows("SELECT * FROM cdp_audience_1.customers").await.expect("rows"));
    expect![[r#"
        cdp_customer_id | amount | product | ordered_at
        1 | 300.0 | book | 2026-11-01T10:00:00
        1 | 250.0 | pen | 2026-11-20T12:00:00
        2 | 40.0 | book | 2026-11-22T23:59:59
        4 | 900.0 | lamp | 2026-06-01T00:00:00"#]]
    .assert_eq(&people.rows("SELECT * FROM cdp_audience_1.behavior_orders").await.expect("rows"));
    let other = people.rows("SELECT * FROM cdp_audience_1.behavior_order").await.expect_err("no such table");
    expect![[r#"
        sql: parent segment people has no table behavior_order
          hint: did you mean behavior_orders?"#]]
    .assert_eq(&crate::people::said(&other));

    people.segment("Germans", all(&[among("country", &["DE"])])).await;
    let view = people.parent().await;
    let snapshot = view.snapshot.expect("refreshed");
    assert_eq!((view.segments, snapshot.population, &snapshot.job), (1, 5, &job.id));
    assert_eq!(view.last_job.map(|job| job.id), Some(job.id));
    assert_eq!(snapshot.behaviors[0].events, Some(4));
    assert!(app.preview_parent_segment(actor, "people", 2).await.expect("rows").more);
    let in_use = app.delete_parent_segment(actor, "people").await.expect_err("used");
    expect![[r#"
        parent segment people has segments: Germans
          hint: delete these first"#]]
    .assert_eq(&crate::people::said(&in_use));
    app.delete_segment(actor, "Germans").await.expect("deleted");
    app.delete_parent_segment(actor, "people").await.expect("deleted");
    assert_eq!(people.generations(), Vec::<String>::new());
    let made = app.create_parent_segment(actor, people_spec()).await.expect("made");
    assert_eq!((made.id, made.snapshot), (2, None), "a number is given out once");
}

#[tokio::test]
async fn wrong_joins_are_explained() {
    let people = People::tables(|_| {}).await;
    let twice = |csv: &str, row: &str| format!("{csv}{row}\n");
    let loyalty = |rows: &[&str]| format!("contact_id,tier\n{}\n", rows.join("\n"));
    let cases: [(&str, &str, String); 9] = [
        ("as it should be", "loyalty", LOYALTY.into()),
        ("fan-out", "loyalty", twice(LOYALTY, "1,silver")),
        ("other keys", "loyalty", loyalty(&["a1,gold", "a2,gold"])),
        ("few", "loyalty", loyalty(&["1,gold", "77,gold", ",gold"])),
        ("no rows", "loyalty", loyalty(&[])),
        ("a profile twice", "contacts", twice(CONTACTS, "1,ada@example.org,Ada,DE,1,active")),
        ("no profile", "contacts", CONTACTS.replace("active", "gone")),
        ("no key", "contacts", CONTACTS.replace("\n1,", "\n,")),
        ("unreadable", "orders", ORDERS.replace("2026-06-01 00:00:00", "in June")),
    ];
    let mut found = String::new();
    for (name, table, csv) in cases {
        for (table, csv) in [("contacts", CONTACTS), ("loyalty", LOYALTY), ("orders", ORDERS)] {
            people.bench().upload(table, csv).await;
        }
        people.bench().upload(table, &csv).await;
        let look = people.app().check_parent_segment(&people.bench().actor, people_spec()).await;
        let look = look.unwrap_or_else(|error| panic!("{name}: {}", said(&error)));
        found.push_str(&format!("{name}: {} profiles\n", look.population));
        for join in look.joins {
            let level = match join.level {
                JoinLevel::Ok => "  ok     ",
                JoinLevel::Warning => "  warning",
                JoinLevel::Wrong => "  WRONG  ",
            };
            found.push_str(&format!("{level} {} ({}): {}\n", join.at, join.table, join.message));
        }
    }
    expect![[r#"
        as it should be: 5 profiles
          ok      master (contacts): 5 profiles
          ok      attributes[0] (loyalty): 3 of 5 profiles have a row
          warning behaviors[0] (orders): 1 row is of no profile and left out
        fan-out: 5 profiles
          ok      master (contacts): 5 profiles
          WRONG   attributes[0] (loyalty): 1 key stands in several rows, up to 2: a profile would have several values
          warning behaviors[0] (orders): 1 row is of no profile and left out
        other keys: 5 profiles
          ok      master (contacts): 5 profiles
          warning attributes[0] (loyalty): no profile has a row
          warning behaviors[0] (orders): 1 row is of no profile and left out
        few: 5 profiles
          ok      master (contacts): 5 profiles
          warning attributes[0] (loyalty): only 1 of 5 profiles have a row; 1 row is of no profile and left out; 1 row has no key and is left out
          warning behaviors[0] (orders): 1 row is of no profile and left out
        no rows: 5 profiles
          ok      master (contacts): 5 profiles
          warning attributes[0] (loyalty): there are no rows
          warning behaviors[0] (orders): 1 row is of no profile and left out
        a profile twice: 5 profiles
          WRONG   master (contacts): 1 key stands in several rows, up to 2: a profile would be there several times
          ok      attributes[0] (loyalty): 4 of 5 profiles have a row
          warning behaviors[0] (orders): 1 row is of no profile and left out
        no profile: 0 profiles
          WRONG   master (contacts): there are no rows
          warning attributes[0] (loyalty): no profile has a row
          warning behaviors[0] (orders): no profile has a row
        no key: 4 profiles
          warning master (contacts): 1 row has no key and is left out
          warning attributes[0] (loyalty): 1 row is of no profile and left out
          warning behaviors[0] (orders): 3 rows are of no profile and left out
        unreadable: 5 profiles
          ok      master (contacts): 5 profiles
          ok      attributes[0] (loyalty): 3 of 5 profiles have a row
          warning behaviors[0] (orders): 1 row is of no profile and left out; 1 value of column ordered_at cannot be read as timestamp and is missing
    "#]].assert_eq(&found);
}

#[tokio::test]
async fn what_is_used_cannot_be_deleted() {
    let people = People::tables(|config: &mut Config| {
        config.webhooks = WebhookPolicy { allow_loopback: true, ..WebhookPolicy::default() };
    })
    .await;
    let (app, actor) = (people.app(), &people.bench().actor);
    let hook = WebhookSpec { url: Some("https://crm.example.com/hook".into()), ..WebhookSpec::default() };
    for name in ["refreshes", "runs"] {
        app.put_webhook(actor, name, hook.clone(), None).await.expect("taken");
    }
    let told = |webhook: &str| serde_json::from_value(json!({ "webhooks": [webhook] })).expect("who is told");
    let spec = ParentSegmentSpec { notify: Some(told("refreshes")), ..people_spec() };
    app.create_parent_segment(actor, spec).await.expect("made");
    people.refresh().await;
    people.segment("Germans", all(&[among("country", &["DE"])])).await;
    let mut sent = activation("to Pardot", "Germans", json!({}), emails());
    sent.notify = Some(told("runs"));
    people.activate(sent).await;
    let mut errors = Vec::new();
    for table in ["contacts", "loyalty", "orders"] {
        errors.push(app.delete_table(actor, table).await.expect_err("used"));
    }
    for webhook in ["refreshes", "runs"] {
        errors.push(app.delete_webhook(actor, webhook).await.expect_err("used"));
    }
    errors.push(app.delete_connection(actor, "prod").await.expect_err("used"));
    errors.push(app.delete_segment(actor, "Germans").await.expect_err("used"));
    let errors: Vec<String> = errors.iter().map(said).collect();
    expect![[r#"
        table contacts is used by parent segment people
          hint: delete or change these queries first
        table loyalty is used by parent segment people
          hint: delete or change these queries first
        table orders is used by parent segment people
          hint: delete or change these queries first
        webhook refreshes is used by parent segment people
          hint: take it out there first
        webhook runs is used by activation to Pardot
          hint: take it out there first
        connection prod is used by activation to Pardot
          hint: give these another connection first
        segment Germans is used by activation to Pardot
          hint: delete or change these first"#]]
    .assert_eq(&errors.join("\n"));

    app.delete_activation(actor, "to Pardot").await.expect("deleted");
    app.delete_connection(actor, "prod").await.expect("deleted");
    app.delete_webhook(actor, "runs").await.expect("deleted");
    app.delete_segment(actor, "Germans").await.expect("deleted");
    app.delete_parent_segment(actor, "people").await.expect("deleted");
    for table in ["contacts", "loyalty", "orders"] {
        app.delete_table(actor, table).await.expect("deleted");
    }
}

#[tokio::test]
async fn a_refresh_that_fails_leaves_the_profiles_as_they_were() {
    let people = People::new().await;
    let all_of_it = "SELECT c.*, o.amount, o.product FROM cdp_audience_1.customers c \
                     LEFT JOIN cdp_audience_1.behavior_orders o ON o.cdp_customer_id = c.cdp_customer_id ORDER BY c.cdp_customer_id, o.amount";
    let before = people.rows(all_of_it).await.expect("rows");
    let snapshot = people.parent().await.snapshot.expect("refreshed");
    people.bench().upload("loyalty", &format!("{LOYALTY}1,silver\n4,silver\n")).await;
    people.bench().upload("contacts", &CONTACTS.replace("Ada", "Eda")).await;
    let failed = people.refreshed().await;
    assert_eq!(failed.state, JobState::Failed);
    let mut lines = vec![failed.sentence.clone()];
    lines.extend(people.bench().log(&failed.id).await);
    expect![[r#"
        Attributes[0] (table loyalty): 2 keys stand in several rows, up to 2: a profile would have several values; the profiles stay as they were. To do: make a query or table with one row a key: GROUP BY, or ROW_NUMBER() and keep the first.
        The refresh started.
        behaviors[0] (table orders): 1 row is of no profile and left out
        attributes[0] (table loyalty): 2 keys stand in several rows, up to 2: a profile would have several values; the profiles stay as they were"#]].assert_eq(&plain(&lines.join("\n"), &failed.id));
    // A table that lost a column: said at once, without a job.
    people.bench().upload("loyalty", &LOYALTY.replace("tier", "level")).await;
    let (app, actor) = (people.app(), &people.bench().actor);
    let error = app.refresh_parent_segment(actor, "people", None).await.expect_err("refused");
    expect![[r#"
        parent_segment.attributes[0].column: table loyalty has no column tier
          hint: its columns are contact_id, level"#]]
    .assert_eq(&said(&error));
    // Stopped by hand, wherever it is.
    people.bench().upload("loyalty", LOYALTY).await;
    let (job, _) = app.refresh_parent_segment(actor, "people", None).await.expect("begun");
    let killed = app.kill_job(actor, &job.id).await;
    let ended = people.bench().follow(&job.id, |job| job.finished.is_some()).await;
    assert_eq!(killed.is_ok(), ended.state == JobState::Killed, "{ended:?}");
    if ended.state == JobState::Killed {
        assert_eq!(people.parent().await.snapshot, Some(snapshot.clone()));
        assert_eq!(people.rows(all_of_it).await.expect("rows"), before);
        assert_eq!(people.generations(), [snapshot.job.as_str()], "nothing is left of those that failed");
    }
    people.refresh().await;
    let now = people.rows(all_of_it).await.expect("rows");
    assert_eq!(now, before.replace("Ada", "Eda"));
}

/// The clock passes two hours, and what is old is swept away.
async fn sweep(people: &People, hours: i64) {
    people.timed.clock.set(MONDAY + hours * HOUR);
    people.app().swept(MONDAY + hours * HOUR).await;
}

#[tokio::test]
async fn whoever_reads_the_old_profiles_ends_with_them() {
    let people = People::with(|_| {}).await;
    let patterns: Vec<Value> = (0..12)
        .map(|number| {
            attribute(
                "email_address",
                json!({ "type": "Regexp", "rightValue": format!("([a-z]+[0-9]*)+@.*(?:{number})?") }),
            )
        })
        .collect();
    people.refresh().await;
    people.segment("slow", all(&patterns)).await;
    let spec = activation("slow", "slow", json!({}), emails());
    people.activate(spec).await;
    let (app, actor) = (people.app(), &people.bench().actor);
    let mut rows = 20_000;
    let mut hours = 2;
    loop {
        let contacts = contacts(rows, |_| false).replace("email,", "email_address,").replace("score", "points");
        let mut lines = contacts.lines();
        let header = lines.next().expect("a header");
        let body: String = lines.enumerate().map(|(row, line)| format!("{row},{line},DE,active\n")).collect();
        people.bench().upload("contacts", &format!("contact_id,{header},country,status\n{body}")).await;
        people.refresh().await;
        sweep(&people, hours).await;
        assert_eq!(people.generations().len(), 1, "only the newest stays");
        let request = RunRequest { kind: Some(JobKind::Result), ..RunRequest::default() };
        let (job, _) = app.run_activation(actor, "slow", request, None).await.expect("begun");
        people.bench().follow(&job.id, |job| job.state != JobState::Queued).await;
        people.bench().upload("contacts", CONTACTS).await;
        people.refresh().await;
        sweep(&people, hours + 2).await;
        let reading = app.job(actor, &job.id).await.expect("it is there").state == JobState::Querying;
        if reading {
            assert_eq!(people.generations().len(), 2, "somebody reads");
        }
        let ended = people.bench().follow(&job.id, |job| job.finished.is_some()).await;
        assert_eq!(ended.state, JobState::Success, "{ended:?}");
        hours += 4;
        sweep(&people, hours).await;
        assert_eq!(people.generations(), [people.parent().await.snapshot.expect("refreshed").job]);
        hours += 2;
        if reading {
            assert_eq!(ended.result_rows, Some(rows), "all of the old profiles");
            break;
        }
        assert!([Some(rows), Some(5)].contains(&ended.result_rows), "the old or the new: {ended:?}");
        rows *= 2;
        assert!(rows < 2_000_000, "it reads too fast to be met");
    }
}

#[tokio::test]
async fn one_look_reads_profiles_and_events_of_one_refresh() {
    let people = People::with(|_| {}).await;
    let stamped = |stamp: usize| {
        let rows: String = (1..=30).map(|row| format!("{row},{stamp}\n")).collect();
        format!("contact_id,stamp\n{rows}")
    };
    let spec = parent_from(json!({
        "name": "people", "master": { "table": "stamps", "key": "contact_id" },
        "behaviors": [{ "name": "stamps", "table": "stamps" }],
    }));
    people.bench().upload("stamps", &stamped(0)).await;
    people.put_parent(spec).await.expect("taken");
    people.refresh().await;
    let mixed = "SELECT COUNT(*) AS n FROM cdp_audience_1.customers c JOIN cdp_audience_1.behavior_stamps s \
                 ON s.cdp_customer_id = c.cdp_customer_id WHERE s.stamp <> c.stamp";
    let refreshes = async {
        for stamp in 1..=40 {
            people.bench().upload("stamps", &stamped(stamp)).await;
            people.refresh().await;
        }
    };
    let looks = async {
        loop {
            assert_eq!(people.rows(mixed).await.expect("rows"), "n\n0");
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = refreshes => {}
        () = looks => {}
    }
}

#[tokio::test]
async fn a_scheduled_refresh_that_cannot_begin_is_a_failed_job() {
    let people = People::new().await;
    let (app, actor) = (people.app(), &people.bench().actor);
    let schedule =
        serde_json::from_value(json!({ "repeat": "hourly", "start": "2026-11-23 00:30" })).expect("a schedule");
    people.put_parent(ParentSegmentSpec { schedule: Some(schedule), ..people_spec() }).await.expect("taken");
    people.timed.at(MONDAY + HOUR).await;
    let view = app.schedule(actor, api::Scheduled::ParentSegment, "people").await.expect("a schedule");
    people.bench().follow(&view.last.and_then(|slot| slot.job_id).expect("a job"), |job| job.finished.is_some()).await;
    people.bench().upload("loyalty", &LOYALTY.replace("tier", "level")).await;
    people.timed.at(MONDAY + 2 * HOUR).await;
    let slots = app.schedule_history(actor, api::Scheduled::ParentSegment, "people", None, 10).await.expect("slots");
    let mut ends = Vec::new();
    for slot in slots.items.into_iter().rev() {
        let job = people.bench().follow(&slot.job_id.expect("a job"), |job| job.finished.is_some()).await;
        assert_eq!(job.kind, JobKind::Refresh);
        ends.push((slot.scheduled, job.state, job.cause));
    }
    let states: Vec<JobState> = ends.iter().map(|(_, state, _)| *state).collect();
    assert_eq!(states, [JobState::Success, JobState::Failed], "{ends:?}");
    let cause = ends[1].2.clone().expect("a cause");
    assert!(cause.message.contains("table loyalty has no column tier"), "{cause:?}");
    assert!(!cause.message.contains('\n') && cause.hint.is_some(), "a message in one line, and a hint: {cause:?}");
    let filter = JobFilter { parent_segment: Some("people".into()), ..JobFilter::default() };
    assert_eq!(app.jobs(actor, &filter, None, 10).await.expect("jobs").items.len(), 3);
    let both = JobFilter { query: Some("people".into()), ..filter };
    let error = app.jobs(actor, &both, None, 10).await.expect_err("not both");
    expect![[r#"
        query: a job is of a query, of an activation or of a parent segment
          hint: ask for one of them"#]]
    .assert_eq(&said(&error));
}

#[tokio::test]
async fn after_a_restore_one_refresh_brings_the_profiles_back() {
    let people = People::new().await;
    people.segment("Germans", all(&[among("country", &["DE"])])).await;
    people.activate(activation("to Pardot", "Germans", json!({}), emails())).await;
    let before = people.look("Germans").await.expect("looked at");
    let (data, folder) = (people.data(), people.bench().folder.path().to_owned());
    let (file, other) = (folder.join("backup"), folder.join("other"));
    app::upkeep::backup(&data, &file, true, &mut |_, _| {}).await.expect("a backup");
    people.app().stop().await;
    app::upkeep::restore(&file, &other, false, &mut |_, _| {}).await.expect("restored");
    std::fs::copy(data.join("master.key"), other.join("master.key")).expect("the key");
    assert!(!other.join("audiences").exists(), "profiles are in no backup");

    let mut config = config(other);
    config.clock = people.timed.clock.clone();
    let app = app::App::start(config, app::Mode::Serve).await.expect("it starts");
    let actor = app::Actor::command_line();
    let parent = app.parent_segment(&actor, "people").await.expect("it is there");
    assert_eq!((parent.id, parent.snapshot), (1, None));
    let look = app.look_at_segment(&actor, "Germans", 5).await.expect_err("no profiles");
    let run = app.run_activation(&actor, "to Pardot", RunRequest::default(), None).await.expect_err("no profiles");
    expect![[r#"
        parent segment people has no profiles yet
          hint: refresh it first
        parent segment people has no profiles yet
          hint: refresh it first"#]]
    .assert_eq(&[said(&look), said(&run)].join("\n"));
    let (job, _) = app.refresh_parent_segment(&actor, "people", None).await.expect("begun");
    let done =
        || async { Some(app.job(&actor, &job.id).await.expect("it is there")).filter(|job| job.finished.is_some()) };
    assert_eq!(until("the refresh ends", done).await.state, JobState::Success);
    let look = app.look_at_segment(&actor, "Germans", 100).await.expect("looked at");
    assert_eq!(names(&look), names(&before));
    app.stop().await;
}

#[tokio::test]
async fn a_restart_without_the_folder_is_the_same_as_never_refreshed() {
    let people = People::new().await;
    let job = people.parent().await.snapshot.expect("refreshed").job;
    people.app().stop().await;
    std::fs::remove_dir_all(people.data().join("audiences")).expect("removed");
    let People { timed } = people;
    let people = People { timed: timed.down_until(MONDAY + HOUR).await };
    let parent = people.parent().await;
    assert_eq!((parent.snapshot, parent.last_job.map(|job| job.id)), (None, Some(job)));
    people.refresh().await;
    assert_eq!(people.chosen(all(&[among("country", &["DE"])])).await, ["Ada"]);
}

#[tokio::test]
async fn nothing_is_left_of_a_parent_segment_that_is_deleted_while_it_is_refreshed() {
    let people = People::tables(|_| {}).await;
    let (app, actor) = (people.app(), &people.bench().actor);
    for round in 0..8 {
        app.create_parent_segment(actor, people_spec()).await.expect("made");
        let (job, _) = app.refresh_parent_segment(actor, "people", None).await.expect("begun");
        // A watcher is told too late.
        let begun = || async { app.job(actor, &job.id).await.expect("it is there").started };
        until("it begins", begun).await;
        for _ in 0..round * 20 {
            tokio::task::yield_now().await;
        }
        app.delete_parent_segment(actor, "people").await.expect("deleted");
        people.bench().follow(&job.id, |job| job.finished.is_some()).await;
    }
    sweep(&people, 2).await;
    assert_eq!(people.generations(), Vec::<String>::new(), "people's data of deleted parent segments");
}
