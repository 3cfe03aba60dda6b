//! The connection file: named authority over one business unit, and its refresh token kept up to date in place.
//!
//! Knows the manual's names; not the flows behind them. Nothing here can print a secret.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::{Plan, Problem, Problems, nearest};
use pardot::{
    Allowance, BusinessUnitId, Claim, Client, ClientParts, Clock, ConnectedApp, Grant, GrantKeeper, Host, Limiter,
    RetryPolicy, Tokens,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::clock::random_u64;
use crate::document;

/// Authority over one business unit, read from a file.
pub struct Connection {
    /// The file.
    pub path: PathBuf,
    /// Where calls go.
    pub pardot_domain: Host,
    /// The business unit.
    pub business_unit: BusinessUnitId,
    /// Where tokens come from.
    pub login_url: Host,
    /// The connected app.
    pub app: ConnectedApp,
    /// `None` before `sluice connect`.
    pub grant: Option<Grant>,
}

/// The connection could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// Something in the file must be changed.
    #[error("{0}")]
    Problems(Problems),
    /// A host that no secret may be sent to.
    #[error("{0}")]
    Unsafe(Problem),
}

/// Every name that a connection file may have.
const NAMES: [&str; 12] = [
    "pardot_domain",
    "business_unit",
    "connected_app",
    "client_id",
    "client_secret",
    "login_url",
    "refresh_token",
    "grant",
    "username",
    "audience",
    "private_key",
    "private_key_file",
];

impl Connection {
    /// A client for it, alone in its process.
    ///
    /// # Errors
    /// Nobody has approved the app yet, or TLS cannot be set up; in words for people.
    pub fn client(&self, plan: &Plan, clock: &Arc<dyn Clock>) -> Result<Client, String> {
        let Some(grant) = self.grant.clone() else {
            return Err(self.unconnected());
        };
        let keeper = self.keeper();
        let tokens = Tokens::new(self.login_url.clone(), self.app.clone(), grant, keeper, clock.clone())
            .map_err(|error| error.to_string())?;
        let retry = RetryPolicy {
            maximum_retries: plan.retry.maximum_retries,
            initial_wait: plan.retry.initial_wait,
            maximum_wait: plan.retry.maximum_wait,
            timeout: plan.retry.timeout,
        };
        let parts = ClientParts {
            host: self.pardot_domain.clone(),
            business_unit: self.business_unit.clone(),
            tokens: Arc::new(tokens),
            limiter: Arc::new(Limiter::new()),
            // Whoever exports by hand decides what is left to others: only Pardot's own limit holds.
            allowance: Arc::new(Allowance::default()),
            claim: Claim::Within,
            retry,
            clock: clock.clone(),
            seed: random_u64(),
        };
        Client::new(parts).map_err(|error| error.to_string())
    }

    /// Reads a connection file.
    pub fn read(path: &Path) -> Result<Connection, ConnectionError> {
        let value = document::read(path).map_err(ConnectionError::Problems)?;
        Connection::parse(path, value)
    }

    fn parse(path: &Path, value: Value) -> Result<Connection, ConnectionError> {
        let Value::Object(entries) = value else {
            let problem = Problem::at(path.display().to_string(), "must be a mapping of names to values");
            return Err(ConnectionError::Problems(problem.into()));
        };
        let mut read = Reader { path, entries, problems: Problems::default() };
        read.refuse_unknown();
        let hosts = (read.text("pardot_domain"), read.text("login_url"));
        let pardot = Host::pardot(hosts.0.as_deref().unwrap_or("https://pi.pardot.com"));
        let login = Host::login(hosts.1.as_deref().unwrap_or("https://login.salesforce.com"));
        let business_unit = read.required("business_unit").map(|text| text.parse::<BusinessUnitId>());
        let client_id = read.required("client_id");
        let client_secret = read.secret("client_secret");
        let grant = read.grant(client_secret.is_some());
        let business_unit = match business_unit {
            Some(Err(error)) => {
                let hint = error.hint.clone();
                read.problem("business_unit", &error.message, Some(&hint));
                None
            }
            Some(Ok(id)) => Some(id),
            None => None,
        };
        let mut unsafe_host = None;
        for (name, host) in [("pardot_domain", &pardot), ("login_url", &login)] {
            if let Err(error) = host {
                let problem = Problem::at(format!("connection.{name}"), error.message.clone()).hint(error.hint.clone());
                unsafe_host.get_or_insert(problem);
            }
        }
        if read.problems.is_empty()
            && let Some(problem) = unsafe_host.take()
        {
            return Err(ConnectionError::Unsafe(problem));
        }
        read.problems.extend(unsafe_host.map(Problems::from).unwrap_or_default());
        match (pardot, login, business_unit, client_id) {
            (Ok(pardot_domain), Ok(login_url), Some(business_unit), Some(client_id)) if read.problems.is_empty() => {
                let app = ConnectedApp { client_id, client_secret };
                Ok(Connection { path: path.to_owned(), pardot_domain, business_unit, login_url, app, grant })
            }
            _ => Err(ConnectionError::Problems(read.problems)),
        }
    }

    /// Names the business unit on its host: what a lock and everything learned belong to.
    pub fn key(&self) -> String {
        unit_key(&self.pardot_domain, &self.business_unit)
    }

    /// Says that nobody has approved the app yet.
    pub fn unconnected(&self) -> String {
        let path = self.path.display();
        format!("{path} has no refresh_token yet; run `sluice connect --connection-file {path}`")
    }

    /// Keeps a rotated refresh token in the file it came from.
    pub fn keeper(&self) -> Arc<dyn GrantKeeper> {
        Arc::new(FileKeeper { path: self.path.clone() })
    }
}

/// Names a business unit on its host: what a lock, a limiter and everything learned belong to.
pub(crate) fn unit_key(pardot_domain: &Host, business_unit: &BusinessUnitId) -> String {
    let host = pardot_domain.as_str();
    let host = host.strip_prefix("https://").or_else(|| host.strip_prefix("http://")).unwrap_or(host);
    format!("{}_{business_unit}", host.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "_"))
}

struct Reader<'a> {
    path: &'a Path,
    entries: Map<String, Value>,
    problems: Problems,
}

impl Reader<'_> {
    fn problem(&mut self, name: &str, message: &str, hint: Option<&str>) {
        let problem = Problem::at(format!("connection.{name}"), message);
        self.problems.push(match hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        });
    }

    fn refuse_unknown(&mut self) {
        let unknown: Vec<String> =
            self.entries.keys().filter(|name| !NAMES.contains(&name.as_str())).cloned().collect();
        for name in unknown {
            let hint = match nearest(&name, NAMES) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("the names are {}", NAMES.join(", ")),
            };
            self.problem(&name, "is not a name of a connection file", Some(&hint));
        }
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.entries.get(name) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            // A number would lose leading zeros and digits on its way.
            Some(Value::Number(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                self.problem(name, "must be a text", Some("put it in quotes"));
                None
            }
        }
    }

    fn required(&mut self, name: &str) -> Option<String> {
        let text = self.text(name);
        if text.is_none() && matches!(self.entries.get(name), None | Some(Value::Null | Value::String(_))) {
            let shown = self.path.display().to_string();
            self.problem(name, &format!("is missing in {shown}"), None);
        }
        text
    }

    fn secret(&mut self, name: &str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    fn grant(&mut self, has_secret: bool) -> Option<Grant> {
        let kind = self.text("grant").unwrap_or_else(|| "refresh_token".into());
        match kind.as_str() {
            "refresh_token" => self.secret("refresh_token").map(Grant::RefreshToken),
            "client_credentials" => {
                if !has_secret {
                    self.problem("client_secret", "is required for grant client_credentials", None);
                }
                Some(Grant::ClientCredentials)
            }
            "jwt_bearer" => {
                let key_pem = self.private_key();
                let subject = self.required("username");
                let audience = self.text("audience");
                Some(Grant::JwtBearer { key_pem: key_pem?, subject: subject?, audience })
            }
            other => {
                let kinds = ["refresh_token", "client_credentials", "jwt_bearer"];
                let hint = match nearest(other, kinds) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("one of {}", kinds.join(", ")),
                };
                self.problem("grant", "is no kind of grant", Some(&hint));
                None
            }
        }
    }

    fn private_key(&mut self) -> Option<SecretString> {
        if let Some(key) = self.secret("private_key") {
            return Some(key);
        }
        let Some(file) = self.text("private_key_file") else {
            self.problem("private_key_file", "is required for grant jwt_bearer", Some("the PEM file of the app's key"));
            return None;
        };
        let file = self.path.parent().unwrap_or(Path::new(".")).join(file);
        match std::fs::read_to_string(&file) {
            Ok(pem) => Some(SecretString::from(pem)),
            Err(error) => {
                self.problem("private_key_file", &format!("{} cannot be read: {error}", file.display()), None);
                None
            }
        }
    }
}

/// Rewrites the refresh token of a connection file.
struct FileKeeper {
    path: PathBuf,
}

impl GrantKeeper for FileKeeper {
    fn keep(&self, rotated: &SecretString) -> Result<(), String> {
        store_refresh_token(&self.path, rotated).map_err(|error| format!("{}: {error}", self.path.display()))
    }

    fn current(&self) -> Option<SecretString> {
        match Connection::read(&self.path).ok()?.grant? {
            Grant::RefreshToken(token) => Some(token),
            Grant::ClientCredentials | Grant::JwtBearer { .. } => None,
        }
    }
}

/// Writes a refresh token into a connection file: everything else in it stays as it is; the file is replaced in one
/// step and readable by its owner alone.
pub fn store_refresh_token(path: &Path, token: &SecretString) -> std::io::Result<()> {
    // A link stays a link: the file behind it is replaced.
    let path = std::fs::canonicalize(path)?;
    let text = std::fs::read_to_string(&path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    // A temporary file of this crate is made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(with_refresh_token(&text, token.expose_secret()).as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&path)?;
    std::fs::File::open(folder)?.sync_all()
}

fn with_refresh_token(text: &str, token: &str) -> String {
    if let Ok(Value::Object(mut entries)) = serde_json::from_str::<Value>(text) {
        entries.insert("refresh_token".into(), Value::from(token));
        return format!("{:#}\n", Value::Object(entries));
    }
    let quoted = Value::from(token).to_string();
    let written: Option<Value> = serde_saphyr::from_str(text).ok();
    let wanted = written.clone().map(|mut value| {
        if let Value::Object(entries) = &mut value {
            entries.insert("refresh_token".into(), Value::from(token));
        }
        value
    });
    let mut found = false;
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let name = line.split(':').next().unwrap_or("").trim_matches(['"', '\'', ' ']);
        if name == "refresh_token" && !line.starts_with([' ', '\t', '#']) {
            found = true;
            lines.push(format!("refresh_token: {quoted}"));
        } else {
            lines.push(line.to_owned());
        }
    }
    if !found {
        lines.push(format!("refresh_token: {quoted}"));
    }
    let rewritten = lines.join("\n") + "\n";
    match (wanted, serde_saphyr::from_str::<Value>(&rewritten)) {
        (Some(Value::Object(entries)), got) if got.as_ref().ok() != Some(&Value::Object(entries.clone())) => {
            // Written in a way that a change of one line would break: written anew, one name a line.
            entries.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
        }
        _ => rewritten,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[track_caller]
    fn check(text: &str, want: expect_test::Expect) {
        let value = document::parse("c.yaml", text, &|_| None).unwrap();
        let got = match Connection::parse(Path::new("c.yaml"), value) {
            Ok(connection) => connection.key(),
            Err(ConnectionError::Unsafe(problem)) => format!("unsafe: {problem}"),
            Err(ConnectionError::Problems(problems)) => problems.to_string(),
        };
        want.assert_eq(&got);
    }

    #[test]
    fn a_file_is_read_and_everything_wrong_is_said() {
        check(
            "business_unit: 0Uv000000000001AAA\nclient_id: a\nclient_secret: b\nrefresh_token: c\n",
            expect!["pi.pardot.com_0Uv000000000001AAA"],
        );
        let text = "business_unit: 0Uv1\nclient_secrt: b\ngrant: password\n";
        let value = document::parse("c.yaml", text, &|_| None).unwrap();
        let Err(ConnectionError::Problems(problems)) = Connection::parse(Path::new("c.yaml"), value) else {
            panic!("accepted")
        };
        let places: Vec<&str> = problems.iter().map(|problem| problem.at.as_str()).collect();
        assert_eq!(
            places,
            ["connection.client_secrt", "connection.client_id", "connection.grant", "connection.business_unit"]
        );
    }

    #[test]
    fn a_rotated_token_replaces_only_itself() {
        let cases = [
            ("# mine\nclient_id: a\nrefresh_token: old # why\n", "# mine\nclient_id: a\nrefresh_token: \"new\"\n"),
            ("client_id: a\n", "client_id: a\nrefresh_token: \"new\"\n"),
            ("{a: x, refresh_token: \"old\"}\n", "a: \"x\"\nrefresh_token: \"new\"\n"),
            ("refresh_token: >-\n  old\na: x\n", "refresh_token: \"new\"\na: \"x\"\n"),
            ("  a: x\n  refresh_token: old\n", "a: \"x\"\nrefresh_token: \"new\"\n"),
            ("{\"refresh_token\":\"old\",\"a\":1}", "{\n  \"refresh_token\": \"new\",\n  \"a\": 1\n}\n"),
        ];
        for (text, want) in cases {
            assert_eq!(with_refresh_token(text, "new"), want);
        }
    }
}
