//! Pages of schedules, all of them or some.
//!
//! Knows in which order they come and which are left out; what is shown of one is `schedules`'.

use std::collections::HashMap;

use api::{Page, ScheduleState, ScheduleView, Scheduled as Of, Scope};
use model::Problem;
use store::Document;

use crate::owners::kind_of;
use crate::schedules::Scheduled;
use crate::timetable::STANDING;
use crate::{Actor, App, AppError};

/// Queries that are looked at in one go for those with a schedule.
const CHUNK: u32 = 200;

/// Which schedules are asked for; all when nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScheduleFilter {
    /// A part of the name of what it runs; upper and lower case do not differ.
    pub name: String,
    /// Those that stand so.
    pub state: Option<ScheduleState>,
    /// Those of this kind.
    pub of: Option<Of>,
}

impl App {
    /// Schedules: of queries by name, then of activations, then of parent segments; `after` is the `next` of the page before.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn schedules(
        &self,
        actor: &Actor,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<ScheduleView>, AppError> {
        self.schedules_like(actor, &ScheduleFilter::default(), after, limit).await
    }

    /// The same, of those that a filter takes. Each query is looked at once, and no further than the page goes.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn schedules_like(
        &self,
        actor: &Actor,
        filter: &ScheduleFilter,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<ScheduleView>, AppError> {
        actor.require(Scope::Read)?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let (mut of, mut name) = place(after)?;
        let mut found = Vec::new();
        let next = 'pages: loop {
            let wanted = filter.of.is_none_or(|wanted| wanted == of);
            let documents = if wanted { self.named_like(of, filter, name.as_deref()).await? } else { Vec::new() };
            let last = (documents.len() as u64) < u64::from(CHUNK);
            name = documents.last().map(|document| document.name.clone()).or(name);
            for scheduled in self.with_standings(documents).await? {
                if filter.state.is_some_and(|wanted| wanted != scheduled.standing.state()) {
                    continue;
                }
                let name = scheduled.query.name.clone();
                found.push(scheduled);
                if found.len() == most {
                    break 'pages Some(format!("{}{name}", mark(of)));
                }
            }
            if last {
                match of {
                    Of::Query => (of, name) = (Of::Activation, None),
                    Of::Activation => (of, name) = (Of::ParentSegment, None),
                    Of::ParentSegment => break None,
                }
            }
        };
        Ok(Page { items: self.schedule_views(found).await?, next })
    }

    async fn named_like(
        &self,
        of: Of,
        filter: &ScheduleFilter,
        after: Option<&str>,
    ) -> Result<Vec<Document>, AppError> {
        Ok(match filter.name.as_str() {
            "" => self.0.store.documents(kind_of(of), after, CHUNK).await?,
            name => self.0.store.documents_like(kind_of(of), name, after, CHUNK).await?,
        })
    }

    /// Those of these queries that have a schedule, with how it stands.
    async fn with_standings(&self, documents: Vec<Document>) -> Result<Vec<Scheduled>, AppError> {
        // The name of a standing is the id of what it is of.
        let ids: Vec<String> = documents.iter().map(|document| document.id.clone()).collect();
        let standings = self.0.store.documents_named(STANDING, &ids).await?;
        let mut standings: HashMap<String, Document> =
            standings.into_iter().map(|standing| (standing.name.clone(), standing)).collect();
        let mut found = Vec::new();
        for document in documents {
            let Some(standing) = standings.remove(&document.id) else { continue };
            found.extend(Scheduled::of(document, standing)?);
        }
        Ok(found)
    }
}

/// The words before the name where a page of schedules goes on after an activation or a parent segment.
fn mark(of: Of) -> &'static str {
    match of {
        Of::Query => "",
        Of::Activation => "activation:",
        Of::ParentSegment => "parent_segment:",
    }
}

/// Where a page of schedules goes on. No name has a colon.
fn place(after: Option<&str>) -> Result<(Of, Option<String>), Problem> {
    let Some(after) = after else { return Ok((Of::Query, None)) };
    let marked = [Of::Activation, Of::ParentSegment];
    let found = marked.into_iter().find_map(|of| after.strip_prefix(mark(of)).map(|name| (of, name)));
    let (of, name) = found.unwrap_or((Of::Query, after));
    if name.contains(':') {
        return Err(Problem::at("after", "is not the next of a page of schedules").hint("begin without after"));
    }
    Ok((of, Some(name.to_owned())))
}
