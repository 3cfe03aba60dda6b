//! The first rows as they will be sent: for people who look before they send.
//!
//! Knows wire forms; sends nothing. What only a running export finds out, such as a list that takes no members, is not here.

use arrow::array::RecordBatch;
use model::{Rejection, RowNumber};
use serde_json::{Map, Value, json};

use crate::object::{DataObject, Way};
use crate::record::{Record, RecordBody};

/// A row as it will be sent.
#[derive(Clone, PartialEq)]
pub struct Sent {
    /// The row.
    pub row: RowNumber,
    /// What finds the prospect, where it stands beside the record instead of in it: an id or an email.
    pub key: Option<String>,
    /// The record: names and values as Pardot gets them, passwords masked. Why the row will be rejected instead.
    pub body: Result<Value, Rejection>,
}

// The values of a row are people's data: a row that is printed by mistake shows none.
impl std::fmt::Debug for Sent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sent(row {})", self.row)
    }
}

/// What stands in place of a password.
const MASK: &str = "***";

/// The rows of `batches`, numbered from 1, as they would travel this `way`. Rows of one key all stand here, though only the
/// last of them is sent; memberships stand as pairs, however many travel in one call.
pub fn sample(object: &dyn DataObject, batches: &[RecordBatch], way: Way) -> Vec<Sent> {
    let mut sent = Vec::new();
    for batch in batches {
        let cells = object.cells(batch);
        for row in 0..batch.num_rows() {
            let number = sent.len() as RowNumber + 1;
            let shown = object.encode(&cells, row, number).and_then(|record| shown(object, &record, way));
            sent.push(match shown {
                Ok((key, body)) => Sent { row: number, key, body: Ok(masked(body)) },
                Err(rejection) => Sent { row: number, key: None, body: Err(rejection) },
            });
        }
    }
    sent
}

/// Key and record.
fn shown(object: &dyn DataObject, record: &Record, way: Way) -> Result<(Option<String>, Value), Rejection> {
    if let RecordBody::Membership { prospect, list } = &record.body {
        return Ok((None, json!({ "prospect_id": prospect.0, "list_id": list.0 })));
    }
    match way {
        Way::Batch(version) => {
            let item = object.item(record, version)?;
            let key = Some(item.identifier).filter(|key| !key.is_empty());
            Ok((key, serde_json::from_str(&item.attributes).unwrap_or(Value::Null)))
        }
        Way::LatestByEmail | Way::Pairs => {
            let (email, text) = object.latest_by_email(record).unwrap_or_default();
            let mut body: Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
            // The lists follow in a call of their own.
            if let Some((lists, join)) = object.lists() {
                body.extend(lists.iter().map(|list| (format!("list_{list}"), Value::from(u8::from(join)))));
            }
            Ok((Some(email).filter(|email| !email.is_empty()), Value::Object(body)))
        }
    }
}

fn masked(mut body: Value) -> Value {
    if let Some(password) = body.get_mut("password")
        && password.as_str() != Some("")
    {
        *password = Value::from(MASK);
    }
    body
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use pardot::ApiVersion;

    use super::*;
    use crate::fixture::{numbers, object, rows, texts};

    #[track_caller]
    fn check(rows: &RecordBatch, given: &[(&str, &str)], way: Way, want: Expect) {
        let object = object(rows, given);
        // Two batches: numbers go on.
        let half = rows.num_rows() / 2;
        let batches = [rows.slice(0, half), rows.slice(half, rows.num_rows() - half)];
        let lines: Vec<String> = sample(&*object, &batches, way)
            .into_iter()
            .map(|sent| match sent.body {
                Ok(body) => format!("{} [{}] {body}", sent.row, sent.key.unwrap_or_default()),
                Err(rejection) => {
                    let column = rejection.column.unwrap_or_default();
                    format!("{} rejected: {column} {}", rejection.row, rejection.reason)
                }
            })
            .collect();
        want.assert_eq(&lines.join("\n"));
    }

    fn prospects() -> RecordBatch {
        rows(vec![
            ("id", numbers([Some(501), None, None, None])),
            ("email", texts([Some("ada@x.io"), Some("bob@x.io"), None, Some("zoë@x.io")])),
            ("first_name", texts([Some("Ada"), None, Some("Carl"), Some("")])),
            ("score", texts([Some("7"), Some("8"), Some("9"), Some("many")])),
            ("Favourite_Colour", texts([Some("red"), Some("blue"), None, None])),
            ("password", texts([Some("hunter2"), None, None, Some("")])),
        ])
    }

    #[test]
    fn prospects_as_each_version_gets_them() {
        let lists = &[("prospect_lists", "77,78")];
        check(
            &prospects(),
            lists,
            Way::Batch(ApiVersion::V4),
            expect![[r#"
            1 [] {"id":501,"email":"ada@x.io","first_name":"Ada","score":7,"Favourite_Colour":"red","password":"***","list_77":1,"list_78":1}
            2 [] {"email":"bob@x.io","score":8,"Favourite_Colour":"blue","list_77":1,"list_78":1}
            3 rejected:  has no key
            4 rejected: score must be a whole number"#]],
        );
        check(
            &prospects(),
            lists,
            Way::Batch(ApiVersion::V3),
            expect![[r#"
            1 [501] {"email":"ada@x.io","first_name":"Ada","score":7,"Favourite_Colour":"red","password":"***","list_77":1,"list_78":1}
            2 [bob@x.io] {"score":8,"Favourite_Colour":"blue","list_77":1,"list_78":1}
            3 rejected:  has no key
            4 rejected: score must be a whole number"#]],
        );
        let by_email = &[("upsert_by_email", "true"), ("prospect_lists", "77"), ("prospect_list_operation", "remove")];
        let rows = rows(vec![("email", texts(["ada@x.io", " "])), ("first_name", texts(["Ada", "Bob"]))]);
        check(
            &rows,
            by_email,
            Way::LatestByEmail,
            expect![[r#"
            1 [ada@x.io] {"email":"ada@x.io","firstName":"Ada","list_77":0}
            2 rejected: email has no key"#]],
        );
        check(
            &rows,
            by_email,
            Way::Batch(ApiVersion::V3),
            expect![[r#"
            1 [ada@x.io] {"first_name":"Ada","list_77":0}
            2 rejected: email has no key"#]],
        );
    }

    #[test]
    fn memberships_as_pairs() {
        let rows = rows(vec![("list_id", numbers([77, 78])), ("prospect_id", numbers([Some(501), None]))]);
        let given = &[("data_object", "list_memberships")];
        check(
            &rows,
            given,
            Way::Pairs,
            expect![[r#"
            1 [] {"prospect_id":501,"list_id":77}
            2 rejected: prospect_id is required"#]],
        );
        let forms = [Way::Pairs, Way::Batch(ApiVersion::V4)]
            .map(|way| sample(&*object(&rows, given), std::slice::from_ref(&rows), way));
        assert!(forms[0] == forms[1], "a pair stands by itself however it travels");
    }

    #[test]
    fn values_are_not_printed_by_mistake() {
        let sent = Sent { row: 1, key: Some("ada@x.io".into()), body: Ok(json!({"email": "ada@x.io"})) };
        assert_eq!(format!("{sent:?}"), "Sent(row 1)");
    }
}
