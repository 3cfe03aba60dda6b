//! Segments that refer to segments: whether they are there, and whether they refer to themselves.
//!
//! Knows names, numbers and references; not conditions, not SQL.

use std::collections::BTreeMap;

use super::rule::{Reference, Rule, shown};
use crate::nearest::nearest;
use crate::{Problem, Problems};

/// So many segments may be drawn in through references, counted as often as they are used: each is part of the same SQL.
const MOST: u64 = 100;

/// So long may a chain of references be.
const LONGEST_CHAIN: usize = 30;

/// The other segments of the parent segment.
///
/// When the rule of a segment is about to change, this gives the new rule under the segment's number, so that a ring that the
/// change would close is found.
pub trait Segments {
    /// The segment that a reference means: by its number as text first, else by its name.
    fn find(&self, reference: &str) -> Option<Named<'_>>;

    /// The name of every segment, for hints.
    fn names(&self) -> Vec<&str>;
}

/// A segment that can be referred to.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// Its number within the parent segment.
    pub number: u64,
    /// Its name, for messages.
    pub name: &'a str,
    /// Its rule.
    pub rule: &'a Rule,
}

/// Everything wrong with the references of a rule.
pub(crate) fn check(rule: &Rule, root: &str, segments: &dyn Segments) -> Problems {
    let mut walk = Walk { segments, chain: Vec::new(), uses: BTreeMap::new() };
    let mut problems = Problems::default();
    let mut all: u64 = 0;
    rule.root.references(&mut |reference| match walk.uses(reference) {
        Ok(uses) => all = all.saturating_add(uses),
        Err((message, hint)) => {
            problems.push(Problem::at(format!("{root}{}.id", reference.place), message).hint(hint));
        }
    });
    if all > MOST {
        let message = format!("draws in {all} segments through its references; at most {MOST} are possible");
        problems.push(Problem::at(root, message).hint("segments that refer to the same segment draw it in once each"));
    }
    problems
}

struct Walk<'a> {
    segments: &'a dyn Segments,
    chain: Vec<(u64, &'a str)>,
    /// How many segments each segment draws in, itself included.
    uses: BTreeMap<u64, u64>,
}

impl<'a> Walk<'a> {
    fn uses(&mut self, reference: &Reference) -> Result<u64, (String, String)> {
        let Some(found) = self.segments.find(&reference.id) else {
            let message = match self.chain.last() {
                None => format!("there is no segment {}", shown(&reference.id)),
                Some((_, name)) => {
                    format!("segment {} refers to {}, which is no segment", shown(name), shown(&reference.id))
                }
            };
            let hint = match nearest(&reference.id, self.segments.names()) {
                Some(near) => format!("did you mean {}?", shown(near)),
                None => "write the number or the name of a segment of this parent segment".into(),
            };
            return Err((message, hint));
        };
        if let Some(begin) = self.chain.iter().position(|(number, _)| *number == found.number) {
            let mut ring: Vec<String> = self.chain[begin..].iter().map(|(_, name)| shown(name)).collect();
            ring.push(shown(found.name));
            let message = format!("segments refer to one another in a ring: {}", ring.join(" → "));
            return Err((message, "take one of these references out".into()));
        }
        if let Some(uses) = self.uses.get(&found.number) {
            return Ok(*uses);
        }
        if self.chain.len() >= LONGEST_CHAIN {
            let message = format!("segments refer to segments over more than {LONGEST_CHAIN} steps");
            return Err((message, "write the conditions themselves".into()));
        }
        self.chain.push((found.number, found.name));
        let mut uses: u64 = 1;
        let mut wrong = None;
        let mut seen = Vec::new();
        let mut references: Vec<&Reference> = Vec::new();
        found.rule.root.references(&mut |reference| references.push(reference));
        for reference in references {
            // One rule joins a segment once, however often it refers to it.
            if seen.contains(&&reference.id) {
                continue;
            }
            seen.push(&reference.id);
            match self.uses(reference) {
                Ok(more) => uses = uses.saturating_add(more),
                Err(error) => {
                    wrong = Some(error);
                    break;
                }
            }
        }
        self.chain.pop();
        self.uses.insert(found.number, uses);
        wrong.map_or(Ok(uses), Err)
    }
}
