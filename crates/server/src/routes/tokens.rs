//! API tokens.
//!
//! Knows no token: those are the use cases'.

use api::{Page, Token, TokenMade, TokenSpec};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::body::Document;
use crate::caller::Caller;
use crate::door::Door;
use crate::refusal::Refusal;
use crate::request::{DONE, Named};

/// One's own tokens; everybody's for an admin.
#[utoipa::path(get, path = "/tokens", tag = "tokens", responses((status = 200, body = Page<Token>)))]
pub(crate) async fn list(State(door): State<Door>, caller: Caller) -> Result<Json<Page<Token>>, Refusal> {
    Ok(Json(Page::all(door.app().tokens(&caller.actor).await?)))
}

/// Makes a token for oneself, with at most the rights that one has. The answer is the only time that it is shown.
#[utoipa::path(
    post, path = "/tokens", tag = "tokens", request_body = TokenSpec, responses((status = 201, body = TokenMade))
)]
pub(crate) async fn make(
    State(door): State<Door>,
    caller: Caller,
    Document(spec): Document<TokenSpec>,
) -> Result<(StatusCode, Json<TokenMade>), Refusal> {
    Ok((StatusCode::CREATED, Json(door.app().make_token(&caller.actor, spec).await?)))
}

/// Revokes a token at once.
#[utoipa::path(
    delete, path = "/tokens/{id}", tag = "tokens",
    params(("id" = String, Path, description = "The token's id")),
    responses((status = 204))
)]
pub(crate) async fn revoke(State(door): State<Door>, caller: Caller, Named(id): Named) -> Result<StatusCode, Refusal> {
    door.app().revoke_token(&caller.actor, &id).await?;
    Ok(DONE)
}
