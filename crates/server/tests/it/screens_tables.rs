//! Tables in a browser: uploads through a form, files of the server, and what a page says of them.

use api::Table;
use axum::body::Body;
use axum::http::Request;
use serde_json::json;

use crate::house::{Answer, House};

const BOUNDARY: &str = "sluice-boundary";

/// Names with their values.
type Fields<'a> = &'a [(&'a str, &'a str)];

/// The name of a file and what it holds.
type File<'a> = Option<(&'a str, &'a str)>;

/// A form with a file as a browser sends it.
fn parts(fields: Fields<'_>, file: File<'_>) -> String {
    let mut body = String::new();
    for (name, value) in fields {
        body.push_str(&format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    let (name, content) = file.unwrap_or_default();
    body.push_str(&format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"upload\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n{content}\r\n--{BOUNDARY}--\r\n"
    ));
    body
}

fn sent(path: &str, cookie: &str, kind: &str, site: &str, body: String) -> Request<Body> {
    let builder = Request::builder().method("POST").uri(path).header("cookie", cookie).header("sec-fetch-site", site);
    builder.header("content-type", kind).header("content-length", body.len()).body(Body::from(body)).unwrap()
}

async fn upload(
    house: &House,
    cookie: &str,
    path: &str,
    fields: &[(&str, &str)],
    file: Option<(&str, &str)>,
) -> Answer {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    house.send(sent(path, cookie, &kind, "same-origin", parts(fields, file))).await
}

async fn press(house: &House, cookie: &str, path: &str, body: &str) -> Answer {
    house.send(sent(path, cookie, "application/x-www-form-urlencoded", "same-origin", body.to_owned())).await
}

async fn look(house: &House, cookie: &str, path: &str) -> Answer {
    house.page(cookie, "GET", path, None).await
}

#[track_caller]
fn leads_to(answer: &Answer, to: &str) {
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.headers["location"], to);
}

#[tokio::test]
async fn a_file_becomes_a_table_and_its_rows_are_replaced() {
    let house = House::start().await;
    let cookie = house.login().await;
    assert!(look(&house, &cookie, "/tables").await.text().contains("No tables yet"));
    let fields = [("_once", "1"), ("name", "contacts"), ("format", "")];
    let csv = "email,note\na@example.com,<script>alert(1)</script>\nb@example.com,\n";
    let answer = upload(&house, &cookie, "/new/table", &fields, Some(("contacts.CSV", csv))).await;
    leads_to(&answer, "/tables/contacts?done=created");
    let page = look(&house, &cookie, "/tables/contacts?done=created").await.text();
    assert!(page.contains("Created.") && page.contains("<code>note</code>") && page.contains("<dd>2</dd>"), "{page}");
    assert!(page.contains("hx-get=\"/tables/contacts?rows=yes\"") && page.contains("uploaded: "), "{page}");
    let rows = look(&house, &cookie, "/tables/contacts?rows=yes").await.text();
    assert!(rows.contains("a@example.com") && rows.contains("NULL") && rows.contains("2 rows: that is all."), "{rows}");
    assert!(!rows.contains("<script>alert(1)"), "{rows}");
    let jsonl = "{\"email\": \"c@example.com\"}\n";
    let answer = upload(&house, &cookie, "/tables/contacts", &[("format", "jsonl")], Some(("x.txt", jsonl))).await;
    leads_to(&answer, "/tables/contacts?done=saved");
    let table: Table = house.admin("GET", "/api/v1/tables/contacts", None).await.take(200);
    assert_eq!((table.rows, table.columns.len()), (Some(1), 1));
    let answer = upload(&house, &cookie, "/tables/absent", &[], Some(("x.csv", csv))).await;
    assert_eq!(answer.status, 404, "{}", answer.text());
}

#[tokio::test]
async fn what_is_wrong_with_an_upload_stands_beside_its_fields() {
    let house = House::start().await;
    let cookie = house.login().await;
    upload(&house, &cookie, "/new/table", &[("name", "taken")], Some(("a.csv", "a\n1\n"))).await;
    let before = house.changes().await;
    let big = "x".repeat(20 << 10);
    let cases: [(&str, Fields<'_>, File<'_>, u16, &str); 8] = [
        ("no file", &[("name", "t")], None, 422, "id=\"f-upload-fault\""),
        ("no name", &[("name", " ")], Some(("a.csv", "a\n")), 422, "id=\"f-name-fault\""),
        ("hostile", &[("name", "\"><script>alert(1)</script>")], Some(("a.csv", "a\n")), 422, "id=\"f-name-fault\""),
        ("taken", &[("name", "taken")], Some(("a.csv", "a\n")), 422, "is the name of another table"),
        ("spreadsheet", &[("name", "t")], Some(("a.xlsx", "PK")), 422, "id=\"f-format-fault\""),
        ("odd format", &[("name", "t"), ("format", "xls")], Some(("a", "PK")), 422, "id=\"f-format-fault\""),
        ("not what it says", &[("name", "t")], Some(("a.parquet", "email\n")), 422, "id=\"f-upload-fault\""),
        ("a long field", &[("name", &big)], Some(("a.csv", "a\n")), 413, "larger than"),
    ];
    for (name, fields, file, status, want) in cases {
        let answer = upload(&house, &cookie, "/new/table", fields, file).await;
        let text = answer.text();
        assert_eq!((answer.status.as_u16(), text.contains(want)), (status, true), "{name}: {text}");
        assert!(!text.contains("<script>alert(1)"), "{name}");
    }
    let kind = "multipart/form-data; boundary=other".to_owned();
    let torn = house.send(sent("/new/table", &cookie, &kind, "same-origin", parts(&[("name", "t")], None))).await;
    assert_eq!(torn.status, 400, "{}", torn.text());
    assert_eq!(house.changes().await, before);
}

#[tokio::test]
async fn a_file_is_as_large_as_the_operator_allows() {
    let house = House::start().await;
    let cookie = house.login().await;
    // More than a framework takes unasked.
    let rows = 300_000;
    let csv: String =
        std::iter::once("email\n".to_owned()).chain((0..rows).map(|row| format!("{row}@x.io\n"))).collect();
    assert!(csv.len() > 3 << 20, "{}", csv.len());
    let answer = upload(&house, &cookie, "/new/table", &[("name", "t")], Some(("t.csv", &csv))).await;
    leads_to(&answer, "/tables/t?done=created");
    let table: Table = house.admin("GET", "/api/v1/tables/t", None).await.take(200);
    assert_eq!(table.rows, Some(rows));
}

#[tokio::test]
async fn only_the_same_file_sent_again_is_taken_for_the_same() {
    let house = House::start().await;
    let cookie = house.login().await;
    let (one, other) = (("a.csv", "email\na@x.io\n"), ("b.csv", "email\nb@x.io\n"));
    let longer = ("a.csv", "email\na@x.io\nb@x.io\n");
    let sendings = [("t", one), ("t", one), ("u", one), ("v", other), ("w", longer)];
    for (name, file) in sendings {
        let fields = [("_once", "1"), ("name", name)];
        let answer = upload(&house, &cookie, "/new/table", &fields, Some(file)).await;
        leads_to(&answer, &format!("/tables/{name}?done=created"));
    }
    for (file, rows) in [(one, 1), (longer, 2), (longer, 2)] {
        leads_to(&upload(&house, &cookie, "/tables/t", &[("_once", "2")], Some(file)).await, "/tables/t?done=saved");
        let table: Table = house.admin("GET", "/api/v1/tables/t", None).await.take(200);
        assert_eq!(table.rows, Some(rows));
    }
    // Another name with the same number and the same file is told that it is taken, not that it was made.
    let again = upload(&house, &cookie, "/new/table", &[("_once", "3"), ("name", "t")], Some(one)).await;
    assert_eq!(again.status, 422, "{}", again.text());
}

#[tokio::test]
async fn where_a_form_comes_from_is_looked_at_before_what_it_is() {
    let (house, kind) = (House::start().await, "multipart/form-data; boundary=other");
    let cookie = house.login().await;
    let whole = format!("multipart/form-data; boundary={BOUNDARY}");
    let nobodys = format!("sluice={}", "x".repeat(43));
    let cases = [
        ("/new/table", "cross-site", kind, 403),
        ("/new/table", "cross-site", "multipart/form-data", 403),
        ("/jobs/abc/mended", "cross-site", "text/plain", 403),
        ("/new/table", "same-origin", "multipart/form-data", 400),
        ("/new/table", "same-origin", kind, 400),
        ("/new/table", "same-origin", "text/plain", 415),
        ("/jobs/abc/mended", "same-origin", "text/plain", 400),
        ("/jobs/abc/mended", "same-origin", "multipart/form-data", 400),
    ];
    for (path, site, kind, status) in cases {
        for cookie in [cookie.as_str(), &nobodys] {
            let answer = house.send(sent(path, cookie, kind, site, parts(&[("name", "t")], None))).await;
            assert_eq!(answer.status, status, "{path} {site} {kind}: {}", answer.text());
            assert!(
                answer.text().trim_start().starts_with("<!doctype html>"),
                "{path} {site} {kind}: {}",
                answer.text()
            );
        }
    }
    let away = house.send(sent("/new/table", &nobodys, &whole, "same-origin", parts(&[], None))).await;
    assert_eq!(away.status, 401, "{}", away.text());
}

#[tokio::test]
async fn a_file_that_is_too_large_is_not_kept() {
    let house = House::start().await;
    let mut config = app::Config::new(house.directory.path().join("small"));
    std::fs::create_dir(house.directory.path().join("small")).unwrap();
    config.upload_bytes = 10;
    let small = app::App::start(config, app::Mode::Serve).await.unwrap();
    let router = server::router(small.clone(), house.config.clone());
    let house = House { app: small, router, ..house };
    let token = secrecy::ExposeSecret::expose_secret(&house.app.setup_token().unwrap()).to_owned();
    let setup = json!({ "token": token, "name": "ada", "password": crate::house::PASSWORD });
    assert_eq!(house.anybody("POST", "/api/v1/setup", Some(setup)).await.status, 201);
    let cookie = house.login().await;
    let answer =
        upload(&house, &cookie, "/new/table", &[("name", "t")], Some(("a.csv", "email\na@example.com\n"))).await;
    assert_eq!(answer.status, 413);
    assert!(
        answer.text().contains("is larger than 10 bytes") && answer.text().contains("value=\"t\""),
        "{}",
        answer.text()
    );
    assert_eq!(look(&house, &cookie, "/tables/t").await.status, 404);
}

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_table() {
    let house = House::start().await;
    let cookie = house.login().await;
    let fields = [("_once", "same"), ("name", "t")];
    let send = || upload(&house, &cookie, "/new/table", &fields, Some(("a.csv", "a\n1\n")));
    let (one, other) = tokio::join!(send(), send());
    leads_to(&one, "/tables/t?done=created");
    leads_to(&other, "/tables/t?done=created");
    let table: Table = house.admin("GET", "/api/v1/tables/t", None).await.take(200);
    assert_eq!(table.revision, 1);
}

#[tokio::test]
async fn files_of_the_server_are_bound_and_bound_anew() {
    let house = House::start().await;
    let cookie = house.login().await;
    let root = house.directory.path().join("tables");
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(root.join("a.csv"), "email\na@example.com\n").unwrap();
    std::fs::write(root.join("b.csv"), "email\n").unwrap();
    let form = "how=bind&_do=bind&name=t&files=/etc/passwd";
    let outside = press(&house, &cookie, "/new/table", form).await;
    assert_eq!(outside.status, 422);
    assert!(
        outside.text().contains("id=\"f-files-fault\"") && outside.text().contains("/etc/passwd"),
        "{}",
        outside.text()
    );
    leads_to(
        &press(&house, &cookie, "/new/table", "how=bind&_do=bind&name=t&files=a.csv").await,
        "/tables/t?done=created",
    );
    let taken = press(&house, &cookie, "/new/table", "how=bind&_do=bind&name=t&files=b.csv").await;
    assert!(taken.status == 422 && taken.text().contains("is the name of another table"), "{}", taken.text());
    let shown = press(&house, &cookie, "/tables/t", "_do=show&_revision=1&files=typed.csv").await;
    assert!(shown.status == 200 && shown.text().contains("value=\"typed.csv\""), "{}", shown.text());
    leads_to(&press(&house, &cookie, "/tables/t", "_do=bind&_revision=1&files=b.csv").await, "/tables/t?done=saved");
    let stale = press(&house, &cookie, "/tables/t", "_do=bind&_revision=1&files=a.csv").await;
    assert!(stale.status == 412 && stale.text().contains("value=\"a.csv\""), "{}", stale.text());
    let table: Table = house.admin("GET", "/api/v1/tables/t", None).await.take(200);
    assert_eq!((table.files.as_deref(), table.revision), (Some("b.csv"), 2));
}

#[tokio::test]
async fn a_table_is_deleted_when_somebody_said_so_twice_and_nothing_uses_it() {
    let house = House::start().await;
    let cookie = house.login().await;
    upload(&house, &cookie, "/new/table", &[("name", "t")], Some(("a.csv", "a\n1\n"))).await;
    let query = json!({ "name": "uses it", "sql": "SELECT a FROM t" });
    assert_eq!(house.admin("POST", "/api/v1/queries", Some(query)).await.status, 201);
    let page = look(&house, &cookie, "/tables/t").await.text();
    assert!(page.contains("href=\"/queries/uses%20it\"") && !page.contains("value=\"delete\""), "{page}");
    let used = press(&house, &cookie, "/tables/t", "_do=delete-now").await;
    assert!(used.status == 409 && used.text().contains("is used by uses it"), "{}", used.text());
    house.admin("DELETE", "/api/v1/queries/uses%20it", None).await;
    let asked = press(&house, &cookie, "/tables/t", "_do=delete").await;
    assert!(asked.status == 200 && asked.text().contains("value=\"delete-now\""), "{}", asked.text());
    leads_to(&press(&house, &cookie, "/tables/t", "_do=delete-now").await, "/tables?done=deleted");
    assert_eq!(look(&house, &cookie, "/tables/t").await.status, 404);
}

#[tokio::test]
async fn viewers_see_no_rows_and_change_nothing() {
    let house = House::start().await;
    let ada = house.login().await;
    upload(&house, &ada, "/new/table", &[("name", "t")], Some(("a.csv", "email\na@example.com\n"))).await;
    let bob = house.viewer().await;
    let before = house.changes().await;
    let page = look(&house, &bob, "/tables/t?rows=yes").await;
    assert_eq!(page.status, 200);
    assert!(
        !page.text().contains("a@example.com") && page.text().contains("an editor can see them"),
        "{}",
        page.text()
    );
    assert!(!look(&house, &bob, "/new/table").await.text().contains("<input type=\"file\""));
    for answer in [
        upload(&house, &bob, "/new/table", &[("name", "u")], Some(("a.csv", "a\n"))).await,
        upload(&house, &bob, "/tables/t", &[], Some(("a.csv", "a\n"))).await,
        press(&house, &bob, "/new/table", "how=bind&_do=bind&name=u&files=a.csv").await,
        press(&house, &bob, "/tables/t", "_do=bind&files=a.csv").await,
        press(&house, &bob, "/tables/t", "_do=delete-now").await,
    ] {
        assert_eq!(answer.status, 403, "{}", answer.text());
    }
    assert_eq!(house.changes().await, before);
}

#[tokio::test]
async fn a_foreign_page_uploads_nothing_and_an_ended_session_keeps_what_was_typed() {
    let house = House::start().await;
    let cookie = house.login().await;
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let body = || parts(&[("name", "typed_name")], Some(("a.csv", "a\n1\n")));
    for site in ["cross-site", "same-site", "none"] {
        let answer = house.send(sent("/new/table", &cookie, &kind, site, body())).await;
        assert_eq!(answer.status, 403, "{site}: {}", answer.text());
    }
    let ended = house.send(sent("/new/table", "sluice=ended", &kind, "same-origin", body())).await;
    assert_eq!(ended.status, 401);
    let text = ended.text();
    assert!(
        text.contains("name=\"_kept.name\"") && text.contains("typed_name") && text.contains("/new/table"),
        "{text}"
    );
    let again = press(&house, &cookie, "/new/table", "_do=show&name=typed_name").await;
    assert!(again.status == 200 && again.text().contains("value=\"typed_name\""), "{}", again.text());
    assert_eq!(look(&house, &cookie, "/tables/typed_name").await.status, 404);
}
