//! Whole projects: read, compared, written.

use std::collections::BTreeMap;

use api::{
    AppKind, Connection, ConnectionState, Export, GrantKind, Overlap, Query, QuerySpec, SecretsSet, SettingsMap, Table,
    TableKind,
};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Actual, PlanOptions, Project, parse, plan, render, schema};

mod audiences;
mod schedules;

fn files(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

fn good() -> Vec<(String, String)> {
    files(&[
        (
            "connections/prod.yaml",
            "name: prod\nbusiness_unit: 0Uv000000000001AAA\nclient_id: abc\nclient_secret: env:PROD_SECRET\n\
             refresh_token: file:secrets/token\n",
        ),
        (
            "tables/contacts.yaml",
            "name: contacts\nfiles: contacts/*.parquet\n---\nname: scores\nupload: data/scores.csv\n",
        ),
        (
            "queries/nightly.yaml",
            "name: nightly\nsql_file: nightly.sql\nexport:\n  connection: prod\n  settings:\n    parallel_tasks: 5\n    \
             skip_invalid_records: true\n",
        ),
        ("queries/nightly.sql", "SELECT email FROM contacts\n"),
        ("all.yaml", "kind: query\nname: small one\nsql: |\n  SELECT 1\n"),
        ("README.md", "not: [a document"),
    ])
}

fn sums() -> BTreeMap<String, String> {
    BTreeMap::from([("scores".to_owned(), "aa".repeat(32))])
}

fn connection(name: &str) -> Connection {
    Connection {
        name: name.into(),
        revision: 3,
        created: String::new(),
        updated: String::new(),
        pardot_domain: "https://pi.pardot.com".into(),
        business_unit: "0Uv000000000001AAA".into(),
        connected_app: AppKind::Custom,
        client_id: Some("abc".into()),
        login_url: "https://login.salesforce.com".into(),
        grant: GrantKind::RefreshToken,
        username: None,
        audience: None,
        secrets: SecretsSet { client_secret: true, refresh_token: true, private_key: false },
        reserve: 10,
        daily_budget: 0,
        state: ConnectionState::Connected,
        remark: None,
        used_by: Vec::new(),
    }
}

fn table(name: &str, files: Option<&str>, sha256: Option<String>) -> Table {
    Table {
        name: name.into(),
        revision: 2,
        created: String::new(),
        updated: String::new(),
        kind: if files.is_some() { TableKind::Bound } else { TableKind::Uploaded },
        files: files.map(str::to_owned),
        format: None,
        bytes: None,
        sha256,
        rows: None,
        columns: Vec::new(),
        remark: None,
        used_by: Vec::new(),
    }
}

fn query(spec: QuerySpec) -> Query {
    Query { revision: 7, created: String::new(), updated: String::new(), last_job: None, spec }
}

fn settings(value: &Value) -> SettingsMap {
    SettingsMap(value.as_object().cloned().unwrap_or_default())
}

/// What `good` makes.
fn equal() -> Actual {
    let export = Export {
        connection: "prod".into(),
        settings: settings(&json!({"parallel_tasks": "5", "skip_invalid_records": "true"})),
    };
    let nightly = QuerySpec {
        name: "nightly".into(),
        sql: "SELECT email FROM contacts".into(),
        source: Some("embedded".into()),
        export: Some(export),
        ..QuerySpec::default()
    };
    let small = QuerySpec { name: "small one".into(), sql: "SELECT 1".into(), ..QuerySpec::default() };
    Actual {
        connections: vec![connection("prod")],
        tables: vec![table("contacts", Some("contacts/*.parquet"), None), table("scores", None, Some("aa".repeat(32)))],
        queries: vec![query(nightly), query(small)],
        ..Actual::default()
    }
}

#[track_caller]
fn refused(given: &[(&str, &str)], want: Expect) {
    let problems = parse(&files(given)).expect_err("accepted");
    want.assert_eq(&problems.to_string());
}

#[track_caller]
fn planned(project: &Project, actual: &Actual, options: PlanOptions, want: Expect) {
    let text = match plan(project, &sums(), actual, options) {
        Ok(plan) => plan.to_string(),
        Err(problems) => format!("problems:\n{problems}"),
    };
    want.assert_eq(&text);
}

#[test]
fn everything_wrong_is_said_at_once_with_file_and_line() {
    refused(
        &[
            ("connections/a.yaml", "name: a\nbusines_unit: 0Uv\nclient_secret: hunter2hunter2\ngrant: password\n"),
            (
                "tables/t.yaml",
                "name: T\nfiles: x\n---\nname: u\n---\nname: v\nupload: ../v.csv\n---\nname: w\nupload: w.xls\n",
            ),
            (
                "queries/q.yaml",
                "# a query\nname: q\nsql_file: qq.sql\nexport:\n  connection: prod\n  settings:\n    max_paylod: 5\n    \
                 parallel_tasks: many\n---\nname: q\nsql: SELECT 1\ntime_limit: soon\n",
            ),
            ("queries/q1.sql", "SELECT 1"),
            ("x.yaml", "name: x\n"),
            ("tables/y.yaml", "kind: query\nname: y\n"),
            ("z.yaml", "kind: [\n"),
        ],
        expect![[r#"
            connections/a.yaml:2: busines_unit: is not a name that is known here
              hint: did you mean business_unit?
            connections/a.yaml:3: client_secret: must say where the secret is, not what it is
              hint: write env:NAME for a variable of the environment, or file:PATH; a secret that stood in a file of a project should be changed
            connections/a.yaml:1: business_unit: is missing
            connections/a.yaml:4: grant: must be refresh_token, client_credentials or jwt_bearer
            tables/t.yaml:1: name: must be a lower-case letter or _, then letters, digits and _, at most 100
              hint: choose another name
            tables/t.yaml:4: name: has no rows
              hint: write files: for files of the server, or upload: for a file of the project
            tables/t.yaml:7: upload: leads out of the project
              hint: name a file below the project's folder
            tables/t.yaml:10: upload: ends in no known form
              hint: name a .csv, .jsonl or .parquet file
            queries/q.yaml:3: sql_file: there is no file queries/qq.sql
              hint: did you mean queries/q1.sql?
            queries/q.yaml:7: export.settings.max_paylod: is not a setting
              hint: did you mean max_payload?
            queries/q.yaml:8: export.settings.parallel_tasks: must be a whole number from 1 to 100
              hint: Calls under way at once. Pardot admits five per business unit, so more than 5 has the effect of 5.
            queries/q.yaml:12: time_limit: must be a whole number of seconds
            queries/q.yaml:10: name: query q is also written in queries/q.yaml:2
              hint: each name stands once in a project
            x.yaml:1: kind: is missing
              hint: write kind: connection, table, query, parent_segment, segment or activation; or put the file into one of connections/, tables/, queries/, parent-segments/, segments/, activations/
            tables/y.yaml:1: kind: is query in a folder of tables
              hint: move the file, or leave kind out
            z.yaml:1: is no YAML mapping
              hint: write one `name: value` a line, each name once, --- between documents; a text that begins with @ or * stands in quotes"#]],
    );
}

#[test]
fn nothing_to_do_when_both_are_equal() {
    let project = parse(&good()).unwrap();
    planned(&project, &equal(), PlanOptions::default(), expect!["nothing to do: 5 things are as the project has them"]);
    let prune = PlanOptions { prune: true, secrets: false };
    planned(&project, &equal(), prune, expect!["nothing to do: 5 things are as the project has them"]);
}

#[test]
fn steps_come_in_the_order_in_which_they_can_be_done() {
    let project = parse(&good()).unwrap();
    planned(
        &project,
        &Actual::default(),
        PlanOptions::default(),
        expect![[r#"
        + connection prod (with client_secret, refresh_token)
        + table contacts (contacts/*.parquet)
        + table scores (data/scores.csv, uploaded)
        + query nightly
        + query small one
        5 to create, 0 to change, 0 to delete, 0 the same"#]],
    );
    let mut other = equal();
    other.connections[0].login_url = "https://test.salesforce.com".into();
    other.connections.push(connection("old"));
    other.tables[0].files = Some("old/*.csv".into());
    other.tables[1].sha256 = Some("bb".repeat(32));
    other.tables.push(table("older", Some("x"), None));
    other.queries[0].spec.sql = "SELECT\n2".into();
    if let Some(export) = &mut other.queries[0].spec.export {
        export.settings = settings(&json!({"parallel_tasks": 1, "prospect_lists": [1, 2]}));
    }
    other.queries[1].spec.name = "oldest".into();
    planned(
        &project,
        &other,
        PlanOptions::default(),
        expect![[r#"
            ~ connection prod: login_url https://test.salesforce.com → https://login.salesforce.com, client_secret → env:PROD_SECRET, refresh_token → file:secrets/token
            ~ table contacts: files old/*.csv → contacts/*.parquet
            ~ table scores: upload → data/scores.csv
            ~ query nightly: sql, export.settings.parallel_tasks 1 → 5, export.settings.prospect_lists 1,2 → none, export.settings.skip_invalid_records → true
            + query small one
            1 to create, 4 to change, 0 to delete, 0 the same
            only on the server, and kept (--prune deletes): query oldest, table older, connection old"#]],
    );
    planned(
        &project,
        &other,
        PlanOptions { prune: true, secrets: false },
        expect![[r#"
            ~ connection prod: login_url https://test.salesforce.com → https://login.salesforce.com, client_secret → env:PROD_SECRET, refresh_token → file:secrets/token
            ~ table contacts: files old/*.csv → contacts/*.parquet
            ~ table scores: upload → data/scores.csv
            ~ query nightly: sql, export.settings.parallel_tasks 1 → 5, export.settings.prospect_lists 1,2 → none, export.settings.skip_invalid_records → true
            + query small one
            − query oldest
            − table older
            − connection old
            1 to create, 4 to change, 3 to delete, 0 the same"#]],
    );
}

#[test]
fn secrets_are_sent_where_there_are_none_or_when_asked() {
    let project = parse(&good()).unwrap();
    let mut actual = equal();
    actual.connections[0].secrets.refresh_token = false;
    planned(
        &project,
        &actual,
        PlanOptions::default(),
        expect![[r#"
        ~ connection prod: refresh_token → file:secrets/token
        0 to create, 1 to change, 0 to delete, 4 the same"#]],
    );
    planned(
        &project,
        &equal(),
        PlanOptions { prune: false, secrets: true },
        expect![[r#"
        ~ connection prod: client_secret → env:PROD_SECRET, refresh_token → file:secrets/token
        0 to create, 1 to change, 0 to delete, 4 the same"#]],
    );
}

#[test]
fn what_no_side_has_is_a_problem() {
    let text = [
        ("queries/q.yaml", "name: q\nsql: SELECT 1\nexport: {connection: prood}\n"),
        ("tables/t.yaml", "name: scores\nuploaded: cc\n"),
    ];
    let project = parse(&files(&text)).unwrap();
    planned(
        &project,
        &equal(),
        PlanOptions::default(),
        expect![[r#"
            problems:
            tables/t.yaml:1: uploaded: the server does not have this file, and neither has the project
              hint: put the file into the project and name it with upload:
            queries/q.yaml:3: export.connection: there is no connection prood
              hint: did you mean prod?"#]],
    );
}

#[test]
fn what_can_be_known_of_a_connection_is_said_when_it_is_read() {
    refused(
        &[(
            "connections/a.yaml",
            "name: a\nbusiness_unit: 0Uv5e\npardot_domain: http://pi.pardot.com\nlogin_url: https://a/b\n",
        )],
        expect![[r#"
            connections/a.yaml:3: pardot_domain: the address must start with https://
              hint: use https://pi.pardot.com, or https://pi.demo.pardot.com for sandboxes and developer orgs
            connections/a.yaml:2: business_unit: a business unit id has 18 characters, this has 5
              hint: copy it from Salesforce: Setup, Business Unit Setup (Account Engagement); it looks like 0Uv5e0000008OqACAU
            connections/a.yaml:4: login_url: the address must not have a path or a query
              hint: use https://login.salesforce.com, https://test.salesforce.com for sandboxes, or the My Domain address that ends with .my.salesforce.com"#]],
    );
}

#[test]
fn a_name_that_may_stand_in_an_unread_document_is_not_missed() {
    let wrong = |path: &str| {
        let text = [("queries/q.yaml", "name: q\nsql: SELECT 1\nexport: {connection: a}\n"), (path, "name: [\n")];
        let (project, problems) = crate::gather(&files(&text));
        let (plan, found) = crate::compare(&project, &sums(), &Actual::default(), PlanOptions::default());
        assert_eq!((plan.steps.len(), problems.iter().count()), (1, 1));
        found.iter().count()
    };
    assert_eq!(wrong("connections/a.yaml"), 0);
    assert_eq!(wrong("anywhere.yaml"), 0);
    assert_eq!(wrong("queries/a.yaml"), 1);
}

#[test]
fn a_plan_is_json_too() {
    let project = parse(&good()).unwrap();
    let mut actual = equal();
    actual.tables[0].files = Some("x".into());
    let found = plan(&project, &sums(), &actual, PlanOptions::default()).unwrap();
    expect![[r#"{"steps":[{"act":"update","kind":"table","name":"contacts","differences":[{"field":"files","from":"x","to":"contacts/*.parquet"}],"revision":2}],"same":4,"kept":[]}"#]].assert_eq(&serde_json::to_string(&found).unwrap());
}

#[test]
fn what_is_written_is_read_back() {
    let mut actual = equal();
    actual.connections[0].secrets.private_key = true;
    actual.queries[1].spec.overlap = Overlap::Skip;
    actual.queries[1].spec.time_limit = Some(60);
    actual.queries[1].spec.description = Some("no: \"really\"\n".into());
    let written = render(&actual);
    let shown: Vec<String> = written[1..].iter().map(|(path, text)| format!("== {path}\n{text}")).collect();
    expect![[r#"
        == connections/prod.yaml
        # yaml-language-server: $schema=../sluice.schema.json
        name: prod
        pardot_domain: https://pi.pardot.com
        business_unit: "0Uv000000000001AAA"
        connected_app: custom
        client_id: abc
        login_url: https://login.salesforce.com
        grant: refresh_token
        # Secrets are never written. They are sent where the server has none, from these places:
        client_secret: env:PROD_CLIENT_SECRET
        private_key: env:PROD_PRIVATE_KEY
        # refresh_token: env:PROD_REFRESH_TOKEN (or press Connect)
        == tables/contacts.yaml
        # yaml-language-server: $schema=../sluice.schema.json
        name: contacts
        files: "contacts/*.parquet"
        == tables/scores.yaml
        # yaml-language-server: $schema=../sluice.schema.json
        name: scores
        # The uploaded file stays on the server. To keep it in the project, name it with upload: instead.
        uploaded: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        == queries/nightly.yaml
        # yaml-language-server: $schema=../sluice.schema.json
        name: nightly
        sql_file: nightly.sql
        source: embedded
        export:
          connection: prod
          settings:
            parallel_tasks: 5
            skip_invalid_records: true
        == queries/nightly.sql
        SELECT email FROM contacts
        == queries/small one.yaml
        # yaml-language-server: $schema=../sluice.schema.json
        name: "small one"
        description: "no: \"really\"\n"
        sql_file: "small one.sql"
        overlap: skip
        time_limit: 60
        == queries/small one.sql
        SELECT 1
    "#]]
    .assert_eq(&shown.join(""));
    let project = parse(&written).unwrap();
    planned(
        &project,
        &actual,
        PlanOptions { prune: true, secrets: false },
        expect!["nothing to do: 5 things are as the project has them"],
    );
}

#[test]
fn the_schema_stands_alone_and_knows_every_name() {
    let text = schema().to_string();
    assert!(!text.contains("#/components"), "{text}");
    let schema = schema();
    for reference in text.split("\"$ref\":\"#/$defs/").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(schema["$defs"].get(reference).is_some(), "{reference} is defined");
    }
    let names: Vec<&String> = schema["$defs"]["table"]["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["kind", "name", "files", "upload", "uploaded"]);
    assert_eq!(schema["$defs"]["connection"]["required"], json!(["name", "business_unit"]));
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "[ -~]{0,20}",
        any::<String>(),
        Just("true".into()),
        Just("1e3".into()),
        Just("a: b".into())
    ]
}

proptest! {
    #[test]
    fn pulled_then_planned_is_nothing_to_do(
        names in proptest::collection::btree_set("[A-Za-z0-9_.-]{1,12}", 0..4),
        queries in proptest::collection::btree_map("[A-Za-z0-9_. -]{0,8}[A-Za-z0-9_.-]", (text(), text(), 1_u64..9), 0..5),
        domain in prop_oneof![Just("https://pi.pardot.com"), Just("https://pi.demo.pardot.com")],
        username in proptest::option::of(text()),
    ) {
        let connections: Vec<Connection> = names
            .iter()
            .map(|name| Connection { pardot_domain: domain.into(), username: username.clone(), ..connection(name) })
            .collect();
        let queries = queries.iter().map(|(name, (description, sql, tasks))| {
            let export = connections.first().map(|connection| Export {
                connection: connection.name.clone(),
                settings: settings(&json!({"parallel_tasks": tasks})),
            });
            query(QuerySpec {
                name: name.trim().into(),
                description: Some(description.clone()),
                sql: sql.clone(),
                export,
                ..QuerySpec::default()
            })
        });
        let mut queries: Vec<Query> = queries.collect();
        queries.dedup_by(|one, other| one.spec.name == other.spec.name);
        let mut seen = std::collections::BTreeSet::new();
        queries.retain(|query| seen.insert(query.spec.name.clone()));
        let actual = Actual { connections, queries, ..Actual::default() };
        let written = render(&actual);
        let project = parse(&written).map_err(|problems| TestCaseError::fail(problems.to_string()))?;
        let plan = plan(&project, &BTreeMap::new(), &actual, PlanOptions { prune: true, secrets: false });
        let plan = plan.map_err(|problems| TestCaseError::fail(problems.to_string()))?;
        prop_assert!(plan.is_empty(), "{plan}");
    }

    #[test]
    fn any_text_is_read_or_refused(yaml in any::<String>()) {
        let _ = parse(&[("queries/x.yaml".to_owned(), yaml)]);
    }
}
