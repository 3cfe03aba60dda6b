//! The call itself, in the way that the account takes: a batch, one by one through version 5, or one pair.
//!
//! Knows what is sent and which records Pardot named; not what becomes of them.

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
            let request = ProspectBatch { version, operation: context.object.operation(), carrier, items, repeat };
            let answer = context.client.send(&request).await?;
            Ok(answer.refused.into_iter().map(|(place, text)| (place, None, text)).collect())
        }
        Way::LatestByEmail => latest_by_email(context, &part.records).await,
        Way::Pairs => pair(context, &part.records).await,
    }
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
        let answer = context.client.send(&request).await?;
        refused.extend(answer.refused.into_iter().map(|(at, text)| (upserted[at].0, None, text)));
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
