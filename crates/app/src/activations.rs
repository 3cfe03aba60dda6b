//! Activations: a segment bound to a connection, kept, run, enabled, copied.
//!
//! Knows documents; what is sent is looked at in `activation_look`. An activation compiles to the SQL and the settings of a
//! query, and takes the same path from there.

use api::{Activation, ActivationCopy, ActivationSpec, Job, JobKind, RunRequest, Scope};
use model::{Audience, Ids, Problem, Problems};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Change, Document};

use crate::enqueue::{Asked, Enqueue};
use crate::names::{self, Write, stale_or};
use crate::owners::ACTIVATION_LETTER;
use crate::parents::ParentBody;
use crate::segments::SegmentBody;
use crate::{Actor, App, AppError};

/// The kind of document that an activation is.
pub(crate) const ACTIVATION: &str = "activation";

/// What is kept of an activation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ActivationBody {
    pub(crate) created_by: String,
    pub(crate) updated_by: String,
    /// The document id of its segment.
    pub(crate) segment: String,
    /// The document id of its connection.
    pub(crate) connection: String,
    /// What was written; the names of activation, segment and connection are their documents'.
    pub(crate) spec: ActivationSpec,
}

impl ActivationBody {
    pub(crate) fn of(document: &Document) -> Result<ActivationBody, AppError> {
        serde_json::from_value(document.body.clone())
            .map_err(|_| AppError::Failed { message: format!("activation {} cannot be read back", document.name) })
    }
}

/// What an activation is about, found.
pub(crate) struct Bound {
    pub(crate) segment: (Document, SegmentBody),
    pub(crate) parent: Document,
}

impl App {
    /// Makes an activation.
    ///
    /// # Errors
    /// Every problem of its mapping, connection, settings and schedule at once; the name is taken; see [`AppError`].
    pub async fn create_activation(&self, actor: &Actor, spec: ActivationSpec) -> Result<Activation, AppError> {
        actor.require(Scope::Edit)?;
        let name = spec.name.clone();
        self.write_activation(actor, &name, spec, Write::New).await.map(|(activation, _)| activation)
    }

    /// Makes or replaces the activation of this name (another name in `spec` renames it). Whether it is new.
    ///
    /// # Errors
    /// Every problem of its mapping, connection, settings and schedule at once; changed since `revision`; see [`AppError`].
    pub async fn put_activation(
        &self,
        actor: &Actor,
        name: &str,
        spec: ActivationSpec,
        revision: Option<u64>,
    ) -> Result<(Activation, bool), AppError> {
        self.write_activation(actor, name, spec, Write::Put(revision)).await
    }

    async fn write_activation(
        &self,
        actor: &Actor,
        name: &str,
        mut spec: ActivationSpec,
        write: Write,
    ) -> Result<(Activation, bool), AppError> {
        actor.require(Scope::Edit)?;
        if spec.name.is_empty() {
            spec.name = name.to_owned();
        }
        let (bound, connection) = self.check_activation(&mut spec).await?;
        let scheduling = self.0.scheduling.lock().await;
        let old = self.0.store.document(ACTIVATION, name).await?;
        if old.is_none() && write.revision().is_some() {
            return Err(self.no_such("activation", ACTIVATION, name).await?);
        }
        if old.is_some() && write.is_new() {
            return Err(names::taken("activation", name));
        }
        if spec.name != name && old.is_some() {
            self.activation_name_is_free(&spec.name).await?;
        }
        // A connection is deleted under this lock.
        let queue = self.0.queue.lock().await;
        // Looking took its time.
        if self.0.store.document_by_id(&connection.id).await?.is_none() {
            return Err(AppError::Stale { what: format!("connection {}", connection.name) });
        }
        self.bound_by_id(&bound.segment.0.id).await?;
        self.webhooks_stay("activation.notify", spec.notify.as_ref()).await?;
        let before = old.as_ref().map(ActivationBody::of).transpose()?;
        let (now, new, new_name) = (self.now(), old.is_none(), spec.name.clone());
        let was = before.as_ref().and_then(|before| before.spec.schedule.clone());
        let enabled = spec.enabled && before.as_ref().is_some_and(|before| !before.spec.enabled);
        spec.export.connection.clear();
        let body = ActivationBody {
            created_by: before.map_or_else(|| actor.shown(), |before| before.created_by),
            updated_by: actor.shown(),
            segment: bound.segment.0.id,
            connection: connection.id,
            spec: ActivationSpec { name: String::new(), segment: String::new(), ..spec },
        };
        let id = old.as_ref().map_or_else(|| names::new_id(ACTIVATION_LETTER), |old| old.id.clone());
        let mut changes = self.standing_changes(&id, was.as_ref(), body.spec.schedule.as_ref(), now).await?;
        if enabled && changes.is_empty() {
            changes = self.standing_begins(&id, now).await?;
        }
        changes.push(names::put(
            old.as_ref(),
            names::document(id, ACTIVATION, &new_name, &body, now),
            write.revision(),
        ));
        let action = if new { "activation.create" } else { "activation.update" };
        changes.push(actor.audit(action, name, json!({ "name": new_name, "enabled": body.spec.enabled })));
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("activation {new_name}")))?;
        drop((queue, scheduling));
        self.schedules_changed();
        Ok((self.activation_view(self.activation_document(&new_name).await?).await?, new))
    }

    /// Deletes an activation; its jobs stay.
    ///
    /// # Errors
    /// There is no such activation; see [`AppError`].
    pub async fn delete_activation(&self, actor: &Actor, name: &str) -> Result<(), AppError> {
        actor.require(Scope::Edit)?;
        let scheduling = self.0.scheduling.lock().await;
        let document = self.activation_document(name).await?;
        let mut changes = self.forget_schedule(&document.id).await?;
        changes.push(Change::DeleteDocument { id: document.id });
        changes.push(actor.audit("activation.delete", name, Value::Null));
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("activation {name}")))?;
        drop(scheduling);
        self.schedules_changed();
        Ok(())
    }

    /// Has an activation run again, or not at all.
    ///
    /// # Errors
    /// There is no such activation, or it is so already; see [`AppError`].
    pub async fn enable_activation(&self, actor: &Actor, name: &str, enabled: bool) -> Result<Activation, AppError> {
        actor.require(Scope::Edit)?;
        let scheduling = self.0.scheduling.lock().await;
        let document = self.activation_document(name).await?;
        let mut body = ActivationBody::of(&document)?;
        let word = if enabled { "enabled" } else { "disabled" };
        if body.spec.enabled == enabled {
            return Err(AppError::Conflict { message: format!("activation {name} is {word} already"), hint: None });
        }
        let now = self.now();
        (body.spec.enabled, body.updated_by) = (enabled, actor.shown());
        let mut changes = if enabled { self.standing_begins(&document.id, now).await? } else { Vec::new() };
        changes.push(Change::ReplaceDocument {
            id: document.id.clone(),
            revision: Some(document.revision),
            name: document.name.clone(),
            body: serde_json::to_value(&body).unwrap_or_default(),
            now,
        });
        let action = if enabled { "activation.enable" } else { "activation.disable" };
        changes.push(actor.audit(action, name, Value::Null));
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("activation {name}")))?;
        drop(scheduling);
        self.schedules_changed();
        self.activation_view(self.activation_document(name).await?).await
    }

    /// Makes another activation like this one. It is disabled, so that nobody hears of it and nothing is sent before it was
    /// looked at.
    ///
    /// # Errors
    /// There is no such activation; the name is taken; see [`AppError`].
    pub async fn copy_activation(
        &self,
        actor: &Actor,
        name: &str,
        copy: ActivationCopy,
    ) -> Result<Activation, AppError> {
        actor.require(Scope::Edit)?;
        let view = self.activation_view(self.activation_document(name).await?).await?;
        self.create_activation(actor, ActivationSpec { name: copy.name, enabled: false, ..view.spec }).await
    }

    /// Starts a job of an activation. The same `once` key gives the same job again (`true`).
    ///
    /// # Errors
    /// It is disabled; its parent segment was never refreshed; its rule or mapping does not fit the profiles any more; see
    /// [`AppError`].
    pub async fn run_activation(
        &self,
        actor: &Actor,
        name: &str,
        request: RunRequest,
        once: Option<&str>,
    ) -> Result<(Job, bool), AppError> {
        actor.require(Scope::Run)?;
        let document = self.activation_document(name).await?;
        let body = ActivationBody::of(&document)?;
        if !body.spec.enabled {
            return Err(disabled(name));
        }
        if request.kind == Some(JobKind::Refresh) {
            let problem = Problem::at("kind", "an activation refreshes nothing");
            return Err(problem.hint("export or result; refresh its parent segment").into());
        }
        let scheduled =
            request.scheduled_time.as_deref().map(|text| names::moment("scheduled_time", text)).transpose()?;
        let mut asked = json!({ "activate": name, "kind": request.kind });
        if let Some(scheduled) = scheduled {
            asked["scheduled_time"] = scheduled.into();
        }
        let kind = request.kind.unwrap_or(JobKind::Export);
        let new = self.activation_run(&document, kind, scheduled.unwrap_or_else(|| self.now())).await?;
        let once = once.map(|key| Asked { key, asked });
        self.enqueue(actor, Enqueue { scheduled, ..new }, once).await
    }

    /// A run of an activation as it and its segment are today, for a moment in seconds since 1970.
    pub(crate) async fn activation_run(
        &self,
        document: &Document,
        kind: JobKind,
        time: i64,
    ) -> Result<Enqueue, AppError> {
        let body = ActivationBody::of(document)?;
        let bound = self.bound_by_id(&body.segment).await?;
        let (audience, _) = self.audience(&bound.parent).await?;
        let sql = self.activation_sql(&body.spec, &bound, &audience, time).await?;
        let (connection, business_unit) = match kind {
            JobKind::Export => self.export_door(&body.connection).await?,
            JobKind::Result | JobKind::Refresh => (None, String::new()),
        };
        Ok(Enqueue {
            connection,
            business_unit,
            kind,
            sql,
            settings: Value::Object(body.spec.export.settings.0),
            overlap: body.spec.overlap,
            ..App::bare_run(document)
        })
    }

    /// The SQL of an activation for a moment in seconds since 1970.
    pub(crate) async fn activation_sql(
        &self,
        spec: &ActivationSpec,
        bound: &Bound,
        audience: &Audience,
        time: i64,
    ) -> Result<String, AppError> {
        let (segment, body) = &bound.segment;
        let members = self.members_of(body, audience, time).await?;
        let ids = Ids { audience: audience.number, segment: body.number, segment_name: segment.name.clone() };
        let sql = spec.output.sql(&members.with("members"), audience, &ids);
        Ok(sql.map_err(|found| {
            let mut placed = Problems::default();
            for problem in found.iter() {
                placed.push(Problem { at: format!("activation.{}", problem.at), ..problem.clone() });
            }
            placed
        })?)
    }

    /// The mail address that hears of failures of this activation, whatever it says itself.
    pub(crate) async fn audience_owner(&self, document: &Document) -> Result<Option<String>, AppError> {
        if document.kind != ACTIVATION {
            return Ok(None);
        }
        let segment = ActivationBody::of(document)?.segment;
        let Some(segment) = self.0.store.document_by_id(&segment).await? else { return Ok(None) };
        let Some(parent) = self.0.store.document_by_id(&SegmentBody::of(&segment)?.parent).await? else {
            return Ok(None);
        };
        Ok(ParentBody::of(&parent)?.spec.owner)
    }

    pub(crate) async fn activation_document(&self, name: &str) -> Result<Document, AppError> {
        self.owner(api::Scheduled::Activation, name).await
    }

    async fn activation_name_is_free(&self, name: &str) -> Result<(), AppError> {
        match self.0.store.document(ACTIVATION, name).await? {
            None => Ok(()),
            Some(_) => Err(names::taken("activation", name)),
        }
    }
}

/// What is said of an activation that is to run and may not.
pub(crate) fn disabled(name: &str) -> AppError {
    AppError::Conflict { message: format!("activation {name} is disabled"), hint: Some("enable it first".into()) }
}
