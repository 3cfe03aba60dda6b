//! What one run of an export shares over its lanes: the client, the ledger, the way records travel, what was learned.
//!
//! Decides which version and way are used; sends nothing but the one question which prospect is the newest.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::{BatchEnd, BatchMark, Learned, MatchBy, OnInvalid, Plan, Problem, Problems, Rejection, RowNumber, Target};
use pardot::account::ReadList;
use pardot::prospect::Newest;
use pardot::{ApiVersion, CallError, Client, Clock, ListId, Refusal};
use tokio::sync::OnceCell;

use crate::check::Checked;
use crate::columns::Columns;
use crate::deliver::{Stop, stop_of};
use crate::ledger::{Fact, Ledger, LedgerError};
use crate::membership::Memberships;
use crate::needed::memberships;
use crate::object::{DataObject, Way};
use crate::pack::Bounds;
use crate::prospect::Prospects;
use crate::record::{Record, RecordBody};

/// Batches in a row that may be held for an unknown code before the job stops.
const UNKNOWN_CODES: u32 = 3;

/// Calls in a row that may be refused as a whole before the job stops. A batch whose 50 rows are all at fault takes 99
/// calls to take apart; beyond that the fault is in the operation, not in the rows.
const REFUSED_CALLS: u32 = 150;

/// What a run is made of.
pub struct Parts {
    /// Calls Pardot.
    pub client: Arc<Client>,
    /// What the rows are.
    pub object: Arc<dyn DataObject>,
    /// What the settings mean.
    pub plan: Plan,
    /// Keeps outcomes.
    pub ledger: Arc<dyn Ledger>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What earlier runs learned about the business unit.
    pub learned: Learned,
}

/// What one run shares.
pub struct Context {
    /// Calls Pardot.
    pub client: Arc<Client>,
    /// What the rows are.
    pub object: Arc<dyn DataObject>,
    /// What the settings mean.
    pub plan: Plan,
    /// Keeps outcomes.
    pub ledger: Arc<dyn Ledger>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    state: Mutex<State>,
    next_batch: AtomicU64,
    newest: OnceCell<u64>,
    stopping: AtomicBool,
    /// Lists that cannot take members, with the reason.
    refused_lists: BTreeMap<ListId, &'static str>,
}

struct State {
    way: Way,
    /// An answer proved that the account takes this way.
    confirmed: bool,
    switched: bool,
    learned: Learned,
    unknown_codes: u32,
    refused_calls: u32,
    last_refusal: Option<Refusal>,
}

/// The object that a target's rows are.
pub fn object_of(target: &Target, columns: Columns) -> Arc<dyn DataObject> {
    match target {
        Target::Prospects { match_by, lists } => Arc::new(Prospects::new(columns, *match_by, lists.clone())),
        Target::ListMemberships { operation } => Arc::new(Memberships::new(columns, *operation)),
    }
}

/// The way to begin with: what was learned about the account, else the version that fits the rows.
pub fn first_way(target: &Target, object: &dyn DataObject, learned: &Learned, checked: &Checked) -> Way {
    let known = match learned.api_version {
        Some(3) => Some(ApiVersion::V3),
        Some(4) => Some(ApiVersion::V4),
        Some(_) | None => None,
    };
    match target {
        Target::Prospects { match_by: MatchBy::Email, .. } => match known {
            Some(ApiVersion::V4) => Way::LatestByEmail,
            Some(ApiVersion::V3) | None => Way::Batch(ApiVersion::V3),
        },
        Target::Prospects { match_by: MatchBy::Key, .. } => Way::Batch(known.unwrap_or_else(|| object.first_version())),
        Target::ListMemberships { .. } => {
            let lists = checked.lists.as_ref().map(|lists| lists.len() as u64);
            match lists.and_then(|lists| memberships(checked.leaving(), lists, learned)) {
                Some(_) => Way::Batch(known.unwrap_or_else(|| object.first_version())),
                None => Way::Pairs,
            }
        }
    }
}

/// Whether the columns can travel this way.
///
/// # Errors
/// Every column that version 5 cannot write, where rows go through it.
pub fn fits(way: Way, object: &dyn DataObject) -> Result<(), Problems> {
    let mut problems = Problems::default();
    let unwritable = if way == Way::LatestByEmail { object.not_in_v5() } else { Vec::new() };
    for name in unwritable {
        problems.push(
            Problem::at(format!("column {name}"), "cannot be written by email where prospects may share one").hint(
                "this business unit allows several prospects with one email, which upsert_by_email serves through \
                 version 5 of the API: leave the column out",
            ),
        );
    }
    problems.or(|| ())
}

impl Context {
    /// A run over a checked Result. Memberships that go in batches have their lists looked at first, because a batch
    /// passes over a list that it does not know in silence.
    ///
    /// # Errors
    /// The ledger cannot be read, a list cannot be read, or the columns do not fit the way.
    pub async fn new(parts: Parts, checked: &Checked, next_batch: u64) -> Result<Context, Stop> {
        let Parts { client, object, plan, ledger, clock, learned } = parts;
        let noted = ledger.newest_prospect().await.map_err(Stop::Ledger)?;
        // Only inserts ask for it, and only version 4 inserts: a run that died before an answer proved the version begins
        // with it again, so that rows in doubt are looked up.
        let api_version = noted.map(|_| ApiVersion::V4.number()).or(learned.api_version);
        let way = first_way(&plan.target, &*object, &Learned { api_version, ..learned }, checked);
        let newest = noted.map_or_else(OnceCell::new, |id| OnceCell::new_with(Some(id)));
        let state = State {
            way,
            confirmed: learned.api_version.is_some(),
            switched: false,
            learned,
            unknown_codes: 0,
            refused_calls: 0,
            last_refusal: None,
        };
        let mut context = Context {
            client,
            object,
            plan,
            ledger,
            clock,
            state: Mutex::new(state),
            next_batch: AtomicU64::new(next_batch),
            newest,
            stopping: AtomicBool::new(false),
            refused_lists: BTreeMap::new(),
        };
        fits(way, &*context.object).map_err(Stop::Settings)?;
        if let (Target::ListMemberships { .. }, Way::Batch(_), Some(lists)) =
            (&context.plan.target, way, &checked.lists)
        {
            context.look_at(lists).await?;
        }
        Ok(context)
    }

    async fn look_at(&mut self, lists: &std::collections::BTreeSet<ListId>) -> Result<(), Stop> {
        for list in lists {
            match self.client.send(&ReadList { id: *list }).await {
                Ok(Some(seen)) if seen.is_dynamic => {
                    self.refused_lists.insert(*list, "is a dynamic list, which takes no members by hand");
                }
                Ok(Some(_)) => {}
                Ok(None) => {
                    self.refused_lists.insert(*list, "is no list of this business unit");
                }
                // The user may change memberships and not see lists: then each pair is answered for by itself.
                Err(CallError::Refused(_)) => {
                    self.state().way = Way::Pairs;
                    return Ok(());
                }
                Err(error) => return Err(stop_of(error)),
            }
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How records travel now.
    pub fn way(&self) -> Way {
        self.state().way
    }

    /// Calls that may be under way at once: one until an answer proved the version.
    pub(crate) fn lanes(&self) -> usize {
        let probing = !self.state().confirmed && self.way() != Way::Pairs;
        if probing { 1 } else { self.plan.delivery.lanes }
    }

    pub(crate) fn bounds(&self, way: Way) -> Bounds {
        Bounds::of(&self.plan.delivery, &*self.object, way, self.state().learned.batch_rows)
    }

    /// The record, unless its list takes no members.
    pub(crate) fn admit(&self, record: Record) -> Result<Record, Rejection> {
        let RecordBody::Membership { list, .. } = &record.body else {
            return Ok(record);
        };
        match self.refused_lists.get(list) {
            None => Ok(record),
            Some(reason) => Err(Rejection {
                row: record.row,
                column: Some("list_id".into()),
                code: Some(55),
                reason: (*reason).into(),
                hint: Some("see `sluice fields` for the lists of this business unit".into()),
            }),
        }
    }

    pub(crate) fn mark(&self, rows: Vec<RowNumber>, end: BatchEnd) -> BatchMark {
        BatchMark { number: self.next_batch.fetch_add(1, Ordering::Relaxed), rows, end }
    }

    /// An answer came that only this way gets: remember its version.
    pub(crate) async fn confirm(&self, way: Way) -> Result<(), LedgerError> {
        let version = match way {
            Way::Batch(version) => version,
            Way::LatestByEmail => ApiVersion::V4,
            Way::Pairs => return Ok(()),
        };
        let learned = {
            let mut state = self.state();
            state.unknown_codes = 0;
            state.refused_calls = 0;
            state.confirmed = true;
            if state.learned.api_version == Some(version.number()) {
                return Ok(());
            }
            state.learned.api_version = Some(version.number());
            state.learned
        };
        self.ledger.learn(learned).await
    }

    /// Takes the other version after 88 or 89; `false` when that was already tried.
    pub(crate) fn switch(&self, refused: Way) -> Result<bool, Stop> {
        let next = match (refused, &self.plan.target) {
            (Way::Batch(ApiVersion::V3), Target::Prospects { match_by: MatchBy::Email, .. }) => Way::LatestByEmail,
            (Way::Batch(version), _) => Way::Batch(version.other()),
            (Way::LatestByEmail, _) => Way::Batch(ApiVersion::V3),
            (Way::Pairs, _) => return Ok(false),
        };
        {
            let mut state = self.state();
            if state.way != refused {
                return Ok(true);
            }
            if state.switched {
                return Ok(false);
            }
            state.switched = true;
            state.confirmed = false;
            state.way = next;
        }
        fits(next, &*self.object).map_err(Stop::Settings)?;
        Ok(true)
    }

    /// Pardot took a batch of this many rows after a larger one was too large: remember.
    pub(crate) async fn learn_rows(&self, rows: usize) -> Result<(), LedgerError> {
        let learned = {
            let mut state = self.state();
            if state.learned.batch_rows.is_some_and(|known| known <= rows) {
                return Ok(());
            }
            state.learned.batch_rows = Some(rows.max(1));
            state.learned
        };
        self.ledger.learn(learned).await
    }

    /// The newest prospect before the job's first insert; asked once a job and kept.
    pub(crate) async fn newest(&self) -> Result<u64, CallError> {
        let ask = || async {
            let newest = self.client.send(&Newest { version: ApiVersion::V4 }).await?.map_or(0, |id| id.0);
            match self.ledger.note(Fact::NewestProspect(newest)).await {
                Ok(()) => Ok(newest),
                Err(error) => Err(CallError::Unavailable { cause: error.message, attempts: 1, maybe_applied: false }),
            }
        };
        self.newest.get_or_try_init(ask).await.copied()
    }

    pub(crate) fn stops_at_reject(&self) -> bool {
        self.plan.on_invalid == OnInvalid::Stop
    }

    pub(crate) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    pub(crate) fn stop_soon(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(crate) fn note_unknown_code(&self, refusal: Refusal) {
        let mut state = self.state();
        state.unknown_codes += 1;
        state.last_refusal = Some(refusal);
    }

    pub(crate) fn note_refused_call(&self, refusal: &Refusal) {
        let mut state = self.state();
        state.refused_calls += 1;
        state.last_refusal = Some(refusal.clone());
    }

    /// The last refusal, when so many came in a row that no row can be the reason.
    pub(crate) fn refused_throughout(&self) -> Option<Refusal> {
        let state = self.state();
        let throughout = state.unknown_codes >= UNKNOWN_CODES || state.refused_calls >= REFUSED_CALLS;
        state.last_refusal.clone().filter(|_| throughout)
    }

    /// Waits before an insert that was found absent is sent again: exponential, with jitter from the batch's number.
    pub(crate) async fn pause(&self, repeats: u32, number: u64) {
        let retry = &self.plan.retry;
        let bound = retry.initial_wait.saturating_mul(1 << repeats.min(20)).min(retry.maximum_wait);
        let mix = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) & 0xff;
        self.clock.sleep(bound.mul_f64(f64::from(u32::try_from(mix).unwrap_or(0)) / 255.0)).await;
    }
}
