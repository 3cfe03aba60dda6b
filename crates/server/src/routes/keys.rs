//! The master key.
//!
//! Knows no key.

use api::KeysRotated;
use axum::Json;
use axum::extract::State;

use crate::caller::Caller;
use crate::door::Door;
use crate::refusal::Refusal;

/// Makes a new master key and wraps every stored secret with it, while everything goes on.
#[utoipa::path(post, path = "/keys/rotate", tag = "keys", responses((status = 200, body = KeysRotated)))]
pub(crate) async fn rotate(State(door): State<Door>, caller: Caller) -> Result<Json<KeysRotated>, Refusal> {
    Ok(Json(door.app().rotate_keys(&caller.actor).await?))
}
