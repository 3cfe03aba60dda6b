//! Notices: who is told of what, by which webhooks, and whether it arrived.
//!
//! Knows no mail and no signature. Secrets of webhooks go in and never come out, but for one that the server chose, once.

use api::{
    Notice, NoticeState, NoticeTest, NoticeTried, Notifications, Notify, Page, Webhook, WebhookMade, WebhookSpec,
};
use app::NoticeFilter;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use model::Problem;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use utoipa::IntoParams;

use crate::body::Document;
use crate::caller::Caller;
use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::{Asked, DONE, IfMatch, Named, Paging, etag, given, limit};

fn answer(notifications: Notifications) -> Response {
    ([(ETAG, etag(notifications.revision))], Json(notifications)).into_response()
}

fn made(status: StatusCode, made: WebhookMade) -> Response {
    (status, [(ETAG, etag(made.webhook.revision))], Json(made)).into_response()
}

/// Who is told of what where a query says nothing, and from which address mails come.
#[utoipa::path(
    get, path = "/notifications", tag = "notices", operation_id = "default",
    responses((status = 200, body = Notifications, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn default(State(door): State<Door>, caller: Caller) -> Result<Response, Refusal> {
    Ok(answer(door.app().notifications(&caller.actor).await?))
}

/// Changes who is told of what where a query says nothing. What is absent stays.
#[utoipa::path(
    put, path = "/notifications", tag = "notices", operation_id = "put_default",
    params(("If-Match" = Option<String>, Header, description = "The ETag that was read: else the change is not made")),
    request_body = Notify,
    responses((status = 200, body = Notifications, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn put_default(
    State(door): State<Door>,
    caller: Caller,
    IfMatch(revision): IfMatch,
    Document(notify): Document<Notify>,
) -> Result<Response, Refusal> {
    Ok(answer(door.app().put_notifications(&caller.actor, notify, revision).await?))
}

/// Sends a notice to each of these now, to see whether it arrives. What did not is told in the answer, with what to do.
#[utoipa::path(
    post, path = "/notifications/test", tag = "notices", request_body = NoticeTest,
    responses((status = 200, body = Vec<NoticeTried>))
)]
pub(crate) async fn test(
    State(door): State<Door>,
    caller: Caller,
    Document(test): Document<NoticeTest>,
) -> Result<Json<Vec<NoticeTried>>, Refusal> {
    Ok(Json(door.app().test_notices(&caller.actor, test).await?))
}

/// Which notices.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoticesAsked {
    /// The name of the query that they are about.
    query: Option<String>,
    /// `waiting`, `sent` or `failed`; all when it is not given.
    state: Option<String>,
    /// The id of the job that they are about.
    job: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// Notices of the page: 1 to 500, 50 when it is not given.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
}

impl NoticesAsked {
    fn filter(&self) -> Result<NoticeFilter, Refusal> {
        let given = |text: &Option<String>| given(text.as_deref()).map(str::to_owned);
        let state = given(&self.state).map(|word| state(&word)).transpose()?;
        Ok(NoticeFilter { query: given(&self.query), state, job: given(&self.job) })
    }
}

fn state(word: &str) -> Result<NoticeState, Refusal> {
    let known: Result<NoticeState, serde::de::value::Error> = NoticeState::deserialize(word.into_deserializer());
    known.map_err(|_| {
        let problem = Problem::at("state", "is no state of a notice");
        Refusal::bad_request(&problem.hint("waiting, sent or failed"))
    })
}

/// Notices, newest first: on their way, sent, or given up, with the reason.
#[utoipa::path(
    get, path = "/notices", tag = "notices", params(NoticesAsked),
    responses((status = 200, body = Page<Notice>), (status = 404, description = "There is no such query"))
)]
pub(crate) async fn list(
    State(door): State<Door>,
    caller: Caller,
    Asked(asked): Asked<NoticesAsked>,
) -> Result<Json<Page<Notice>>, Refusal> {
    let (filter, limit) = (asked.filter()?, limit(asked.limit)?);
    let after = given(asked.after.as_deref());
    Ok(Json(door.app().notices(&caller.actor, &filter, after, limit).await?))
}

/// Webhooks by name.
#[utoipa::path(
    get, path = "/webhooks", tag = "notices", operation_id = "webhooks", params(Paging),
    responses((status = 200, body = Page<Webhook>))
)]
pub(crate) async fn webhooks(
    State(door): State<Door>,
    caller: Caller,
    Asked(asked): Asked<Paging>,
) -> Result<Json<Page<Webhook>>, Refusal> {
    let limit = asked.limit()?;
    Ok(Json(door.app().webhooks(&caller.actor, asked.after.as_deref(), limit).await?))
}

/// Makes a webhook. A secret that the server chose is in the answer, this once.
#[utoipa::path(
    post, path = "/webhooks", tag = "notices", request_body = WebhookSpec,
    responses((status = 201, body = WebhookMade, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn create_webhook(
    State(door): State<Door>,
    caller: Caller,
    Document(spec): Document<WebhookSpec>,
) -> Result<Response, Refusal> {
    Ok(made(StatusCode::CREATED, door.app().create_webhook(&caller.actor, spec).await?))
}

/// One webhook.
#[utoipa::path(
    get, path = "/webhooks/{name}", tag = "notices",
    params(("name" = String, Path, description = "The webhook's name")),
    responses((status = 200, body = Webhook, headers(("ETag" = String, description = "Its revision"))))
)]
pub(crate) async fn webhook(State(door): State<Door>, caller: Caller, Named(name): Named) -> Result<Response, Refusal> {
    let webhook = door.app().webhook(&caller.actor, &name).await?;
    Ok(([(ETAG, etag(webhook.revision))], Json(webhook)).into_response())
}

/// Makes the webhook of this name, or changes it: what is absent stays, but another address without a secret gets a new
/// one.
#[utoipa::path(
    put, path = "/webhooks/{name}", tag = "notices",
    params(
        ("name" = String, Path, description = "The webhook's name"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read: else the change is not made")
    ),
    request_body = WebhookSpec,
    responses(
        (status = 200, body = WebhookMade, headers(("ETag" = String, description = "Its revision"))),
        (status = 201, body = WebhookMade, headers(("ETag" = String, description = "Its revision")))
    )
)]
pub(crate) async fn put_webhook(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
    IfMatch(revision): IfMatch,
    Document(spec): Document<WebhookSpec>,
) -> Result<Response, Refusal> {
    let (webhook, new) = door.app().put_webhook(&caller.actor, &name, spec, revision).await?;
    Ok(made(if new { StatusCode::CREATED } else { StatusCode::OK }, webhook))
}

/// Deletes a webhook that neither the default nor a query names.
#[utoipa::path(
    delete, path = "/webhooks/{name}", tag = "notices",
    params(("name" = String, Path, description = "The webhook's name")),
    responses((status = 204))
)]
pub(crate) async fn delete_webhook(
    State(door): State<Door>,
    caller: Caller,
    Named(name): Named,
) -> Result<StatusCode, Refusal> {
    door.app().delete_webhook(&caller.actor, &name).await?;
    Ok(DONE)
}
