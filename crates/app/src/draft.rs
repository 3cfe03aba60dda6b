//! A connection about to be kept: what was written laid over what was there, with everything wrong about it at once.
//!
//! Knows what app, grant and hosts need of each other; keeps nothing.

use api::{AppKind, ConnectionSpec, GrantKind, Secret, SecretsSet};
use model::{Problem, Problems};
use pardot::{BusinessUnitId, Usage};
use secrecy::SecretString;

use crate::grants::{CLIENT_SECRET, ConnectionBody, PRIVATE_KEY, REFRESH_TOKEN, usual_reserve};
use crate::{Config, names};

/// Longest secret that is taken, in bytes: a private key of 16,384 bits has about 13,000.
const LONGEST_SECRET: usize = 20_000;

/// The secrets of a request, by their name in the store.
pub(crate) type Secrets = Vec<(&'static str, SecretString)>;

/// A connection about to be kept.
pub(crate) struct Draft {
    pub(crate) body: ConnectionBody,
    pub(crate) secrets: Secrets,
    /// The kept secrets belong to another host or app.
    pub(crate) drops: bool,
}

impl Draft {
    /// What the connection is to be: what `spec` does not say is as `before`.
    ///
    /// # Errors
    /// Everything wrong about it.
    pub(crate) fn of(
        config: &Config,
        name: &str,
        spec: ConnectionSpec,
        before: Option<&ConnectionBody>,
        kept: SecretsSet,
    ) -> Result<Draft, Problems> {
        let mut problems = Problems::default();
        problems.keep(names::check("connection.name", name));
        let mut secrets = Secrets::new();
        for (name, given) in [
            (CLIENT_SECRET, spec.client_secret.clone()),
            (REFRESH_TOKEN, spec.refresh_token.clone()),
            (PRIVATE_KEY, spec.private_key.clone()),
        ] {
            take_secret(&mut problems, &mut secrets, name, given);
        }
        let mut body = body(config, spec, before, &mut problems);
        let drops = before.is_some_and(|before| {
            (&before.pardot_domain, &before.login_url, &before.client_id, before.connected_app)
                != (&body.pardot_domain, &body.login_url, &body.client_id, body.connected_app)
        });
        if !drops && secrets.is_empty() {
            // Nothing that could mend it was changed.
            body.broken = before.and_then(|before| before.broken.clone());
        }
        let has = |name: &str, kept: bool| (kept && !drops) || secrets.iter().any(|(given, _)| *given == name);
        let set = SecretsSet {
            client_secret: has(CLIENT_SECRET, kept.client_secret),
            refresh_token: has(REFRESH_TOKEN, kept.refresh_token),
            private_key: has(PRIVATE_KEY, kept.private_key),
        };
        // Another place, or a grant given anew. Everything else is read again from the vault as it is: a grant that a job
        // rotates meanwhile stays where both find it.
        if drops || before.is_none() || secrets.iter().any(|(given, _)| *given == REFRESH_TOKEN) {
            body.vault = names::new_id("v");
        }
        judge_app(config, &mut problems, &body, set);
        problems.or(|| Draft { body, secrets, drops })
    }
}

fn body(
    config: &Config,
    spec: ConnectionSpec,
    before: Option<&ConnectionBody>,
    problems: &mut Problems,
) -> ConnectionBody {
    let text = |given: Option<String>, old: Option<&str>, default: &str| {
        said(given, old.map(str::to_owned)).unwrap_or_else(|| default.to_owned())
    };
    let pardot_domain =
        text(spec.pardot_domain, before.map(|body| body.pardot_domain.as_str()), "https://pi.pardot.com");
    let login_url = text(spec.login_url, before.map(|body| body.login_url.as_str()), "https://login.salesforce.com");
    let pardot_domain = host(problems, "pardot_domain", config.hosts.pardot(&pardot_domain));
    let login_url = host(problems, "login_url", config.hosts.login(&login_url));
    let business_unit = text(spec.business_unit, before.map(|body| body.business_unit.as_str()), "");
    if let Err(error) = business_unit.parse::<BusinessUnitId>() {
        let message = if business_unit.is_empty() { "is missing".into() } else { error.message };
        problems.push(Problem::at("connection.business_unit", message).hint(error.hint));
    }
    let connected_app = spec.connected_app.or(before.map(|body| body.connected_app)).unwrap_or(AppKind::Custom);
    for (name, given) in [("client_id", &spec.client_id), ("username", &spec.username), ("audience", &spec.audience)] {
        problems.keep(printable(name, given.as_deref()));
    }
    let reserve = spec.reserve.or(before.map(|body| body.reserve)).unwrap_or_else(usual_reserve);
    if reserve > Usage::LARGEST_RESERVE {
        let message = format!("must be a percentage from 0 to {}", Usage::LARGEST_RESERVE);
        let problem = Problem::at("connection.reserve", message);
        problems.push(problem.hint("10 leaves a tenth of the daily calls to others; 0 leaves none"));
    }
    let client_id = said(spec.client_id, before.and_then(|body| body.client_id.clone()));
    ConnectionBody {
        pardot_domain,
        business_unit,
        connected_app,
        client_id: client_id.filter(|_| connected_app == AppKind::Custom),
        login_url,
        grant: spec.grant.or(before.map(|body| body.grant)).unwrap_or_default(),
        username: said(spec.username, before.and_then(|body| body.username.clone())),
        audience: said(spec.audience, before.and_then(|body| body.audience.clone())),
        vault: before.map(|body| body.vault.clone()).unwrap_or_default(),
        reserve,
        daily_budget: spec.daily_budget.or(before.map(|body| body.daily_budget)).unwrap_or(0),
        broken: None,
    }
}

/// What app and grant need of each other.
fn judge_app(config: &Config, problems: &mut Problems, body: &ConnectionBody, set: SecretsSet) {
    let mut wrong = |name: &str, message: &str, hint: &str| {
        problems.push(Problem::at(format!("connection.{name}"), message).hint(hint));
    };
    match body.connected_app {
        AppKind::Default if config.default_app.is_none() => wrong(
            "connected_app",
            "default is not possible: this server has no connected app of its own",
            "use connected_app: custom with client_id and client_secret, or ask the operator to set default_app_client_id",
        ),
        AppKind::Custom if body.client_id.is_none() => {
            wrong("client_id", "is missing", "the Consumer Key of the connected app in Salesforce");
        }
        AppKind::Default | AppKind::Custom => {}
    }
    match body.grant {
        GrantKind::RefreshToken => {}
        GrantKind::ClientCredentials => {
            if body.connected_app == AppKind::Custom && !set.client_secret {
                wrong("client_secret", "is missing", "grant client_credentials needs the Consumer Secret");
            }
        }
        GrantKind::JwtBearer => {
            if body.username.is_none() {
                wrong("username", "is missing", "grant jwt_bearer needs the Salesforce user that it stands for");
            }
            if !set.private_key {
                wrong("private_key", "is missing", "grant jwt_bearer needs the RSA private key in PEM");
            }
        }
    }
}

fn host(problems: &mut Problems, name: &str, host: Result<pardot::Host, pardot::HostError>) -> String {
    match host {
        Ok(host) => host.as_str().to_owned(),
        Err(error) => {
            problems.push(Problem::at(format!("connection.{name}"), error.message).hint(error.hint));
            String::new()
        }
    }
}

/// They go into addresses and signed claims, where a control character is a slip of the clipboard or worse.
fn printable(name: &str, given: Option<&str>) -> Result<(), Problem> {
    match given {
        Some(text) if text.trim().contains(char::is_control) => {
            let problem = Problem::at(format!("connection.{name}"), "has a control character, such as a line break");
            Err(problem.hint("copy it once more, without line breaks and tabs"))
        }
        Some(_) | None => Ok(()),
    }
}

/// What a field is to be: as it was where nothing is said, and nothing where an empty text is said.
fn said(given: Option<String>, before: Option<String>) -> Option<String> {
    given.or(before).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A field that still shows a mask was not changed.
fn take_secret(problems: &mut Problems, secrets: &mut Secrets, name: &'static str, given: Option<Secret>) {
    let Some(given) = given else { return };
    let text = given.expose().trim();
    if text.is_empty() || text.chars().all(|c| matches!(c, '*' | '•')) {
        return;
    }
    if text.len() > LONGEST_SECRET {
        problems.push(Problem::at(format!("connection.{name}"), format!("is longer than {LONGEST_SECRET} bytes")));
        return;
    }
    secrets.push((name, SecretString::from(text)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_into_addresses_and_claims_has_no_control_characters() {
        let said = |spec: ConnectionSpec| {
            let spec = ConnectionSpec { business_unit: Some("0Uv000000000001CAA".into()), ..spec };
            let drafted = Draft::of(&Config::new("data".into()), "prod", spec, None, SecretsSet::default());
            let places = |problems: Problems| problems.iter().map(|problem| problem.at.clone()).collect::<Vec<_>>();
            drafted.err().map(places).unwrap_or_default()
        };
        let id = |text: &str| ConnectionSpec { client_id: Some(text.into()), ..ConnectionSpec::default() };
        assert_eq!(said(id(" key\n")), Vec::<String>::new(), "what stands around it is taken away");
        assert_eq!(said(id("ke\ny")), ["connection.client_id"]);
        let user = ConnectionSpec { username: Some("a\0da".into()), audience: Some("x\u{85}y".into()), ..id("key") };
        assert_eq!(said(user), ["connection.username", "connection.audience"]);
    }
}
