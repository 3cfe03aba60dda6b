//! The fields of a prospect, as one table: the 35 columns of the manual first, then those that Pardot only reads out.
//!
//! Knows nothing about columns of a query, custom fields of an account, nor how a value is written.

/// The form of a field's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// Text of any length that Pardot takes.
    Text,
    /// Sent as 1 or 0.
    Boolean,
}

/// Whether a field may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// May be sent.
    Write,
    /// Pardot computes it, sending it is a mistake.
    ReadOnly,
}

/// One standard field of a prospect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Name in versions 3 and 4 of the API, lower case.
    pub name: &'static str,
    /// Form of the value.
    pub kind: Kind,
    /// Whether it may be sent.
    pub access: Access,
    /// Whether it is one of the 35 columns of the manual.
    pub manual: bool,
    /// Name for writing in version 5, where that version can write it.
    pub v5: Option<&'static str>,
    /// What it holds, for people.
    pub help: &'static str,
}

/// Every standard field: the manual's 35 in the manual's order, then the read-only ones.
#[rustfmt::skip]
pub const FIELDS: &[Field] = &[
    Field { name: "id", kind: Kind::Integer, access: Access::Write, manual: true, v5: None,
        help: "Pardot's own number of the prospect; leave it NULL for a new one" },
    Field { name: "fid", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("salesforceId"),
        help: "The CRM's id of the lead or contact; leave it NULL for a new prospect" },
    Field { name: "email", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("email"),
        help: "Email address; a new prospect needs one" },
    Field { name: "campaign_id", kind: Kind::Integer, access: Access::Write, manual: true, v5: Some("campaignId"),
        help: "Number of the Pardot campaign the prospect belongs to" },
    Field { name: "salutation", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("salutation"),
        help: "Title before the name, such as Dr." },
    Field { name: "first_name", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("firstName"),
        help: "Given name" },
    Field { name: "last_name", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("lastName"),
        help: "Family name" },
    Field { name: "password", kind: Kind::Text, access: Access::Write, manual: true, v5: None,
        help: "Password of the prospect; write-only" },
    Field { name: "company", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("company"),
        help: "Company name" },
    Field { name: "prospect_account_id", kind: Kind::Integer, access: Access::Write, manual: true, v5: Some("prospectAccountId"),
        help: "Number of the prospect account" },
    Field { name: "website", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("website"),
        help: "Address of the website" },
    Field { name: "job_title", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("jobTitle"),
        help: "Position at work" },
    Field { name: "department", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("department"),
        help: "Department at work" },
    Field { name: "country", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("country"),
        help: "Country" },
    Field { name: "address_one", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("addressOne"),
        help: "First line of the street address" },
    Field { name: "address_two", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("addressTwo"),
        help: "Second line of the street address" },
    Field { name: "city", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("city"),
        help: "City" },
    Field { name: "state", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("state"),
        help: "State or region" },
    Field { name: "territory", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("territory"),
        help: "Sales territory" },
    Field { name: "zip", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("zip"),
        help: "Postal code" },
    Field { name: "phone", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("phone"),
        help: "Telephone number" },
    Field { name: "fax", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("fax"),
        help: "Fax number" },
    Field { name: "source", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("source"),
        help: "Where the prospect came from" },
    Field { name: "annual_revenue", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("annualRevenue"),
        help: "Yearly revenue, as text" },
    Field { name: "employees", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("employees"),
        help: "Size of the staff, as text" },
    Field { name: "industry", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("industry"),
        help: "Line of business" },
    Field { name: "years_in_business", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("yearsInBusiness"),
        help: "Age of the company in years, as text" },
    Field { name: "comments", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("comments"),
        help: "Remarks by or about the prospect" },
    Field { name: "notes", kind: Kind::Text, access: Access::Write, manual: true, v5: Some("notes"),
        help: "Internal notes" },
    Field { name: "score", kind: Kind::Integer, access: Access::Write, manual: true, v5: Some("score"),
        help: "Score as a whole number; it is set, not added" },
    Field { name: "is_do_not_email", kind: Kind::Boolean, access: Access::Write, manual: true, v5: Some("isDoNotEmail"),
        help: "Wants no email" },
    Field { name: "is_do_not_call", kind: Kind::Boolean, access: Access::Write, manual: true, v5: Some("isDoNotCall"),
        help: "Wants no calls" },
    Field { name: "is_reviewed", kind: Kind::Boolean, access: Access::Write, manual: true, v5: Some("isReviewed"),
        help: "Has been looked at by a person" },
    Field { name: "is_starred", kind: Kind::Boolean, access: Access::Write, manual: true, v5: Some("isStarred"),
        help: "Is marked with a star" },
    Field { name: "is_archived", kind: Kind::Boolean, access: Access::Write, manual: true, v5: None,
        help: "Is in the recycle bin; Pardot takes the column and ignores it" },
    Field { name: "salesforce_fid", kind: Kind::Text, access: Access::ReadOnly, manual: false, v5: None,
        help: "CRM lead or contact id as Pardot reads it; write it as fid" },
    Field { name: "grade", kind: Kind::Text, access: Access::ReadOnly, manual: false, v5: None,
        help: "Grade from A+ to F, computed by Pardot" },
    Field { name: "last_activity_at", kind: Kind::Text, access: Access::ReadOnly, manual: false, v5: None,
        help: "Time of the last activity" },
    Field { name: "recent_interaction", kind: Kind::Text, access: Access::ReadOnly, manual: false, v5: None,
        help: "Last activity in words" },
    Field { name: "crm_lead_fid", kind: Kind::Text, access: Access::ReadOnly, manual: false, v5: None,
        help: "Salesforce lead id" },
    Field { name: "crm_contact_fid", kind: Kind::Text, access: Access::ReadOnly, manual: false, v5: None,
        help: "Salesforce contact id" },
    Field { name: "crm_account_fid", kind: Kind::Text, access: Access::ReadOnly, manual: false, v5: None,
        help: "Salesforce account id" },
    Field { name: "crm_owner_fid", kind: Kind::Text, access: Access::ReadOnly, manual: false, v5: None,
        help: "Salesforce owner id" },
    Field { name: "crm_last_sync", kind: Kind::Text, access: Access::ReadOnly, manual: false, v5: None,
        help: "Time of the last synchronisation with the CRM" },
    Field { name: "crm_url", kind: Kind::Text, access: Access::ReadOnly, manual: false, v5: None,
        help: "Address of the record in the CRM" },
    Field { name: "opted_out", kind: Kind::Boolean, access: Access::ReadOnly, manual: false, v5: None,
        help: "Whether the prospect opted out of mails" },
    Field { name: "created_at", kind: Kind::Text, access: Access::ReadOnly, manual: false, v5: None,
        help: "Time of creation" },
    Field { name: "updated_at", kind: Kind::Text, access: Access::ReadOnly, manual: false, v5: None,
        help: "Time of the last change" },
];

/// The standard field of this exact name.
pub fn find(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_has_35_writable_columns_first() {
        assert_eq!(FIELDS.iter().filter(|field| field.manual).count(), 35);
        assert!(FIELDS[..35].iter().all(|field| field.manual && field.access == Access::Write));
        assert!(
            FIELDS[35..].iter().all(|field| !field.manual && field.access == Access::ReadOnly && field.v5.is_none())
        );
    }

    #[test]
    fn names_are_unique_lower_case_and_found() {
        for field in FIELDS {
            assert_eq!(find(field.name), Some(field), "{} is there twice", field.name);
            assert_eq!(field.name, field.name.to_lowercase());
            assert!(!field.help.is_empty());
        }
        assert_eq!(find("Email"), None);
    }

    #[test]
    fn names_for_version_5() {
        let want = [
            ("fid", Some("salesforceId")),
            ("id", None),
            ("password", None),
            ("is_archived", None),
            ("email", Some("email")),
            ("prospect_account_id", Some("prospectAccountId")),
            ("is_do_not_email", Some("isDoNotEmail")),
            ("years_in_business", Some("yearsInBusiness")),
        ];
        for (name, v5) in want {
            assert_eq!(find(name).unwrap().v5, v5, "{name}");
        }
    }
}
