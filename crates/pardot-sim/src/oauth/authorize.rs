//! The authorize page: approves by itself, or asks with two buttons.
//!
//! Knows the redirect only: tokens are made elsewhere.

use crate::answer::{Answer, escape};
use crate::clock::millis;
use crate::oauth::state::Code;
use crate::oauth::{Asked, Desk};
use crate::request::encode;

pub(crate) fn answer(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Answer {
    let param = |name: &str| asked.params.get(name).filter(|value| !value.is_empty());
    if param("client_id") != Some(desk.settings.client_id.as_str()) {
        return refused("invalid_client_id", "client identifier invalid");
    }
    let registered = &desk.settings.redirect_uris;
    let Some(redirect) = param("redirect_uri") else {
        return refused("redirect_uri_missing", "redirect_uri is required");
    };
    if !registered.is_empty() && !registered.iter().any(|uri| uri == redirect) {
        return refused("redirect_uri_mismatch", "redirect_uri must match configuration");
    }
    let back = |error: &str, text: &str| {
        redirect_with(redirect, &[("error", error), ("error_description", text)], param("state"))
    };
    if param("response_type") != Some("code") {
        return back("unsupported_response_type", "response type not supported");
    }
    if param("code_challenge_method").is_some_and(|method| method != "S256") {
        return back("invalid_request", "code_challenge_method must be S256");
    }
    if desk.settings.require_pkce && param("code_challenge").is_none() {
        return back("invalid_request", "missing required code challenge");
    }
    match param("decision") {
        None if !desk.settings.auto_approve => return page(asked),
        Some("deny") => return back("access_denied", "end-user denied authorization"),
        Some(_) | None => {}
    }
    let scopes = match scopes(desk, param("scope")) {
        Some(scopes) => scopes,
        None => return back("invalid_scope", "the requested scope is not allowed"),
    };
    let code = desk.state.add_code(Code {
        user: param("login_hint")
            .filter(|hint| desk.users.iter().any(|user| user == hint))
            .unwrap_or(&desk.settings.username)
            .to_owned(),
        redirect_uri: redirect.to_owned(),
        challenge: param("code_challenge").map(str::to_owned),
        scopes,
        expires: desk.now + millis(desk.settings.code_life),
    });
    redirect_with(redirect, &[("code", &code)], param("state"))
}

/// The asked scopes, which must be among the app's; all of the app's when none is asked.
fn scopes(desk: &Desk<'_>, asked: Option<&str>) -> Option<Vec<String>> {
    let own = &desk.settings.scopes;
    let Some(asked) = asked else { return Some(own.clone()) };
    let name = |scope: &str| {
        if scope == "offline_access" { "refresh_token".to_owned() } else { scope.to_owned() }
    };
    let asked: Vec<String> = asked.split_whitespace().map(name).collect();
    asked.iter().all(|scope| own.contains(scope)).then_some(asked)
}

fn redirect_with(uri: &str, params: &[(&str, &str)], state: Option<&str>) -> Answer {
    let mut location = uri.to_owned();
    let state = state.map(|state| ("state", state));
    for (name, value) in params.iter().copied().chain(state) {
        location.push(if location.contains('?') { '&' } else { '?' });
        location.push_str(name);
        location.push('=');
        location.push_str(&encode(value));
    }
    Answer::html(302, "").with_header("Location", location)
}

fn refused(error: &str, text: &str) -> Answer {
    Answer::html(400, &format!("<html><body><h1>error={error}</h1><p>error_description={text}</p></body></html>"))
}

/// Two forms that repeat the request with a decision.
fn page(asked: &Asked<'_>) -> Answer {
    let mut fields = String::new();
    for (name, value) in asked.params.iter().filter(|(name, _)| *name != "decision") {
        fields.push_str("<input type=\"hidden\" name=\"");
        escape(&mut fields, name);
        fields.push_str("\" value=\"");
        escape(&mut fields, value);
        fields.push_str("\">");
    }
    let form = |decision: &str, label: &str| {
        format!(
            "<form action=\"/services/oauth2/authorize\" method=\"get\">{fields}\
             <button name=\"decision\" value=\"{decision}\">{label}</button></form>"
        )
    };
    let body = format!(
        "<!doctype html><html lang=\"en\"><head><title>Allow access?</title></head><body>\
         <h1>Allow access?</h1><p>The app asks to access Pardot services on your behalf.</p>{}{}</body></html>",
        form("allow", "Allow"),
        form("deny", "Deny"),
    );
    Answer::html(200, &body)
}
