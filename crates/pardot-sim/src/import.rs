//! Imports: uploaded batches and their life on the virtual clock.
//!
//! Knows no HTTP and no row: versions 3, 4 and 5 of the API share this.

use std::borrow::Cow;

use crate::clock::millis;
use crate::config::{Config, ImportSettings};
use crate::tenant::Tenant;

/// One column option of an import.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) field: String,
    pub(crate) overwrite: bool,
    pub(crate) null_overwrite: bool,
}

/// An import.
#[derive(Debug, Clone)]
pub(crate) struct Import {
    pub(crate) id: u64,
    /// 3, 4 or 5: decides column names and matching.
    pub(crate) version: u8,
    pub(crate) columns: Option<Vec<Column>>,
    pub(crate) restore_deleted: bool,
    pub(crate) create_on_no_match: bool,
    pub(crate) header: Option<Vec<String>>,
    pub(crate) batches: Vec<Vec<Vec<String>>>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    pub(crate) submitted: Option<i64>,
    pub(crate) finished: Option<Finished>,
}

/// The outcome of an import.
#[derive(Debug, Clone, Default)]
pub(crate) struct Finished {
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) errors: u64,
    /// The refused rows with two more columns.
    pub(crate) report: Vec<u8>,
}

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    Waiting,
    Processing,
    Complete,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Phase::Open => "Open",
            Phase::Waiting => "Waiting",
            Phase::Processing => "Processing",
            Phase::Complete => "Complete",
        }
    }
}

impl Import {
    pub(crate) fn new(id: u64, version: u8, now: i64) -> Import {
        Import {
            id,
            version,
            columns: None,
            restore_deleted: false,
            create_on_no_match: true,
            header: None,
            batches: Vec::new(),
            created: now,
            updated: now,
            submitted: None,
            finished: None,
        }
    }

    pub(crate) fn phase(&self, now: i64, settings: &ImportSettings) -> Phase {
        let Some(submitted) = self.submitted else {
            return Phase::Open;
        };
        let passed = now - submitted;
        if self.finished.is_some() || passed >= millis(settings.waiting) + millis(settings.processing) {
            Phase::Complete
        } else if passed >= millis(settings.waiting) {
            Phase::Processing
        } else {
            Phase::Waiting
        }
    }

    pub(crate) fn expired(&self, now: i64, settings: &ImportSettings) -> bool {
        match self.phase(now, settings) {
            Phase::Open => now - self.updated > millis(settings.open_life),
            Phase::Complete => now - self.updated > millis(settings.complete_life),
            Phase::Waiting | Phase::Processing => false,
        }
    }

    /// Adds an uploaded file; the code says why not.
    pub(crate) fn add_batch(&mut self, file: &[u8], tenant: &mut Tenant, config: &Config, now: i64) -> Result<(), u32> {
        let settings = &config.imports;
        if self.phase(now, settings) != Phase::Open || self.expired(now, settings) {
            return Err(161);
        }
        if file.is_empty() {
            return Err(204);
        }
        if file.len() >= settings.batch_bytes {
            return Err(231);
        }
        if self.batches.len() >= settings.batches_per_import {
            return Err(160);
        }
        if now >= tenant.import_day.1 {
            tenant.import_day = (0, crate::clock::next_midnight(now, &tenant.zone));
        }
        if tenant.import_day.0 >= settings.batches_per_day {
            return Err(164);
        }
        let (header, rows) = read_csv(file)?;
        self.check_header(&header, tenant)?;
        tenant.import_day.0 += 1;
        self.header = Some(header);
        self.batches.push(rows);
        self.updated = now;
        Ok(())
    }

    fn check_header(&self, header: &[String], tenant: &Tenant) -> Result<(), u32> {
        if self.header.as_deref().is_some_and(|first| first != header) {
            return Err(if self.version == 5 { 227 } else { 159 });
        }
        if self.columns.as_ref().is_some_and(|columns| columns.len() != header.len()) {
            return Err(if self.version == 5 { 226 } else { 165 });
        }
        if header.iter().any(|name| attribute(name, self.version, tenant).is_none()) {
            return Err(130);
        }
        Ok(())
    }

    /// Submits; the code says why not.
    pub(crate) fn submit(&mut self, now: i64, settings: &ImportSettings) -> Result<(), u32> {
        if self.phase(now, settings) != Phase::Open || self.expired(now, settings) {
            return Err(155);
        }
        if self.batches.is_empty() {
            return Err(156);
        }
        self.submitted = Some(now);
        self.updated = now;
        Ok(())
    }
}

/// What a column means, in the terms of a record.
pub(crate) fn attribute(name: &str, version: u8, tenant: &Tenant) -> Option<String> {
    let known = |name: &str| match name {
        "email" | "campaign_id" => true,
        _ => tenant.fields.key(name).is_some(),
    };
    if version < 5 {
        return match name {
            "prospect_id" => Some("id".to_owned()),
            "salesforce_fid" => Some("fid".to_owned()),
            _ => known(name).then(|| name.to_owned()),
        };
    }
    match name {
        "matchId" => Some("id".to_owned()),
        "matchSalesforceId" => Some("fid".to_owned()),
        "matchEmail" | "addToList" | "removeFromList" => Some(name.to_owned()),
        _ => tenant.fields.legacy_name(name).map(Cow::into_owned),
    }
}

fn read_csv(file: &[u8]) -> Result<(Vec<String>, Vec<Vec<String>>), u32> {
    let file = file.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(file);
    let mut reader = csv::ReaderBuilder::new().from_reader(file);
    let header: Vec<String> = reader.headers().map_err(|_| 159u32)?.iter().map(|name| name.trim().to_owned()).collect();
    let rows: Result<Vec<Vec<String>>, csv::Error> =
        reader.records().map(|row| row.map(|row| row.iter().map(str::to_owned).collect())).collect();
    let rows = rows.map_err(|_| 159u32)?;
    if rows.is_empty() { Err(159) } else { Ok((header, rows)) }
}
