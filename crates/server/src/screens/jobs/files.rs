//! What a job leaves behind: its files, and some of its rejected rows to look at.

use std::io;

use app::{AppError, Download, Form, What};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use console::Section;
use console::jobs::{RejectedPage, RejectedRow};

use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::{Asked, Named};
use crate::routes::job_files::{self, FormAsked};
use crate::screens::show;
use crate::screens::sitting::Sitting;

/// Rejected rows that are read to be looked at.
const ROWS: usize = 200;

/// `GET /jobs/{id}/files/{what}`
pub(crate) async fn file(
    State(door): State<Door>,
    sitting: Sitting,
    Path((id, what)): Path<(String, String)>,
    asked: Result<Asked<FormAsked>, Refusal>,
) -> Response {
    let download = async {
        let Asked(asked) = asked?;
        let what = match what.as_str() {
            "result" => What::Result,
            "rejected" => What::Rejected,
            "receipts" => What::Receipts,
            _ => return Err(Refusal::of_status(StatusCode::NOT_FOUND)),
        };
        Ok(door.app().download(&sitting.actor, &id, what, asked.form()?, asked.spreadsheet).await?)
    };
    match download.await {
        Ok(download) => job_files::answer(download),
        Err(refusal) => show::refused(sitting.chrome.at(Section::Jobs), refusal),
    }
}

/// `GET /jobs/{id}/rejected`: the first of them, by reason.
pub(crate) async fn rejected(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    let found = async {
        let Named(id) = named?;
        let job = door.app().job(&sitting.actor, &id).await?;
        let download = door.app().download(&sitting.actor, &id, What::Rejected, Form::JsonLines, false).await;
        Ok::<_, Refusal>((job, download))
    };
    let found = found.await;
    let chrome = sitting.chrome.at(Section::Jobs);
    match found {
        Ok((job, Ok(download))) => match first(download).await {
            Ok((rows, more)) => show::shown(&RejectedPage::new(chrome, &job, &rows, more)),
            Err(error) => {
                tracing::warn!("the rejected rows of job {} cannot be read: {error}", job.id);
                let why = "They could not be read to the end. The server's log says more; try again, or download them.";
                show::page(StatusCode::INTERNAL_SERVER_ERROR, &RejectedPage::absent(chrome, &job, why.into()))
            }
        },
        Ok((job, Err(AppError::Conflict { message, hint }))) => {
            let why = hint.map_or_else(|| format!("{message}."), |hint| format!("{message}: {hint}."));
            show::shown(&RejectedPage::absent(chrome, &job, why))
        }
        Ok((_, Err(error))) => show::refused(chrome, error),
        Err(refusal) => show::refused(chrome, refusal),
    }
}

/// The first rows of a download, and whether there are more. The rest is not made.
async fn first(mut download: Download) -> io::Result<(Vec<RejectedRow>, bool)> {
    let (mut rows, mut rest) = (Vec::new(), Vec::new());
    while let Some(chunk) = download.chunks.recv().await {
        rest.extend_from_slice(&chunk?);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            if rows.len() >= ROWS {
                return Ok((rows, true));
            }
            rows.push(row(&rest[..end])?);
            rest.drain(..=end);
        }
    }
    if rest.is_empty() { Ok((rows, false)) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn row(line: &[u8]) -> io::Result<RejectedRow> {
    RejectedRow::read(line).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a line is no rejected row"))
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    /// What arrives, and the rows that are shown of it with whether there are more.
    type Case = (&'static str, Vec<io::Result<Vec<u8>>>, Option<(usize, bool)>);

    #[tokio::test]
    async fn a_list_that_breaks_off_is_not_taken_for_a_whole_one() {
        let line = |row: usize| format!("{{\"row_number\":{row},\"reason\":\"odd\",\"values\":{{}}}}\n").into_bytes();
        let broken = || Err(io::Error::from(io::ErrorKind::InvalidData));
        let many = (0..=ROWS).map(|row| Ok(line(row))).collect();
        let cases: [Case; 7] = [
            ("none", vec![], Some((0, false))),
            (
                "two in pieces",
                vec![Ok(line(1)), Ok(line(2)[..5].to_vec()), Ok(line(2)[5..].to_vec())],
                Some((2, false)),
            ),
            ("more than are shown", many, Some((ROWS, true))),
            ("an error at once", vec![broken()], None),
            ("an error later", vec![Ok(line(1)), broken()], None),
            ("cut off", vec![Ok(line(1)), Ok(line(2)[..5].to_vec())], None),
            ("another line", vec![Ok(line(1)), Ok(b"odd\n".to_vec())], None),
        ];
        for (name, sent, want) in cases {
            let (sender, chunks) = mpsc::channel(sent.len().max(1));
            for chunk in sent {
                sender.send(chunk).await.unwrap();
            }
            drop(sender);
            let download = Download { file_name: String::new(), media_type: "", chunks };
            assert_eq!(first(download).await.ok().map(|(rows, more)| (rows.len(), more)), want, "{name}");
        }
    }
}
