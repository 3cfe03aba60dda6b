//! What happened: notices that were sent, and the audit log.

use api::{NoticeState, Page};
use app::{AppError, NoticeFilter};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use console::administration::{Audit, Notices};
use console::{Faults, Form};

use crate::door::Door;
use crate::screens::settings::{PAGE, asked, chrome};
use crate::screens::show;
use crate::screens::sitting::Sitting;

/// What was filled in.
fn given(asked: &Form, name: &str) -> Option<String> {
    Some(asked.get(name).trim().to_owned()).filter(|text| !text.is_empty())
}

/// `GET /settings/notices`
pub(super) async fn notices(State(door): State<Door>, sitting: Sitting, RawQuery(query): RawQuery) -> Response {
    let asked = asked(query);
    let state = match asked.get("state") {
        "waiting" => Some(NoticeState::Waiting),
        "sent" => Some(NoticeState::Sent),
        "failed" => Some(NoticeState::Failed),
        _ => None,
    };
    let filter = NoticeFilter { query: given(&asked, "query"), state, job: given(&asked, "job") };
    let after = given(&asked, "after");
    let found = door.app().notices(&sitting.actor, &filter, after.as_deref(), PAGE).await;
    shown(&sitting, found, |page, faults| Notices::new(chrome(&sitting), page, &asked, faults))
}

/// `GET /settings/audit`
pub(super) async fn audit(State(door): State<Door>, sitting: Sitting, RawQuery(query): RawQuery) -> Response {
    let asked = asked(query);
    let before = given(&asked, "before").map(|before| before.parse::<u32>());
    let found = match before.transpose() {
        Ok(before) => door.app().audit(&sitting.actor, before.map(u64::from), PAGE).await,
        Err(_) => Err(model::Problem::at("before", "is not the number of a line").into()),
    };
    shown(&sitting, found, |page, faults| Audit::new(chrome(&sitting), page, &asked, faults))
}

/// The page of a list; what is wrong with a filter stands beside it, over an empty list.
fn shown<T, P: askama::Template>(
    sitting: &Sitting,
    found: Result<Page<T>, AppError>,
    page: impl FnOnce(&Page<T>, &Faults) -> P,
) -> Response {
    match found {
        Ok(found) => show::shown(&page(&found, &Faults::none())),
        Err(error @ (AppError::Invalid(_) | AppError::NotFound { .. })) => {
            let (status, faults) = show::faults(error);
            show::page(status, &page(&Page::all(Vec::new()), &faults))
        }
        Err(error) => show::refused(chrome(sitting), error),
    }
}
