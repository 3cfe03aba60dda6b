//! One connection: its page, its approval, its test, its end.

use api::{Connection, ProblemDocument, Scope};
use app::Browser;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use console::connections::{ConnectionDeletion, ConnectionPage};
use console::{Done, Section, Wall};

use crate::cookie::Cookie;
use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::{Asked, Named};
use crate::screens::connections::edit::address;
use crate::screens::integrations::Search;
use crate::screens::sitting::{Sitting, Submitted};
use crate::screens::{show, yaml};

/// The connection of an address, or the page that says why not.
pub(crate) async fn find(
    door: &Door,
    sitting: &Sitting,
    named: Result<Named, Refusal>,
) -> Result<Connection, Response> {
    let refused = |refusal: Refusal| show::refused(sitting.chrome.clone(), refusal);
    let Named(name) = named.map_err(refused)?;
    door.app().connection(&sitting.actor, &name).await.map_err(|error| refused(error.into()))
}

/// Whether somebody who had to sign in again only wants to be where they were.
fn only_looks(submitted: &Submitted) -> bool {
    submitted.form.get("_do") == "show"
}

/// The page of a connection. What is known of its account is shown; nobody is asked.
async fn page(door: &Door, sitting: &Sitting, found: Connection, search: &str) -> Result<ConnectionPage, Response> {
    match door.app().account_so_far(&sitting.actor, &found.name).await {
        Ok(account) => {
            let yaml = yaml::connection(&found);
            Ok(ConnectionPage::new(&sitting.chrome, found, account.as_ref(), search).yaml(yaml))
        }
        Err(error) => Err(show::refused(sitting.chrome.clone(), error)),
    }
}

/// `GET /connections/{name}`
pub(crate) async fn shown(
    State(door): State<Door>,
    sitting: Sitting,
    named: Result<Named, Refusal>,
    asked: Result<Asked<Search>, Refusal>,
) -> Response {
    let asked = asked.map(|Asked(asked)| asked).unwrap_or_default();
    let shown = async {
        let found = find(&door, &sitting, named).await?;
        page(&door, &sitting, found, asked.search.trim()).await
    };
    shown.await.map_or_else(|answer| answer, |page| show::shown(&page))
}

/// `POST /connections/{name}/test`: the page with what the test found. Nothing is changed, so it may be sent again.
pub(crate) async fn test(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    let sitting = &submitted.sitting;
    let tested = async {
        let found = find(&door, sitting, named).await?;
        if only_looks(&submitted) {
            return Err(show::go(&address(&found.name), None));
        }
        let diagnosis = door.app().test_connection(&sitting.actor, &found.name).await;
        let diagnosis = diagnosis.map_err(|error| show::refused(sitting.chrome.clone(), error))?;
        // The test may have learned that it works, or that it does not.
        let found = find(&door, sitting, Ok(Named(found.name))).await?;
        Ok::<_, Response>(page(&door, sitting, found, "").await?.tested(diagnosis))
    };
    tested.await.map_or_else(|answer| answer, |page| show::shown(&page))
}

/// `POST /connections/{name}/account`: asks Pardot for fields and lists.
pub(crate) async fn read_account(
    State(door): State<Door>,
    named: Result<Named, Refusal>,
    submitted: Submitted,
) -> Response {
    let sitting = &submitted.sitting;
    let found = match find(&door, sitting, named).await {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    if only_looks(&submitted) {
        return show::go(&address(&found.name), None);
    }
    let work = async {
        match door.app().account(&sitting.actor, &found.name, true).await {
            Ok(_) => show::go(&format!("{}#account", address(&found.name)), None),
            Err(error) => {
                let refusal = Refusal::from(error);
                let status = refusal.status();
                let problem = ProblemDocument::from(refusal);
                let found = match find(&door, sitting, Ok(Named(found.name.clone()))).await {
                    Ok(found) => found,
                    Err(answer) => return answer,
                };
                match page(&door, sitting, found, "").await {
                    Ok(page) => show::page(status, &page.refused(problem)),
                    Err(answer) => answer,
                }
            }
        }
    };
    submitted.once(&door, work).await
}

/// `POST /connections/{name}/connect`: a page that leads to Salesforce.
pub(crate) async fn connect(
    State(door): State<Door>,
    headers: HeaderMap,
    named: Result<Named, Refusal>,
    submitted: Submitted,
) -> Response {
    match named {
        Ok(Named(name)) if only_looks(&submitted) => show::go(&address(&name), None),
        Ok(Named(name)) => approve(&door, &headers, &submitted.sitting, &name).await,
        Err(refusal) => show::refused(submitted.sitting.chrome, refusal),
    }
}

/// Begins an approval. No redirect: a form may lead to pages of ours alone, so the page has a link.
pub(crate) async fn approve(door: &Door, headers: &HeaderMap, sitting: &Sitting, name: &str) -> Response {
    // Several approvals at once in one browser share it.
    let binding = Cookie::Approval.read(headers, door.config()).unwrap_or_else(Cookie::fresh);
    let at = crate::address::asked(headers, door.config());
    let browser = Browser { binding: binding.expose(), at: &at };
    let authorize = match door.app().authorize(&sitting.actor, name, Some(browser)).await {
        Ok(authorize) => authorize,
        Err(error) => return show::refused(sitting.chrome.clone(), error),
    };
    let paragraphs = vec![
        format!("Log in to Salesforce and press Allow. You then come back, and {name} is connected."),
        format!("The connected app must list this Callback URL: {}", authorize.redirect_uri),
        "You have ten minutes.".into(),
    ];
    let wall = Wall {
        chrome: sitting.chrome.at(Section::Authentications),
        title: "Approve at Salesforce".into(),
        paragraphs,
        bad: false,
        link: Some((authorize.url, "Continue to Salesforce".into())),
        follow: true,
        clean: false,
    };
    let cookie = Cookie::Approval.give(&binding, door.config());
    (AppendHeaders([(SET_COOKIE, cookie)]), show::shown(&wall)).into_response()
}

/// `GET /connections/{name}/delete`: asks, and says what depends on it.
pub(crate) async fn deletion(State(door): State<Door>, sitting: Sitting, named: Result<Named, Refusal>) -> Response {
    if let Err(error) = sitting.actor.require(Scope::Admin) {
        return show::refused(sitting.chrome, error);
    }
    match find(&door, &sitting, named).await {
        Ok(found) => show::shown(&ConnectionDeletion::new(&sitting.chrome, found, None)),
        Err(answer) => answer,
    }
}

/// `POST /connections/{name}/delete`
pub(crate) async fn delete(State(door): State<Door>, named: Result<Named, Refusal>, submitted: Submitted) -> Response {
    let sitting = &submitted.sitting;
    let name = match named {
        Ok(Named(name)) => name,
        Err(refusal) => return show::refused(sitting.chrome.clone(), refusal),
    };
    let work = async {
        let found = match find(&door, sitting, Ok(Named(name.clone()))).await {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        if submitted.form.get("_do") != "delete" {
            return show::shown(&ConnectionDeletion::new(&sitting.chrome, found, None));
        }
        match door.app().delete_connection(&sitting.actor, &name).await {
            Ok(()) => show::go("/connections", Some(Done::DELETED)),
            Err(error) => {
                let refusal = Refusal::from(error);
                let status = refusal.status();
                if status == StatusCode::FORBIDDEN {
                    return show::refused(sitting.chrome.clone(), refusal);
                }
                let problem = Some(ProblemDocument::from(refusal));
                show::page(status, &ConnectionDeletion::new(&sitting.chrome, found, problem))
            }
        }
    };
    submitted.once(&door, work).await
}
