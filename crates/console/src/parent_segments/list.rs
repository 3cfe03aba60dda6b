//! The list of parent segments.

use api::{ParentSegment, Segment};
use askama::Template;

use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::jobs::LastJob;
use crate::words::{Moment, distance, plural};

/// The list.
#[derive(Debug, Template)]
#[template(path = "parent_segments/list.html")]
pub struct ParentList {
    chrome: Chrome,
    lines: Vec<Line>,
    next: Option<String>,
    first: bool,
    copied: Copied,
}

#[derive(Debug)]
struct Line {
    name: String,
    part: String,
    description: Option<String>,
    profiles: String,
    refreshed: Option<Moment>,
    segments: String,
    last: Option<LastJob>,
}

impl ParentList {
    /// These; `next` is where the next page begins, and `first` whether this is the first one.
    pub fn new(chrome: Chrome, parents: Vec<ParentSegment>, next: Option<String>, first: bool) -> ParentList {
        let lines = parents.into_iter().map(|parent| Line {
            part: crate::part(&parent.spec.name),
            profiles: parent.snapshot.as_ref().map_or_else(
                || "No profiles yet: it was never refreshed".into(),
                |snapshot| plural(snapshot.population, "profile", "profiles"),
            ),
            refreshed: parent.snapshot.as_ref().map(|snapshot| distance(&snapshot.at)),
            segments: plural(parent.segments, "segment", "segments"),
            last: parent.last_job.as_ref().map(LastJob::of),
            name: parent.spec.name,
            description: parent.spec.description,
        });
        let copied = Copied::command(&["parent-segments", "list"], &chrome.server);
        ParentList { chrome, lines: lines.collect(), next: next.map(|next| crate::part(&next)), first, copied }
    }
}

/// A segment in the list of its parent segment.
#[derive(Debug)]
pub(super) struct SegmentLine {
    pub(super) name: String,
    pub(super) part: String,
    pub(super) folder: Option<String>,
    pub(super) profiles: String,
    pub(super) counted: Option<Moment>,
    pub(super) activations: String,
}

impl SegmentLine {
    pub(super) fn of(segment: &Segment) -> SegmentLine {
        SegmentLine {
            name: segment.spec.name.clone(),
            part: crate::part(&segment.spec.name),
            folder: segment.spec.folder.clone(),
            profiles: segment
                .population
                .as_ref()
                .map_or_else(|| "not counted yet".into(), |population| plural(population.count, "profile", "profiles")),
            counted: segment.population.as_ref().map(|population| distance(&population.at)),
            activations: plural(segment.activations.len() as u64, "activation", "activations"),
        }
    }
}
