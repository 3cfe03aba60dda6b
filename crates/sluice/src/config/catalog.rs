//! What an operator can decide about a server: one table of names, kinds, defaults and help.
//!
//! Means nothing yet: `operator` turns the values into meaning. `sluice config list` and the reference page are rendered
//! from [`CONFIG`].

/// What the text of an entry may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An IP address and a port.
    Address,
    /// An http or https address.
    Url,
    /// A file.
    File,
    /// Folders.
    Folders,
    /// The name of a host, or its IP address.
    Host,
    /// Names of hosts.
    Hosts,
    /// Any text.
    Text,
    /// A whole number from `min` to `max`.
    Count {
        /// Smallest value.
        min: u64,
        /// Largest value.
        max: u64,
    },
    /// A number of bytes; `KiB`, `MiB`, `GiB`, `TiB` may follow.
    Bytes,
    /// A whole number of seconds, at least 1.
    Seconds,
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A text that is shown nowhere and stands in no config file.
    Secret,
}

impl Kind {
    /// What the value may be, for people.
    pub(crate) fn allowed(self) -> String {
        match self {
            Kind::Address => "an IP address and a port, like 127.0.0.1:8080".into(),
            Kind::Url => "an address that begins with http:// or https://".into(),
            Kind::File => "a file".into(),
            Kind::Folders => "folders: a list, or separated by commas".into(),
            Kind::Host => "the name of a host or its IP address, without a port".into(),
            Kind::Hosts => "names of hosts: a list, or separated by commas".into(),
            Kind::Text => "a text".into(),
            Kind::Count { min, max } => format!("a whole number from {min} to {max}"),
            Kind::Bytes => "a number of bytes, or one with KiB, MiB, GiB or TiB".into(),
            Kind::Seconds => "a whole number of seconds, at least 1".into(),
            Kind::Boolean => "true or false".into(),
            Kind::Choice(words) => format!("one of {}", words.join(", ")),
            Kind::Secret => "a secret, from the environment alone".into(),
        }
    }

    /// Whether several values may be given.
    pub(crate) fn is_list(self) -> bool {
        match self {
            Kind::Folders | Kind::Hosts => true,
            Kind::Address
            | Kind::Url
            | Kind::File
            | Kind::Host
            | Kind::Text
            | Kind::Count { .. }
            | Kind::Bytes
            | Kind::Seconds
            | Kind::Boolean
            | Kind::Choice(_)
            | Kind::Secret => false,
        }
    }
}

/// One thing that an operator decides.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its name in the config file.
    pub(crate) name: &'static str,
    /// What its text may be.
    pub(crate) kind: Kind,
    /// The text that it has when nobody gives one; empty means "none".
    pub(crate) default: &'static str,
    /// One or two sentences for people.
    pub(crate) help: &'static str,
}

impl Entry {
    /// Its variable in the environment.
    pub(crate) fn variable(&self) -> String {
        format!("SLUICE_{}", self.name.to_ascii_uppercase())
    }

    /// The entry of this exact name.
    pub(crate) fn find(name: &str) -> Option<&'static Entry> {
        CONFIG.iter().find(|entry| entry.name == name)
    }
}

/// Further variables of the environment that begin as ours do, and are no entries.
pub(crate) const OTHER_VARIABLES: [&str; 7] = [
    "SLUICE_HOME",
    "SLUICE_CONFIG",
    "SLUICE_CONNECTION_FILE",
    "SLUICE_SERVER",
    "SLUICE_TOKEN",
    "SLUICE_TOKEN_FILE",
    "SLUICE_CA_FILE",
];

/// Everything, in the order of the reference page.
pub(crate) const CONFIG: &[Entry] = &[
    Entry {
        name: "listen",
        kind: Kind::Address,
        default: "127.0.0.1:8080",
        help: "Where the server listens. An address that other machines reach needs TLS files or behind_proxy.",
    },
    Entry {
        name: "public_url",
        kind: Kind::Url,
        default: "",
        help: "The address that people know the server by, where it is not the one that it listens at. Its host is one \
               of the allowed names.",
    },
    Entry {
        name: "oauth_redirect_uri",
        kind: Kind::Url,
        default: "",
        help: "Where Salesforce sends browsers back to, exactly as the connected app lists it. Without it: \
               /oauth/callback at the public_url, else at localhost. Also / works, for apps that list \
               http://localhost:8080.",
    },
    Entry {
        name: "tls_certificate",
        kind: Kind::File,
        default: "",
        help: "The certificate in PEM, with its chain; together with tls_key the server speaks TLS itself.",
    },
    Entry { name: "tls_key", kind: Kind::File, default: "", help: "The certificate's private key in PEM." },
    Entry {
        name: "behind_proxy",
        kind: Kind::Boolean,
        default: "false",
        help: "A proxy in front of the server speaks TLS. The client's address is then the last of X-Forwarded-For, so \
               only the proxy may reach the server.",
    },
    Entry {
        name: "allowed_host_names",
        kind: Kind::Hosts,
        default: "",
        help: "Names that a request's Host header may have, besides the address that is listened at, names of this \
               machine and the public_url's.",
    },
    Entry {
        name: "table_roots",
        kind: Kind::Folders,
        default: "",
        help: "Folders whose files tables may be bound to, besides tables/ of the data directory. A relative pattern is \
               relative to the first of them.",
    },
    Entry {
        name: "max_concurrent_jobs",
        kind: Kind::Count { min: 1, max: 64 },
        default: "4",
        help: "Jobs at work at once. However many there are, a business unit never has more than five calls under way.",
    },
    Entry {
        name: "retention_days",
        kind: Kind::Count { min: 1, max: 36_500 },
        default: "90",
        help: "Days that ended jobs are kept, with their results and rejected rows.",
    },
    Entry {
        name: "audit_days",
        kind: Kind::Count { min: 1, max: 36_500 },
        default: "400",
        help: "Days that the audit log is kept.",
    },
    Entry { name: "upload_bytes", kind: Kind::Bytes, default: "10GiB", help: "Most bytes of an uploaded table." },
    Entry {
        name: "query_time",
        kind: Kind::Seconds,
        default: "3600",
        help: "Longest time of a query in seconds. A query can have a shorter one.",
    },
    Entry {
        name: "default_app_client_id",
        kind: Kind::Text,
        default: "",
        help: "Consumer key of the server's own connected app: people then only press Connect.",
    },
    Entry { name: "default_app_client_secret", kind: Kind::Secret, default: "", help: "Its consumer secret." },
    Entry {
        name: "default_app_client_secret_file",
        kind: Kind::File,
        default: "",
        help: "A file with its consumer secret.",
    },
    Entry {
        name: "pardot_hosts",
        kind: Kind::Hosts,
        default: "",
        help: "Further Pardot hosts that may be called, over https. Tokens and people's data go there.",
    },
    Entry {
        name: "login_hosts",
        kind: Kind::Hosts,
        default: "",
        help: "Further Salesforce login hosts that may be called, over https. Secrets go there.",
    },
    Entry {
        name: "allow_loopback",
        kind: Kind::Boolean,
        default: "false",
        help: "Whether connections and webhooks may name this machine (http://127.0.0.1:…), for the sandbox.",
    },
    Entry {
        name: "sandbox",
        kind: Kind::Boolean,
        default: "false",
        help: "Whether the server runs a sandbox beside it, a local Pardot that its console shows. Connections may name \
               its address, whatever allow_loopback says.",
    },
    Entry {
        name: "sandbox_listen",
        kind: Kind::Address,
        default: "127.0.0.1:8089",
        help: "Where the sandbox listens: an address of this machine's loopback. Port 0 takes a free port.",
    },
    Entry {
        name: "smtp_host",
        kind: Kind::Host,
        default: "",
        help: "The mail server that takes notices. Without it nobody is told by mail.",
    },
    Entry {
        name: "smtp_port",
        kind: Kind::Count { min: 1, max: 65_535 },
        default: "",
        help: "Its port. Without it: 587 with starttls, 465 with tls, 25 with none.",
    },
    Entry {
        name: "smtp_security",
        kind: Kind::Choice(&["starttls", "tls", "none"]),
        default: "starttls",
        help: "How the way to it is encrypted. A server that does not offer STARTTLS is not spoken to in the clear; none is \
               for a mail server that needs no password.",
    },
    Entry { name: "smtp_user", kind: Kind::Text, default: "", help: "Who logs in to the mail server." },
    Entry { name: "smtp_password", kind: Kind::Secret, default: "", help: "The password of smtp_user." },
    Entry { name: "smtp_password_file", kind: Kind::File, default: "", help: "A file with the password of smtp_user." },
    Entry {
        name: "smtp_ca_file",
        kind: Kind::File,
        default: "",
        help: "Certificates in PEM that are trusted for the mail server instead of the system's.",
    },
    Entry {
        name: "mail_from",
        kind: Kind::Text,
        default: "",
        help: "The address that mails come from: sluice@example.com, or Sluice <sluice@example.com>.",
    },
    Entry {
        name: "webhook_hosts",
        kind: Kind::Hosts,
        default: "",
        help: "Hosts that webhooks may call although their addresses are private ones.",
    },
    Entry {
        name: "failures_to_disable",
        kind: Kind::Count { min: 1, max: 100 },
        default: "5",
        help: "Runs of a schedule in a row that fail because something must be changed, until it is disabled. Outages and \
               used-up calls do not count.",
    },
    Entry {
        name: "notices_to_disable",
        kind: Kind::Count { min: 0, max: 100 },
        default: "3",
        help: "Failures of which notices must have arrived before a schedule is disabled, where somebody is to hear of \
               them; at most failures_to_disable.",
    },
    Entry {
        name: "master_key",
        kind: Kind::Secret,
        default: "",
        help: "The master key that seals secrets, instead of master.key in the data directory; when it is rotated, the \
               new one first, then a line with the old one.",
    },
    Entry {
        name: "log_format",
        kind: Kind::Choice(&["text", "json"]),
        default: "text",
        help: "The form of the log on stderr.",
    },
    Entry {
        name: "log_level",
        kind: Kind::Choice(&["error", "warn", "info", "debug"]),
        default: "info",
        help: "How much the log says.",
    },
    Entry {
        name: "metrics_open",
        kind: Kind::Boolean,
        default: "false",
        help: "Whether /healthz, /readyz and /metrics answer everybody, instead of this machine and tokens that may \
               read.",
    },
    Entry {
        name: "requests_per_second",
        kind: Kind::Count { min: 1, max: 100_000 },
        default: "60",
        help: "Requests a second of one token, session or address.",
    },
];
