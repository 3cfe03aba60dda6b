//! The sandbox and the first export.

use api::{Place, Query, Role};
use askama::Template;
use console::first_export::{FirstExport, Progress, Steps, query};
use console::sandbox::{
    SandboxCall, SandboxFault, SandboxFigures, SandboxFound, SandboxJournal, SandboxList, SandboxLists, SandboxPage,
    SandboxProspect, SandboxProspectPage, SandboxProspects, SandboxSearch,
};
use console::{Faults, Form, Section};
use serde_json::json;

use crate::{Pages, chrome};

fn lists() -> Vec<SandboxList> {
    let list = |id, name: &str, dynamic, members| SandboxList { id, name: name.into(), dynamic, members };
    vec![
        list(101, "Newsletter", false, 493),
        list(103, "Webinar guests", false, 0),
        list(105, "<script>alert(1)</script>", false, 12),
        list(107, "Active this month", true, 0),
    ]
}

fn prospects(count: u64) -> Vec<SandboxProspect> {
    let prospect = |at: u64| SandboxProspect {
        id: 501 + 2 * at,
        email: format!("zoe.muller+{at}@example.com"),
        fields: [("first_name", "Zoë"), ("last_name", "Müller"), ("company", "Stark <Industries>"), ("city", "Zürich")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        lists: vec![101, 105],
    };
    (1..=count).map(prospect).collect()
}

fn call(number: u64, path: &str, status: Option<u16>, code: Option<u32>, fault: Option<&str>) -> SandboxCall {
    SandboxCall {
        number,
        at: "2026-11-23T20:10:00Z".into(),
        method: "POST".into(),
        path: path.into(),
        bytes: 12_345,
        status,
        code,
        fault: fault.map(Into::into),
    }
}

fn faults(on: bool) -> Vec<SandboxFault> {
    let fault = |key, title, help, on| SandboxFault { key, title, help, on };
    vec![
        fault("slow", "Every answer takes two seconds", "The job takes longer; nothing else changes.", on),
        fault("quota", "The daily calls are used up", "The job waits until the account's midnight.", false),
        fault("outage", "Pardot is down", "The job waits and asks again by itself.", on),
    ]
}

pub(crate) fn pages() -> Pages {
    let admin = chrome(Role::Admin, Section::Sandbox);
    let viewer = chrome(Role::Viewer, Section::Sandbox);
    let figures = SandboxFigures {
        address: "http://127.0.0.1:8089".into(),
        business_unit: "0Uv5e0000008OqACAU".into(),
        client_id: "3MVG9sandbox".into(),
        client_secret: "sandbox-secret".into(),
        started: "2026-11-23T20:00:00Z".into(),
        prospects: 493,
        lists: 4,
        calls_used: 1_312,
        calls_limit: 25_000,
        created: 493,
        updated: 12,
        refused: 3,
    };
    let calls = vec![
        call(1_204, "/api/prospect/version/3/do/batchUpsert", Some(200), None, None),
        call(1_203, "/api/prospect/version/3/do/batchUpsert", Some(503), None, Some("status_before")),
        call(1_202, "/api/prospect/version/4/do/query", Some(200), Some(89), None),
        call(1_201, "/services/oauth2/token", None, None, Some("reset_before")),
    ];
    let search = SandboxSearch { text: String::new(), list: None, skip: 50, most: 50 };
    let found = SandboxFound { total: 493, items: prospects(50) };
    let nobody = SandboxFound { total: 0, items: Vec::new() };
    let none = SandboxSearch { most: 50, ..SandboxSearch::default() };
    let looked = SandboxSearch { text: "nobody".into(), list: Some(101), ..none.clone() };
    let begun = Steps { rows: 500, lists: lists(), ..Steps::default() };
    let mut ready = begun.clone();
    (ready.connection, ready.table) = (Progress::Done, Progress::Done);
    let mut done = Steps { query: Progress::Done, ..ready.clone() };
    done.saved = Some(Query {
        revision: 1,
        created: String::new(),
        updated: String::new(),
        last_job: serde_json::from_value(json!({
            "id": "j7k2m9x4", "state": "success", "kind": "export", "created": "2026-11-23T20:10:00Z",
            "sentence": "490 of 500 rows are delivered", "origin": "server", "query": "first-export", "has_result": true, "can_continue": false
        }))
        .ok(),
        spec: query(&Form::read(b"sql=SELECT+email+FROM+contacts&prospect_lists=103"), None),
    });
    let old = Steps {
        connection: Progress::Again("It leads to a sandbox of an earlier start. Make it anew.".into()),
        table: Progress::Taken("There is a table contacts already, and it is not the sample. It is left alone.".into()),
        ..begun.clone()
    };
    let wrong = Faults::of([Place {
        at: "sql".into(),
        message: "there is no column emial".into(),
        hint: Some("did you mean email?".into()),
    }]);
    let form = Form::read(b"sql=SELECT+emial+FROM+contacts&prospect_lists=101");
    let first = |steps: &Steps, form: &Form, faults: &Faults| {
        FirstExport::new(&admin, steps.clone(), form, faults).render().expect("a page")
    };
    let pages: Vec<(&str, String)> = vec![
        ("overview", SandboxPage::new(&admin, figures.clone(), faults(true)).render().expect("a page")),
        ("overview-viewer", SandboxPage::new(&viewer, figures, faults(false)).render().expect("a page")),
        ("prospects", SandboxProspects::new(&admin, found, lists(), search).render().expect("a page")),
        ("prospects-empty", SandboxProspects::new(&admin, nobody.clone(), lists(), none).render().expect("a page")),
        ("prospects-nobody", SandboxProspects::new(&admin, nobody, lists(), looked).render().expect("a page")),
        ("prospect", SandboxProspectPage::new(&admin, prospects(1).remove(0), lists()).render().expect("a page")),
        ("lists", SandboxLists::new(&admin, lists()).render().expect("a page")),
        ("journal", SandboxJournal::new(&admin, calls, true, true).render().expect("a page")),
        ("journal-empty", SandboxJournal::new(&admin, Vec::new(), false, false).render().expect("a page")),
        ("first", first(&begun, &Form::default(), &Faults::none())),
        ("first-query", first(&ready, &Form::default(), &Faults::none())),
        ("first-wrong", first(&ready, &form, &wrong)),
        ("first-run", first(&done, &Form::default(), &Faults::none())),
        ("first-old", first(&old, &Form::default(), &Faults::none())),
    ];
    pages.into_iter().map(|(name, html)| (format!("sandbox-{name}"), html)).collect()
}
