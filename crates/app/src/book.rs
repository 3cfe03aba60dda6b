//! The segments of a parent segment with their rules, as rules refer to each other.
//!
//! Knows numbers and names; what a reference does is the model's.

use model::{Audience, Named, Problems, Rule, Segments};

use crate::activations::{ACTIVATION, ActivationBody};
use crate::segments::{SEGMENT, SegmentBody};
use crate::{App, AppError};

/// Documents that are looked through at most.
const ALL: u32 = 100_000;
/// What does not fit is told so often at most.
const MOST_UNFIT: usize = 20;

/// A segment and its rule, understood.
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) number: u64,
    pub(crate) name: String,
    pub(crate) rule: Rule,
}

/// The segments of one parent segment, as rules refer to them: by number, else by name.
pub(crate) struct Book(pub(crate) Vec<Entry>);

impl Book {
    fn entry(&self, reference: &str) -> Option<&Entry> {
        let number = reference.parse::<u64>().ok();
        let by_number = self.0.iter().find(|entry| Some(entry.number) == number);
        by_number.or_else(|| self.0.iter().find(|entry| entry.name == reference))
    }

    /// The segments that refer to this one, by its number or its name.
    pub(crate) fn referring(&self, number: u64) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(move |entry| {
            let names = |reference: &String| self.entry(reference).is_some_and(|found| found.number == number);
            entry.rule.references().iter().any(names)
        })
    }
}

impl Segments for Book {
    fn find(&self, reference: &str) -> Option<Named<'_>> {
        let entry = self.entry(reference)?;
        Some(Named { number: entry.number, name: &entry.name, rule: &entry.rule })
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|entry| entry.name.as_str()).collect()
    }
}

impl App {
    /// The segments of a parent segment, and their activations, that name what these profiles do not have: each with the first
    /// thing that is wrong, at most [`MOST_UNFIT`].
    pub(crate) async fn unfit(&self, parent: &str, audience: &Audience) -> Result<Vec<String>, AppError> {
        let book = self.book(parent).await?;
        let first = |found: Problems| found.iter().next().map(|problem| format!("{}: {}", problem.at, problem.message));
        let mut unfit = Vec::new();
        for entry in &book.0 {
            if let Some(wrong) = first(entry.rule.check(audience, "rule", &book)) {
                unfit.push(format!("segment {}: {wrong}", entry.name));
            }
        }
        for document in self.0.store.documents(ACTIVATION, None, ALL).await? {
            let body = ActivationBody::of(&document)?;
            if book.0.iter().any(|entry| entry.id == body.segment)
                && let Some(wrong) = first(body.spec.output.check(audience, "output"))
            {
                unfit.push(format!("activation {}: {wrong}", document.name));
            }
        }
        unfit.truncate(MOST_UNFIT);
        Ok(unfit)
    }

    /// The segments of a parent segment, with their rules. One whose rule cannot be read is left out: who refers to it hears
    /// that there is none.
    pub(crate) async fn book(&self, parent: &str) -> Result<Book, AppError> {
        let mut entries = Vec::new();
        for document in self.0.store.documents(SEGMENT, None, ALL).await? {
            let body = SegmentBody::of(&document)?;
            if body.parent == parent
                && let Ok(rule) = Rule::trusted(&body.spec.rule)
            {
                entries.push(Entry { id: document.id, number: body.number, name: document.name, rule });
            }
        }
        Ok(Book(entries))
    }
}
