//! The form of a connection: the manual's fields, of which only those are shown that go with the choices.
//!
//! Knows what a choice asks for; whether it is right is the use cases' to say.

use api::{AppKind, Connection, ConnectionSpec, GrantKind, Place, Secret, SecretsSet};
use askama::Template;

use crate::address::part;
use crate::chrome::{Chrome, Section};
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::{Choice, Control, Field};
use crate::form::{Form, Reading};

const PRODUCTION: &str = "https://pi.pardot.com";
const DEMO: &str = "https://pi.demo.pardot.com";
const LOGIN: &str = "https://login.salesforce.com";
const TEST_LOGIN: &str = "https://test.salesforce.com";
/// The choice of a host that none of the others is, and the field that says which.
const OTHER: &str = "other";
const OTHER_HOST: &str = "_other_host";

/// What stands around the form.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// The connection that is changed; nothing for a new one.
    pub name: Option<String>,
    /// Its secrets.
    pub kept: SecretsSet,
    /// Its revision when it was read.
    pub revision: u64,
    /// Whether somebody else changed it since.
    pub stale: bool,
    /// Whether the server has a connected app of its own.
    pub default_app: bool,
    /// The address of the server's sandbox.
    pub sandbox: Option<String>,
    /// The page that a new one is made for, which the way leads back to; empty otherwise.
    pub next: String,
    /// Whether it was said that kept secrets will be dropped.
    pub drops: bool,
    /// Where Salesforce sends browsers back to: the connected app must list it.
    pub callback: Option<String>,
}

/// The form of a new connection, or of one that is there.
#[derive(Debug, Template)]
#[template(path = "connections/form.html")]
pub struct ConnectionForm {
    chrome: Chrome,
    around: Around,
    /// Where it is sent to.
    action: String,
    summary: Summary,
    name: Field,
    host: Vec<Field>,
    app: Vec<Field>,
    /// Whether it is connected by an approval in the browser.
    approves: bool,
    /// A refresh token that one has already.
    token: Option<Field>,
    limits: Vec<Field>,
    /// What belongs to other choices and was typed before: changing one's mind loses nothing.
    rest: Vec<Field>,
    copied: Copied,
}

impl ConnectionForm {
    /// The page.
    pub fn new(chrome: &Chrome, form: &Form, faults: &Faults, around: Around) -> ConnectionForm {
        let form = &completed(form, &around);
        let app = form.get("connected_app").to_owned();
        let grant = form.get("grant").to_owned();
        let custom = app == "custom";
        let approves = grant == "refresh_token";
        let name = Field::new(form, faults, "name", "Name", Control::Text).example("prod").required();
        let host = host_fields(form, faults, around.sandbox.as_deref());
        let app = app_fields(form, faults, &around, &grant);
        let token = (approves && custom).then(|| {
            let control = Control::Secret { kept: around.kept.refresh_token };
            Field::new(form, faults, "refresh_token", "Refresh Token", control)
                .parameter("refresh_token")
                .help("Only where you have one already. Otherwise leave this empty and connect in the browser.")
        });
        let limits = limit_fields(form, faults);
        let waits = |name: &&str| !form.get(name).is_empty() && !app.iter().any(|field| field.name == **name);
        let rest = ["client_id", "login_url", "username", "audience"].into_iter().filter(waits);
        let rest = rest.map(|name| Field::new(form, faults, name, "", Control::Hidden)).collect();
        let action = match &around.name {
            Some(name) => format!("/connections/{}/edit", part(name)),
            None => "/new/connection".into(),
        };
        ConnectionForm {
            chrome: chrome.at(Section::Authentications),
            action,
            // Once the fields are made.
            summary: faults.summary(),
            copied: command(form, &around, &chrome.server),
            name: name.help("Queries and activations choose it by this name: letters, digits, space, -, _ and . ; first a letter or digit."),
            host,
            app,
            approves,
            token,
            limits,
            rest,
            around,
        }
    }
}

fn host_fields(form: &Form, faults: &Faults, sandbox: Option<&str>) -> Vec<Field> {
    let mut choices = vec![
        Choice::new(PRODUCTION, "Production").help(PRODUCTION),
        Choice::new(DEMO, "Demo").help(format!("{DEMO}, for a Pardot Developer Org or a Sandbox account")),
    ];
    if let Some(sandbox) = sandbox {
        choices.push(Choice::new(sandbox, "The sandbox of this server").help(sandbox));
    }
    choices.push(Choice::new(OTHER, "Another host").help("One that the operator of this server allows"));
    let mut form = form.clone();
    let chosen = form.get("pardot_domain").trim_end_matches('/').to_owned();
    if !chosen.is_empty() && !choices.iter().any(|choice| choice.value == chosen) {
        form.set(OTHER_HOST, chosen);
        form.set("pardot_domain", OTHER);
    }
    let host = Field::new(&form, faults, "pardot_domain", "Pardot Host", Control::Radio(choices));
    let mut fields = vec![host.parameter("pardot_domain").or(PRODUCTION).redraws()];
    if fields[0].value == OTHER {
        let other = Field::new(&form, faults, OTHER_HOST, "Address of the host", Control::Text);
        fields.push(other.example("https://pi.example.com").required());
    }
    let unit = Field::new(&form, faults, "business_unit", "Pardot Business ID", Control::Text);
    fields.push(unit.parameter("business_unit").example("0Uv5e0000008OqACAU").required().help(
        "18 characters that begin with 0Uv. In Salesforce: Setup > Pardot > Pardot Account Setup; or ask your Salesforce \
         administrator.",
    ));
    fields
}

fn app_fields(form: &Form, faults: &Faults, around: &Around, grant: &str) -> Vec<Field> {
    let kept = around.kept;
    let own = if around.default_app {
        "The connected app of this server: you only approve it at Salesforce"
    } else {
        "This server has no connected app of its own. Its operator can set one up"
    };
    let apps = vec![
        Choice::new("default", "Default").help(own),
        Choice::new("custom", "Custom").help("Your own connected app, with its Client ID and Client Secret"),
    ];
    let app = Field::new(form, faults, "connected_app", "Connected App", Control::Radio(apps));
    let mut fields = vec![app.parameter("connected_app").redraws()];
    if form.get("connected_app") == "custom" {
        let id = Field::new(form, faults, "client_id", "Client ID", Control::Text);
        fields.push(id.parameter("client_id").help("The Consumer Key of the connected app.").required());
        let secret = Control::Secret { kept: kept.client_secret };
        let secret = Field::new(form, faults, "client_secret", "Client Secret", secret);
        let help = "The Consumer Secret of the connected app. An app that asks for none may go without.";
        fields.push(secret.parameter("client_secret").help(help));
        let logins = [LOGIN, TEST_LOGIN].into_iter().chain(around.sandbox.as_deref());
        let logins = Control::Suggest(logins.map(str::to_owned).collect());
        let login = Field::new(form, faults, "login_url", "Login URL", logins).parameter("login_url").example(LOGIN);
        fields.push(login.help("Where you log in to Salesforce: your My Domain, where you have one."));
    }
    let grants = vec![
        Choice::new("refresh_token", "Approve in the browser").help("You log in to Salesforce and press Allow once"),
        Choice::new("client_credentials", "The app's own user").help(
            "Client credentials: the app acts as the user that it names in Salesforce; the Login URL is your My Domain",
        ),
        Choice::new("jwt_bearer", "Signed assertion").help("JWT bearer: the app signs with its private key"),
    ];
    let chosen = Field::new(form, faults, "grant", "How it logs in", Control::Radio(grants));
    fields.push(chosen.parameter("grant").redraws());
    if grant == "jwt_bearer" {
        let user = Field::new(form, faults, "username", "Salesforce user", Control::Text).parameter("username");
        fields.push(user.example("api@example.com").required().help("The user that the app stands for."));
        let key = Control::Secret { kept: kept.private_key };
        let key = Field::new(form, faults, "private_key", "Private key", key).parameter("private_key");
        let key = if kept.private_key { key } else { key.required() };
        fields.push(key.help("The RSA key of the connected app in PEM. Paste all of it, from BEGIN to END."));
        let audience = Field::new(form, faults, "audience", "Audience", Control::Text).parameter("audience");
        fields.push(audience.help("Only where it is not the login host of your kind of org."));
    }
    fields
}

fn limit_fields(form: &Form, faults: &Faults) -> Vec<Field> {
    let number = |max: &str| Control::Number { min: "0".into(), max: max.into(), step: "1" };
    let reserve = Field::new(form, faults, "reserve", "Reserve in percent", number("90"));
    let budget = Field::new(form, faults, "daily_budget", "Calls a day", number(""));
    vec![
        reserve.parameter("reserve").help("Part of the account's daily calls that is left to others: 0 to 90."),
        budget
            .parameter("daily_budget")
            .help("Calls that this server may make a day. 0: as many as the reserve leaves."),
    ]
}

/// The form with an answer to every choice.
#[must_use]
pub fn completed(form: &Form, around: &Around) -> Form {
    let mut form = form.clone();
    let app = if around.default_app { "default" } else { "custom" };
    // Who means the sandbox logs in there too, and who means another host does not.
    if let Some(sandbox) = around.sandbox.as_deref().filter(|_| around.name.is_none()) {
        match (form.get("pardot_domain") == sandbox, form.get("login_url")) {
            (true, "") => form.set("login_url", sandbox),
            (false, login) if login == sandbox => form.clear("login_url"),
            _ => {}
        }
    }
    for (name, value) in [("connected_app", app), ("grant", "refresh_token"), ("reserve", "10"), ("daily_budget", "0")]
    {
        if !form.has(name) {
            form.set(name, value);
        }
    }
    form
}

/// A connection as its form.
pub fn filled(connection: &Connection) -> Form {
    let mut form = Form::of(&ConnectionSpec {
        name: Some(connection.name.clone()),
        pardot_domain: Some(connection.pardot_domain.clone()),
        business_unit: Some(connection.business_unit.clone()),
        connected_app: Some(connection.connected_app),
        client_id: connection.client_id.clone(),
        login_url: Some(connection.login_url.clone()),
        grant: Some(connection.grant),
        username: connection.username.clone(),
        audience: connection.audience.clone(),
        reserve: Some(connection.reserve),
        daily_budget: Some(connection.daily_budget),
        ..ConnectionSpec::default()
    });
    form.set("_revision", connection.revision.to_string());
    form
}

/// The document that the form says. What does not go with its choices is left out.
///
/// # Errors
/// Every field that cannot be read.
pub fn spec(form: &Form) -> Result<ConnectionSpec, Vec<Place>> {
    let mut reading = Reading::new(form);
    let app: Option<AppKind> = reading.word("connected_app");
    let grant: Option<GrantKind> = reading.word("grant");
    let host = match reading.some("pardot_domain") {
        Some(host) if host == OTHER => {
            let other = reading.some(OTHER_HOST);
            if other.is_none() {
                reading.refuse(OTHER_HOST, "is missing");
            }
            other
        }
        host => host,
    };
    // A field that stands there empty takes back what was kept.
    let changes = !matches!(form.get("_revision"), "" | "0");
    let or_cleared = |name: &str| reading.some(name).or_else(|| (changes && form.has(name)).then(String::new));
    let (login_url, username, audience) = (or_cleared("login_url"), or_cleared("username"), or_cleared("audience"));
    let custom = app != Some(AppKind::Default);
    let jwt = grant == Some(GrantKind::JwtBearer);
    let approves = matches!(grant, None | Some(GrantKind::RefreshToken));
    let secret = |name: &str| reading.exact(name).map(Secret::new);
    let (client_secret, refresh_token, private_key) =
        (secret("client_secret"), secret("refresh_token"), secret("private_key"));
    let spec = ConnectionSpec {
        name: Some(reading.text("name")),
        pardot_domain: host,
        business_unit: Some(reading.text("business_unit")),
        connected_app: app,
        client_id: reading.some("client_id").filter(|_| custom),
        client_secret: client_secret.filter(|_| custom),
        login_url: login_url.filter(|_| custom),
        grant,
        username: username.filter(|_| jwt),
        audience: audience.filter(|_| jwt),
        refresh_token: refresh_token.filter(|_| custom && approves),
        private_key: private_key.filter(|_| jwt).map(|key| Secret::new(pem(key.expose()))),
        reserve: reading.number("reserve"),
        daily_budget: reading.number("daily_budget"),
    };
    if reading.problems.is_empty() { Ok(spec) } else { Err(reading.problems) }
}

/// The kept secrets that this change drops, because they were given for another address or app; nothing where they were typed
/// again, or where the form has said so before.
pub fn dropped(known: &Connection, form: &Form, spec: &ConnectionSpec) -> Vec<Place> {
    let same = |one: &str, other: Option<&str>, none: &str| {
        one.trim_end_matches('/') == other.unwrap_or(none).trim_end_matches('/')
    };
    let stays = same(&known.pardot_domain, spec.pardot_domain.as_deref(), PRODUCTION)
        && same(&known.login_url, spec.login_url.as_deref().filter(|url| !url.is_empty()), LOGIN)
        && known.client_id == spec.client_id
        && Some(known.connected_app) == spec.connected_app;
    if stays || form.has("_drops") {
        return Vec::new();
    }
    let kept = [
        ("client_secret", known.secrets.client_secret, spec.client_secret.is_none() && form.has("client_secret")),
        ("private_key", known.secrets.private_key, spec.private_key.is_none() && form.has("private_key")),
    ];
    let lost = kept.into_iter().filter(|(_, kept, missing)| *kept && *missing);
    lost.map(|(name, ..)| Place {
        at: name.into(),
        message: "has to be typed again: the one that is kept was given for another address or app".into(),
        hint: Some("press Done again to go on without it".into()),
    })
    .collect()
}

/// A key in PEM with its lines: a field of one line has taken the breaks away.
fn pem(text: &str) -> String {
    let parts = || {
        let (head, rest) = text.trim().strip_prefix("-----BEGIN ")?.split_once("-----")?;
        let (body, tail) = rest.split_once("-----END ")?;
        Some((head, body, tail.strip_suffix("-----")?))
    };
    let Some((head, body, tail)) = parts() else { return text.to_owned() };
    let body: Vec<char> = body.chars().filter(|c| !c.is_whitespace()).collect();
    let lines: String = body.chunks(64).flat_map(|line| line.iter().copied().chain(['\n'])).collect();
    format!("-----BEGIN {head}-----\n{lines}-----END {tail}-----\n")
}

/// What the form does, as a command. Secrets come from files.
fn command(form: &Form, around: &Around, server: &str) -> Copied {
    let said = spec(form).unwrap_or_default();
    let text = |value: Option<String>| value.filter(|value| !value.is_empty());
    let name = around.name.clone().or(text(said.name.clone())).unwrap_or_else(|| "NAME".into());
    let verb = if around.name.is_some() { "update" } else { "create" };
    let mut words = vec!["connections".to_owned(), verb.to_owned(), name];
    let app = said.connected_app.map(|app| match app {
        AppKind::Default => "default".to_owned(),
        AppKind::Custom => "custom".to_owned(),
    });
    let grant = said.grant.map(|_| form.get("grant").to_owned());
    let renamed = around.name.is_some().then_some(said.name).flatten();
    let given = [
        ("--rename", text(renamed).filter(|new| Some(new) != around.name.as_ref())),
        ("--pardot-domain", text(said.pardot_domain).filter(|host| host != PRODUCTION)),
        ("--business-unit", text(said.business_unit)),
        ("--connected-app", app.filter(|app| app == "default")),
        ("--client-id", said.client_id),
        ("--client-secret-file", said.client_secret.map(|_| "FILE".into())),
        ("--login-url", said.login_url.filter(|login| login.trim_end_matches('/') != LOGIN)),
        ("--grant", grant.filter(|grant| grant != "refresh_token")),
        ("--username", said.username),
        ("--audience", said.audience),
        ("--refresh-token-file", said.refresh_token.map(|_| "FILE".into())),
        ("--private-key-file", said.private_key.map(|_| "FILE".into())),
        ("--reserve", said.reserve.filter(|reserve| *reserve != 10).map(|reserve| reserve.to_string())),
        ("--daily-budget", said.daily_budget.filter(|budget| *budget != 0).map(|budget| budget.to_string())),
    ];
    for (flag, value) in given {
        words.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
    }
    Copied::command(&words.iter().map(String::as_str).collect::<Vec<_>>(), server)
}

#[cfg(test)]
mod tests;
