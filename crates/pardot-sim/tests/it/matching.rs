//! Which prospect a record finds, version by version.
//!
//! Knows the matching rules by their effect on the store.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::http::Stage;

async fn stage(version: u8) -> Stage {
    let stage = Stage::version(version).await;
    stage.sandbox.add_prospect(&stage.unit, json!({"email": "Ada@x.io", "first_name": "Ada", "city": "Bonn"}));
    stage.sandbox.add_prospect(&stage.unit, json!({"email": "bob@x.io", "fid": "00Q1"}));
    stage
}

fn held(stage: &Stage) -> String {
    stage.sandbox.prospects(&stage.unit).iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

async fn check(version: u8, operation: &str, records: &str, want: Expect) {
    let stage = stage(version).await;
    let answer = stage.batch(version, operation, &format!(r#"{{"prospects":{records}}}"#)).await;
    want.assert_eq(&format!("{answer}\n{}", held(&stage)));
}

#[tokio::test]
async fn version_four() {
    check(
        4,
        "batchUpsert",
        r#"[{"email":"ada@x.io","first_name":"Twin"}]"#,
        expect![[r#"
            201 {"@attributes":{"stat":"ok","version":1},"errors":{}}
            {"id":501,"email":"Ada@x.io","first_name":"Ada","city":"Bonn","lists":[]}
            {"id":503,"email":"bob@x.io","fid":"00Q1","lists":[]}
            {"id":505,"email":"ada@x.io","first_name":"Twin","lists":[]}"#]],
    )
    .await;
    check(
        4,
        "batchUpsert",
        r#"[{"id":501,"email":"new@x.io","city":""}]"#,
        expect![[r#"
            200 {"@attributes":{"stat":"ok","version":1},"errors":{}}
            {"id":501,"email":"new@x.io","first_name":"Ada","lists":[]}
            {"id":503,"email":"bob@x.io","fid":"00Q1","lists":[]}"#]],
    )
    .await;
    check(
        4,
        "batchUpsert",
        r#"[{"fid":"00Q1","first_name":"Bob"}]"#,
        expect![[r#"
            200 {"@attributes":{"stat":"ok","version":1},"errors":{}}
            {"id":501,"email":"Ada@x.io","first_name":"Ada","city":"Bonn","lists":[]}
            {"id":503,"email":"bob@x.io","fid":"00Q1","first_name":"Bob","lists":[]}"#]],
    )
    .await;
    check(
        4,
        "batchUpsert",
        r#"[{"fid":"00Q2","email":"c@x.io"},{"fid":"00Q3"}]"#,
        expect![[r#"
            200 {"@attributes":{"stat":"fail","version":1},"errors":{"1":"Invalid prospect fid"}}
            {"id":501,"email":"Ada@x.io","first_name":"Ada","city":"Bonn","lists":[]}
            {"id":503,"email":"bob@x.io","fid":"00Q1","lists":[]}
            {"id":505,"email":"c@x.io","fid":"00Q2","lists":[]}"#]],
    )
    .await;
    check(
        4,
        "batchUpsert",
        r#"[{"id":501,"fid":"00Q1"},{"id":999},{"first_name":"nobody"}]"#,
        expect![[r#"
            200 {"@attributes":{"stat":"fail","version":1},"errors":{"0":"Prospect ID and FID do not match","1":"Invalid prospect ID","2":"Invalid prospect email address"}}
            {"id":501,"email":"Ada@x.io","first_name":"Ada","city":"Bonn","lists":[]}
            {"id":503,"email":"bob@x.io","fid":"00Q1","lists":[]}"#]],
    )
    .await;
    check(
        4,
        "batchUpdate",
        r#"[{"email":"bob@x.io","city":"Ulm"},{"id":503,"city":"Ulm"}]"#,
        expect![[r#"
            200 {"@attributes":{"stat":"fail","version":1},"errors":{"0":"Invalid prospect ID"}}
            {"id":501,"email":"Ada@x.io","first_name":"Ada","city":"Bonn","lists":[]}
            {"id":503,"email":"bob@x.io","fid":"00Q1","city":"Ulm","lists":[]}"#]],
    )
    .await;
    check(
        4,
        "batchCreate",
        r#"[{"email":"bob@x.io"},{"first_name":"x"}]"#,
        expect![[r#"
            200 {"@attributes":{"stat":"fail","version":1},"errors":{"1":"Invalid prospect email address"}}
            {"id":501,"email":"Ada@x.io","first_name":"Ada","city":"Bonn","lists":[]}
            {"id":503,"email":"bob@x.io","fid":"00Q1","lists":[]}
            {"id":505,"email":"bob@x.io","lists":[]}"#]],
    )
    .await;
}

#[tokio::test]
async fn version_three() {
    check(
        3,
        "batchUpsert",
        r#"{"ADA@x.io":{"city":"Ulm"},"501":{"email":"bob@x.io"}}"#,
        expect![[r#"
            200 {"@attributes":{"stat":"fail","version":1},"errors":{"501":"Email address is already in use"}}
            {"id":501,"email":"ADA@x.io","first_name":"Ada","city":"Ulm","lists":[]}
            {"id":503,"email":"bob@x.io","fid":"00Q1","lists":[]}"#]],
    )
    .await;
    check(
        3,
        "batchUpsert",
        r#"{"999":{"city":"Ulm"},"998":{"email":"c@x.io"}}"#,
        expect![[r#"
            200 {"@attributes":{"stat":"fail","version":1},"errors":{"999":"Non-existent prospect ID; No email address provided"}}
            {"id":501,"email":"Ada@x.io","first_name":"Ada","city":"Bonn","lists":[]}
            {"id":503,"email":"bob@x.io","fid":"00Q1","lists":[]}
            {"id":505,"email":"c@x.io","lists":[]}"#]],
    )
    .await;
    check(
        3,
        "batchCreate",
        r#"{"ada@X.io":{"city":"Ulm"},"d@x.io":{}}"#,
        expect![[r#"
            200 {"@attributes":{"stat":"fail","version":1},"errors":{"ada@X.io":"A prospect with the specified email address already exists"}}
            {"id":501,"email":"Ada@x.io","first_name":"Ada","city":"Bonn","lists":[]}
            {"id":503,"email":"bob@x.io","fid":"00Q1","lists":[]}
            {"id":505,"email":"d@x.io","lists":[]}"#]],
    )
    .await;
    check(
        3,
        "batchUpdate",
        r#"{"bob@x.io":{"city":"Ulm"},"e@x.io":{}}"#,
        expect![[r#"
            200 {"@attributes":{"stat":"fail","version":1},"errors":{"e@x.io":"Invalid prospect email address"}}
            {"id":501,"email":"Ada@x.io","first_name":"Ada","city":"Bonn","lists":[]}
            {"id":503,"email":"bob@x.io","fid":"00Q1","city":"Ulm","lists":[]}"#]],
    )
    .await;
}

#[tokio::test]
async fn the_recycle_bin() {
    let stage = stage(4).await;
    stage.post("/api/prospect/version/4/do/delete/id/501", "").await;
    let dead = r#"{"prospects":[{"id":501,"city":"Ulm"}]}"#;
    let update = stage.batch(4, "batchUpdate", dead).await;
    assert!(update.contains(r#"{"0":"Invalid prospect ID"}"#), "{update}");
    assert_eq!(stage.sandbox.prospects(&stage.unit)[0]["is_archived"], true);
    stage.batch(4, "batchUpsert", dead).await;
    assert_eq!(stage.sandbox.prospects(&stage.unit)[0].get("is_archived"), None);
}

#[tokio::test]
async fn lists_fields_and_values() {
    let stage = stage(4).await;
    let (sandbox, unit) = (&stage.sandbox, stage.unit.as_str());
    let spring = sandbox.add_list(unit, "Spring", false);
    let dynamic = sandbox.add_list(unit, "All", true);
    sandbox.add_custom_field(unit, "Size", "Number");
    sandbox.add_custom_field(unit, "Since", "Date");
    sandbox.add_custom_field(unit, "Tags", "Multi-Select");
    let record = format!(
        r#"{{"prospects":[{{"id":501,"list_{spring}":1,"list_{dynamic}":1,"list_4711":1,"Size":"7.5","Since":"2020-08-30T05:49:48.000Z",
        "Tags_0":"a","Tags_1":"b","nonsense":"x","score":25,"is_do_not_email":1,"is_starred":0,"grade":"A"}},
        {{"id":503,"Size":"many","Since":"soon","campaign_id":1}}]}}"#
    );
    let answer = stage.batch(4, "batchUpsert", &record).await;
    expect![[r#"
        200 {"@attributes":{"stat":"fail","version":1},"errors":{"1":"Invalid campaign ID"}}
        {"id":501,"email":"Ada@x.io","first_name":"Ada","city":"Bonn","Size":7.5,"Since":"2020-08-30","score":25,"is_do_not_email":1,"Tags":"a;b","lists":[77]}
        {"id":503,"email":"bob@x.io","fid":"00Q1","lists":[]}"#]].assert_eq(&format!("{answer}\n{}", held(&stage)));
    assert_eq!(sandbox.membership(unit, dynamic, 501), None);
    let hash = sandbox.hash(unit);
    stage.batch(4, "batchUpsert", &record).await;
    assert_eq!(sandbox.hash(unit), hash, "repeating a batch changes nothing");
    sandbox.opt_out(unit, spring, 501);
    stage.batch(4, "batchUpsert", &format!(r#"{{"prospects":[{{"id":501,"list_{spring}":0}}]}}"#)).await;
    let left = sandbox.membership(unit, spring, 501).unwrap();
    assert!(left.deleted && left.opted_out);
}

#[tokio::test]
async fn addresses() {
    let stage = stage(3).await;
    for (email, valid) in [
        ("a@b.co", true),
        ("a@b.c", false),
        ("a b@c.io", false),
        ("a@b@c.io", false),
        ("@c.io", false),
        ("a@.io", false),
        ("a@b.c.io", true),
        ("bademail", false),
    ] {
        let answer = stage.batch(3, "batchUpsert", &json!({"prospects": {email: {}}}).to_string()).await;
        assert_eq!(answer.contains(r#""stat":"ok""#), valid, "{email}: {answer}");
    }
}

#[tokio::test]
async fn seeds_obey_the_same_rules() {
    let stage = Stage::version(3).await;
    let csv = "email,first_name,Shoe_Size,list_77\nada@x.io,Ada,38,1\nbob@x.io,,,\n";
    stage.sandbox.add_list(&stage.unit, "Spring", false);
    assert_eq!(stage.sandbox.seed_csv(&stage.unit, csv.as_bytes()).unwrap(), 2);
    expect![[r#"
        {"id":501,"email":"ada@x.io","first_name":"Ada","Shoe_Size":"38","lists":[77]}
        {"id":503,"email":"bob@x.io","lists":[]}"#]]
    .assert_eq(&held(&stage));
    let twice = stage.sandbox.seed_csv(&stage.unit, "email\nADA@x.io\n".as_bytes()).unwrap_err();
    expect!["line 2 of the seed file was refused: A prospect with the specified email address already exists (code 9)"]
        .assert_eq(&twice.to_string());
    assert_eq!(stage.sandbox.counters(&stage.unit).prospects_created, 0);
}

#[tokio::test]
async fn version_five_reads_may_lag() {
    let mut config = pardot_sim::Config::default();
    config.knobs.read_lag = std::time::Duration::from_secs(60);
    let stage = Stage::of(config).await;
    stage.post("/api/prospect/version/3/do/create", "email=a%40x.io").await;
    let target = "/api/v5/objects/prospects?fields=email&email=a%40x.io";
    assert!(stage.get(target).await.contains("\"values\":[]"));
    stage.sandbox.advance(std::time::Duration::from_secs(61));
    assert!(stage.get(target).await.contains("a@x.io"));
}
