//! `sluice activations`: segments bound to a connection, looked at and run.
//!
//! Knows arguments and screens; what is sent is the server's to say.

use std::path::Path;

use api::client::{JobQuery, every};
use api::{
    Activation, ActivationCopy, ActivationLook, ActivationSpec, ActivationTry, Cause, JobKind, OutputField, Overlap,
    RunRequest, Scheduled,
};
use model::grouped;
use model::{OutputColumn, OutputSource, Parameter};
use project::{Kind, Places};

use crate::cli::commands::{ActivationsCommand, Following, Once, Whereabouts};
use crate::cli::door::{Door, Failure, Need, through};
use crate::cli::listing::{counted, pairs, show_json, show_list, under};
use crate::cli::moment::moment;
use crate::cli::server_jobs::{self, key};
use crate::cli::{Exit, follow, notices, say, schedules, show, written};

/// `sluice activations`
pub(crate) async fn activations(whereabouts: Whereabouts, command: ActivationsCommand) -> Exit {
    let json = whereabouts.json;
    let need = match &command {
        ActivationsCommand::Run { .. } => Need::Jobs,
        ActivationsCommand::List { .. }
        | ActivationsCommand::Show { .. }
        | ActivationsCommand::Preview { .. }
        | ActivationsCommand::Runs { .. }
        | ActivationsCommand::Enable { .. }
        | ActivationsCommand::Disable { .. }
        | ActivationsCommand::Copy { .. }
        | ActivationsCommand::Delete { .. } => Need::There,
    };
    through(&whereabouts, need, async |door| match command {
        ActivationsCommand::List { segment } => list(door, segment.as_deref(), json).await,
        ActivationsCommand::Show { name } => shown(door, &door.client().activation(&name).await?, json).await,
        ActivationsCommand::Preview { what, rows, sql } => preview(door, &what, rows, sql, json).await,
        ActivationsCommand::Run { name, result_only, scheduled_time, once, following } => {
            let scheduled = scheduled_time.map(|text| moment("--scheduled-time", &text)).transpose()?;
            let request = RunRequest {
                kind: result_only.then_some(JobKind::Result),
                scheduled_time: scheduled.map(|time| time.to_string()),
            };
            run(door, &name, &request, &once, &following, json).await
        }
        ActivationsCommand::Runs { name, limit } => {
            // A name that nobody has is a mistake, not an empty list.
            door.client().activation(&name).await?;
            let which = JobQuery { activation: Some(name), ..JobQuery::default() };
            server_jobs::list(door, &which, limit, json).await
        }
        ActivationsCommand::Enable { name } => {
            shown(door, &door.client().enable_activation(&name, true).await?, json).await
        }
        ActivationsCommand::Disable { name } => {
            shown(door, &door.client().enable_activation(&name, false).await?, json).await
        }
        ActivationsCommand::Copy { name, new } => {
            let copy = door.client().copy_activation(&name, &ActivationCopy { name: new }).await?;
            shown(door, &copy, json).await
        }
        ActivationsCommand::Delete { name } => {
            door.client().delete_activation(&name).await?;
            say(&format!("activation {name} is deleted"));
            Ok(Exit::Done)
        }
    })
    .await
}

async fn list(door: &Door, segment: Option<&str>, json: bool) -> Result<Exit, Failure> {
    let found = every(async |after| door.client().activations(segment, after).await).await?;
    let heads = ["name", "segment", "exports through", "schedule", "state", "next", "last job"];
    show_list(&found, json, "no activations yet", &heads, |found| {
        let schedule = found.schedule.as_ref();
        let last = found.last_job.as_ref().map(|job| format!("{} {}", job.created, job.state));
        vec![
            found.spec.name.clone(),
            found.spec.segment.clone(),
            found.spec.export.connection.clone(),
            schedule.map(|schedule| schedule.words.clone()).unwrap_or_default(),
            state(found).to_owned(),
            schedule.and_then(|schedule| schedule.next.clone()).unwrap_or_default(),
            last.unwrap_or_default(),
        ]
    });
    Ok(Exit::Done)
}

/// Whether it runs, and by itself.
fn state(found: &Activation) -> &'static str {
    match (&found.schedule, found.spec.enabled) {
        (_, false) => "disabled",
        (Some(schedule), true) => match schedule.state {
            api::ScheduleState::Active => "active",
            api::ScheduleState::Paused => "schedule paused",
            api::ScheduleState::Disabled => "schedule disabled",
        },
        (None, true) => "by hand",
    }
}

async fn shown(door: &Door, found: &Activation, json: bool) -> Result<Exit, Failure> {
    if json {
        show_json(found);
        return Ok(Exit::Done);
    }
    let spec = &found.spec;
    let overlap = match spec.overlap {
        Overlap::Queue => "queue",
        Overlap::Skip => "skip",
    };
    let last = found.last_job.as_ref().map(|job| format!("{} {}", job.id, job.state));
    show(&pairs(&[
        ("name", spec.name.clone()),
        ("description", spec.description.clone().unwrap_or_default()),
        ("parent segment", found.parent_segment.clone()),
        ("segment", spec.segment.clone()),
        ("exports through", spec.export.connection.clone()),
        ("state", state(found).to_owned()),
        ("overlap", overlap.to_owned()),
        ("last job", last.unwrap_or_default()),
        ("revision", found.revision.to_string()),
        ("created", format!("{} by {}", found.created, found.created_by)),
        ("updated", format!("{} by {}", found.updated, found.updated_by)),
    ]));
    if let Some(schedule) = found.schedule.as_ref().filter(|_| !spec.enabled) {
        // What is disabled has no times; enabled, it goes on.
        show(&format!("schedule         {}, once it is enabled", schedule.words));
    } else if found.schedule.is_some() {
        show(&schedules::brief(&door.client().schedule(Scheduled::Activation, &spec.name).await?));
    }
    if let Some(told) = &spec.notify {
        show(&notices::text(told));
    }
    for (name, value) in &spec.export.settings.0 {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        show(&format!("  {name} = {text}"));
    }
    show(&format!("\n{}", mapping(spec)));
    if !spec.enabled {
        say(&format!("to let it run: sluice activations enable '{}'", spec.name));
    }
    Ok(Exit::Done)
}

/// The output mapping as a table.
fn mapping(spec: &ActivationSpec) -> String {
    let output = &spec.output;
    let mut rows = Vec::new();
    if output.all_columns {
        rows.push(vec!["(all columns)".to_owned(), "every column of the profile".to_owned()]);
    }
    rows.extend(output.columns.iter().map(|column| vec![column.column.clone(), source(column)]));
    for behavior in &output.behaviors {
        let count = behavior.rows.map(|rows| format!(" {rows}")).unwrap_or_default();
        for column in &behavior.columns {
            let from = format!("{} of {} ({}{count})", source(column), behavior.behavior, behavior.join);
            rows.push(vec![column.column.clone(), from]);
        }
    }
    under(&["output column", "source"], rows.into_iter())
}

/// Where a column's values come from, for people.
fn source(column: &OutputColumn) -> String {
    let built = match &column.source {
        OutputSource::Column(source) => return source.column.clone(),
        OutputSource::Text(built) => built,
    };
    let parameter = |parameter: &Parameter| match parameter {
        Parameter::String { string } => format!("{string:?}"),
        Parameter::Timestamp { format, timezone } => {
            let parts: Vec<&str> = [format, timezone].into_iter().flatten().map(String::as_str).collect();
            format!("timestamp {}", parts.join(" ")).trim_end().to_owned()
        }
        Parameter::SegmentId => "segment id".to_owned(),
        Parameter::SegmentName => "segment name".to_owned(),
        Parameter::AudienceId => "audience id".to_owned(),
    };
    let parameters: Vec<String> = built.parameters.iter().map(parameter).collect();
    match &built.string {
        Some(string) if parameters.is_empty() => format!("string {string:?}"),
        Some(string) => format!("string {string:?}: {}", parameters.join(", ")),
        None => format!("string: {}", parameters.join(", ")),
    }
}

/// Shows what an activation of a file, or one that is kept, would send now.
async fn preview(door: &Door, what: &str, rows: u32, sql: bool, json: bool) -> Result<Exit, Failure> {
    let (spec, places): (ActivationSpec, Option<Places>) = if written::is_file(what) {
        let path = Path::new(what);
        let wanted = written::only(written::read(Kind::Activation, path)?.activations, path)?;
        (wanted.spec, Some(wanted.places))
    } else {
        (door.client().activation(what).await?.spec, None)
    };
    let request = ActivationTry { activation: spec, rows: Some(rows) };
    let look = door.client().try_activation(&request).await;
    let look = look.map_err(|error| written::placed(error, places.as_ref()))?;
    if json {
        show_json(&look);
    } else {
        if sql {
            show(&format!("{}\n", look.sql.trim_end()));
        }
        show(&text(&look));
        say(&format!("{} as of now, profiles as of {}", counted(look.count, "row"), look.refreshed));
    }
    let wrong = look.fields.iter().any(|field| field.problem.is_some());
    Ok(if wrong { Exit::Usage } else { Exit::Done })
}

/// The fields, and the first records as they will be sent, one a line.
fn text(look: &ActivationLook) -> String {
    let row = |field: &OutputField| {
        let problem = field.problem.as_ref().map(said);
        let remark = field.remark.as_ref().map(|remark| format!("note: {remark}"));
        vec![
            field.column.clone(),
            field.source.clone(),
            field.r#type.clone(),
            field.field.clone().unwrap_or_else(|| "none".to_owned()),
            problem.or(remark).unwrap_or_default(),
        ]
    };
    let heads = ["output column", "source", "type", "field", "problem"];
    let mut parts = vec![under(&heads, look.fields.iter().map(row))];
    let rows = look.rows.iter().map(|sent| {
        let rejected = sent.rejected.as_ref().map(|cause| format!("rejected: {}", said(cause)));
        let record = sent.record.as_ref().map(ToString::to_string);
        vec![grouped(sent.row), sent.key.clone().unwrap_or_default(), rejected.or(record).unwrap_or_default()]
    });
    if !look.rows.is_empty() {
        parts.push(under(&["row", "key", "record"], rows));
    }
    parts.join("\n\n")
}

fn said(cause: &Cause) -> String {
    match &cause.hint {
        Some(hint) => format!("{}; {hint}", cause.message),
        None => cause.message.clone(),
    }
}

async fn run(
    door: &Door,
    name: &str,
    request: &RunRequest,
    once: &Once,
    following: &Following,
    json: bool,
) -> Result<Exit, Failure> {
    let started = door.client().run_activation(name, request, &key(once)).await?;
    if started.again {
        say(&format!("this key started job {} before", started.job.id));
    }
    follow::started(door, started.job, following, json).await
}

#[cfg(test)]
mod tests {
    use api::SentRow;
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_sent_stands_below_the_fields_that_it_goes_to() {
        let field = |column: &str, source: &str, field: Option<&str>, problem: Option<Cause>| OutputField {
            column: column.into(),
            source: source.into(),
            r#type: "text".into(),
            field: field.map(str::to_owned),
            problem,
            remark: field.is_some().then(|| "long ones are cut".to_owned()),
        };
        let cause = Cause { message: "is no field of a prospect".into(), hint: Some("did you mean email?".into()) };
        let look = ActivationLook {
            sql: "SELECT 1".into(),
            count: 2,
            fields: vec![
                field("emial", "attribute email", None, Some(cause)),
                field("comments", "string", Some("text"), None),
            ],
            rows: vec![
                SentRow {
                    row: 1,
                    key: Some("a@example.com".into()),
                    record: Some(json!({"comments": "x"})),
                    rejected: None,
                },
                SentRow {
                    row: 2,
                    key: None,
                    record: None,
                    rejected: Some(Cause { message: "there is no email".into(), hint: None }),
                },
            ],
            refreshed: String::new(),
        };
        expect![[r#"
            OUTPUT COLUMN  SOURCE           TYPE  FIELD  PROBLEM
            emial          attribute email  text  none   is no field of a prospect; did you mean email?
            comments       string           text  text   note: long ones are cut

            ROW  KEY            RECORD
            1    a@example.com  {"comments":"x"}
            2                   rejected: there is no email"#]]
        .assert_eq(&text(&look));
    }

    #[test]
    fn a_mapping_is_readable() {
        let spec: ActivationSpec = serde_json::from_value(json!({
            "name": "a", "segment": "s", "export": {"connection": "prod"},
            "output": {
                "all_columns": true,
                "columns": [
                    {"column": "email", "source": {"column": "email_address"}},
                    {"column": "comments", "source": {"string": "seg-$1-$2", "parameters": [
                        {"type": "SegmentName"}, {"type": "Timestamp", "format": "yyyy-MM-dd", "timezone": "Europe/Berlin"},
                    ]}},
                    {"column": "notes", "source": {"parameters": [{"type": "AudienceId"}, {"type": "String", "string": "x"}]}},
                ],
                "behaviors": [{"behavior": "orders", "join": "top", "rows": 3, "columns": [
                    {"column": "order", "source": {"column": "product"}}]}],
            },
        }))
        .unwrap();
        expect![[r#"
            OUTPUT COLUMN  SOURCE
            (all columns)  every column of the profile
            email          email_address
            comments       string "seg-$1-$2": segment name, timestamp yyyy-MM-dd Europe/Berlin
            notes          string: audience id, "x"
            order          product of orders (top 3)"#]]
        .assert_eq(&mapping(&spec));
    }
}
