//! The tables at hand, for whoever writes SQL.
//!
//! Knows which tables there are; reads the columns of files only for so long as somebody may wait.

use std::collections::BTreeMap;
use std::time::Duration;

use api::{Table, TableKind};
use app::{Actor, AppError};
use axum::Json;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use console::Chrome;
use console::queries::{Beside, Names};

use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::Named;
use crate::screens::show;
use crate::screens::sitting::Sitting;

/// Tables beside an editor.
const TABLES: u32 = 200;
/// Parent segments whose tables stand there too.
const PARENTS: u32 = 20;
/// Longest time for the columns of files that an editor completes.
const PATIENCE: Duration = Duration::from_secs(5);

/// The tables beside an editor.
pub(super) async fn beside(door: &Door, actor: &Actor, chrome: &Chrome) -> Result<Beside, AppError> {
    let tables = door.app().tables(actor, None, TABLES).await?;
    let parents = door.app().parent_segments(actor, None, PARENTS).await?;
    Ok(Beside::new(tables.items, parents.items, tables.next.is_some(), chrome.edits()))
}

/// `GET /workbench/tables`: tables with the names of their columns, for an editor that completes them.
pub(super) async fn tables(State(door): State<Door>, sitting: Sitting) -> Response {
    match door.app().tables(&sitting.actor, None, TABLES).await {
        Ok(page) => {
            let mut known: BTreeMap<String, Vec<String>> =
                page.items.iter().map(|table| (table.name.clone(), names(table))).collect();
            let files = page.items.iter().filter(|table| table.kind == TableKind::Bound);
            let read = async {
                for table in files {
                    if let Ok(table) = door.app().table(&sitting.actor, &table.name).await {
                        known.insert(table.name.clone(), names(&table));
                    }
                }
            };
            // What was not read in time is completed by its name alone.
            let _late = tokio::time::timeout(PATIENCE, read).await;
            Json(known).into_response()
        }
        Err(error) => Refusal::from(error).into_response(),
    }
}

fn names(table: &Table) -> Vec<String> {
    table.columns.iter().map(|column| column.name.clone()).collect()
}

/// `GET /workbench/tables/{name}`: the columns of a table, as a part of a page.
pub(super) async fn columns(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    let name = match named {
        Ok(Named(name)) => name,
        Err(refusal) => return show::refused(sitting.chrome, refusal),
    };
    match door.app().table(&sitting.actor, &name).await {
        Ok(table) => match askama::Template::render(&Names::of(table.columns, table.remark)) {
            Ok(html) => Html(html).into_response(),
            Err(_) => Refusal::of_status(axum::http::StatusCode::INTERNAL_SERVER_ERROR).into_response(),
        },
        Err(error) => show::refused(sitting.chrome, error),
    }
}
