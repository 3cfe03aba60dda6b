//! The panel Export Results: form, settings that apply, forecast.

use api::{Job, QuerySpec, Role, Scope};
use serde_json::json;

use super::*;
use crate::Faults;
use crate::query_parts::tests::chrome;
use crate::sent::sent;

fn query(export: Value) -> Query {
    let spec = json!({"name": "nightly", "sql": "SELECT 1", "export": export});
    Query {
        revision: 3,
        created: String::new(),
        updated: String::new(),
        last_job: None,
        spec: serde_json::from_value(spec).unwrap(),
    }
}

fn connection(name: &str) -> Connection {
    serde_json::from_value(json!({
        "name": name, "revision": 1, "created": "", "updated": "", "pardot_domain": "", "business_unit": "", "connected_app": "default",
        "login_url": "", "grant": "refresh_token", "secrets": {"client_secret": false, "refresh_token": false, "private_key": false},
        "reserve": 10, "daily_budget": 0, "state": "needs_reconnect", "used_by": []
    }))
    .unwrap()
}

fn around(names: &[&str]) -> Around {
    Around { connections: names.iter().map(|name| connection(name)).collect(), ..Around::default() }
}

fn page(query: &Query, scope: Scope, around: Around) -> String {
    let role = if scope == Scope::Read { Role::Viewer } else { Role::Editor };
    ExportPage::new(&chrome(role, scope), query, None, around).render().unwrap()
}

#[test]
fn the_page_gives_an_export_back_as_it_was() {
    for settings in [json!({}), json!({"prospect_lists": "12", "max_payload": 4000, "skip_invalid_records": true})] {
        // The second connection is one that the menu does not have.
        for name in ["prod", "gone"] {
            let query = query(json!({"connection": name, "settings": settings}));
            let form = sent(&page(&query, Scope::Edit, around(&["prod", "eu"])), true);
            assert_eq!(Some(read(&form)), query.spec.export, "{settings}");
            assert_eq!(form.get("_revision"), "3");
        }
    }
}

#[test]
fn a_query_without_export_begins_with_the_defaults_and_no_connection() {
    let bare = Query { spec: QuerySpec { name: "n".into(), ..QuerySpec::default() }, ..query(json!(null)) };
    let html = page(&bare, Scope::Edit, around(&["prod"]));
    assert_eq!(read(&sent(&html, true)), Export::default());
    assert!(!html.contains("Remove the export") && html.contains("prod (needs reconnect)"), "{html}");
    let html = page(&bare, Scope::Edit, around(&[]));
    assert!(html.contains("/new/connection?next=%2Fqueries%2Fn%2Fexport") && !html.contains("<select"), "{html}");
}

#[test]
fn who_only_looks_sees_what_is_set_and_no_button() {
    let saved = query(json!({"connection": "<prod>", "settings": {"prospect_lists": "12"}}));
    let html = page(&saved, Scope::Read, around(&[]));
    assert!(html.contains("&#60;prod&#62;") && html.contains("<dt>List ID</dt><dd>12</dd>"), "{html}");
    assert!(!html.contains("id=\"export\"") && !html.contains("name=\"_do\""), "{html}");
}

#[test]
fn calls_are_counted_for_the_last_result_or_for_an_example() {
    let job = |rows: Value| -> Option<Job> {
        serde_json::from_value(json!({
            "id": "j", "state": "success", "sentence": "", "kind": "export", "origin": "server", "created": "2026-11-03T02:00:00Z",
            "result_rows": rows, "has_result": true, "can_continue": false
        }))
        .ok()
    };
    for (job, want, known) in [
        (None, EXAMPLE, false),
        (job(json!(12)), 12, true),
        (job(json!(0)), EXAMPLE, false),
        (job(json!(null)), EXAMPLE, false),
    ] {
        let (rows, at) = basis(&Query { last_job: job, ..query(json!(null)) });
        assert_eq!((rows, at.is_some()), (want, known));
    }
}

#[test]
fn problems_stand_beside_their_fields_and_a_newer_query_is_told() {
    let place = |at: &str| Place { at: at.into(), message: "is odd".into(), hint: None };
    let faults = Faults::of([place("export.connection"), place("export.settings.max_payload"), place("sql")]);
    let typed = Typed { form: Form::read(b"export.connection=eu&_revision=2"), faults, stale: true };
    let saved = query(json!({"connection": "prod"}));
    let html =
        ExportPage::new(&chrome(Role::Editor, Scope::Edit), &saved, Some(typed), around(&["prod"])).render().unwrap();
    assert!(html.contains("3 things must be changed"), "{html}");
    assert!(html.contains("href=\"#f-export-connection\"") && html.contains("href=\"#f-export-settings-max_payload\""));
    assert!(html.contains("name=\"_revision\" value=\"2\"") && html.contains("name=\"_newest\" value=\"3\""), "{html}");
    assert_eq!(sent(&html, true).get("export.connection"), "eu");
}

#[test]
fn columns_say_what_is_wrong_with_them() {
    let bad = Place {
        at: "column emial".into(),
        message: "is no field of a prospect".into(),
        hint: Some("did you mean email?".into()),
    };
    let look = |columns: Vec<(String, Option<Place>)>| Some(Look { columns, ..Look::default() });
    let saved = query(json!({"connection": "prod"}));
    let html = page(&saved, Scope::Edit, Around { look: look(vec![("email".into(), None)]), ..around(&["prod"]) });
    assert!(
        html.contains("Every column of the query is a field") && html.contains("own fields are not known yet"),
        "{html}"
    );
    let html = page(&saved, Scope::Edit, Around { look: look(vec![("emial".into(), Some(bad))]), ..around(&["prod"]) });
    assert!(html.contains("must be changed in the SQL") && html.contains("did you mean email?"), "{html}");
}

#[test]
fn the_command_saves_the_same_export() {
    let saved =
        query(json!({"connection": "it's", "settings": {"prospect_lists": "1,2", "skip_invalid_records": true}}));
    let copied = copied(&chrome(Role::Editor, Scope::Edit), &saved, &form_of(&saved), "name: nightly\n");
    let want = r"sluice queries save nightly --export-connection 'it'\''s' --set skip_invalid_records=true --set prospect_lists=1,2 --server http://127.0.0.1:8080";
    assert_eq!(copied.cli, want);
}
