//! Sign in, sign out, and the first admin.

use api::{Login, Place, Secret, Setup, TokenMade};
use app::AppError;
use axum::extract::{Request, State};
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{AppendHeaders, IntoResponse, Response};
use console::access::{GoOn, Kept, SetUp, SignIn};
use console::{Chrome, Done, Faults, Form, sentence};

use crate::caller::{Anybody, Newcomer};
use crate::cookie::Cookie;
use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::Asked;
use crate::screens::show;
use crate::screens::sitting::{self, Next, Submitted, nobody, own_path};
use crate::visitor::Visitor;

/// `GET /sign-in`
pub(crate) async fn sign_in(
    State(door): State<Door>,
    _: Anybody,
    headers: HeaderMap,
    uri: Uri,
    asked: Result<Asked<Next>, Refusal>,
) -> Response {
    if door.app().setup_open().await.unwrap_or_default() {
        return show::go("/setup", None);
    }
    let next = asked.ok().and_then(|Asked(next)| next.path()).unwrap_or_else(|| "/".into());
    let chrome = nobody(&headers, &uri, door.config());
    show::shown(&SignIn::new(chrome, &Form::default(), &Faults::none(), &next, None))
}

/// `POST /sign-in`: on to where the way led, or back to what was typed.
pub(crate) async fn sign_in_now(
    State(door): State<Door>,
    newcomer: Result<Newcomer, Refusal>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let chrome = nobody(&parts.headers, &parts.uri, door.config());
    let form = match sitting::form(&parts.headers, body, &door).await {
        Ok(form) => form,
        Err(refusal) => return show::refused(chrome, refusal),
    };
    let next = own_path(form.get("next")).unwrap_or("/").to_owned();
    let kept = Kept::waiting(&form).filter(|kept| own_path(&kept.address).is_some());
    let Newcomer(visitor) = match newcomer {
        Ok(newcomer) => newcomer,
        Err(refusal) => {
            return not_in(refusal, |faults| SignIn::new(chrome, &form, faults, &next, kept));
        }
    };
    match opened(&door, &parts.headers, &visitor, &form).await {
        Ok((cookie, me)) => {
            let answer = match kept {
                Some(kept) => show::shown(&GoOn { chrome: Chrome { me: Some(me), ..chrome }, kept }),
                None => show::go(&next, None),
            };
            (AppendHeaders([(SET_COOKIE, cookie)]), answer).into_response()
        }
        Err(error) => not_in(error.into(), |faults| SignIn::new(chrome, &form, faults, &next, kept)),
    }
}

/// The sign-in once more, with why, and when to try again.
fn not_in(refusal: Refusal, page: impl FnOnce(&Faults) -> SignIn) -> Response {
    let (status, wait) = (refusal.status(), refusal.headers().remove(RETRY_AFTER));
    // How programs would do it is no advice for people.
    let hint = refusal.advice().filter(|_| status != StatusCode::UNAUTHORIZED).map(Into::into);
    let mut answer =
        show::page(status, &page(&Faults::whole(sentence(refusal.title()), hint.map(|hint: String| sentence(&hint)))));
    answer.headers_mut().extend(wait.map(|wait| (RETRY_AFTER, wait)));
    answer
}

async fn opened(
    door: &Door,
    headers: &HeaderMap,
    visitor: &Visitor,
    form: &Form,
) -> Result<(axum::http::HeaderValue, api::Me), app::AppError> {
    let login = Login { name: form.get("name").trim().to_owned(), password: Secret::new(form.get("password")) };
    let opened = door.app().login(login, &visitor.address).await?;
    // Whoever signs in anew gets a new session; the one so far ends.
    if let Some(before) = Cookie::Session.read(headers, door.config()) {
        door.app().logout(&before, &visitor.address).await?;
    }
    Ok((Cookie::Session.give(&opened.secret, door.config()), opened.me))
}

/// `POST /sign-out`
pub(crate) async fn sign_out(
    State(door): State<Door>,
    headers: HeaderMap,
    submitted: Result<Submitted, Response>,
) -> Response {
    let submitted = match submitted {
        Ok(submitted) => submitted,
        // Who is out already typed nothing that must be kept.
        Err(answer) if answer.status() == StatusCode::UNAUTHORIZED => {
            return show::go("/sign-in", Some(Done::SIGNED_OUT));
        }
        Err(answer) => return answer,
    };
    if let Some(session) = Cookie::Session.read(&headers, door.config())
        && let Err(error) = door.app().logout(&session, &submitted.sitting.actor.address).await
    {
        return show::refused(submitted.sitting.chrome, error);
    }
    let take = Cookie::Session.take(door.config());
    (AppendHeaders([(SET_COOKIE, take)]), show::go("/sign-in", Some(Done::SIGNED_OUT))).into_response()
}

/// `GET /setup`
pub(crate) async fn setup(State(door): State<Door>, _: Anybody, headers: HeaderMap, uri: Uri) -> Response {
    let chrome = nobody(&headers, &uri, door.config());
    match door.app().setup_open().await {
        Ok(true) => show::shown(&SetUp::new(chrome, &Form::default(), &Faults::none())),
        Ok(false) => show::go("/sign-in", None),
        Err(error) => show::refused(chrome, error),
    }
}

/// `POST /setup`: the first admin is made and signed in.
pub(crate) async fn setup_now(
    State(door): State<Door>,
    newcomer: Result<Newcomer, Refusal>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let chrome = nobody(&parts.headers, &parts.uri, door.config());
    let form = match (newcomer, sitting::form(&parts.headers, body, &door).await) {
        (Ok(Newcomer(visitor)), Ok(form)) => (visitor, form),
        (Err(refusal), _) | (_, Err(refusal)) => return show::refused(chrome, refusal),
    };
    let (visitor, form) = form;
    let setup = Setup {
        token: Secret::new(form.get("token").trim()),
        name: form.get("name").trim().to_owned(),
        password: Secret::new(form.get("password")),
    };
    let done = match door.app().setup(setup, &visitor.address).await {
        Ok(done) => done,
        Err(AppError::Gone { .. }) => return show::go("/sign-in", None),
        Err(error) => {
            let (status, faults) = setup_faults(error);
            return show::page(status, &SetUp::new(chrome, &form, &faults));
        }
    };
    // The token that comes with it is for programs; nobody asked for one here.
    if let Err(error) = revoke(&door, &done.token, &visitor.address).await {
        tracing::warn!("the token of the set-up could not be revoked; it ends in a day: {error}");
    }
    match opened(&door, &parts.headers, &visitor, &form).await {
        Ok((cookie, _)) => (AppendHeaders([(SET_COOKIE, cookie)]), show::go("/", None)).into_response(),
        Err(_) => show::go("/sign-in", None),
    }
}

/// What is wrong, at its fields. A token that is wrong or too old stands beside it.
fn setup_faults(error: AppError) -> (StatusCode, Faults) {
    let AppError::Unauthenticated { message } = error else {
        let (status, faults) = show::faults(error);
        return (status, faults.within("setup."));
    };
    let hint = "look at what the server printed when it started last";
    let place = Place { at: "token".into(), message, hint: Some(hint.into()) };
    (StatusCode::UNPROCESSABLE_ENTITY, Faults::of([place]))
}

async fn revoke(door: &Door, made: &TokenMade, address: &str) -> Result<(), AppError> {
    let actor = door.app().actor_of_token(&made.secret, address).await?;
    door.app().revoke_token(&actor, &made.token.id).await
}
