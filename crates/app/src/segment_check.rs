//! A segment that is to be kept, looked at: everything wrong with it at once.
//!
//! Knows documents; rules are the model's.

use api::SegmentSpec;
use model::{Problem, Problems, Rule};
use store::Document;

use crate::activations::{ACTIVATION, ActivationBody};
use crate::book::Entry;
use crate::names;
use crate::parents::{PARENT, ParentBody};
use crate::segments::SegmentBody;
use crate::{App, AppError};

/// Documents that are looked through at most.
const ALL: u32 = 100_000;
/// Longest description.
const LONGEST_DESCRIPTION: usize = 2_000;
/// Longest folder, with all its parts.
const LONGEST_FOLDER: usize = 300;

impl App {
    /// The parent segment of a segment that is to be kept, when nothing is wrong with it. The caller holds `scheduling`.
    pub(crate) async fn check_segment(
        &self,
        spec: &SegmentSpec,
        old: Option<(&Document, &SegmentBody)>,
    ) -> Result<Document, AppError> {
        let mut problems = Problems::default();
        problems.keep(names::check("segment.name", &spec.name));
        // A reference to it would mean the segment of that number, once there is one.
        if !spec.name.is_empty() && spec.name.bytes().all(|byte| byte.is_ascii_digit()) {
            let problem = Problem::at("segment.name", "is a number, which rules would take for a segment id");
            problems.push(problem.hint("give it a letter"));
        }
        if spec.description.as_deref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
            let message = format!("is longer than {LONGEST_DESCRIPTION} characters");
            problems.push(Problem::at("segment.description", message));
        }
        if let Some(folder) = &spec.folder {
            problems.keep(check_folder(folder));
        }
        let rule = match Rule::parse(&spec.rule, "segment.rule") {
            Ok(rule) => Some(rule),
            Err(found) => {
                problems.extend(found);
                None
            }
        };
        let parent = self.parent_named(&spec.parent_segment, &mut problems).await?;
        if let (Some(parent), Some(rule)) = (&parent, &rule) {
            let mut book = self.book(&parent.id).await?;
            book.0.retain(|entry| old.is_none_or(|(old, _)| entry.id != old.id));
            let number = old.map_or(0, |(_, body)| body.number);
            let (id, name) = (String::new(), spec.name.clone());
            book.0.push(Entry { id, number, name, rule: rule.clone() });
            let audience = ParentBody::of(parent)?.audience()?;
            problems.extend(rule.check(&audience, "segment.rule", &book));
        }
        if let (Some((old, before)), Some(parent)) = (old, &parent) {
            self.check_users(spec, old, before, parent, &mut problems).await?;
        }
        problems.or(|| parent)?.ok_or_else(|| AppError::NotFound { what: "the parent segment".into(), hint: None })
    }

    /// Whoever uses a segment goes on finding it.
    async fn check_users(
        &self,
        spec: &SegmentSpec,
        old: &Document,
        before: &SegmentBody,
        parent: &Document,
        problems: &mut Problems,
    ) -> Result<(), AppError> {
        let book = self.book(&before.parent).await?;
        let named = |entry: &&Entry| entry.id != old.id && entry.rule.references().contains(&old.name);
        let users: Vec<String> = book.0.iter().filter(named).map(|entry| entry.name.clone()).collect();
        if spec.name != old.name && !users.is_empty() {
            let message = format!("cannot change: {} refer to it by its name", names::listed(&users));
            let hint = format!("have them refer to it by its number, {}", before.number);
            problems.push(Problem::at("segment.name", message).hint(hint));
        }
        let mut users: Vec<String> =
            book.referring(before.number).map(|entry| format!("segment {}", entry.name)).collect();
        for document in self.0.store.documents(ACTIVATION, None, ALL).await? {
            if ActivationBody::of(&document)?.segment == old.id {
                users.push(format!("activation {}", document.name));
            }
        }
        if parent.id != before.parent && !users.is_empty() {
            let message = format!("cannot change while it is used by {}", names::listed(&users));
            problems.push(Problem::at("segment.parent_segment", message));
        }
        Ok(())
    }

    /// The parent segment of this name.
    async fn parent_named(&self, name: &str, problems: &mut Problems) -> Result<Option<Document>, AppError> {
        const PLACE: &str = "segment.parent_segment";
        if name.is_empty() {
            problems.push(Problem::at(PLACE, "is missing").hint("name the parent segment whose profiles it is about"));
            return Ok(None);
        }
        let found = self.0.store.document(PARENT, name).await?;
        if found.is_none() {
            let error = self.no_such("parent segment", PARENT, name).await?;
            let problem = Problem::at(PLACE, format!("there is no parent segment {name}"));
            problems.push(match error.hint() {
                Some(hint) => problem.hint(hint),
                None => problem.hint("make one first"),
            });
        }
        Ok(found)
    }
}

fn check_folder(folder: &str) -> Result<(), Problem> {
    let wrong = |message: String| {
        Err(Problem::at("segment.folder", message).hint("write its parts with / between them: Europe/Buyers"))
    };
    if folder.chars().count() > LONGEST_FOLDER {
        return wrong(format!("is longer than {LONGEST_FOLDER} characters"));
    }
    match folder.split('/').map(|part| names::check("segment.folder", part)).find_map(Result::err) {
        Some(_) => wrong("has a part that is no name".into()),
        None => Ok(()),
    }
}
