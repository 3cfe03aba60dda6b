//! The token endpoint with its five grants, and revocation and introspection beside it.
//!
//! Knows parameters and answers: what is alive is the state's affair.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, escape};
use crate::oauth::{Asked, Denial, Desk, challenge, check_client, denial, jwt};
use crate::request::encode;

/// Organisation and user ids of every identity URL.
const ORGANISATION: &str = "00D5e000000XyZaEAK";
const USER: &str = "0055e000001abcdAAA";

struct Issued {
    access: String,
    refresh: Option<String>,
    scopes: Vec<String>,
}

pub(crate) fn answer(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Answer {
    if asked.method != "POST" {
        return denied(&denial("invalid_request", "must use HTTP POST"), asked);
    }
    let issued = match asked.params.get("grant_type") {
        Some("authorization_code") => exchange(desk, asked),
        Some("refresh_token") => refresh(desk, asked),
        Some("client_credentials") => credentials(desk, asked),
        Some("urn:ietf:params:oauth:grant-type:jwt-bearer") => bearer(desk, asked),
        Some("password") => password(desk, asked),
        Some(_) | None => Err(denial("unsupported_grant_type", "grant type not supported")),
    };
    match issued {
        Ok(issued) => granted(desk, &issued, asked),
        Err(denial) => denied(&denial, asked),
    }
}

fn exchange(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Result<Issued, Denial> {
    check_client(desk.settings, asked, desk.settings.require_secret)?;
    let invalid = || denial("invalid_grant", "invalid authorization code");
    let code = asked.params.get("code").and_then(|code| desk.state.take_code(code)).ok_or_else(invalid)?;
    if desk.now > code.expires {
        return Err(denial("invalid_grant", "expired authorization code"));
    }
    if asked.params.get("redirect_uri") != Some(code.redirect_uri.as_str()) {
        return Err(denial("redirect_uri_mismatch", "redirect_uri must match configuration"));
    }
    if let Some(want) = &code.challenge {
        let verifier = asked.params.get("code_verifier").filter(|text| (43..=128).contains(&text.len()));
        if verifier.map(challenge).as_ref() != Some(want) {
            return Err(denial("invalid_grant", "invalid code verifier"));
        }
    }
    let refresh = code.scopes.iter().any(|scope| scope == "refresh_token");
    let refresh = refresh.then(|| desk.state.approve(&code.user, &code.scopes, desk.settings, desk.now));
    let grant = refresh.as_deref().and_then(|token| desk.state.grant_of(token));
    let access = desk.state.issue(&code.user, &code.scopes, grant, desk.settings, desk.now);
    Ok(Issued { access, refresh, scopes: code.scopes })
}

fn refresh(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Result<Issued, Denial> {
    check_client(desk.settings, asked, desk.settings.require_secret)?;
    let token = asked.params.get("refresh_token").unwrap_or_default();
    let refreshed = desk.state.refresh(token, desk.settings, desk.now);
    let refreshed = refreshed.ok_or(denial("invalid_grant", "expired access/refresh token"))?;
    Ok(Issued { access: refreshed.access, refresh: refreshed.refresh, scopes: refreshed.scopes })
}

fn credentials(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Result<Issued, Denial> {
    check_client(desk.settings, asked, true)?;
    let user = desk.settings.username.clone();
    Ok(without_refresh(desk, &user))
}

fn bearer(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Result<Issued, Denial> {
    let assertion = asked.params.get("assertion").unwrap_or_default();
    let user = jwt::check(desk, assertion)?;
    Ok(without_refresh(desk, &user))
}

fn password(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Result<Issued, Denial> {
    check_client(desk.settings, asked, true)?;
    let settings = desk.settings;
    let known = asked.params.get("username") == Some(settings.username.as_str())
        && asked.params.get("password") == Some(settings.password.as_str());
    if !known {
        return Err(denial("invalid_grant", "authentication failure"));
    }
    let issued = without_refresh(desk, &settings.username);
    desk.state.allow_any_scope(&issued.access);
    Ok(issued)
}

fn without_refresh(desk: &mut Desk<'_>, user: &str) -> Issued {
    let scopes: Vec<String> = desk.settings.scopes.iter().filter(|scope| *scope != "refresh_token").cloned().collect();
    let access = desk.state.issue(user, &scopes, None, desk.settings, desk.now);
    Issued { access, refresh: None, scopes }
}

fn granted(desk: &Desk<'_>, issued: &Issued, asked: &Asked<'_>) -> Answer {
    let id = format!("{}/id/{ORGANISATION}/{USER}", desk.base);
    let stamp = desk.now.to_string();
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, desk.settings.client_secret.as_bytes());
    let signature = STANDARD.encode(ring::hmac::sign(&key, format!("{id}{stamp}").as_bytes()));
    let mut members = Map::new();
    members.insert("access_token".to_owned(), json!(issued.access));
    if let Some(refresh) = &issued.refresh {
        members.insert("refresh_token".to_owned(), json!(refresh));
    }
    members.insert("signature".to_owned(), json!(signature));
    members.insert("scope".to_owned(), json!(issued.scopes.join(" ")));
    members.insert("instance_url".to_owned(), json!(desk.settings.instance_url));
    members.insert("id".to_owned(), json!(id));
    members.insert("token_type".to_owned(), json!("Bearer"));
    members.insert("issued_at".to_owned(), json!(stamp));
    rendered(200, members, asked)
}

fn denied(denial: &Denial, asked: &Asked<'_>) -> Answer {
    let mut members = Map::new();
    members.insert("error".to_owned(), json!(denial.error));
    members.insert("error_description".to_owned(), json!(denial.description));
    rendered(400, members, asked)
}

/// JSON unless `format` or `Accept` asks for another form.
fn rendered(status: u16, members: Map<String, Value>, asked: &Asked<'_>) -> Answer {
    let accept = asked.accept.unwrap_or_default();
    let format = match asked.params.get("format") {
        Some(format) => format,
        None if accept.starts_with("application/xml") => "xml",
        None if accept.starts_with("application/x-www-form-urlencoded") => "urlencoded",
        None => "json",
    };
    let pairs = members.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()));
    let answer = match format {
        "urlencoded" => {
            let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", encode(value))).collect();
            Answer::new(status, "application/x-www-form-urlencoded;charset=UTF-8", pairs.join("&"))
        }
        "xml" => {
            let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><OAuth>".to_owned();
            for (name, value) in pairs {
                xml.push_str(&format!("<{name}>"));
                escape(&mut xml, value);
                xml.push_str(&format!("</{name}>"));
            }
            xml.push_str("</OAuth>");
            Answer::new(status, "application/xml;charset=UTF-8", xml)
        }
        _ => Answer::new(status, "application/json;charset=UTF-8", Value::Object(members).to_string()),
    };
    answer.with_header("Cache-Control", "no-cache, no-store").with_header("Pragma", "no-cache")
}

/// Revokes a refresh token (with all that hangs on it) or an access token.
pub(crate) fn revoke(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Answer {
    let token = asked.params.get("token").unwrap_or_default();
    if desk.state.revoke(token) {
        Answer::new(200, "", "")
    } else {
        let denial = denial("unsupported_token_type", "this token is not supported");
        denied(&denial, asked)
    }
}

pub(crate) fn introspect(desk: &mut Desk<'_>, asked: &Asked<'_>) -> Answer {
    if let Err(denial) = check_client(desk.settings, asked, true) {
        return denied(&denial, asked);
    }
    let token = asked.params.get("token").unwrap_or_default();
    if let Some(known) = desk.state.look_up(token, desk.now) {
        let document = json!({
            "active": true,
            "scope": known.scopes.join(" "),
            "client_id": desk.settings.client_id,
            "username": known.user,
            "sub": format!("{}/id/{ORGANISATION}/{USER}", desk.base),
            "token_type": "access_token",
            "exp": known.expires / 1000,
        });
        return Answer::json(200, &document);
    }
    if let Some(user) = desk.state.refresh_is_live(token) {
        let document = json!({
            "active": true,
            "client_id": desk.settings.client_id,
            "username": user,
            "token_type": "refresh_token",
        });
        return Answer::json(200, &document);
    }
    Answer::json(200, &json!({"active": false}))
}
