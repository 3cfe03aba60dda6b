//! Reads of version 5: one record, pages of records, the account.
//!
//! Knows fields, filters and page tokens: rows come ready-made.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::clock;
use crate::refusal::Refusal;
use crate::request::Call;
use crate::tenant::Tenant;
use crate::v5::object::Object;
use crate::v5::{Row, Setting, missing, not_found};

/// Life of a page token.
const TOKEN_LIFE_MS: i64 = 4 * 3_600 * 1_000;

/// Records of a page: default and most.
const PAGE: (usize, usize) = (200, 1_000);

/// Most fields that a query may filter by (code 209).
const FILTERS: usize = 3;

/// Picks the asked members, `campaign.name` among them; 51 for an unknown one.
pub(crate) fn select(row: &Row, fields: &str) -> Result<Value, Refusal> {
    let mut shown = Map::new();
    for field in fields.split(',').map(str::trim).filter(|field| !field.is_empty()) {
        let unknown = || {
            let text = format!("Invalid parameter: fields. It contains an invalid or unknown field: {field}.");
            Refusal::of(51).with_message(text)
        };
        match field.split_once('.') {
            None => {
                let value = row.get(field).filter(|value| !value.is_object()).ok_or_else(unknown)?;
                shown.insert(field.to_owned(), value.clone());
            }
            Some((outer, inner)) => match row.get(outer).ok_or_else(unknown)? {
                Value::Object(members) => {
                    let value = members.get(inner).ok_or_else(unknown)?.clone();
                    if let Value::Object(nested) = shown.entry(outer).or_insert_with(|| json!({})) {
                        nested.insert(inner.to_owned(), value);
                    }
                }
                Value::Null => {
                    shown.insert(outer.to_owned(), Value::Null);
                }
                Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => return Err(unknown()),
            },
        }
    }
    Ok(Value::Object(shown))
}

fn fields(call: &Call) -> Result<&str, Refusal> {
    call.params.get("fields").filter(|fields| !fields.trim().is_empty()).ok_or(missing("fields"))
}

/// Young writes are not yet visible to reads: a new record is missing, a deleted one still there.
fn visible(row: &Row, tenant_now: i64, lag: i64) -> bool {
    lag == 0 || time(row.get("createdAt")).is_none_or(|created| created <= tenant_now - lag)
}

fn deleted(row: &Row, now: i64, lag: i64) -> bool {
    let flagged = row.get("isDeleted").and_then(Value::as_bool).unwrap_or(false);
    flagged && (lag == 0 || time(row.get("updatedAt")).is_none_or(|updated| updated <= now - lag))
}

fn time(value: Option<&Value>) -> Option<i64> {
    value.and_then(Value::as_str).and_then(|text| text.parse::<jiff::Timestamp>().ok()).map(|at| at.as_millisecond())
}

pub(crate) fn read(
    call: &Call,
    object: Object,
    id: u64,
    tenant: &Tenant,
    setting: &Setting<'_>,
) -> Result<Answer, Refusal> {
    let fields = fields(call)?;
    let lag = clock::millis(setting.config.knobs.read_lag);
    let row = object.one(id, tenant).filter(|row| visible(row, setting.now, lag)).ok_or_else(not_found)?;
    let in_bin = deleted(&row, setting.now, lag);
    if in_bin && !matches!(call.params.get("deleted"), Some("true" | "all")) {
        return Err(not_found());
    }
    let answer = Answer::json(200, &select(&row, fields)?);
    Ok(if in_bin { answer.with_header("Pardot-Warning", "201;Record In Recycle Bin") } else { answer })
}

pub(crate) fn account(call: &Call, tenant: &Tenant, setting: &Setting<'_>) -> Result<Answer, Refusal> {
    let account = json!({
        "id": 1,
        "company": "Sandbox",
        "level": "Sandbox",
        "maximumDailyApiCalls": setting.usage.1,
        "apiCallsUsed": setting.usage.0,
        "timezone": tenant.zone.iana_name(),
        "createdAt": clock::offset(setting.now, &tenant.zone),
        "updatedAt": clock::offset(setting.now, &tenant.zone),
    });
    let Value::Object(row) = account else {
        return Err(not_found());
    };
    Ok(Answer::json(200, &select(&row, fields(call)?)?))
}

pub(crate) fn list(call: &Call, object: Object, tenant: &Tenant, setting: &Setting<'_>) -> Result<Answer, Refusal> {
    let fields = fields(call)?;
    let (params, offset) = match call.params.get("nextPageToken") {
        Some(token) => {
            if call.params.iter().any(|(name, _)| !matches!(name, "nextPageToken" | "fields")) {
                return Err(Refusal::of(51).with_message("Invalid parameter: only fields may accompany nextPageToken"));
            }
            open_token(token, setting.now)?
        }
        None => {
            let pairs = call.params.iter().filter(|(name, _)| *name != "fields");
            (pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(), 0)
        }
    };
    let query = Query::read(&params, tenant, setting)?;
    let lag = clock::millis(setting.config.knobs.read_lag);
    let mut rows = object.all(tenant, query.email.as_deref());
    rows.retain(|row| {
        visible(row, setting.now, lag) && query.deleted.is_none_or(|want| want == deleted(row, setting.now, lag))
    });
    let mut kept = Vec::new();
    for row in rows {
        if query.keeps(&row)? {
            kept.push(row);
        }
    }
    query.sort(&mut kept)?;
    let offset = offset + query.offset;
    let values: Result<Vec<Value>, Refusal> =
        kept.iter().skip(offset).take(query.limit).map(|row| select(row, fields)).collect();
    let values = values?;
    let next = (offset + values.len() < kept.len()).then(|| seal_token(&params, offset + values.len(), setting.now));
    let url = next.as_ref().map(|token| {
        format!("{}/api/v5/objects/{}?fields={fields}&nextPageToken={token}", setting.base, object.path())
    });
    Ok(Answer::json(200, &json!({"nextPageToken": next, "nextPageUrl": url, "values": values})))
}

type Pairs = Vec<(String, String)>;

fn seal_token(params: &Pairs, offset: usize, now: i64) -> String {
    let params: Vec<&(String, String)> = params.iter().filter(|(name, _)| name != "offset").collect();
    URL_SAFE_NO_PAD.encode(json!({"at": offset, "until": now + TOKEN_LIFE_MS, "query": params}).to_string())
}

/// 211 for a token that was never issued, 210 for an old one.
fn open_token(token: &str, now: i64) -> Result<(Pairs, usize), Refusal> {
    let invalid = || Refusal::of(211);
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid())?;
    let token: Value = serde_json::from_slice(&bytes).map_err(|_| invalid())?;
    let offset = token.get("at").and_then(Value::as_u64).and_then(|at| usize::try_from(at).ok()).ok_or_else(invalid)?;
    let until = token.get("until").and_then(Value::as_i64).ok_or_else(invalid)?;
    let query = token.get("query").cloned().unwrap_or_default();
    let query: Pairs = serde_json::from_value(query).map_err(|_| invalid())?;
    if now > until { Err(Refusal::of(210)) } else { Ok((query, offset)) }
}

/// Conditions, order and window.
struct Query {
    filters: Vec<(String, Comparison, String)>,
    email: Option<String>,
    deleted: Option<bool>,
    order: Option<(String, bool)>,
    limit: usize,
    offset: usize,
}

#[derive(Clone, Copy)]
enum Comparison {
    Equal,
    AtLeast,
    AtMost,
    Above,
    Below,
}

/// Endings of a filter's name, longest first.
const ENDINGS: &[(&str, Comparison)] = &[
    ("AfterOrEqualTo", Comparison::AtLeast),
    ("BeforeOrEqualTo", Comparison::AtMost),
    ("GreaterThanOrEqualTo", Comparison::AtLeast),
    ("LessThanOrEqualTo", Comparison::AtMost),
    ("GreaterThan", Comparison::Above),
    ("LessThan", Comparison::Below),
    ("After", Comparison::Above),
    ("Before", Comparison::Below),
];

impl Query {
    fn read(params: &Pairs, tenant: &Tenant, setting: &Setting<'_>) -> Result<Query, Refusal> {
        let mut query =
            Query { filters: Vec::new(), email: None, deleted: Some(false), order: None, limit: PAGE.0, offset: 0 };
        for (name, value) in params {
            let range = || Refusal::of(52);
            match name.as_str() {
                "limit" => {
                    let limit: usize = value.parse().map_err(|_| range())?;
                    query.limit = Some(limit).filter(|limit| (1..=PAGE.1).contains(limit)).ok_or_else(range)?;
                }
                "offset" => {
                    let offset: usize = value.parse().map_err(|_| range())?;
                    query.offset = Some(offset).filter(|offset| *offset <= 2_000).ok_or_else(range)?;
                }
                "deleted" => {
                    query.deleted = match value.as_str() {
                        "all" => None,
                        "true" => Some(true),
                        "false" => Some(false),
                        _ => return Err(Refusal::of(51)),
                    };
                }
                "orderBy" => {
                    let (column, direction) = value.split_once(' ').unwrap_or((value, "ASC"));
                    query.order = Some((column.to_owned(), direction.eq_ignore_ascii_case("DESC")));
                }
                "format" => {}
                _ => query.filter(name, value, tenant, setting),
            }
        }
        let mut fields: Vec<&str> = query.filters.iter().map(|(field, ..)| field.as_str()).collect();
        fields.sort_unstable();
        fields.dedup();
        if fields.len() > FILTERS {
            return Err(Refusal::of(209));
        }
        Ok(query)
    }

    fn filter(&mut self, name: &str, value: &str, tenant: &Tenant, setting: &Setting<'_>) {
        if name == "email" {
            self.email = Some(value.to_owned());
            return;
        }
        let ending = ENDINGS.iter().find_map(|(ending, how)| Some((name.strip_suffix(ending)?, *how)));
        let (field, how) = ending.unwrap_or((name, Comparison::Equal));
        let field = if field.is_empty() { name } else { field };
        // `createdAfter` means `createdAt`, as `updatedAtAfterOrEqualTo` does.
        let field = if matches!(field, "created" | "updated") { format!("{field}At") } else { field.to_owned() };
        let value = match field.as_str() {
            "createdAt" | "updatedAt" | "lastActivityAt" => clock::parse(value, setting.now, &tenant.zone)
                .map_or_else(|| value.to_owned(), |ms| clock::offset(ms, &tenant.zone)),
            _ => value.to_owned(),
        };
        self.filters.push((field, how, value));
    }

    fn keeps(&self, row: &Row) -> Result<bool, Refusal> {
        for (field, how, want) in &self.filters {
            let unknown = || Refusal::of(51).with_message(format!("Invalid parameter: {field}"));
            let have = row.get(field).ok_or_else(unknown)?;
            let order = compare(have, want);
            let kept = match how {
                Comparison::Equal => order.is_some_and(|order| order.is_eq()),
                Comparison::AtLeast => order.is_some_and(|order| order.is_ge()),
                Comparison::AtMost => order.is_some_and(|order| order.is_le()),
                Comparison::Above => order.is_some_and(|order| order.is_gt()),
                Comparison::Below => order.is_some_and(|order| order.is_lt()),
            };
            if !kept {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn sort(&self, rows: &mut [Row]) -> Result<(), Refusal> {
        let Some((column, descends)) = &self.order else {
            return Ok(());
        };
        if rows.first().is_some_and(|row| !row.contains_key(column)) {
            return Err(Refusal::of(51).with_message("Invalid parameter: orderBy"));
        }
        rows.sort_by(|a, b| {
            let text = |row: &Row| match row.get(column) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            };
            let order = a.get(column).and_then(|value| compare(value, &text(b))).unwrap_or(std::cmp::Ordering::Equal);
            if *descends { order.reverse() } else { order }
        });
        Ok(())
    }
}

/// Numbers as numbers, times as times, booleans and texts as texts.
fn compare(have: &Value, want: &str) -> Option<std::cmp::Ordering> {
    match have {
        Value::Number(number) => number.as_f64()?.partial_cmp(&want.trim().parse().ok()?),
        Value::Bool(flag) => Some(flag.to_string().as_str().cmp(want)),
        Value::String(text) => match (text.parse::<jiff::Timestamp>(), want.parse::<jiff::Timestamp>()) {
            (Ok(have), Ok(want)) => Some(have.cmp(&want)),
            _ => Some(text.as_str().cmp(want)),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
