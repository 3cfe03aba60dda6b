//! Activations as they are shown.
//!
//! Knows what people see of an activation; how it is kept is `activations`'.

use std::collections::HashMap;

use api::{Activation, ActivationSchedule, ActivationSpec, Cause, Job, Page, ScheduleState, Scope};
use store::Document;

use crate::activations::{ACTIVATION, ActivationBody};
use crate::names;
use crate::parents::PARENT;
use crate::segments::{SEGMENT, SegmentBody};
use crate::timetable::{Halt, Standing, Timetable};
use crate::{Actor, App, AppError};

/// Documents that are looked through at most.
const ALL: u32 = 100_000;
/// Documents that are looked at in one go for those that are asked for.
const CHUNK: u32 = 500;

impl App {
    /// Activations by name, of one segment where it is asked for.
    ///
    /// # Errors
    /// There is no such segment; see [`AppError`].
    pub async fn activations(
        &self,
        actor: &Actor,
        segment: Option<&str>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<Activation>, AppError> {
        actor.require(Scope::Read)?;
        let segment = match segment {
            Some(name) => Some(self.segment_document(name).await?.id),
            None => None,
        };
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let (mut found, mut after, mut next) = (Vec::new(), after.map(str::to_owned), None);
        'pages: loop {
            let documents = self.0.store.documents(ACTIVATION, after.as_deref(), CHUNK).await?;
            let last = (documents.len() as u64) < u64::from(CHUNK);
            for document in documents {
                after = Some(document.name.clone());
                let body = ActivationBody::of(&document)?;
                if segment.as_ref().is_none_or(|segment| *segment == body.segment) {
                    found.push((document, body));
                    if found.len() == most {
                        next = after;
                        break 'pages;
                    }
                }
            }
            if last {
                break;
            }
        }
        Ok(Page { items: self.activation_views(found).await?, next })
    }

    /// One activation.
    ///
    /// # Errors
    /// There is no such activation; see [`AppError`].
    pub async fn activation(&self, actor: &Actor, name: &str) -> Result<Activation, AppError> {
        actor.require(Scope::Read)?;
        self.activation_view(self.activation_document(name).await?).await
    }

    pub(crate) async fn activation_view(&self, document: Document) -> Result<Activation, AppError> {
        let body = ActivationBody::of(&document)?;
        let gone = || AppError::Failed { message: "the activation cannot be shown".into() };
        self.activation_views(vec![(document, body)]).await?.pop().ok_or_else(gone)
    }

    /// Activations as they are shown, with one look at everything else for all of them.
    async fn activation_views(&self, found: Vec<(Document, ActivationBody)>) -> Result<Vec<Activation>, AppError> {
        let connections = self.connection_names().await?;
        let parents = self.0.store.documents(PARENT, None, ALL).await?;
        let parents: HashMap<String, String> = parents.into_iter().map(|parent| (parent.id, parent.name)).collect();
        let mut segments = HashMap::new();
        for document in self.0.store.documents(SEGMENT, None, ALL).await? {
            let parent = SegmentBody::of(&document)?.parent;
            segments.insert(document.id, (document.name, parents.get(&parent).cloned().unwrap_or_default()));
        }
        let ids: Vec<String> = found.iter().map(|(document, _)| document.id.clone()).collect();
        let newest = self.0.store.newest_jobs_of(&ids).await?;
        let of: Vec<Option<String>> = newest.iter().map(|job| job.query.clone()).collect();
        let mut last: HashMap<Option<String>, Job> = of.into_iter().zip(self.job_views(newest).await?).collect();
        let mut views = Vec::with_capacity(found.len());
        for (document, body) in found {
            let (segment, parent_segment) = segments.get(&body.segment).cloned().unwrap_or_default();
            let schedule = match self.scheduled(document.clone()).await? {
                Some(scheduled) => Some(shown_schedule(&scheduled.table, &scheduled.standing, self.now())),
                None => put_away(&body.spec),
            };
            let mut spec = ActivationSpec { name: document.name, segment, ..body.spec };
            spec.export.connection = connections.get(&body.connection).cloned().unwrap_or_default();
            views.push(Activation {
                revision: document.revision,
                created: names::time(document.created),
                created_by: body.created_by,
                updated: names::time(document.updated),
                updated_by: body.updated_by,
                parent_segment,
                spec,
                schedule,
                last_job: last.remove(&Some(document.id)),
            });
        }
        Ok(views)
    }
}

/// The schedule of an activation that is disabled.
fn put_away(spec: &ActivationSpec) -> Option<ActivationSchedule> {
    let table = Timetable::of(spec.schedule.as_ref()?, "schedule").ok().flatten()?;
    let reason = Cause { message: "the activation is disabled".into(), hint: Some("enable it".into()) };
    Some(ActivationSchedule { words: table.words(), state: ScheduleState::Paused, reason: Some(reason), next: None })
}

fn shown_schedule(table: &Timetable, standing: &Standing, now: i64) -> ActivationSchedule {
    let state = match (&standing.disabled, &standing.paused) {
        (Some(_), _) => ScheduleState::Disabled,
        (None, Some(_)) => ScheduleState::Paused,
        (None, None) => ScheduleState::Active,
    };
    let next = table.next_start(standing.cursor.min(now)).filter(|_| state == ScheduleState::Active);
    ActivationSchedule {
        words: table.words(),
        state,
        reason: standing.halt().map(Halt::cause),
        next: next.map(names::time),
    }
}
