//! Data Workbench: tables and queries.

use api::{Page, ParentSegment, Preview, Query, Role, ScheduleView, Table};
use askama::Template;
use console::queries::{Asks, Bench, Beside, QueryList, QueryPage, Typed};
use console::tables::{Look, NewTable, Opened, TableList, TablePage};
use console::{Chrome, Faults, Form, Section};
use serde_json::{Value, json};

use crate::{Pages, chrome};

const HOSTILE: &str = "<script>alert(1)</script>";
const DAY: &str = "2026-11-23T02:00:01Z";

fn table(name: &str, more: Value) -> Table {
    let mut all = json!({"name": name, "revision": 3, "created": DAY, "updated": DAY, "kind": "uploaded", "format": "csv",
        "bytes": 1_449_000, "rows": 10_000, "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "columns": [{"name": "email", "type": "text"}, {"name": "first_name", "type": "text"}, {"name": "Score", "type": "bigint"}]});
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    serde_json::from_value(all).expect("a table")
}

fn tables() -> Vec<Table> {
    let files = "exports/2026/orders-*.parquet?types=infer";
    vec![
        table("contacts", json!({"used_by": ["nightly", "parent segment people"]})),
        table(
            "orders",
            json!({"kind": "bound", "files": files, "format": null, "rows": null, "columns": [], "bytes": null}),
        ),
        table(&"a_very_long_name_".repeat(6)[..100], json!({"rows": 1, "bytes": 12})),
    ]
}

fn query(name: &str, more: Value) -> Query {
    let mut all = json!({"revision": 2, "created": DAY, "updated": DAY, "name": name, "overlap": "queue",
        "sql": "SELECT email, first_name, score\nFROM contacts\n-- those who did something\nWHERE score > 10 AND country = 'DE'\n"});
    if let (Value::Object(all), Value::Object(more)) = (&mut all, more) {
        all.extend(more);
    }
    serde_json::from_value(all).expect("a query")
}

fn nightly() -> Query {
    query(
        "Nightly contacts",
        json!({"description": "Everybody who did something since yesterday, for the newsletter list.",
        "export": {"connection": "prod", "settings": {"prospect_lists": "42,43"}}, "time_limit": 600,
        "schedule": {"cron": "0 2 * * 1-5", "timezone": "Europe/Berlin"},
        "notify": {"recipients": ["ada@example.com"], "webhooks": []}, "last_job": job("success")}),
    )
}

fn job(state: &str) -> Value {
    json!({"id": "j1", "state": state, "sentence": "", "kind": "export", "origin": "server", "created": DAY,
        "has_result": true, "can_continue": false})
}

fn queries() -> Page<Query> {
    let states = ["success", "failed", "sending", "parked_quota", "killed"];
    let mut items = vec![
        nightly(),
        query(HOSTILE, json!({"description": format!("{HOSTILE} {}", "long ".repeat(60))})),
        query("رسائل العملاء", json!({"description": "نص من اليمين إلى اليسار"})),
        query(&"Name without a space".replace(' ', "_").repeat(5), json!({"schedule": {"cron": "@hourly"}})),
    ];
    items.extend((0..20).map(|i| query(&format!("query {i}"), json!({"last_job": job(states[i % 5])}))));
    Page { items, next: Some("query 19".into()) }
}

fn parents() -> Vec<ParentSegment> {
    let columns = json!([{"name": "email", "type": "string"}, {"name": "tier", "type": "string"}]);
    let parent = json!({"id": 1, "revision": 1, "created": DAY, "created_by": "ada", "updated": DAY, "updated_by": "ada",
        "spec": {"name": "people", "master": {"table": "contacts", "key": "email"}}, "segments": 0,
        "snapshot": {"at": DAY, "job": "j", "population": 1, "joins": [], "columns": columns,
            "behaviors": [{"name": "orders", "columns": columns}]}});
    serde_json::from_value(parent).into_iter().collect()
}

fn bench(chrome: &Chrome) -> Bench {
    let schedule: Option<ScheduleView> =
        serde_json::from_value(json!({"query": "n", "schedule": {"cron": "0 2 * * 1-5"},
        "words": "At 02:00", "state": "active", "failures": 0,
        "next": [{"scheduled": DAY, "local": "2:00", "starts": "2026-11-24T02:00:00Z"}]}))
        .ok();
    let yaml = "name: Nightly contacts\nsql: |-\n  SELECT email\n  FROM contacts\n".to_owned();
    let beside = Beside::new(tables(), parents(), true, chrome.edits());
    Bench { beside, schedule, yaml: Some(yaml), longest: 3_600 }
}

fn rows() -> Preview {
    let column = |name: &str| json!({"name": name, "type": "text"});
    let names = ["email", "first_name", "company", "job_title", "comments", "country"];
    let row = |i: usize| {
        json!([
            format!("person{i}@example.com"),
            if i.is_multiple_of(3) { Value::Null } else { json!("Ada") },
            HOSTILE,
            "نص",
            "word ".repeat(if i == 2 { 100 } else { 3 }),
            "DE"
        ])
    };
    let all = json!({"columns": names.map(column), "rows": (0..30).map(row).collect::<Vec<_>>(), "more": true});
    serde_json::from_value(all).expect("rows")
}

fn places(places: Value) -> Faults {
    Faults::of(serde_json::from_value::<Vec<api::Place>>(places).expect("places"))
}

fn none<T>() -> Page<T> {
    Page { items: Vec::new(), next: None }
}

pub(crate) fn pages() -> Pages {
    let editor = chrome(Role::Editor, Section::Tables);
    let viewer = chrome(Role::Viewer, Section::Tables);
    let mut pages = Pages::new();
    let mut keep = |name: &str, html: askama::Result<String>| pages.push((name.to_owned(), html.expect("a page")));
    keep("tables-list", TableList::new(&editor, Page { items: tables(), next: Some("x".into()) }, true).render());
    keep("tables-empty", TableList::new(&editor, none(), false).render());
    keep("tables-empty-viewer", TableList::new(&viewer, none(), false).render());
    new_tables(&editor, &mut keep);
    table_pages(&editor, &viewer, &mut keep);
    keep("queries-list", QueryList::new(&editor, queries(), "", true).render());
    keep("queries-empty", QueryList::new(&editor, none(), "", false).render());
    keep("queries-nothing-found", QueryList::new(&viewer, none(), HOSTILE, false).render());
    query_pages(&editor, &viewer, &mut keep);
    pages
}

fn new_tables(editor: &Chrome, keep: &mut impl FnMut(&str, askama::Result<String>)) {
    let roots = || vec!["/data/exports".to_owned(), "/data/crm".to_owned()];
    let most = 10 << 30;
    keep("tables-new", NewTable::new(editor, &Form::default(), &Faults::none(), roots(), most).render());
    let wrong = places(
        json!([{"at": "name", "message": "is not a name that SQL reads without quotes", "hint": "write my_table"},
        {"at": "upload", "message": "is missing", "hint": "choose a file"}]),
    );
    let form = Form::read(b"name=My+Table&format=csv");
    keep("tables-new-wrong", NewTable::new(editor, &form, &wrong, Vec::new(), most).render());
    let wrong = places(json!([{"at": "files", "message": "/etc/passwd lies outside the table roots",
        "hint": "files may lie in /data/exports"}]));
    let form = Form::read(b"how=bind&name=users&files=/etc/passwd");
    keep("tables-new-bind-wrong", NewTable::new(editor, &form, &wrong, roots(), most).render());
}

fn table_pages(editor: &Chrome, viewer: &Chrome, keep: &mut impl FnMut(&str, askama::Result<String>)) {
    let opened = |index: usize, look: Look, deletes: bool| {
        let table = tables().swap_remove(index);
        Opened { table, look, deletes, yaml: "name: contacts\nuploaded: 9f86\n".into(), most: 10 << 30 }
    };
    let (form, right) = (Form::default(), Faults::none());
    keep("tables-one", TablePage::new(editor, opened(0, Look::Rows(rows()), false), &form, &right).render());
    keep("tables-one-viewer", TablePage::new(viewer, opened(0, Look::Later, false), &form, &right).render());
    let mut broken = opened(1, Look::Refused("no file matches exports/2026/orders-*.parquet".into()), false);
    broken.table.remark = Some("no file matches exports/2026/orders-*.parquet".into());
    keep("tables-one-broken", TablePage::new(editor, broken, &form, &right).render());
    keep("tables-one-delete", TablePage::new(editor, opened(2, Look::Later, true), &form, &right).render());
}

fn query_pages(editor: &Chrome, viewer: &Chrome, keep: &mut impl FnMut(&str, askama::Result<String>)) {
    let query = nightly();
    let typed = |body: &str| Form::read(format!("_revision=1&name=Nightly+contacts&sql={body}").as_bytes());
    keep("queries-one", QueryPage::of(editor, &query, bench(editor), Typed::default()).render());
    keep("queries-one-viewer", QueryPage::of(viewer, &query, bench(viewer), Typed::default()).render());
    let shown = Typed { rows: Some(rows()), form: Some(typed("SELECT+1")), ..Typed::default() };
    keep("queries-one-rows", QueryPage::of(editor, &query, bench(editor), shown).render());
    let wrong = places(json!([
        {"at": "sql", "message": "there is no column emial (line 2, column 8)", "hint": "did you mean email?"},
        {"at": "time_limit", "message": "must be a number of seconds from 1 to 3600"}]));
    let wrong =
        Typed { faults: wrong, form: Some(typed("SELECT+emial+FROM+contacts&time_limit=9999")), ..Typed::default() };
    keep("queries-one-wrong", QueryPage::of(editor, &query, bench(editor), wrong).render());
    let stale = Typed { stale: true, form: Some(typed("SELECT+mine")), ..Typed::default() };
    keep("queries-one-stale", QueryPage::of(editor, &query, bench(editor), stale).render());
    let asks = Typed { asks: Some(Asks::Run), form: Some(typed("SELECT+2")), ..Typed::default() };
    keep("queries-one-run", QueryPage::of(editor, &query, bench(editor), asks).render());
    let asks = Typed { asks: Some(Asks::Delete), ..Typed::default() };
    let hostile = queries().items.swap_remove(1);
    keep("queries-hostile-delete", QueryPage::of(editor, &hostile, bench(editor), asks).render());
    let empty =
        Bench { beside: Beside::new(Vec::new(), Vec::new(), false, true), yaml: None, schedule: None, longest: 60 };
    keep("queries-new", QueryPage::new(editor, empty, Typed::default()).render());
}
