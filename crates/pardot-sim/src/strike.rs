//! Which request meets which fault, and how often each kind struck.
//!
//! Knows requests as method, path and bytes: not what a prospect is, nor how an answer is sent.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::fault::{Fault, FaultKind, RowMatch, Times};

/// Where a fault strikes: in front of Pardot (no token, slot or quota is looked at), inside a call, or on its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    WebTier,
    Call,
    Rows,
}

/// A record rule taken along to the work.
#[derive(Debug, Clone)]
pub(crate) struct RowRule {
    pub(crate) rows: RowMatch,
    pub(crate) refusal: RowRefusal,
}

/// What a matching record leads to.
#[derive(Debug, Clone)]
pub(crate) enum RowRefusal {
    Row { message: String },
    Batch { code: u32, status: u16 },
}

impl RowRule {
    pub(crate) fn matches<'a>(&self, value_of: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.rows.matches(value_of)
    }

    /// The counter's name.
    pub(crate) fn name(&self) -> &'static str {
        match self.refusal {
            RowRefusal::Row { .. } => "refuse_rows",
            RowRefusal::Batch { .. } => "refuse_batch",
        }
    }
}

/// The faults in force and what they have done.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Vec<Active>,
    fired: BTreeMap<String, u64>,
}

#[derive(Debug)]
struct Active {
    /// What it is called where several are switched together; empty for those that were told one by one.
    name: String,
    fault: Fault,
    seen: HashMap<u64, u64>,
}

/// What a fault is decided on.
pub(crate) struct Subject<'a> {
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    /// Hash of target and body.
    pub(crate) hash: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.push("", fault);
    }

    /// These in the place of those of the same name.
    pub(crate) fn set(&mut self, name: &str, faults: Vec<Fault>) {
        self.active.retain(|active| active.name != name);
        faults.into_iter().for_each(|fault| self.push(name, fault));
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.active.iter().map(|active| active.name.clone()).collect();
        names.retain(|name| !name.is_empty());
        names.sort_unstable();
        names.dedup();
        names
    }

    fn push(&mut self, name: &str, fault: Fault) {
        self.active.push(Active { name: name.to_owned(), fault, seen: HashMap::new() });
    }

    pub(crate) fn clear(&mut self) {
        self.active.clear();
    }

    pub(crate) fn reset(&mut self) {
        *self = Faults::default();
    }

    pub(crate) fn fired(&self) -> BTreeMap<String, u64> {
        self.fired.clone()
    }

    pub(crate) fn active(&self) -> Vec<Value> {
        self.active.iter().map(|active| serde_json::to_value(&active.fault).unwrap_or_default()).collect()
    }

    pub(crate) fn count(&mut self, name: &str) {
        match self.fired.get_mut(name) {
            Some(count) => *count += 1,
            None => {
                self.fired.insert(name.to_owned(), 1);
            }
        }
    }

    /// The first fault of the stage that strikes this request; it is counted.
    pub(crate) fn pick(&mut self, stage: Stage, subject: &Subject<'_>) -> Option<FaultKind> {
        let kind = self
            .active
            .iter_mut()
            .filter(|active| active.fault.kind.stage() == stage && active.concerns(subject))
            .find_map(|active| active.strikes(subject.hash).then(|| active.fault.kind.clone()))?;
        self.count(kind.name());
        Some(kind)
    }

    /// All record rules for this request; they are counted when a record meets them.
    pub(crate) fn row_rules(&mut self, subject: &Subject<'_>) -> Vec<RowRule> {
        let rows = self.active.iter_mut().filter(|active| active.fault.kind.stage() == Stage::Rows);
        let struck = rows.filter_map(|active| {
            (active.concerns(subject) && active.strikes(subject.hash)).then(|| active.fault.kind.clone())
        });
        struck
            .filter_map(|kind| match kind {
                FaultKind::RefuseRows { rows, message } => Some(RowRule { rows, refusal: RowRefusal::Row { message } }),
                FaultKind::RefuseBatch { rows, code, status } => {
                    Some(RowRule { rows, refusal: RowRefusal::Batch { code, status } })
                }
                FaultKind::Refuse
                | FaultKind::Reset { .. }
                | FaultKind::Status { .. }
                | FaultKind::Code { .. }
                | FaultKind::FalseOk { .. }
                | FaultKind::Cut { .. }
                | FaultKind::Drip { .. }
                | FaultKind::Hang { .. }
                | FaultKind::ContentType { .. } => None,
            })
            .collect()
    }
}

impl Active {
    fn concerns(&self, subject: &Subject<'_>) -> bool {
        let Fault { path, method, .. } = &self.fault;
        path.as_ref().is_none_or(|text| subject.target.contains(text.as_str()))
            && method.as_ref().is_none_or(|method| subject.method.eq_ignore_ascii_case(method))
    }

    fn strikes(&mut self, hash: u64) -> bool {
        if self.fault.skip > 0 {
            self.fault.skip -= 1;
            return false;
        }
        match &mut self.fault.times {
            Times::Always => true,
            Times::Next(0) => false,
            Times::Next(left) => {
                *left -= 1;
                true
            }
            Times::Chance { probability, seed } => {
                let seen = self.seen.entry(hash).or_insert(0);
                *seen += 1;
                // Small numbers are spread first: otherwise successive rolls are close to each other for some hashes.
                let turn = seen.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let roll = mix(mix(*seed ^ 0x9E37_79B9_7F4A_7C15, hash), turn);
                // 53 bits are exact in a double.
                ((roll >> 11) as f64) / ((1u64 << 53) as f64) < *probability
            }
        }
    }
}

fn mix(a: u64, b: u64) -> u64 {
    let wide = u128::from(a ^ 0xA076_1D64_78BD_642F) * u128::from(b ^ 0xE703_7ED1_A0B4_28DB);
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// A stable 64-bit hash of target and body: the same on every machine and release.
pub(crate) fn payload_hash(target: &str, body: &[u8]) -> u64 {
    let mut hash = 0x2D35_8DCC_AA6C_78A5;
    for text in [target.as_bytes(), body] {
        let mut words = text.chunks_exact(8);
        for word in &mut words {
            hash = mix(hash, u64::from_le_bytes(word.try_into().unwrap_or_default()));
        }
        let mut last = [0; 8];
        last[..words.remainder().len()].copy_from_slice(words.remainder());
        hash = mix(hash, u64::from_le_bytes(last) ^ (text.len() as u64) << 56);
    }
    hash
}
