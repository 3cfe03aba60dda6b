//! The page of a parent segment: its profiles, its segments, its refreshes.

use api::{Job, ParentSegment, Preview, Segment};
use askama::Template;

use super::check::Joins;
use super::list::SegmentLine;
use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::jobs::JobTable;
use crate::rows::Rows;
use crate::words::{Moment, distance, moment, plural};
use crate::{notify, segments};

/// What is shown on the page.
#[derive(Debug)]
pub struct Seen {
    /// The parent segment.
    pub parent: ParentSegment,
    /// A page of its segments.
    pub segments: Vec<Segment>,
    /// Where the next page of them begins.
    pub next: Option<String>,
    /// Where this one began; nothing for the first.
    pub after: Option<String>,
    /// The folder that is looked into.
    pub folder: Option<String>,
    /// Folders that there are.
    pub folders: Vec<String>,
    /// Its newest jobs.
    pub jobs: Vec<Job>,
    /// Its schedule in words with the next time, where it has one.
    pub schedule: Option<(String, Option<String>)>,
    /// The same as a command and as YAML.
    pub copied: Copied,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "parent_segments/page.html")]
pub struct ParentPage {
    chrome: Chrome,
    summary: Summary,
    part: String,
    parent: ParentSegment,
    lines: Vec<SegmentLine>,
    next: Option<String>,
    later: bool,
    folder: Option<String>,
    folders: Vec<String>,
    jobs: JobTable,
    /// A refresh is under way: the page looks again by itself.
    busy: bool,
    schedule: Option<(String, Option<Moment>)>,
    notify: Option<String>,
    joins: Option<Joins>,
    stale: bool,
    copied: Copied,
}

impl ParentPage {
    /// The page.
    pub fn new(chrome: Chrome, faults: &Faults, seen: Seen) -> ParentPage {
        let Seen { parent, segments, next, after, folder, folders, jobs, schedule, copied } = seen;
        let joins = parent.snapshot.as_ref().map(|snapshot| Joins::of(&snapshot.joins, snapshot.population));
        // Times of the API are in one form: as texts they have the order of times.
        let stale = parent.snapshot.as_ref().is_some_and(|snapshot| snapshot.at < parent.updated);
        ParentPage {
            chrome,
            summary: faults.summary(),
            part: crate::part(&parent.spec.name),
            lines: segments.iter().map(SegmentLine::of).collect(),
            next: next.map(|next| crate::part(&next)),
            later: after.is_some(),
            folder,
            folders,
            busy: jobs.iter().any(|job| job.finished.is_none()),
            jobs: JobTable::of("Refreshes", &jobs),
            schedule: schedule.map(|(words, next)| (words, next.map(|next| moment(&next)))),
            notify: parent.spec.notify.as_ref().map(notify::sentence),
            joins,
            stale,
            copied,
            parent,
        }
    }

    fn profiles(&self) -> Option<(String, Moment, Moment)> {
        let snapshot = self.parent.snapshot.as_ref()?;
        Some((plural(snapshot.population, "profile", "profiles"), moment(&snapshot.at), distance(&snapshot.at)))
    }

    /// Columns of a profile: name, what it holds, group.
    fn columns(&self) -> Vec<(&str, &'static str, &str)> {
        let columns = self.parent.snapshot.as_ref().map(|snapshot| snapshot.columns.as_slice()).unwrap_or_default();
        let line = |column: &'_ api::AudienceColumn| segments::words(column.r#type);
        columns
            .iter()
            .map(|column| (column.name.as_str(), line(column), column.group.as_deref().unwrap_or_default()))
            .collect()
    }

    /// Behaviours: name, events, columns.
    fn behaviors(&self) -> Vec<(&str, String, String)> {
        let behaviors = self.parent.snapshot.as_ref().map(|snapshot| snapshot.behaviors.as_slice()).unwrap_or_default();
        let events = |events: Option<u64>| events.map(|events| plural(events, "event", "events")).unwrap_or_default();
        let names = |behavior: &api::AudienceBehavior| {
            behavior.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        behaviors.iter().map(|behavior| (behavior.name.as_str(), events(behavior.events), names(behavior))).collect()
    }

    /// The address of a folder's segments.
    fn inside(&self, folder: &str) -> String {
        format!("/parent-segments/{}?folder={}", self.part, crate::part(folder))
    }

    /// The address of the next page of segments.
    fn following(&self, next: &str) -> String {
        let folder =
            self.folder.as_deref().map(|folder| format!("folder={}&", crate::part(folder))).unwrap_or_default();
        format!("/parent-segments/{}?{folder}after={next}", self.part)
    }
}

/// The first profiles.
#[derive(Debug, Template)]
#[template(path = "parent_segments/profiles.html")]
pub struct Profiles {
    chrome: Chrome,
    name: String,
    rows: Rows,
    copied: Copied,
}

impl Profiles {
    /// These profiles.
    pub fn new(chrome: Chrome, name: &str, preview: Preview) -> Profiles {
        let copied = Copied::command(&["parent-segments", "preview", name], &chrome.server);
        Profiles { chrome, name: name.to_owned(), rows: Rows::of("Profiles", preview), copied }
    }
}

/// Whether something is to be deleted, with what depends on it.
#[derive(Debug, Template)]
#[template(path = "parent_segments/deletion.html")]
pub struct Deletion {
    /// What surrounds it.
    pub chrome: Chrome,
    /// What is wrong with that.
    pub summary: Summary,
    /// What kind of thing it is: `parent segment`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// Its page.
    pub page: String,
    /// What goes with it.
    pub words: &'static str,
    /// What depends on it, so that it cannot be deleted: what it is, its address, its name.
    pub users: Vec<(&'static str, String, String)>,
}

impl Deletion {
    fn copied(&self) -> Copied {
        let kind = format!("{}s", self.kind.replace(' ', "-"));
        Copied::command(&[&kind, "delete", &self.name], &self.chrome.server)
    }
}
