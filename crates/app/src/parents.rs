//! Parent segments: the profiles that segments choose from, kept and looked at.
//!
//! Knows documents and tables; joins are the model's, refreshing stands in `snapshots`.

use std::collections::{BTreeSet, HashMap};

use api::{AudienceBehavior, AudienceColumn, Job, Page, ParentSegment, ParentSegmentSpec, Preview, Scope, Snapshot};
use model::snapshot::customers_sql;
use model::{Audience, Events, Field, Problem, Problems, Zone};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Change, Document};

use crate::enqueue::{Asked, Enqueue};
use crate::names::{self, Write, stale_or};
use crate::owners::PARENT_LETTER;
use crate::segments::{SEGMENT, SegmentBody};
use crate::timetable::Timetable;
use crate::{Actor, App, AppError};

/// The kind of document that a parent segment is.
pub(crate) const PARENT: &str = "parent_segment";

/// Longest description.
const LONGEST_DESCRIPTION: usize = 2_000;
/// Documents that are looked through at most.
const ALL: u32 = 100_000;

/// What is kept of a parent segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ParentBody {
    /// The audience id.
    pub(crate) number: u64,
    pub(crate) created_by: String,
    pub(crate) updated_by: String,
    /// What was written; its name is the document's.
    pub(crate) spec: ParentSegmentSpec,
    /// The columns of a profile, as the tables had them when it was saved.
    pub(crate) columns: Vec<AudienceColumn>,
    /// The behaviours, likewise.
    pub(crate) behaviors: Vec<AudienceBehavior>,
    /// The tables that it names.
    pub(crate) tables: Vec<String>,
}

impl ParentBody {
    pub(crate) fn of(document: &Document) -> Result<ParentBody, AppError> {
        serde_json::from_value(document.body.clone())
            .map_err(|_| AppError::Failed { message: format!("parent segment {} cannot be read back", document.name) })
    }

    /// What rules and mappings may name once it was refreshed.
    pub(crate) fn audience(&self) -> Result<Audience, AppError> {
        self.audience_with(&self.columns, &self.behaviors)
    }

    /// What rules and mappings may name over these columns.
    pub(crate) fn audience_with(
        &self,
        columns: &[AudienceColumn],
        behaviors: &[AudienceBehavior],
    ) -> Result<Audience, AppError> {
        let fields = |columns: &[AudienceColumn]| {
            let field = |column: &AudienceColumn| Field { name: column.name.clone(), column_type: column.r#type };
            columns.iter().map(field).collect()
        };
        let events = |behavior: &AudienceBehavior| Events {
            name: behavior.name.clone(),
            columns: fields(&behavior.columns),
            time: behavior.time.clone(),
        };
        Ok(Audience {
            number: self.number,
            columns: fields(columns),
            behaviors: behaviors.iter().map(events).collect(),
            zone: zone_of(&self.spec).map_err(Problems::from)?,
        })
    }
}

/// The calendar of a parent segment.
fn zone_of(spec: &ParentSegmentSpec) -> Result<Zone, Problem> {
    match spec.timezone.as_deref() {
        None => Ok(Zone::utc()),
        Some(name) => Zone::parse(name).map_err(|problem| Problem { at: "parent_segment.timezone".into(), ..problem }),
    }
}

impl App {
    /// Parent segments by name.
    ///
    /// # Errors
    /// See [`AppError`].
    pub async fn parent_segments(
        &self,
        actor: &Actor,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<ParentSegment>, AppError> {
        actor.require(Scope::Read)?;
        let documents = self.0.store.documents(PARENT, after, limit).await?;
        let next = names::next_page(&documents, limit);
        Ok(Page { items: self.parent_views(documents).await?, next })
    }

    /// One parent segment.
    ///
    /// # Errors
    /// There is no such parent segment; see [`AppError`].
    pub async fn parent_segment(&self, actor: &Actor, name: &str) -> Result<ParentSegment, AppError> {
        actor.require(Scope::Read)?;
        self.parent_view(self.parent_document(name).await?).await
    }

    /// Makes a parent segment. It has profiles once it was refreshed.
    ///
    /// # Errors
    /// Every problem of its tables and columns at once; the name is taken; see [`AppError`].
    pub async fn create_parent_segment(
        &self,
        actor: &Actor,
        spec: ParentSegmentSpec,
    ) -> Result<ParentSegment, AppError> {
        actor.require(Scope::Edit)?;
        let name = spec.name.clone();
        self.write_parent_segment(actor, &name, spec, Write::New).await.map(|(parent, _)| parent)
    }

    /// Makes or replaces the parent segment of this name (another name in `spec` renames it). Whether it is new.
    ///
    /// # Errors
    /// Every problem of its tables and columns at once; changed since `revision`; see [`AppError`].
    pub async fn put_parent_segment(
        &self,
        actor: &Actor,
        name: &str,
        spec: ParentSegmentSpec,
        revision: Option<u64>,
    ) -> Result<(ParentSegment, bool), AppError> {
        self.write_parent_segment(actor, name, spec, Write::Put(revision)).await
    }

    async fn write_parent_segment(
        &self,
        actor: &Actor,
        name: &str,
        mut spec: ParentSegmentSpec,
        write: Write,
    ) -> Result<(ParentSegment, bool), AppError> {
        actor.require(Scope::Edit)?;
        if spec.name.is_empty() {
            spec.name = name.to_owned();
        }
        let shape = self.check_parent(&mut spec).await?;
        let scheduling = self.0.scheduling.lock().await;
        let old = self.0.store.document(PARENT, name).await?;
        if old.is_none() && write.revision().is_some() {
            return Err(self.no_such("parent segment", PARENT, name).await?);
        }
        if old.is_some() && write.is_new() {
            return Err(names::taken("parent segment", name));
        }
        if spec.name != name && old.is_some() {
            self.parent_name_is_free(&spec.name).await?;
        }
        // Reading the tables took its time.
        self.webhooks_stay("parent_segment.notify", spec.notify.as_ref()).await?;
        let before = old.as_ref().map(ParentBody::of).transpose()?;
        let (now, new, new_name) = (self.now(), old.is_none(), spec.name.clone());
        let was = before.as_ref().and_then(|before| before.spec.schedule.clone());
        let scheduled = spec.schedule.clone();
        let mut changes = Vec::new();
        let number = match &before {
            Some(before) => before.number,
            None => self.next_number("audience", &mut changes).await?,
        };
        let body = ParentBody {
            number,
            created_by: before.map_or_else(|| actor.shown(), |before| before.created_by),
            updated_by: actor.shown(),
            spec: ParentSegmentSpec { name: String::new(), ..spec },
            columns: shape.columns,
            behaviors: shape.behaviors,
            tables: shape.tables,
        };
        let id = old.as_ref().map_or_else(|| names::new_id(PARENT_LETTER), |old| old.id.clone());
        changes.extend(self.standing_changes(&id, was.as_ref(), scheduled.as_ref(), now).await?);
        changes.push(names::put(old.as_ref(), names::document(id, PARENT, &new_name, &body, now), write.revision()));
        let action = if new { "parent_segment.create" } else { "parent_segment.update" };
        changes.push(actor.audit(action, name, json!({ "name": new_name })));
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("parent segment {new_name}")))?;
        drop(scheduling);
        self.schedules_changed();
        Ok((self.parent_view(self.parent_document(&new_name).await?).await?, new))
    }

    /// Deletes a parent segment and its profiles; its jobs stay.
    ///
    /// # Errors
    /// There is no such parent segment, or segments stand over it; see [`AppError`].
    pub async fn delete_parent_segment(&self, actor: &Actor, name: &str) -> Result<(), AppError> {
        actor.require(Scope::Edit)?;
        let scheduling = self.0.scheduling.lock().await;
        let document = self.parent_document(name).await?;
        let mut users = Vec::new();
        for segment in self.0.store.documents(SEGMENT, None, ALL).await? {
            if SegmentBody::of(&segment)?.parent == document.id {
                users.push(segment.name);
            }
        }
        if !users.is_empty() {
            return Err(AppError::Conflict {
                message: format!("parent segment {name} has segments: {}", names::listed(&users)),
                hint: Some("delete these first".into()),
            });
        }
        let mut changes = self.forget_schedule(&document.id).await?;
        changes.extend(self.forget_snapshot(&document.id).await?);
        changes.push(Change::DeleteDocument { id: document.id });
        changes.push(actor.audit("parent_segment.delete", name, Value::Null));
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("parent segment {name}")))?;
        drop(scheduling);
        self.schedules_changed();
        self.sweep_snapshots().await;
        Ok(())
    }

    /// Starts a job that reads the profiles anew. The same `once` key gives the same job again (`true`).
    ///
    /// # Errors
    /// There is no such parent segment, or its tables are not as it needs them; see [`AppError`].
    pub async fn refresh_parent_segment(
        &self,
        actor: &Actor,
        name: &str,
        once: Option<&str>,
    ) -> Result<(Job, bool), AppError> {
        actor.require(Scope::Run)?;
        let document = self.parent_document(name).await?;
        // What is wrong with the tables is said now; the job reads them anew.
        let shape = self.shape_of(&ParentBody::of(&document)?.spec).await?;
        let new = Enqueue { sql: customers_sql(&shape.sources), ..App::bare_run(&document) };
        let once = once.map(|key| Asked { key, asked: json!({ "refresh": name }) });
        self.enqueue(actor, new, once).await
    }

    /// The first profiles as they were refreshed.
    ///
    /// # Errors
    /// It was never refreshed; see [`AppError`].
    pub async fn preview_parent_segment(&self, actor: &Actor, name: &str, limit: u32) -> Result<Preview, AppError> {
        actor.require(Scope::Run)?;
        let (audience, _) = self.audience(&self.parent_document(name).await?).await?;
        let sql = format!("SELECT * FROM {}", audience.customers());
        let rows = async {
            let tables = self.bind_tables(&sql).await?;
            self.first_rows(&sql, &tables, limit).await
        };
        self.reading(rows).await
    }

    /// The next number of its kind, with the change that gives it out. The caller holds `scheduling`.
    pub(crate) async fn next_number(&self, kind: &str, changes: &mut Vec<Change>) -> Result<u64, AppError> {
        let name = format!("next:{kind}");
        let next = self.0.store.value(&name).await?.and_then(|next| next.as_u64()).unwrap_or(1);
        changes.push(Change::PutValue { name, value: Some((next + 1).into()) });
        Ok(next)
    }

    /// The parent segment of this name.
    pub(crate) async fn parent_document(&self, name: &str) -> Result<Document, AppError> {
        self.owner(api::Scheduled::ParentSegment, name).await
    }

    /// The parent segment of this id.
    pub(crate) async fn parent_by_id(&self, id: &str) -> Result<Document, AppError> {
        let gone = || AppError::NotFound { what: "the parent segment of this segment".into(), hint: None };
        self.0.store.document_by_id(id).await?.ok_or_else(gone)
    }

    /// Looks whether anything is wrong with a parent segment that is to be kept; what it would have.
    pub(crate) async fn check_parent(&self, spec: &mut ParentSegmentSpec) -> Result<crate::shapes::Shape, AppError> {
        let mut problems = Problems::default();
        problems.keep(names::check("parent_segment.name", &spec.name));
        if spec.description.as_deref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
            let message = format!("is longer than {LONGEST_DESCRIPTION} characters");
            problems.push(Problem::at("parent_segment.description", message));
        }
        if let Some(Err(message)) = spec.owner.as_deref().map(notify::check_address) {
            problems.push(Problem::at("parent_segment.owner", message));
        }
        problems.keep(zone_of(spec));
        match spec.schedule.as_ref().map(|schedule| Timetable::of(schedule, "parent_segment.schedule")) {
            Some(Ok(None)) => spec.schedule = None,
            Some(Err(found)) => problems.extend(found),
            Some(Ok(Some(_))) | None => {}
        }
        if let Some(notify) = &spec.notify {
            self.check_notify("parent_segment.notify", notify, &mut problems).await?;
        }
        let shape = match self.shape_of(spec).await {
            Ok(shape) => Some(shape),
            Err(AppError::Invalid(found)) => {
                problems.extend(found);
                None
            }
            Err(other) => return Err(other),
        };
        let shape = problems.or(|| shape)?;
        shape.ok_or_else(|| AppError::Failed { message: "the parent segment cannot be understood".into() })
    }

    async fn parent_name_is_free(&self, name: &str) -> Result<(), AppError> {
        match self.0.store.document(PARENT, name).await? {
            None => Ok(()),
            Some(_) => Err(names::taken("parent segment", name)),
        }
    }

    async fn parent_view(&self, document: Document) -> Result<ParentSegment, AppError> {
        let gone = || AppError::Failed { message: "the parent segment cannot be shown".into() };
        let unfit = self.unfit(&document.id, &ParentBody::of(&document)?.audience()?).await?;
        let view = self.parent_views(vec![document]).await?.pop().ok_or_else(gone)?;
        Ok(ParentSegment { unfit, ..view })
    }

    /// Parent segments as they are shown, with one look at everything else for all of them.
    async fn parent_views(&self, documents: Vec<Document>) -> Result<Vec<ParentSegment>, AppError> {
        let mut segments: HashMap<String, u64> = HashMap::new();
        for segment in self.0.store.documents(SEGMENT, None, ALL).await? {
            *segments.entry(SegmentBody::of(&segment)?.parent).or_default() += 1;
        }
        let ids: Vec<String> = documents.iter().map(|document| document.id.clone()).collect();
        let newest = self.0.store.newest_jobs_of(&ids).await?;
        let of: Vec<Option<String>> = newest.iter().map(|job| job.query.clone()).collect();
        let mut last: HashMap<Option<String>, Job> = of.into_iter().zip(self.job_views(newest).await?).collect();
        let mut views = Vec::with_capacity(documents.len());
        for document in documents {
            let body = ParentBody::of(&document)?;
            let snapshot: Option<Snapshot> = self.snapshot_of(&document.id).await?.map(|(_, snapshot)| snapshot);
            views.push(ParentSegment {
                id: body.number,
                revision: document.revision,
                created: names::time(document.created),
                created_by: body.created_by,
                updated: names::time(document.updated),
                updated_by: body.updated_by,
                snapshot,
                segments: segments.get(&document.id).copied().unwrap_or_default(),
                unfit: Vec::new(),
                last_job: last.remove(&Some(document.id)),
                spec: ParentSegmentSpec { name: document.name, ..body.spec },
            });
        }
        Ok(views)
    }

    /// The parent segments that name each table, by the table's name.
    pub(crate) async fn parents_of_tables(&self) -> Result<HashMap<String, BTreeSet<String>>, AppError> {
        let mut users: HashMap<String, BTreeSet<String>> = HashMap::new();
        for document in self.0.store.documents(PARENT, None, ALL).await? {
            for table in ParentBody::of(&document)?.tables {
                users.entry(table).or_default().insert(document.name.clone());
            }
        }
        Ok(users)
    }
}
