//! `POST /jobs/{id}/mended`: rejected rows that somebody corrected, as the file of a form. They are sent as a new job.

use api::{Place, RetryAnswer};
use app::AppError;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use console::jobs::address_of;
use console::{Done, Faults, Section};

use crate::door::Door;
use crate::request::Named;
use crate::screens::jobs::{acts, one};
use crate::screens::show;
use crate::screens::sitting::Sitting;
use crate::screens::uploading::{Sent, Uploading};

/// What became of a form.
enum Mended {
    /// A job sends its rows.
    Started(Box<RetryAnswer>),
    /// Nothing was sent, and the form is only to be shown again.
    Shown,
    /// The file is not what it must be.
    Wrong(Vec<Place>),
    Refused(AppError),
}

/// `POST /jobs/{id}/mended`: on to the new job.
pub(crate) async fn mended(State(door): State<Door>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let named = Named::from_request_parts(&mut parts, &door).await;
    let uploading = match Uploading::begin(Request::from_parts(parts, body), &door).await {
        Ok(uploading) => uploading,
        Err(answer) => return answer,
    };
    let chrome = uploading.sitting.chrome.at(Section::Jobs);
    let Named(id) = match named {
        Ok(named) => named,
        Err(refusal) => return show::refused(chrome, refusal),
    };
    match uploading.receive(&door, async |sitting, sent| started(&door, sitting, &id, sent).await).await {
        Err(refusal) => show::refused(chrome, refusal),
        Ok((_, Mended::Started(answer))) => show::go(&address_of(&answer.job.id), Some(Done::STARTED)),
        Ok((_, Mended::Shown)) => show::go(&address_of(&id), None),
        Ok((sitting, Mended::Wrong(places))) => {
            let faults = Faults::of(places).titled("These rows were not sent.");
            one::drawn(&door, sitting, &id, StatusCode::UNPROCESSABLE_ENTITY, &faults).await
        }
        Ok((sitting, Mended::Refused(error))) => acts::refused(&door, sitting, &id, error).await,
    }
}

async fn started(door: &Door, sitting: &Sitting, id: &str, sent: Sent) -> Mended {
    if sent.form.asked() == Some(("show", "")) {
        return Mended::Shown;
    }
    let wrong = |message: &str, hint: &str| {
        Mended::Wrong(vec![Place { at: "upload".into(), message: message.into(), hint: Some(hint.into()) }])
    };
    let Some(name) = sent.file.as_ref().map(|name| name.to_ascii_lowercase()) else {
        return wrong("is missing", "choose the file with the rows that you corrected");
    };
    let Some(format @ ("csv" | "jsonl" | "parquet")) = name.rsplit_once('.').map(|(_, ending)| ending) else {
        return wrong("must end in .csv, .jsonl or .parquet", "choose such a file");
    };
    let number = sent.form.get("_once").to_owned();
    match door.app().retry(&sitting.actor, id, Some(sent.rows(format)), acts::once(&number)).await {
        Ok(answer) => Mended::Started(Box::new(answer)),
        Err(AppError::Invalid(problems)) => {
            let places = problems.iter().map(|problem| Place { at: "upload".into(), ..Place::from(problem) });
            Mended::Wrong(places.collect())
        }
        Err(error) => Mended::Refused(error),
    }
}
