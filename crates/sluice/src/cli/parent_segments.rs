//! `sluice parent-segments`: the profiles that segments choose from.
//!
//! Knows arguments and screens; joins are the server's to judge.

use std::path::Path;

use api::client::every;
use api::{
    AudienceBehavior, AudienceCheck, AudienceColumn, JoinCheck, JoinLevel, ParentSegment, ParentSegmentSpec, Scheduled,
};
use model::grouped;
use project::{Kind, Places};

use crate::cli::commands::{Following, Once, ParentSegmentsCommand, Whereabouts};
use crate::cli::door::{Door, Failure, Need, through};
use crate::cli::listing::{counted, pairs, show_json, show_list, show_preview, under};
use crate::cli::server_jobs::key;
use crate::cli::{Exit, follow, notices, queries, say, schedules, show, written};

/// `sluice parent-segments`
pub(crate) async fn parent_segments(whereabouts: Whereabouts, command: ParentSegmentsCommand) -> Exit {
    let json = whereabouts.json;
    let need = match &command {
        ParentSegmentsCommand::Refresh { .. } => Need::Jobs,
        ParentSegmentsCommand::List
        | ParentSegmentsCommand::Show { .. }
        | ParentSegmentsCommand::Check { .. }
        | ParentSegmentsCommand::Preview { .. }
        | ParentSegmentsCommand::Delete { .. } => Need::There,
    };
    through(&whereabouts, need, async |door| match command {
        ParentSegmentsCommand::List => list(door, json).await,
        ParentSegmentsCommand::Show { name } => {
            let found = door.client().parent_segment(&name).await?;
            let timetable = match &found.spec.schedule {
                Some(_) => schedules::brief(&door.client().schedule(Scheduled::ParentSegment, &name).await?),
                None => String::new(),
            };
            show_parent(&found, &timetable, json);
            Ok(Exit::Done)
        }
        ParentSegmentsCommand::Check { what } => check(door, &what, json).await,
        ParentSegmentsCommand::Refresh { name, once, following } => refresh(door, &name, &once, &following, json).await,
        ParentSegmentsCommand::Preview { name, limit } => {
            show_preview(&door.client().preview_parent_segment(&name, limit).await?, json);
            Ok(Exit::Done)
        }
        ParentSegmentsCommand::Delete { name } => {
            door.client().delete_parent_segment(&name).await?;
            say(&format!("parent segment {name} is deleted"));
            Ok(Exit::Done)
        }
    })
    .await
}

async fn list(door: &Door, json: bool) -> Result<Exit, Failure> {
    let found = every(async |after| door.client().parent_segments(after).await).await?;
    let heads = ["name", "id", "profiles", "segments", "refreshed", "schedule", "last job"];
    show_list(&found, json, "no parent segments yet", &heads, |found| {
        let snapshot = found.snapshot.as_ref();
        let last = found.last_job.as_ref().map(|job| format!("{} {}", job.created, job.state));
        vec![
            found.spec.name.clone(),
            found.id.to_string(),
            snapshot.map(|snapshot| grouped(snapshot.population)).unwrap_or_default(),
            grouped(found.segments),
            snapshot.map_or_else(|| "never".to_owned(), |snapshot| snapshot.at.clone()),
            found.spec.schedule.as_ref().map(queries::often).unwrap_or_default(),
            last.unwrap_or_default(),
        ]
    });
    Ok(Exit::Done)
}

async fn refresh(door: &Door, name: &str, once: &Once, following: &Following, json: bool) -> Result<Exit, Failure> {
    let started = door.client().refresh_parent_segment(name, &key(once)).await?;
    if started.again {
        say(&format!("this key started job {} before", started.job.id));
    }
    follow::started(door, started.job, following, json).await
}

/// Looks at a parent segment of a file, or at one that is kept.
async fn check(door: &Door, what: &str, json: bool) -> Result<Exit, Failure> {
    let (spec, places): (ParentSegmentSpec, Option<Places>) = if written::is_file(what) {
        let path = Path::new(what);
        let wanted = written::only(written::read(Kind::ParentSegment, path)?.parent_segments, path)?;
        (wanted.spec, Some(wanted.places))
    } else {
        (door.client().parent_segment(what).await?.spec, None)
    };
    let found = door.client().check_parent_segment(&spec).await;
    let found = found.map_err(|error| written::placed(error, places.as_ref()))?;
    if json {
        show_json(&found);
    } else {
        show(&checked(&found));
    }
    let wrong = found.joins.iter().any(|join| join.level == JoinLevel::Wrong);
    Ok(if wrong { Exit::Usage } else { Exit::Done })
}

fn level(level: JoinLevel) -> &'static str {
    match level {
        JoinLevel::Ok => "ok",
        JoinLevel::Warning => "warning",
        JoinLevel::Wrong => "wrong",
    }
}

/// The joins as a table, what is to be done below it.
fn joins(joins: &[JoinCheck]) -> String {
    let heads = ["join", "table", "level", "rows", "keys", "no key", "repeated", "matched", "orphans", "found"];
    let mut text = under(
        &heads,
        joins.iter().map(|join| {
            vec![
                join.at.clone(),
                join.table.clone(),
                level(join.level).to_owned(),
                grouped(join.rows),
                grouped(join.keys),
                grouped(join.without_key),
                grouped(join.repeated),
                grouped(join.matched),
                grouped(join.orphans),
                join.message.clone(),
            ]
        }),
    );
    for join in joins {
        if let Some(hint) = &join.hint {
            text += &format!("\nhint for {}: {hint}", join.at);
        }
    }
    text
}

fn checked(found: &AudienceCheck) -> String {
    let behaviors = behaviors(&found.behaviors);
    let (joins, profiles) = (joins(&found.joins), counted(found.population, "profile"));
    let parts = [joins, profiles, columns(&found.columns), behaviors, unfit(&found.unfit)];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// Segments and activations that name what the profiles do not have.
fn unfit(unfit: &[String]) -> String {
    unfit.iter().map(|unfit| format!("does not fit: {unfit}")).collect::<Vec<_>>().join("\n")
}

/// The columns of a profile.
fn columns(columns: &[AudienceColumn]) -> String {
    if columns.is_empty() {
        return String::new();
    }
    let row = |column: &AudienceColumn| {
        vec![column.name.clone(), column.r#type.name().to_owned(), column.group.clone().unwrap_or_default()]
    };
    under(&["column", "type", "group"], columns.iter().map(row))
}

fn behaviors(behaviors: &[AudienceBehavior]) -> String {
    if behaviors.is_empty() {
        return String::new();
    }
    under(
        &["behavior", "events", "time", "columns"],
        behaviors.iter().map(|behavior| {
            let columns: Vec<String> =
                behavior.columns.iter().map(|column| format!("{} {}", column.name, column.r#type.name())).collect();
            vec![
                behavior.name.clone(),
                behavior.events.map(grouped).unwrap_or_default(),
                behavior.time.clone().unwrap_or_default(),
                columns.join(", "),
            ]
        }),
    )
}

fn show_parent(found: &ParentSegment, timetable: &str, json: bool) {
    if json {
        return show_json(found);
    }
    let spec = &found.spec;
    let snapshot = found.snapshot.as_ref();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let profiles = snapshot.map(|snapshot| format!("{}, as of {}", grouped(snapshot.population), snapshot.at));
    let last = found.last_job.as_ref().map(|job| format!("{} {}", job.id, job.state));
    show(&pairs(&[
        ("name", spec.name.clone()),
        ("id", found.id.to_string()),
        ("description", text(&spec.description)),
        ("owner", text(&spec.owner)),
        ("master", format!("{} by {}", spec.master.table, spec.master.key)),
        ("calendar", text(&spec.timezone)),
        ("profiles", profiles.unwrap_or_default()),
        ("segments", grouped(found.segments)),
        ("tables", tables(found).join(", ")),
        ("last job", last.unwrap_or_default()),
        ("revision", found.revision.to_string()),
        ("created", format!("{} by {}", found.created, found.created_by)),
        ("updated", format!("{} by {}", found.updated, found.updated_by)),
    ]));
    if !timetable.is_empty() {
        show(timetable);
    }
    if let Some(told) = &spec.notify {
        show(&notices::text(told));
    }
    if !found.unfit.is_empty() {
        show(&unfit(&found.unfit));
    }
    let Some(snapshot) = snapshot else {
        return say(&format!("not refreshed yet: sluice parent-segments refresh '{}'", spec.name));
    };
    for part in [columns(&snapshot.columns), behaviors(&snapshot.behaviors), joins(&snapshot.joins)] {
        if !part.is_empty() {
            show(&format!("\n{part}"));
        }
    }
}

/// The tables of the newest refresh, as SQL names them.
fn tables(found: &ParentSegment) -> Vec<String> {
    let Some(snapshot) = &found.snapshot else { return Vec::new() };
    let events = snapshot.behaviors.iter().map(|behavior| format!("behavior_{}", behavior.name));
    let names = ["customers".to_owned()].into_iter().chain(events);
    names.map(|name| format!("cdp_audience_{}.{name}", found.id)).collect()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use model::ColumnType;

    use super::*;

    #[test]
    fn joins_are_explained() {
        let join = |at: &str, table: &str, level, message: &str, hint: Option<&str>| JoinCheck {
            at: at.into(),
            table: table.into(),
            level,
            message: message.into(),
            hint: hint.map(str::to_owned),
            rows: 1_200,
            keys: 1_000,
            without_key: 0,
            repeated: 200,
            matched: 900,
            orphans: 100,
        };
        let column = |name: &str, r#type, group: Option<&str>| AudienceColumn {
            name: name.into(),
            r#type,
            group: group.map(str::to_owned),
        };
        let found = AudienceCheck {
            population: 1_000,
            joins: vec![
                join("master", "contacts", JoinLevel::Ok, "one row for each key", None),
                join(
                    "attributes[0]",
                    "scores",
                    JoinLevel::Wrong,
                    "200 keys stand in several rows",
                    Some("join one row a key"),
                ),
            ],
            columns: vec![
                column("email", ColumnType::String, None),
                column("score", ColumnType::Number, Some("Scores")),
            ],
            behaviors: vec![AudienceBehavior {
                name: "orders".into(),
                time: Some("time".into()),
                columns: vec![
                    column("time", ColumnType::Timestamp, None),
                    column("tags", ColumnType::StringArray, None),
                ],
                events: Some(12_345),
            }],
            sql: String::new(),
            unfit: vec!["segment Rich: rule.conditions[0]: there is no attribute tier".into()],
        };
        expect![[r#"
            JOIN           TABLE     LEVEL  ROWS   KEYS   NO KEY  REPEATED  MATCHED  ORPHANS  FOUND
            master         contacts  ok     1,200  1,000  0       200       900      100      one row for each key
            attributes[0]  scores    wrong  1,200  1,000  0       200       900      100      200 keys stand in several rows
            hint for attributes[0]: join one row a key

            1,000 profiles

            COLUMN  TYPE    GROUP
            email   string
            score   number  Scores

            BEHAVIOR  EVENTS  TIME  COLUMNS
            orders    12,345  time  time timestamp, tags string_array

            does not fit: segment Rich: rule.conditions[0]: there is no attribute tier"#]]
        .assert_eq(&checked(&found));
    }
}
