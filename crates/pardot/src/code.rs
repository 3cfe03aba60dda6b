//! Pardot's error codes and what each class of them means for a caller.
//!
//! Knows no transport and no reaction of an export: only numbers, texts, classes and advice.

mod table;

use std::fmt;

/// What kind of refusal a code is. The reaction belongs to whoever reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Slow down; the call was refused before any work.
    Throttle,
    /// The calls (or import batches) of the day are used up.
    Quota,
    /// A hiccup at Pardot: no proof that nothing was applied.
    Transient,
    /// The access token is not accepted.
    Token,
    /// The authority behind the tokens is dead.
    Grant,
    /// A missing ability or a wrong set-up.
    Access,
    /// The account needs the other of versions 3 and 4.
    Version,
    /// Too much in one call.
    Size,
    /// This record can never work as it is.
    Row,
    /// This record may work when it is sent once more, alone.
    RowOnce,
    /// The wanted state holds already.
    AlreadySo,
    /// The whole call was refused without naming a record.
    WholeBatch,
    /// The state or form of an import does not allow the step.
    Import,
    /// Nobody documents this code.
    Unknown,
}

/// How much of an export a refusal stops: row < call < account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// One record.
    Row,
    /// One call.
    Call,
    /// Everything that goes to this account.
    Account,
}

impl Class {
    /// Every class, in the order of the declaration.
    pub const ALL: [Class; 14] = [
        Class::Throttle,
        Class::Quota,
        Class::Transient,
        Class::Token,
        Class::Grant,
        Class::Access,
        Class::Version,
        Class::Size,
        Class::Row,
        Class::RowOnce,
        Class::AlreadySo,
        Class::WholeBatch,
        Class::Import,
        Class::Unknown,
    ];

    /// What a refusal of this class stops.
    pub fn scope(self) -> Scope {
        match self {
            Class::Row | Class::RowOnce | Class::AlreadySo => Scope::Row,
            Class::Transient | Class::Size | Class::WholeBatch | Class::Import | Class::Unknown => Scope::Call,
            Class::Throttle | Class::Quota | Class::Token | Class::Grant | Class::Access | Class::Version => {
                Scope::Account
            }
        }
    }

    /// What a person should do, where the code itself says nothing more exact.
    pub fn advice(self) -> &'static str {
        match self {
            Class::Throttle => "nothing to do: sending continues more slowly",
            Class::Quota => "wait for midnight in the time zone of the Pardot account",
            Class::Transient => "nothing to do: the call is tried again; if it lasts, look at status.salesforce.com",
            Class::Token | Class::Grant => {
                "reconnect; check that the connected app has the scope pardot_api and that the user is synchronised with this \
                 business unit"
            }
            Class::Access => {
                "ask a Pardot administrator to allow this for the connection's user and account, then start again"
            }
            Class::Version => "nothing to do: the other version of the API is used from now on",
            Class::Size => "nothing to do: the batch is halved; a single row that is too large must be shortened",
            Class::Row => "correct this row in the query and send it again",
            Class::RowOnce => "try the row again later",
            Class::AlreadySo => "nothing to do: it is so already",
            Class::WholeBatch => "correct the rows or fields that Pardot names, then send them again",
            Class::Import => "start a new import; check the columns and the size of the file",
            Class::Unknown => "ask Salesforce support what this answer means before sending again",
        }
    }
}

/// One documented error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The number, `err_code` in versions 3 and 4, `code` in version 5.
    pub number: u16,
    /// Pardot's text; empty where none is known. Real answers may append a suffix.
    pub message: &'static str,
    /// How to react.
    pub class: Class,
    /// What a person should do.
    pub advice: &'static str,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (code {})", self.message, self.number)
    }
}

/// Every documented code, sorted by number.
pub const CODES: &[Code] = table::CODES;

/// The code of this number, if it is documented.
pub fn find(number: u16) -> Option<&'static Code> {
    let place = CODES.binary_search_by_key(&number, |code| code.number).ok()?;
    CODES.get(place)
}

/// The code behind a text: batches give one text per refused record and no number.
///
/// Ignores case, a final full stop and any suffix that Pardot appends; the longest documented text wins, then the
/// smallest number.
pub fn by_message(text: &str) -> Option<&'static Code> {
    // Older answers to code 58 carry this slip of the pen.
    let text = text.trim().to_lowercase().replace("memeber", "member");
    let mut best: Option<&'static Code> = None;
    for code in CODES {
        let message = code.message.trim_end_matches('.').to_lowercase();
        let Some(rest) = text.strip_prefix(&message) else {
            continue;
        };
        let whole_word = rest.chars().next().is_none_or(|next| !next.is_alphanumeric());
        if !message.is_empty() && whole_word && best.is_none_or(|best| best.message.len() < code.message.len()) {
            best = Some(code);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_unique_and_explained() {
        assert!(CODES.windows(2).all(|pair| pair[0].number < pair[1].number));
        assert!(CODES.len() > 200, "{}", CODES.len());
        for code in CODES {
            assert_eq!(find(code.number), Some(code));
            assert!(!code.advice.is_empty(), "{}", code.number);
        }
        assert_eq!(find(69), None);
        assert_eq!(find(0), None);
    }

    #[test]
    fn the_class_table_row_by_row() {
        let want: &[(Class, &[u16])] = &[
            (Class::Throttle, &[66, 202]),
            (Class::Quota, &[122, 164]),
            (Class::Transient, &[62, 116, 157, 183, 119, 120, 121, 214]),
            (Class::Token, &[184, 1, 15]),
            (Class::Access, &[46, 49, 53, 76, 126, 181, 182, 199, 201]),
            (Class::Version, &[88, 89]),
            (Class::Size, &[70, 71, 204]),
            (Class::Row, &[3, 4, 9, 14, 16, 38, 44, 50, 51, 52, 54, 55, 56, 57, 65, 77, 79, 81, 92, 109, 132]),
            (Class::RowOnce, &[85]),
            (Class::AlreadySo, &[58]),
            (Class::Import, &[155, 156, 158, 159, 160, 161, 162, 163, 130]),
            (Class::WholeBatch, &[2, 13, 60, 90, 91, 150, 151, 152, 153, 154, 180, 10000]),
        ];
        for (class, numbers) in want {
            for number in *numbers {
                assert_eq!(find(*number).map(|code| code.class), Some(*class), "{number}");
            }
        }
    }

    #[test]
    fn texts_lead_to_codes() {
        let want = [
            ("Invalid prospect email address", Some(4)),
            ("invalid prospect EMAIL address.", Some(4)),
            ("Invalid prospect ID", Some(3)),
            ("Invalid prospect ID: 12", Some(3)),
            ("Invalid ID", Some(16)),
            ("Invalid ID range", Some(17)),
            ("Invalid identity", None),
            ("Unable to save the prospect", Some(85)),
            ("Invalid campaign ID", Some(38)),
            ("That prospect is already a memeber of that list. Update the membership instead.", Some(58)),
            ("access_token is invalid, unknown, or malformed: Inactive token", Some(184)),
            ("something else", None),
            ("", None),
        ];
        for (text, number) in want {
            assert_eq!(by_message(text).map(|code| code.number), number, "{text}");
        }
    }

    #[test]
    fn scopes_grow() {
        assert!(Class::Row.scope() < Class::WholeBatch.scope() && Class::Size.scope() < Class::Access.scope());
        assert!(Class::ALL.iter().all(|class| !class.advice().is_empty()));
    }
}
