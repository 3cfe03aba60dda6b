//! How many calls a Result takes, told from counts alone: before its rows are checked, or after.
//!
//! Reads no row and calls nobody. Where only the rows themselves would tell, says from how many to how many.

use model::{Learned, MatchBy, Plan, Target};
use pardot::batch::MAX_PROSPECTS_PER_BATCH;

/// Calls that an export takes when nothing has to be repeated, taken apart or looked up. Custom fields, which are read where rows have
/// columns that no table knows, are not among them: one call for 200 of the account's fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needed {
    /// When every row leaves and the account takes them in full batches.
    pub least: u64,
    /// When all that is not known yet turns out for the worse: the payload takes one row a call, the account allows several
    /// prospects with one email, every membership names another list.
    pub most: u64,
}

/// Calls for `rows` rows of a frozen Result that is not checked yet.
pub fn calls_needed(plan: &Plan, rows: u64, learned: &Learned) -> Needed {
    match &plan.target {
        Target::Prospects { match_by, .. } => prospects(plan, *match_by, rows, learned),
        Target::ListMemberships { .. } => {
            // One list is the fewest. More of them cost looks until one call a pair is cheaper; a user who may not see
            // lists costs one look in vain.
            match memberships(rows, 1, learned) {
                Some(calls) => Needed { least: calls, most: rows.saturating_add(1) },
                None => Needed { least: rows, most: rows },
            }
        }
    }
}

/// Calls for memberships in batches, each of `lists` lists looked at first, where that is less than one call a pair.
pub(crate) fn memberships(rows: u64, lists: u64, learned: &Learned) -> Option<u64> {
    let calls = lists.saturating_add(rows.div_ceil(batch_rows(learned)));
    (calls < rows).then_some(calls)
}

/// Rows that a batch may have.
pub(crate) fn batch_rows(learned: &Learned) -> u64 {
    learned.batch_rows.unwrap_or(MAX_PROSPECTS_PER_BATCH).clamp(1, MAX_PROSPECTS_PER_BATCH) as u64
}

fn prospects(plan: &Plan, match_by: MatchBy, rows: u64, learned: &Learned) -> Needed {
    if rows == 0 {
        return Needed { least: 0, most: 0 };
    }
    let full = rows.div_ceil(batch_rows(learned));
    // A payload may be so small that each row goes alone, and only the rows tell.
    let batched = if plan.delivery.max_payload.is_some() { rows } else { full };
    let has_lists = matches!(plan.target, Target::Prospects { lists: Some(_), .. });
    let one_by_one = rows.saturating_add(if has_lists { full } else { 0 });
    // Rows that were packed for version 3 keep their batches when their lists follow.
    let after_all = rows.saturating_add(if has_lists { batched } else { 0 });
    match (match_by, learned.api_version) {
        (MatchBy::Email, Some(4)) => Needed { least: one_by_one, most: one_by_one },
        (MatchBy::Email, Some(3)) => Needed { least: full, most: batched },
        // Version 3 is tried first; an account that allows several prospects with one email refuses it.
        (MatchBy::Email, Some(_) | None) => Needed { least: full, most: after_all.saturating_add(1) },
        (MatchBy::Key, Some(3)) => Needed { least: full, most: batched },
        // Before the first insert, the newest prospect is asked for.
        (MatchBy::Key, Some(4)) => Needed { least: full, most: batched.saturating_add(1) },
        // And a first version may be refused, once by each of the two.
        (MatchBy::Key, Some(_) | None) => Needed { least: full, most: batched.saturating_add(2) },
    }
}

#[cfg(test)]
mod tests;
