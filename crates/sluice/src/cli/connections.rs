//! `sluice connections`: the connections of a server.
//!
//! Knows arguments and screens; secrets come from files and stdin alone, and none is shown.

use std::io::IsTerminal;
use std::path::Path;
use std::time::Duration;

use api::client::every;
use api::{
    AccountView, AppKind, Connection, ConnectionSpec, ConnectionState, Diagnosis, GrantKind, Secret, SecretsSet,
};
use app::document;
use model::grouped;
use model::{Problem, Problems, nearest};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cli::browser::open_browser;
use crate::cli::commands::{ConnectionParts, ConnectionsCommand, Whereabouts};
use crate::cli::door::{Door, Failure, Need, through};
use crate::cli::listing::{counted, pairs, show_json, show_list};
use crate::cli::secret;
use crate::cli::signals::Signals;
use crate::cli::{Exit, say, show};

/// How often the server is asked whether the approval has arrived.
const GLANCE: Duration = Duration::from_secs(2);

/// `sluice connections`
pub(crate) async fn connections(whereabouts: Whereabouts, command: ConnectionsCommand) -> Exit {
    let json = whereabouts.json;
    let need = match &command {
        ConnectionsCommand::Connect { .. } => Need::Callback,
        ConnectionsCommand::List
        | ConnectionsCommand::Show { .. }
        | ConnectionsCommand::Update { .. }
        | ConnectionsCommand::Delete { .. }
        | ConnectionsCommand::Test { .. }
        | ConnectionsCommand::Account { .. } => Need::There,
        ConnectionsCommand::Create { .. } => Need::Documents,
    };
    through(&whereabouts, need, async |door| match command {
        ConnectionsCommand::List => list(door, json).await,
        ConnectionsCommand::Show { name } => {
            show_connection(&door.client().connection(&name).await?, json);
            Ok(Exit::Done)
        }
        ConnectionsCommand::Create { name, parts } => {
            let spec = spec(&parts, Some(name))?;
            show_connection(&door.client().create_connection(&spec).await?, json);
            Ok(Exit::Done)
        }
        ConnectionsCommand::Update { name, rename, parts } => {
            let spec = spec(&parts, rename)?;
            let found = door.client().connection(&name).await?;
            let changed = door.client().put_connection(&name, &spec, Some(found.revision)).await?;
            show_connection(&changed, json);
            if let Some(text) = dropped(&found.secrets, &changed) {
                say(&text);
            }
            Ok(Exit::Done)
        }
        ConnectionsCommand::Delete { name } => {
            door.client().delete_connection(&name).await?;
            say(&format!("connection {name} is deleted"));
            Ok(Exit::Done)
        }
        ConnectionsCommand::Test { name } => Ok(show_diagnosis(&door.client().test_connection(&name).await?, json)),
        ConnectionsCommand::Account { name, refresh } => {
            show_account(&door.client().account(&name, refresh).await?, json);
            Ok(Exit::Done)
        }
        ConnectionsCommand::Connect { name, timeout } => connect(door, &name, timeout, json).await,
    })
    .await
}

async fn list(door: &Door, json: bool) -> Result<Exit, Failure> {
    let found = every(async |after| door.client().connections(after).await).await?;
    let heads = ["name", "state", "business unit", "pardot domain"];
    show_list(&found, json, "no connections yet", &heads, |found| {
        vec![
            found.name.clone(),
            state(found.state).to_owned(),
            found.business_unit.clone(),
            found.pardot_domain.clone(),
        ]
    });
    Ok(Exit::Done)
}

fn state(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Connected => "connected",
        ConnectionState::NotConnected => "not connected",
        ConnectionState::NeedsReconnect => "needs reconnect",
    }
}

fn show_connection(found: &Connection, json: bool) {
    if json {
        return show_json(found);
    }
    let set = [
        (found.secrets.client_secret, "client_secret"),
        (found.secrets.refresh_token, "refresh_token"),
        (found.secrets.private_key, "private_key"),
    ];
    let set: Vec<&str> = set.into_iter().filter_map(|(set, name)| set.then_some(name)).collect();
    let app = match found.connected_app {
        AppKind::Default => "default",
        AppKind::Custom => "custom",
    };
    let grant = match found.grant {
        GrantKind::RefreshToken => "refresh_token",
        GrantKind::ClientCredentials => "client_credentials",
        GrantKind::JwtBearer => "jwt_bearer",
    };
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    show(&pairs(&[
        ("name", found.name.clone()),
        ("state", state(found.state).to_owned()),
        ("", text(&found.remark)),
        ("pardot_domain", found.pardot_domain.clone()),
        ("business_unit", found.business_unit.clone()),
        ("connected_app", app.to_owned()),
        ("client_id", text(&found.client_id)),
        ("login_url", found.login_url.clone()),
        ("grant", grant.to_owned()),
        ("username", text(&found.username)),
        ("audience", text(&found.audience)),
        ("reserve", format!("{} % of the day's calls", found.reserve)),
        ("daily_budget", if found.daily_budget == 0 { String::new() } else { counted(found.daily_budget, "call") }),
        ("secrets kept", set.join(", ")),
        ("used by", found.used_by.join(", ")),
        ("revision", found.revision.to_string()),
        ("updated", found.updated.clone()),
    ]));
}

/// What to say of secrets that were kept before a change and are not any more.
fn dropped(before: &SecretsSet, now: &Connection) -> Option<String> {
    let both = [
        (before.client_secret, now.secrets.client_secret, "client_secret", "--client-secret-file FILE"),
        (before.refresh_token, now.secrets.refresh_token, "refresh_token", "--refresh-token-file FILE"),
        (before.private_key, now.secrets.private_key, "private_key", "--private-key-file FILE"),
    ];
    let gone: Vec<_> = both.into_iter().filter(|(was, is, ..)| *was && !*is).collect();
    let (names, options): (Vec<&str>, Vec<&str>) = gone.into_iter().map(|(_, _, name, option)| (name, option)).unzip();
    let name = &now.name;
    let connect = if names.contains(&"refresh_token") {
        format!(", or instead of the token press Connect: sluice connections connect {name}")
    } else {
        String::new()
    };
    (!names.is_empty()).then(|| {
        format!(
            "note: dropped, because it was given for another host, login or app: {}\n  \
             to do: sluice connections update {name} {}{connect}",
            names.join(", "),
            options.join(" ")
        )
    })
}

/// The specification that the arguments make, with all their problems at once.
fn spec(parts: &ConnectionParts, name: Option<String>) -> Result<ConnectionSpec, Problems> {
    let mut problems = Problems::default();
    let mut spec = match &parts.from {
        Some(path) => from_file(path).unwrap_or_else(|found| {
            problems.extend(found);
            ConnectionSpec::default()
        }),
        None => ConnectionSpec::default(),
    };
    if name.is_some() {
        spec.name = name;
    }
    let texts = [
        (&mut spec.pardot_domain, &parts.pardot_domain),
        (&mut spec.business_unit, &parts.business_unit),
        (&mut spec.client_id, &parts.client_id),
        (&mut spec.login_url, &parts.login_url),
        (&mut spec.username, &parts.username),
        (&mut spec.audience, &parts.audience),
    ];
    for (kept, given) in texts {
        if given.is_some() {
            kept.clone_from(given);
        }
    }
    if let Some(text) = &parts.connected_app {
        spec.connected_app = problems.keep(word::<AppKind>("--connected-app", text, "default or custom"));
    }
    if let Some(text) = &parts.grant {
        let words = "refresh_token, client_credentials or jwt_bearer";
        spec.grant = problems.keep(word::<GrantKind>("--grant", text, words));
    }
    spec.reserve = parts.reserve.or(spec.reserve);
    spec.daily_budget = parts.daily_budget.or(spec.daily_budget);
    let secrets = [
        (&mut spec.client_secret, "--client-secret-file", &parts.client_secret_file),
        (&mut spec.refresh_token, "--refresh-token-file", &parts.refresh_token_file),
        (&mut spec.private_key, "--private-key-file", &parts.private_key_file),
    ];
    for (kept, option, path) in secrets {
        if let Some(path) = path {
            *kept = problems.keep(secret::read(option, path));
        }
    }
    problems.or(|| spec)
}

/// A word of the API.
pub(crate) fn word<T: DeserializeOwned>(option: &str, text: &str, words: &str) -> Result<T, Problem> {
    serde_json::from_value(Value::from(text)).map_err(|_| Problem::at(option, format!("must be {words}")))
}

/// A connection file of `sluice export`.
fn from_file(path: &Path) -> Result<ConnectionSpec, Problems> {
    const NAMES: [&str; 12] = [
        "pardot_domain",
        "business_unit",
        "connected_app",
        "client_id",
        "client_secret",
        "login_url",
        "grant",
        "username",
        "audience",
        "refresh_token",
        "private_key",
        "private_key_file",
    ];
    let place = |name: &str| format!("{}: {name}", path.display());
    let Value::Object(mut entries) = document::read(path)? else {
        return Err(Problem::at(path.display().to_string(), "must be a mapping of names to values").into());
    };
    let mut problems = Problems::default();
    for name in entries.keys().filter(|name| !NAMES.contains(&name.as_str())) {
        let problem = Problem::at(place(name), "is not a name that is known here");
        problems.push(match nearest(name, NAMES) {
            Some(near) => problem.hint(format!("did you mean {near}?")),
            None => problem.hint(format!("the names are {}", NAMES.join(", "))),
        });
    }
    let key = match entries.remove("private_key_file") {
        Some(Value::String(file)) => {
            let file = path.parent().unwrap_or(Path::new("")).join(file);
            problems.keep(secret::read("private_key_file", &file))
        }
        Some(_) => problems.keep(Err(Problem::at(place("private_key_file"), "must name a file"))),
        None => None,
    };
    for name in NAMES {
        if entries.get(name).is_some_and(|value| !value.is_string() && !value.is_null()) {
            problems.push(Problem::at(place(name), "must be a text"));
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut spec: ConnectionSpec = serde_json::from_value(Value::Object(entries)).map_err(|_| {
        Problem::at(path.display().to_string(), "has a word that is not known")
            .hint("connected_app is default or custom; grant is refresh_token, client_credentials or jwt_bearer")
    })?;
    spec.private_key = key.or(spec.private_key.filter(|key: &Secret| !key.expose().is_empty()));
    Ok(spec)
}

fn show_diagnosis(diagnosis: &Diagnosis, json: bool) -> Exit {
    if json {
        show_json(diagnosis);
    } else {
        for check in &diagnosis.checks {
            let mark = if check.ok { "ok  " } else { "FAIL" };
            show(&format!("{mark}  {:<13}  {}", check.check, check.found));
            if let Some(next) = &check.next {
                show(&format!("      next: {next}"));
            }
        }
    }
    if diagnosis.ok { Exit::Done } else { Exit::Failed }
}

fn show_account(account: &AccountView, json: bool) {
    if json {
        return show_json(account);
    }
    let calls = account.calls_used.map(|used| match account.calls_limit {
        Some(limit) => format!("{} of {}", grouped(used), grouped(limit)),
        None => grouped(used),
    });
    let ampsea = account.ampsea.map(|ampsea| if ampsea { "may be shared (AMPSEA)" } else { "are unique" });
    show(&pairs(&[
        ("asked", account.read.clone()),
        ("company", account.company.clone().unwrap_or_default()),
        ("version", account.api_version.map(|version| version.to_string()).unwrap_or_default()),
        ("emails", ampsea.unwrap_or_default().to_owned()),
        ("calls today", calls.unwrap_or_default()),
        ("time zone", account.time_zone.clone().unwrap_or_default()),
    ]));
    show(&format!("Custom fields ({})", account.fields.len()));
    for field in &account.fields {
        show(&format!("  {:<30} {:<12} {}", field.name, field.r#type, field.label));
    }
    show(&format!("Lists ({})", account.lists.len()));
    for list in &account.lists {
        let dynamic = if list.dynamic { " (dynamic: takes no members by hand)" } else { "" };
        show(&format!("  {:<10} {}{dynamic}", list.id, list.name));
    }
    account.remarks.iter().for_each(|remark| say(&format!("note: {remark}")));
}

/// Begins an approval and waits until the server has it.
async fn connect(door: &Door, name: &str, timeout: u64, json: bool) -> Result<Exit, Failure> {
    let signals = Signals::listen_saying("stopped waiting");
    let before = door.client().connection(name).await?;
    let authorize = door.client().authorize(name).await?;
    say("Open this address in a browser and approve:");
    show(&authorize.url);
    if std::io::stderr().is_terminal() {
        open_browser(&authorize.url);
    }
    say(&format!("Salesforce leads back to {}; waiting …", authorize.redirect_uri));
    let deadline = tokio::time::sleep(Duration::from_secs(timeout));
    tokio::pin!(deadline);
    loop {
        tokio::select! {
            () = tokio::time::sleep(GLANCE) => {}
            () = &mut deadline => {
                say("error: nobody approved in time");
                return Ok(Exit::Authentication);
            }
            () = signals.stop().stopped() => return Ok(signals.exit().unwrap_or(Exit::Interrupted)),
        }
        let now = door.client().connection(name).await?;
        let changed = before.state != ConnectionState::Connected
            || now.updated != before.updated
            || now.revision != before.revision;
        if now.state == ConnectionState::Connected && changed {
            if json {
                show_json(&now);
            } else {
                say(&format!("connected; next: sluice connections test {name}"));
            }
            return Ok(Exit::Done);
        }
    }
}
