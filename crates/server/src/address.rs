//! The address that this server is known by, for commands and links that people copy.

use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::http::uri::Authority;

use crate::config::ServerConfig;

/// As the operator says it, else as it was asked.
pub(crate) fn of(headers: &HeaderMap, config: &ServerConfig) -> String {
    if let Some(url) = &config.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    asked(headers, config)
}

/// As it was asked, whatever the operator says: where a browser is.
pub(crate) fn asked(headers: &HeaderMap, config: &ServerConfig) -> String {
    let scheme = if config.secure() { "https" } else { "http" };
    // The name is one of ours: foreign ones are refused before.
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
    match host.as_ref().map(|host| (host.host(), host.port_u16())) {
        Some((name, Some(port))) => format!("{scheme}://{name}:{port}"),
        Some((name, None)) => format!("{scheme}://{name}"),
        None => format!("{scheme}://{}", config.listen),
    }
}
