//! Envelopes as a table: bytes and status in, meaning out.
//!
//! Knows no request.

use bytes::Bytes;

use super::*;

fn response(status: u16, body: &str) -> Response {
    Response { status, body: Bytes::copy_from_slice(body.as_bytes()) }
}

fn shown_answer(status: u16, body: &str) -> String {
    match read(&response(status, body)) {
        Answer::Object(_) => "object".to_owned(),
        Answer::Gone => "gone".to_owned(),
        Answer::Refused(refusal) => format!("{:?} {} | {refusal}", refusal.class, refusal.status),
        Answer::Unknown(why) => format!("unknown: {why}"),
    }
}

#[test]
fn the_code_decides_before_the_status() {
    let want = [
        (
            400,
            r#"{"@attributes":{"stat":"fail","version":1,"err_code":4},"err":"Invalid prospect email address"}"#,
            "Row 400 | Invalid prospect email address (code 4)",
        ),
        (
            200,
            r#"{"@attributes":{"stat":"fail","version":1,"err_code":66},"err":"slow"}"#,
            "Throttle 200 | slow (code 66)",
        ),
        (
            429,
            r#"{"@attributes":{"stat":"fail","version":1,"err_code":122},"err":"Daily API rate limit met"}"#,
            "Quota 429 | Daily API rate limit met (code 122)",
        ),
        (
            429,
            r#"{"code":122,"message":"Daily API rate limit met"}"#,
            "Quota 429 | Daily API rate limit met (code 122)",
        ),
        (
            401,
            r#"{"@attributes":{"stat":"fail","version":1,"err_code":184},"err":"access_token is invalid: Inactive token"}"#,
            "Token 401 | access_token is invalid: Inactive token (code 184)",
        ),
        (401, r#"{"code":49,"message":"Access Denied"}"#, "Access 401 | Access Denied (code 49)"),
        (
            401,
            r#"<?xml version="1.0"?><rsp stat="fail" version="1.0"><err code="184">a &amp; b</err></rsp>"#,
            "Token 401 | a & b (code 184)",
        ),
        (200, "<rsp stat='fail'><err code='88'>use 4</err></rsp>", "Version 200 | use 4 (code 88)"),
        (
            500,
            r#"{"@attributes":{"stat":"fail","err_code":183},"err":"x"}"#,
            "unknown: An internal error occurred, please try your request again",
        ),
        (500, r#"{"@attributes":{"stat":"fail","err_code":4},"err":"x"}"#, "Row 500 | x (code 4)"),
        (
            500,
            r#"{"@attributes":{"stat":"fail","err_code":999},"err":"x"}"#,
            "unknown: Pardot answered with a server error",
        ),
        (400, r#"{"@attributes":{"stat":"fail","err_code":999},"err":"what?"}"#, "Unknown 400 | what? (code 999)"),
        (
            400,
            r#"{"@attributes":{"stat":"fail","err_code":"3"},"err":"Invalid prospect ID"}"#,
            "Row 400 | Invalid prospect ID (code 3)",
        ),
        (400, r#"{"@attributes":{"stat":"fail"},"err":"Invalid list ID"}"#, "Row 400 | Invalid list ID (code 55)"),
        (400, r#"{"@attributes":{"stat":"fail"},"err":"nobody knows"}"#, "WholeBatch 400 | nobody knows (HTTP 400)"),
        (200, r#"{"@attributes":{"stat":"fail"},"err":"nobody knows"}"#, "Unknown 200 | nobody knows (HTTP 200)"),
        (401, r#"[{"errorCode":"INVALID_SESSION_ID","message":"x"}]"#, "Token 401 | INVALID_SESSION_ID (HTTP 401)"),
        (
            400,
            r#"{"code":154,"message":"Invalid property in request: Foo__c"}"#,
            "WholeBatch 400 | Invalid property in request: Foo__c (code 154)",
        ),
        (200, "\u{feff} {\"code\":70,\"message\":\"m\\u0000\\n\\u202e!\"} ", "Size 200 | m   ! (code 70)"),
    ];
    for (status, body, want) in want {
        assert_eq!(shown_answer(status, body), want, "{status} {body}");
    }
}

#[test]
fn without_a_code_the_status_decides() {
    let want = [
        (401, "", "Token 401 | unauthorized (HTTP 401)"),
        (403, "<html>no</html>", "Access 403 | forbidden (HTTP 403)"),
        (413, "", "Size 413 | content too large (HTTP 413)"),
        (414, "<html>Request-URI Too Large</html>", "Size 414 | URI too long (HTTP 414)"),
        (429, "", "Throttle 429 | too many requests (HTTP 429)"),
        (404, "x", "WholeBatch 404 | not found (HTTP 404)"),
        (400, "{\"cut", "WholeBatch 400 | bad request (HTTP 400)"),
        (422, "{}", "WholeBatch 422 | refused (HTTP 422)"),
        (408, "", "unknown: Pardot gave up waiting"),
        (500, "oops", "unknown: Pardot answered with a server error"),
        (502, "<html>", "unknown: Pardot answered with a server error"),
        (503, "", "unknown: Pardot is not available"),
        (504, "", "unknown: Pardot gave up waiting"),
        (302, "", "unknown: the answer points to another address"),
        (204, "", "gone"),
        (204, "x", "unknown: the answer is not a JSON object"),
        (200, "{}", "object"),
    ];
    for (status, body, want) in want {
        assert_eq!(shown_answer(status, body), want, "{status} {body}");
    }
}

#[test]
fn every_documented_code_is_read_with_its_class_in_every_form() {
    for code in code::CODES {
        let n = code.number;
        let bodies = [
            format!(r#"{{"@attributes":{{"stat":"fail","version":1,"err_code":{n}}},"err":"text"}}"#),
            format!(r#"<rsp stat="fail" version="1.0"><err code="{n}">text</err></rsp>"#),
            format!(r#"{{"code":{n},"message":"text"}}"#),
        ];
        for body in &bodies {
            for status in [200, 400, 429] {
                let answer = read(&response(status, body));
                if code.class == Class::Transient {
                    assert_eq!(answer, Answer::Unknown(code.message), "{n}");
                } else {
                    let message = "text".to_owned();
                    assert_eq!(
                        answer,
                        Answer::Refused(Refusal { status, code: Some(n), message, class: code.class }),
                        "{n}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_message_is_cut_by_characters() {
    let long = "\u{e9}".repeat(500);
    assert_eq!(shown(&long).chars().count(), 200);
    assert_eq!(shown(" a\tb\u{2028}c\u{7f} "), "a b c");
    let quoting = [
        ("Invalid country: \"Atlantis9\"", "Invalid country: …"),
        ("'Atlantis9' is no country", "… is no country"),
        ("Can't take \"Atlantis9\" as the prospect's country", "Can't take … as the prospect's country"),
        ("no country: \"O'Atlantis9\"", "no country: …"),
        ("no country: 'O'Atlantis9'.", "no country: …."),
        ("no country: \"At \"quoted\" Atlantis9\"", "no country: …"),
        ("no country: \"At\" Atlantis9\" 9", "no country: …"),
        ("no country: “Atlantis9”", "no country: …"),
        ("no country: \"Atlantis9", "no country: …"),
        ("ada@example.com is taken", "… is taken"),
    ];
    for (text, want) in quoting {
        assert_eq!(shown(text), want);
    }
    assert!(!shown(&format!("{} \"Atlantis9 {}\"", "x".repeat(180), "y".repeat(40))).contains("Atlantis9"));
}

#[test]
fn numbers_and_lists_come_in_several_shapes() {
    let object: Object =
        serde_json::from_str(r#"{"a":3,"b":"4","c":0,"d":-1,"e":1.5,"f":{"x":1},"g":[{},{}],"h":null,"i":[1]}"#)
            .unwrap();
    let numbers = ["a", "b", "c", "d", "e", "f", "z"].map(|name| positive(object.get(name)));
    assert_eq!(numbers, [Some(3), Some(4), None, None, None, None, None]);
    let lengths = ["f", "g", "h", "z", "i", "a"].map(|name| one_or_many(object.get(name)).ok().map(|many| many.len()));
    assert_eq!(lengths, [Some(1), Some(2), Some(0), Some(0), None, None]);
}

proptest::proptest! {
    #[test]
    fn hostile_bytes_never_panic(status in 100_u16..600, body in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let _ = read(&Response { status, body: Bytes::from(body) });
    }

    #[test]
    fn hostile_markup_never_panics(body in "(<|>|rsp|err|code=|\"|'|/|[ -~]|\u{e9}){0,30}") {
        let _ = read(&response(200, &body));
        let _ = read(&response(400, &format!("<rsp {body}")));
        let _ = read(&response(400, &format!("<rsp><err {body}</err>")));
    }
}
