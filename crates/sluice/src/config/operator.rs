//! What the values of the config mean together: the use cases' config, the doors' config, the log.
//!
//! Knows both; opens no door, and files only to read a secret or to see that they can be read.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use app::DefaultApp;
use model::{Problem, Problems};
use secrecy::SecretString;
use server::{ServerConfig, TlsFiles, check_exposure};
use url::{Host, Url};

use crate::config::catalog::{CONFIG, Kind};
use crate::config::notices::notices;
use crate::config::source::{Content, Effective};

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// Everything that an operator decided.
#[derive(Debug)]
pub(crate) struct Operator {
    /// For the use cases.
    pub(crate) app: app::Config,
    /// For the doors.
    pub(crate) server: ServerConfig,
    /// Where its sandbox listens, if it runs one.
    pub(crate) sandbox: Option<SocketAddr>,
    /// The log's form.
    pub(crate) log_format: LogFormat,
    /// The log's level.
    pub(crate) log_level: tracing::Level,
}

impl Operator {
    /// The meaning of the values.
    ///
    /// # Errors
    /// Every value that is not what its kind says, and what does not go together.
    pub(crate) fn parse(values: &Effective) -> Result<Operator, Problems> {
        let mut problems = Problems::default();
        for entry in CONFIG {
            let Some((Content::Texts(texts), _)) = values.get(entry.name) else { continue };
            for text in texts {
                if !fits(entry.kind, text) {
                    let problem = Problem::at(values.at(entry.name), format!("must be {}", entry.kind.allowed()));
                    problems.push(problem.hint(entry.help));
                }
            }
        }
        // What follows reads texts that fit their kinds; one that does not is reported above.
        let listen = values.text("listen").and_then(|text| text.parse().ok());
        let listen = listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080)));
        let server = doors(values, listen, &mut problems);
        let app = use_cases(values, listen, &mut problems);
        let sandbox = sandbox(values, &mut problems);
        let log_format = match values.text("log_format") {
            Some("json") => LogFormat::Json,
            _ => LogFormat::Text,
        };
        let log_level = values.text("log_level").and_then(|text| text.parse().ok()).unwrap_or(tracing::Level::INFO);
        problems.or(|| Operator { app, server, sandbox, log_format, log_level })
    }
}

/// Where the sandbox listens. Whoever reaches it may do everything with it, so nobody but this machine does.
fn sandbox(values: &Effective, problems: &mut Problems) -> Option<SocketAddr> {
    let listen: Option<SocketAddr> = values.text("sandbox_listen").and_then(|text| text.parse().ok());
    if let Some(listen) = listen
        && !listen.ip().is_loopback()
    {
        let problem = Problem::at(values.at("sandbox_listen"), "must be an address of this machine's loopback");
        problems.push(problem.hint("127.0.0.1:8089, or 127.0.0.1:0 for a free port"));
    }
    listen.filter(|_| is_true(values, "sandbox"))
}

fn fits(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Address => text.parse::<SocketAddr>().is_ok(),
        Kind::Url => Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()),
        Kind::File | Kind::Folders | Kind::Text => !text.is_empty(),
        Kind::Host => Host::parse(text).is_ok() || text.parse::<std::net::IpAddr>().is_ok(),
        Kind::Hosts => {
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
            !text.is_empty() && text.bytes().all(legal)
        }
        Kind::Count { min, max } => text.parse::<u64>().is_ok_and(|number| (min..=max).contains(&number)),
        Kind::Bytes => bytes(text).is_some(),
        Kind::Seconds => text.parse::<u32>().is_ok_and(|seconds| seconds > 0),
        Kind::Boolean => truth(text).is_some(),
        Kind::Choice(words) => words.contains(&text),
        Kind::Secret => true,
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}

fn bytes(text: &str) -> Option<u64> {
    const UNITS: [(&str, u32); 4] = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)];
    let unit = UNITS.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)));
    let (digits, shift) = unit.unwrap_or((text, 0));
    let count = digits.trim().parse::<u64>().ok()?;
    count.checked_mul(1 << shift).filter(|count| *count > 0)
}

pub(super) fn is_true(values: &Effective, name: &str) -> bool {
    values.text(name).and_then(truth).unwrap_or(false)
}

pub(super) fn number(values: &Effective, name: &str) -> u64 {
    values.text(name).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// How the server is reached.
fn doors(values: &Effective, listen: SocketAddr, problems: &mut Problems) -> ServerConfig {
    let [certificate, key] = ["tls_certificate", "tls_key"].map(|name| {
        let path = values.text(name).map(|text| values.path(name, text))?;
        problems.keep(readable(values, name, &path));
        Some(path)
    });
    let tls = match (certificate, key) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
        (None, None) => None,
        (Some(_), None) => {
            problems.push(alone(values, "tls_certificate", "tls_key"));
            None
        }
        (None, Some(_)) => {
            problems.push(alone(values, "tls_key", "tls_certificate"));
            None
        }
    };
    let mut hosts = values.texts("allowed_host_names").to_vec();
    let public = values.text("public_url").and_then(|text| Url::parse(text).ok());
    hosts.extend(public.as_ref().and_then(Url::host_str).map(str::to_owned));
    let requests = number(values, "requests_per_second");
    let config = ServerConfig {
        tls,
        behind_proxy: is_true(values, "behind_proxy"),
        hosts,
        public_url: public.as_ref().and_then(|_| values.text("public_url")).map(str::to_owned),
        metrics_open: is_true(values, "metrics_open"),
        requests_per_second: u32::try_from(requests).unwrap_or(u32::MAX),
        ..ServerConfig::new(listen)
    };
    problems.keep(check_exposure(&config).map_err(|problem| Problem { at: values.at("listen"), ..problem }));
    config
}

/// That a file is there and may be read.
fn readable(values: &Effective, name: &str, path: &Path) -> Result<(), Problem> {
    if !path.is_file() {
        return Err(Problem::at(values.at(name), format!("there is no file {}", path.display())));
    }
    match std::fs::File::open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(Problem::at(values.at(name), format!("{} cannot be read: {error}", path.display()))),
    }
}

/// What a server starts without, and an operator wants to know of: folders that are not there, a master key that cannot be
/// read.
pub(crate) fn absent(values: &Effective) -> Problems {
    let mut problems = Problems::default();
    for text in values.texts("table_roots") {
        let root = values.path("table_roots", text);
        if !root.is_dir() {
            let problem = Problem::at(values.at("table_roots"), format!("there is no folder {}", root.display()));
            problems.push(problem.hint("make it, or take it out; tables cannot be bound to files below it"));
        }
    }
    let key = values.data_dir.join("master.key");
    if values.secret("master_key").is_none()
        && key.exists()
        && let Err(error) = std::fs::File::open(&key)
    {
        problems.push(Problem::at(key.display().to_string(), format!("cannot be read: {error}")));
    }
    problems
}

pub(super) fn alone(values: &Effective, given: &str, missing: &str) -> Problem {
    Problem::at(values.at(given), format!("needs {missing} beside it"))
}

/// What the use cases need to know.
fn use_cases(values: &Effective, listen: SocketAddr, problems: &mut Problems) -> app::Config {
    let mut config = app::Config::new(values.data_dir.clone());
    config.table_roots = values.texts("table_roots").iter().map(|text| values.path("table_roots", text)).collect();
    config.max_concurrent_jobs = usize::try_from(number(values, "max_concurrent_jobs")).unwrap_or(1);
    config.retention_days = u32::try_from(number(values, "retention_days")).unwrap_or(u32::MAX);
    config.audit_days = u32::try_from(number(values, "audit_days")).unwrap_or(u32::MAX);
    config.upload_bytes = values.text("upload_bytes").and_then(bytes).unwrap_or(config.upload_bytes);
    config.query_time = Duration::from_secs(number(values, "query_time").max(1));
    config.default_app = default_app(values, problems);
    config.hosts.pardot = values.texts("pardot_hosts").to_vec();
    config.hosts.login = values.texts("login_hosts").to_vec();
    config.hosts.loopback = is_true(values, "allow_loopback");
    config.redirect_uri = redirect_uri(values, listen);
    config.master_key = values.secret("master_key").cloned();
    notices(values, &mut config, problems);
    config
}

/// Where Salesforce leads browsers back to, for a server that listens there.
pub(crate) fn redirect_uri(values: &Effective, listen: SocketAddr) -> String {
    if let Some(given) = values.text("oauth_redirect_uri") {
        return given.to_owned();
    }
    match values.text("public_url") {
        Some(public) => format!("{}/oauth/callback", public.trim_end_matches('/')),
        None => {
            let scheme = if values.text("tls_certificate").is_some() { "https" } else { "http" };
            format!("{scheme}://localhost:{}/oauth/callback", listen.port())
        }
    }
}

fn default_app(values: &Effective, problems: &mut Problems) -> Option<DefaultApp> {
    let file = values.text("default_app_client_secret_file");
    let given = values.secret("default_app_client_secret");
    let client_secret = match (given, file) {
        (Some(secret), _) => Some(secret.clone()),
        (None, Some(path)) => {
            let name = "default_app_client_secret_file";
            problems.keep(secret_file(values, name, values.path(name, path)))
        }
        (None, None) => None,
    };
    let Some(client_id) = values.text("default_app_client_id") else {
        if client_secret.is_some() {
            problems.push(alone(values, "default_app_client_secret", "default_app_client_id"));
        }
        return None;
    };
    Some(DefaultApp { client_id: client_id.to_owned(), client_secret })
}

/// The secret in the file that `name` names.
pub(super) fn secret_file(values: &Effective, name: &str, path: PathBuf) -> Result<SecretString, Problem> {
    let at = || values.at(name);
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Problem::at(at(), format!("{} cannot be read: {error}", path.display())))?;
    match text.trim() {
        "" => Err(Problem::at(at(), format!("{} is empty", path.display()))),
        secret => Ok(SecretString::from(secret.to_owned())),
    }
}
