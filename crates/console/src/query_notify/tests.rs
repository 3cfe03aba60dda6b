//! The notifications of a query: form to document and back.

use api::{Role, Scope};
use serde_json::{Value, json};

use super::*;
use crate::query_parts::tests::chrome;
use crate::sent::sent;

fn query(told: &Value) -> Query {
    let spec = json!({"name": "nightly", "sql": "SELECT 1", "notify": told});
    Query {
        revision: 3,
        created: String::new(),
        updated: String::new(),
        last_job: None,
        spec: serde_json::from_value(spec).unwrap(),
    }
}

fn page(query: &Query, scope: Scope, webhooks: Vec<String>) -> String {
    let usual = Notifications {
        revision: 1,
        default: serde_json::from_value(
            json!({"recipients": [], "webhooks": [], "on": ["failure"], "rejected_over": 0}),
        )
        .unwrap(),
        mail_from: None,
    };
    let role = if scope == Scope::Read { Role::Viewer } else { Role::Editor };
    NotifyPage::new(&chrome(role, scope), query, None, &usual, webhooks, "name: nightly\n".into()).render().unwrap()
}

#[test]
fn the_page_gives_back_who_is_told_and_says_the_default() {
    for told in [
        json!(null),
        json!({"recipients": []}),
        json!({"recipients": ["a@b.c"], "on": ["success"], "rejected_over": 7}),
    ] {
        let query = query(&told);
        let html = page(&query, Scope::Edit, vec!["<crm>".into()]);
        assert_eq!(notify::read(&mut Reading::new(&sent(&html, true)), "notify"), query.spec.notify, "{told}");
        assert!(
            html.contains("Mail to: nobody. Webhooks: none. Told of: failure.") && html.contains("&#60;crm&#62;"),
            "{html}"
        );
    }
    let html = page(&query(&json!({"recipients": ["<a@b.c>"]})), Scope::Read, Vec::new());
    assert!(html.contains("&#60;a@b.c&#62;") && !html.contains("<textarea"), "{html}");
}

#[test]
fn the_command_tells_the_same() {
    let cases = [
        (json!(null), "notifications reset --query nightly"),
        (
            json!({"recipients": [], "webhooks": ["crm"]}),
            "notifications set --query nightly --recipient '' --webhook crm",
        ),
        (
            json!({"recipients": ["a@b.c", "d@e.f"], "on": ["success", "failure"], "rejected_over": 7}),
            "notifications set --query nightly --recipient a@b.c --recipient d@e.f --on success,failure --rejected-over 7",
        ),
    ];
    for (told, want) in cases {
        let query = query(&told);
        let copied = copied(&chrome(Role::Editor, Scope::Edit), "nightly", &form_of(&query));
        assert_eq!(copied.cli, format!("sluice {want} --server http://127.0.0.1:8080"));
    }
}
