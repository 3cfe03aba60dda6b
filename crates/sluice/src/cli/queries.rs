//! `sluice queries`: the queries of a server.
//!
//! Knows arguments and screens; what is a good query is the server's to judge.

use std::path::{Path, PathBuf};

use api::client::{ClientError, every};
use api::{Export, JobKind, Overlap, PreviewRequest, Query, QuerySpec, RunRequest, Schedule, Scheduled};
use model::{Problem, Problems, Settings};
use serde_json::Value;

use crate::cli::commands::{Following, Once, QueriesCommand, QueryParts, Whereabouts};
use crate::cli::connections::word;
use crate::cli::door::{Door, Failure, Need, through};
use crate::cli::listing::{pairs, show_json, show_list, show_preview};
use crate::cli::moment::moment;
use crate::cli::server_jobs::key;
use crate::cli::{Exit, follow, notices, say, schedules, show};

/// `sluice queries`
pub(crate) async fn queries(whereabouts: Whereabouts, command: QueriesCommand) -> Exit {
    let json = whereabouts.json;
    let need = match &command {
        QueriesCommand::Run { .. } => Need::Jobs,
        QueriesCommand::List | QueriesCommand::Show { .. } | QueriesCommand::Delete { .. } => Need::There,
        QueriesCommand::Save { .. } | QueriesCommand::Preview { .. } => Need::Documents,
    };
    through(&whereabouts, need, async |door| match command {
        QueriesCommand::List => list(door, json).await,
        QueriesCommand::Show { name } => {
            let found = door.client().query(&name).await?;
            show_query(&found, &timetable(door, &found).await?, json);
            Ok(Exit::Done)
        }
        QueriesCommand::Save { name, parts } => save(door, &name, &parts, json).await,
        QueriesCommand::Preview { name, sql, sql_file, limit } => {
            let sql = match (name, sql_of(sql, sql_file)?) {
                (_, Some(sql)) => sql,
                (Some(name), None) => door.client().query(&name).await?.spec.sql,
                (None, None) => return Err(Problem::at("--sql", "is missing").into()),
            };
            show_preview(&door.client().preview(&PreviewRequest { sql, limit: Some(limit) }).await?, json);
            Ok(Exit::Done)
        }
        QueriesCommand::Run { name, result_only, scheduled_time, once, following } => {
            let scheduled = scheduled_time.map(|text| moment("--scheduled-time", &text)).transpose()?;
            let request = RunRequest {
                kind: result_only.then_some(JobKind::Result),
                scheduled_time: scheduled.map(|time| time.to_string()),
            };
            run(door, &name, &request, &once, &following, json).await
        }
        QueriesCommand::Delete { name } => {
            door.client().delete_query(&name).await?;
            say(&format!("query {name} is deleted"));
            Ok(Exit::Done)
        }
    })
    .await
}

async fn list(door: &Door, json: bool) -> Result<Exit, Failure> {
    let found = every(async |after| door.client().queries(after).await).await?;
    show_list(&found, json, "no queries yet", &["name", "rows go", "schedule", "last job"], |found| {
        let through = found.spec.export.as_ref().map(|export| format!("exports through {}", export.connection));
        let last = found.last_job.as_ref().map(|job| format!("{} {}", job.created, job.state));
        let often = found.spec.schedule.as_ref().map(often);
        vec![
            found.spec.name.clone(),
            through.unwrap_or_else(|| "result only".into()),
            often.unwrap_or_default(),
            last.unwrap_or_default(),
        ]
    });
    Ok(Exit::Done)
}

/// How often something runs, in a word or as its cron.
pub(crate) fn often(schedule: &Schedule) -> String {
    match schedule.repeat {
        Some(repeat) => {
            serde_json::to_value(repeat).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
        }
        None => schedule.cron.clone(),
    }
}

/// The lines about a query's schedule, where it has one.
async fn timetable(door: &Door, found: &Query) -> Result<String, ClientError> {
    match &found.spec.schedule {
        Some(_) => door.client().schedule(Scheduled::Query, &found.spec.name).await.map(|view| schedules::brief(&view)),
        None => Ok(String::new()),
    }
}

fn show_query(found: &Query, timetable: &str, json: bool) {
    if json {
        return show_json(found);
    }
    let spec = &found.spec;
    let overlap = match spec.overlap {
        Overlap::Queue => "queue",
        Overlap::Skip => "skip",
    };
    let export = spec.export.as_ref();
    let last = found.last_job.as_ref().map(|job| format!("{} {}", job.id, job.state));
    show(&pairs(&[
        ("name", spec.name.clone()),
        ("description", spec.description.clone().unwrap_or_default()),
        ("exports through", export.map(|export| export.connection.clone()).unwrap_or_default()),
        ("overlap", overlap.to_owned()),
        ("time limit", spec.time_limit.map(|seconds| format!("{seconds} s")).unwrap_or_default()),
        ("last job", last.unwrap_or_default()),
        ("revision", found.revision.to_string()),
        ("updated", found.updated.clone()),
    ]));
    if !timetable.is_empty() {
        show(timetable);
    }
    if let Some(told) = &spec.notify {
        show(&notices::text(told));
    }
    for (name, value) in export.iter().flat_map(|export| export.settings.0.iter()) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        show(&format!("  {name} = {text}"));
    }
    show(&format!("\n{}", spec.sql.trim_end()));
}

/// SQL from an argument or a file, `-` being stdin.
fn sql_of(sql: Option<String>, file: Option<PathBuf>) -> Result<Option<String>, Problem> {
    let Some(path) = file else {
        return Ok(sql);
    };
    let read = if path == Path::new("-") {
        std::io::read_to_string(std::io::stdin().lock())
    } else {
        std::fs::read_to_string(&path)
    };
    read.map(Some)
        .map_err(|error| Problem::at(format!("--sql-file {}", path.display()), format!("cannot be read: {error}")))
}

/// Saves a new query, or what is given of one that is there.
async fn save(door: &Door, name: &str, parts: &QueryParts, json: bool) -> Result<Exit, Failure> {
    let found = match door.client().query(name).await {
        Ok(found) => Some(found),
        Err(error) if ClientError::is_not_found(&error) => None,
        Err(error) => return Err(error.into()),
    };
    let revision = found.as_ref().map(|found| found.revision);
    let spec = merged(name, parts, found.map(|found| found.spec))?;
    let saved = match revision {
        Some(revision) => door.client().put_query(name, &spec, Some(revision)).await?,
        None => door.client().create_query(&spec).await?,
    };
    show_query(&saved, &timetable(door, &saved).await?, json);
    Ok(Exit::Done)
}

/// What the arguments make of a query, with all their problems at once.
fn merged(name: &str, parts: &QueryParts, found: Option<QuerySpec>) -> Result<QuerySpec, Problems> {
    let mut problems = Problems::default();
    let new = found.is_none();
    let mut spec = found.unwrap_or_else(|| QuerySpec { name: name.to_owned(), ..QuerySpec::default() });
    match problems.keep(sql_of(parts.sql.clone(), parts.sql_file.clone())).flatten() {
        Some(sql) => spec.sql = sql,
        None if new && problems.is_empty() => {
            problems.push(Problem::at("--sql-file", "is missing").hint("a new query needs --sql-file or --sql"));
        }
        None => {}
    }
    if let Some(description) = &parts.description {
        spec.description = Some(description.clone()).filter(|text| !text.is_empty());
    }
    if let Some(text) = &parts.overlap {
        spec.overlap = problems.keep(word("--overlap", text, "queue or skip")).unwrap_or_default();
    }
    spec.time_limit = parts.time_limit.or(spec.time_limit);
    if parts.no_export {
        spec.export = None;
    }
    if let Some(connection) = &parts.export_connection {
        spec.export.get_or_insert_with(Export::default).connection.clone_from(connection);
    }
    settings(parts, &mut spec, &mut problems);
    problems.or(|| spec)
}

fn settings(parts: &QueryParts, spec: &mut QuerySpec, problems: &mut Problems) {
    if parts.set.is_empty() && parts.unset.is_empty() {
        return;
    }
    let Some(export) = &mut spec.export else {
        problems.push(
            Problem::at("--set", "has no export to go with")
                .hint("say through which connection: --export-connection NAME"),
        );
        return;
    };
    // The names are checked here, with the nearest one; the values by the server.
    let mut names = Settings::default();
    for pair in &parts.set {
        match pair.split_once('=') {
            Some((name, value)) => {
                if problems.keep(names.set(name.trim(), value)).is_some() {
                    export.settings.0.insert(name.trim().to_owned(), Value::from(value));
                }
            }
            None => problems.push(Problem::at(format!("--set {pair}"), "must be KEY=VALUE")),
        }
    }
    for name in &parts.unset {
        if problems.keep(names.set(name, "")).is_some() {
            export.settings.0.shift_remove(name);
        }
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
    let started = door.client().run_query(name, request, &key(once)).await?;
    if started.again {
        say(&format!("this key started job {} before", started.job.id));
    }
    follow::started(door, started.job, following, json).await
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn parts() -> QueryParts {
        QueryParts {
            sql: None,
            sql_file: None,
            description: None,
            export_connection: None,
            set: Vec::new(),
            unset: Vec::new(),
            no_export: false,
            overlap: None,
            time_limit: None,
        }
    }

    #[test]
    fn what_is_not_given_stays() {
        let first = QueryParts {
            sql: Some("SELECT 1".into()),
            export_connection: Some("prod".into()),
            set: vec!["parallel_tasks=5".into(), "prospect_lists=1,2".into()],
            ..parts()
        };
        let made = merged("q", &first, None).unwrap();
        let second = QueryParts {
            overlap: Some("skip".into()),
            set: vec!["parallel_tasks=4".into()],
            unset: vec!["prospect_lists".into()],
            ..parts()
        };
        let changed = merged("q", &second, Some(made)).unwrap();
        expect![[r#"{"name":"q","sql":"SELECT 1","export":{"connection":"prod","settings":{"parallel_tasks":"4"}},"overlap":"skip"}"#]]
            .assert_eq(&serde_json::to_string(&changed).unwrap());
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let wrong = QueryParts {
            export_connection: Some("prod".into()),
            set: vec!["max_paylod=1".into(), "x".into()],
            overlap: Some("wait".into()),
            ..parts()
        };
        expect![[r#"
            --sql-file: is missing
              hint: a new query needs --sql-file or --sql
            --overlap: must be queue or skip
            settings.max_paylod: is not a setting
              hint: did you mean max_payload?
            --set x: must be KEY=VALUE"#]]
        .assert_eq(&merged("q", &wrong, None).unwrap_err().to_string());
    }
}
