//! The hosts of connections against those that may be called.
//!
//! Knows addresses; nothing of who allows them. Pardot's and Salesforce's own hosts are known here, further ones are an
//! operator's to list.

use model::{Problem, Problems};
use pardot::{AllowedHosts, HostError};

use crate::{Project, WantedConnection};

/// The names of a connection's hosts.
pub(crate) const DOMAIN: &str = "pardot_domain";
pub(crate) const LOGIN: &str = "login_url";

impl Project {
    /// Connections with hosts that are not among those allowed. What no list can allow is said when the project is read,
    /// and not here.
    pub fn hosts(&self, allowed: &AllowedHosts) -> Problems {
        let mut problems = Problems::default();
        for wanted in self.connections.values() {
            for (name, text) in hosts(wanted) {
                if impossible(name, text).is_none()
                    && let Some(error) = judge(allowed, name, text)
                {
                    problems.push(Problem::at(wanted.at(name), error.message).hint(error.hint));
                }
            }
        }
        problems
    }
}

fn hosts(wanted: &WantedConnection) -> impl Iterator<Item = (&'static str, &str)> {
    let both = [(DOMAIN, &wanted.spec.pardot_domain), (LOGIN, &wanted.spec.login_url)];
    both.into_iter().filter_map(|(name, text)| Some((name, text.as_deref()?)))
}

/// Why an address can be called by nobody, whatever an operator lists.
pub(crate) fn impossible(name: &str, text: &str) -> Option<HostError> {
    let host = text.trim().trim_start_matches("https://").trim_end_matches('/').trim_end_matches(":443").to_owned();
    judge(&AllowedHosts { pardot: vec![host.clone()], login: vec![host], loopback: true, sandbox: None }, name, text)
}

fn judge(allowed: &AllowedHosts, name: &str, text: &str) -> Option<HostError> {
    if name == DOMAIN { allowed.pardot(text).err() } else { allowed.login(text).err() }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_list_cannot_allow_everything() {
        for text in
            ["https://pi.pardot.com", "https://pi.acme.test/", "https://pi.acme.test:443", "http://127.0.0.1:8089"]
        {
            assert_eq!(impossible(DOMAIN, text), None, "{text}");
        }
        for text in ["http://pi.pardot.com", "pi.pardot.com", "https://a@pi.acme.test", "https://pi.acme.test/x", ""] {
            assert!(impossible(DOMAIN, text).is_some(), "{text}");
        }
    }

    #[test]
    fn hosts_are_those_that_an_operator_allows() {
        let text = "name: a\nbusiness_unit: 0Uv000000000001AAA\npardot_domain: https://pi.acme.test\n\
                    login_url: http://127.0.0.1:8089\n";
        let project = crate::parse(&[("connections/a.yaml".to_owned(), text.to_owned())]).unwrap();
        let listed =
            AllowedHosts { pardot: vec!["pi.acme.test".into()], login: Vec::new(), loopback: true, sandbox: None };
        assert!(project.hosts(&listed).is_empty());
        expect![[r#"
            connections/a.yaml:3: pardot_domain: this is not a Pardot host
              hint: use https://pi.pardot.com, or https://pi.demo.pardot.com for sandboxes and developer orgs
            connections/a.yaml:4: login_url: this machine must not be called
              hint: to call a sandbox on this machine, start the server or the command with --allow-loopback, set SLUICE_ALLOW_LOOPBACK=true, or write allow_loopback: true in sluice.yaml"#]]
        .assert_eq(&project.hosts(&AllowedHosts::default()).to_string());
    }
}
