//! Looks at an account as text, and what counts as proof.
//!
//! Knows no transport.

use bytes::Bytes;
use expect_test::expect;

use super::*;

fn read<R: Request>(request: &R, status: u16, body: &str) -> String
where
    R::Answer: std::fmt::Debug,
{
    match request.read(&Response { status, body: Bytes::copy_from_slice(body.as_bytes()) }) {
        Reading::Accepted(answer) => format!("{answer:?}"),
        Reading::Refused(refusal) => format!("refused {:?}", refusal.class),
        Reading::Unknown(why) => format!("unknown: {why}"),
    }
}

#[test]
fn calls() {
    expect![[r#"
        GET /api/customField/version/4/do/query?format=json&limit=200&offset=200
        GET /api/list/version/4/do/query?format=json&limit=200&sort_by=id&sort_order=ascending&id_greater_than=77
        GET /api/list/version/4/do/read/id/77?format=json
        GET /api/v5/objects/account?fields=maximumDailyApiCalls,apiCallsUsed
        GET /api/account/version/4/do/read?format=json"#]]
    .assert_eq(
        &[
            CustomFields { offset: 200 }.call().text(),
            Lists { after: 77 }.call().text(),
            ReadList { id: ListId(77) }.call().text(),
            Account.call().text(),
            ReadAccount.call().text(),
        ]
        .join("\n"),
    );
}

#[test]
fn custom_fields() {
    let one = r#"{"@attributes":{"version":1,"stat":"ok"},"result":{"total_results":2,"customField":{"id":31,"name":"Favourite Colour","field_id":"Favourite_Colour","type":"Text"}}}"#;
    expect![[r#"CustomFieldPage { fields: [CustomField { field_id: "Favourite_Colour", name: "Favourite Colour", type: "Text" }], next: Some(1) }"#]].assert_eq(&read(&CustomFields { offset: 0 }, 200, one));
    assert!(read(&CustomFields { offset: 1 }, 200, one).ends_with("next: None }"));
    assert_eq!(
        read(&CustomFields { offset: 0 }, 200, r#"{"@attributes":{"stat":"ok"},"result":{"total_results":0}}"#),
        "CustomFieldPage { fields: [], next: None }"
    );
    assert_eq!(
        read(&CustomFields { offset: 0 }, 200, r#"{"@attributes":{"stat":"ok"},"result":{"customField":[{"id":1}]}}"#),
        "unknown: the answer has a custom field without field_id"
    );
}

#[test]
fn lists() {
    let many: Vec<String> =
        (1..=200).map(|id| format!(r#"{{"id":{id},"name":"L{id}","is_dynamic":{}}}"#, id == 2)).collect();
    let page =
        format!(r#"{{"@attributes":{{"stat":"ok"}},"result":{{"total_results":900,"list":[{}]}}}}"#, many.join(","));
    let Reading::Accepted(page) = (Lists { after: 0 }).read(&Response { status: 200, body: Bytes::from(page) }) else {
        panic!("a page")
    };
    assert_eq!(
        (page.lists.len(), page.next, page.lists[1].is_dynamic, page.lists[2].is_dynamic),
        (200, Some(200), true, false)
    );
    let last = r#"{"@attributes":{"stat":"ok"},"result":{"total_results":1,"list":{"id":77,"name":"Spring","is_dynamic":false}}}"#;
    assert_eq!(
        read(&Lists { after: 5 }, 200, last),
        r#"ListPage { lists: [ListSeen { id: ListId(77), name: "Spring", is_dynamic: false }], next: None }"#
    );
}

#[test]
fn one_list() {
    let request = ReadList { id: ListId(77) };
    let want = [
        (
            200,
            r#"{"@attributes":{"stat":"ok"},"list":{"id":77,"name":"Spring","is_dynamic":true}}"#,
            r#"Some(ListSeen { id: ListId(77), name: "Spring", is_dynamic: true })"#,
        ),
        (400, r#"{"@attributes":{"stat":"fail","err_code":55},"err":"Invalid list ID"}"#, "None"),
        (404, r#"{"code":109,"message":"x"}"#, "None"),
        (400, r#"{"@attributes":{"stat":"fail","err_code":46},"err":"x"}"#, "refused Access"),
        (200, r#"{"@attributes":{"stat":"ok"},"list":{"id":78}}"#, "unknown: the answer shows another list"),
        (200, r#"{"@attributes":{"stat":"ok"}}"#, "unknown: the answer has no list"),
    ];
    for (status, body, want) in want {
        assert_eq!(read(&request, status, body), want, "{body}");
    }
}

#[test]
fn account() {
    let want = [
        (r#"{"maximumDailyApiCalls":25000,"apiCallsUsed":0}"#, "Usage { used: 0, limit: 25000 }"),
        (r#"{"values":[{"maximumDailyApiCalls":25000,"apiCallsUsed":12}]}"#, "Usage { used: 12, limit: 25000 }"),
        (r#"{"apiCallsUsed":12}"#, "unknown: the answer has no daily limit"),
        (r#"{"maximumDailyApiCalls":25000}"#, "unknown: the answer has no count of calls"),
    ];
    for (body, want) in want {
        assert_eq!(read(&Account, 200, body), want, "{body}");
    }
    let body = r#"{"@attributes":{"stat":"ok"},"account":{"id":1,"company":"Acme","timezone":"America/New_York"}}"#;
    assert_eq!(
        read(&ReadAccount, 200, body),
        r#"AccountSeen { company: Some("Acme"), time_zone: Some("America/New_York") }"#
    );
}
