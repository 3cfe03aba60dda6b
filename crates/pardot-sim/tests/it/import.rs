//! Imports from creation to error file.
//!
//! Knows the sample exchange and the limits beside it.

use std::time::Duration;

use expect_test::expect;
use pardot_sim::Config;
use serde_json::json;

use crate::http::{JSON, Stage};

const PART: &str = "multipart/form-data; boundary=XX";

fn file(csv: &str) -> String {
    format!(
        "--XX\r\nContent-Disposition: form-data; name=\"importFile\"; filename=\"rows.csv\"\r\n\r\n{csv}\r\n--XX--\r\n"
    )
}

#[tokio::test]
async fn version_four() {
    let mut config = Config::default();
    config.business_units[0].ampsea = true;
    config.imports.waiting = Duration::from_secs(60);
    config.imports.processing = Duration::from_secs(60);
    let stage = Stage::of(config).await;
    stage.sandbox.add_prospect(&stage.unit, json!({"email": "ada@x.io"}));
    let mut log = Vec::new();
    let create = r#"{"operation":"Upsert","object":"Prospect"}"#;
    log.push(stage.send("POST", "/api/import/version/4/do/create", create).await);
    let rows = "prospect_id,email,first_name\n501,,Ada\n,c@x.io,Cy\n,d@x.io,Di\n,bad@@x,Al\n,info@x.io,In\n";
    log.push(stage.call("POST", "/api/import/version/4/do/batch/id/11", PART, &file(rows)).await.shown());
    log.push(stage.call("POST", "/api/import/version/4/do/batch/id/11", PART, &file("nonsense\n1\n")).await.shown());
    log.push(stage.send("PATCH", "/api/import/version/4/do/update/id/11", r#"{"state":"Ready"}"#).await);
    log.push(stage.get("/api/import/version/4/do/read/id/11").await);
    stage.sandbox.advance(Duration::from_secs(61));
    log.push(stage.get("/api/import/version/4/do/read/id/11").await);
    stage.sandbox.advance(Duration::from_secs(61));
    log.push(stage.get("/api/import/version/4/do/read/id/11").await);
    log.push(stage.get("/api/import/version/4/do/downloadErrors/id/11").await);
    log.push(stage.call("POST", "/api/import/version/4/do/batch/id/11?format=json", PART, &file(rows)).await.shown());
    log.push(stage.get("/api/import/version/4/do/query?format=json").await);
    expect![[r#"
        200 {"id":11,"state":"Open","isExpired":false,"batchesRef":"<host>/api/import/version/4/do/batch/id/11"}
        204 
        400 {"@attributes":{"stat":"fail","version":1,"err_code":159},"err":"The file is not in a valid CSV format"}
        200 {"id":11,"state":"Waiting","isExpired":false}
        200 {"id":11,"state":"Waiting","isExpired":false}
        200 {"id":11,"state":"Processing","isExpired":false}
        200 {"id":11,"state":"Complete","isExpired":false,"createdCount":2,"updatedCount":1,"errorsRef":"<host>/api/import/version/4/do/downloadErrors/id/11","errorCount":2}
        200 prospect_id,email,first_name,Error Type,Error Detail
        ,bad@@x,Al,Invalid Email,"No Email Address Found or Invalid Email Address - ""bad@@x"""
        ,info@x.io,In,Email Not Allowed,"This email address is not allowed (role-based email address) - ""info@x.io"""

        400 {"@attributes":{"stat":"fail","version":1,"err_code":161},"err":"The current state of the import does not allow the operation"}
        200 {"@attributes":{"stat":"ok","version":1},"result":{"total_results":1,"import":{"id":11,"state":"Complete","isExpired":false,"createdCount":2,"updatedCount":1,"errorsRef":"<host>/api/import/version/4/do/downloadErrors/id/11","errorCount":2,"createdAt":"<time>","updatedAt":"<time>"}}}"#]].assert_eq(&log.join("\n"));
    assert_eq!(stage.sandbox.prospects(&stage.unit)[0]["first_name"], "Ada");
}

#[tokio::test]
async fn version_five() {
    let stage = Stage::version(3).await;
    let list = stage.sandbox.add_list(&stage.unit, "Spring", false);
    stage.sandbox.add_prospect(&stage.unit, json!({"email": "ada@x.io", "city": "Bonn"}));
    let mut log = Vec::new();
    let create = r#"{"operation":"Upsert","object":"Prospect"}"#;
    log.push(stage.call("POST", "/api/v5/imports", JSON, create).await.shown());
    let rows = format!("matchEmail,email,city,addToList\nADA@x.io,,,{list}\n,b@x.io,Ulm,\n,c@x.io,,4711\n");
    log.push(stage.call("POST", "/api/v5/imports/11/batches", PART, &file(&rows)).await.shown());
    log.push(stage.send("PATCH", "/api/v5/imports/11", r#"{"status":"Ready"}"#).await);
    log.push(stage.get("/api/v5/imports/11?fields=status,createdCount,updatedCount,errorCount").await);
    log.push(stage.get("/api/v5/imports/11/errors").await);
    log.extend(stage.sandbox.prospects(&stage.unit).iter().map(ToString::to_string));
    expect![[r#"
        201 {"id":11,"status":"Open","isExpired":false,"batchesRef":"<host>/api/v5/imports/11/batches"}
        204 
        200 {"id":11,"status":"Waiting","isExpired":false,"batchesRef":"<host>/api/v5/imports/11/batches"}
        200 {"status":"Complete","createdCount":1,"updatedCount":1,"errorCount":1}
        200 matchEmail,email,city,addToList,Error Type,Error Detail
        ,c@x.io,,4711,Field Validation Failure,Select a valid list

        {"id":501,"email":"ada@x.io","lists":[77]}
        {"id":503,"email":"b@x.io","city":"Ulm","lists":[]}"#]]
    .assert_eq(&log.join("\n"));
}
