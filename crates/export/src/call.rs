//! The call itself, in the way that the account takes: a batch, one by one through version 5, or one pair.
//!
//! Knows what is sent and which records Pardot named; not what becomes of them.

use std::collections::BTreeMap;

use pardot::batch::{Item, Operation, ProspectBatch};
use pardot::code::Class;
use pardot::prospect::UpsertLatestByEmail;
use pardot::{ApiVersion, CallError, ListId, ProspectId, Repeat, membership};

use crate::attempt::{Part, RefusedAt};
use crate::object::Way;
use crate::pack::{Bounds, carrier};
use crate::record::{Record, RecordBody};
use crate::run::Context;

/// Sends a part.
pub(crate) async fn send(
    context: &Context,
    way: Way,
    part: &Part,
    items: Vec<Item>,
    inserts: bool,
) -> Result<RefusedAt, CallError> {
    match way {
        Way::Batch(version) => {
            let bounds: Bounds = context.bounds(way);
            let alone_too_long = items.len() == 1
                && bounds.payload.is_some_and(|(most, empty)| {
                    empty + items.iter().map(|item| pardot::batch::item_len(version, item)).sum::<usize>() > most
                });
            let carrier = if part.in_body || alone_too_long {
                pardot::batch::Carrier::Body
            } else {
                carrier(context.plan.delivery.carrier)
            };
            let repeat = if inserts { Repeat::Never } else { Repeat::Freely };
            let (items, owners) = together(&part.records, items);
            let request = ProspectBatch { version, operation: context.object.operation(), carrier, items, repeat };
            let answer = context.client.send(&request).await?;
            let named = |(item, text): (usize, String)| {
                let places = owners.iter().enumerate().filter(move |(_, owner)| **owner == item);
                places.map(move |(place, _)| (place, None, text.clone())).collect::<Vec<_>>()
            };
            Ok(answer.refused.into_iter().flat_map(named).collect())
        }
        Way::LatestByEmail => latest_by_email(context, &part.records).await,
        Way::Pairs => pair(context, &part.records).await,
    }
}

/// Memberships of one prospect travel as one item with several lists: version 3 keys a batch by prospect, so that of two
/// items for one prospect only the second would count. Gives the items and, for each record, the place of its item.
fn together(records: &[Record], items: Vec<Item>) -> (Vec<Item>, Vec<usize>) {
    let mut merged: Vec<Item> = Vec::with_capacity(items.len());
    let mut owners = Vec::with_capacity(items.len());
    let mut first: BTreeMap<ProspectId, usize> = BTreeMap::new();
    for (record, item) in records.iter().zip(items) {
        let known = match &record.body {
            RecordBody::Membership { prospect, .. } => Some(*first.entry(*prospect).or_insert(merged.len())),
            RecordBody::Prospect { .. } => None,
        };
        match known.filter(|place| *place < merged.len()) {
            Some(place) => {
                // The list is the last member of the item.
                let member = item.attributes.rsplit(['{', ',']).next().unwrap_or_default();
                let attributes = &mut merged[place].attributes;
                attributes.truncate(attributes.len().saturating_sub(1));
                attributes.push(',');
                attributes.push_str(member);
                owners.push(place);
            }
            None => {
                owners.push(merged.len());
                merged.push(item);
            }
        }
    }
    (merged, owners)
}

async fn pair(context: &Context, records: &[Record]) -> Result<RefusedAt, CallError> {
    let [Record { body: RecordBody::Membership { prospect, list }, .. }] = records else {
        return Ok(Vec::new());
    };
    match context.plan.target {
        model::Target::ListMemberships { operation: model::MembershipOperation::Delete } => {
            context.client.send(&membership::Delete { list: *list, prospect: *prospect }).await?;
        }
        model::Target::ListMemberships { operation: model::MembershipOperation::Upsert }
        | model::Target::Prospects { .. } => {
            context.client.send(&membership::Create { list: *list, prospect: *prospect }).await?;
        }
    }
    Ok(Vec::new())
}

/// One call a record, then one batch for the lists, which v5 cannot carry. Repeating all of it is harmless.
async fn latest_by_email(context: &Context, records: &[Record]) -> Result<RefusedAt, CallError> {
    let mut refused = Vec::new();
    let mut upserted: Vec<(usize, ProspectId)> = Vec::new();
    for (place, record) in records.iter().enumerate() {
        let Some((email, prospect)) = context.object.latest_by_email(record) else {
            continue;
        };
        match context.client.send(&UpsertLatestByEmail { email, prospect }).await {
            Ok(answer) => upserted.push((place, answer.id)),
            Err(CallError::Refused(refusal)) if records.len() > 1 && row_level(refusal.class) => {
                refused.push((place, refusal.code, refusal.message));
            }
            Err(error) => return Err(error),
        }
    }
    if let Some((lists, join)) = context.object.lists()
        && !upserted.is_empty()
    {
        let items = upserted.iter().map(|(_, id)| list_item(*id, &lists, join)).collect();
        let request = ProspectBatch {
            version: ApiVersion::V4,
            operation: Operation::Update,
            carrier: pardot::batch::Carrier::Body,
            items,
            repeat: Repeat::Freely,
        };
        match context.client.send(&request).await {
            Ok(answer) => refused.extend(answer.refused.into_iter().map(|(at, text)| (upserted[at].0, None, text))),
            // The prospects are there; sending them again to find the list at fault would only spend calls.
            Err(CallError::Refused(refusal)) if row_level(refusal.class) => {
                refused.extend(upserted.iter().map(|(at, _)| (*at, refusal.code, refusal.message.clone())));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(refused)
}

fn row_level(class: Class) -> bool {
    matches!(class, Class::Row | Class::RowOnce | Class::WholeBatch | Class::Size)
}

fn list_item(id: ProspectId, lists: &[ListId], join: bool) -> Item {
    let changes: String = lists.iter().map(|list| format!(",\"list_{list}\":{}", u8::from(join))).collect();
    Item { identifier: id.to_string(), attributes: format!("{{\"id\":{id}{changes}}}") }
}
