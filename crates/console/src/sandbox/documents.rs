//! What the pages of the sandbox ask for, as plain documents.

/// The sandbox as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SandboxFigures {
    /// Address of Pardot and of its login alike.
    pub address: String,
    /// The business unit id.
    pub business_unit: String,
    /// Client ID of its connected app.
    pub client_id: String,
    /// Client Secret of its connected app, which guards nothing.
    pub client_secret: String,
    /// When it started: what it held before is forgotten.
    pub started: String,
    /// Prospects that it holds.
    pub prospects: u64,
    /// Lists that it holds.
    pub lists: u64,
    /// Calls that count against today.
    pub calls_used: u64,
    /// Calls a day.
    pub calls_limit: u64,
    /// Prospects that calls made, since the start or the last reset.
    pub created: u64,
    /// Prospects that calls changed.
    pub updated: u64,
    /// Rows that it refused.
    pub refused: u64,
}

/// Which prospects are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SandboxSearch {
    /// A part of the email, the name or the company.
    pub text: String,
    /// Members of this list only.
    pub list: Option<u64>,
    /// How many are passed over.
    pub skip: usize,
    /// How many at most.
    pub most: usize,
}

/// Some of those that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxFound<T> {
    /// How many there are in all.
    pub total: usize,
    /// Those that were wanted of them.
    pub items: Vec<T>,
}

/// Sample contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxSample {
    /// How many.
    pub rows: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// The file.
    pub csv: Vec<u8>,
}

/// A prospect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SandboxProspect {
    /// Its id.
    pub id: u64,
    /// Its email.
    pub email: String,
    /// Its other fields that are set, by name.
    pub fields: Vec<(String, String)>,
    /// The ids of its lists.
    pub lists: Vec<u64>,
}

impl SandboxProspect {
    /// A field's value, empty where it is not set.
    pub fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxList {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Whether members come by rules and not by hand.
    pub dynamic: bool,
    /// How many it has.
    pub members: u64,
}

/// A request that it saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxCall {
    /// Counts from 1.
    pub number: u64,
    /// When it came.
    pub at: String,
    /// HTTP method.
    pub method: String,
    /// Path without query.
    pub path: String,
    /// Bytes of address and body.
    pub bytes: u64,
    /// HTTP status of the answer; nothing while under way or where none was sent.
    pub status: Option<u16>,
    /// Pardot's code.
    pub code: Option<u32>,
    /// The fault that struck, as it is called in the journal.
    pub fault: Option<String>,
}

/// Something that goes wrong on purpose while it is switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxFault {
    /// Names it in forms.
    pub key: &'static str,
    /// What happens.
    pub title: &'static str,
    /// What it means, and what to look at.
    pub help: &'static str,
    /// Whether it is switched on.
    pub on: bool,
}

/// Something that is done to the sandbox once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxAct {
    /// Records, faults, journal and figures are forgotten; the lists of the start are there again.
    Reset,
    /// Its clock goes past midnight: the daily calls start anew.
    NewDay,
    /// The approval ends: connections must be connected again.
    Revoke,
    /// All faults are switched off.
    AllWell,
}

impl SandboxAct {
    /// What a form calls it.
    pub fn of(word: &str) -> Option<SandboxAct> {
        match word {
            "reset" => Some(SandboxAct::Reset),
            "new-day" => Some(SandboxAct::NewDay),
            "revoke" => Some(SandboxAct::Revoke),
            "all-well" => Some(SandboxAct::AllWell),
            _ => None,
        }
    }
}
