//! Batches as text, their exact lengths, and what counts as proof.
//!
//! Knows no transport.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::code::Class;

fn item(identifier: &str, attributes: &str) -> Item {
    Item { identifier: identifier.to_owned(), attributes: attributes.to_owned() }
}

fn batch(version: ApiVersion, operation: Operation, carrier: Carrier, items: Vec<Item>) -> ProspectBatch {
    ProspectBatch { version, operation, carrier, items, repeat: Repeat::Freely }
}

fn two(version: ApiVersion) -> ProspectBatch {
    let items = vec![
        item("ada@example.com", r#"{"email":"ada@example.com","first_name":"Ada"}"#),
        item("501", r#"{"id":501,"list_77":1}"#),
    ];
    batch(version, Operation::Upsert, Carrier::Body, items)
}

#[track_caller]
fn check(batch: &ProspectBatch, want: &Expect) {
    want.assert_eq(&batch.call().text());
}

#[test]
fn version_4_in_the_body() {
    check(
        &two(ApiVersion::V4),
        &expect![[r#"
        POST /api/prospect/version/4/do/batchUpsert?format=json
        form prospects=%7B%22prospects%22%3A%5B%7B%22email%22%3A%22ada%40example.com%22%2C%22first_name%22%3A%22Ada%22%7D%2C%7B%22id%22%3A501%2C%22list_77%22%3A1%7D%5D%7D"#]],
    );
}

#[test]
fn version_3_is_keyed() {
    check(
        &two(ApiVersion::V3),
        &expect![[r#"
        POST /api/prospect/version/3/do/batchUpsert?format=json
        form prospects=%7B%22prospects%22%3A%7B%22ada%40example.com%22%3A%7B%22email%22%3A%22ada%40example.com%22%2C%22first_name%22%3A%22Ada%22%7D%2C%22501%22%3A%7B%22id%22%3A501%2C%22list_77%22%3A1%7D%7D%7D"#]],
    );
}

#[test]
fn update_in_the_query() {
    let call = ProspectBatch { operation: Operation::Update, carrier: Carrier::Uri, ..two(ApiVersion::V4) };
    check(
        &call,
        &expect![
            "POST /api/prospect/version/4/do/batchUpdate?format=json&prospects=%7B%22prospects%22%3A%5B%7B%22email%22%3A%22ada%40example.com%22%2C%22first_name%22%3A%22Ada%22%7D%2C%7B%22id%22%3A501%2C%22list_77%22%3A1%7D%5D%7D"
        ],
    );
    assert_eq!(call.kind(), "batchUpdate");
}

#[test]
fn a_form_decodes_to_the_document() {
    for (version, want) in [
        (ApiVersion::V4, r#"{"prospects":[{"email":"ada@example.com","first_name":"Ada"},{"id":501,"list_77":1}]}"#),
        (
            ApiVersion::V3,
            r#"{"prospects":{"ada@example.com":{"email":"ada@example.com","first_name":"Ada"},"501":{"id":501,"list_77":1}}}"#,
        ),
    ] {
        let Body::Form(body) = two(version).call().body else { panic!("a form") };
        let (name, value) = url::form_urlencoded::parse(&body).next().unwrap();
        assert_eq!((name.as_ref(), value.as_ref()), ("prospects", want));
    }
}

fn measured(batch: &ProspectBatch) -> usize {
    let call = batch.call();
    match batch.carrier {
        Carrier::Body => call.body.len(),
        Carrier::Uri => call.target.len(),
    }
}

proptest! {
    #[test]
    fn lengths_are_known_beforehand(
        texts in prop::collection::vec((".*", ".*"), 0..8),
        v4 in any::<bool>(),
        upsert in any::<bool>(),
        uri in any::<bool>(),
    ) {
        let version = if v4 { ApiVersion::V4 } else { ApiVersion::V3 };
        let operation = if upsert { Operation::Upsert } else { Operation::Update };
        let carrier = if uri { Carrier::Uri } else { Carrier::Body };
        let items: Vec<Item> = texts.iter().map(|(key, value)| item(key, &serde_json::json!({ "notes": value }).to_string())).collect();
        let sum: usize = items.iter().map(|item| item_len(version, item)).sum();
        let separators = SEPARATOR_LEN * items.len().saturating_sub(1);
        let batch = batch(version, operation, carrier, items);
        prop_assert_eq!(measured(&batch), base_len(version, operation, carrier) + sum + separators);
    }
}

fn shown(version: ApiVersion, status: u16, body: &str) -> String {
    match two(version).read(&Response { status, body: Bytes::copy_from_slice(body.as_bytes()) }) {
        Reading::Accepted(answer) => {
            let created = if answer.created { " created" } else { "" };
            format!("ok{created} {:?}", answer.refused)
        }
        Reading::Refused(refusal) => format!("refused {:?}", refusal.class),
        Reading::Unknown(why) => format!("unknown: {why}"),
    }
}

#[test]
fn proofs() {
    let (v3, v4) = (ApiVersion::V3, ApiVersion::V4);
    let want = [
        (v4, 200, r#"{"@attributes":{"stat":"ok","version":1},"errors":{}}"#, "ok []"),
        (v4, 201, r#"{"@attributes":{"stat":"ok","version":1},"errors":{}}"#, "ok created []"),
        (v4, 200, r#"{"@attributes":{"stat":"ok","version":1}}"#, "ok []"),
        (
            v4,
            200,
            r#"{"@attributes":{"stat":"fail","version":1},"errors":{"1":"Invalid prospect ID"}}"#,
            r#"ok [(1, "Invalid prospect ID")]"#,
        ),
        (v4, 200, r#"{"@attributes":{"stat":"fail"},"errors":{"1":"b","0":"a"}}"#, r#"ok [(0, "a"), (1, "b")]"#),
        (
            v3,
            200,
            r#"{"@attributes":{"stat":"fail"},"errors":{"501":"b","ada@example.com":"a"}}"#,
            r#"ok [(0, "a"), (1, "b")]"#,
        ),
        (v3, 200, r#"{"@attributes":{"stat":"fail"},"errors":{"Ada@Example.com":"a"}}"#, r#"ok [(0, "a")]"#),
        (
            v4,
            400,
            r#"{"@attributes":{"stat":"fail","err_code":71},"err":"Input needs to be valid JSON or XML"}"#,
            "refused Size",
        ),
        (v4, 414, "<html>", "refused Size"),
        // Anything else proves nothing.
        (
            v3,
            200,
            r#"{"@attributes":{"stat":"fail"},"errors":{"0":"a"}}"#,
            "unknown: the answer names a prospect that was not sent",
        ),
        (
            v4,
            200,
            r#"{"@attributes":{"stat":"fail"},"errors":{"2":"a"}}"#,
            "unknown: the answer names a prospect that was not sent",
        ),
        (
            v4,
            200,
            r#"{"@attributes":{"stat":"fail"},"errors":{"01":"a"}}"#,
            "unknown: the answer names a prospect that was not sent",
        ),
        (
            v4,
            200,
            r#"{"@attributes":{"stat":"fail"},"errors":{"-1":"a"}}"#,
            "unknown: the answer names a prospect that was not sent",
        ),
        (
            v4,
            200,
            r#"{"@attributes":{"stat":"fail"},"errors":{"1":7}}"#,
            "unknown: the answer gives a reason that is no text",
        ),
        (
            v4,
            200,
            r#"{"@attributes":{"stat":"fail"},"errors":{}}"#,
            "unknown: the answer says fail and lists no errors",
        ),
        (v4, 200, r#"{"@attributes":{"stat":"fail"}}"#, "unknown: the answer says fail and lists no errors"),
        (
            v4,
            200,
            r#"{"@attributes":{"stat":"ok"},"errors":{"1":"a"}}"#,
            "unknown: the answer says ok and lists errors",
        ),
        (
            v4,
            200,
            r#"{"@attributes":{"stat":"ok"},"errors":null}"#,
            "unknown: the errors of the answer are not an object",
        ),
        (
            v4,
            200,
            r#"{"@attributes":{"stat":"ok"},"errors":[]}"#,
            "unknown: the errors of the answer are not an object",
        ),
        (v4, 200, r#"{"@attributes":{"stat":"OK"},"errors":{}}"#, "unknown: the answer says neither ok nor fail"),
        (v4, 204, "", "unknown: the answer has no body"),
    ];
    for (version, status, body, want) in want {
        assert_eq!(shown(version, status, body), want, "{body}");
    }
}

#[test]
fn twelve_false_200s_are_no_proof() {
    let bodies = [
        "<html><title>Log in</title></html>",
        "<!DOCTYPE html><p>maintenance</p>",
        "",
        "null",
        "[]",
        "{}",
        r#"<html>{"@attributes":{"stat":"ok"},"errors":{}}</html>"#,
        "\u{1f}\u{8b}\u{8}\u{0}garbage",
        r#"<rsp stat="fail" version="1.0"><errors><prospect identifier="1">no</prospect></errors></rsp>"#,
        r#"{"@attributes":{"stat":"fail","err_code":9999},"err":"new"}"#,
        r#"{"@attributes":{"stat":"fail"},"errors":{"50":"no"}}"#,
        r#"{"@attributes":{"stat":"ok"},"errors":{}}trailing"#,
    ];
    for body in bodies {
        let shown = shown(ApiVersion::V4, 200, body);
        assert!(!shown.starts_with("ok"), "{body}: {shown}");
    }
}

#[test]
fn no_prefix_of_a_success_is_accepted() {
    let body = r#"{"@attributes":{"stat":"ok","version":1},"errors":{}}"#;
    for end in 0..body.len() {
        for status in [200, 201, 204, 400, 500] {
            let shown = shown(ApiVersion::V4, status, &body[..end]);
            assert!(!shown.starts_with("ok"), "{end}: {shown}");
        }
    }
}

#[test]
fn a_refused_batch_keeps_its_class() {
    let body = Bytes::from_static(br#"{"@attributes":{"stat":"fail","err_code":89},"err":"x"}"#);
    let reading = two(ApiVersion::V4).read(&Response { status: 400, body });
    assert!(matches!(reading, Reading::Refused(refusal) if refusal.class == Class::Version));
}

#[test]
fn debug_shows_no_row() {
    let shown = format!("{:?}", two(ApiVersion::V4));
    assert!(!shown.contains("ada") && !shown.contains("Ada"), "{shown}");
}
