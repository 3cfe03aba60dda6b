//! What can be switched on to go wrong in a sandbox, in plain words.

use pardot_sim::{FalseBody, Fault, FaultKind, Framing, RowMatch, When};

/// Calls of Pardot, and those that send prospects.
const API: &str = "/api/";
const BATCH: &str = "batchUpsert";

/// A fault with its words.
pub(super) struct Known {
    pub(super) key: &'static str,
    pub(super) title: &'static str,
    pub(super) help: &'static str,
    pub(super) fault: fn() -> Fault,
}

/// All of them, as they are shown.
pub(super) const KNOWN: [Known; 14] = [
    Known {
        key: "slow",
        title: "Every answer takes two seconds",
        help: "A job takes longer. You have time to watch it, or to stop it.",
        fault: || Fault::always(FaultKind::Hang { when: When::Before, ms: 2_000 }).path(API),
    },
    Known {
        key: "throttled",
        title: "Three calls of ten are asked to slow down (429)",
        help: "Sluice waits as long as Pardot says. No retry is used up.",
        fault: || Fault::chance(0.3, 1, status(429, Some("2"))).path(API),
    },
    Known {
        key: "slots",
        title: "Three calls of ten are too many at once (code 66)",
        help: "Others use the call slots of the business unit. Sluice waits for a free one.",
        fault: || Fault::chance(0.3, 2, code(66)).path(API),
    },
    Known {
        key: "quota",
        title: "The daily calls are used up (code 122)",
        help: "A job waits until the account's midnight. Switch this off and continue the job.",
        fault: || Fault::always(code(122)).path(API),
    },
    Known {
        key: "outage",
        title: "Pardot is down (503)",
        help: "A job waits and asks again by itself. Nothing is lost.",
        fault: || Fault::always(status(503, None)).path(API),
    },
    Known {
        key: "maintenance",
        title: "A maintenance page stands in for every answer",
        help: "It comes with status 200, and is still not taken for success.",
        fault: || Fault::always(FaultKind::FalseOk { body: FalseBody::Maintenance, when: When::Before }).path(API),
    },
    Known {
        key: "login-down",
        title: "The login of Salesforce is down (503)",
        help: "No new access token can be had. A job waits and asks again.",
        fault: || Fault::always(status(503, None)).path("/services/oauth2/token"),
    },
    Known {
        key: "lost",
        title: "One answer of ten gets lost after the work is done",
        help: "Sluice cannot know whether the rows were taken. It finds out; no prospect is made twice.",
        fault: || Fault::chance(0.1, 3, FaultKind::Reset { when: When::After }).path(BATCH),
    },
    Known {
        key: "refused",
        title: "One call of five finds no connection",
        help: "Nothing was sent, so Sluice sends again after a short wait.",
        fault: || Fault::chance(0.2, 4, FaultKind::Refuse).path(API),
    },
    Known {
        key: "cut",
        title: "One answer of ten breaks off",
        help: "Half an answer proves nothing: Sluice sends the batch again.",
        fault: || Fault::chance(0.1, 5, FaultKind::Cut { at: 20, framing: Framing::Length }).path(BATCH),
    },
    Known {
        key: "empty",
        title: "One answer of ten is empty",
        help: "An answer without a word proves nothing: Sluice sends the batch again.",
        fault: || Fault::chance(0.1, 6, FaultKind::FalseOk { body: FalseBody::Empty, when: When::After }).path(BATCH),
    },
    Known {
        key: "too-long",
        title: "The next two requests are too long (414)",
        help: "The batch is halved, and the size is remembered for the next job.",
        fault: || Fault::next(2, status(414, None)).path(BATCH),
    },
    Known {
        key: "row",
        title: "Rows whose email has a 7 before the @ are refused",
        help: "The other rows of the batch are taken. The refused ones stand among the rejected rows, with the reason.",
        fault: || {
            let message = "Invalid prospect email address".to_owned();
            Fault::always(FaultKind::RefuseRows { rows: email("7@"), message }).path(BATCH)
        },
    },
    Known {
        key: "batch",
        title: "A row whose email has 13 before the @ spoils its whole batch",
        help: "Pardot does not say which row it was. Sluice takes the batch apart until it knows.",
        fault: || Fault::always(FaultKind::RefuseBatch { rows: email("13@"), code: 71, status: 400 }).path(BATCH),
    },
];

fn status(status: u16, retry_after: Option<&str>) -> FaultKind {
    FaultKind::Status { status, when: When::Before, retry_after: retry_after.map(str::to_owned), html: true }
}

fn code(code: u32) -> FaultKind {
    FaultKind::Code { code, when: When::Before, status: None, message: None }
}

fn email(part: &str) -> RowMatch {
    RowMatch::Contains { field: "email".into(), value: part.into() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_has_a_name_of_its_own() {
        let keys: BTreeSet<&str> = KNOWN.iter().map(|known| known.key).collect();
        assert_eq!(keys.len(), KNOWN.len());
    }
}
