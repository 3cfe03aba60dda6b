//! Connections: what is refused, what is dropped, what is never shown.

use api::{ConnectionSpec, ConnectionState, Secret};
use app::AppError;
use expect_test::expect;

use crate::bench::{Bench, query};

fn places(error: &AppError) -> String {
    match error {
        AppError::Invalid(problems) => problems.to_string(),
        other => format!("{other} / {}", other.hint().unwrap_or_default()),
    }
}

#[tokio::test]
async fn everything_wrong_is_said_at_once() {
    let bench = Bench::new().await;
    let spec = ConnectionSpec {
        name: Some("../x".into()),
        pardot_domain: Some("https://pi.pardot.com.evil.test".into()),
        business_unit: Some("0Uv1".into()),
        login_url: Some("http://10.0.0.1".into()),
        grant: Some(api::GrantKind::JwtBearer),
        ..ConnectionSpec::default()
    };
    let error = bench.app.create_connection(&bench.actor, spec).await.expect_err("refused");
    expect![[r#"
        connection.name: has characters that a name cannot have
          hint: letters, digits, space, -, _ and . ; first a letter or digit; at most 100
        connection.pardot_domain: this is not a Pardot host
          hint: use https://pi.pardot.com, or https://pi.demo.pardot.com for sandboxes and developer orgs
        connection.login_url: this is not a Salesforce login host
          hint: use https://login.salesforce.com, https://test.salesforce.com for sandboxes, or the My Domain address that ends with .my.salesforce.com
        connection.business_unit: a business unit id has 18 characters, this has 4
          hint: copy it from Salesforce: Setup, Business Unit Setup (Account Engagement); it looks like 0Uv5e0000008OqACAU
        connection.client_id: is missing
          hint: the Consumer Key of the connected app in Salesforce
        connection.username: is missing
          hint: grant jwt_bearer needs the Salesforce user that it stands for
        connection.private_key: is missing
          hint: grant jwt_bearer needs the RSA private key in PEM"#]]
    .assert_eq(&places(&error));
}

#[tokio::test]
async fn another_host_or_app_drops_the_secrets() {
    let bench = Bench::new().await;
    let known = bench.app.connection(&bench.actor, "prod").await.expect("there");
    assert!(known.secrets.refresh_token && known.secrets.client_secret);
    assert_eq!(known.state, ConnectionState::Connected);
    let changes = [
        ConnectionSpec { login_url: Some("https://test.salesforce.com".into()), ..ConnectionSpec::default() },
        ConnectionSpec { pardot_domain: Some("https://pi.demo.pardot.com".into()), ..ConnectionSpec::default() },
        ConnectionSpec { client_id: Some("another".into()), ..ConnectionSpec::default() },
    ];
    for change in changes {
        let app = &bench.app;
        app.put_connection(&bench.actor, "prod", bench.spec("prod"), None).await.expect("back to the sandbox");
        let (after, new) = app.put_connection(&bench.actor, "prod", change.clone(), None).await.expect("taken");
        assert!(!new);
        assert!(!after.secrets.refresh_token && !after.secrets.client_secret, "{change:?}");
        assert_eq!(after.state, ConnectionState::NotConnected);
    }
    // What is given with the change is kept: it was meant for the new place.
    let both = ConnectionSpec {
        login_url: Some("https://login.salesforce.com".into()),
        refresh_token: Some(Secret::new("given")),
        ..ConnectionSpec::default()
    };
    let (after, _) = bench.app.put_connection(&bench.actor, "prod", both, None).await.expect("taken");
    assert!(after.secrets.refresh_token && !after.secrets.client_secret);
    let sent = bench.sandbox.journal();
    assert!(sent.is_empty(), "nothing was sent: {sent:?}");
}

#[tokio::test]
async fn an_empty_text_takes_a_field_back_to_its_default() {
    let bench = Bench::new().await;
    let put = async |spec: ConnectionSpec| bench.app.put_connection(&bench.actor, "prod", spec, None).await;
    let text = |text: &str| Some(text.to_owned());
    let full =
        ConnectionSpec { username: text("ada@x.io"), audience: text("https://x.io"), ..ConnectionSpec::default() };
    let (full, _) = put(full).await.expect("taken");
    assert_eq!((full.username, full.audience), (text("ada@x.io"), text("https://x.io")));
    let (kept, _) = put(ConnectionSpec::default()).await.expect("taken");
    assert_eq!((kept.username, kept.audience), (text("ada@x.io"), text("https://x.io")), "what is absent stays");
    let empty = ConnectionSpec { username: text(" "), audience: text(""), ..ConnectionSpec::default() };
    let (empty, _) = put(empty).await.expect("taken");
    assert_eq!((empty.username, empty.audience, empty.secrets.refresh_token), (None, None, true));
    let host = ConnectionSpec { login_url: text(""), ..ConnectionSpec::default() };
    let (host, _) = put(host).await.expect("taken");
    assert_eq!((host.login_url.as_str(), host.secrets.refresh_token), ("https://login.salesforce.com", false));
    let needed = ConnectionSpec { client_id: text(""), business_unit: text(""), ..ConnectionSpec::default() };
    let refused = put(needed).await.expect_err("refused");
    expect![[r#"
        connection.business_unit: is missing
          hint: copy it from Salesforce: Setup, Business Unit Setup (Account Engagement); it looks like 0Uv5e0000008OqACAU
        connection.client_id: is missing
          hint: the Consumer Key of the connected app in Salesforce"#]]
    .assert_eq(&places(&refused));
}

#[tokio::test]
async fn a_mask_or_nothing_changes_no_secret_and_a_stale_change_is_refused() {
    let bench = Bench::new().await;
    let revision = bench.app.connection(&bench.actor, "prod").await.expect("there").revision;
    let masked = ConnectionSpec {
        refresh_token: Some(Secret::new("********")),
        client_secret: Some(Secret::new("••••")),
        ..ConnectionSpec::default()
    };
    let app = &bench.app;
    let (after, _) = app.put_connection(&bench.actor, "prod", masked.clone(), Some(revision)).await.expect("taken");
    assert!(after.secrets.refresh_token && after.revision > revision);
    assert!(app.test_connection(&bench.actor, "prod").await.expect("tested").ok, "the token still works");
    let stale = app.put_connection(&bench.actor, "prod", masked, Some(revision)).await.expect_err("refused");
    assert!(matches!(stale, AppError::Stale { .. }), "{stale}");
    let unknown = app.connection(&bench.actor, "prd").await.expect_err("refused");
    expect!["there is no connection prd / did you mean prod?"].assert_eq(&places(&unknown));
}

#[tokio::test]
async fn a_test_takes_three_calls_and_the_account_is_remembered() {
    let bench = Bench::new().await;
    bench.sandbox.add_custom_field(&bench.unit(), "shoe_size", "Number");
    bench.sandbox.add_list(&bench.unit(), "Newsletter", false);
    let diagnosis = bench.app.test_connection(&bench.actor, "prod").await.expect("tested");
    assert!(diagnosis.ok, "{diagnosis:?}");
    let calls = bench.sandbox.journal().iter().filter(|entry| entry.path.starts_with("/api/")).count();
    assert!(calls <= 3, "{calls} calls");
    let account = bench.app.account(&bench.actor, "prod", true).await.expect("read");
    assert_eq!(account.fields.len(), 1);
    assert_eq!(account.lists[0].name, "Newsletter");
    assert_eq!(account.ampsea, Some(false));
    assert!(account.calls_used.is_some() && account.time_zone.is_some(), "{account:?}");
    let before = bench.sandbox.journal().len();
    assert_eq!(bench.app.account(&bench.actor, "prod", false).await.expect("kept"), account);
    assert_eq!(bench.sandbox.journal().len(), before, "nothing is asked again");
}

#[tokio::test]
async fn a_connection_in_use_stays_and_a_deleted_one_is_revoked() {
    let bench = Bench::new().await;
    bench.upload("c", "email\na@example.com\n").await;
    bench.query(serde_json::json!({})).await;
    let used = bench.app.delete_connection(&bench.actor, "prod").await.expect_err("refused");
    expect!["connection prod is used by contacts / give these another connection first"].assert_eq(&places(&used));
    let mut without = query("contacts", serde_json::json!({}));
    without.export = None;
    bench.app.put_query(&bench.actor, "contacts", without, None).await.expect("taken");
    bench.app.delete_connection(&bench.actor, "prod").await.expect("deleted");
    let revoked = bench.sandbox.journal().iter().filter(|entry| entry.path.ends_with("/revoke")).count();
    assert_eq!(revoked, 1);
    assert!(bench.app.connections(&bench.actor, None, 10).await.expect("listed").items.is_empty());
}
