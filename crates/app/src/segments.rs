//! Segments: saved rules over the profiles of a parent segment, counted and looked at.
//!
//! Knows documents and counts; what a rule means is the model's.

use std::collections::HashMap;

use api::{Page, Population, Scope, Segment, SegmentLook, SegmentSpec, SegmentSql, SegmentTry};
use model::{Audience, Members, Problem, Rule, members};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Change, Document};

use crate::activations::{ACTIVATION, ActivationBody};
use crate::book::{Book, Entry};
use crate::clock::monotonic;
use crate::names::{self, Write, stale_or};
use crate::parents::PARENT;
use crate::previews::placed;
use crate::{Actor, App, AppError};

/// The kind of document that a segment is.
pub(crate) const SEGMENT: &str = "segment";

/// Most rows of a sample.
const MOST_ROWS: u32 = 1_000;
/// Documents that are looked through at most.
const ALL: u32 = 100_000;
/// Documents that are looked at in one go for those that are asked for.
const CHUNK: u32 = 500;

/// What is kept of a segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SegmentBody {
    /// The segment id.
    pub(crate) number: u64,
    pub(crate) created_by: String,
    pub(crate) updated_by: String,
    /// The document id of its parent segment.
    pub(crate) parent: String,
    /// What was written; its name is the document's, its parent's name that document's.
    pub(crate) spec: SegmentSpec,
}

impl SegmentBody {
    pub(crate) fn of(document: &Document) -> Result<SegmentBody, AppError> {
        serde_json::from_value(document.body.clone())
            .map_err(|_| AppError::Failed { message: format!("segment {} cannot be read back", document.name) })
    }
}

impl App {
    /// Segments by name, of one parent segment or in one folder where they are asked for.
    ///
    /// # Errors
    /// There is no such parent segment; see [`AppError`].
    pub async fn segments(
        &self,
        actor: &Actor,
        parent: Option<&str>,
        folder: Option<&str>,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page<Segment>, AppError> {
        actor.require(Scope::Read)?;
        let parent = match parent {
            Some(name) => Some(self.parent_document(name).await?.id),
            None => None,
        };
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let (mut found, mut after, mut next) = (Vec::new(), after.map(str::to_owned), None);
        'pages: loop {
            let documents = self.0.store.documents(SEGMENT, after.as_deref(), CHUNK).await?;
            let last = (documents.len() as u64) < u64::from(CHUNK);
            for document in documents {
                after = Some(document.name.clone());
                let body = SegmentBody::of(&document)?;
                let inside = parent.as_ref().is_none_or(|parent| *parent == body.parent)
                    && folder.is_none_or(|folder| within(body.spec.folder.as_deref(), folder));
                if inside {
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
        Ok(Page { items: self.segment_views(found).await?, next })
    }

    /// One segment.
    ///
    /// # Errors
    /// There is no such segment; see [`AppError`].
    pub async fn segment(&self, actor: &Actor, name: &str) -> Result<Segment, AppError> {
        actor.require(Scope::Read)?;
        self.segment_view(self.segment_document(name).await?).await
    }

    /// Makes a segment.
    ///
    /// # Errors
    /// Every problem of its rule at once; the name is taken; see [`AppError`].
    pub async fn create_segment(&self, actor: &Actor, spec: SegmentSpec) -> Result<Segment, AppError> {
        actor.require(Scope::Edit)?;
        let name = spec.name.clone();
        self.write_segment(actor, &name, spec, Write::New).await.map(|(segment, _)| segment)
    }

    /// Makes or replaces the segment of this name (another name in `spec` renames it). Whether it is new.
    ///
    /// # Errors
    /// Every problem of its rule at once; changed since `revision`; see [`AppError`].
    pub async fn put_segment(
        &self,
        actor: &Actor,
        name: &str,
        spec: SegmentSpec,
        revision: Option<u64>,
    ) -> Result<(Segment, bool), AppError> {
        self.write_segment(actor, name, spec, Write::Put(revision)).await
    }

    async fn write_segment(
        &self,
        actor: &Actor,
        name: &str,
        mut spec: SegmentSpec,
        write: Write,
    ) -> Result<(Segment, bool), AppError> {
        actor.require(Scope::Edit)?;
        // A number is given out once, and no two changes close a ring of references.
        let auditing = self.0.scheduling.lock().await;
        let old = self.0.store.document(SEGMENT, name).await?;
        if old.is_none() && write.revision().is_some() {
            return Err(self.no_such("segment", SEGMENT, name).await?);
        }
        if old.is_some() && write.is_new() {
            return Err(names::taken("segment", name));
        }
        if spec.name.is_empty() {
            spec.name = name.to_owned();
        }
        let before = old.as_ref().map(SegmentBody::of).transpose()?;
        if spec.name != name && old.is_some() {
            self.segment_name_is_free(&spec.name).await?;
        }
        let parent = self.check_segment(&spec, old.as_ref().zip(before.as_ref())).await?;
        let (now, new, new_name) = (self.now(), old.is_none(), spec.name.clone());
        let mut changes = Vec::new();
        let number = match &before {
            Some(before) => before.number,
            None => self.next_number("segment", &mut changes).await?,
        };
        let changed_rule =
            before.as_ref().is_none_or(|before| before.spec.rule != spec.rule || before.parent != parent.id);
        let body = SegmentBody {
            number,
            created_by: before.map_or_else(|| actor.shown(), |before| before.created_by),
            updated_by: actor.shown(),
            parent: parent.id,
            spec: SegmentSpec { name: String::new(), parent_segment: String::new(), ..spec },
        };
        if let Some(old) = old.as_ref().filter(|_| changed_rule) {
            changes.push(Change::PutValue { name: population(&old.id), value: None });
        }
        let action = if new { "segment.create" } else { "segment.update" };
        let id = names::new_id("g");
        changes.push(names::put(old.as_ref(), names::document(id, SEGMENT, &new_name, &body, now), write.revision()));
        changes.push(actor.audit(action, name, json!({ "name": new_name })));
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("segment {new_name}")))?;
        drop(auditing);
        Ok((self.segment_view(self.segment_document(&new_name).await?).await?, new))
    }

    /// Deletes a segment.
    ///
    /// # Errors
    /// There is no such segment; activations send it, or other rules refer to it; see [`AppError`].
    pub async fn delete_segment(&self, actor: &Actor, name: &str) -> Result<(), AppError> {
        actor.require(Scope::Edit)?;
        let _auditing = self.0.scheduling.lock().await;
        let document = self.segment_document(name).await?;
        let body = SegmentBody::of(&document)?;
        let view = self.segment_view(document.clone()).await?;
        let mut users: Vec<String> = view.activations.iter().map(|name| format!("activation {name}")).collect();
        let book = self.book(&body.parent).await?;
        users.extend(book.referring(body.number).map(|entry| format!("segment {}", entry.name)));
        if !users.is_empty() {
            return Err(AppError::Conflict {
                message: format!("segment {name} is used by {}", names::listed(&users)),
                hint: Some("delete or change these first".into()),
            });
        }
        let changes = vec![
            Change::PutValue { name: population(&document.id), value: None },
            Change::DeleteDocument { id: document.id },
            actor.audit("segment.delete", name, Value::Null),
        ];
        self.0.store.apply(changes).await.map_err(|error| stale_or(error, &format!("segment {name}")))
    }

    /// Counts a rule, saved or not, and shows some of the profiles that it chooses.
    ///
    /// # Errors
    /// Every problem of the rule; the parent segment was never refreshed; see [`AppError`].
    pub async fn try_segment(&self, actor: &Actor, request: SegmentTry) -> Result<SegmentLook, AppError> {
        actor.require(Scope::Run)?;
        let parent = self.parent_document(&request.parent_segment).await?;
        let rule = Rule::parse(&request.rule, "rule")?;
        let mut book = self.book(&parent.id).await?;
        if let Some(name) = &request.segment {
            // The rule stands for the segment's own, so that a ring through it is found.
            match book.0.iter_mut().find(|entry| entry.name == *name) {
                Some(entry) => entry.rule = rule.clone(),
                None => book.0.push(Entry { id: String::new(), number: 0, name: name.clone(), rule: rule.clone() }),
            }
        }
        self.look_over(&parent, &rule, &book, request.rows).await
    }

    /// Counts a saved segment and shows some of its profiles; the count is remembered.
    ///
    /// # Errors
    /// There is no such segment; the parent segment was never refreshed; see [`AppError`].
    pub async fn look_at_segment(&self, actor: &Actor, name: &str, rows: u32) -> Result<SegmentLook, AppError> {
        actor.require(Scope::Run)?;
        let (document, body) = self.segment_body(name).await?;
        let parent = self.parent_by_id(&body.parent).await?;
        let rule = Rule::trusted(&body.spec.rule)?;
        let book = self.book(&parent.id).await?;
        let look = self.look_over(&parent, &rule, &book, rows).await?;
        let counted = Population { count: look.count, at: names::time(self.now()) };
        let unchanged = self.0.store.document_by_id(&document.id).await?.is_some_and(|now| now.body == document.body);
        if unchanged {
            let value = serde_json::to_value(counted).ok();
            self.0.store.apply(vec![Change::PutValue { name: population(&document.id), value }]).await?;
        }
        Ok(look)
    }

    /// The SQL of a saved segment, as of now.
    ///
    /// # Errors
    /// There is no such segment; the parent segment was never refreshed; see [`AppError`].
    pub async fn segment_sql(&self, actor: &Actor, name: &str) -> Result<SegmentSql, AppError> {
        actor.require(Scope::Read)?;
        let (_, body) = self.segment_body(name).await?;
        let parent = self.parent_by_id(&body.parent).await?;
        let (audience, _) = self.audience(&parent).await?;
        let members = self.members_of(&body, &audience, self.now()).await?;
        Ok(SegmentSql { sql: members.sql() })
    }

    /// The profiles that a segment chooses, in SQL, at a moment in seconds since 1970.
    pub(crate) async fn members_of(
        &self,
        body: &SegmentBody,
        audience: &Audience,
        now: i64,
    ) -> Result<Members, AppError> {
        let rule = Rule::trusted(&body.spec.rule)?;
        let book = self.book(&body.parent).await?;
        Ok(members(&rule, audience, &book, now)?)
    }

    async fn look_over(&self, parent: &Document, rule: &Rule, book: &Book, rows: u32) -> Result<SegmentLook, AppError> {
        if rows > MOST_ROWS {
            return Err(Problem::at("rows", format!("must be a number from 0 to {MOST_ROWS}")).into());
        }
        let (audience, snapshot) = self.audience(parent).await?;
        let members = members(rule, &audience, book, self.now())?;
        let sql = members.sql();
        let looking = async {
            let tables = self.bind_tables(&sql).await?;
            let began = monotonic();
            let count = self.count_rows(&members.count_sql(), &tables).await?;
            let seconds = monotonic().duration_since(began).as_secs_f64();
            let sample = match rows {
                0 => None,
                rows => Some(self.first_rows_within(&sql, &tables, rows, self.look_at_profiles()).await?),
            };
            Ok::<_, AppError>((count, seconds, sample))
        };
        let (count, seconds, sample) = self.reading(looking).await.map_err(|error| placed(error, "rule"))?;
        let (population, refreshed) = (snapshot.population, snapshot.at);
        Ok(SegmentLook { count, population, refreshed, sql, sample, seconds })
    }

    /// The segment of this name as it is kept.
    pub(crate) async fn segment_body(&self, name: &str) -> Result<(Document, SegmentBody), AppError> {
        let document = self.segment_document(name).await?;
        let body = SegmentBody::of(&document)?;
        Ok((document, body))
    }

    pub(crate) async fn segment_document(&self, name: &str) -> Result<Document, AppError> {
        match self.0.store.document(SEGMENT, name).await? {
            Some(document) => Ok(document),
            None => Err(self.no_such("segment", SEGMENT, name).await?),
        }
    }

    async fn segment_name_is_free(&self, name: &str) -> Result<(), AppError> {
        match self.0.store.document(SEGMENT, name).await? {
            None => Ok(()),
            Some(_) => Err(names::taken("segment", name)),
        }
    }

    async fn segment_view(&self, document: Document) -> Result<Segment, AppError> {
        let body = SegmentBody::of(&document)?;
        let gone = || AppError::Failed { message: "the segment cannot be shown".into() };
        self.segment_views(vec![(document, body)]).await?.pop().ok_or_else(gone)
    }

    /// Segments as they are shown, with one look at everything else for all of them.
    async fn segment_views(&self, found: Vec<(Document, SegmentBody)>) -> Result<Vec<Segment>, AppError> {
        let parents = self.0.store.documents(PARENT, None, ALL).await?;
        let parents: HashMap<String, String> = parents.into_iter().map(|parent| (parent.id, parent.name)).collect();
        let mut activations: HashMap<String, Vec<String>> = HashMap::new();
        for document in self.0.store.documents(ACTIVATION, None, ALL).await? {
            activations.entry(ActivationBody::of(&document)?.segment).or_default().push(document.name);
        }
        let mut books: HashMap<String, Book> = HashMap::new();
        let mut views = Vec::with_capacity(found.len());
        for (document, body) in found {
            if !books.contains_key(&body.parent) {
                books.insert(body.parent.clone(), self.book(&body.parent).await?);
            }
            let referring = books.get(&body.parent).into_iter().flat_map(|book| book.referring(body.number));
            let counted = self.0.store.value(&population(&document.id)).await?;
            views.push(Segment {
                id: body.number,
                revision: document.revision,
                created: names::time(document.created),
                created_by: body.created_by,
                updated: names::time(document.updated),
                updated_by: body.updated_by,
                population: counted.and_then(|counted| serde_json::from_value(counted).ok()),
                referenced_by: referring.map(|entry| entry.name.clone()).collect(),
                activations: activations.get(&document.id).cloned().unwrap_or_default(),
                spec: SegmentSpec {
                    name: document.name,
                    parent_segment: parents.get(&body.parent).cloned().unwrap_or_default(),
                    ..body.spec
                },
            });
        }
        Ok(views)
    }
}

/// Where the newest count of a segment is kept.
pub(crate) fn population(segment: &str) -> String {
    format!("population:{segment}")
}

/// Whether a segment's folder is this one, or inside it.
fn within(folder: Option<&str>, asked: &str) -> bool {
    let rest = folder.unwrap_or_default().strip_prefix(asked.trim_matches('/'));
    rest.is_some_and(|rest| asked.is_empty() || rest.is_empty() || rest.starts_with('/'))
}
