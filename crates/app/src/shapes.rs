//! What a parent segment is made of: its tables' columns, understood, and what its joins do.
//!
//! Knows tables and documents; the SQL and the judgement of joins are the model's.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use api::{AudienceBehavior, AudienceCheck, AudienceColumn, JoinCheck, JoinLevel, ParentSegmentSpec, Scope};
use model::snapshot::{Joined, Level, Sources, customers_sql, join_checks, judge};
use model::{Problem, Problems, Zone};
use query::{Limits, QueryError, Table, TableError};

use crate::parents::{PARENT, ParentBody};
use crate::previews::{shown, sql_error};
use crate::roots::problem_of;
use crate::sources::{Known, PLACE, Reader};
use crate::tables::TABLE;
use crate::{Actor, App, AppError};

/// Longest time for finding out what the joins of a parent segment do before it is saved.
const CHECK_TIME: std::time::Duration = std::time::Duration::from_secs(120);
/// Memory for it.
const CHECK_MEMORY: usize = 256 << 20;
/// Longest time for finding out a table's columns: JSON lines are read to their end for it.
const COLUMNS_TIME: std::time::Duration = std::time::Duration::from_secs(60);
/// Tables that are looked through at most.
const ALL: u32 = 100_000;

/// A parent segment over the tables of today.
pub(crate) struct Shape {
    pub(crate) sources: Sources,
    /// The columns of a profile.
    pub(crate) columns: Vec<AudienceColumn>,
    /// The behaviours, without counts.
    pub(crate) behaviors: Vec<AudienceBehavior>,
    /// The tables that it names.
    pub(crate) tables: Vec<String>,
}

impl App {
    /// Looks at a parent segment before it is saved: what its joins do, and what its profiles would have.
    ///
    /// # Errors
    /// Every problem of its tables and columns at once; see [`AppError`].
    pub async fn check_parent_segment(
        &self,
        actor: &Actor,
        mut spec: ParentSegmentSpec,
    ) -> Result<AudienceCheck, AppError> {
        actor.require(Scope::Run)?;
        let shape = self.check_parent(&mut spec).await?;
        let looking = async {
            let tables = self.bind_named(&shape.tables).await?;
            let _look = self.may_look().await?;
            let limits = Limits { memory: CHECK_MEMORY, ..self.look(CHECK_TIME) };
            let joins = self.joins(&shape, &tables, &limits, std::future::pending());
            let late = QueryError::TimedOut { limit: CHECK_TIME };
            let joins = tokio::time::timeout(CHECK_TIME, joins).await.unwrap_or(Err(late));
            joins.map_err(|error| self.0.discreet.error(sql_error(&error)))
        };
        let joins = self.reading(looking).await?;
        let unfit = match self.0.store.document(PARENT, &spec.name).await? {
            Some(document) => {
                let audience = ParentBody::of(&document)?.audience_with(&shape.columns, &shape.behaviors)?;
                self.unfit(&document.id, &audience).await?
            }
            None => Vec::new(),
        };
        Ok(AudienceCheck {
            population: joins.first().map_or(0, |master| master.keys),
            joins,
            sql: customers_sql(&shape.sources),
            columns: shape.columns,
            behaviors: shape.behaviors,
            unfit,
        })
    }

    /// What rules over a parent segment may name until it is refreshed: its columns and behaviours as the tables had them when
    /// it was saved. No table is read.
    ///
    /// # Errors
    /// There is no such parent segment; see [`AppError`].
    pub async fn parent_segment_columns(
        &self,
        actor: &Actor,
        name: &str,
    ) -> Result<(Vec<AudienceColumn>, Vec<AudienceBehavior>), AppError> {
        actor.require(Scope::Read)?;
        let body = ParentBody::of(&self.parent_document(name).await?)?;
        Ok((body.columns, body.behaviors))
    }

    /// What a parent segment means over the tables of today.
    ///
    /// # Errors
    /// Everything wrong with its tables and columns at once.
    pub(crate) async fn shape_of(&self, spec: &ParentSegmentSpec) -> Result<Shape, AppError> {
        self.shape_or_away(spec).await.map_err(|(error, _)| error)
    }

    /// The same; beside what is wrong, whether files are not there, which may be so for a while.
    pub(crate) async fn shape_or_away(&self, spec: &ParentSegmentSpec) -> Result<Shape, (AppError, bool)> {
        let mut problems = Problems::default();
        let named = tables_of(spec);
        let looked = self.reading(self.columns_of_tables(&named, &mut problems)).await;
        let (known, away) = looked.map_err(|error| (error, false))?;
        let zone = spec.timezone.as_deref().and_then(|name| Zone::parse(name).ok()).unwrap_or_else(Zone::utc);
        let mut reader = Reader { spec, known: &known, problems: &mut problems };
        let sources = reader.sources(zone);
        if problems.is_empty() {
            problems.extend(sources.check(PLACE));
        }
        problems.or(|| ()).map_err(|problems| (AppError::from(problems), away))?;
        let audience = sources.audience(0);
        let groups = groups_of(spec, &sources);
        let columns = audience.columns.iter().map(|field| AudienceColumn {
            name: field.name.clone(),
            r#type: field.column_type,
            group: groups.get(&field.name).cloned(),
        });
        let behaviors = audience.behaviors.iter().map(|events| AudienceBehavior {
            name: events.name.clone(),
            time: events.time.clone(),
            columns: events.columns.iter().map(plain).collect(),
            events: None,
        });
        Ok(Shape {
            columns: columns.collect(),
            behaviors: behaviors.collect(),
            tables: named.into_iter().map(|(table, _)| table).collect(),
            sources,
        })
    }

    /// The columns of tables that are named at these places, and whether files are not there.
    async fn columns_of_tables(
        &self,
        named: &[(String, String)],
        problems: &mut Problems,
    ) -> Result<(Known, bool), AppError> {
        let (mut known, mut away) = (BTreeMap::new(), false);
        for (table, at) in named {
            let at = format!("{PLACE}.{at}");
            let Some(document) = self.0.store.document(TABLE, table).await? else {
                let tables = self.0.store.documents(TABLE, None, ALL).await?;
                let error = AppError::not_found("table", table, tables.iter().map(|document| document.name.as_str()));
                let message = if table.is_empty() { "is missing".into() } else { format!("there is no table {table}") };
                let problem = Problem::at(at, message);
                problems.push(match error.hint() {
                    Some(hint) => problem.hint(hint),
                    None => problem.hint("bind or upload one first"),
                });
                continue;
            };
            let bound = match self.bind_table(&document).await {
                Ok(bound) => bound,
                Err(AppError::Invalid(found)) => {
                    for problem in found.iter() {
                        problems.push(Problem { at: at.clone(), ..problem.clone() });
                    }
                    continue;
                }
                Err(other) => return Err(other),
            };
            let read = tokio::time::timeout(COLUMNS_TIME, query::schema(&bound)).await;
            match read {
                Ok(Ok(schema)) => drop(known.insert(table.clone(), schema)),
                Ok(Err(QueryError::Table(error))) => {
                    away |= matches!(error, TableError::NoSuchFile { .. } | TableError::NoMatch { .. });
                    let problem = self.0.discreet.problem(&problem_of(&error));
                    problems.push(Problem { at, ..problem });
                }
                Ok(Err(error)) => problems.push(Problem::at(at, error.to_string())),
                Err(_) => problems.push(
                    Problem::at(at, "its files are too large to find out their columns in a minute")
                        .hint("convert JSON lines to Parquet"),
                ),
            }
        }
        Ok((Known(known), away))
    }

    /// What the joins do, over these tables.
    pub(crate) async fn joins(
        &self,
        shape: &Shape,
        tables: &[Table],
        limits: &Limits,
        cancel: impl Future<Output = ()> + Send,
    ) -> Result<Vec<JoinCheck>, QueryError> {
        let odd = || QueryError::Runtime { message: "what a join does could not be counted".into() };
        let mut cancel = std::pin::pin!(cancel);
        let (mut checks, mut profiles) = (Vec::new(), 0);
        for join in join_checks(&shape.sources) {
            let batches = query::preview(&join.sql, tables, limits, 1, &mut cancel).await?;
            let preview = shown(&batches, 1).map_err(|_| odd())?;
            let row = preview.rows.first().ok_or_else(odd)?;
            let number = |cell: &serde_json::Value| cell.as_str().map_or(Some(0), |text| text.parse::<u64>().ok());
            let numbers: Option<Vec<u64>> = row.iter().map(number).collect();
            let facts = numbers.and_then(|numbers| join.facts(&numbers)).ok_or_else(odd)?;
            if join.what == Joined::Master {
                profiles = facts.keys;
            }
            let verdict = judge(join.what, &facts, profiles);
            checks.push(JoinCheck {
                at: join.at,
                table: join.table,
                level: match verdict.level {
                    Level::Ok => JoinLevel::Ok,
                    Level::Warning => JoinLevel::Warning,
                    Level::Wrong => JoinLevel::Wrong,
                },
                message: verdict.message,
                hint: verdict.hint,
                rows: facts.rows,
                keys: facts.keys,
                without_key: facts.without_key,
                repeated: facts.repeated,
                matched: facts.matched,
                orphans: facts.orphans,
            });
        }
        Ok(checks)
    }
}

fn plain(field: &model::Field) -> AudienceColumn {
    AudienceColumn { name: field.name.clone(), r#type: field.column_type, group: None }
}

/// The tables that a parent segment names, each with the first place where it does.
fn tables_of(spec: &ParentSegmentSpec) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let mut tables = vec![(spec.master.table.clone(), "master.table".to_owned())];
    for (index, attribute) in spec.attributes.iter().enumerate() {
        if let Some(table) = &attribute.table {
            tables.push((table.clone(), format!("attributes[{index}].table")));
        }
    }
    for (index, behavior) in spec.behaviors.iter().enumerate() {
        tables.push((behavior.table.clone(), format!("behaviors[{index}].table")));
    }
    tables.retain(|(table, _)| seen.insert(table.clone()));
    tables
}

/// The group of each column of a profile: as somebody said, else its table.
fn groups_of(spec: &ParentSegmentSpec, sources: &Sources) -> BTreeMap<String, String> {
    let own = sources.master_columns.iter().map(|column| (column.name.clone(), spec.master.table.clone()));
    let joined =
        sources.attributes.iter().map(|attribute| (attribute.column.name.clone(), attribute.join.table.clone()));
    let mut groups: BTreeMap<String, String> = own.chain(joined).collect();
    for attribute in &spec.attributes {
        if let Some(group) = &attribute.group {
            groups.insert(attribute.name.clone(), group.clone());
        }
    }
    groups
}
