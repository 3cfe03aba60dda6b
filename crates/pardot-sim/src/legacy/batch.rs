//! `batchCreate`, `batchUpdate`, `batchUpsert`: many records, judged one by one.
//!
//! Knows the shapes of `prospects`; what a record does is the record's affair.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use crate::answer::Outcome;
use crate::legacy::Scene;
use crate::record::{Attributes, Done, Record};
use crate::refusal::{Refusal, message};
use crate::strike::RowRefusal;

/// The three batch operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Update,
    Upsert,
}

/// A record and the key under which its error is reported.
type Keyed<'a> = (Cow<'a, str>, Record<'a>);

/// Works through `prospects`; only that parameter is read.
pub(crate) fn batch(operation: Operation, scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    let Some(text) = scene.params.get("prospects") else {
        return Err(Refusal::of(71));
    };
    let text = text.trim();
    let limit = scene.config.batch_limit;
    let document: Value;
    let records = match text.as_bytes().first() {
        Some(b'{') => {
            document = serde_json::from_str(text).map_err(|_| Refusal::of(71))?;
            let prospects = document.get("prospects").ok_or(Refusal::of(71))?;
            if scene.version == 3 { keyed(prospects, scene, limit)? } else { flat(prospects, scene, limit)? }
        }
        Some(b'<') => from_xml(text, scene.version, limit)?,
        _ => return Err(Refusal::of(71)),
    };
    work(operation, &records, scene)
}

fn work(operation: Operation, records: &[Keyed<'_>], scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    for (_, record) in records {
        for rule in scene.rules {
            if let RowRefusal::Batch { code, status } = &rule.refusal
                && rule.matches(|name| record.value(name))
            {
                scene.fired.push(rule.name());
                return Err(Refusal::of(*code).with_status(*status));
            }
        }
    }
    let mut errors = Vec::new();
    let mut created = false;
    for (key, record) in records {
        let ruled = scene.rules.iter().find_map(|rule| match &rule.refusal {
            RowRefusal::Row { message } => rule.matches(|name| record.value(name)).then_some((rule, message)),
            RowRefusal::Batch { .. } => None,
        });
        if let Some((rule, text)) = ruled {
            scene.fired.push(rule.name());
            errors.push((key.to_string(), text.clone()));
            continue;
        }
        let (tenant, version, now) = (&mut *scene.tenant, scene.version, scene.now);
        let done = match operation {
            Operation::Create => record.create(tenant, version, now),
            Operation::Update => record.update(tenant, version, version == 3, now),
            Operation::Upsert => record.upsert(tenant, version, now),
        };
        match done {
            Ok(Done::Created(_)) => created = true,
            Ok(Done::Updated(_)) => {}
            Err(code) => errors.push((key.to_string(), record_message(code, scene))),
        }
    }
    scene.tenant.changes.rows_refused += errors.len() as u64;
    scene.tenant.changes.rows_applied += (records.len() - errors.len()) as u64;
    let status = match (created, errors.is_empty()) {
        (true, true) => 201,
        (true, false) => scene.config.knobs.mixed_batch_status,
        (false, _) => 200,
    };
    Ok(Outcome::Batch { status, errors })
}

fn record_message(code: u32, scene: &Scene<'_>) -> String {
    match scene.config.knobs.record_messages.get(&code) {
        Some(text) => text.clone(),
        // A record of a batch without any address is reported like one with a bad address.
        None if code == 13 => message(4).to_owned(),
        None => message(code).to_owned(),
    }
}

/// Version 4: a list of flat objects.
fn flat<'a>(prospects: &'a Value, scene: &Scene<'_>, limit: usize) -> Result<Vec<Keyed<'a>>, Refusal> {
    let items = prospects.as_array().ok_or(Refusal::of(90))?;
    if items.len() > limit {
        return Err(Refusal::of(70));
    }
    let keyed = |(at, item): (usize, &'a Value)| {
        let attributes = attributes(item, scene.config.knobs.null_clears).ok_or(Refusal::of(90))?;
        Ok((Cow::Owned(at.to_string()), Record::from(attributes)))
    };
    items.iter().enumerate().map(keyed).collect()
}

/// Version 3: an object keyed by id or e-mail address.
fn keyed<'a>(prospects: &'a Value, scene: &Scene<'_>, limit: usize) -> Result<Vec<Keyed<'a>>, Refusal> {
    let items = prospects.as_object().ok_or(Refusal::of(91))?;
    if items.len() > limit {
        return Err(Refusal::of(70));
    }
    let keyed = |(key, item): (&'a String, &'a Value)| {
        let attributes = attributes(item, scene.config.knobs.null_clears).ok_or(Refusal::of(91))?;
        Ok((Cow::Borrowed(key.as_str()), under_key(Cow::Borrowed(key), attributes)))
    };
    items.iter().map(keyed).collect()
}

/// A numeric key is an id, any other an address.
fn under_key<'a>(key: Cow<'a, str>, attributes: Attributes<'a>) -> Record<'a> {
    let mut record = Record::from(attributes);
    if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
        record.id = Some(key);
    } else {
        record.id = None;
        record.email = Some(key);
    }
    record
}

fn attributes(item: &Value, null_clears: bool) -> Option<Attributes<'_>> {
    let mut attributes = Vec::new();
    for (name, value) in item.as_object()? {
        let text = match value {
            Value::String(text) => Cow::Borrowed(text.as_str()),
            Value::Number(number) => Cow::Owned(number.to_string()),
            Value::Bool(true) => Cow::Borrowed("1"),
            Value::Bool(false) => Cow::Borrowed("0"),
            Value::Null if null_clears => Cow::Borrowed(""),
            Value::Null => continue,
            Value::Array(values) => Cow::Owned(joined(values)?),
            Value::Object(_) => return None,
        };
        attributes.push((Cow::Borrowed(name.as_str()), text));
    }
    Some(attributes)
}

fn joined(values: &[Value]) -> Option<String> {
    let texts: Option<Vec<String>> = values
        .iter()
        .map(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        })
        .collect();
    texts.map(|texts| texts.join(";"))
}

/// `<prospects><prospect identifier="501"><first_name>..`, with the identifier in version 3 only.
fn from_xml(text: &str, version: u8, limit: usize) -> Result<Vec<Keyed<'static>>, Refusal> {
    let items = read_xml(text).ok_or(Refusal::of(71))?;
    if items.len() > limit {
        return Err(Refusal::of(70));
    }
    let mut records = Vec::with_capacity(items.len());
    for (at, (identifier, attributes)) in items.into_iter().enumerate() {
        if version == 3 {
            let key: Cow<'static, str> = Cow::Owned(identifier.ok_or(Refusal::of(91))?);
            records.push((key.clone(), under_key(key, attributes)));
        } else {
            records.push((Cow::Owned(at.to_string()), Record::from(attributes)));
        }
    }
    Ok(records)
}

type Item = (Option<String>, Attributes<'static>);

/// Reads three levels: `prospects`, `prospect`, fields. `None` for anything else.
fn read_xml(text: &str) -> Option<Vec<Item>> {
    let mut reader = Reader::from_str(text);
    let mut items: Vec<Item> = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut value = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                let name: &str = start.name().0;
                enter(&path, name, &start, &mut items)?;
                path.push(name.to_owned());
                value.clear();
            }
            Event::Empty(start) => {
                let name: &str = start.name().0;
                enter(&path, name, &start, &mut items)?;
                if path.len() == 2 {
                    items.last_mut()?.1.push((Cow::Owned(name.to_owned()), Cow::Borrowed("")));
                }
            }
            Event::Text(part) => value.push_str(&part),
            Event::CData(part) => value.push_str(&part),
            Event::GeneralRef(entity) => value.push(character(&entity)?),
            Event::End(_) => {
                let name = path.pop()?;
                if path.len() == 2 {
                    let text = std::mem::take(&mut value);
                    items.last_mut()?.1.push((Cow::Owned(name), Cow::Owned(text)));
                }
            }
            Event::Eof => return path.is_empty().then_some(items),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

fn enter(path: &[String], name: &str, start: &quick_xml::events::BytesStart<'_>, items: &mut Vec<Item>) -> Option<()> {
    match (path.len(), name) {
        (0, "prospects") | (2, _) => Some(()),
        (1, "prospect") => {
            let identifier = start.try_get_attribute("identifier").ok()?.map(|attribute| unescape(&attribute.value));
            items.push((identifier, Vec::new()));
            Some(())
        }
        _ => None,
    }
}

fn unescape(text: &str) -> String {
    quick_xml::escape::unescape(text).map_or_else(|_| text.to_owned(), Cow::into_owned)
}

fn character(entity: &str) -> Option<char> {
    let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match entity.strip_prefix("#x") {
            Some(digits) => number(digits, 16),
            None => number(entity.strip_prefix('#')?, 10),
        },
    }
}
