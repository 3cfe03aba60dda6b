//! `sluice tables`: the tables of a server.
//!
//! Knows arguments and screens; what a file holds is the server's to judge.

use std::path::Path;

use api::client::{Form, every};
use api::{Table, TableKind, TableSpec};
use model::Problem;
use model::grouped;

use crate::cli::commands::{FileForm, TablesCommand, Whereabouts};
use crate::cli::door::{Door, Failure, Need, through};
use crate::cli::listing::{columns, counted, pairs, show_json, show_list, show_preview};
use crate::cli::transfer::{Bytes, readable};
use crate::cli::{Exit, say, show};

/// `sluice tables`
pub(crate) async fn tables(whereabouts: Whereabouts, command: TablesCommand) -> Exit {
    let json = whereabouts.json;
    let need = match &command {
        TablesCommand::List
        | TablesCommand::Show { .. }
        | TablesCommand::Preview { .. }
        | TablesCommand::Delete { .. } => Need::There,
        TablesCommand::Bind { .. } | TablesCommand::Upload { .. } => Need::Documents,
    };
    through(&whereabouts, need, async |door| match command {
        TablesCommand::List => list(door, json).await,
        TablesCommand::Show { name } => {
            show_table(&door.client().table(&name).await?, json);
            Ok(Exit::Done)
        }
        TablesCommand::Bind { name, files } => {
            show_table(&door.client().put_table(&TableSpec { name, files }, None).await?, json);
            Ok(Exit::Done)
        }
        TablesCommand::Upload { name, file, format } => upload(door, &name, &file, format, json).await,
        TablesCommand::Preview { name, limit } => {
            show_preview(&door.client().preview_table(&name, limit).await?, json);
            Ok(Exit::Done)
        }
        TablesCommand::Delete { name } => {
            door.client().delete_table(&name).await?;
            say(&format!("table {name} is deleted"));
            Ok(Exit::Done)
        }
    })
    .await
}

async fn list(door: &Door, json: bool) -> Result<Exit, Failure> {
    let found = every(async |after| door.client().tables(after).await).await?;
    show_list(&found, json, "no tables yet", &["name", "rows", "from"], |found| {
        let from = match found.kind {
            TableKind::Bound => found.files.clone().unwrap_or_default(),
            TableKind::Uploaded => uploaded(found),
        };
        vec![found.name.clone(), found.rows.map(grouped).unwrap_or_default(), from]
    });
    Ok(Exit::Done)
}

fn uploaded(found: &Table) -> String {
    let bytes = found.bytes.map(|bytes| format!(", {}", counted(bytes, "byte"))).unwrap_or_default();
    format!("uploaded {}{bytes}", found.format.as_deref().unwrap_or_default())
}

fn show_table(found: &Table, json: bool) {
    if json {
        return show_json(found);
    }
    let uploaded = match found.kind {
        TableKind::Bound => String::new(),
        TableKind::Uploaded => uploaded(found),
    };
    show(&pairs(&[
        ("name", found.name.clone()),
        ("files", found.files.clone().unwrap_or_default()),
        ("file", uploaded),
        ("sha256", found.sha256.clone().unwrap_or_default()),
        ("rows", found.rows.map(grouped).unwrap_or_default()),
        ("remark", found.remark.clone().unwrap_or_default()),
        ("used by", found.used_by.join(", ")),
        ("updated", found.updated.clone()),
    ]));
    if !found.columns.is_empty() {
        let rows: Vec<Vec<String>> =
            found.columns.iter().map(|column| vec![format!("  {}", column.name), column.r#type.clone()]).collect();
        show(&columns(&rows));
    }
}

async fn upload(door: &Door, name: &str, file: &Path, format: Option<FileForm>, json: bool) -> Result<Exit, Failure> {
    let form = match format {
        Some(FileForm::Csv) => Form::Csv,
        Some(FileForm::Jsonl) => Form::JsonLines,
        Some(FileForm::Parquet) => Form::Parquet,
        None => Form::of(file).ok_or_else(|| {
            Problem::at(file.display().to_string(), "ends in no known form")
                .hint("say which: --format csv, jsonl or parquet")
        })?,
    };
    readable("FILE", file)?;
    let mut bytes = Bytes::new("sent");
    let table = door.client().upload_table(name, form, file, &mut |sent, all| bytes.show(sent, Some(all))).await;
    bytes.finish();
    show_table(&table?, json);
    Ok(Exit::Done)
}
