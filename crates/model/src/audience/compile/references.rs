//! References to other segments: each becomes one part, however often it is referred to.
//!
//! Knows the parts of segments, and which segments are broken; whether they are there, and rings, were looked at before.

use super::super::PROFILE;
use super::super::rule::{Reference, shown};
use super::super::segments::Named;
use super::super::select::{Condition, Lines};
use super::{Compiler, Scope};
use crate::Problem;

/// Why a segment cannot be used: the first problem of it, or of the segment far behind it that is at the bottom of it all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    /// The segment with the problem.
    number: u64,
    name: String,
    first: Problem,
}

impl Broken {
    /// What is said where the segment `found` is referred to: the message, and the hint.
    fn told(&self, found: Named<'_>) -> (String, String) {
        let (Problem { at, message, .. }, name) = (&self.first, shown(&self.name));
        if self.number == found.number {
            return (format!("segment {name} cannot be used: {at}: {message}"), "mend that segment first".into());
        }
        let found = shown(found.name);
        let message = format!("segment {found} cannot be used, because it draws in segment {name}: {at}: {message}");
        (message, format!("mend segment {name} first"))
    }
}

impl Compiler<'_> {
    pub(super) fn reference(&mut self, reference: &Reference, scope: &mut Scope) -> Option<Condition> {
        if !self.follow {
            return None;
        }
        let found = self.segments.find(&reference.id)?;
        let known = match self.known.get(&found.number) {
            Some(known) => known.clone(),
            None => {
                let known = self.segment(found)?;
                self.known.insert(found.number, known.clone());
                known
            }
        };
        match known {
            Ok(part) => {
                scope.join(&part);
                let condition = Condition::In(part);
                Some(if reference.exclude { condition.not() } else { condition })
            }
            Err(broken) => {
                if self.problems.is_empty() {
                    self.blamed = Some(broken.clone());
                }
                // A segment's own problems are said at the place that draws it in.
                let (message, hint) = broken.told(found);
                self.wrong(&format!("{}.id", reference.place), message, Some(hint));
                None
            }
        }
    }

    /// The part of a segment, or what is wrong with it; `None` where the whole has become too large.
    fn segment(&mut self, found: Named<'_>) -> Option<Result<String, Broken>> {
        let outer = std::mem::replace(&mut self.root, "rule".into());
        let before = std::mem::take(&mut self.problems);
        let blamed = self.blamed.take();
        let select = self.rule(found.rule);
        self.root = outer;
        let problems = std::mem::replace(&mut self.problems, before);
        let behind = std::mem::replace(&mut self.blamed, blamed);
        if self.size.too_large().is_some() {
            return None;
        }
        if let Some(first) = problems.iter().next() {
            let own = || Broken { number: found.number, name: found.name.to_owned(), first: first.clone() };
            return Some(Err(behind.unwrap_or_else(own)));
        }
        Some(Ok(self.segment_part(found.number, select?.lines(&format!("c.{PROFILE}")))))
    }

    fn segment_part(&mut self, number: u64, body: Lines) -> String {
        let name = format!("segment_{number}");
        if self.parts.iter().any(|(known, _)| *known == name) {
            return self.part("segment", body);
        }
        self.push(name, body)
    }
}
