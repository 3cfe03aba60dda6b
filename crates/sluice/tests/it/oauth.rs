//! Authorisation as it goes wrong and right: rotation, expiry, dead grants, and the grants that need no browser.
//!
//! Knows the connection file; not how tokens are kept inside.

use std::sync::{Arc, Mutex};

use pardot_sim::{BusinessUnit, Config, Fault, FaultKind, OAuthSettings, When};
use serde_json::{Value, json};

use crate::contacts::{check_contacts, contacts};
use crate::harness::{Bench, Outcome, check_rows};

/// Made for this test; protects nothing.
const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCaSfrljzUw6WW6\n\
XR8icVX+OoRES9Ym4hIPMZf2bivbADMX82lMWzjLPYeuB8OBfe5UrEFB3KNTsosf\n\
mIBpk2Nm6QWniE1xib49MDyZYz+gf0bgwF6Qr2ysUYICeI+EV7yXR52IsfAYZcIA\n\
+nz/lZW2XXv5PKxux19Ncjl1qzctrGQAmjCLv9Y3Xo7gNRxc9RbZAihv/TzhIiUn\n\
qMELWm3Dig5JMcTTY+ep55qpRrBIPkeZHWV8WWTjlUJIlKNanOaexCiwZ298uP9/\n\
w3TprpKuavW78lrm/xGLUptsBmUYL7hDRmHaGPZvMArhS6GJlPVxtcsMhWPyjwi+\n\
1UKoKRh3AgMBAAECggEAAIwjUKfDqGf1fhtaMH+eWUxT8pJGsQv1h8cILEflmMtF\n\
6TrwSbQQ9myXmytGQ35CFHRyetNj0SZZEXInZ29Y3adSSQFDzFCdIUZaHB5avibk\n\
sPYFYut1j3x6vMxdLsD547OEcSQ9z+JAu6BxCJ4pAusPCnNjRyMObaY/xFJ+AG+G\n\
fznSk0AdeNkwNqSTplhx4Ay4pyTgTbDkx1HnC/zMSKK1cC6Dxtpnq6snAV5SliXi\n\
MlGl+vHpUDyw3OPokgtR5O7SaqmyAelfTWmj7s1/SrVkcptZbhkKPRjGzU1+vaAU\n\
ZAwL71V781Y7QR7qO5E+4m/QiDEw2hCySfryP9fLuQKBgQDNVFcEpTLllxg/6isA\n\
2aU6tCGrS5Tis5AsTQmF/6HJMpjH1nfNHRc3+9+oDM26DoqTbGFZBo5kP9/JgZUZ\n\
UxhQPA96AJcC96scbh0kAq85uJHeLDCQjDF9JD4/maKq8+rbwPZzG/WQ3F+5GHDJ\n\
Hc/AFA+GxTeNZV9/ODvMGpYumwKBgQDAXSpiB42qNGMgpPTd8dQMCr2jTMU7TaXm\n\
yzFOq21E4b2NtkBiGbXavwCnA90y8Rj64p3WBFsZ9JlC0cmpU+tpYx+Co4cgkQ+y\n\
LowkRWqdC748GpjN86JFjzi/3qUboLfeNFgGs8SptzUP3QKQELPhx7nAXYYLKxF5\n\
Qy6FkcVNVQKBgQC6Sj75E/jtnPx/YLHLf6wNasjxZQ2b8VZpGyv8y0W6CZHcHZVs\n\
H2ylenwdOCCfIfpQbxCTeQNPqTQc2tivtVhl01gnVMmuA47XqH//3/+i2vZdILKf\n\
MtLjuzJO+dFAUTVQU+5F2aQe3hJrGOWbUtTebFT57YzNWKAgCKEYOTbw6QKBgDGF\n\
Ck8YELD7MXWK4XptMaAz96OdNLzSfV3Pew78dHGiBzD+9M4MPlNkjh9wkDX3+O1E\n\
/0rD7kvdOsMHzHkpoFWN7eOsgzGwBjFhaDRCJnLtPfitBB8ok+KCPyKthyV4lzy9\n\
jteS2ZKzFhbSV0GM+zGpP7k0mjgvyxzDXauG3hrNAoGAWsrjtaZ96BuLCGvfib36\n\
/F8diL7ejPR0HtnJi0TYtr9aWn90h9/dXP0GJUc6kGqX8lTbbf2+c4HJIFQoHZch\n\
PvKEzMxdWenm2UB2kzG1Eal10tpMA8GnyFfTi5Wt065cgxBtiDISLkf3hdKkpvCv\n\
+PVvs6PpyCw7XeiQgPrU3Uc=\n\
-----END PRIVATE KEY-----";
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAmkn65Y81MOllul0fInFV\n\
/jqEREvWJuISDzGX9m4r2wAzF/NpTFs4yz2HrgfDgX3uVKxBQdyjU7KLH5iAaZNj\n\
ZukFp4hNcYm+PTA8mWM/oH9G4MBekK9srFGCAniPhFe8l0ediLHwGGXCAPp8/5WV\n\
tl17+TysbsdfTXI5das3LaxkAJowi7/WN16O4DUcXPUW2QIob/084SIlJ6jBC1pt\n\
w4oOSTHE02PnqeeaqUawSD5HmR1lfFlk45VCSJSjWpzmnsQosGdvfLj/f8N06a6S\n\
rmr1u/Ja5v8Ri1KbbAZlGC+4Q0Zh2hj2bzAK4UuhiZT1cbXLDIVj8o8IvtVCqCkY\n\
dwIDAQAB\n\
-----END PUBLIC KEY-----";

fn good(_: u64) -> bool {
    false
}

fn with_login(oauth: OAuthSettings) -> Bench {
    Bench::with(Config { oauth, ..Config::default() })
}

/// Changes the connection file; `null` takes a name out.
fn change(bench: &Bench, changes: Value) {
    let mut connection: Value = serde_json::from_str(&bench.read("connection.yaml")).expect("a mapping");
    for (name, value) in changes.as_object().expect("a mapping") {
        match value {
            Value::Null => drop(connection.as_object_mut().expect("a mapping").remove(name)),
            value => connection[name] = value.clone(),
        }
    }
    bench.write("connection.yaml", &connection.to_string());
}

fn token_calls(bench: &Bench) -> usize {
    bench.journal_of("/services/oauth2/token").len()
}

#[test]
fn a_rotated_refresh_token_is_in_the_file_before_the_access_token_is_used() {
    let bench = with_login(OAuthSettings {
        rotate_refresh_tokens: true,
        revoke_family_on_replay: true,
        ..OAuthSettings::default()
    });
    change(&bench, json!({"connected_app": "custom"}));
    let given = bench.sandbox.connection().refresh_token;
    let seen = Arc::new(Mutex::new(String::new()));
    let (file, keep) = (bench.path("connection.yaml"), seen.clone());
    // Request 1 is the refresh, request 2 the first call.
    bench.sandbox.at_request(2, move || {
        *keep.lock().unwrap() = std::fs::read_to_string(file).unwrap_or_default();
    });
    for _ in 0..3 {
        bench.export_csv(&contacts(60, good)).exits(0);
    }
    let seen: Value = serde_json::from_str(&seen.lock().unwrap()).unwrap();
    assert_ne!(seen["refresh_token"], given, "saved before the first call");
    assert_eq!(seen["connected_app"], "custom", "the rest of the file stays");
    let kept: Value = serde_json::from_str(&bench.read("connection.yaml")).unwrap();
    assert_eq!(kept["refresh_token"], bench.sandbox.connection().refresh_token);
    assert_eq!(bench.counters().token_replays, 0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(bench.path("connection.yaml")).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
}

#[test]
fn an_expiry_costs_one_refresh_whatever_the_lanes() {
    let bench = with_login(OAuthSettings {
        access_token_calls: Some(20),
        rotate_refresh_tokens: true,
        revoke_family_on_replay: true,
        ..OAuthSettings::default()
    });
    let done = bench.export_csv(&contacts(3_000, good)).set("parallel_tasks", 5).set("maximum_retries", 0).exits(0);
    check_rows(&done, [3_000, 3_000, 0, 0, 0, 0]);
    check_contacts(&bench, 3_000, good);
    let counters = bench.counters();
    assert!((3..=4).contains(&counters.token_refreshes), "{} refreshes", counters.token_refreshes);
    assert_eq!(counters.token_replays, 0);
    assert_eq!(bench.calls("prospect/batchUpsert"), 60);
}

#[test]
fn a_login_that_hiccups_is_asked_again() {
    let bench = Bench::unique();
    let page = FaultKind::Status { status: 503, when: When::Before, retry_after: None, html: true };
    bench.sandbox.fault(Fault::next(2, page).path("oauth2/token"));
    bench.sandbox.fault(Fault::next(1, FaultKind::Reset { when: When::Before }).path("oauth2/token"));
    bench.export_csv(&contacts(3, good)).exits(0);
    assert_eq!(token_calls(&bench), 4);
}

/// Ends with exit 4, nothing sent, at most two token calls, and these words.
#[track_caller]
fn check_dead(bench: &Bench, words: &[&str]) -> Outcome {
    let stopped = bench.export_csv(&contacts(120, good)).set("parallel_tasks", 5).exits(4);
    check_rows(&stopped, [120, 0, 0, 0, 0, 120]);
    assert!(token_calls(bench) <= 2, "{} token calls", token_calls(bench));
    for word in words {
        assert!(stopped.stderr.contains(word), "no `{word}` in {}", stopped.stderr);
    }
    assert_eq!(bench.prospects().len(), 0);
    stopped
}

#[test]
fn dead_grants_are_told_apart_and_not_hammered() {
    let bench = Bench::unique();
    bench.sandbox.revoke_refresh_tokens();
    check_dead(&bench, &["refused the refresh token", "reconnect"]);

    let bench = Bench::unique();
    change(&bench, json!({"client_secret": "wrong"}));
    check_dead(&bench, &["client_secret"]);

    let bench = Bench::unique();
    change(&bench, json!({"client_id": "3MVG9other"}));
    check_dead(&bench, &["client_id"]);

    let bench = Bench::unique();
    change(&bench, json!({"refresh_token": null}));
    let stopped = bench.export_csv(&contacts(120, good)).exits(4);
    assert!(stopped.stderr.contains("sluice connect"), "{}", stopped.stderr);
    assert_eq!(bench.sandbox.journal().len(), 0);

    // No such business unit behind this login.
    let bench = Bench::unique();
    change(&bench, json!({"business_unit": "0Uv000000000000AAA"}));
    check_dead(&bench, &["business unit"]);

    let unit = BusinessUnit { active: false, ..BusinessUnit::default() };
    let bench = Bench::with(Config { business_units: vec![unit], ..Config::default() });
    check_dead(&bench, &["business unit"]);

    let scopes = vec!["refresh_token".to_owned(), "api".to_owned()];
    let bench = with_login(OAuthSettings { scopes, ..OAuthSettings::default() });
    check_dead(&bench, &["pardot_api"]);
}

#[test]
fn a_business_unit_that_is_misspelt_is_said_before_any_call() {
    let bench = Bench::unique();
    change(&bench, json!({"business_unit": "0Uv1"}));
    let refused = bench.export_csv(&contacts(3, good)).exits(2);
    assert!(refused.stderr.contains("connection.business_unit"), "{}", refused.stderr);
    assert_eq!(bench.sandbox.journal().len(), 0);
}

#[test]
fn client_credentials_need_no_refresh_token() {
    let bench = Bench::unique();
    change(&bench, json!({"grant": "client_credentials", "refresh_token": null}));
    bench.export_csv(&contacts(60, good)).exits(0);
    check_contacts(&bench, 60, good);
}

#[test]
fn a_signed_assertion_needs_no_secret() {
    let bench = with_login(OAuthSettings { jwt_public_key: Some(PUBLIC_KEY.to_owned()), ..OAuthSettings::default() });
    let user = OAuthSettings::default().username;
    bench.write("key.pem", PRIVATE_KEY);
    let grant = json!({"grant": "jwt_bearer", "refresh_token": null, "client_secret": null, "username": user});
    change(&bench, grant);
    change(&bench, json!({"private_key_file": "key.pem"}));
    bench.export_csv(&contacts(60, good)).exits(0);
    check_contacts(&bench, 60, good);
    change(&bench, json!({"username": "stranger@example.com"}));
    let stopped = bench.export_csv(&contacts(60, good)).exits(4);
    assert!(stopped.stderr.contains("approve"), "{}", stopped.stderr);
}
