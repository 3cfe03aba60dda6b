//! `GET /jobs`: the list with its filters.

use api::Place;
use app::{AppError, JobFilter};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use console::jobs::{JobsPage, JobsPart, Listed};
use console::{Faults, Form, Section};
use model::{JobState, nearest};

use crate::door::Door;
use crate::screens::jobs::{asks_again, drawn_anew, of_part};
use crate::screens::show;
use crate::screens::sitting::Sitting;

/// Jobs of a page.
const PAGE: u32 = 50;
/// Connections that are suggested.
const CONNECTIONS: u32 = 100;

/// `GET /jobs`
pub(crate) async fn page(
    State(door): State<Door>,
    sitting: Sitting,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let form = Form::read(query.unwrap_or_default().as_bytes());
    let found = found(&door, &sitting, &form).await;
    if asks_again(&headers) {
        let Ok(listed) = found else { return drawn_anew() };
        let part = JobsPart::new(&form, &listed);
        return show::page(of_part(part.is_live()), &part);
    }
    let (mut listed, status, faults) = match found {
        Ok(listed) => (listed, StatusCode::OK, Faults::none()),
        Err((status, faults)) => (Listed::default(), status, faults.titled("This list cannot be shown.")),
    };
    if let Err(error) = around(&door, &sitting, &mut listed).await {
        return show::refused(sitting.chrome, error);
    }
    let chrome = sitting.chrome.at(Section::Jobs);
    show::page(status, &JobsPage::new(chrome, &form, &faults, &listed))
}

/// The jobs of the page, or what is wrong with a filter.
async fn found(door: &Door, sitting: &Sitting, form: &Form) -> Result<Listed, (StatusCode, Faults)> {
    let filter = filter(form).map_err(|place| (StatusCode::BAD_REQUEST, Faults::of([place])))?;
    let page = door.app().jobs(&sitting.actor, &filter, given(form, "after").as_deref(), PAGE).await;
    let page = page.map_err(|error| beside(error, form))?;
    Ok(Listed { jobs: page.items, next: page.next, ..Listed::default() })
}

/// What the filters are chosen from.
async fn around(door: &Door, sitting: &Sitting, listed: &mut Listed) -> Result<(), AppError> {
    listed.counts = door.app().job_counts(&sitting.actor).await?;
    let connections = door.app().connections(&sitting.actor, None, CONNECTIONS).await?;
    listed.connections = connections.items.into_iter().map(|connection| connection.name).collect();
    Ok(())
}

fn given(form: &Form, name: &str) -> Option<String> {
    Some(form.get(name).trim().to_owned()).filter(|text| !text.is_empty())
}

fn filter(form: &Form) -> Result<JobFilter, Place> {
    let words = form.get("state").split(',').map(str::trim).filter(|word| !word.is_empty());
    Ok(JobFilter {
        states: words.map(state).collect::<Result<_, Place>>()?,
        query: given(form, "query"),
        activation: given(form, "activation"),
        parent_segment: given(form, "parent_segment"),
        connection: given(form, "connection"),
        search: given(form, "search"),
    })
}

fn state(word: &str) -> Result<JobState, Place> {
    word.parse().map_err(|_| {
        let near = nearest(word, JobState::all().map(JobState::name));
        let hint = near.map(|near| format!("did you mean {near}?"));
        Place { at: "state".into(), message: format!("{word} is no state of a job"), hint }
    })
}

/// A thing that is not there, beside the filter that names it.
fn beside(error: AppError, form: &Form) -> (StatusCode, Faults) {
    if let AppError::NotFound { what, hint } = &error {
        let names = ["query", "activation", "parent_segment", "connection"];
        let named = |name: &&str| what.starts_with(&name.replace('_', " ")) && form.has(name);
        if let Some(name) = names.into_iter().find(named) {
            let place = Place { at: name.into(), message: format!("there is no {what}"), hint: hint.clone() };
            return (StatusCode::NOT_FOUND, Faults::of([place]));
        }
    }
    show::faults(error)
}
