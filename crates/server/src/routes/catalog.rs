//! What there is to choose from: export settings and prospect fields.
//!
//! Knows no catalog itself: it gives what `api` and `app` list.

use api::{ProspectField, Scope, SettingView};
use axum::Json;

use crate::caller::Caller;
use crate::refusal::Refusal;

/// The export settings with kinds, defaults and help, in the manual's order.
#[utoipa::path(get, path = "/settings", tag = "catalog", responses((status = 200, body = Vec<SettingView>)))]
pub(crate) async fn settings(caller: Caller) -> Result<Json<Vec<SettingView>>, Refusal> {
    caller.actor.require(Scope::Read)?;
    Ok(Json(SettingView::catalog()))
}

/// The columns that every account takes for a prospect, in the manual's order. Custom fields are the account's:
/// `/connections/{name}/account`.
#[utoipa::path(get, path = "/fields", tag = "catalog", responses((status = 200, body = Vec<ProspectField>)))]
pub(crate) async fn fields(caller: Caller) -> Result<Json<Vec<ProspectField>>, Refusal> {
    caller.actor.require(Scope::Read)?;
    Ok(Json(app::prospect_fields()))
}
