//! Audience Studio: parent segments, segments, activations.

use std::collections::BTreeMap;

use api::{
    Activation, ActivationLook, AudienceCheck, Column, CronExplanation, Job, ParentSegment, Preview, Role, Segment,
    SegmentLook,
};
use askama::Template;
use console::activations::{ActivationForm, ActivationPage, CopyPage, Desk, Look};
use console::parent_segments::{Checked, Definition, Deletion, Known, ParentList, ParentPage, Profiles, Seen};
use console::segments::{About, Columns, Count, Saved, SegmentPage, Viewed};
use console::{Chrome, Copied, Faults, Form, Newer, Section, activations, parent_segments, part, segments};
use serde_json::{Value, json};

use crate::{Pages, chrome};

const HOSTILE: &str = "<script>alert(1)</script> שלום \"'>";

fn parent(name: &str, refreshed: bool) -> ParentSegment {
    let join = |at: &str, table: &str, level: &str, orphans: u64| {
        json!({"at": at, "table": table, "level": level, "message": "some rows have a key that no profile has",
            "hint": "they are left out", "rows": 1_204_331, "keys": 998_120, "without_key": 12, "repeated": 0,
            "matched": 720_114, "orphans": orphans})
    };
    let column = |name: &str, of: &str, group: &str| json!({"name": name, "type": of, "group": group});
    let snapshot = json!({
        "at": "2026-11-23T02:04:11Z", "job": "1ng8pt7tc60a", "population": 1_000_000,
        "joins": [join("master", "contacts", "ok", 0), join("attributes[0]", "loyalty", "ok", 0), join("behaviors[0]", "orders", "warning", 3_120)],
        "columns": [column("email", "string", "contacts"), column("country", "string", "contacts"), column("score", "number", "contacts"),
            column("birthday", "date", "contacts"), column("last_seen", "timestamp", "contacts"), column("newsletter", "boolean", "contacts"),
            column("interests", "string_array", "contacts"), column("tier", "string", "Loyalty")],
        "behaviors": [{"name": "orders", "time": "ordered_at", "events": 3_400_211, "columns": [
            column("amount", "number", "orders"), column("product", "string", "orders"), column("ordered_at", "timestamp", "orders")]}]
    });
    let mut parent = json!({
        "id": 1, "revision": 4, "created": "2026-11-01T09:00:00Z", "created_by": "ada@example.com",
        "updated": "2026-11-20T09:00:00Z", "updated_by": "ada@example.com", "segments": 12,
        "spec": {
            "name": name, "description": "Everybody who bought or signed up", "owner": "crm@example.com", "timezone": "Europe/Berlin",
            "master": {"table": "contacts", "key": "contact_id", "filters": [{"column": "status", "values": ["active", "trial"]}]},
            "attributes": [
                {"name": "tier", "table": "loyalty", "parent_key": "contact", "foreign_key": "contact_id", "group": "Loyalty"},
                {"name": "birthday", "type": "date"}
            ],
            "behaviors": [{"name": "orders", "table": "orders", "parent_key": "contact_id", "time": "ordered_at", "columns": [
                {"name": "amount", "type": "number"}, {"name": "product"}]}],
            "schedule": {"repeat": "daily", "start": "2026-12-01 03:00", "timezone": "Europe/Berlin"},
            "notify": {"recipients": ["crm@example.com"]}
        }
    });
    if refreshed {
        parent["snapshot"] = snapshot;
    }
    serde_json::from_value(parent).unwrap()
}

fn columns() -> Columns {
    let snapshot = parent("people", true).snapshot.unwrap();
    Columns { attributes: snapshot.columns, behaviors: snapshot.behaviors }
}

fn job(state: &str, finished: bool) -> Job {
    let mut job = json!({
        "id": "1ng8pt7tc60a", "state": state, "sentence": "It is at work.", "kind": "export", "origin": "server", "activation": "Buyers to list 101",
        "connection": "prod", "created": "2026-11-23T02:00:00Z", "started": "2026-11-23T02:00:01Z", "scheduled": "2026-11-23T02:00:00Z",
        "has_result": false, "can_continue": false
    });
    if finished {
        job["finished"] = json!("2026-11-23T02:04:11Z");
    }
    serde_json::from_value(job).unwrap()
}

fn rule() -> Value {
    json!({"type": "And", "conditions": [
        {"type": "And", "conditions": [
            {"type": "Value", "leftValue": {"name": "country"}, "operator": {"type": "In", "not": false, "rightValues": ["DE", "AT", "CH"]}},
            {"type": "Value", "leftValue": {
                "source": {"name": "orders"}, "aggregation": {"type": "Sum", "column": "amount"},
                "filter": {"type": "And", "conditions": [{"type": "Column", "column": "product", "operator": {"type": "Equal", "not": false, "rightValue": "book"}}]},
                "window": {"type": "TimeSliding", "duration": {"day": 90}}},
                "operator": {"type": "Greater", "not": false, "rightValue": 500}},
        ]},
        {"type": "Or", "conditions": [
            {"type": "Value", "exclude": true, "arrayMatching": {"atLeast": 2}, "leftValue": {"name": "interests"}, "operator": {"type": "Contain", "not": false, "rightValues": ["tax"]}},
            {"type": "Value", "leftValue": {"name": "last_seen"}, "operator": {"type": "Less", "not": false, "rightValue": {"last": 90, "unit": "day"}}},
        ]},
        {"type": "Reference", "id": 3, "exclude": true},
    ]})
}

fn segment(name: &str, rule: &Value) -> Segment {
    serde_json::from_value(json!({
        "id": 7, "revision": 2, "created": "2026-11-01T09:00:00Z", "created_by": "ada@example.com", "updated": "2026-11-20T09:00:00Z",
        "updated_by": "ada@example.com", "population": {"count": 62_327, "at": "2026-11-23T08:00:00Z"}, "referenced_by": ["Newsletter"],
        "activations": ["Buyers to list 101"],
        "spec": {"name": name, "parent_segment": "people", "folder": "Europe/Buyers", "description": "Bought for more than 500", "rule": rule}
    }))
    .unwrap()
}

fn saved(chrome: &Chrome, segment: Segment) -> Saved {
    let copied = Copied::command(&["segments", "count", &segment.spec.name], &chrome.server)
        .yaml("name: Recent buyers\n".into());
    Saved { part: part(&segment.spec.name), segment, copied }
}

fn about() -> About {
    About {
        parent: "people".into(),
        columns: columns(),
        others: vec![(3, "Unsubscribed".into()), (4, HOSTILE.into())],
        folders: vec!["Europe".into(), "Europe/Buyers".into()],
        remark: None,
    }
}

fn place(at: &str, message: &str) -> api::Place {
    api::Place { at: at.into(), message: message.into(), hint: Some("did you mean country?".into()) }
}

fn look() -> SegmentLook {
    SegmentLook {
        count: 62_327,
        population: 1_000_000,
        refreshed: "2026-11-23T02:04:11Z".into(),
        sql: "SELECT c.\"email\", c.\"country\"\nFROM cdp_audience_1.customers c\nWHERE c.\"country\" IN ('DE', 'AT', 'CH')".into(),
        sample: Some(preview()),
        seconds: 0.4,
    }
}

fn preview() -> Preview {
    let rows = json!([["ada@example.com", "DE", null], [HOSTILE, "AT", "x".repeat(400)]]);
    serde_json::from_value(
        json!({"columns": [{"name": "email", "type": "VARCHAR"}, {"name": "country", "type": "VARCHAR"},
        {"name": "note", "type": "VARCHAR"}], "rows": rows, "more": true}),
    )
    .unwrap()
}

fn explained() -> CronExplanation {
    let fire = |day: u32| json!({"scheduled": format!("2026-12-0{day}T02:00:00Z"), "local": format!("2026-12-0{day} 03:00 CET"), "starts": format!("2026-12-0{day}T02:00:00Z")});
    serde_json::from_value(
        json!({"words": "every day at 03:00", "remarks": [], "next": [fire(1), fire(2), fire(3), fire(4), fire(5)]}),
    )
    .unwrap()
}

fn known() -> Known {
    let column = |name: &str| Column { name: name.into(), r#type: "VARCHAR".into() };
    let columns = [
        ("contacts", vec!["contact_id", "email", "country", "status"]),
        ("loyalty", vec!["contact", "tier", "points"]),
        ("orders", vec!["contact_id", "amount", "product", "ordered_at"]),
    ];
    let columns: BTreeMap<String, Vec<Column>> =
        columns.into_iter().map(|(table, names)| (table.into(), names.into_iter().map(column).collect())).collect();
    Known { tables: columns.keys().cloned().collect(), columns, explained: Some(explained()) }
}

fn activation(name: &str) -> Activation {
    serde_json::from_value(json!({
        "revision": 3, "created": "2026-11-01T09:00:00Z", "created_by": "ada@example.com", "updated": "2026-11-20T09:00:00Z",
        "updated_by": "ada@example.com", "parent_segment": "people",
        "schedule": {"words": "every week on Monday and Thursday at 06:00", "state": "active", "next": "2026-11-26T05:00:00Z"},
        "last_job": serde_json::to_value(job("success", true)).unwrap(),
        "spec": {
            "name": name, "segment": "Recent buyers", "description": "For the autumn letter",
            "export": {"connection": "prod", "settings": {"data_object": "prospects", "prospect_lists": "101", "upsert_by_email": true}},
            "output": {"columns": [
                {"column": "email", "source": {"column": "email"}},
                {"column": "country", "source": {"column": "country"}},
                {"column": "comments", "source": {"string": "$1 ($2)", "parameters": [{"type": "SegmentName"}, {"type": "Timestamp", "format": "yyyy-MM-dd", "timezone": "Europe/Berlin"}]}}
            ], "behaviors": [{"behavior": "orders", "join": "top", "rows": 2, "order_by": [{"column": "amount", "order": "descending"}],
                "columns": [{"column": "notes", "source": {"column": "product"}}]}]},
            "schedule": {"repeat": "weekly", "days": ["mon", "thu"], "start": "2026-12-01 06:00", "timezone": "Europe/Berlin"},
            "notify": {"recipients": ["crm@example.com"], "on": ["failure"]}
        }
    }))
    .unwrap()
}

fn desk() -> Desk {
    Desk {
        lists: Vec::new(),
        parent: Some("people".into()),
        columns: columns(),
        segments: vec!["Recent buyers".into(), HOSTILE.into()],
        connections: crate::home::connections(),
        targets: vec!["email".into(), "comments".into()],
        remark: None,
        explained: Some(explained()),
    }
}

fn sent() -> ActivationLook {
    serde_json::from_value(json!({
        "sql": "SELECT …", "count": 62_327, "refreshed": "2026-11-23T02:04:11Z",
        "fields": [
            {"column": "email", "source": "attribute email", "type": "VARCHAR", "field": "text"},
            {"column": "emial", "source": "attribute email", "type": "VARCHAR", "problem": {"message": "is no field of a prospect", "hint": "did you mean email?"}},
            {"column": "score", "source": "attribute score", "type": "DOUBLE", "field": "integer", "remark": "values that are no whole numbers are rejected"}
        ],
        "rows": [
            {"row": 1, "key": "ada@example.com", "record": {"email": "ada@example.com", "country": "DE", "comments": HOSTILE}},
            {"row": 2, "rejected": {"message": "email is no mail address", "hint": "correct it at its source"}}
        ]
    }))
    .unwrap()
}

fn segment_pages(editor: &Chrome, viewer: &Chrome, keep: &mut dyn FnMut(&str, askama::Result<String>)) {
    let page = |form: &Form, faults: &Faults, count: Count, newer: Option<Newer>, kept: Option<Segment>| {
        let kept = kept.map(|segment| saved(editor, segment));
        SegmentPage::new(
            editor.clone(),
            (form, faults),
            about(),
            "/segments/Recent%20buyers".into(),
            count,
            newer,
            kept,
        )
        .render()
    };
    let begun = segments::begun("people");
    keep("segment-new", page(&begun, &Faults::none(), Count::not_yet("/new/segment", None, false), None, None));
    let whole = segment("Recent buyers", &rule());
    let form = segments::form_of(&whole, &columns());
    keep("segment", page(&form, &Faults::none(), Count::of("/segments/a", look()), None, Some(whole.clone())));
    let at = "rule.conditions[0].conditions[0]";
    let problems = || {
        [
            place(&format!("{at}.leftValue.name"), "there is no attribute countri"),
            place(&format!("{at}.operator.rightValues[2]"), "is odd"),
            place("name", "is taken"),
        ]
    };
    let count = Count::refused("/segments/a", problems().to_vec(), None, None);
    let newer = Newer { address: "/segments/a".into(), revision: 9 };
    keep("segment-problems", page(&form, &Faults::of(problems()), count, Some(newer), Some(whole.clone())));
    let hostile = json!({"type": "Composite", "expr": "A and not B", "conditions": [
        {"type": "Value", "leftValue": {"name": HOSTILE}, "operator": {"type": "Equal", "not": false, "rightValue": HOSTILE.repeat(9)}},
        {"type": "Odd", "text": HOSTILE}], "limit": {"type": "Count", "number": 5, "orderColumns": [{"type": "Column", "column": "score", "order": "descending"}]}});
    let hostile = segment(&HOSTILE.repeat(8), &hostile);
    let form = segments::form_of(&hostile, &columns());
    keep(
        "segment-hostile",
        page(&form, &Faults::none(), Count::not_yet("/a", hostile.population.as_ref(), false), None, Some(hostile)),
    );
    let json = segment("As JSON", &json!({"type": "Odd"}));
    let form = segments::form_of(&json, &columns());
    keep("segment-json", page(&form, &Faults::none(), Count::not_yet("/a", None, false), None, Some(json)));
    keep(
        "segment-viewer",
        Viewed { chrome: viewer.clone(), saved: saved(viewer, whole), sql: Some(look().sql) }.render(),
    );
}

fn parent_pages(editor: &Chrome, viewer: &Chrome, keep: &mut dyn FnMut(&str, askama::Result<String>)) {
    let many = (0..50).map(|number| parent(&format!("people {number}"), number % 3 > 0)).collect();
    keep("parent-list", ParentList::new(editor.clone(), many, Some("people 49".into()), true).render());
    keep("parent-list-empty", ParentList::new(editor.clone(), Vec::new(), None, true).render());
    keep(
        "parent-list-viewer",
        ParentList::new(viewer.clone(), vec![parent(&HOSTILE.repeat(6), true)], None, true).render(),
    );
    let seen = |name: &str, full: bool| Seen {
        parent: parent(name, full),
        segments: if full {
            (0..12).map(|number| segment(&format!("Segment {number} {name}"), &rule())).collect()
        } else {
            Vec::new()
        },
        next: full.then(|| "Segment 11".into()),
        after: None,
        folder: None,
        folders: if full { vec!["Europe/Buyers".into(), HOSTILE.into()] } else { Vec::new() },
        jobs: if full { vec![job("success", true), job("failed", true)] } else { Vec::new() },
        schedule: full.then(|| ("every day at 03:00".into(), Some("2026-12-01T02:00:00Z".into()))),
        copied: Copied::command(&["parent-segments", "refresh", name], "http://127.0.0.1:8080")
            .yaml("name: people\n".into()),
    };
    keep("parent", ParentPage::new(editor.clone(), &Faults::none(), seen("people", true)).render());
    keep("parent-empty", ParentPage::new(editor.clone(), &Faults::none(), seen("people", false)).render());
    keep("parent-hostile", ParentPage::new(viewer.clone(), &Faults::none(), seen(&HOSTILE.repeat(6), true)).render());
    let blank = Form::default();
    let nothing = Known::default();
    keep("parent-new", Definition::new(editor.clone(), (&blank, &Faults::none()), &nothing, None, None, None).render());
    let form = parent_segments::form_of(&parent("people", true));
    let check: AudienceCheck = serde_json::from_value(json!({
        "population": 1_000_000, "joins": parent("people", true).snapshot.unwrap().joins, "columns": [], "behaviors": [],
        "sql": "SELECT …", "unfit": ["segment Recent buyers: there is no attribute tier"]
    }))
    .unwrap();
    keep(
        "parent-edit",
        Definition::new(
            editor.clone(),
            (&form, &Faults::none()),
            &known(),
            Some("people".into()),
            Some(Checked::of(check)),
            None,
        )
        .render(),
    );
    let faults = Faults::of([
        place("master.key", "stands in several rows"),
        place("attributes[0].table", "there is no table loyalti"),
        place("behaviors[0].columns[1].name", "is taken"),
    ]);
    keep(
        "parent-edit-problems",
        Definition::new(editor.clone(), (&form, &faults), &known(), Some("people".into()), None, None).render(),
    );
    keep("parent-profiles", Profiles::new(editor.clone(), "people", preview()).render());
    let deletion = Deletion {
        chrome: editor.clone(),
        summary: Faults::none().summary(),
        kind: "parent segment",
        name: "people".into(),
        page: "/parent-segments/people".into(),
        words: "Its profiles and its schedule go with it; its tables and its jobs stay.",
        users: vec![("Segment", "/segments/a".into(), HOSTILE.into())],
    };
    keep("parent-delete", deletion.render());
}

fn activation_pages(editor: &Chrome, viewer: &Chrome, keep: &mut dyn FnMut(&str, askama::Result<String>)) {
    let begun = activations::begun("Recent buyers");
    keep(
        "activation-new",
        ActivationForm::new(editor.clone(), (&begun, &Faults::none()), desk(), None, None, None).render(),
    );
    let form = activations::form_of(&activation("Buyers to list 101"));
    let page = |faults: &Faults, look: Option<Look>| {
        ActivationForm::new(editor.clone(), (&form, faults), desk(), Some("Buyers to list 101".into()), look, None)
            .render()
    };
    keep("activation-edit", page(&Faults::none(), Some(Look::of(sent()))));
    let faults = Faults::of([
        place("output.columns[1].column", "is no field of a prospect"),
        place("export.connection", "is missing"),
        place("output", "sends no key"),
    ]);
    keep("activation-edit-problems", page(&faults, None));
    let seen = |name: &str, jobs: Vec<Job>| activations::Seen {
        activation: activation(name),
        jobs,
        copied: Copied::command(&["activations", "run", name], "http://127.0.0.1:8080").yaml("name: a\n".into()),
    };
    keep(
        "activation",
        ActivationPage::new(
            editor.clone(),
            &Faults::none(),
            seen("Buyers to list 101", vec![job("sending", false), job("success", true)]),
        )
        .render(),
    );
    keep(
        "activation-hostile",
        ActivationPage::new(viewer.clone(), &Faults::none(), seen(&HOSTILE.repeat(8), Vec::new())).render(),
    );
    let mut form = Form::default();
    form.set("name", "Buyers to list 101 copy");
    keep("activation-copy", CopyPage::new(editor.clone(), &form, &Faults::none(), "Buyers to list 101").render());
}

pub(crate) fn pages() -> Pages {
    let (editor, viewer) = (chrome(Role::Editor, Section::Audience), chrome(Role::Viewer, Section::Audience));
    let mut pages = Pages::new();
    let mut keep =
        |name: &str, html: askama::Result<String>| pages.push((format!("audience-{name}"), html.unwrap_or_default()));
    parent_pages(&editor, &viewer, &mut keep);
    segment_pages(&editor, &viewer, &mut keep);
    activation_pages(&editor, &viewer, &mut keep);
    pages
}
