//! What the settings mean, parsed once: after this no text of a setting is read again.
//!
//! A plan cannot contradict itself; everything wrong with the settings is reported together.

use std::collections::BTreeSet;
use std::time::Duration;

use pardot::ListId;

use crate::{Applies, Kind, Problem, Problems, SETTINGS, Setting, Settings, nearest};

/// What an export does.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What the rows are and what happens with them.
    pub target: Target,
    /// What a rejected row does to the rest.
    pub on_invalid: OnInvalid,
    /// How calls are packed and how many run at once.
    pub delivery: Delivery,
    /// How failed calls are repeated.
    pub retry: Retry,
    /// Settings that were given but have no effect, said once to the user.
    pub notes: Vec<String>,
}

/// What the rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Prospects, upserted.
    Prospects {
        /// How a row finds its prospect.
        match_by: MatchBy,
        /// Lists every row joins or leaves in the same call.
        lists: Option<ListChange>,
    },
    /// Memberships of prospects in lists.
    ListMemberships {
        /// Made or removed.
        operation: MembershipOperation,
    },
}

/// How a row finds its prospect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchBy {
    /// By id, else fid, else email (`upsert_by_email: false`).
    Key,
    /// By email alone (`upsert_by_email: true`).
    Email,
}

/// Lists to join or leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListChange {
    /// At least one list.
    pub lists: BTreeSet<ListId>,
    /// Join or leave.
    pub operation: ListOperation,
}

/// Join or leave lists (`prospect_list_operation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListOperation {
    /// Add to the lists.
    Add,
    /// Remove from the lists.
    Remove,
}

/// Make or remove memberships (`list_membership_operation`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MembershipOperation {
    /// Make it; one that exists is fine.
    Upsert,
    /// Remove it; one that is not there is fine.
    Delete,
}

/// What a rejected row does to the rest (`skip_invalid_records`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInvalid {
    /// The rest goes on.
    Skip,
    /// The job stops.
    Stop,
}

/// Where a batch travels (`batch_carrier`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// The request body.
    Body,
    /// The request URI.
    Uri,
}

/// How calls are packed and how many run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Calls under way at once, 1 to 5.
    pub lanes: usize,
    /// Where batches travel.
    pub carrier: Carrier,
    /// Longest encoded payload of a batch of several rows: request target (uri) or body (body), in bytes.
    pub max_payload: Option<usize>,
}

/// How failed calls are repeated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// Repeats after the first try.
    pub maximum_retries: u32,
    /// Bound of the first wait.
    pub initial_wait: Duration,
    /// Bound of every wait.
    pub maximum_wait: Duration,
    /// Time one call may take in all.
    pub timeout: Duration,
}

/// Pardot admits five calls at once for a business unit (code 66 beyond).
const MOST_LANES: u64 = 5;

impl Plan {
    /// Reads the settings.
    ///
    /// # Errors
    /// Every value that does not fit its setting.
    pub fn parse(settings: &Settings) -> Result<Plan, Problems> {
        let mut read = Reader { settings, problems: Problems::default() };
        let data_object = read.choice("data_object");
        let operation = read.choice("prospect_list_operation");
        let lists = read.list_ids("prospect_lists");
        let by_email = read.boolean("upsert_by_email");
        let membership = read.choice("list_membership_operation");
        read.choice("prospect_operation");
        let skip = read.boolean("skip_invalid_records");
        let tasks = read.integer("parallel_tasks");
        let payload = read.integer("max_payload");
        let uri = read.choice("batch_carrier") == "uri";
        let retry = Retry {
            maximum_retries: u32::try_from(read.integer("maximum_retries")).unwrap_or(u32::MAX),
            initial_wait: read.seconds("initial_retry_wait"),
            maximum_wait: read.seconds("maximum_retry_wait"),
            timeout: read.seconds("maximum_connection_timeout"),
        };
        let target = match data_object {
            "list_memberships" => Target::ListMemberships {
                operation: if membership == "delete" {
                    MembershipOperation::Delete
                } else {
                    MembershipOperation::Upsert
                },
            },
            _ => Target::Prospects {
                match_by: if by_email { MatchBy::Email } else { MatchBy::Key },
                lists: (!lists.is_empty()).then_some(ListChange {
                    lists,
                    operation: if operation == "remove" { ListOperation::Remove } else { ListOperation::Add },
                }),
            },
        };
        // Both settings are about prospects (the manual): memberships travel in the body, which needs no bound.
        let prospects = matches!(target, Target::Prospects { .. });
        let uri = uri && prospects;
        let capped = uri || (prospects && settings.given("max_payload").is_some());
        let delivery = Delivery {
            lanes: usize::try_from(tasks.min(MOST_LANES)).unwrap_or(1),
            carrier: if uri { Carrier::Uri } else { Carrier::Body },
            max_payload: capped.then(|| usize::try_from(payload).unwrap_or(usize::MAX)),
        };
        let notes = notes(settings, &target, tasks);
        let on_invalid = if skip { OnInvalid::Skip } else { OnInvalid::Stop };
        read.problems.or(|| Plan { target, on_invalid, delivery, retry, notes })
    }
}

/// Settings that were given with another value than their default but cannot have an effect.
fn notes(settings: &Settings, target: &Target, tasks: u64) -> Vec<String> {
    let elsewhere = match target {
        Target::Prospects { .. } => Applies::ListMemberships,
        Target::ListMemberships { .. } => Applies::Prospects,
    };
    let mut notes: Vec<String> = SETTINGS
        .iter()
        .filter(|setting| setting.applies == elsewhere)
        .filter(|setting| settings.given(setting.name).is_some_and(|text| text != setting.default))
        .map(|setting| format!("{} has no effect with this data_object", setting.name))
        .collect();
    if let Target::Prospects { lists: None, .. } = target
        && settings.given("prospect_list_operation") == Some("remove")
    {
        notes.push("prospect_list_operation has no effect without prospect_lists".into());
    }
    if tasks > MOST_LANES {
        notes.push(format!("parallel_tasks: {tasks} has the effect of 5, which is what Pardot admits"));
    }
    notes
}

/// Reads texts by their kind and keeps every problem; a wrong value reads as a harmless one.
struct Reader<'a> {
    settings: &'a Settings,
    problems: Problems,
}

impl<'a> Reader<'a> {
    fn setting(name: &str) -> &'static Setting {
        Setting::find(name).expect("every name read here stands in SETTINGS")
    }

    fn refuse(&mut self, setting: &Setting, hint: Option<String>) {
        let problem = Problem::at(format!("settings.{}", setting.name), format!("must be {}", setting.allowed()));
        self.problems.push(match hint {
            Some(hint) => problem.hint(hint),
            None => problem.hint(setting.help),
        });
    }

    fn choice(&mut self, name: &str) -> &'static str {
        let setting = Self::setting(name);
        let Kind::Choice(words) = setting.kind else { return "" };
        let text = self.settings.text(setting).trim();
        match words.iter().find(|word| **word == text) {
            Some(word) => word,
            None => {
                let near = nearest(text, words.iter().copied());
                self.refuse(setting, near.map(|near| format!("did you mean {near}?")));
                words[0]
            }
        }
    }

    fn boolean(&mut self, name: &str) -> bool {
        let setting = Self::setting(name);
        match self.settings.text(setting).trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => true,
            "false" | "0" | "no" | "off" => false,
            _ => {
                self.refuse(setting, None);
                false
            }
        }
    }

    fn integer(&mut self, name: &str) -> u64 {
        let setting = Self::setting(name);
        let Kind::Integer { min, max } = setting.kind else {
            return 0;
        };
        match self.settings.text(setting).trim().parse::<u64>() {
            Ok(number) if (min..=max).contains(&number) => number,
            _ => {
                self.refuse(setting, None);
                min
            }
        }
    }

    fn seconds(&mut self, name: &str) -> Duration {
        let setting = Self::setting(name);
        let Kind::Seconds { min, max } = setting.kind else {
            return Duration::ZERO;
        };
        match self.settings.text(setting).trim().parse::<f64>() {
            Ok(number) if (min..=max).contains(&number) => Duration::from_secs_f64(number),
            _ => {
                self.refuse(setting, None);
                Duration::ZERO
            }
        }
    }

    fn list_ids(&mut self, name: &str) -> BTreeSet<ListId> {
        let setting = Self::setting(name);
        let text = self.settings.text(setting).trim();
        if text.is_empty() {
            return BTreeSet::new();
        }
        let mut ids = BTreeSet::new();
        for part in text.split(',') {
            match part.trim().parse::<ListId>() {
                Ok(id) => {
                    ids.insert(id);
                }
                Err(_) => self.refuse(
                    setting,
                    Some(format!("\"{}\" is no list id: a whole number, the one in the list's URL", part.trim())),
                ),
            }
        }
        ids
    }
}

#[cfg(test)]
mod tests;
