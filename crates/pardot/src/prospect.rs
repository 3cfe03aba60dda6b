//! Calls about single prospects: find, read, the newest, and the upsert by email of version 5.
//!
//! Knows no field beyond id and email.

use bytes::Bytes;
use serde_json::Value;

use crate::answer::{self, Answer, all_well, one_or_many, positive};
use crate::encode::encoded;
use crate::id::{ApiVersion, ProspectId};
use crate::request::{Body, HttpCall, Method, Reading, Repeat, Request, Response};

/// Updates the most recently active prospect with this email, or creates one. One call for one prospect; safe to repeat,
/// but never two at once for one email.
#[derive(Clone, PartialEq, Eq)]
pub struct UpsertLatestByEmail {
    /// The address to match.
    pub email: String,
    /// JSON object text with names of version 5.
    pub prospect: String,
}

impl std::fmt::Debug for UpsertLatestByEmail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UpsertLatestByEmail({} bytes)", self.prospect.len())
    }
}

/// What an upsert did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upserted {
    /// The prospect.
    pub id: ProspectId,
    /// Whether it is new.
    pub created: bool,
}

impl Request for UpsertLatestByEmail {
    type Answer = Upserted;

    fn kind(&self) -> &'static str {
        "upsertLatestByEmail"
    }

    fn repeat(&self) -> Repeat {
        Repeat::Freely
    }

    fn call(&self) -> HttpCall {
        let email = Value::from(self.email.as_str());
        let body = format!(
            r#"{{"matchEmail":{email},"prospect":{},"fields":["id"],"secondaryDeletedSearch":true}}"#,
            self.prospect
        );
        let target = "/api/v5/objects/prospects/do/upsertLatestByEmail".to_owned();
        HttpCall { method: Method::Post, target, body: Body::Json(Bytes::from(body)) }
    }

    fn read(&self, response: &Response) -> Reading<Upserted> {
        answer::read(response).object(|object| {
            let id = positive(object.get("id")).ok_or("the answer has no id")?;
            Ok(Upserted { id: ProspectId(id), created: response.status == 201 })
        })
    }
}

/// All prospects with an email; archived ones are not found.
#[derive(Clone, PartialEq, Eq)]
pub struct FindByEmail {
    /// Version of the account.
    pub version: ApiVersion,
    /// The address.
    pub email: String,
}

impl std::fmt::Debug for FindByEmail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FindByEmail(version {})", self.version)
    }
}

impl Request for FindByEmail {
    type Answer = Vec<ProspectId>;

    fn kind(&self) -> &'static str {
        "findProspect"
    }

    fn repeat(&self) -> Repeat {
        Repeat::Freely
    }

    fn call(&self) -> HttpCall {
        let email = encoded(&self.email);
        let target = format!("/api/prospect/version/{}/do/read/email/{email}?format=json&output=mobile", self.version);
        HttpCall { method: Method::Get, target, body: Body::None }
    }

    fn read(&self, response: &Response) -> Reading<Vec<ProspectId>> {
        let answer = answer::read(response);
        // Pardot answers 4 for an address that nobody has.
        if matches!(&answer, Answer::Refused(refusal) if refusal.code == Some(4)) {
            return Reading::Accepted(Vec::new());
        }
        answer.object(|object| {
            all_well(&object)?;
            let found = one_or_many(object.get("prospect"))?;
            if found.is_empty() {
                return Err("the answer has no prospect");
            }
            let ids = found.iter().map(|prospect| positive(prospect.get("id")).map(ProspectId));
            ids.collect::<Option<Vec<_>>>().ok_or("the answer has a prospect without id")
        })
    }
}

/// The prospect with the highest id: what was created after it is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newest {
    /// Version of the account.
    pub version: ApiVersion,
}

impl Request for Newest {
    type Answer = Option<ProspectId>;

    fn kind(&self) -> &'static str {
        "newestProspect"
    }

    fn repeat(&self) -> Repeat {
        Repeat::Freely
    }

    fn call(&self) -> HttpCall {
        let order = "limit=1&sort_by=id&sort_order=descending&output=mobile";
        let target = format!("/api/prospect/version/{}/do/query?format=json&{order}", self.version);
        HttpCall { method: Method::Get, target, body: Body::None }
    }

    fn read(&self, response: &Response) -> Reading<Option<ProspectId>> {
        answer::read(response).object(|object| {
            all_well(&object)?;
            let result = object.get("result").and_then(Value::as_object).ok_or("the answer has no result")?;
            let total = positive(result.get("total_results"));
            match one_or_many(result.get("prospect"))?.first() {
                Some(newest) => positive(newest.get("id")).map(|id| Some(ProspectId(id))).ok_or("the answer has no id"),
                None if total.is_some() => Err("the answer counts prospects and shows none"),
                None => Ok(None),
            }
        })
    }
}

/// One prospect with all that Pardot tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadProspect {
    /// Version of the account.
    pub version: ApiVersion,
    /// The prospect.
    pub id: ProspectId,
}

impl Request for ReadProspect {
    type Answer = Value;

    fn kind(&self) -> &'static str {
        "readProspect"
    }

    fn repeat(&self) -> Repeat {
        Repeat::Freely
    }

    fn call(&self) -> HttpCall {
        let target = format!("/api/prospect/version/{}/do/read/id/{}?format=json", self.version, self.id);
        HttpCall { method: Method::Get, target, body: Body::None }
    }

    fn read(&self, response: &Response) -> Reading<Value> {
        answer::read(response).object(|mut object| {
            all_well(&object)?;
            object.remove("prospect").filter(Value::is_object).ok_or("the answer has no prospect")
        })
    }
}

#[cfg(test)]
mod tests;
