//! Version 5 of the API: `/api/v5/objects/<collection>` and `/api/v5/imports`, JSON only.
//!
//! Knows verbs, fields and pages: what an object looks like is told by its own file.

mod imports;
mod object;
mod query;
mod write;

use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::config::Config;
use crate::refusal::Refusal;
use crate::request::{Call, Content};
use crate::tenant::Tenant;

/// What a call of version 5 needs beside the store.
pub(crate) struct Setting<'a> {
    pub(crate) config: &'a Config,
    pub(crate) now: i64,
    pub(crate) base: &'a str,
    /// Calls used today and their limit.
    pub(crate) usage: (u64, u64),
}

/// A JSON object.
type Row = Map<String, Value>;

/// The counter's name of a call: verb and path without ids.
pub(crate) fn operation(call: &Call) -> String {
    let named = call.segments.iter().skip(2).filter(|part| *part != "objects");
    let named: Vec<&str> = named.map(String::as_str).filter(|part| part.parse::<u64>().is_err()).collect();
    format!("{} v5/{}", call.method, named.join("/"))
}

/// Does the work of a call that was let in.
pub(crate) fn answer(call: &Call, tenant: &mut Tenant, setting: &Setting<'_>) -> Answer {
    run(call, tenant, setting).unwrap_or_else(|refusal| refusal.as_v5())
}

fn run(call: &Call, tenant: &mut Tenant, setting: &Setting<'_>) -> Result<Answer, Refusal> {
    let segments: Vec<&str> = call.segments.iter().skip(2).map(String::as_str).collect();
    let unknown = || Refusal::of(198).with_status(404);
    let id = |text: &str| text.parse::<u64>().map_err(|_| unknown());
    match (call.method.as_str(), &segments[..]) {
        (_, ["imports", rest @ ..]) => imports::answer(call, rest, tenant, setting),
        ("GET", ["objects", "account"]) => query::account(call, tenant, setting),
        ("POST", ["objects", "prospects", "do", "upsertLatestByEmail"]) => write::upsert_latest(call, tenant, setting),
        ("POST", ["objects", "prospects", "do", "undelete"]) => write::undelete(call, tenant, setting),
        ("GET", ["objects", collection]) => query::list(call, object::named(collection)?, tenant, setting),
        ("POST", ["objects", collection]) => write::create(call, object::named(collection)?, tenant, setting),
        ("GET", ["objects", collection, one]) => {
            query::read(call, object::named(collection)?, id(one)?, tenant, setting)
        }
        ("PATCH", ["objects", collection, one]) => {
            write::update(call, object::named(collection)?, id(one)?, tenant, setting)
        }
        ("DELETE", ["objects", collection, one]) => {
            write::delete(object::named(collection)?, id(one)?, tenant, setting)
        }
        (_, ["objects", collection] | ["objects", collection, _]) => {
            object::named(collection)?;
            Err(Refusal::of(60).with_status(405))
        }
        (_, ["objects", _, .., "do", _]) => Err(Refusal::of(174)),
        _ => Err(unknown()),
    }
}

/// The JSON body: 152 when empty, 151 under another content type, 150 when unreadable.
fn body(call: &Call) -> Result<Row, Refusal> {
    match &call.content {
        Content::Empty => Err(Refusal::of(152)),
        Content::Form | Content::Multipart(_) | Content::Other(_) => Err(Refusal::of(151)),
        Content::Json(bytes) => match serde_json::from_slice(bytes) {
            Ok(Value::Object(row)) => Ok(row),
            Ok(_) | Err(_) => Err(Refusal::of(150)),
        },
    }
}

fn not_found() -> Refusal {
    Refusal::of(109).with_status(404)
}

/// 153 with the name of what is missing.
fn missing(name: &str) -> Refusal {
    Refusal::of(153).with_message(format!("Missing required property in request: {name}"))
}
