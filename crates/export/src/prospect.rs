//! Prospects: how a row becomes a prospect of the batch upsert, in version 3 and 4, and of `upsertLatestByEmail`.
//!
//! Knows the wire forms of one prospect; not how many travel together.

use std::collections::BTreeMap;

use model::{ListChange, ListOperation, MatchBy, Rejection, RowNumber};
use pardot::batch::{Item, Operation};
use pardot::{ApiVersion, ListId, ProspectId};
use serde_json::{Map, Value};

use crate::cell::{BadCell, CellKind, Cells, Said};
use crate::columns::Columns;
use crate::object::{DataObject, Way};
use crate::record::{Key, Record, RecordBody, normal_email};

/// A row whose JSON is longer is an invalid record (the manual, "Requirements and Limitations"); exactly this is not.
pub(crate) const MAX_ROW_CHARACTERS: usize = 7500;

/// The data object `prospects`.
pub(crate) struct Prospects {
    columns: Columns,
    match_by: MatchBy,
    change: Option<ListChange>,
    /// `,"list_77":1`: the same for every row.
    lists: String,
}

impl Prospects {
    pub(crate) fn new(columns: Columns, match_by: MatchBy, change: Option<ListChange>) -> Prospects {
        let lists = change.as_ref().map(list_members).unwrap_or_default();
        Prospects { columns, match_by, change, lists }
    }

    /// The id, fid and email of a row; an empty text in a key column is no key.
    fn keys(&self, cells: &[Cells], row: usize, number: RowNumber) -> Result<Keys, Rejection> {
        let mut buffer = Vec::new();
        let mut read = |column: Option<usize>, kind: CellKind, name: &str| -> Result<Option<String>, Rejection> {
            let Some(index) = column else { return Ok(None) };
            buffer.clear();
            match cells[index].write(row, kind, &mut buffer).map_err(|bad| reject(number, name, bad))? {
                Said::Nothing | Said::Empty => Ok(None),
                Said::Value => Ok(Some(String::from_utf8_lossy(&buffer).into_owned())),
            }
        };
        let id = read(self.columns.id, CellKind::Id, "id")?;
        let fid = read(self.columns.fid, CellKind::Text, "fid")?;
        let email = read(self.columns.email, CellKind::Text, "email")?;
        let email = email.and_then(|json| match self.columns.email.and_then(|index| cells[index].text(row)) {
            // Spaces around an address are no part of it: Pardot would refuse what only differs in them.
            Some(text) => Some(text.trim().to_owned()),
            None => serde_json::from_str::<String>(&json).ok(),
        });
        let id = id.and_then(|digits| digits.parse::<ProspectId>().ok());
        Ok(Keys { id, fid, email: email.filter(|email| !email.trim().is_empty()) })
    }

    fn key(&self, keys: &Keys, number: RowNumber) -> Result<(Key, [u64; 2]), Rejection> {
        let by_email = keys.email.as_deref().map(|email| Key::of("email", &normal_email(email)));
        let by_id = keys.id.map(|id| Key::of("id", &id.to_string()));
        let by_fid = keys.fid.as_deref().map(|fid| Key::of("fid", fid));
        let key = match self.match_by {
            MatchBy::Email => by_email,
            MatchBy::Key => by_id.or(by_fid).or(by_email),
        };
        let Some(key) = key else {
            let (column, hint) = match self.match_by {
                MatchBy::Email => (Some("email"), "upsert_by_email is true: every row needs an email"),
                MatchBy::Key => (None, "give the row an id, a fid or an email"),
            };
            return Err(Rejection {
                row: number,
                column: column.map(str::to_owned),
                code: None,
                reason: "has no key".into(),
                hint: Some(hint.into()),
            });
        };
        Ok((key, [key.0[0], by_email.unwrap_or(key).0[0]]))
    }
}

struct Keys {
    id: Option<ProspectId>,
    /// As a JSON string.
    fid: Option<String>,
    email: Option<String>,
}

fn list_members(change: &ListChange) -> String {
    let value = match change.operation {
        ListOperation::Add => 1,
        ListOperation::Remove => 0,
    };
    change.lists.iter().map(|list| format!(",\"list_{list}\":{value}")).collect()
}

fn reject(row: RowNumber, column: &str, bad: BadCell) -> Rejection {
    Rejection {
        row,
        column: Some(column.to_owned()),
        code: None,
        reason: bad.reason.into(),
        hint: Some(bad.hint.into()),
    }
}

/// Joins JSON members, leaving out the empty ones.
fn object(parts: &[&str]) -> String {
    let mut text = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum::<usize>() + 2);
    text.push('{');
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if text.len() > 1 && !part.starts_with(',') {
            text.push(',');
        }
        text.push_str(if text.len() == 1 { part.trim_start_matches(',') } else { part });
    }
    text.push('}');
    text
}

fn member(name: &str, json: Option<String>) -> String {
    json.map(|json| format!("\"{name}\":{json}")).unwrap_or_default()
}

fn json_text(text: &str) -> String {
    Value::from(text).to_string()
}

/// Length in characters of the row as one JSON object: members and keys, without what the settings add.
fn characters(parts: [&str; 4]) -> usize {
    let full: Vec<usize> = parts.iter().filter(|part| !part.is_empty()).map(|part| part.chars().count()).collect();
    full.iter().sum::<usize>() + full.len().saturating_sub(1) + 2
}

impl DataObject for Prospects {
    fn encode(&self, cells: &[Cells], row: usize, number: RowNumber) -> Result<Record, Rejection> {
        let keys = self.keys(cells, row, number)?;
        let (key, guards) = self.key(&keys, number)?;
        let mut members = Vec::with_capacity(self.columns.fields.len() * 24);
        for column in &self.columns.fields {
            let start = members.len();
            if start > 0 {
                members.push(b',');
            }
            members.push(b'"');
            members.extend_from_slice(column.name.as_bytes());
            members.extend_from_slice(b"\":");
            let said = cells[column.index].write(row, column.kind, &mut members);
            match said.map_err(|bad| reject(number, &column.name, bad))? {
                Said::Nothing => members.truncate(start),
                Said::Empty | Said::Value => {}
            }
        }
        let members = String::from_utf8(members).map_err(|_| Rejection {
            row: number,
            column: None,
            code: None,
            reason: "is not valid text".into(),
            hint: Some("check the encoding of the source".into()),
        })?;
        let texts = keys.email.as_ref().map_or(0, String::len) + keys.fid.as_ref().map_or(0, String::len);
        // A character is a byte at least, and escaping at most sextuples an email.
        if members.len() + 6 * texts + 64 > MAX_ROW_CHARACTERS {
            let id = member("id", keys.id.map(|id| id.to_string()));
            let email = member("email", keys.email.as_deref().map(json_text));
            let length = characters([&id, &member("fid", keys.fid.clone()), &email, &members]);
            if length > MAX_ROW_CHARACTERS {
                return Err(Rejection {
                    row: number,
                    column: None,
                    code: None,
                    reason: "is longer than 7500 characters as JSON".into(),
                    hint: Some("shorten its longest column in the query, for example with substr".into()),
                });
            }
        }
        let Keys { id, fid, email } = keys;
        let id = id.filter(|_| self.match_by == MatchBy::Key);
        Ok(Record { row: number, key, guards, body: RecordBody::Prospect { id, fid, email, members } })
    }

    /// Version 3 where rows have emails: an account that needs version 4 refuses it and nothing is applied, while version
    /// 4 would make a new prospect of each email. A fid means something in version 4 alone.
    fn first_version(&self) -> ApiVersion {
        let by_email = self.columns.email.is_some() && self.columns.fid.is_none();
        if by_email { ApiVersion::V3 } else { ApiVersion::V4 }
    }

    fn operation(&self) -> Operation {
        Operation::Upsert
    }

    fn item(&self, record: &Record, version: ApiVersion) -> Result<Item, Rejection> {
        let RecordBody::Prospect { id, fid, email, members } = &record.body else {
            return Ok(Item { identifier: String::new(), attributes: String::new() });
        };
        let fid_member = member("fid", fid.clone());
        let email_member = member("email", email.as_deref().map(json_text));
        match (version, id, email) {
            (ApiVersion::V4, ..) => {
                let id = member("id", id.map(|id| id.to_string()));
                let attributes = object(&[&id, &fid_member, &email_member, members, &self.lists]);
                Ok(Item { identifier: String::new(), attributes })
            }
            (ApiVersion::V3, Some(id), _) => {
                let attributes = object(&[&fid_member, &email_member, members, &self.lists]);
                Ok(Item { identifier: id.to_string(), attributes })
            }
            // Version 3 is keyed by id or email: a number would find whatever prospect has it as its id.
            (ApiVersion::V3, None, Some(email)) if email.trim().bytes().all(|byte| byte.is_ascii_digit()) => {
                Err(Rejection {
                    row: record.row,
                    column: Some("email".into()),
                    code: None,
                    reason: "is a number, which Pardot would take for a prospect id".into(),
                    hint: Some("select the address as email, and ids as id".into()),
                })
            }
            (ApiVersion::V3, None, Some(email)) => {
                Ok(Item { identifier: email.clone(), attributes: object(&[&fid_member, members, &self.lists]) })
            }
            (ApiVersion::V3, None, None) => Err(Rejection {
                row: record.row,
                column: Some("fid".into()),
                code: None,
                reason: "fid alone finds no prospect on this business unit".into(),
                hint: Some(
                    "where emails are unique, Pardot (version 3) matches by id or email: add one of them".into(),
                ),
            }),
        }
    }

    fn inserts(&self, record: &Record, way: Way) -> bool {
        match (way, &record.body) {
            // Version 4 makes a new prospect for every upsert that has an email and neither id nor fid.
            (Way::Batch(ApiVersion::V4), RecordBody::Prospect { id: None, fid: None, .. }) => true,
            (Way::Batch(_) | Way::LatestByEmail | Way::Pairs, _) => false,
        }
    }

    fn lists(&self) -> Option<(Vec<ListId>, bool)> {
        let change = self.change.as_ref()?;
        let join = match change.operation {
            ListOperation::Add => true,
            ListOperation::Remove => false,
        };
        Some((change.lists.iter().copied().collect(), join))
    }

    fn latest_by_email(&self, record: &Record) -> Option<(String, String)> {
        let RecordBody::Prospect { fid, email: Some(email), members, .. } = &record.body else {
            return None;
        };
        let written: Map<String, Value> = serde_json::from_str(&format!("{{{members}}}")).ok()?;
        let fields: BTreeMap<&str, (&str, CellKind)> = self
            .columns
            .fields
            .iter()
            .filter_map(|column| Some((column.name.as_str(), (column.v5.as_deref()?, column.kind))))
            .collect();
        let mut prospect = Map::new();
        prospect.insert("email".into(), Value::from(email.as_str()));
        if let Some(fid) = fid.as_deref().and_then(|fid| serde_json::from_str(fid).ok()) {
            prospect.insert("salesforceId".into(), fid);
        }
        for (name, value) in written {
            let Some((v5, kind)) = fields.get(name.as_str()) else {
                continue;
            };
            let value = match (kind, &value) {
                (CellKind::Boolean, Value::Number(number)) => Value::Bool(number.as_u64() == Some(1)),
                _ => value,
            };
            prospect.insert((*v5).into(), value);
        }
        Some((email.clone(), Value::Object(prospect).to_string()))
    }

    fn not_in_v5(&self) -> Vec<String> {
        self.columns.fields.iter().filter(|column| column.v5.is_none()).map(|column| column.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests;
