//! People: listed, added, changed, removed.

use api::{Person, PersonChange, Role, Secret};
use app::AppError;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use console::administration::{NewPerson, People, PersonPage, person_change, person_form, person_spec};
use console::{Done, Faults, Form};

use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::Named;
use crate::screens::settings::{chrome, only_shown};
use crate::screens::show;
use crate::screens::sitting::{Sitting, Submitted};

const LIST: &str = "/settings/people";

/// `GET /settings/people`
pub(super) async fn list(State(door): State<Door>, sitting: Sitting) -> Response {
    match door.app().people(&sitting.actor).await {
        Ok(people) => show::shown(&People::new(chrome(&sitting), &people)),
        Err(error) => show::refused(chrome(&sitting), error),
    }
}

/// `GET /new/person`
pub(super) async fn new(sitting: Sitting) -> Response {
    match sitting.actor.require(api::Scope::Admin) {
        Ok(()) => show::shown(&NewPerson::new(chrome(&sitting), &Form::default(), &Faults::none())),
        Err(error) => show::refused(chrome(&sitting), error),
    }
}

/// `POST /new/person`
pub(super) async fn add(State(door): State<Door>, submitted: Submitted) -> Response {
    let (sitting, form) = (&submitted.sitting, &submitted.form);
    if let Err(error) = sitting.actor.require(api::Scope::Admin) {
        return show::refused(chrome(sitting), error);
    }
    let again = |status, faults: &Faults| show::page(status, &NewPerson::new(chrome(sitting), form, faults));
    if only_shown(form) {
        return again(StatusCode::OK, &Faults::none());
    }
    let spec = match person_spec(form) {
        Ok(spec) => spec,
        Err(faults) => return again(StatusCode::UNPROCESSABLE_ENTITY, &faults),
    };
    submitted
        .once(&door, async {
            match door.app().add_person(&sitting.actor, spec).await {
                Ok(_) => show::go(LIST, Some(Done::CREATED)),
                Err(error) => {
                    let (status, faults) = show::faults(error);
                    again(status, &faults.within("person."))
                }
            }
        })
        .await
}

/// The person of this name.
async fn find(door: &Door, sitting: &Sitting, named: Result<Named, Refusal>) -> Result<Person, Response> {
    let refused = |refusal: Refusal| show::refused(chrome(sitting), refusal);
    let Named(name) = named.map_err(refused)?;
    let people = door.app().people(&sitting.actor).await.map_err(|error| refused(error.into()))?;
    let known = people.iter().map(|person| person.name.as_str());
    let unknown = AppError::not_found("person", &name, known);
    people.into_iter().find(|person| person.name == name).ok_or_else(|| refused(unknown.into()))
}

/// `GET /settings/people/{name}`
pub(super) async fn one(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    match find(&door, &sitting, named).await {
        Ok(person) => show::shown(&PersonPage::new(chrome(&sitting), &person, &person_form(&person), &Faults::none())),
        Err(answer) => answer,
    }
}

/// `POST /settings/people/{name}`: role, and whether they are locked out.
pub(super) async fn change(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    let person = match find(&door, &submitted.sitting, named).await {
        Ok(person) => person,
        Err(answer) => return answer,
    };
    if only_shown(&submitted.form) {
        return again(&submitted, &person, &submitted.form, StatusCode::OK, &Faults::none());
    }
    match person_change(&submitted.form) {
        Ok(change) => changed(&door, &submitted, &person, change).await,
        Err(faults) => again(&submitted, &person, &submitted.form, StatusCode::UNPROCESSABLE_ENTITY, &faults),
    }
}

/// `POST /settings/people/{name}/password`
pub(super) async fn password(
    State(door): State<Door>,
    named: Result<Named, Refusal>,
    submitted: Submitted,
) -> Response {
    let person = match find(&door, &submitted.sitting, named).await {
        Ok(person) => person,
        Err(answer) => return answer,
    };
    if submitted.form.asked() != Some(("save", "")) {
        return again(&submitted, &person, &person_form(&person), StatusCode::OK, &Faults::none());
    }
    let password = Some(Secret::new(submitted.form.get("password")));
    changed(&door, &submitted, &person, PersonChange { password, ..PersonChange::default() }).await
}

/// `POST /settings/people/{name}/remove`
pub(super) async fn remove(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    let sitting = &submitted.sitting;
    let Named(name) = match named {
        Ok(named) => named,
        Err(refusal) => return show::refused(chrome(sitting), refusal),
    };
    if submitted.form.asked() != Some(("remove", "")) {
        return one(State(door), sitting.clone(), Ok(Named(name))).await;
    }
    // Who they were is asked for inside: sent once more, they are gone, and the first answer stands.
    submitted
        .once(&door, async {
            let person = match find(&door, sitting, Ok(Named(name))).await {
                Ok(person) => person,
                Err(answer) => return answer,
            };
            match door.app().remove_person(&sitting.actor, &person.name).await {
                Ok(()) => show::go(LIST, Some(Done::DELETED)),
                Err(error) => {
                    let (status, faults) = show::faults(error);
                    again(&submitted, &person, &person_form(&person), status, &faults)
                }
            }
        })
        .await
}

async fn changed(door: &Door, submitted: &Submitted, person: &Person, change: PersonChange) -> Response {
    let sitting = &submitted.sitting;
    // Whoever takes their own rights away does not see the list any more.
    let myself = sitting.actor.name == person.name;
    let stays = change.role.is_none_or(|role| role == Role::Admin);
    submitted
        .once(door, async {
            match door.app().change_person(&sitting.actor, &person.name, change).await {
                Ok(_) => show::go(if myself && !stays { "/" } else { LIST }, Some(Done::SAVED)),
                Err(error) => {
                    let (status, faults) = show::faults(error);
                    let mut form = person_form(person);
                    for name in ["role", "disabled"] {
                        if submitted.form.has(name) {
                            form.set(name, submitted.form.get(name));
                        }
                    }
                    again(submitted, person, &form, status, &faults.within("person."))
                }
            }
        })
        .await
}

fn again(submitted: &Submitted, person: &Person, form: &Form, status: StatusCode, faults: &Faults) -> Response {
    show::page(status, &PersonPage::new(chrome(&submitted.sitting), person, form, faults))
}
