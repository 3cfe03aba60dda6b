//! Calls about single prospects as text, and what counts as proof.
//!
//! Knows no transport.

use expect_test::expect;

use super::*;

fn read<R: Request>(request: &R, status: u16, body: &'static str) -> String
where
    R::Answer: std::fmt::Debug,
{
    match request.read(&Response { status, body: Bytes::from_static(body.as_bytes()) }) {
        Reading::Accepted(answer) => format!("{answer:?}"),
        Reading::Refused(refusal) => format!("refused {refusal}"),
        Reading::Unknown(why) => format!("unknown: {why}"),
    }
}

#[test]
fn upsert_latest_by_email() {
    let request = UpsertLatestByEmail {
        email: "ada+\"1\"@example.com".to_owned(),
        prospect: r#"{"email":"ada@example.com","firstName":"Ada"}"#.to_owned(),
    };
    expect![[r#"
        POST /api/v5/objects/prospects/do/upsertLatestByEmail
        json {"matchEmail":"ada+\"1\"@example.com","prospect":{"email":"ada@example.com","firstName":"Ada"},"fields":["id"],"secondaryDeletedSearch":true}"#]].assert_eq(&request.call().text());
    let Body::Json(body) = request.call().body else { panic!("json") };
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(body["matchEmail"], "ada+\"1\"@example.com");
    let want = [
        (200, r#"{"id":501}"#, "Upserted { id: ProspectId(501), created: false }"),
        (201, r#"{"id":501,"email":"x"}"#, "Upserted { id: ProspectId(501), created: true }"),
        (
            400,
            r#"{"code":154,"message":"Invalid property in request: Foo__c"}"#,
            "refused Invalid property in request: Foo__c (code 154)",
        ),
        (200, "{}", "unknown: the answer has no id"),
        (200, r#"{"id":0}"#, "unknown: the answer has no id"),
        (204, "", "unknown: the answer has no body"),
        (200, "<html>", "unknown: the answer is a page, not data"),
    ];
    for (status, body, want) in want {
        assert_eq!(read(&request, status, body), want, "{body}");
    }
}

#[test]
fn find_by_email() {
    let request = FindByEmail { version: ApiVersion::V4, email: "kim+1/x@\u{e9}xample.com".to_owned() };
    expect!["GET /api/prospect/version/4/do/read/email/kim%2B1%2Fx%40%C3%A9xample.com?format=json&output=mobile"]
        .assert_eq(&request.call().text());
    assert!(!format!("{request:?}").contains("kim"));
    let want = [
        (200, r#"{"@attributes":{"stat":"ok"},"prospect":{"id":501}}"#, "[ProspectId(501)]"),
        (
            200,
            r#"{"@attributes":{"stat":"ok"},"prospect":[{"id":501},{"id":"503"}]}"#,
            "[ProspectId(501), ProspectId(503)]",
        ),
        (400, r#"{"@attributes":{"stat":"fail","err_code":4},"err":"Invalid prospect email address"}"#, "[]"),
        (200, r#"<rsp stat="fail"><err code="4">Invalid prospect email address</err></rsp>"#, "[]"),
        (200, r#"{"@attributes":{"stat":"ok"}}"#, "unknown: the answer has no prospect"),
        (200, r#"{"@attributes":{"stat":"ok"},"prospect":{}}"#, "unknown: the answer has a prospect without id"),
        (200, r#"{"prospect":{"id":501}}"#, "unknown: the answer does not say stat ok"),
    ];
    for (status, body, want) in want {
        assert_eq!(read(&request, status, body), want, "{body}");
    }
}

#[test]
fn newest() {
    let request = Newest { version: ApiVersion::V3 };
    expect!["GET /api/prospect/version/3/do/query?format=json&limit=1&sort_by=id&sort_order=descending&output=mobile"]
        .assert_eq(&request.call().text());
    let want = [
        (r#"{"@attributes":{"stat":"ok"},"result":{"total_results":9,"prospect":{"id":77}}}"#, "Some(ProspectId(77))"),
        (r#"{"@attributes":{"stat":"ok"},"result":{"total_results":0}}"#, "None"),
        (
            r#"{"@attributes":{"stat":"ok"},"result":{"total_results":3}}"#,
            "unknown: the answer counts prospects and shows none",
        ),
        (r#"{"@attributes":{"stat":"ok"}}"#, "unknown: the answer has no result"),
    ];
    for (body, want) in want {
        assert_eq!(read(&request, 200, body), want, "{body}");
    }
}

#[test]
fn read_prospect() {
    let request = ReadProspect { version: ApiVersion::V4, id: ProspectId(501) };
    expect!["GET /api/prospect/version/4/do/read/id/501?format=json"].assert_eq(&request.call().text());
    assert_eq!(
        read(&request, 200, r#"{"@attributes":{"stat":"ok"},"prospect":{"id":501}}"#),
        r#"Object {"id": Number(501)}"#
    );
    assert_eq!(
        read(&request, 200, r#"{"@attributes":{"stat":"ok"},"prospect":null}"#),
        "unknown: the answer has no prospect"
    );
}
