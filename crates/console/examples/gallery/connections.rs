//! Catalog and connections.

use api::{AccountView, Check, Connection, Diagnosis, FieldView, ListView, Place, ProblemDocument, Role, SecretsSet};
use askama::Template;
use console::connections::{Around, ConnectionDeletion, ConnectionForm, ConnectionPage, Connections, filled};
use console::integrations::Catalog;
use console::{Faults, Form, Section};
use serde_json::json;

use crate::{Pages, chrome};

fn connection(name: &str, state: &str) -> Connection {
    let remark = match state {
        "not_connected" => Some("nobody has approved the app yet: press Connect"),
        "needs_reconnect" => Some("Salesforce refused the grant: expired access/refresh token (invalid_grant)"),
        _ => None,
    };
    serde_json::from_value(json!({
        "name": name, "revision": 3, "created": "2026-10-01T08:00:00Z", "updated": "2026-11-20T14:12:00Z",
        "pardot_domain": "https://pi.pardot.com", "business_unit": "0Uv5e0000008OqACAU", "connected_app": "custom",
        "client_id": "3MVG9lKcPoNINVBIPJjdw1J9LLM82HnFVVX19KY1uA5mu0QqEWhqKpoW3svG3XHrXDiCQjK1mdgAvhCscA9GE",
        "login_url": "https://login.salesforce.com", "grant": "refresh_token",
        "secrets": {"client_secret": true, "refresh_token": state == "connected", "private_key": false},
        "reserve": 10, "daily_budget": 0, "state": state, "remark": remark,
        "used_by": if state == "connected" { json!(["nightly", "newsletter", "activation Lapsed buyers"]) } else { json!([]) }
    }))
    .expect("a connection")
}

fn account(fields: usize, lists: u64) -> AccountView {
    AccountView {
        read: "2026-11-23T20:10:00Z".into(),
        api_version: Some(3),
        ampsea: Some(false),
        company: Some("Acme & Sons".into()),
        time_zone: Some("Europe/Berlin".into()),
        calls_used: Some(12_480),
        calls_limit: Some(25_000),
        fields: (0..fields)
            .map(|at| FieldView {
                name: format!("Shoe_Size_{at}"),
                label: format!("Shoe size {at}"),
                r#type: "Number".into(),
            })
            .collect(),
        lists: (0..lists)
            .map(|at| ListView { id: 101 + 2 * at, name: format!("Newsletter {at}"), dynamic: at % 3 == 2 })
            .collect(),
        remarks: Vec::new(),
    }
}

fn check(check: &str, ok: bool, found: &str, next: Option<&str>) -> Check {
    Check { check: check.into(), ok, found: found.into(), next: next.map(Into::into) }
}

pub(crate) fn pages() -> Pages {
    let admin = chrome(Role::Admin, Section::Authentications);
    let viewer = chrome(Role::Viewer, Section::Authentications);
    let hostile = format!("<script>alert(1)</script> עברית {}", "long".repeat(70));
    let many: Vec<Connection> = (0..50).map(|at| connection(&format!("unit-{at}"), "connected")).collect();
    let few = vec![
        connection("prod", "connected"),
        connection("emea", "not_connected"),
        connection("apac", "needs_reconnect"),
        connection(&hostile, "connected"),
    ];
    let default_app = Form::read(b"connected_app=default&pardot_domain=https://pi.demo.pardot.com&name=demo");
    let jwt = Form::read(b"connected_app=custom&grant=jwt_bearer&pardot_domain=other&name=<script>&reserve=x");
    let place = |at: &str, message: &str, hint: Option<&str>| Place {
        at: at.into(),
        message: message.into(),
        hint: hint.map(Into::into),
    };
    let faults = Faults::of([
        place("name", "is taken", Some("choose another name, or change that one")),
        place("business_unit", "is missing", Some("18 characters that begin with 0Uv")),
        place("reserve", "is not a number that can stand here", None),
        place("client_id", "is missing", Some("the Consumer Key of the connected app in Salesforce")),
    ]);
    let callback = Some("http://localhost:8080/oauth/callback".to_owned());
    let around =
        Around { callback: callback.clone(), sandbox: Some("http://127.0.0.1:8089".into()), ..Around::default() };
    let kept = SecretsSet { client_secret: true, refresh_token: true, private_key: false };
    let change = Around { name: Some("prod".into()), kept, revision: 3, callback, ..Around::default() };
    let stale = Around { stale: true, ..change.clone() };
    let prod = connection("prod", "connected");
    let well = Diagnosis {
        ok: true,
        checks: vec![
            check("host", true, "https://pi.pardot.com", None),
            check("grant", true, "Salesforce gave an access token and Pardot accepts it (pardot_api)", None),
            check("daily calls", true, "99,998 of 100,000 left today", None),
        ],
    };
    let ill = Diagnosis {
        ok: false,
        checks: vec![
            check("host", true, "https://pi.pardot.com", None),
            check("grant", false, "Salesforce refused the grant: invalid_grant", Some("press Connect again")),
        ],
    };
    let in_use = ProblemDocument {
        title: "connection prod is used by nightly, newsletter".into(),
        status: 409,
        hint: Some("give these another connection first".into()),
        ..problem()
    };
    let pages: Vec<(&str, String)> = vec![
        ("catalog", Catalog::new(&chrome(Role::Admin, Section::Catalog), "", 2).render().expect("a page")),
        ("catalog-viewer", Catalog::new(&viewer, "", 0).render().expect("a page")),
        ("catalog-nothing", Catalog::new(&admin, "hubspot", 2).render().expect("a page")),
        ("list", Connections::new(&admin, few, false, None).render().expect("a page")),
        ("list-many", Connections::new(&admin, many, true, Some("unit-49")).render().expect("a page")),
        ("list-empty", Connections::new(&admin, Vec::new(), false, None).render().expect("a page")),
        ("list-empty-viewer", Connections::new(&viewer, Vec::new(), false, None).render().expect("a page")),
        (
            "new",
            ConnectionForm::new(&admin, &Form::default(), &Faults::none(), around.clone()).render().expect("a page"),
        ),
        (
            "new-default",
            ConnectionForm::new(&admin, &default_app, &Faults::none(), around.clone()).render().expect("a page"),
        ),
        ("new-faults", ConnectionForm::new(&admin, &jwt, &faults, around).render().expect("a page")),
        ("change", ConnectionForm::new(&admin, &filled(&prod), &Faults::none(), change).render().expect("a page")),
        (
            "change-stale",
            ConnectionForm::new(
                &admin,
                &filled(&prod),
                &Faults::whole("connection prod was changed since you read it", None),
                stale,
            )
            .render()
            .expect("a page"),
        ),
        ("shown", ConnectionPage::new(&admin, prod.clone(), Some(&account(7, 5)), "").render().expect("a page")),
        (
            "shown-tested",
            ConnectionPage::new(&admin, prod.clone(), Some(&account(70, 90)), "")
                .tested(well)
                .render()
                .expect("a page"),
        ),
        (
            "shown-ill",
            ConnectionPage::new(&admin, connection("apac", "needs_reconnect"), None, "")
                .tested(ill)
                .render()
                .expect("a page"),
        ),
        (
            "shown-new",
            ConnectionPage::new(&admin, connection("emea", "not_connected"), None, "").render().expect("a page"),
        ),
        (
            "shown-viewer",
            ConnectionPage::new(&viewer, connection(&hostile, "connected"), Some(&account(0, 0)), "<b>")
                .render()
                .expect("a page"),
        ),
        (
            "deletion",
            ConnectionDeletion::new(&admin, connection("emea", "not_connected"), None).render().expect("a page"),
        ),
        ("deletion-refused", ConnectionDeletion::new(&admin, prod, Some(in_use)).render().expect("a page")),
    ];
    pages.into_iter().map(|(name, html)| (format!("connections-{name}"), html)).collect()
}

fn problem() -> ProblemDocument {
    serde_json::from_value(json!({"title": "", "status": 409, "code": "conflict"})).expect("a problem")
}
