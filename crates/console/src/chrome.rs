//! What surrounds every page: who looks, where they are, what was just done.
//!
//! Knows nothing of what a page shows.

use api::{Me, Role};

/// The part of the console that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The front page.
    Home,
    /// Integrations Hub: the catalog.
    Catalog,
    /// Integrations Hub: connections ("authentications" in the manual).
    Authentications,
    /// Data Workbench: tables.
    Tables,
    /// Data Workbench: queries.
    Queries,
    /// Jobs.
    Jobs,
    /// Audience Studio.
    Audience,
    /// The calendar of coming runs.
    Schedules,
    /// The local Pardot.
    Sandbox,
    /// People, tokens, notices, keys, audit log.
    Settings,
}

/// One entry of the navigation.
pub(crate) struct Entry {
    pub(crate) section: Section,
    pub(crate) address: &'static str,
    pub(crate) words: &'static str,
    /// What it stands under; empty for what stands alone.
    group: &'static str,
}

const ENTRIES: [Entry; 10] = [
    Entry { section: Section::Home, address: "/", words: "Home", group: "" },
    Entry { section: Section::Catalog, address: "/integrations", words: "Catalog", group: "Integrations Hub" },
    Entry {
        section: Section::Authentications,
        address: "/connections",
        words: "Authentications",
        group: "Integrations Hub",
    },
    Entry { section: Section::Tables, address: "/tables", words: "Tables", group: "Data Workbench" },
    Entry { section: Section::Queries, address: "/queries", words: "Queries", group: "Data Workbench" },
    Entry { section: Section::Audience, address: "/parent-segments", words: "Audience Studio", group: "Audiences" },
    Entry { section: Section::Jobs, address: "/jobs", words: "Jobs", group: "Runs" },
    Entry { section: Section::Schedules, address: "/schedules", words: "Schedules", group: "Runs" },
    Entry { section: Section::Sandbox, address: "/sandbox", words: "Sandbox", group: "Server" },
    Entry { section: Section::Settings, address: "/settings", words: "Settings", group: "Server" },
];

/// What was just done, told once on the page that follows. A closed list: no address can put words on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// How it stands in an address: `?done=saved`.
    pub key: &'static str,
    /// How people are told.
    pub words: &'static str,
}

impl Done {
    /// Something was saved.
    pub const SAVED: Done = Done { key: "saved", words: "Saved." };
    /// Something was made.
    pub const CREATED: Done = Done { key: "created", words: "Created." };
    /// Something was deleted.
    pub const DELETED: Done = Done { key: "deleted", words: "Deleted." };
    /// A job was put into the queue.
    pub const STARTED: Done = Done { key: "started", words: "Started." };
    /// A job is to stop.
    pub const KILLED: Done =
        Done { key: "killed", words: "It stops as soon as the calls under way have their answers." };
    /// A job goes on.
    pub const CONTINUED: Done = Done { key: "continued", words: "It goes on where it was." };
    /// A schedule or an activation rests.
    pub const PAUSED: Done = Done { key: "paused", words: "Paused: nothing runs by itself until it is resumed." };
    /// A schedule or an activation goes on.
    pub const RESUMED: Done = Done { key: "resumed", words: "Resumed." };
    /// A test message was sent.
    pub const SENT: Done = Done { key: "sent", words: "The test message was taken." };
    /// A token or a session ended.
    pub const REVOKED: Done = Done { key: "revoked", words: "Revoked." };
    /// The password changed.
    pub const PASSWORD: Done = Done { key: "password", words: "Your password is changed. Other sessions have ended." };
    /// Somebody signed out.
    pub const SIGNED_OUT: Done = Done { key: "signed-out", words: "You are signed out." };

    /// Something was done that has no better word.
    pub const ACTED: Done = Done { key: "acted", words: "Done." };

    const ALL: [Done; 13] = [
        Done::SAVED,
        Done::CREATED,
        Done::DELETED,
        Done::STARTED,
        Done::KILLED,
        Done::CONTINUED,
        Done::PAUSED,
        Done::RESUMED,
        Done::SENT,
        Done::REVOKED,
        Done::PASSWORD,
        Done::SIGNED_OUT,
        Done::ACTED,
    ];

    /// What a key of an address means; nothing where it is none of ours.
    pub fn of(key: &str) -> Option<Done> {
        Done::ALL.into_iter().find(|done| done.key == key)
    }
}

/// What surrounds a page.
#[derive(Debug, Clone)]
pub struct Chrome {
    /// Who looks; nobody yet on the pages before a session.
    pub me: Option<Me>,
    /// Where the page belongs.
    pub section: Section,
    /// What was just done.
    pub done: Option<Done>,
    /// A number that no other page has: a form that is sent twice with it is done once.
    pub once: String,
    /// Whether the server runs a sandbox.
    pub sandbox: bool,
    /// The address that the command line reaches this server by: `http://127.0.0.1:8080`.
    pub server: String,
}

impl Chrome {
    /// The same, elsewhere.
    #[must_use]
    pub fn at(&self, section: Section) -> Chrome {
        Chrome { section, ..self.clone() }
    }

    /// The entries of the navigation, each with its group where it is the first of one.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Option<&'static str>, &'static Entry)> {
        let mut before = "";
        ENTRIES.iter().filter(|entry| entry.section != Section::Sandbox || self.sandbox).map(move |entry| {
            let first = entry.group != std::mem::replace(&mut before, entry.group);
            (first.then_some(entry.group), entry)
        })
    }

    /// Whether whoever looks may start jobs and change tables, queries and audiences.
    pub fn edits(&self) -> bool {
        self.me.as_ref().is_some_and(|me| me.role >= Role::Editor)
    }

    /// Whether whoever looks may change connections and people.
    pub fn rules(&self) -> bool {
        self.me.as_ref().is_some_and(|me| me.role >= Role::Admin)
    }
}
