//! The fields of a prospect: the standard ones in both spellings, and the custom ones of a business unit.
//!
//! Knows names and kinds: not what a prospect holds, nor how it is found.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Number, Value, json};

/// How a standard field's text is read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
    Boolean,
}

/// One standard field.
pub(crate) struct Standard {
    /// Name in versions 3 and 4.
    pub(crate) name: &'static str,
    /// Name in version 5; empty where it has none.
    pub(crate) v5: &'static str,
    pub(crate) kind: Kind,
    pub(crate) writable: bool,
}

const fn text(name: &'static str, v5: &'static str) -> Standard {
    Standard { name, v5, kind: Kind::Text, writable: true }
}

const fn read_only(name: &'static str, v5: &'static str) -> Standard {
    Standard { name, v5, kind: Kind::Text, writable: false }
}

const fn flag(name: &'static str, v5: &'static str) -> Standard {
    Standard { name, v5, kind: Kind::Boolean, writable: true }
}

/// Standard fields in the order of a recorded read; identity, campaign and times are not among them.
pub(crate) const STANDARD: &[Standard] = &[
    text("salutation", "salutation"),
    text("first_name", "firstName"),
    text("last_name", "lastName"),
    text("password", ""),
    text("company", "company"),
    text("website", "website"),
    text("job_title", "jobTitle"),
    text("department", "department"),
    text("country", "country"),
    text("address_one", "addressOne"),
    text("address_two", "addressTwo"),
    text("city", "city"),
    text("state", "state"),
    text("territory", "territory"),
    text("zip", "zip"),
    text("phone", "phone"),
    text("fax", "fax"),
    text("source", "source"),
    text("annual_revenue", "annualRevenue"),
    text("employees", "employees"),
    text("industry", "industry"),
    text("years_in_business", "yearsInBusiness"),
    text("comments", "comments"),
    text("notes", "notes"),
    Standard { name: "score", v5: "score", kind: Kind::Integer, writable: true },
    read_only("grade", "grade"),
    read_only("last_activity_at", "lastActivityAt"),
    read_only("recent_interaction", "recentInteraction"),
    read_only("crm_lead_fid", "salesforceLeadId"),
    read_only("crm_contact_fid", "salesforceContactId"),
    read_only("crm_owner_fid", "salesforceOwnerId"),
    read_only("crm_account_fid", "salesforceAccountId"),
    read_only("crm_last_sync", "salesforceLastSync"),
    read_only("crm_url", "salesforceUrl"),
    flag("is_do_not_email", "isDoNotEmail"),
    flag("is_do_not_call", "isDoNotCall"),
    flag("opted_out", "optedOut"),
    flag("is_reviewed", "isReviewed"),
    flag("is_starred", "isStarred"),
    Standard { name: "prospect_account_id", v5: "prospectAccountId", kind: Kind::Integer, writable: true },
    Standard { name: "user_id", v5: "userId", kind: Kind::Integer, writable: true },
    text("user_email", ""),
    Standard { name: "group_id", v5: "assignedToId", kind: Kind::Integer, writable: true },
];

/// Fields of [`STANDARD`] that a read of versions 3 and 4 leaves out unless they are set.
pub(crate) const HIDDEN: &[&str] = &["prospect_account_id", "user_id", "user_email", "group_id"];

/// Names of version 5 that are always null here: nothing in the sandbox sets them.
pub(crate) const V5_EMPTY: &[&str] = &[
    "emailBouncedAt",
    "emailBouncedReason",
    "profileId",
    "lifecycleStageId",
    "sourceParameter",
    "campaignParameter",
    "mediumParameter",
    "contentParameter",
    "termParameter",
    "firstActivityAt",
    "firstAssignedAt",
    "firstReferrerQuery",
    "firstReferrerType",
    "firstReferrerUrl",
    "salesforceCampaignId",
    "convertedAt",
    "convertedFromObjectName",
    "convertedFromObjectType",
    "createdById",
    "updatedById",
    "isEmailHardBounced",
    "doNotSell",
];

/// A custom field of a business unit.
#[derive(Debug, Clone)]
pub(crate) struct CustomField {
    pub(crate) id: u64,
    pub(crate) name: String,
    /// API name, compared with regard to case.
    pub(crate) field_id: String,
    /// `Text`, `Number`, `Date`, `Textarea`, `Dropdown`, `Checkbox`, `Multi-Select`...
    pub(crate) kind: String,
    pub(crate) created: i64,
}

/// Types of custom fields by their published names; only the number of `Text` is recorded, the others follow in order.
const TYPES: &[&str] = &[
    "Text",
    "Textarea",
    "Number",
    "Date",
    "Dropdown",
    "Radio Button",
    "Checkbox",
    "Multi-Select",
    "Hidden",
    "CRM User",
];

impl CustomField {
    pub(crate) fn type_id(&self) -> usize {
        TYPES.iter().position(|kind| kind.eq_ignore_ascii_case(&self.kind)).map_or(1, |at| at + 1)
    }
}

/// Number of a field within its business unit: standard ones first, then custom ones in order of creation.
pub(crate) type FieldKey = u16;

/// All fields of a business unit by name and number.
#[derive(Debug)]
pub(crate) struct Fields {
    pub(crate) custom: Vec<CustomField>,
    by_name: HashMap<String, FieldKey>,
}

impl Fields {
    pub(crate) fn new() -> Fields {
        let by_name = (0..).zip(STANDARD).map(|(key, field)| (field.name.to_owned(), key)).collect();
        Fields { custom: Vec::new(), by_name }
    }

    pub(crate) fn add(&mut self, field: CustomField) {
        let key = FieldKey::try_from(STANDARD.len() + self.custom.len()).unwrap_or(FieldKey::MAX);
        self.by_name.entry(field.field_id.clone()).or_insert(key);
        self.custom.push(field);
    }

    pub(crate) fn key(&self, name: &str) -> Option<FieldKey> {
        self.by_name.get(name).copied()
    }

    /// The number of a field under its name in version 5, where custom fields end in `__c`.
    pub(crate) fn key_v5(&self, name: &str) -> Option<FieldKey> {
        if let Some(custom) = name.strip_suffix("__c") {
            return self.key(custom).filter(|key| usize::from(*key) >= STANDARD.len());
        }
        (0..).zip(STANDARD).find(|(_, field)| field.v5 == name && !name.is_empty()).map(|(key, _)| key)
    }

    /// The name in versions 3 and 4 of a writable field of version 5.
    pub(crate) fn legacy_name(&self, name: &str) -> Option<Cow<'_, str>> {
        match name {
            "email" => Some(Cow::Borrowed("email")),
            "campaignId" => Some(Cow::Borrowed("campaign_id")),
            "salesforceId" => Some(Cow::Borrowed("fid")),
            _ => {
                let key = self.key_v5(name)?;
                let writable = self.standard(key).is_none_or(|field| field.writable);
                writable.then(|| Cow::Borrowed(self.name(key)))
            }
        }
    }

    pub(crate) fn standard(&self, key: FieldKey) -> Option<&'static Standard> {
        STANDARD.get(usize::from(key))
    }

    pub(crate) fn custom(&self, key: FieldKey) -> Option<&CustomField> {
        self.custom.get(usize::from(key).checked_sub(STANDARD.len())?)
    }

    pub(crate) fn name(&self, key: FieldKey) -> &str {
        match self.standard(key) {
            Some(field) => field.name,
            None => self.custom(key).map_or("", |field| &field.field_id),
        }
    }

    /// The text as it is stored; `None` when the value is dropped silently, as Pardot does with bad numbers and dates.
    pub(crate) fn accept<'a>(&self, key: FieldKey, value: Cow<'a, str>) -> Option<Cow<'a, str>> {
        if value.is_empty() {
            return Some(value);
        }
        match self.standard(key).map(|field| field.kind) {
            Some(Kind::Text) => Some(value),
            Some(Kind::Integer) => value.trim().parse::<i64>().ok().map(|number| Cow::Owned(number.to_string())),
            // Any text but 0 is true, even `false`, as one client found out.
            Some(Kind::Boolean) => Some(Cow::Borrowed(if value == "0" { "" } else { "1" })),
            None => match self.custom(key).map(|field| field.kind.to_ascii_lowercase()).as_deref() {
                Some("number") => value.trim().parse::<f64>().ok().filter(|number| number.is_finite()).map(|_| value),
                Some("date") => date(&value).map(Cow::Owned),
                Some(_) => Some(value),
                None => None,
            },
        }
    }

    /// The stored text as versions 3 and 4 show it.
    pub(crate) fn show(&self, key: FieldKey, text: &str) -> Value {
        match self.standard(key).map(|field| field.kind) {
            Some(Kind::Text) => json!(text),
            Some(Kind::Integer) => text.parse::<i64>().map_or(Value::Null, |number| json!(number)),
            Some(Kind::Boolean) => json!(1),
            None => match self.custom(key) {
                Some(field) if field.kind.eq_ignore_ascii_case("number") => number(text),
                _ => json!(text),
            },
        }
    }

    /// The stored text as version 5 shows it: booleans are true or false.
    pub(crate) fn show_v5(&self, key: FieldKey, text: Option<&str>) -> Value {
        match (self.standard(key).map(|field| field.kind), text) {
            (Some(Kind::Boolean), text) => Value::Bool(text.is_some()),
            (_, Some(text)) => self.show(key, text),
            (_, None) if self.standard(key).is_some_and(|field| field.name == "score") => json!(0),
            (_, None) => Value::Null,
        }
    }
}

fn number(text: &str) -> Value {
    let text = text.trim();
    if let Ok(whole) = text.parse::<i64>() {
        return json!(whole);
    }
    text.parse::<f64>().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}

/// A custom date keeps its day only: `2020-08-30T05:49:48.000Z` becomes `2020-08-30`.
fn date(text: &str) -> Option<String> {
    let day = text.trim().get(..10)?;
    let date = day.parse::<jiff::civil::Date>().or_else(|_| jiff::civil::Date::strptime("%m/%d/%Y", day)).ok()?;
    Some(date.to_string())
}
