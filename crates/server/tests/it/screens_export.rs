//! Export Results and Notifications of a query in a browser: one part is changed, the rest stays, and nothing typed is lost.

use api::Query;
use axum::body::Body;
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, COOKIE};
use serde_json::{Value, json};

use crate::house::{Answer, House};

/// Sends a form as a browser does.
pub(crate) async fn press(house: &House, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        body.append_pair(name, &value.replace('\n', "\r\n"));
    }
    let request =
        Request::builder().method("POST").uri(path).header(COOKIE, cookie).header("sec-fetch-site", "same-origin");
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    house.send(request.body(Body::from(body.finish())).unwrap()).await
}

#[track_caller]
pub(crate) fn leads_to(answer: &Answer, to: &str) {
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.headers["location"], to);
}

pub(crate) async fn saved(house: &House, name: &str) -> Query {
    house.admin("GET", &format!("/api/v1/queries/{name}"), None).await.take(200)
}

/// A house with the connections `prod` and `eu`, and the query `q`.
async fn furnished(sql: &str) -> (House, String) {
    let house = House::start().await;
    let cookie = house.login().await;
    for (name, unit) in [("prod", "0Uv000000000001AAA"), ("eu", "0Uv000000000002AAA")] {
        let connection = json!({
            "name": name, "pardot_domain": "https://pi.pardot.com", "business_unit": unit, "connected_app": "custom",
            "client_id": "id", "client_secret": "secret", "refresh_token": "token"
        });
        let answer = house.admin("POST", "/api/v1/connections", Some(connection)).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
    }
    let query = json!({ "name": "q", "sql": sql, "schedule": { "cron": "@yearly" }, "time_limit": 60 });
    let answer = house.admin("POST", "/api/v1/queries", Some(query)).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    (house, cookie)
}

const EXPORT: &str = "/queries/q/export";
const SQL: &str = "SELECT 'a@example.com' AS email, 1 AS score";

#[tokio::test]
async fn an_export_is_chosen_changed_and_removed_and_the_rest_of_the_query_stays() {
    let (house, cookie) = furnished(SQL).await;
    let page = house.page(&cookie, "GET", EXPORT, None).await.text();
    assert!(page.contains("Choose one") && page.contains("/new/connection?next="), "{page}");
    let fields = [
        ("_do", "save"),
        ("_revision", "1"),
        ("export.connection", "prod"),
        ("export.settings.data_object", "prospects"),
        ("export.settings.prospect_lists", "12, 13"),
        ("export.settings.prospect_list_operation", "remove"),
        ("export.settings.list_membership_operation", "delete"),
        ("export.settings.skip_invalid_records", "false"),
        ("export.settings.skip_invalid_records", "true"),
        ("export.settings.maximum_retries", ""),
    ];
    leads_to(&press(&house, &cookie, EXPORT, &fields).await, "/queries/q/export?done=saved");
    let query = saved(&house, "q").await;
    let export = query.spec.export.unwrap();
    assert_eq!(export.connection, "prod");
    let want = json!({"skip_invalid_records": true, "prospect_lists": "12, 13", "prospect_list_operation": "remove"});
    assert_eq!(Value::Object(export.settings.0), want);
    assert_eq!((query.spec.schedule.unwrap().cron.as_str(), query.spec.time_limit), ("@yearly", Some(60)));
    let page = house.page(&cookie, "GET", EXPORT, None).await.text();
    assert!(page.contains("<option value=\"prod\" selected>") && page.contains("Every column of the query"), "{page}");
    assert!(
        page.contains("10,000 rows = ") && page.contains("sluice queries save q --export-connection prod"),
        "{page}"
    );

    let asked = press(&house, &cookie, EXPORT, &[("_do", "remove"), ("_revision", "2")]).await;
    assert!(asked.status == 200 && asked.text().contains("Remove the export?"), "{}", asked.text());
    assert!(saved(&house, "q").await.spec.export.is_some());
    leads_to(
        &press(&house, &cookie, EXPORT, &[("_do", "remove-now"), ("_revision", "2")]).await,
        "/queries/q/export?done=saved",
    );
    assert_eq!(saved(&house, "q").await.spec.export, None);
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_and_what_was_typed_stays() {
    let (house, cookie) = furnished("SELECT 'x' AS emial").await;
    let fields = [
        ("_do", "save"),
        ("_revision", "1"),
        ("export.connection", "<prod>"),
        ("export.settings.max_payload", "0"),
        ("export.settings.prospect_lists", "<b>"),
    ];
    let refused = press(&house, &cookie, EXPORT, &fields).await;
    let page = refused.text();
    assert_eq!(refused.status, 422, "{page}");
    for field in ["export-connection", "export-settings-max_payload", "export-settings-prospect_lists"] {
        assert!(page.contains(&format!("id=\"f-{field}-fault\"")), "{field}: {page}");
    }
    assert!(
        page.contains("value=\"&#60;b&#62;\"") && page.contains("&#60;prod&#62;") && !page.contains("<prod>"),
        "{page}"
    );
    assert_eq!(saved(&house, "q").await.spec.export, None);

    // With a connection that is there, its columns are held against the fields before anything is saved.
    let shown =
        press(&house, &cookie, EXPORT, &[("_do", "show"), ("_revision", "1"), ("export.connection", "prod")]).await;
    let page = shown.text();
    assert!(shown.status == 200 && page.contains("no key: the result has no column"), "{page}");
    assert_eq!(saved(&house, "q").await.revision, 1);
    let memberships =
        [("_do", "show"), ("export.connection", "prod"), ("export.settings.data_object", "list_memberships")];
    let page = press(&house, &cookie, EXPORT, &memberships).await.text();
    assert!(page.contains("List Memberships Operation") && page.contains("is required for list_memberships"), "{page}");
    assert!(!page.contains("List ID"), "{page}");
}

#[tokio::test]
async fn a_query_that_somebody_changed_meanwhile_is_not_overwritten_unseen() {
    let (house, cookie) = furnished(SQL).await;
    let other = json!({ "name": "q", "sql": "SELECT 'b@example.com' AS email" });
    assert_eq!(house.admin("PUT", "/api/v1/queries/q", Some(other)).await.status, 200);
    let typed = |verb: &'static str| [("_do", verb), ("_revision", "1"), ("_newest", "2"), ("export.connection", "eu")];
    let stale = press(&house, &cookie, EXPORT, &typed("save")).await;
    let page = stale.text();
    assert!(stale.status == 412 && page.contains("Somebody changed this meanwhile"), "{page}");
    assert!(page.contains("<option value=\"eu\" selected>") && page.contains("name=\"_newest\" value=\"2\""), "{page}");
    leads_to(&press(&house, &cookie, EXPORT, &typed("over")).await, "/queries/q/export?done=saved");
    let query = saved(&house, "q").await;
    assert_eq!(query.spec.export.unwrap().connection, "eu");
    assert_eq!(query.spec.sql, "SELECT 'b@example.com' AS email");
}

#[tokio::test]
async fn a_form_that_is_sent_twice_is_done_once() {
    let (house, cookie) = furnished(SQL).await;
    let fields = [("_do", "save"), ("_once", "n1"), ("_revision", "1"), ("export.connection", "prod")];
    for _ in 0..2 {
        leads_to(&press(&house, &cookie, EXPORT, &fields).await, "/queries/q/export?done=saved");
    }
    assert_eq!(saved(&house, "q").await.revision, 2);
}

#[tokio::test]
async fn who_only_looks_changes_nothing() {
    let (house, cookie) = furnished(SQL).await;
    let save = [("_do", "save"), ("_revision", "1"), ("export.connection", "prod")];
    leads_to(&press(&house, &cookie, EXPORT, &save).await, "/queries/q/export?done=saved");
    let viewer = house.viewer().await;
    for part in ["export", "schedule", "notifications"] {
        let path = format!("/queries/q/{part}");
        let page = house.page(&viewer, "GET", &path, None).await;
        assert!(page.status == 200 && page.text().contains("You look only"), "{part}: {}", page.text());
        assert!(!page.text().contains("value=\"save\""), "{part}: {}", page.text());
        for verb in ["save", "remove-now", "pause", "backfill"] {
            let fields = [("_do", verb), ("_revision", "2"), ("from._day", "2024-01-01"), ("to._day", "2024-01-01")];
            let answer = press(&house, &viewer, &path, &fields).await;
            let shows = part != "schedule" && ["pause", "backfill"].contains(&verb);
            let shows = shows || (part != "export" && verb == "remove-now");
            assert_eq!(answer.status, if shows { 200 } else { 403 }, "{part} {verb}: {}", answer.text());
        }
    }
    assert_eq!(saved(&house, "q").await.revision, 2);
    assert_eq!(house.page(&cookie, "GET", "/queries/nobody/export", None).await.status, 404);
}

#[tokio::test]
async fn who_is_told_is_written_and_the_servers_default_comes_back() {
    let (house, cookie) = furnished(SQL).await;
    let path = "/queries/q/notifications";
    let page = house.page(&cookie, "GET", path, None).await.text();
    assert!(page.contains("Mail to: nobody. Webhooks: none."), "{page}");
    let wrong = [
        ("_do", "save"),
        ("_revision", "1"),
        ("notify.recipients", "ada@example.com\nbob"),
        ("notify.rejected_over", "few"),
    ];
    let refused = press(&house, &cookie, path, &wrong).await;
    assert!(refused.status == 422 && refused.text().contains("ada@example.com\nbob"), "{}", refused.text());
    assert!(refused.text().contains("id=\"f-notify-rejected_over-fault\""), "{}", refused.text());
    let refused = press(&house, &cookie, path, &wrong[..3]).await;
    assert!(
        refused.text().contains("id=\"f-notify-recipients-fault\"") && refused.text().contains("number 2 "),
        "{}",
        refused.text()
    );
    let fields = [
        ("_do", "save"),
        ("_revision", "1"),
        ("notify.recipients", "ada@example.com\n\nbob@example.com"),
        ("notify.webhooks", ""),
        ("notify.webhooks._empty", "true"),
        ("notify.on", "failure"),
        ("notify.on", "disabled"),
        ("notify.rejected_over", "7"),
    ];
    leads_to(&press(&house, &cookie, path, &fields).await, "/queries/q/notifications?done=saved");
    let told = serde_json::to_value(saved(&house, "q").await.spec.notify).unwrap();
    let want = json!({
        "recipients": ["ada@example.com", "bob@example.com"], "webhooks": [], "on": ["failure", "disabled"], "rejected_over": 7
    });
    assert_eq!(told, want);
    leads_to(
        &press(&house, &cookie, path, &[("_do", "save"), ("_revision", "2")]).await,
        "/queries/q/notifications?done=saved",
    );
    assert_eq!(saved(&house, "q").await.spec.notify, None);
}
