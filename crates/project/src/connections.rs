//! What a project wants of a connection against the one that is there.
//!
//! Knows when two mean the same, and which secrets go with a change; never a secret itself.

use std::collections::BTreeMap;

use api::{Connection, ConnectionSpec};
use pardot::Usage;

use crate::WantedConnection;
use crate::difference::{Difference, difference};
use crate::document::{Kind, SecretName, app_name, grant_name};
use crate::plan::{Change, PlanOptions, Step, created, updated};

/// An address as the server keeps it.
fn address(text: &str) -> String {
    text.trim().trim_end_matches('/').to_ascii_lowercase()
}

/// The specification with the defaults of what makes a connection what it is. What is absent besides stays as it is.
fn complete(spec: &ConnectionSpec) -> ConnectionSpec {
    let or = |text: &Option<String>, default: &str| Some(address(text.as_deref().unwrap_or(default)));
    ConnectionSpec {
        pardot_domain: or(&spec.pardot_domain, "https://pi.pardot.com"),
        login_url: or(&spec.login_url, "https://login.salesforce.com"),
        connected_app: Some(spec.connected_app.unwrap_or_default()),
        grant: Some(spec.grant.unwrap_or_default()),
        reserve: Some(spec.reserve.unwrap_or(Usage::USUAL_RESERVE)),
        daily_budget: Some(spec.daily_budget.unwrap_or_default()),
        ..spec.clone()
    }
}

/// The step of a connection.
pub(crate) fn step(
    name: &str,
    wanted: &WantedConnection,
    found: Option<&Connection>,
    options: PlanOptions,
) -> Option<Step> {
    let spec = complete(&wanted.spec);
    let Some(found) = found else {
        let change = Change::Connection { spec: Box::new(spec), secrets: wanted.secrets.clone() };
        return Some(created(Kind::Connection, name, change));
    };
    let (domain, login) = (address(&found.pardot_domain), address(&found.login_url));
    let hosts = [
        difference("pardot_domain", Some(&domain), spec.pardot_domain.as_deref()),
        difference("login_url", Some(&login), spec.login_url.as_deref()),
    ];
    let mut differences: Vec<Difference> = hosts.into_iter().flatten().collect();
    let moved = !differences.is_empty();
    differences.extend(difference("business_unit", Some(&found.business_unit), spec.business_unit.as_deref()));
    let app = spec.connected_app.map(app_name);
    differences.extend(difference("connected_app", Some(app_name(found.connected_app)), app));
    differences.extend(difference("grant", Some(grant_name(found.grant)), spec.grant.map(grant_name)));
    let number = |count: u64| count.to_string();
    let (percent, budget) = (number(found.reserve.into()), number(found.daily_budget));
    differences.extend(difference("reserve", Some(&percent), spec.reserve.map(|it| number(it.into())).as_deref()));
    differences.extend(difference("daily_budget", Some(&budget), spec.daily_budget.map(number).as_deref()));
    let rest = [
        ("client_id", &found.client_id, &spec.client_id),
        ("username", &found.username, &spec.username),
        ("audience", &found.audience, &spec.audience),
    ];
    for (field, from, to) in rest {
        if to.is_some() {
            differences.extend(difference(field, from.as_deref(), to.as_deref()));
        }
    }
    let mut secrets = BTreeMap::new();
    for (secret, reference) in &wanted.secrets {
        let kept = match secret {
            SecretName::ClientSecret => found.secrets.client_secret,
            SecretName::RefreshToken => found.secrets.refresh_token,
            SecretName::PrivateKey => found.secrets.private_key,
        };
        // A changed host drops the secrets.
        if moved || !kept || options.secrets {
            secrets.insert(*secret, reference.clone());
            let to = Some(reference.to_string());
            differences.push(Difference { field: secret.name().to_owned(), from: None, to });
        }
    }
    let change = Change::Connection { spec: Box::new(spec), secrets };
    updated(Kind::Connection, name, differences, found.revision, change)
}
