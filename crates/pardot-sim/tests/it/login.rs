//! The login: grants, rotation, refusals.
//!
//! Knows OAuth by its texts.

use std::time::Duration;

use expect_test::expect;
use pardot_sim::{Config, OAuthSettings, Sandbox};

use crate::http::{FORM, Stage, raw, request, token};

const APP: &str = "client_id=3MVG9sandbox&client_secret=sandbox-secret";

async fn start(change: impl FnOnce(&mut OAuthSettings)) -> Sandbox {
    let mut config = Config::default();
    change(&mut config.oauth);
    Sandbox::start(config).await.unwrap()
}

async fn ask(sandbox: &Sandbox, form: &str) -> String {
    let got = raw(sandbox, &request("POST", "/services/oauth2/token", &[("Content-Type", FORM)], form)).await.unwrap();
    format!("{} {}", got.status, got.body)
}

#[tokio::test]
async fn refusals() {
    let sandbox = start(|_| {}).await;
    let refresh = sandbox.connection().refresh_token;
    let cases = [
        format!("grant_type=refresh_token&refresh_token=nope&{APP}"),
        format!("grant_type=refresh_token&refresh_token={refresh}&client_id=other&client_secret=x"),
        format!("grant_type=refresh_token&refresh_token={refresh}&client_id=3MVG9sandbox&client_secret=x"),
        format!("grant_type=dance&{APP}"),
        String::new(),
        format!("grant_type=password&username=api%40example.com&password=wrong&{APP}"),
        format!("grant_type=authorization_code&code=nope&redirect_uri=x&{APP}"),
        "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=a.b.c".to_owned(),
        format!("grant_type=refresh_token&refresh_token=nope&format=urlencoded&{APP}"),
        format!("grant_type=refresh_token&refresh_token=nope&format=xml&{APP}"),
    ];
    let mut got = Vec::new();
    for form in &cases {
        got.push(ask(&sandbox, form).await);
    }
    expect![[r#"
        400 {"error":"invalid_grant","error_description":"expired access/refresh token"}
        400 {"error":"invalid_client_id","error_description":"client identifier invalid"}
        400 {"error":"invalid_client","error_description":"invalid client credentials"}
        400 {"error":"unsupported_grant_type","error_description":"grant type not supported"}
        400 {"error":"unsupported_grant_type","error_description":"grant type not supported"}
        400 {"error":"invalid_grant","error_description":"authentication failure"}
        400 {"error":"invalid_grant","error_description":"invalid authorization code"}
        400 {"error":"invalid_grant","error_description":"invalid assertion"}
        400 error=invalid_grant&error_description=expired%20access%2Frefresh%20token
        400 <?xml version="1.0" encoding="UTF-8"?><OAuth><error>invalid_grant</error><error_description>expired access/refresh token</error_description></OAuth>"#]].assert_eq(&got.join("\n"));
}

#[tokio::test]
async fn a_code_is_exchanged_once_and_only_with_its_verifier() {
    let sandbox = start(|oauth| oauth.require_pkce = true).await;
    let page = "/services/oauth2/authorize?response_type=code&client_id=3MVG9sandbox&redirect_uri=http%3A%2F%2Fapp%2Fcb&state=s%26t";
    let location = |head: &str| head.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap().to_owned();
    let got = raw(&sandbox, &request("GET", page, &[], "")).await.unwrap();
    expect!["http://app/cb?error=invalid_request&error_description=missing%20required%20code%20challenge&state=s%26t"]
        .assert_eq(&location(&got.head));
    // Challenge of the verifier in RFC 7636, appendix B.
    let page = format!("{page}&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256");
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    for (verifier, status) in [(verifier, "200 "), ("x", "400 ")] {
        let got = raw(&sandbox, &request("GET", &page, &[], "")).await.unwrap();
        let location = location(&got.head);
        assert!(location.ends_with("&state=s%26t") && location.contains("%3D%3D"), "{location}");
        let code = location.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        let form = format!(
            "grant_type=authorization_code&code={code}&redirect_uri=http%3A%2F%2Fapp%2Fcb&code_verifier={verifier}&{APP}"
        );
        let got = ask(&sandbox, &form).await;
        assert!(got.starts_with(status), "{got}");
        assert!(ask(&sandbox, &form).await.contains("invalid authorization code"));
    }
}

#[tokio::test]
async fn the_page_asks_where_it_shall_not_approve() {
    let sandbox = start(|oauth| oauth.auto_approve = false).await;
    let page = "/services/oauth2/authorize?response_type=code&client_id=3MVG9sandbox&redirect_uri=http%3A%2F%2Fapp%2Fcb&state=%22%3E";
    let got = raw(&sandbox, &request("GET", page, &[], "")).await.unwrap();
    assert!(got.status == 200 && got.body.contains("Deny") && got.body.contains("&quot;&gt;"), "{}", got.body);
    let got = raw(&sandbox, &request("GET", &format!("{page}&decision=deny"), &[], "")).await.unwrap();
    assert!(got.head.contains("error=access_denied"), "{}", got.head);
}

#[tokio::test]
async fn rotation_kills_the_old_token_at_once() {
    for family in [false, true] {
        let sandbox = start(|oauth| {
            oauth.rotate_refresh_tokens = true;
            oauth.revoke_family_on_replay = family;
        })
        .await;
        let old = sandbox.connection().refresh_token;
        token(&sandbox).await;
        let new = sandbox.connection().refresh_token;
        assert_ne!(old, new);
        let replay = ask(&sandbox, &format!("grant_type=refresh_token&refresh_token={old}&{APP}")).await;
        assert!(replay.contains("expired access/refresh token"), "{replay}");
        let after = ask(&sandbox, &format!("grant_type=refresh_token&refresh_token={new}&{APP}")).await;
        assert_eq!(after.starts_with("200 "), !family, "{after}");
        assert_eq!(sandbox.counters("0Uv5e0000008OqACAU").token_replays, 1);
    }
}

#[tokio::test]
async fn the_sixth_grant_pushes_out_the_first() {
    let sandbox = start(|_| {}).await;
    let first = sandbox.connection().refresh_token;
    for _ in 0..5 {
        sandbox.reconnect("0Uv5e0000008OqACAU");
    }
    let got = ask(&sandbox, &format!("grant_type=refresh_token&refresh_token={first}&{APP}")).await;
    assert!(got.contains("invalid_grant"), "{got}");
    token(&sandbox).await;
}

#[tokio::test]
async fn tokens_die_by_age_by_use_and_by_hand() {
    let query = "/api/prospect/version/3/do/query?format=json";
    let stage = Stage::version(3).await;
    stage.sandbox.advance(Duration::from_secs(7_201));
    assert!(stage.get(query).await.starts_with("401 "));
    let mut config = Config::default();
    config.oauth.access_token_calls = Some(2);
    let mut stage = Stage::of(config).await;
    for status in ["200 ", "200 ", "401 "] {
        assert!(stage.get(query).await.starts_with(status));
    }
    stage.token = token(&stage.sandbox).await;
    stage.sandbox.expire_access_tokens();
    assert!(stage.get(query).await.starts_with("401 "));
    stage.sandbox.revoke_refresh_tokens();
    let refresh = stage.sandbox.connection().refresh_token;
    let got = ask(&stage.sandbox, &format!("grant_type=refresh_token&refresh_token={refresh}&{APP}")).await;
    assert!(got.contains("invalid_grant"), "{got}");
}

#[tokio::test]
async fn a_token_without_the_scope_is_no_use() {
    let mut config = Config::default();
    config.oauth.scopes = vec!["api".to_owned(), "refresh_token".to_owned()];
    let stage = Stage::of(config).await;
    assert!(stage.get("/api/prospect/version/3/do/query?format=json").await.contains("\"err_code\":184"));
}

/// A public key whose private half was thrown away after it had signed the assertions below; they expire in 2100.
const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAu3s9BbrBVx5wOav2658n\nihVD7OXQk4zUmHiWlXF1mRDTLK/09k1s5vr6N5vv2PPWMuqwaYyuDkCykgwXuike\nGb8On9iHfif7nCn0WNKlTDqo9+BNVwIwk0UWGhN1HSgV9bvQ/nmdBrdnvRdwtONe\nwUZfg7qSBv2WPQ6DjNBdyuF8mgtVlRc+JOsEA7pZysxAMKWLTrdC0b1zRBhgdAlC\n8l3iztZiyFhtxKRB3WrTC1RhxRwwxdlXms3hp1C4CNQK18U+5vzAoOt03Fmeh5tF\nJ43BYHqOGUnZlLRWAoANqNy14tPmZiiLUY2OPVs7ulEZPA6C5a5k18BrHfYlQWXY\nlwIDAQAB\n-----END PUBLIC KEY-----";

#[tokio::test]
async fn an_assertion_is_checked() {
    let sandbox = start(|oauth| oauth.jwt_public_key = Some(KEY.to_owned())).await;
    let cases = [
        (
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIzTVZHOXNhbmRib3giLCJzdWIiOiJhcGlAZXhhbXBsZS5jb20iLCJhdWQiOiJodHRwczovL2xvZ2luLnNhbGVzZm9yY2UuY29tIiwiZXhwIjo0MTAyNDQ0ODAwfQ.Z6QC3yqxgrjc6vdb6DePYcfi5ixrC6QDqmArRZA8uk0CtedAs_eVGZ0sUfZZHj_3QsTh7sdWljAIUDFtNkgzvorhjzQclAXwEUjCvbDvhr8AJMLHBH4ljFb-8RYoWBu6Br46af8CpFp-Z3nch4FlwzQzhXhs-TxjEjhMvS4gt3kiNdSfD60kr0X0ktySZiTMPv8hSp_TkeKIjsX8nmLY5-9o-EZS86qo0PaaNGVrbAahv6cFV0xuKmWnmdHT9iSLEZzkOH5S8hTzRpFOzChPxnZXqdvpfiy8Vv-xOjWcAPj8yD-5qSCiGWWmgOb3EewSOHY9JNGfjDegkds7ua5GeQ",
            "\"access_token\"",
        ),
        (
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIzTVZHOXNhbmRib3giLCJzdWIiOiJhcGlAZXhhbXBsZS5jb20iLCJhdWQiOiJodHRwczovL2Vsc2Uud2hlcmUiLCJleHAiOjQxMDI0NDQ4MDB9.otEw30-_XgMm8tlaPcsJW4n1L3473o_iAbTzoAvwoFn0nNqdcFVRRmT1BFhlbryHsquO2PZNpd1G3zeMjUvDWsKQUEMY9OlU9afsGXdGIiTw4gerio2DdBZmmIRBeDGQf3CakAkeQE6tF_aBXeu89zI6hGGwnvxMfv-PZNucA1dJo-08VMyggHX6VvwBZKbHFtIXXBa-fKC0GveMGVUYymo0wYn6H_-D_V1-i4GFukLOhPn0R9GeE9jyAPOB5qiT-Hg79kNcnd9oTYPjjBvVP-xgaxHV3qwVxOW3YiUIFQcN0NiArrDktjzA6Fb2DIWkpDyBhPN4vYR7c2-Tuk7Z2g",
            "audience is invalid",
        ),
        (
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIzTVZHOXNhbmRib3giLCJzdWIiOiJhcGlAZXhhbXBsZS5jb20iLCJhdWQiOiJodHRwczovL2xvZ2luLnNhbGVzZm9yY2UuY29tIiwiZXhwIjoxMDAwfQ.uyohmslXpGO7neOXfOIM44LbCjMpwFVQMw3A8wVjQ-Rq0EXY-exw7JSmvPAuVtzU0h_v3T6rfhqPTyg8zxrrHl8V_Fpj-pQoiT_o8UkraTIsNyF7YZTJa6Fnn2zZLtyycPMBUYqjPZF3_JNHCLph5IlJy0Rd4FnCMvh7aMBIh1gspmmSnEc1NPoz8a9BAlkZvDiO6iRVb8olCxpH8nZkrqmDmkPmHDLKVR-KXw8_9ef8dy2Tcbg1o0sCna4LhY7MtItLbLIXGvU2w0qUw6bMTiL0L0yEjV7vWu24gpGj0qt6OZFw-ZH_u_-RljrBAl3nmAm2z39uhKUpDCFuHgwyXw",
            "expired assertion",
        ),
        (
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIzTVZHOXNhbmRib3giLCJzdWIiOiJ3aG9AZXhhbXBsZS5jb20iLCJhdWQiOiJodHRwczovL2xvZ2luLnNhbGVzZm9yY2UuY29tIiwiZXhwIjo0MTAyNDQ0ODAwfQ.X3dUSStgJN8FSusUw5yrqhMO289OuXWDnkslDTAFm3yxJIEdNHcrf57U_WIORrmbGDetIucGRT4g7WZxMwAmz1Q_QX_FuQkp-XryH7n5kmKXnigRx7-uj-HbQv7pWGSxS5jxIgrKi3yR_S0RKWL1rW51xiCH60cYZGWH6wKt79JmQy7CRChykzD4dJhQkGrtrnppTL6IZCkmJcGptV9D8-PretQNJ1ZDpgjnh7cigXSOpOSgdd3i1FGbavIQ83iMl8Lc3wSAicf345FfNUHq9fzet3vMxZUQBNcmwv6w1yJw1-tP2fvHhBLFbrJuwEbNvoapQhW3SWBwzjuH8P2wQw",
            "user hasn't approved this consumer",
        ),
        (
            "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiIzTVZHOXNhbmRib3giLCJzdWIiOiJhcGlAZXhhbXBsZS5jb20iLCJhdWQiOiJodHRwczovL2xvZ2luLnNhbGVzZm9yY2UuY29tIiwiZXhwIjo0MTAyNDQ0ODAwfQ.Z6QC3yqxgrjc6vdb6DePYcfi5ixrC6QDqmArRZA8uk0CtedAs_eVGZ0sUfZZHj_3QsTh7sdWljAIUDFtNkgzvorhjzQclAXwEUjCvbDvhr8AJMLHBH4ljFb-8RYoWBu6Br46af8CpFp-Z3nch4FlwzQzhXhs-TxjEjhMvS4gt3kiNdSfD60kr0X0ktySZiTMPv8hSp_TkeKIjsX8nmLY5-9o-EZS86qo0PaaNGVrbAahv6cFV0xuKmWnmdHT9iSLEZzkOH5S8hTzRpFOzChPxnZXqdvpfiy8Vv-xOjWcAPj8yD-5qSCiGWWmgOb3EewSOHY9JNGfjDegkdAAAAAAAA",
            "invalid assertion",
        ),
    ];
    for (assertion, want) in cases {
        let form = format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
        let got = ask(&sandbox, &form).await;
        assert!(got.contains(want) && !got.contains("refresh_token"), "{got}");
    }
}
