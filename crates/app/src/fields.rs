//! The prospect fields that every account has, as they are shown.
//!
//! Knows the manual's table; custom fields are the account's.

use api::{FieldKind, ProspectField};
use pardot::field::{Access, FIELDS, Kind};

/// The manual's columns of a prospect, in its order.
pub fn prospect_fields() -> Vec<ProspectField> {
    let shown = FIELDS.iter().filter(|field| field.manual);
    shown
        .map(|field| ProspectField {
            name: field.name.to_owned(),
            kind: match field.kind {
                Kind::Integer => FieldKind::Integer,
                Kind::Text => FieldKind::Text,
                Kind::Boolean => FieldKind::Boolean,
            },
            writable: match field.access {
                Access::Write => true,
                Access::ReadOnly => false,
            },
            help: field.help.to_owned(),
        })
        .collect()
}
