//! The handle's methods as JSON over `/control/...`, for programs that are not written in Rust.
//!
//! Knows names and shapes only: it asks the core.

use std::time::Duration;

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::fault::Fault;
use crate::request::{Call, Content};
use crate::server::{Core, Unit};
use crate::{lock, seed, state};

/// Answers any control path: 404 for an unknown one, 400 for a body or business unit it cannot use.
pub(crate) fn answer(core: &Core, call: &Call) -> Answer {
    let what = call.segments.get(1).map(String::as_str).unwrap_or_default();
    let body = match &call.content {
        Content::Json(body) | Content::Other(body) => match serde_json::from_slice(body) {
            Ok(value) => value,
            Err(_) => return problem("the body is no JSON"),
        },
        Content::Empty => Value::Null,
        Content::Form | Content::Multipart(_) => {
            return problem("send the body as JSON, with the header content-type: application/json");
        }
    };
    let named = call.params.get("business_unit").or(body.get("business_unit").and_then(Value::as_str));
    let unit = match named {
        Some(id) => core.units.get(id),
        None => core.config.business_units.first().and_then(|first| core.units.get(&first.id)),
    };
    let Some(unit) = unit else {
        return problem("no such business unit");
    };
    let answer = match (call.method.as_str(), what) {
        ("GET", _) => shown(core, unit, what),
        ("POST", _) => done(core, unit, what, &body),
        ("DELETE", "faults") => {
            lock(&core.faults).clear();
            Some(Ok(json!({})))
        }
        _ => None,
    };
    match answer {
        Some(Ok(document)) => Answer::json(200, &document),
        Some(Err(text)) => problem(text),
        None => Answer::json(404, &json!({"error": "no such control"})),
    }
}

fn problem(text: &str) -> Answer {
    Answer::json(400, &json!({"error": text}))
}

type Control = Option<Result<Value, &'static str>>;

fn shown(core: &Core, unit: &Unit, what: &str) -> Control {
    let id = &unit.settings.id;
    let document = match what {
        "state" => state::state(&core.tenant(id)),
        "hash" => json!({"hash": state::hash(&core.tenant(id))}),
        "prospects" => {
            let tenant = core.tenant(id);
            tenant.prospects.values().map(|prospect| state::prospect(prospect, &tenant)).collect()
        }
        "journal" => json!(lock(&core.journal).entries()),
        "counters" => {
            drop(core.tenant(id));
            json!(core.counters(unit))
        }
        "faults" => {
            let faults = lock(&core.faults);
            json!({"active": faults.active(), "fired": faults.fired()})
        }
        "clock" => json!({"now_ms": core.clock.now_ms()}),
        "connection" => json!(core.connection(unit)),
        "business-units" => core.config.business_units.iter().map(|unit| unit.id.clone()).collect(),
        _ => return None,
    };
    Some(Ok(document))
}

fn done(core: &Core, unit: &Unit, what: &str, body: &Value) -> Control {
    let id = &unit.settings.id;
    let now = core.clock.now_ms();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let number = |name: &str| body.get(name).and_then(Value::as_u64);
    let document = match what {
        "faults" => match serde_json::from_value::<Fault>(body.clone()) {
            Ok(fault) => {
                lock(&core.faults).add(fault);
                json!({})
            }
            Err(_) => return Some(Err("the body is no fault")),
        },
        "clock" => match number("advance_seconds") {
            Some(seconds) => {
                core.clock.advance(Duration::from_secs(seconds));
                json!({"now_ms": core.clock.now_ms()})
            }
            None => return Some(Err("advance_seconds must be a whole number")),
        },
        "prospects" => match seed::prospect(&mut core.tenant(id), body.get("fields").unwrap_or(body), now) {
            Ok(prospect) => json!({"id": prospect}),
            Err(_) => return Some(Err("the prospect was refused")),
        },
        "lists" => {
            let dynamic = body.get("dynamic").and_then(Value::as_bool).unwrap_or(false);
            json!({"id": core.tenant(id).add_list(number("id"), text("name").unwrap_or("List"), dynamic, now)})
        }
        "custom-fields" => match text("field_id") {
            Some(field) => {
                json!({"id": core.tenant(id).add_field(field, field, text("type").unwrap_or("Text"), now)})
            }
            None => return Some(Err("field_id is missing")),
        },
        "opt-out" => match (number("list"), number("prospect")) {
            (Some(list), Some(prospect)) => {
                core.opt_out(id, list, prospect, now);
                json!({})
            }
            _ => return Some(Err("list and prospect must be ids")),
        },
        "reset" => {
            core.reset();
            json!({})
        }
        "revoke-refresh-tokens" => {
            lock(&core.login).revoke_all();
            json!({})
        }
        "expire-access-tokens" => {
            lock(&core.login).expire_access();
            json!({})
        }
        _ => return None,
    };
    Some(Ok(document))
}
