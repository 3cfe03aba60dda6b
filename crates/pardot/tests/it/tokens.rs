//! Tokens over the wire: one refresh for all, rotation saved first, dead grants left alone.
//!
//! Knows the answers of a script only.

use pardot::membership::{Added, Create};
use pardot::{CallError, ConnectedApp, GrantError, Host, ListId, ProspectId, oauth};
use secrecy::ExposeSecret as _;

use crate::server::{RETRY, Reply, Server, fail, say, token};

const CREATE: Create = Create { list: ListId(77), prospect: ProspectId(501) };
const CREATED: &str = r#"{"@attributes":{"stat":"ok"},"list_membership":{"id":1}}"#;

fn rotated(access: &str, refresh: &str) -> Reply {
    say(200, &format!(r#"{{"access_token":"{access}","refresh_token":"{refresh}","scope":"pardot_api"}}"#))
}

#[tokio::test]
async fn a_refresh_sends_the_grant_in_the_body() {
    let server = Server::start(vec![token("a")], vec![say(200, CREATED)]).await;
    let bench = server.client(RETRY);
    assert_eq!(bench.client.send(&CREATE).await, Ok(Added::Added));
    let call = &server.seen()[0];
    assert!(call.starts_with("POST /services/oauth2/token HTTP/1.1"), "{call}");
    assert!(
        call.ends_with("grant_type=refresh_token&refresh_token=first&client_id=app&client_secret=s3cret"),
        "{call}"
    );
}

#[tokio::test]
async fn one_refresh_serves_all_lanes() {
    let pardot = [vec![fail(401, 184); 5], vec![say(200, CREATED); 5]].concat();
    let server = Server::start(vec![token("a"), token("b")], [vec![say(200, CREATED)], pardot].concat()).await;
    let bench = server.client(RETRY);
    bench.client.send(&CREATE).await.unwrap();
    let lanes: Vec<_> = (0..5)
        .map(|_| {
            tokio::spawn({
                let client = bench.client.clone();
                async move { client.send(&CREATE).await }
            })
        })
        .collect();
    for lane in lanes {
        // A lane may meet several of the five refusals, but never with more than the two tokens that exist.
        let _ = lane.await.unwrap();
    }
    assert!(server.token_calls() <= 4, "{}", server.token_calls());
    assert_eq!(bench.client.counts().retries, 0);
}

#[tokio::test]
async fn a_rotated_grant_is_saved_and_used_next() {
    let server = Server::start(
        vec![rotated("a", "second"), rotated("b", "third")],
        vec![say(200, CREATED), fail(401, 184), say(200, CREATED)],
    )
    .await;
    let bench = server.client(RETRY);
    bench.client.send(&CREATE).await.unwrap();
    bench.client.send(&CREATE).await.unwrap();
    assert_eq!(*bench.keeper.grants.lock().unwrap(), ["second", "third"]);
    let calls: Vec<String> = server.seen().into_iter().filter(|text| text.contains("/token")).collect();
    assert!(calls[0].contains("refresh_token=first&") && calls[1].contains("refresh_token=second&"), "{calls:?}");
}

#[tokio::test]
async fn a_token_is_not_used_before_its_grant_is_saved() {
    let server = Server::start(vec![rotated("a", "second")], vec![say(200, CREATED)]).await;
    let bench = server.client(RETRY);
    *bench.keeper.failures.lock().unwrap() = 1;
    let want = GrantError::CannotSave { cause: "disk full".to_owned() };
    assert_eq!(bench.client.send(&CREATE).await, Err(CallError::Reconnect(want)));
    assert_eq!(server.pardot_calls(), 0);
    // Saving is tried again, without a second token call: the first grant is dead by now.
    assert_eq!(bench.client.send(&CREATE).await, Ok(Added::Added));
    assert_eq!((server.token_calls(), bench.keeper.grants.lock().unwrap().len()), (1, 1));
}

#[tokio::test]
async fn a_dead_grant_is_left_alone() {
    let body = r#"{"error":"invalid_grant","error_description":"expired access/refresh token"}"#;
    let server = Server::start(vec![say(400, body)], vec![]).await;
    let bench = server.client(RETRY);
    for _ in 0..5 {
        assert_eq!(bench.client.send(&CREATE).await, Err(CallError::Reconnect(GrantError::RefreshToken)));
    }
    assert_eq!((server.token_calls(), server.pardot_calls()), (1, 0));
}

#[tokio::test]
async fn a_token_that_another_process_rotated_is_read_again_once() {
    let dead = || say(400, r#"{"error":"invalid_grant","error_description":"expired access/refresh token"}"#);
    let server = Server::start(vec![dead(), token("a")], vec![say(200, CREATED)]).await;
    let bench = server.client(RETRY);
    *bench.keeper.current.lock().unwrap() = Some("rotated-elsewhere".to_owned());
    assert_eq!(bench.client.send(&CREATE).await, Ok(Added::Added));
    assert!(server.seen().iter().any(|seen| seen.contains("rotated-elsewhere")));
    // The same token refused again is dead: it is not asked for a third time.
    let server = Server::start(vec![dead(), dead(), token("a")], vec![]).await;
    let bench = server.client(RETRY);
    *bench.keeper.current.lock().unwrap() = Some("rotated-elsewhere".to_owned());
    assert_eq!(bench.client.send(&CREATE).await, Err(CallError::Reconnect(GrantError::RefreshToken)));
    assert_eq!(server.token_calls(), 2);
}

#[tokio::test]
async fn hiccups_of_the_login_are_retried() {
    let busy = r#"{"error":"invalid_grant","error_description":"token request is already being processed"}"#;
    let login = vec![say(503, ""), Reply::Close, say(400, busy), say(200, "<html>"), token("a")];
    let server = Server::start(login, vec![say(200, CREATED)]).await;
    let bench = server.client(RETRY);
    assert_eq!(bench.client.send(&CREATE).await, Ok(Added::Added));
    assert_eq!((server.token_calls(), bench.clock.slept().len()), (5, 4));
}

#[tokio::test]
async fn a_login_that_stays_away_is_unavailable_and_comes_back() {
    let login = [vec![say(503, ""); 6], vec![token("a")]].concat();
    let server = Server::start(login, vec![say(200, CREATED)]).await;
    let bench = server.client(RETRY);
    let error = bench.client.send(&CREATE).await.unwrap_err();
    assert!(matches!(error, CallError::Unavailable { attempts: 6, maybe_applied: false, .. }), "{error:?}");
    assert_eq!(bench.client.send(&CREATE).await, Ok(Added::Added));
}

#[tokio::test]
async fn an_idle_grant_can_be_refreshed() {
    let server = Server::start(vec![rotated("a", "second"), rotated("b", "third")], vec![]).await;
    let bench = server.client(RETRY);
    bench.tokens.refresh(false, RETRY, 1).await.unwrap();
    bench.tokens.refresh(false, RETRY, 1).await.unwrap();
    assert_eq!(server.token_calls(), 1);
    bench.tokens.refresh(true, RETRY, 1).await.unwrap();
    assert_eq!((server.token_calls(), bench.tokens.refreshes()), (2, 2));
}

#[tokio::test]
async fn codes_are_exchanged_and_grants_revoked() {
    let server = Server::start(vec![rotated("a", "r"), say(200, ""), say(503, "")], vec![]).await;
    let login = Host::login(&server.address).unwrap();
    let app = ConnectedApp { client_id: "app".to_owned(), client_secret: None };
    let pkce = oauth::Pkce::from_verifier("v".into());
    let granted = oauth::exchange(&login, &app, &"c0de==".into(), "http://localhost/cb", Some(&pkce)).await.unwrap();
    assert_eq!(granted.refresh_token.expose_secret(), "r");
    let sent = server.seen().remove(0);
    let want = "grant_type=authorization_code&code=c0de%3D%3D&redirect_uri=http%3A%2F%2Flocalhost%2Fcb&code_verifier=v&client_id=app";
    assert!(sent.ends_with(want), "{sent}");
    assert_eq!(oauth::revoke(&login, &granted.refresh_token).await, Ok(()));
    assert!(oauth::revoke(&login, &granted.refresh_token).await.is_err());
}
