//! List memberships: a row is a pair of prospect and list.
//!
//! Never carries an opt-out: neither `list_<id>` nor the pair calls made here can set or clear one.

use model::{MembershipOperation, Rejection, RowNumber};
use pardot::batch::{Item, Operation};
use pardot::{ApiVersion, ListId, ProspectId};

use crate::cell::{CellKind, Cells, Said};
use crate::columns::Columns;
use crate::object::{DataObject, Way};
use crate::record::{Key, Record, RecordBody};

/// The data object `list_memberships`.
pub(crate) struct Memberships {
    columns: Columns,
    operation: MembershipOperation,
}

impl Memberships {
    pub(crate) fn new(columns: Columns, operation: MembershipOperation) -> Memberships {
        Memberships { columns, operation }
    }

    fn id(&self, place: usize, cells: &[Cells], row: usize, number: RowNumber) -> Result<u64, Rejection> {
        let column = &self.columns.fields[place];
        let rejection = |reason: &str, hint: &str| Rejection {
            row: number,
            column: Some(column.name.clone()),
            code: None,
            reason: reason.into(),
            hint: Some(hint.into()),
        };
        let mut digits = Vec::new();
        match cells[column.index].write(row, CellKind::Id, &mut digits) {
            Ok(Said::Value) => String::from_utf8_lossy(&digits)
                .parse()
                .map_err(|_| rejection("must be a positive whole number", "Pardot ids start at 1")),
            Ok(Said::Nothing | Said::Empty) => Err(rejection("is required", "filter such rows out in the query")),
            Err(bad) => Err(rejection(bad.reason, bad.hint)),
        }
    }
}

impl DataObject for Memberships {
    fn encode(&self, cells: &[Cells], row: usize, number: RowNumber) -> Result<Record, Rejection> {
        let prospect = ProspectId(self.id(0, cells, row, number)?);
        let list = ListId(self.id(1, cells, row, number)?);
        let key = Key::of("membership", &format!("{prospect}/{list}"));
        // Two calls for one prospect at once can end in code 62 (conflicting update), whatever their lists.
        let guard = Key::of("id", &prospect.to_string()).0[0];
        Ok(Record { row: number, key, guards: [guard, guard], body: RecordBody::Membership { prospect, list } })
    }

    fn first_version(&self) -> ApiVersion {
        ApiVersion::V4
    }

    /// `batchUpdate`, because it neither makes a prospect nor takes one out of the recycle bin.
    fn operation(&self) -> Operation {
        Operation::Update
    }

    fn item(&self, record: &Record, version: ApiVersion) -> Result<Item, Rejection> {
        let RecordBody::Membership { prospect, list } = &record.body else {
            return Ok(Item { identifier: String::new(), attributes: String::new() });
        };
        let value = match self.operation {
            MembershipOperation::Upsert => 1,
            MembershipOperation::Delete => 0,
        };
        Ok(match version {
            ApiVersion::V4 => {
                Item { identifier: String::new(), attributes: format!("{{\"id\":{prospect},\"list_{list}\":{value}}}") }
            }
            ApiVersion::V3 => {
                Item { identifier: prospect.to_string(), attributes: format!("{{\"list_{list}\":{value}}}") }
            }
        })
    }

    fn inserts(&self, _record: &Record, _way: Way) -> bool {
        false
    }

    fn lists(&self) -> Option<(Vec<ListId>, bool)> {
        None
    }

    fn latest_by_email(&self, _record: &Record) -> Option<(String, String)> {
        None
    }

    fn not_in_v5(&self) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests;
