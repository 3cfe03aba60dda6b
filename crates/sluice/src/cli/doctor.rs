//! `sluice doctor` and `sluice fields`.

use pardot::field::{Access, FIELDS, Kind};
use serde_json::json;

use crate::cli::args::ConnectionArguments;
use crate::cli::{Exit, explain_error, show};
use app::connection::Connection;
use app::export::ExportError;
use app::inspect;

/// `sluice doctor`
pub(crate) async fn doctor(arguments: ConnectionArguments) -> Exit {
    let connection = match Connection::read(&arguments.connection_file) {
        Ok(connection) => connection,
        Err(error) => return explain_error(&ExportError::from(error), None),
    };
    let diagnosis = inspect::doctor(&connection).await;
    if arguments.json {
        show(&serde_json::to_value(&diagnosis.checks).unwrap_or_default().to_string());
    } else {
        for check in &diagnosis.checks {
            let mark = if check.ok { "ok  " } else { "FAIL" };
            show(&format!("{mark}  {:<13}  {}", check.check, check.found));
            if let Some(next) = &check.next {
                show(&format!("      next: {next}"));
            }
        }
    }
    match (diagnosis.dead, diagnosis.checks.iter().all(|check| check.ok)) {
        (true, _) => Exit::Authentication,
        (false, true) => Exit::Done,
        (false, false) => Exit::Failed,
    }
}

/// `sluice fields`
pub(crate) async fn fields(arguments: ConnectionArguments) -> Exit {
    let found = async {
        let connection = Connection::read(&arguments.connection_file)?;
        inspect::fields(&connection).await
    };
    let (custom, lists) = match found.await {
        Ok(found) => found,
        Err(error) => return explain_error(&error, None),
    };
    let kind = |kind: Kind| match kind {
        Kind::Integer => "integer",
        Kind::Text => "text",
        Kind::Boolean => "boolean",
    };
    let writable = |access: Access| match access {
        Access::Write => true,
        Access::ReadOnly => false,
    };
    if arguments.json {
        let standard: Vec<_> = FIELDS
            .iter()
            .map(|field| json!({"name": field.name, "type": kind(field.kind), "writable": writable(field.access)}))
            .collect();
        show(&json!({"fields": standard, "custom_fields": custom, "lists": lists}).to_string());
        return Exit::Done;
    }
    show("Standard fields");
    for field in FIELDS {
        let access = if writable(field.access) { "" } else { " (read-only)" };
        show(&format!("  {:<22} {:<8} {}{access}", field.name, kind(field.kind), field.help));
    }
    show(&format!("Custom fields ({})", custom.len()));
    custom.iter().for_each(|name| show(&format!("  {name}")));
    show(&format!("Lists ({})", lists.len()));
    for list in lists {
        let dynamic = if list.dynamic { " (dynamic: takes no members by hand)" } else { "" };
        show(&format!("  {:<10} {}{dynamic}", list.id, list.name));
    }
    Exit::Done
}
