//! Forms as documents, documents as forms.

use serde_json::{Value, json};

use super::*;

fn typed(pairs: &[(&str, &str)]) -> Form {
    let mut form = Form::default();
    pairs.iter().for_each(|(name, value)| form.set(name, *value));
    form
}

/// As JSON, secrets included.
fn said(pairs: &[(&str, &str)]) -> Value {
    let spec = spec(&typed(pairs)).unwrap();
    let shown = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
    let secrets = json!({
        "client_secret": shown(&spec.client_secret), "refresh_token": shown(&spec.refresh_token),
        "private_key": shown(&spec.private_key)
    });
    let mut said =
        serde_json::to_value(ConnectionSpec { client_secret: None, refresh_token: None, private_key: None, ..spec })
            .unwrap();
    for (name, value) in secrets.as_object().unwrap().iter().filter(|(_, value)| !value.is_null()) {
        said[name] = value.clone();
    }
    said
}

#[test]
fn a_form_says_what_goes_with_its_choices() {
    let all = [
        ("name", " prod "),
        ("pardot_domain", "https://pi.pardot.com"),
        ("business_unit", "0Uv000000000001CAA"),
        ("client_id", "key"),
        ("client_secret", " s3 "),
        ("login_url", "https://test.salesforce.com"),
        ("refresh_token", "5Aep"),
        ("username", "api@example.com"),
        ("audience", "https://aud.example"),
        ("private_key", "-----BEGIN"),
        ("reserve", "20"),
        ("daily_budget", "500"),
    ];
    let with = |more: &[(&'static str, &'static str)]| said(&[&all, more].concat());
    let base = json!({
        "name": "prod", "pardot_domain": "https://pi.pardot.com", "business_unit": "0Uv000000000001CAA", "reserve": 20,
        "daily_budget": 500
    });
    let cases = [
        ("default", "refresh_token", json!({})),
        (
            "custom",
            "refresh_token",
            json!({"client_id": "key", "client_secret": " s3 ", "login_url": "https://test.salesforce.com", "refresh_token": "5Aep"}),
        ),
        (
            "custom",
            "client_credentials",
            json!({"client_id": "key", "client_secret": " s3 ", "login_url": "https://test.salesforce.com"}),
        ),
        (
            "default",
            "jwt_bearer",
            json!({"username": "api@example.com", "audience": "https://aud.example", "private_key": "-----BEGIN"}),
        ),
    ];
    for (app, grant, more) in cases {
        let mut want = base.clone();
        want["connected_app"] = json!(app);
        want["grant"] = json!(grant);
        want.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(with(&[("connected_app", app), ("grant", grant)]), want, "{app} {grant}");
    }
}

#[test]
fn a_key_gets_its_lines_back() {
    let body = "A".repeat(70);
    let want =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n{}\n-----END PRIVATE KEY-----\n", "A".repeat(64), "A".repeat(6));
    assert_eq!(pem(&format!("-----BEGIN PRIVATE KEY-----{body}-----END PRIVATE KEY-----")), want);
    assert_eq!(pem(&format!(" -----BEGIN PRIVATE KEY----- {body} -----END PRIVATE KEY----- ")), want);
    assert_eq!(pem(&want), want);
    assert_eq!(pem("odd"), "odd");
}

#[test]
fn hosts_that_are_no_choice_are_typed() {
    let other = said(&[("pardot_domain", "other"), ("_other_host", "https://pi.acme.test")]);
    assert_eq!(other["pardot_domain"], "https://pi.acme.test");
    let wrong = spec(&typed(&[("pardot_domain", "other"), ("reserve", "x"), ("grant", "odd")])).unwrap_err();
    let places: Vec<&str> = wrong.iter().map(|place| place.at.as_str()).collect();
    assert_eq!(places, ["grant", "_other_host", "reserve"]);
    // And one that is kept is shown as such.
    let form = typed(&[("pardot_domain", "https://pi.acme.test/")]);
    let fields = host_fields(&form, &Faults::none(), Some("http://127.0.0.1:8089"));
    let shown: Vec<(&str, &str)> = fields.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect();
    assert_eq!(shown, [("pardot_domain", "other"), ("_other_host", "https://pi.acme.test"), ("business_unit", "")]);
    let form = typed(&[("pardot_domain", "http://127.0.0.1:8089")]);
    assert_eq!(host_fields(&form, &Faults::none(), Some("http://127.0.0.1:8089")).len(), 2);
}

#[test]
fn only_fields_that_apply_are_shown() {
    let shown = |app: &str, grant: &str| {
        let form = typed(&[("connected_app", app), ("grant", grant)]);
        let page = ConnectionForm::new(&chrome(), &form, &Faults::none(), Around::default());
        let fields = page.app.into_iter().chain(page.token).map(|field| field.name);
        fields.filter(|name| name != "connected_app" && name != "grant").collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown("default", "refresh_token"), "");
    assert_eq!(shown("custom", "refresh_token"), "client_id client_secret login_url refresh_token");
    assert_eq!(shown("custom", "client_credentials"), "client_id client_secret login_url");
    assert_eq!(shown("default", "jwt_bearer"), "username private_key audience");
}

#[test]
fn a_secret_that_was_typed_is_in_no_page() {
    let form = typed(&[("client_secret", "hunter2"), ("refresh_token", "hunter3"), ("name", "<script>")]);
    let around = Around { kept: SecretsSet { client_secret: true, ..SecretsSet::default() }, ..Around::default() };
    let html = ConnectionForm::new(&chrome(), &form, &Faults::none(), around).render().unwrap();
    assert!(!html.contains("hunter") && !html.contains("<script>\""), "{html}");
    assert!(html.contains("One is kept"), "{html}");
    assert!(html.contains("--client-secret-file FILE"), "{html}");
}

#[test]
fn a_connection_survives_the_way_through_its_form() {
    let connection: Connection = serde_json::from_value(json!({
        "name": "prod", "revision": 7, "created": "", "updated": "", "pardot_domain": "https://pi.demo.pardot.com",
        "business_unit": "0Uv000000000001CAA", "connected_app": "custom", "client_id": "key",
        "login_url": "https://login.salesforce.com", "grant": "jwt_bearer", "username": "api@example.com",
        "secrets": {"client_secret": true, "refresh_token": false, "private_key": true}, "reserve": 15,
        "daily_budget": 9, "state": "connected", "used_by": []
    }))
    .unwrap();
    let form = filled(&connection);
    assert_eq!(form.get("_revision"), "7");
    let spec = spec(&form).unwrap();
    assert_eq!(
        (spec.reserve, spec.daily_budget, spec.username.as_deref()),
        (Some(15), Some(9), Some("api@example.com"))
    );
    assert_eq!((spec.client_secret, spec.pardot_domain.as_deref()), (None, Some("https://pi.demo.pardot.com")));
}

#[test]
fn who_means_the_sandbox_logs_in_there() {
    const SANDBOX: &str = "http://127.0.0.1:8089";
    let around = |name: Option<&str>| Around {
        sandbox: Some(SANDBOX.into()),
        name: name.map(str::to_owned),
        ..Around::default()
    };
    let cases = [
        (None, SANDBOX, "", SANDBOX),
        (None, SANDBOX, "https://my.example", "https://my.example"),
        (None, PRODUCTION, SANDBOX, ""),
        (None, PRODUCTION, "https://my.example", "https://my.example"),
        (Some("prod"), SANDBOX, "", ""),
    ];
    for (name, host, login, want) in cases {
        let form = completed(&typed(&[("pardot_domain", host), ("login_url", login)]), &around(name));
        assert_eq!(form.get("login_url"), want, "{host} {login}");
    }
}

#[test]
fn changing_ones_mind_loses_nothing() {
    let form = typed(&[("connected_app", "default"), ("client_id", "key"), ("login_url", "https://my.example")]);
    let html = ConnectionForm::new(&chrome(), &form, &Faults::none(), Around::default()).render().unwrap();
    assert!(html.contains("type=\"hidden\" id=\"f-client_id\" name=\"client_id\" value=\"key\""), "{html}");
    let spec = spec(&form).unwrap();
    assert_eq!((spec.client_id, spec.login_url), (None, None));
}

#[test]
fn a_secret_that_a_change_drops_has_to_be_typed_again() {
    let known: Connection = serde_json::from_value(json!({
        "name": "prod", "revision": 7, "created": "", "updated": "", "pardot_domain": "https://pi.pardot.com",
        "business_unit": "0Uv000000000001CAA", "connected_app": "custom", "client_id": "key",
        "login_url": "https://login.salesforce.com/", "grant": "refresh_token",
        "secrets": {"client_secret": true, "refresh_token": true, "private_key": false}, "reserve": 15,
        "daily_budget": 9, "state": "connected", "used_by": []
    }))
    .unwrap();
    let ask = |changes: &[(&str, &str)]| {
        let mut form = filled(&known);
        form.set("client_secret", "");
        changes.iter().for_each(|(name, value)| form.set(name, *value));
        let spec = spec(&form).unwrap();
        dropped(&known, &form, &spec).into_iter().map(|place| place.at).collect::<Vec<_>>().join(" ")
    };
    let other = ("login_url", "https://other.my.salesforce.com");
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[], ""),
        (&[("reserve", "20"), ("login_url", "https://login.salesforce.com")], ""),
        (&[other], "client_secret"),
        (&[("client_id", "new")], "client_secret"),
        (&[other, ("client_secret", "new")], ""),
        (&[other, ("_drops", "true")], ""),
    ];
    for (changes, want) in cases {
        assert_eq!(ask(changes), want, "{changes:?}");
    }
}

#[test]
fn a_secret_is_asked_for_again_where_something_else_was_wrong() {
    let form = typed(&[("connected_app", "custom"), ("client_secret", "hunter2"), ("name", "")]);
    let place = Place { at: "name".into(), message: "is missing".into(), hint: None };
    let html = ConnectionForm::new(&chrome(), &form, &Faults::of([place]), Around::default()).render().unwrap();
    assert!(html.contains("has to be typed again") && !html.contains("hunter2"), "{html}");
    assert!(html.contains("<a href=\"#f-name\">Name</a>: is missing"), "{html}");
}

fn chrome() -> Chrome {
    Chrome {
        me: None,
        section: Section::Authentications,
        done: None,
        once: "1".into(),
        sandbox: false,
        server: "http://127.0.0.1:8080".into(),
    }
}
