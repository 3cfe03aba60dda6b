//! What the values of the config mean for notices: the mail server, webhooks, and when a schedule is disabled.
//!
//! Knows what must stand together; how a mail travels is `notify`'s, and whether it arrives is seen by a test notice.

use std::time::Duration;

use model::{Problem, Problems};
use notify::{Login, Mailer, Security, SettingsError, SmtpSettings, WebhookPolicy};
use url::{Host, Url};

use crate::config::operator::{alone, is_true, number, secret_file};
use crate::config::source::{Effective, Source};

/// Longest conversation with the mail server.
const CONVERSATION: Duration = Duration::from_secs(60);

/// What has a meaning beside `smtp_host` only.
const OF_THE_MAIL_SERVER: [&str; 7] =
    ["smtp_port", "smtp_security", "smtp_user", "smtp_password", "smtp_password_file", "smtp_ca_file", "mail_from"];

/// Fills in how people are told.
pub(super) fn notices(values: &Effective, config: &mut app::Config, problems: &mut Problems) {
    let public = values.text("public_url").map(|url| url.trim_end_matches('/').to_owned());
    config.smtp = smtp(values, problems);
    config.webhooks = WebhookPolicy {
        allowed_hosts: values.texts("webhook_hosts").to_vec(),
        allow_loopback: is_true(values, "allow_loopback"),
    };
    config.public_url = public;
    (config.failures_to_disable, config.notices_to_disable) = disabling(values, problems);
}

/// Failures in a row, and notices of them, after which a schedule is disabled.
fn disabling(values: &Effective, problems: &mut Problems) -> (u32, u32) {
    let [failures, notices] = ["failures_to_disable", "notices_to_disable"]
        .map(|name| u32::try_from(number(values, name)).unwrap_or(u32::MAX));
    if notices <= failures {
        return (failures, notices);
    }
    // Each failure is told once. A default that nobody wrote gives way; what somebody wrote must be possible.
    if given(values, "notices_to_disable") && failures > 0 {
        let message = format!("{notices} notices cannot be written about {failures} failures");
        let problem = Problem::at(values.at("notices_to_disable"), message);
        problems.push(problem.hint("it must be at most failures_to_disable"));
    }
    (failures, failures)
}

/// Whether somebody wrote a value.
fn given(values: &Effective, name: &str) -> bool {
    values.get(name).is_some_and(|(_, source)| *source != Source::Default)
}

/// The mail server.
fn smtp(values: &Effective, problems: &mut Problems) -> Option<SmtpSettings> {
    let Some(host) = values.text("smtp_host") else {
        for name in OF_THE_MAIL_SERVER.into_iter().filter(|name| given(values, name)) {
            problems.push(alone(values, name, "smtp_host"));
        }
        return None;
    };
    let from = values.text("mail_from");
    if from.is_none() {
        problems.push(alone(values, "smtp_host", "mail_from").hint("mails need an address that they come from"));
    }
    let security = match values.text("smtp_security") {
        Some("tls") => Security::Tls,
        Some("none") => Security::Plain,
        _ => Security::StartTls,
    };
    let port = values.text("smtp_port").and_then(|text| text.parse().ok()).unwrap_or_else(|| security.port());
    let roots = values.text("smtp_ca_file").and_then(|file| {
        let path = values.path("smtp_ca_file", file);
        let unread =
            |error| Problem::at(values.at("smtp_ca_file"), format!("{} cannot be read: {error}", path.display()));
        problems.keep(std::fs::read_to_string(&path).map_err(unread))
    });
    let settings = SmtpSettings {
        host: host.to_owned(),
        port,
        security,
        login: login(values, problems),
        // An address that is good stands in for the one that is missing, so that the rest can be judged.
        from: from.unwrap_or("sluice@example.com").to_owned(),
        hello: hello(values),
        timeout: CONVERSATION,
        roots,
    };
    judge(values, settings.clone(), problems);
    Some(settings)
}

/// Who logs in at the mail server.
fn login(values: &Effective, problems: &mut Problems) -> Option<Login> {
    let file = values.text("smtp_password_file");
    let password = match (values.secret("smtp_password"), file) {
        (Some(password), _) => Some(password.clone()),
        (None, Some(file)) => {
            let path = values.path("smtp_password_file", file);
            // Reported once: a file that cannot be read is no missing password.
            Some(problems.keep(secret_file(values, "smtp_password_file", path))?)
        }
        (None, None) => None,
    };
    match (values.text("smtp_user"), password) {
        (Some(user), Some(password)) => Some(Login { user: user.to_owned(), password }),
        (Some(_), None) => {
            let problem = alone(values, "smtp_user", "a password");
            problems.push(problem.hint("name a file with smtp_password_file, or set $SLUICE_SMTP_PASSWORD"));
            None
        }
        (None, Some(_)) => {
            let name = if values.secret("smtp_password").is_some() { "smtp_password" } else { "smtp_password_file" };
            problems.push(alone(values, name, "smtp_user"));
            None
        }
        (None, None) => None,
    }
}

/// How the server calls itself: by the name that people know, where it has one.
fn hello(values: &Effective) -> Option<String> {
    let url = Url::parse(values.text("public_url")?).ok()?;
    match url.host()? {
        // A name with an underscore is one for browsers, not for mail servers.
        Host::Domain(name) => {
            Some(name.to_owned()).filter(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b)))
        }
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

/// Reports everything that `notify` has against the settings: what is wrong is put right, until nothing is.
fn judge(values: &Effective, mut settings: SmtpSettings, problems: &mut Problems) {
    while let Err(SettingsError { at, message, hint }) = Mailer::new(settings.clone()) {
        if at == "smtp_host" {
            // Said already: it is not of its kind.
            return;
        }
        problems.push(Problem::at(values.at(at), message).hint(hint));
        match at {
            "mail_from" if settings.from != "sluice@example.com" => settings.from = "sluice@example.com".to_owned(),
            "smtp_ca_file" => settings.roots = None,
            "smtp_security" => settings.login = None,
            _ => return,
        }
    }
}
