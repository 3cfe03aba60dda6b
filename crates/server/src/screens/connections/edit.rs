//! Making a connection, and changing one.

use api::{Connection, Scope};
use app::AppError;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use console::connections::{Around, ConnectionForm, completed, dropped, filled, spec};
use console::{Done, Faults, Form};

use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::{Asked, Named};
use crate::screens::connections::one;
use crate::screens::show;
use crate::screens::sitting::{Next, Sitting, Submitted, own_path};

/// What stands around the form of a new connection.
fn around(door: &Door) -> Around {
    let config = door.app().config();
    Around {
        default_app: config.default_app.is_some(),
        sandbox: door.config().sandbox.as_ref().map(|sandbox| sandbox.figures().address),
        callback: Some(config.redirect_uri.clone()),
        ..Around::default()
    }
}

/// The same for one that is there.
fn around_known(door: &Door, known: &Connection) -> Around {
    Around { name: Some(known.name.clone()), kept: known.secrets, revision: known.revision, ..around(door) }
}

/// `GET /new/connection`
pub(crate) async fn new(State(door): State<Door>, sitting: Sitting, asked: Result<Asked<Next>, Refusal>) -> Response {
    if let Err(error) = sitting.actor.require(Scope::Admin) {
        return show::refused(sitting.chrome, error);
    }
    let next = asked.ok().and_then(|Asked(next)| next.path()).unwrap_or_default();
    let around = Around { next, ..around(&door) };
    show::shown(&ConnectionForm::new(&sitting.chrome, &Form::default(), &Faults::none(), around))
}

/// `POST /new/connection`
pub(crate) async fn create(State(door): State<Door>, headers: HeaderMap, submitted: Submitted) -> Response {
    let (actor, chrome, form) = (&submitted.sitting.actor, &submitted.sitting.chrome, &submitted.form);
    if let Err(error) = actor.require(Scope::Admin) {
        return show::refused(chrome.clone(), error);
    }
    let next = own_path(form.get("_next")).unwrap_or_default();
    let again = |status, faults: &Faults| {
        let around = Around { next: next.to_owned(), ..around(&door) };
        show::page(status, &ConnectionForm::new(chrome, form, faults, around))
    };
    if asks_to_show(form) {
        return again(StatusCode::OK, &Faults::none());
    }
    let spec = match spec(&completed(form, &around(&door))) {
        Ok(spec) => spec,
        Err(places) => return again(StatusCode::UNPROCESSABLE_ENTITY, &Faults::of(places)),
    };
    let made = submitted.once(&door, async {
        match door.app().create_connection(actor, spec).await {
            Ok(_) if !next.is_empty() => show::go(next, Some(Done::CREATED)),
            Ok(made) => show::go(&address(&made.name), Some(Done::CREATED)),
            Err(error) => {
                let (status, faults) = faults(error);
                again(status, &faults)
            }
        }
    });
    let answer = made.await;
    on_to_salesforce(answer, &door, &headers, &submitted, form.get("name").trim()).await
}

/// `GET /connections/{name}/edit`
pub(crate) async fn edit(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    if let Err(error) = sitting.actor.require(Scope::Admin) {
        return show::refused(sitting.chrome, error);
    }
    match one::find(&door, &sitting, named).await {
        Ok(known) => {
            let around = around_known(&door, &known);
            show::shown(&ConnectionForm::new(&sitting.chrome, &filled(&known), &Faults::none(), around))
        }
        Err(answer) => answer,
    }
}

/// `POST /connections/{name}/edit`
pub(crate) async fn change(
    State(door): State<Door>,
    headers: HeaderMap,
    named: Result<Named, Refusal>,
    submitted: Submitted,
) -> Response {
    let (sitting, form) = (&submitted.sitting, &submitted.form);
    if let Err(error) = sitting.actor.require(Scope::Admin) {
        return show::refused(sitting.chrome.clone(), error);
    }
    let known = match one::find(&door, sitting, named).await {
        Ok(known) => known,
        Err(answer) => {
            // Sent once more after it was renamed: the first answer stands.
            let answer = submitted.once(&door, async { answer }).await;
            return on_to_salesforce(answer, &door, &headers, &submitted, form.get("name").trim()).await;
        }
    };
    let seen: u64 = form.get("_revision").parse().unwrap_or(known.revision);
    // What was read stays what is changed, however often the form is drawn anew.
    let again = |status, faults: &Faults, stale: bool| {
        let revision = if stale { known.revision } else { seen };
        let around = Around { revision, stale, drops: form.has("_drops"), ..around_known(&door, &known) };
        show::page(status, &ConnectionForm::new(&sitting.chrome, form, faults, around))
    };
    if asks_to_show(form) {
        return again(StatusCode::OK, &Faults::none(), false);
    }
    let spec = match spec(form) {
        Ok(spec) => spec,
        Err(places) => return again(StatusCode::UNPROCESSABLE_ENTITY, &Faults::of(places), false),
    };
    let drops = dropped(&known, form, &spec);
    if !drops.is_empty() {
        let around = Around { revision: seen, drops: true, ..around_known(&door, &known) };
        let page = ConnectionForm::new(&sitting.chrome, form, &Faults::of(drops), around);
        return show::page(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let saved = submitted.once(&door, async {
        match door.app().put_connection(&sitting.actor, &known.name, spec, Some(seen)).await {
            Ok((saved, _)) => show::go(&address(&saved.name), Some(Done::SAVED)),
            Err(error) => {
                let stale = matches!(error, AppError::Stale { .. });
                let (status, faults) = faults(error);
                again(status, &faults, stale)
            }
        }
    });
    let answer = saved.await;
    on_to_salesforce(answer, &door, &headers, &submitted, form.get("name").trim()).await
}

/// Whether only other fields are to be shown.
fn asks_to_show(form: &Form) -> bool {
    matches!(form.asked(), Some(("show", _)))
}

/// Where a connection has its page.
pub(crate) fn address(name: &str) -> String {
    format!("/connections/{}", console::part(name))
}

/// What was refused, under the names of the form's fields. A name that is taken is the name's problem.
fn faults(error: AppError) -> (StatusCode, Faults) {
    let (status, faults) = show::faults(error);
    (status, faults.within("connection."))
}

/// What was saved is to be approved at once, where the form asks for it.
async fn on_to_salesforce(
    saved: Response,
    door: &Door,
    headers: &HeaderMap,
    submitted: &Submitted,
    name: &str,
) -> Response {
    if saved.status() != StatusCode::SEE_OTHER || submitted.form.get("_do") != "connect" {
        return saved;
    }
    one::approve(door, headers, &submitted.sitting, name).await
}
