//! The sample exchanges a to n of the reference, and the shapes around them.
//!
//! Knows texts: why they are so is said where they are made.

use expect_test::{Expect, expect};

use crate::http::{JSON, Stage, encode, raw, request};

#[track_caller]
fn check(got: &str, want: Expect) {
    want.assert_eq(got);
}

/// A business unit with prospects 501 and 503, list 77 and a custom field.
async fn stage(version: u8) -> Stage {
    let stage = Stage::version(version).await;
    let sandbox = &stage.sandbox;
    sandbox.add_list(&stage.unit, "Spring", false);
    sandbox.add_custom_field(&stage.unit, "Favourite_Colour", "Text");
    sandbox.add_prospect(&stage.unit, serde_json::json!({"email": "ada@example.com", "first_name": "Ada"}));
    sandbox.add_prospect(&stage.unit, serde_json::json!({"email": "kim@example.com", "first_name": "Sam"}));
    stage
}

#[tokio::test]
async fn prospects_one_by_one() {
    let stage = stage(4).await;
    let a =
        stage.post("/api/prospect/version/4/do/create?format=json", "email=a%40x.io&first_name=Kim&list_77=1").await;
    check(
        &a,
        expect![[
            r#"201 {"@attributes":{"stat":"ok","version":1},"prospect":{"id":505,"campaign_id":12,"salutation":null,"first_name":"Kim","last_name":null,"email":"a@x.io","password":null,"company":null,"website":null,"job_title":null,"department":null,"country":null,"address_one":null,"address_two":null,"city":null,"state":null,"territory":null,"zip":null,"phone":null,"fax":null,"source":null,"annual_revenue":null,"employees":null,"industry":null,"years_in_business":null,"comments":null,"notes":null,"score":0,"grade":null,"last_activity_at":null,"recent_interaction":"Never active.","crm_lead_fid":null,"crm_contact_fid":null,"crm_owner_fid":null,"crm_account_fid":null,"salesforce_fid":null,"crm_last_sync":null,"crm_url":null,"is_do_not_email":null,"is_do_not_call":null,"opted_out":null,"is_reviewed":null,"is_starred":null,"created_at":"<time>","updated_at":"<time>","campaign":{"id":12,"name":"Website Tracking"},"profile":{"id":9,"name":"Default","profile_criteria":[{"id":63,"name":"Company Size","matches":"Unknown"}]},"visitors":null,"visitor_activities":null,"lists":{"list_subscription":{"id":9001,"did_opt_in":false,"did_opt_out":false,"created_at":"<time>","updated_at":"<time>","list":{"id":77,"name":"Spring","is_public":false,"is_dynamic":false,"title":null,"description":null,"is_crm_visible":false,"created_at":"<time>","updated_at":"<time>"}}}}}"#
        ]],
    );
    let b = stage.post("/api/prospect/version/4/do/upsert/id/503", "job_title=R%26D&salutation=").await;
    check(
        &b,
        expect![[
            r#"200 <?xml version="1.0" encoding="UTF-8"?><rsp stat="ok" version="1.0"><prospect><id>503</id><campaign_id>12</campaign_id><salutation/><first_name>Sam</first_name><last_name/><email>kim@example.com</email><password/><company/><website/><job_title>R&amp;D</job_title><department/><country/><address_one/><address_two/><city/><state/><territory/><zip/><phone/><fax/><source/><annual_revenue/><employees/><industry/><years_in_business/><comments/><notes/><score>0</score><grade/><last_activity_at/><recent_interaction>Never active.</recent_interaction><crm_lead_fid/><crm_contact_fid/><crm_owner_fid/><crm_account_fid/><salesforce_fid/><crm_last_sync/><crm_url/><is_do_not_email/><is_do_not_call/><opted_out/><is_reviewed/><is_starred/><created_at><time></created_at><updated_at><time></updated_at><campaign><id>12</id><name>Website Tracking</name></campaign><profile><id>9</id><name>Default</name><profile_criteria><id>63</id><name>Company Size</name><matches>Unknown</matches></profile_criteria></profile><visitors/><visitor_activities/><lists/></prospect></rsp>"#
        ]],
    );
    let c = stage.get("/api/prospect/version/4/do/read/email/no%40example.com?format=json").await;
    check(
        &c,
        expect![[
            r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":4},"err":"Invalid prospect email address"}"#
        ]],
    );
    check(
        &stage.get("/api/prospect/version/4/do/read/email/no%40example.com").await,
        expect![[
            r#"400 <?xml version="1.0" encoding="UTF-8"?><rsp stat="fail" version="1.0"><err code="4">Invalid prospect email address</err></rsp>"#
        ]],
    );
    let h = stage.call("POST", "/api/prospect/version/4/do/delete/id/503", "", "").await;
    assert!(h.head.contains("Content-Type: text/html; charset=utf-8"));
    check(&h.shown(), expect!["204 "]);
    let bin = "/api/prospect/version/4/do/query?format=json&output=mobile&deleted=true&id_greater_than=502";
    check(
        &stage.get(bin).await,
        expect![[
            r#"200 {"@attributes":{"stat":"ok","version":1},"result":{"total_results":1,"prospect":{"id":503,"first_name":"Sam","last_name":null,"email":"kim@example.com","company":null}}}"#
        ]],
    );
}

#[tokio::test]
async fn batches() {
    let four = stage(4).await;
    let document = r#"{"prospects":[{"id":503,"first_name":"Sam"},{"id":505,"email":"bademail"}]}"#;
    check(
        &four.batch(4, "batchUpsert", document).await,
        expect![[r#"200 {"@attributes":{"stat":"fail","version":1},"errors":{"1":"Invalid prospect email address"}}"#]],
    );
    let xml = format!("prospects={}", encode(document));
    check(
        &four.post("/api/prospect/version/4/do/batchUpsert", &xml).await,
        expect![[
            r#"200 <?xml version="1.0" encoding="UTF-8"?><rsp stat="fail" version="1.0"><errors><prospect identifier="1">Invalid prospect email address</prospect></errors></rsp>"#
        ]],
    );
    let three = stage(3).await;
    let document = r#"{"prospects":{"503":{"first_name":"Sam"},"bademail":{"first_name":"Will"}}}"#;
    check(
        &three.batch(3, "batchUpsert", document).await,
        expect![[
            r#"200 {"@attributes":{"stat":"fail","version":1},"errors":{"bademail":"Invalid prospect email address"}}"#
        ]],
    );
    let xml = format!("prospects={}", encode(document));
    check(
        &three.post("/api/prospect/version/3/do/batchUpsert", &xml).await,
        expect![[
            r#"200 <?xml version="1.0" encoding="UTF-8"?><rsp stat="fail" version="1.0"><errors><prospect identifier="bademail">Invalid prospect email address</prospect></errors></rsp>"#
        ]],
    );
    let many: Vec<String> = (0..51).map(|at| format!(r#"{{"email":"p{at}@x.io"}}"#)).collect();
    let many = format!(r#"{{"prospects":[{}]}}"#, many.join(","));
    check(
        &four.batch(4, "batchUpsert", &many).await,
        expect![[
            r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":70},"err":"Batch processing is limited to 50 prospects at once."}"#
        ]],
    );
    let raw_json = four.send("POST", "/api/prospect/version/4/do/batchUpsert?format=json", &many).await;
    check(
        &raw_json,
        expect![[
            r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":71},"err":"Input needs to be valid JSON or XML"}"#
        ]],
    );
    let keyed = r#"{"prospects":{"a@x.io":{}}}"#;
    check(
        &four.batch(4, "batchUpsert", keyed).await,
        expect![[
            r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":90},"err":"Prospect array should be a flat array of attributes"}"#
        ]],
    );
    check(
        &three.batch(3, "batchUpsert", r#"{"prospects":[{"email":"a@x.io"}]}"#).await,
        expect![[
            r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":91},"err":"Prospect array must be keyed by email address"}"#
        ]],
    );
    let created = r#"{"prospects":[{"email":"new@x.io"}]}"#;
    check(
        &four.batch(4, "batchUpsert", created).await,
        expect![[r#"201 {"@attributes":{"stat":"ok","version":1},"errors":{}}"#]],
    );
    let updated = r#"{"prospects":[{"id":501,"first_name":"A"}]}"#;
    check(
        &four.batch(4, "batchUpsert", updated).await,
        expect![[r#"200 {"@attributes":{"stat":"ok","version":1},"errors":{}}"#]],
    );
    let value = "<prospects><prospect><email>x@x.io</email><company>A &amp; B</company></prospect></prospects>";
    check(
        &four.batch(4, "batchUpsert", value).await,
        expect![[r#"201 {"@attributes":{"stat":"ok","version":1},"errors":{}}"#]],
    );
    let value = r#"<prospects><prospect identifier="501"><first_name>X</first_name></prospect></prospects>"#;
    check(
        &three.batch(3, "batchUpsert", value).await,
        expect![[r#"200 {"@attributes":{"stat":"ok","version":1},"errors":{}}"#]],
    );
    let last = four.sandbox.prospects(&four.unit).pop().unwrap();
    assert_eq!(last["company"], "A & B");
}

#[tokio::test]
async fn a_batch_travels_in_query_form_or_multipart() {
    let stage = stage(4).await;
    let value = encode(r#"{"prospects":[{"id":501,"city":"Bonn"}]}"#);
    let query = stage.call("POST", &format!("/api/prospect/version/4/do/batchUpsert?prospects={value}"), "", "").await;
    assert_eq!(query.status, 200);
    let part = "--XX\r\nContent-Disposition: form-data; name=\"prospects\"\r\n\r\n\
                {\"prospects\":[{\"id\":501,\"city\":\"Ulm\"}]}\r\n--XX--\r\n";
    let kind = "multipart/form-data; boundary=XX";
    let multipart = stage.call("POST", "/api/prospect/version/4/do/batchUpsert?format=json", kind, part).await;
    check(&multipart.shown(), expect![[r#"200 {"@attributes":{"stat":"ok","version":1},"errors":{}}"#]]);
    assert_eq!(stage.sandbox.prospects(&stage.unit)[0]["city"], "Ulm");
}

#[tokio::test]
async fn lists_and_memberships() {
    let stage = stage(4).await;
    check(
        &stage.post("/api/list/version/4/do/create?format=json", "name=Summer").await,
        expect![[
            r#"200 {"@attributes":{"stat":"ok","version":1},"list":{"id":79,"name":"Summer","is_public":false,"is_dynamic":false,"title":null,"description":null,"is_crm_visible":false,"created_at":"<time>","updated_at":"<time>"}}"#
        ]],
    );
    check(
        &stage.get("/api/list/version/4/do/query?format=json&name=Nope").await,
        expect![[r#"200 {"@attributes":{"stat":"ok","version":1},"result":{"total_results":0}}"#]],
    );
    let pair = "list_id/77/prospect_id/503";
    let create = format!("/api/listMembership/version/4/do/create/{pair}?format=json");
    check(
        &stage.post(&create, "").await,
        expect![[
            r#"200 {"@attributes":{"stat":"ok","version":1},"list_membership":{"id":9001,"list_id":77,"prospect_id":503,"opted_out":false,"created_at":"<time>","updated_at":"<time>"}}"#
        ]],
    );
    check(
        &stage.post(&create, "").await,
        expect![[
            r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":58},"err":"That prospect is already a member of that list. Update the membership instead."}"#
        ]],
    );
    let update = format!("/api/listMembership/version/4/do/update/{pair}?format=json");
    check(
        &stage.post(&update, "opted_out=1").await,
        expect![[
            r#"200 {"@attributes":{"stat":"ok","version":1},"list_membership":{"id":9001,"list_id":77,"prospect_id":503,"opted_out":true,"created_at":"<time>","updated_at":"<time>"}}"#
        ]],
    );
    check(&stage.post(&format!("/api/listMembership/version/4/do/delete/{pair}"), "").await, expect!["204 "]);
    let query = "/api/listMembership/version/4/do/query?format=json&output=mobile&list_id=77";
    check(
        &stage.get(query).await,
        expect![[r#"200 {"@attributes":{"stat":"ok","version":1},"result":{"total_results":0}}"#]],
    );
    check(
        &stage.post(&create, "").await,
        expect![[
            r#"200 {"@attributes":{"stat":"ok","version":1},"list_membership":{"id":9001,"list_id":77,"prospect_id":503,"opted_out":true,"created_at":"<time>","updated_at":"<time>"}}"#
        ]],
    );
    let other = "/api/listMembership/version/4/do/create/list_id/999/prospect_id/503?format=json";
    check(
        &stage.post(other, "").await,
        expect![[r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":55},"err":"Invalid list ID"}"#]],
    );
    let other = "/api/listMembership/version/4/do/create/list_id/77/prospect_id/999?format=json";
    check(
        &stage.post(other, "").await,
        expect![[r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":3},"err":"Invalid prospect ID"}"#]],
    );
    check(
        &stage.get("/api/customField/version/4/do/query?format=json").await,
        expect![[
            r#"200 {"@attributes":{"stat":"ok","version":1},"result":{"total_results":1,"customField":{"id":31,"name":"Favourite Colour","field_id":"Favourite_Colour","type":"Text","type_id":1,"crm_id":null,"is_use_values":false,"is_record_multiple_responses":false,"is_analytics_synced":false,"created_at":"<time>","updated_at":"<time>"}}}"#
        ]],
    );
}

#[tokio::test]
async fn version_five() {
    let stage = stage(4).await;
    let page = stage.get("/api/v5/objects/prospects?fields=id,email&limit=1").await;
    assert!(
        page.contains("nextPageUrl") && page.contains(r#""values":[{"id":501,"email":"ada@example.com"}]"#),
        "{page}"
    );
    check(
        &stage.get("/api/v5/objects/prospects?fields=id,email").await,
        expect![[
            r#"200 {"nextPageToken":null,"nextPageUrl":null,"values":[{"id":501,"email":"ada@example.com"},{"id":503,"email":"kim@example.com"}]}"#
        ]],
    );
    check(
        &stage.get("/api/v5/objects/prospects").await,
        expect![[r#"400 {"code":153,"message":"Missing required property in request: fields"}"#]],
    );
    let body = r#"{"listId":77,"prospectId":503}"#;
    let created = stage.call("POST", "/api/v5/objects/list-memberships?fields=id", JSON, body).await;
    assert!(created.head.contains("/api/v5/objects/list-memberships/9001?fields=id"), "{}", created.head);
    check(&created.shown(), expect![[r#"201 {"id":9001}"#]]);
    check(
        &stage.send("POST", "/api/v5/objects/list-memberships", body).await,
        expect![[
            r#"400 {"code":58,"message":"That prospect is already a member of that list. Update the membership instead."}"#
        ]],
    );
    check(&stage.send("DELETE", "/api/v5/objects/list-memberships/9001", "").await, expect!["204 "]);
    check(
        &stage.get("/api/v5/objects/prospects/999999?fields=id").await,
        expect![[r#"404 {"code":109,"message":"The requested record was not found."}"#]],
    );
    let upsert = "/api/v5/objects/prospects/do/upsertLatestByEmail";
    let body = |email: &str| {
        format!(
            r#"{{"matchEmail":"{email}","prospect":{{"firstName":"Z","Favourite_Colour__c":"blue"}},"fields":["id","email"]}}"#
        )
    };
    check(
        &stage.send("POST", upsert, &body("ada@example.com")).await,
        expect![[r#"200 {"id":501,"email":"ada@example.com"}"#]],
    );
    check(
        &stage.send("POST", upsert, &body("new@example.com")).await,
        expect![[r#"201 {"id":505,"email":"new@example.com"}"#]],
    );
    check(
        &stage.send("PATCH", "/api/v5/objects/prospects/501", r#"{"Foo__c":"x"}"#).await,
        expect![[r#"400 {"code":154,"message":"Invalid property in request: Foo__c"}"#]],
    );
    check(
        &stage.get("/api/v5/objects/prospects?fields=Foo__c").await,
        expect![[
            r#"400 {"code":51,"message":"Invalid parameter: fields. It contains an invalid or unknown field: Foo__c."}"#
        ]],
    );
    check(&stage.send("DELETE", "/api/v5/objects/prospects/501", "").await, expect!["204 "]);
    check(
        &stage.send("PATCH", "/api/v5/objects/prospects/501", r#"{"city":"x"}"#).await,
        expect![[r#"400 {"code":219,"message":"Deleted records can't be updated; undelete first"}"#]],
    );
    check(
        &stage.get("/api/v5/objects/account?fields=maximumDailyApiCalls,apiCallsUsed").await,
        expect![[r#"200 {"maximumDailyApiCalls":25000,"apiCallsUsed":14}"#]],
    );
    check(&stage.get("/api/v5/nothing").await, expect![[r#"404 {"code":198,"message":"Endpoint not found."}"#]]);
}

#[tokio::test]
async fn authorisation() {
    let stage = stage(4).await;
    let target = "/api/prospect/version/4/do/query?format=json";
    let bearer = format!("Bearer {}", stage.token);
    let unit = ("Pardot-Business-Unit-Id", stage.unit.as_str());
    type Headers<'a> = &'a [(&'a str, &'a str)];
    let cases: &[(&str, Headers<'_>, Expect)] = &[
        ("/api/v5/objects/prospects?fields=id", &[unit], expect![[r#"401 {"code":49,"message":"Access Denied"}"#]]),
        (
            target,
            &[unit],
            expect![[
                r#"401 {"@attributes":{"stat":"fail","version":1,"err_code":184},"err":"access_token is invalid, unknown, or malformed"}"#
            ]],
        ),
        (
            target,
            &[unit, ("Authorization", "Bearer 00Dwrong")],
            expect![[
                r#"401 {"@attributes":{"stat":"fail","version":1,"err_code":184},"err":"access_token is invalid, unknown, or malformed: Inactive token"}"#
            ]],
        ),
        (
            target,
            &[unit, ("Authorization", "Pardot api_key=1, user_key=2")],
            expect![[
                r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":199},"err":"Authentication using an api_key is no longer supported. Use Salesforce OAuth access token instead. See https://developer.pardot.com/kb/authentication/ for details."}"#
            ]],
        ),
        (
            target,
            &[("Authorization", &bearer)],
            expect![[
                r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":181},"err":"A required header is missing"}"#
            ]],
        ),
        (
            target,
            &[("Authorization", &bearer), ("Pardot-Business-Unit-Id", "0Uv")],
            expect![[r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":182},"err":"Invalid header value"}"#]],
        ),
        (
            target,
            &[("Authorization", &bearer), ("Pardot-Business-Unit-Id", "0Uv000000000000000")],
            expect![[
                r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":201},"err":"Business Unit specified in Pardot-Business-Unit-Id header not found or inactive."}"#
            ]],
        ),
        (
            "/api/prospect/version/3/do/query?format=json",
            &[unit, ("Authorization", &bearer)],
            expect![[
                r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":88},"err":"Your account must use version 4 of the API."}"#
            ]],
        ),
        (
            "/api/prospect/version/4/do/dance?format=json",
            &[unit, ("Authorization", &bearer)],
            expect![[r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":2},"err":"Invalid action"}"#]],
        ),
        (
            "/api/prospect/version/4/do/batchUpsert?format=json",
            &[unit, ("Authorization", &bearer)],
            expect![[
                r#"400 {"@attributes":{"stat":"fail","version":1,"err_code":60},"err":"Invalid HTTP request method"}"#
            ]],
        ),
        (
            "/api/prospect/version/x/do/query",
            &[unit, ("Authorization", &bearer)],
            expect![[
                r#"400 <?xml version="1.0" encoding="UTF-8"?><rsp stat="fail" version="1.0"><err code="94">The provided version is not a valid number</err></rsp>"#
            ]],
        ),
    ];
    for (target, headers, want) in cases {
        let got = raw(&stage.sandbox, &request("GET", target, headers, "")).await.unwrap();
        want.assert_eq(&got.shown());
    }
}
