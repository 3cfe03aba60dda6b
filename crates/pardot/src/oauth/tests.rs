//! Addresses, proof keys, and Salesforce's words as things to do.
//!
//! Knows no transport.

use expect_test::expect;

use super::*;

#[test]
fn the_address_for_the_browser() {
    let login = Host::login("https://login.salesforce.com/").unwrap();
    let pkce = Pkce::from_verifier("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
    expect!["https://login.salesforce.com/services/oauth2/authorize?response_type=code&client_id=3MVG9%20x&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fcb%3Fa%3D1&scope=pardot_api%20refresh_token&state=st4te&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"].assert_eq(&authorize_url(
        &login,
        "3MVG9 x",
        "http://localhost:8080/cb?a=1",
        "st4te",
        Some(&pkce),
        SCOPE,
    ));
    // The example of RFC 7636, appendix B.
    assert_eq!(pkce.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    let (one, two) = (Pkce::random().unwrap(), Pkce::random().unwrap());
    assert_eq!(one.verifier().expose_secret().len(), 43);
    assert_ne!(one.verifier().expose_secret(), two.verifier().expose_secret());
    assert!(!format!("{one:?}").contains(one.verifier().expose_secret()));
}

fn response(status: u16, body: &'static str) -> Response {
    Response { status, body: Bytes::from_static(body.as_bytes()) }
}

#[test]
fn refusals_of_the_token_endpoint() {
    let unreachable = |cause: &str| GrantError::Unreachable { cause: cause.to_owned() };
    let want = [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"expired access/refresh token"}"#,
            Asked::Refresh,
            GrantError::RefreshToken,
        ),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"expired authorization code"}"#,
            Asked::Code,
            GrantError::Code,
        ),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"authentication failure"}"#,
            Asked::Other,
            GrantError::Authentication,
        ),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"user hasn't approved this consumer"}"#,
            Asked::Other,
            GrantError::NotApproved,
        ),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"Audience validation failed"}"#,
            Asked::Other,
            GrantError::Audience,
        ),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"inactive user"}"#,
            Asked::Refresh,
            GrantError::InactiveUser,
        ),
        (
            400,
            r#"{"error":"invalid_grant","error_description":"token request is already being processed"}"#,
            Asked::Refresh,
            unreachable("invalid_grant"),
        ),
        (
            400,
            r#"{"error":"invalid_client_id","error_description":"client identifier invalid"}"#,
            Asked::Refresh,
            GrantError::ClientId,
        ),
        (
            400,
            r#"{"error":"invalid_client","error_description":"invalid client credentials"}"#,
            Asked::Refresh,
            GrantError::ClientSecret,
        ),
        (
            400,
            r#"{"error":"unsupported_grant_type","error_description":"grant type not supported"}"#,
            Asked::Other,
            GrantError::UnsupportedGrant,
        ),
        (400, r#"{"error":"redirect_uri_mismatch"}"#, Asked::Code, GrantError::RedirectMismatch),
        (400, r#"{"error":"inactive_user"}"#, Asked::Refresh, GrantError::InactiveUser),
        (400, r#"{"error":"inactive_org"}"#, Asked::Refresh, GrantError::InactiveOrg),
        (400, r#"{"error":"rate_limit_exceeded"}"#, Asked::Refresh, unreachable("rate_limit_exceeded")),
        (
            400,
            r#"{"error":"unknown_error","error_description":"retry your request"}"#,
            Asked::Refresh,
            unreachable("unknown_error"),
        ),
        (
            400,
            r#"{"error":"invalid_request"}"#,
            Asked::Refresh,
            GrantError::Refused { error: "invalid_request".to_owned() },
        ),
        (503, r#"{"error":"invalid_grant"}"#, Asked::Refresh, unreachable("invalid_grant")),
        (503, "<html>", Asked::Refresh, unreachable("HTTP 503 without a token")),
        (200, "<html>", Asked::Refresh, unreachable("HTTP 200 without a token")),
        (200, r#"{"access_token":""}"#, Asked::Refresh, unreachable("HTTP 200 without a token")),
        (200, r#"{"access_token":"t","scope":"api refresh_token"}"#, Asked::Refresh, GrantError::MissingScope),
    ];
    for (status, body, asked, want) in want {
        let got = read(&response(status, body), asked).map(|_| ()).unwrap_err();
        assert_eq!(got, want, "{body}");
        assert!(!got.hint().is_empty());
    }
}

#[test]
fn tokens_are_read_and_not_shown() {
    let body = r#"{"access_token":"s3cret","refresh_token":"r3fresh","scope":"refresh_token pardot_api","instance_url":"https://x.my.salesforce.com","id":"https://login.salesforce.com/id/00D/005"}"#;
    let issued = read(&response(200, body), Asked::Code).unwrap();
    assert_eq!(issued.refresh_token.as_ref().unwrap().expose_secret(), "r3fresh");
    let shown = format!("{issued:?}");
    assert!(!shown.contains("s3cret") && !shown.contains("r3fresh"), "{shown}");
}
