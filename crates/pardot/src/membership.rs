//! Calls that put one prospect on one static list, or take it off.
//!
//! Never updates a membership: that could opt somebody in or out. Knows no row and no column.

use serde_json::Value;

use crate::answer::{self, Answer, all_well, positive};
use crate::id::{ListId, ProspectId};
use crate::request::{Body, HttpCall, Method, Reading, Repeat, Request, Response};

fn target(operation: &str, list: ListId, prospect: ProspectId) -> String {
    // Accounts of both versions serve memberships under version 4.
    format!("/api/listMembership/version/4/do/{operation}/list_id/{list}/prospect_id/{prospect}?format=json")
}

/// Puts a prospect on a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Create {
    /// The list, a static one.
    pub list: ListId,
    /// The prospect.
    pub prospect: ProspectId,
}

/// What a creation found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// The prospect is on the list now.
    Added,
    /// It was there before (code 58).
    AlreadyMember,
}

impl Request for Create {
    type Answer = Added;

    fn kind(&self) -> &'static str {
        "createMembership"
    }

    fn repeat(&self) -> Repeat {
        Repeat::Freely
    }

    fn call(&self) -> HttpCall {
        HttpCall { method: Method::Post, target: target("create", self.list, self.prospect), body: Body::None }
    }

    fn read(&self, response: &Response) -> Reading<Added> {
        let answer = answer::read(response);
        if matches!(&answer, Answer::Refused(refusal) if refusal.code == Some(58)) {
            return Reading::Accepted(Added::AlreadyMember);
        }
        answer.object(|object| {
            all_well(&object)?;
            let made =
                object.get("list_membership").and_then(Value::as_object).ok_or("the answer has no membership")?;
            let same = |name: &str, id: u64| made.get(name).is_none_or(|value| positive(Some(value)) == Some(id));
            if same("list_id", self.list.0) && same("prospect_id", self.prospect.0) {
                Ok(Added::Added)
            } else {
                Err("the answer shows another membership")
            }
        })
    }
}

/// Takes a prospect off a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delete {
    /// The list.
    pub list: ListId,
    /// The prospect.
    pub prospect: ProspectId,
}

/// What a deletion found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// The prospect is off the list now.
    Removed,
    /// It was not on it.
    AlreadyGone,
}

impl Request for Delete {
    type Answer = Removed;

    fn kind(&self) -> &'static str {
        "deleteMembership"
    }

    fn repeat(&self) -> Repeat {
        Repeat::Freely
    }

    fn call(&self) -> HttpCall {
        HttpCall { method: Method::Post, target: target("delete", self.list, self.prospect), body: Body::None }
    }

    fn read(&self, response: &Response) -> Reading<Removed> {
        let answer = answer::read(response);
        if let Answer::Refused(refusal) = &answer {
            // A page with status 404 comes from some web server on the way and proves nothing about the membership.
            let page = response.body.trim_ascii_start().starts_with(b"<");
            let absent = match refusal.code {
                Some(code) => code == 109 || code == 16,
                None => refusal.status == 404 && !page,
            };
            if absent {
                return Reading::Accepted(Removed::AlreadyGone);
            }
        }
        match answer {
            Answer::Gone => Reading::Accepted(Removed::Removed),
            other @ (Answer::Object(_) | Answer::Refused(_) | Answer::Unknown(_)) => {
                other.object(|object| all_well(&object).map(|()| Removed::Removed))
            }
        }
    }
}

#[cfg(test)]
mod tests;
