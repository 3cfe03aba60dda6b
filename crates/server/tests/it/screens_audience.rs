//! Audience Studio in a browser: from tables to an activation with forms alone, and what forms must not do.

use api::{Activation, Job, Page, ParentSegment, Segment};
use serde_json::{Value, json};

use crate::audience::{activation, countries, ended, made, refreshed, segment, tables, upload};
use crate::house::House;
use crate::screens_export::{leads_to, press};
use crate::sheet::{Sheet, unescaped};

async fn take<T: serde::de::DeserializeOwned>(house: &House, path: &str) -> T {
    house.admin("GET", &format!("/api/v1{path}"), None).await.take(200)
}

async fn text(house: &House, cookie: &str, path: &str) -> String {
    let answer = house.page(cookie, "GET", path, None).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.text()
}

/// A parent segment made with its form, and refreshed with its button.
async fn parent_by_hand(house: &House, cookie: &str) {
    assert!(text(house, cookie, "/parent-segments").await.contains("No parent segment yet"));
    let mut sheet = Sheet::open(house, cookie, "/new/parent-segment", "parent-form").await;
    sheet.fill("name", "customers");
    sheet.fill("master.table", "customers");
    sheet.draw("show").await;
    sheet.fill("master.key", "id");
    sheet.draw("add:attributes").await;
    sheet.fill("attributes.0.table", "plans");
    sheet.draw("show").await;
    sheet.fill("attributes.0.parent_key", "customer");
    sheet.draw("every:attributes.0").await;
    assert_eq!((sheet.get("attributes.0.column"), sheet.get("attributes.0.parent_key")), ("plan", "customer"));
    sheet.draw("add:behaviors").await;
    sheet.fill("behaviors.0.table", "orders");
    sheet.fill("behaviors.0.name", "orders");
    sheet.draw("show").await;
    sheet.fill("behaviors.0.parent_key", "customer");
    sheet.draw("check").await;
    for told in
        ["It would have 4 profiles.", "4 rows. 2 of 4 profiles have events. 1 row has a key that no profile has."]
    {
        assert!(sheet.html.contains(told), "{told}: {}", sheet.html);
    }
    leads_to(&sheet.send("save").await, "/parent-segments/customers?done=created");
    for _ in 0..2 {
        let refresh = press(house, cookie, "/parent-segments/customers", &[("_do", "refresh"), ("_once", "r1")]).await;
        leads_to(&refresh, "/parent-segments/customers?done=started");
    }
    let jobs: Page<Job> = take(house, "/jobs?parent_segment=customers").await;
    assert_eq!(jobs.items.len(), 1);
    assert_eq!(ended(house, &jobs.items[0].id).await.state.name(), "success");
}

#[tokio::test]
async fn from_tables_to_an_activation_with_forms_alone() {
    let house = tables().await;
    let cookie = house.login().await;
    parent_by_hand(&house, &cookie).await;
    assert!(text(&house, &cookie, "/parent-segments/customers").await.contains("4 profiles"));
    assert!(text(&house, &cookie, "/parent-segments/customers/profiles").await.contains("a@example.com"));

    let mut sheet = Sheet::open(&house, &cookie, "/new/segment?of=customers", "segment-form").await;
    let first = "rule.conditions.0.conditions.0";
    sheet.fill(&format!("{first}.leftValue"), "a:country");
    sheet.draw("show").await;
    sheet.fill(&format!("{first}.operator"), "In");
    sheet.draw("show").await;
    sheet.draw("count").await;
    assert!(
        sheet.html.contains("The rule is not complete yet") && sheet.html.contains("rightValues-fault"),
        "{}",
        sheet.html
    );
    sheet.fill(&format!("{first}.operator.rightValues"), "JP\n");
    sheet.draw("count").await;
    assert!(
        sheet.html.contains("2 of 4 profiles, 50.0\u{a0}%") && sheet.html.contains("cdp_audience_1.customers"),
        "{}",
        sheet.html
    );
    sheet.fill("name", "buyers");
    leads_to(&sheet.send("save").await, "/segments/buyers?done=created");
    let saved: Segment = take(&house, "/segments/buyers").await;
    assert_eq!(
        saved.spec.rule["conditions"][0]["conditions"][0]["operator"],
        json!({"type": "In", "not": false, "rightValues": ["JP"]})
    );

    let mut sheet = Sheet::open(&house, &cookie, "/new/activation?of=buyers", "activation-form").await;
    sheet.fill("name", "to list");
    sheet.fill("export.connection", "prod");
    sheet.draw("column:output.columns").await;
    sheet.fill("output.columns.0.source.column", "email");
    sheet.draw("string:output.columns").await;
    assert_eq!(sheet.get("output.columns.0.column"), "email");
    sheet.fill("output.columns.1.column", "comments");
    sheet.fill("output.columns.1.source.parameters.0.type", "SegmentName");
    sheet.draw("preview").await;
    for told in ["2 rows now", "a@example.com", "<td dir=\"auto\">buyers</td>"] {
        assert!(sheet.html.contains(told), "{told}: {}", sheet.html);
    }
    leads_to(&sheet.send("save").await, "/activations/to%20list?done=created");
    let saved: Activation = take(&house, "/activations/to%20list").await;
    assert_eq!(json!(saved.spec.output.columns[1].source), json!({"parameters": [{"type": "SegmentName"}]}));
    assert!(saved.spec.enabled && saved.spec.schedule.is_none());

    let act = async |button: &str| press(&house, &cookie, "/activations/to%20list", &[("_do", button)]).await;
    assert_eq!(act("disable").await.status, 303);
    assert_eq!(act("run").await.status, 409);
    assert_eq!(act("enable").await.status, 303);
    assert_eq!(act("run").await.status, 303);
    let jobs: Page<Job> = take(&house, "/jobs?activation=to%20list").await;
    assert_eq!(jobs.items.len(), 1);
    let mut sheet = Sheet::open(&house, &cookie, "/activations/to%20list/copy", "copy-form").await;
    sheet.fill("name", "again");
    leads_to(&sheet.send("save").await, "/activations/again?done=created");
    assert!(!take::<Activation>(&house, "/activations/again").await.spec.enabled);
}

#[tokio::test]
async fn a_form_gives_back_what_it_shows() {
    let house = refreshed().await;
    let cookie = house.login().await;
    let mut whole = activation("whole");
    whole["output"] = json!({ "all_columns": false, "columns": [{ "id": "td-1", "column": "email", "source": { "column": "email" } }],
        "behaviors": [{ "behavior": "orders", "join": "last", "columns": [{ "column": "notes", "source": { "column": "product" } }] }] });
    made(&house, "activations", whole).await;
    let rule = json!({ "type": "And", "name": "kept", "conditions": [
        { "type": "Value", "leftValue": { "name": "score" }, "operator": { "type": "Greater", "rightValue": "1" } }] });
    made(&house, "segments", segment("odd", &rule)).await;
    let pages = [
        ("/parent-segments/customers/edit", "parent-form", "/parent-segments/customers"),
        ("/segments/odd", "segment-form", "/segments/odd"),
        ("/segments/try", "segment-form", "/segments/try"),
        ("/activations/whole/edit", "activation-form", "/activations/whole"),
        ("/activations/to%20list/edit", "activation-form", "/activations/to%20list"),
    ];
    for (page, form, api) in pages {
        let mut before: Value = take(&house, api).await;
        if let Some(settings) = before["spec"].pointer_mut("/export/settings").and_then(Value::as_object_mut) {
            // What has its default is left out.
            settings.remove("data_object");
        }
        let mut sheet = Sheet::open(&house, &cookie, page, form).await;
        sheet.draw("show").await;
        assert_eq!(take::<Value>(&house, api).await["revision"], before["revision"], "{page}");
        let saved = sheet.send("save").await;
        assert_eq!(saved.status, 303, "{page}: {}", saved.text());
        let after: Value = take(&house, api).await;
        assert_eq!(after["spec"], before["spec"], "{page}");
        assert_ne!(after["revision"], before["revision"], "{page}");
    }
}

#[tokio::test]
async fn what_somebody_changed_meanwhile_is_not_overwritten_unseen() {
    let house = refreshed().await;
    let cookie = house.login().await;
    let pages = [
        ("/parent-segments/customers/edit", "parent-form", "/parent-segments/customers"),
        ("/segments/buyers", "segment-form", "/segments/buyers"),
        ("/activations/to%20list/edit", "activation-form", "/activations/to%20list"),
    ];
    for (page, form, api) in pages {
        let mut sheet = Sheet::open(&house, &cookie, page, form).await;
        sheet.fill("description", "mine");
        let mut spec: Value = take::<Value>(&house, api).await["spec"].clone();
        spec["description"] = "theirs".into();
        assert_eq!(house.admin("PUT", &format!("/api/v1{api}"), Some(spec)).await.status, 200);
        let refused = sheet.send("save").await;
        assert_eq!(refused.status, 412, "{page}: {}", refused.text());
        assert_eq!(take::<Value>(&house, api).await["spec"]["description"], "theirs");
        let sheet = Sheet::read(&house, &cookie, form, &refused);
        assert!(
            sheet.html.contains("Somebody changed this meanwhile") && sheet.get("description") == "mine",
            "{}",
            sheet.html
        );
        // Pressed again it is refused again; over it goes only by its own button.
        assert_eq!(sheet.send("save").await.status, 412, "{page}");
        assert_eq!(sheet.send("over").await.status, 303, "{page}");
        assert_eq!(take::<Value>(&house, api).await["spec"]["description"], "mine");
    }
}

#[tokio::test]
async fn who_only_looks_changes_nothing() {
    let house = refreshed().await;
    let viewer = house.viewer().await;
    let before = house.changes().await;
    for page in ["/parent-segments", "/parent-segments/customers", "/segments/buyers", "/activations/to%20list"] {
        let html = text(&house, &viewer, page).await;
        assert!(
            !html.contains("/new/") && !html.contains("/delete") && !html.contains("value=\"save\""),
            "{page}: {html}"
        );
    }
    assert!(text(&house, &viewer, "/segments/buyers").await.contains("cdp_audience_1.customers"));
    assert_eq!(house.page(&viewer, "GET", "/parent-segments/customers/profiles", None).await.status, 403);
    let spec = [
        ("name", "x"),
        ("parent_segment", "customers"),
        ("master.table", "customers"),
        ("master.key", "id"),
        ("segment", "buyers"),
    ];
    let posts = [
        ("/new/parent-segment", "save"),
        ("/new/parent-segment", "check"),
        ("/new/segment", "save"),
        ("/new/activation", "save"),
        ("/new/activation", "preview"),
        ("/parent-segments/customers", "refresh"),
        ("/parent-segments/customers/edit", "save"),
        ("/parent-segments/customers/delete", "delete"),
        ("/segments/buyers", "save"),
        ("/segments/buyers/delete", "delete"),
        ("/activations/to%20list", "run"),
        ("/activations/to%20list", "enable"),
        ("/activations/to%20list", "disable"),
        ("/activations/to%20list/edit", "save"),
        ("/activations/to%20list/copy", "save"),
        ("/activations/to%20list/delete", "delete"),
    ];
    for (path, button) in posts {
        let mut fields = spec.to_vec();
        fields.push(("_do", button));
        let answer = press(&house, &viewer, path, &fields).await;
        assert_eq!(answer.status, 403, "{path} {button}: {}", answer.text());
    }
    // Counting shows what it is, and nobody's profiles.
    let counted = press(&house, &viewer, "/segments/buyers", &[("_do", "sample"), ("rule.type", "And")]).await.text();
    assert!(!counted.contains("@example.com"), "{counted}");
    assert_eq!(house.changes().await, before);
}

#[tokio::test]
async fn whatever_is_typed_or_stored_is_text() {
    let house = refreshed().await;
    let cookie = house.login().await;
    upload(&house, "bad", "id,note\n1,<script>alert(1)</script>\n").await;
    let parent = json!({ "name": "bad", "master": { "table": "bad", "key": "id" } });
    made(&house, "parent-segments", parent).await;
    let job: Job = house.admin("POST", "/api/v1/parent-segments/bad/refresh", None).await.take(202);
    ended(&house, &job.id).await;
    let hostile = "\"'><script>alert(1)</script>";
    let rule = json!({ "type": "And", "conditions": [
        { "type": "Value", "leftValue": { "name": "note" }, "operator": { "type": "Contain", "not": true, "rightValues": [hostile] } }] });
    let mut named = segment("new", &rule);
    named["parent_segment"] = "bad".into();
    named["description"] = hostile.into();
    made(&house, "segments", named).await;
    let mut sheet = Sheet::open(&house, &cookie, "/segments/new", "segment-form").await;
    assert_eq!(sheet.get("rule.conditions.0.operator.rightValues"), hostile);
    sheet.draw("sample").await;
    assert!(
        sheet.html.contains("alert(1)&#60;/script&#62;") && !sheet.html.contains("<script>alert"),
        "{}",
        sheet.html
    );
    for name in [hostile, "../..", &"x".repeat(300), "שלום\u{202e}"] {
        sheet.fill("name", name);
        let refused = sheet.send("save").await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(!refused.text().contains("<script>alert"), "{}", refused.text());
        assert_eq!(Sheet::read(&house, &cookie, "segment-form", &refused).get("name"), name);
    }
    for page in ["/parent-segments/bad", "/parent-segments/bad/profiles", "/parent-segments/bad/edit"] {
        assert!(!text(&house, &cookie, page).await.contains("<script>alert"), "{page}");
    }
    for page in ["/parent-segments/%3Cscript%3E", "/segments/no", "/activations/no", "/new/segment?of=no"] {
        assert_eq!(house.page(&cookie, "GET", page, None).await.status, 404, "{page}");
    }
}

#[tokio::test]
async fn what_is_needed_is_not_deleted() {
    let house = refreshed().await;
    let cookie = house.login().await;
    let delete = async |path: &str| press(&house, &cookie, &format!("{path}/delete"), &[("_do", "delete")]).await;
    for (path, needs) in
        [("/parent-segments/customers", "/segments/buyers"), ("/segments/buyers", "/activations/to%20list")]
    {
        let asked = text(&house, &cookie, &format!("{path}/delete")).await;
        assert!(asked.contains(&format!("href=\"{needs}\"")) && !asked.contains("value=\"delete\""), "{path}: {asked}");
        assert_eq!(delete(path).await.status, 409, "{path}");
    }
    leads_to(&delete("/activations/to%20list").await, "/segments/buyers?done=deleted");
    leads_to(&delete("/segments/try").await, "/parent-segments/customers?done=deleted");
    leads_to(&delete("/segments/buyers").await, "/parent-segments/customers?done=deleted");
    leads_to(&delete("/parent-segments/customers").await, "/parent-segments?done=deleted");
}

#[tokio::test]
async fn many_segments_are_pages_of_fifty() {
    let house = refreshed().await;
    let cookie = house.login().await;
    for number in 0..60 {
        let mut spec = segment(&format!("many {number:02}"), &countries(&["JP"]));
        spec["folder"] = if number % 2 == 0 { "even" } else { "odd" }.into();
        made(&house, "segments", spec).await;
    }
    let first = text(&house, &cookie, "/parent-segments/customers").await;
    assert_eq!(first.matches("<li data-context>").count(), 50);
    let next = first.split("href=\"").find(|part| part.contains("after=")).unwrap().split('"').next().unwrap();
    let second = text(&house, &cookie, &unescaped(next)).await;
    assert_eq!(second.matches("<li data-context>").count(), 12);
    let folder = text(&house, &cookie, "/parent-segments/customers?folder=even").await;
    assert!(folder.contains("many 00") && !folder.contains("many 01"), "{folder}");
    assert_eq!(take::<ParentSegment>(&house, "/parent-segments/customers").await.segments, 62);
}
