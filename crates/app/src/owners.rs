//! What jobs and schedules are of: a query, an activation, the refresh of a parent segment.
//!
//! Knows how each becomes a run; not when. All of them take one path: a job with SQL and settings.

use api::{JobKind, Notify, Overlap, Schedule, Scheduled};
use model::Problem;
use serde_json::Value;
use store::Document;

use crate::activations::{ACTIVATION, ActivationBody, disabled};
use crate::enqueue::Enqueue;
use crate::parents::{PARENT, ParentBody};
use crate::queries::{QUERY, body_of};
use crate::{App, AppError, JobFilter};

/// The first letter of the ids of queries, by which a job knows what it is of.
pub(crate) const QUERY_LETTER: &str = "q";
/// The same of activations.
pub(crate) const ACTIVATION_LETTER: &str = "a";
/// The same of parent segments.
pub(crate) const PARENT_LETTER: &str = "p";

/// What the id of a job's or schedule's document is of.
pub(crate) fn owner_of(id: &str) -> Scheduled {
    if id.starts_with(ACTIVATION_LETTER) {
        Scheduled::Activation
    } else if id.starts_with(PARENT_LETTER) {
        Scheduled::ParentSegment
    } else {
        Scheduled::Query
    }
}

/// The kind of document that has such schedules.
pub(crate) fn kind_of(of: Scheduled) -> &'static str {
    match of {
        Scheduled::Query => QUERY,
        Scheduled::Activation => ACTIVATION,
        Scheduled::ParentSegment => PARENT,
    }
}

/// The schedule that a document has; one of an activation that is disabled is none.
pub(crate) fn schedule_of(document: &Document) -> Result<Option<Schedule>, AppError> {
    Ok(match owner_of(&document.id) {
        Scheduled::Query => body_of(document)?.spec.schedule,
        Scheduled::Activation => {
            let spec = ActivationBody::of(document)?.spec;
            spec.schedule.filter(|_| spec.enabled)
        }
        Scheduled::ParentSegment => ParentBody::of(document)?.spec.schedule,
    })
}

/// Who is told of the outcomes of a document's jobs.
pub(crate) fn notify_of(document: &Document) -> Result<Option<Notify>, AppError> {
    Ok(match owner_of(&document.id) {
        Scheduled::Query => body_of(document)?.spec.notify,
        Scheduled::Activation => ActivationBody::of(document)?.spec.notify,
        Scheduled::ParentSegment => ParentBody::of(document)?.spec.notify,
    })
}

/// The connection, settings and overlap that a query or an activation exports with.
pub(crate) fn export_of(document: &Document) -> Result<Option<(String, Value, Overlap)>, AppError> {
    Ok(match owner_of(&document.id) {
        Scheduled::Query => {
            let body = body_of(document)?;
            let export = body.connection.zip(body.spec.export);
            export.map(|(connection, export)| (connection, Value::Object(export.settings.0), body.spec.overlap))
        }
        Scheduled::Activation => {
            let body = ActivationBody::of(document)?;
            Some((body.connection, Value::Object(body.spec.export.settings.0), body.spec.overlap))
        }
        Scheduled::ParentSegment => None,
    })
}

impl App {
    /// A run of what the document says, as it is today, for a scheduled time in seconds since 1970.
    pub(crate) async fn scheduled_run(&self, document: &Document, time: i64) -> Result<Enqueue, AppError> {
        match owner_of(&document.id) {
            Scheduled::Query => self.run_of(document, body_of(document)?, None).await,
            Scheduled::Activation => self.activation_run(document, JobKind::Export, time).await,
            // The job reads the tables itself.
            Scheduled::ParentSegment => Ok(App::bare_run(document)),
        }
    }

    /// A run with what the document alone says: of a refresh all that there is, of others enough to write down that they
    /// cannot begin.
    pub(crate) fn bare_run(document: &Document) -> Enqueue {
        let kind = match owner_of(&document.id) {
            Scheduled::Query => {
                if let Ok(body) = body_of(document) {
                    return Enqueue::of(document, body, JobKind::Export);
                }
                JobKind::Export
            }
            Scheduled::Activation => JobKind::Export,
            Scheduled::ParentSegment => JobKind::Result,
        };
        Enqueue {
            id: None,
            query: Some((document.id.clone(), document.name.clone())),
            connection: None,
            business_unit: String::new(),
            kind,
            sql: String::new(),
            settings: Value::Object(serde_json::Map::new()),
            parent: None,
            result: None,
            overlap: Overlap::Queue,
            time_limit: None,
            scheduled: None,
            changes: Vec::new(),
            stillborn: None,
        }
    }

    /// The document of this kind and name.
    pub(crate) async fn owner(&self, of: Scheduled, name: &str) -> Result<Document, AppError> {
        let kind = kind_of(of);
        match self.0.store.document(kind, name).await? {
            Some(document) => Ok(document),
            None => Err(self.no_such(of.words(), kind, name).await?),
        }
    }

    /// That there is none of this name, with the nearest one.
    pub(crate) async fn no_such(&self, what: &'static str, kind: &str, name: &str) -> Result<AppError, AppError> {
        let known = self.0.store.documents(kind, None, 100_000).await?;
        Ok(AppError::not_found(what, name, known.iter().map(|document| document.name.as_str())))
    }

    /// The id of the query, activation or parent segment whose jobs are asked for.
    pub(crate) async fn asked_owner(&self, filter: &JobFilter) -> Result<Option<String>, AppError> {
        let JobFilter { query, activation, parent_segment, .. } = filter;
        let asked = [
            (Scheduled::Query, query),
            (Scheduled::Activation, activation),
            (Scheduled::ParentSegment, parent_segment),
        ];
        let mut asked = asked.into_iter().filter_map(|(of, name)| Some((of, name.as_ref()?)));
        match (asked.next(), asked.next()) {
            (Some((of, name)), None) => Ok(Some(self.owner(of, name).await?.id)),
            (Some(_), Some(_)) => {
                let problem = Problem::at("query", "a job is of a query, of an activation or of a parent segment");
                Err(problem.hint("ask for one of them").into())
            }
            (None, _) => Ok(None),
        }
    }

    /// The rows of an activation that is disabled are not sent, nor sent again.
    pub(crate) async fn may_send_again(&self, old: &store::Job) -> Result<(), AppError> {
        let Some(id) = &old.query else { return Ok(()) };
        match owner_of(id) {
            Scheduled::Query => return Ok(()),
            Scheduled::Activation => {}
            Scheduled::ParentSegment => {
                return Err(AppError::Conflict {
                    message: format!("job {} refreshed profiles: it has no rows to send", old.id),
                    hint: Some("run an activation of a segment".into()),
                });
            }
        }
        match self.0.store.document_by_id(id).await? {
            Some(document) if !ActivationBody::of(&document)?.spec.enabled => Err(disabled(&document.name)),
            Some(_) | None => Ok(()),
        }
    }
}
