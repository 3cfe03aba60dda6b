//! The state of a connection, its grant and its app as people read them.

use api::{AppKind, Connection, ConnectionState, GrantKind};

use crate::words::Badge;

pub(super) fn badge(state: ConnectionState) -> Badge {
    let (mark, words) = match state {
        ConnectionState::Connected => ("good", "connected"),
        ConnectionState::NotConnected => ("wait", "not connected"),
        ConnectionState::NeedsReconnect => ("bad", "needs reconnect"),
    };
    Badge { mark, words: words.into() }
}

/// What the state means for whoever looks.
pub(super) fn meaning(connection: &Connection) -> &'static str {
    match (connection.state, connection.grant) {
        (ConnectionState::Connected, GrantKind::RefreshToken) => "Sluice can send through it.",
        (ConnectionState::Connected, _) => "It has all that it needs. A test says whether Salesforce accepts it.",
        (ConnectionState::NotConnected, GrantKind::RefreshToken) => {
            "Nobody has approved the app at Salesforce yet. Press Connect."
        }
        (ConnectionState::NotConnected, _) => "A secret is missing. Change it and give the secret.",
        (ConnectionState::NeedsReconnect, GrantKind::RefreshToken) => {
            "Salesforce does not accept it any more. Press Connect; the jobs that wait for it then go on by themselves."
        }
        (ConnectionState::NeedsReconnect, _) => {
            "Salesforce does not accept it any more. Change it; the jobs that wait for it then go on by themselves."
        }
    }
}

pub(super) fn app(kind: AppKind) -> &'static str {
    match kind {
        AppKind::Default => "Default",
        AppKind::Custom => "Custom",
    }
}

pub(super) fn grant(kind: GrantKind) -> &'static str {
    match kind {
        GrantKind::RefreshToken => "Approval in the browser (refresh token)",
        GrantKind::ClientCredentials => "The app's own user (client credentials)",
        GrantKind::JwtBearer => "Signed assertion (JWT bearer)",
    }
}

/// A host as the manual tells it.
pub(super) fn host(domain: &str) -> &'static str {
    match domain {
        "https://pi.pardot.com" => "Production",
        "https://pi.demo.pardot.com" => "Demo",
        _ if domain.starts_with("http://") => "Sandbox",
        _ => "Other",
    }
}
