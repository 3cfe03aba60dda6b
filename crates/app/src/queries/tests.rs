//! Queries through the door of the application.

use api::{Export, SettingsMap, TableSpec};
use expect_test::{Expect, expect};

use super::*;
use crate::fixture::{Bench, NOW, actor, admin, said};

async fn bench() -> Bench {
    let bench = Bench::new().await;
    bench.file("c.csv", "id,email,first_name,score,Colour\n1,ada@x.io,Ada,3,red\n2,,Bob,,\n");
    let spec = TableSpec { name: "contacts".into(), files: "c.csv".into() };
    bench.app.put_table(&admin(), spec, None).await.unwrap();
    bench.connection("prod").await;
    bench
}

fn spec(name: &str, sql: &str) -> QuerySpec {
    QuerySpec { name: name.into(), sql: sql.into(), ..QuerySpec::default() }
}

fn exporting(name: &str, sql: &str, connection: &str, settings: Value) -> QuerySpec {
    let Value::Object(settings) = settings else { panic!("settings are an object") };
    QuerySpec {
        export: Some(Export { connection: connection.into(), settings: SettingsMap(settings) }),
        ..spec(name, sql)
    }
}

#[tokio::test]
async fn the_life_of_a_query() {
    let bench = bench().await;
    let app = &bench.app;
    let query = exporting("Nightly", "SELECT email, first_name FROM contacts", "prod", json!({ "parallel_tasks": 3 }));
    let made = app.create_query(&actor(Scope::Edit), query.clone()).await.unwrap();
    assert_eq!((made.revision, &made.spec, made.last_job.is_none()), (1, &query, true));
    assert_eq!(app.table(&admin(), "contacts").await.unwrap().used_by, ["Nightly"]);
    assert_eq!(app.connection(&admin(), "prod").await.unwrap().used_by, ["Nightly"]);
    expect![[r#"
        table contacts is used by Nightly (conflict)
          hint: delete or change these queries first
    "#]]
    .assert_eq(&said(app.delete_table(&admin(), "contacts").await));
    expect![[r#"
        there is a query Nightly already (conflict)
          hint: choose another name, or change that one
    "#]]
    .assert_eq(&said(app.create_query(&admin(), query.clone()).await));

    // Another name of the connection is no change of the query.
    let renamed = api::ConnectionSpec { name: Some("production".into()), ..api::ConnectionSpec::default() };
    app.put_connection(&admin(), "prod", renamed, None).await.unwrap();
    let seen = app.query(&actor(Scope::Read), "Nightly").await.unwrap();
    assert_eq!(seen.spec.export.unwrap().connection, "production");
    assert_eq!(seen.revision, 1);

    let (renamed, new) =
        app.put_query(&admin(), "Nightly", spec("Daily", "SELECT id FROM contacts"), Some(1)).await.unwrap();
    assert_eq!((renamed.spec.name.as_str(), renamed.revision, new), ("Daily", 2, false));
    assert_eq!(said(app.query(&admin(), "Nightly").await), "there is no query Nightly (not_found)\n");
    assert!(said(app.put_query(&admin(), "Daily", spec("Daily", "SELECT 1 AS id"), Some(1)).await).contains("(stale)"));
    app.create_query(&admin(), spec("Other", "SELECT 1 AS id")).await.unwrap();
    assert!(said(app.put_query(&admin(), "Daily", spec("Other", "SELECT 1 AS id"), None).await).contains("(conflict)"));
    let page = app.queries(&actor(Scope::Read), None, 1).await.unwrap();
    assert_eq!((page.items[0].spec.name.as_str(), page.next.as_deref()), ("Daily", Some("Daily")));
    let page = app.queries(&actor(Scope::Read), page.next.as_deref(), 10).await.unwrap();
    assert_eq!((page.items[0].spec.name.as_str(), page.next), ("Other", None));
    app.delete_query(&admin(), "Daily").await.unwrap();
    app.delete_table(&admin(), "contacts").await.unwrap();
    for (scope, allowed) in [(Scope::Run, false), (Scope::Edit, true)] {
        let query = spec("Third", "SELECT 1 AS id");
        assert_eq!(app.create_query(&actor(scope), query).await.is_ok(), allowed);
    }
}

#[tokio::test]
async fn everything_wrong_is_said_at_once() {
    let bench = bench().await;
    let app = &bench.app;
    let check = async |query: QuerySpec, want: Expect| want.assert_eq(&said(app.create_query(&admin(), query).await));
    let mut wrong = exporting(
        "a/b",
        "SELECT * FROM contact",
        "prodd",
        json!({ "max_paylod": 1, "parallel_tasks": 0, "data_object": "prospect" }),
    );
    wrong.source = Some("postgres".into());
    wrong.time_limit = Some(100_000);
    check(
        wrong,
        expect![[r#"
        query.name: has characters that a name cannot have
          hint: letters, digits, space, -, _ and . ; first a letter or digit; at most 100
        query.source: there is no source postgres
          hint: embedded is the engine over this server's tables
        query.time_limit: must be a number of seconds from 1 to 3600
          hint: the operator sets the longest time with query_time
        query.export.settings.max_paylod: is not a setting
          hint: did you mean max_payload?
        query.export.settings.data_object: must be one of prospects, list_memberships
          hint: did you mean prospects?
        query.export.settings.parallel_tasks: must be a whole number from 1 to 100
          hint: Calls under way at once. Pardot admits five per business unit, so more than 5 has the effect of 5.
        query.export.connection: there is no connection prodd
          hint: did you mean prod?
        query.sql: there is no table contact (line 1, column 15)
          hint: did you mean contacts? (invalid)
    "#]],
    )
    .await;
    check(
        spec("q", "SELECT emial\nFROM contacts"),
        expect![[r#"
        query.sql: there is no column emial (line 1, column 8)
          hint: did you mean email? (invalid)
    "#]],
    )
    .await;
    check(
        spec("q", "DROP TABLE contacts"),
        expect![[r#"
        query.sql: DROP is not allowed: a query is one SELECT
          hint: start with SELECT, WITH or VALUES; files are bound as tables outside SQL (invalid)
    "#]],
    )
    .await;
    check(
        spec("q", "SELECT 1; SELECT 2"),
        expect![[r#"
        query.sql: there are several statements: a query is one SELECT
          hint: keep one statement; a semicolon may only end it (invalid)
    "#]],
    )
    .await;
    check(
        exporting("q", "SELECT first_name AS \"Email\", id AS created_at FROM contacts", "", json!({})),
        expect![[r#"
        query.export.connection: is missing
          hint: name the connection that the rows go through
        query.sql: column Email is no field of a prospect
          hint: names are case-sensitive: write AS email
        query.sql: column created_at is read-only in Pardot
          hint: leave it out of the SELECT (invalid)
    "#]],
    )
    .await;
    let members = json!({ "data_object": "list_memberships" });
    check(
        exporting("q", "SELECT id AS prospect_id, id AS list FROM contacts", "prod", members),
        expect![[r#"
        query.sql: column list_id is required for list_memberships
          hint: SELECT … AS list_id
        query.sql: column list is no field of a list membership
          hint: select prospect_id and list_id alone (invalid)
    "#]],
    )
    .await;
}

#[tokio::test]
async fn custom_fields_are_checked_once_the_account_is_known() {
    let bench = bench().await;
    let app = &bench.app;
    let query = || exporting("q", "SELECT email, \"Colour\" AS \"Color\" FROM contacts", "prod", json!({}));
    // The account was never read: whether it has such a field is the job's to find out.
    app.create_query(&admin(), query()).await.unwrap();
    let stored = app.understood(app.connection_document("prod").await.unwrap()).unwrap();
    let account = api::AccountView {
        read: "2026-11-23T02:00:00Z".into(),
        api_version: None,
        ampsea: None,
        company: None,
        time_zone: None,
        calls_used: None,
        calls_limit: None,
        fields: vec![api::FieldView { name: "Colour".into(), label: "Colour".into(), r#type: "Text".into() }],
        lists: Vec::new(),
        remarks: Vec::new(),
    };
    let value = serde_json::to_value(account).unwrap();
    let change = Change::PutValue { name: format!("account:{}", stored.key()), value: Some(value) };
    app.0.store.apply(vec![change]).await.unwrap();
    expect![[r#"
        query.sql: column Color is no field of a prospect
          hint: did you mean Colour? (invalid)
    "#]]
    .assert_eq(&said(app.put_query(&admin(), "q", query(), None).await));
    let right = exporting("q", "SELECT email, \"Colour\" FROM contacts", "prod", json!({}));
    app.put_query(&admin(), "q", right, None).await.unwrap();
}

#[tokio::test]
async fn previews() {
    let bench = bench().await;
    let app = &bench.app;
    let ask = |sql: &str, limit: Option<u32>| PreviewRequest { sql: sql.into(), limit };
    let preview =
        app.preview(&actor(Scope::Run), ask("SELECT email, CAST(score AS INT) AS n FROM contacts", None)).await;
    expect![[r#"{"columns":[{"name":"email","type":"TEXT"},{"name":"n","type":"INT"}],"rows":[["ada@x.io","3"],[null,null]],"more":false}"#]]
        .assert_eq(&serde_json::to_string(&preview.unwrap()).unwrap());
    let series = "SELECT * FROM generate_series(1, 2000) AS s(n)";
    let preview = app.preview(&admin(), ask(series, Some(1_000))).await.unwrap();
    assert_eq!((preview.rows.len(), preview.more), (1_000, true));
    let none = app.preview(&admin(), ask("SELECT id FROM contacts WHERE false", Some(1))).await.unwrap();
    assert_eq!((none.columns.len(), none.rows.len(), none.more), (1, 0, false));
    for limit in [0, 1_001] {
        assert_eq!(
            said(app.preview(&admin(), ask("SELECT 1", Some(limit))).await),
            "limit: must be a number from 1 to 1000 (invalid)\n"
        );
    }
    assert_eq!(app.preview(&actor(Scope::Read), ask("SELECT 1", None)).await.unwrap_err().code(), "forbidden");
    for sql in ["SELECT * FROM '/etc/passwd'", "SELECT * FROM read_csv('/etc/passwd')", "COPY contacts TO '/tmp/x'"] {
        assert_eq!(app.preview(&admin(), ask(sql, None)).await.unwrap_err().code(), "invalid", "{sql}");
    }
    // A value that cannot be read is told without the value.
    expect![[r#"
        sql: the query failed while it ran: cannot cast a text to a whole number
          hint: TRY_CAST gives NULL where CAST fails; NULLIF(x, 0) avoids a division by zero (invalid)
    "#]]
    .assert_eq(&said(app.preview(&admin(), ask("SELECT CAST(email AS INT) AS n FROM contacts", None)).await));
}

#[tokio::test]
async fn each_query_of_a_page_has_its_newest_job() {
    let bench = bench().await;
    let app = &bench.app;
    for name in ["a", "b", "c"] {
        app.create_query(&admin(), spec(name, "SELECT 1 AS id")).await.unwrap();
    }
    let mut newest = Vec::new();
    for (id, name, later) in [("j1", "a", 0), ("j2", "a", 5), ("j3", "b", 1), ("j4", "a", 5), ("j5", "a", 2)] {
        let query = app.0.store.document(QUERY, name).await.unwrap().unwrap().id;
        let job = store::NewJob {
            id: id.parse().unwrap(),
            created: NOW + later,
            state: model::JobState::Queued,
            kind: store::JobKind::Result,
            origin: store::Origin::Server,
            query: Some(query),
            query_name: Some(name.into()),
            connection: None,
            actor: None,
            parent: None,
            scheduled: None,
            sql: "SELECT 1 AS id".into(),
            request: json!({}),
            business_unit: String::new(),
        };
        app.0.store.create_job(&job).await.unwrap();
    }
    for query in app.queries(&actor(Scope::Read), None, 10).await.unwrap().items {
        newest.push((query.spec.name, query.last_job.map(|job| job.id)));
    }
    let want = [("a", Some("j4")), ("b", Some("j3")), ("c", None)];
    assert_eq!(newest, want.map(|(name, job)| (name.to_owned(), job.map(str::to_owned))));
    let one = app.query(&admin(), "b").await.unwrap();
    assert_eq!(one.last_job.map(|job| job.id).as_deref(), Some("j3"));
}

#[tokio::test]
async fn nothing_is_left_of_a_deleted_query() {
    let bench = bench().await;
    let app = &bench.app;
    let scheduled = api::Schedule { cron: "@daily".into(), ..api::Schedule::default() };
    let query = QuerySpec { schedule: Some(scheduled), ..spec("a", "SELECT 1 AS id") };
    app.create_query(&admin(), query).await.unwrap();
    let id = app.0.store.document(QUERY, "a").await.unwrap().unwrap().id;
    let missed = store::Slot { schedule: id.clone(), scheduled: NOW, end: store::SlotEnd::Missed, at: NOW, note: None };
    let failed = Change::PutValue { name: crate::tell::outcome(&id), value: Some(json!({ "failed": "j1" })) };
    app.0.store.apply(vec![Change::InsertSlot(missed), failed]).await.unwrap();
    app.delete_query(&admin(), "a").await.unwrap();
    assert_eq!(app.0.store.value(&crate::tell::outcome(&id)).await.unwrap(), None);
    assert_eq!(app.0.store.slots(&id, None, 9).await.unwrap(), []);
    assert_eq!(app.0.store.document(crate::timetable::STANDING, &id).await.unwrap(), None);
}
