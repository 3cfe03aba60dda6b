//! Membership calls as text, and what counts as proof.
//!
//! Knows no transport.

use bytes::Bytes;
use expect_test::expect;

use super::*;

const LIST: ListId = ListId(77);
const PROSPECT: ProspectId = ProspectId(501);

fn read<R: Request>(request: &R, status: u16, body: &'static str) -> String
where
    R::Answer: std::fmt::Debug,
{
    match request.read(&Response { status, body: Bytes::from_static(body.as_bytes()) }) {
        Reading::Accepted(answer) => format!("{answer:?}"),
        Reading::Refused(refusal) => format!("refused {:?}", refusal.class),
        Reading::Unknown(why) => format!("unknown: {why}"),
    }
}

#[test]
fn create() {
    let request = Create { list: LIST, prospect: PROSPECT };
    expect!["POST /api/listMembership/version/4/do/create/list_id/77/prospect_id/501?format=json"]
        .assert_eq(&request.call().text());
    let want = [
        (200, r#"{"@attributes":{"stat":"ok"},"list_membership":{"id":1,"list_id":77,"prospect_id":501}}"#, "Added"),
        (201, r#"{"@attributes":{"stat":"ok"},"list_membership":{"id":1}}"#, "Added"),
        (400, r#"{"@attributes":{"stat":"fail","err_code":58},"err":"already a memeber"}"#, "AlreadyMember"),
        (
            200,
            r#"{"@attributes":{"stat":"ok"},"list_membership":{"list_id":78,"prospect_id":501}}"#,
            "unknown: the answer shows another membership",
        ),
        (200, r#"{"@attributes":{"stat":"ok"}}"#, "unknown: the answer has no membership"),
        (204, "", "unknown: the answer has no body"),
        (400, r#"{"@attributes":{"stat":"fail","err_code":55},"err":"Invalid list ID"}"#, "refused Row"),
        (400, r#"{"@attributes":{"stat":"fail","err_code":3},"err":"Invalid prospect ID"}"#, "refused Row"),
    ];
    for (status, body, want) in want {
        assert_eq!(read(&request, status, body), want, "{body}");
    }
}

#[test]
fn delete() {
    let request = Delete { list: LIST, prospect: PROSPECT };
    expect!["POST /api/listMembership/version/4/do/delete/list_id/77/prospect_id/501?format=json"]
        .assert_eq(&request.call().text());
    let want = [
        (204, "", "Removed"),
        (200, r#"{"@attributes":{"stat":"ok","version":1}}"#, "Removed"),
        (404, r#"{"code":109,"message":"The requested record was not found."}"#, "AlreadyGone"),
        (400, r#"{"@attributes":{"stat":"fail","err_code":109},"err":"x"}"#, "AlreadyGone"),
        (400, r#"{"@attributes":{"stat":"fail","err_code":16},"err":"Invalid ID"}"#, "AlreadyGone"),
        (404, "", "AlreadyGone"),
        (404, "<html>no such page</html>", "refused WholeBatch"),
        (404, r#"{"code":198,"message":"Endpoint not found."}"#, "refused WholeBatch"),
        (400, r#"{"@attributes":{"stat":"fail","err_code":3},"err":"Invalid prospect ID"}"#, "refused Row"),
        (400, r#"{"@attributes":{"stat":"fail","err_code":55},"err":"Invalid list ID"}"#, "refused Row"),
        (200, "", "unknown: the answer is empty"),
        (200, "{}", "unknown: the answer does not say stat ok"),
        (200, "<html></html>", "unknown: the answer is a page, not data"),
    ];
    for (status, body, want) in want {
        assert_eq!(read(&request, status, body), want, "{body}");
    }
}
