//! Calls that look at an account before anything is sent: custom fields, lists, daily calls, name and time zone.
//!
//! Only reads. Knows no setting and draws no conclusion.

use serde_json::Value;

use crate::answer::{self, Answer, Object, all_well, one_or_many, positive};
use crate::count::Usage;
use crate::id::ListId;
use crate::request::{Body, HttpCall, Method, Reading, Repeat, Request, Response};

/// Records of a page in versions 3 and 4, the most that Pardot gives.
const PAGE: usize = 200;

fn get(target: String) -> HttpCall {
    HttpCall { method: Method::Get, target, body: Body::None }
}

fn text(object: &Object, name: &str) -> Option<String> {
    object.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn result(object: &Object) -> Result<&Object, &'static str> {
    all_well(object)?;
    object.get("result").and_then(Value::as_object).ok_or("the answer has no result")
}

/// One page of the account's custom prospect fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomFields {
    /// How many fields to pass over: 0 first, then [`CustomFieldPage::next`].
    pub offset: u32,
}

/// A custom field of prospects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// The name in calls, with its upper and lower case.
    pub field_id: String,
    /// The name that people see.
    pub name: String,
    /// Pardot's word for the type, such as `Text`, `Number`, `Date`, `Multi-Select`.
    pub r#type: String,
}

/// Some custom fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomFieldPage {
    /// The fields.
    pub fields: Vec<CustomField>,
    /// Offset of the next page, if there is one.
    pub next: Option<u32>,
}

impl Request for CustomFields {
    type Answer = CustomFieldPage;

    fn kind(&self) -> &'static str {
        "customFields"
    }

    fn repeat(&self) -> Repeat {
        Repeat::Freely
    }

    fn call(&self) -> HttpCall {
        get(format!("/api/customField/version/4/do/query?format=json&limit={PAGE}&offset={}", self.offset))
    }

    fn read(&self, response: &Response) -> Reading<CustomFieldPage> {
        answer::read(response).object(|object| {
            let result = result(&object)?;
            let found = one_or_many(result.get("customField"))?;
            let mut fields = Vec::with_capacity(found.len());
            for field in found {
                let field_id = text(field, "field_id").ok_or("the answer has a custom field without field_id")?;
                let name = text(field, "name").unwrap_or_else(|| field_id.clone());
                let r#type = text(field, "type").unwrap_or_default();
                fields.push(CustomField { field_id, name, r#type });
            }
            let total = positive(result.get("total_results")).unwrap_or(0);
            let seen = self.offset.saturating_add(u32::try_from(fields.len()).unwrap_or(u32::MAX));
            let next = (!fields.is_empty() && u64::from(seen) < total).then_some(seen);
            Ok(CustomFieldPage { fields, next })
        })
    }
}

/// One page of the account's lists, by ascending id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lists {
    /// Only lists with a higher id: 0 first, then [`ListPage::next`].
    pub after: u64,
}

/// A list as Pardot shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSeen {
    /// The list.
    pub id: ListId,
    /// The name that people see.
    pub name: String,
    /// Whether rules fill it; such a list takes no members by hand.
    pub is_dynamic: bool,
}

/// Some lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPage {
    /// The lists.
    pub lists: Vec<ListSeen>,
    /// What to ask for next, if there may be more.
    pub next: Option<u64>,
}

fn list(object: &Object) -> Result<ListSeen, &'static str> {
    let id = positive(object.get("id")).ok_or("the answer has a list without id")?;
    let is_dynamic = match object.get("is_dynamic") {
        Some(Value::Bool(dynamic)) => *dynamic,
        Some(Value::String(word)) => word == "true" || word == "1",
        Some(Value::Number(number)) => number.as_u64() == Some(1),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => false,
    };
    Ok(ListSeen { id: ListId(id), name: text(object, "name").unwrap_or_default(), is_dynamic })
}

impl Request for Lists {
    type Answer = ListPage;

    fn kind(&self) -> &'static str {
        "lists"
    }

    fn repeat(&self) -> Repeat {
        Repeat::Freely
    }

    fn call(&self) -> HttpCall {
        let order = format!("limit={PAGE}&sort_by=id&sort_order=ascending&id_greater_than={}", self.after);
        get(format!("/api/list/version/4/do/query?format=json&{order}"))
    }

    fn read(&self, response: &Response) -> Reading<ListPage> {
        answer::read(response).object(|object| {
            let found = one_or_many(result(&object)?.get("list"))?;
            let lists = found.into_iter().map(list).collect::<Result<Vec<_>, _>>()?;
            let last = lists.iter().map(|list| list.id.0).max().filter(|last| *last > self.after);
            let next = last.filter(|_| lists.len() >= PAGE);
            Ok(ListPage { lists, next })
        })
    }
}

/// One list, or nothing where Pardot knows none of this id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadList {
    /// The list.
    pub id: ListId,
}

impl Request for ReadList {
    type Answer = Option<ListSeen>;

    fn kind(&self) -> &'static str {
        "readList"
    }

    fn repeat(&self) -> Repeat {
        Repeat::Freely
    }

    fn call(&self) -> HttpCall {
        get(format!("/api/list/version/4/do/read/id/{}?format=json", self.id))
    }

    fn read(&self, response: &Response) -> Reading<Option<ListSeen>> {
        let answer = answer::read(response);
        if matches!(&answer, Answer::Refused(refusal) if matches!(refusal.code, Some(16 | 55 | 109))) {
            return Reading::Accepted(None);
        }
        answer.object(|object| {
            all_well(&object)?;
            let seen = list(object.get("list").and_then(Value::as_object).ok_or("the answer has no list")?)?;
            if seen.id == self.id { Ok(Some(seen)) } else { Err("the answer shows another list") }
        })
    }
}

/// How many calls the account has made today and may make (version 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account;

impl Request for Account {
    type Answer = Usage;

    fn kind(&self) -> &'static str {
        "account"
    }

    fn repeat(&self) -> Repeat {
        Repeat::Freely
    }

    fn call(&self) -> HttpCall {
        get("/api/v5/objects/account?fields=maximumDailyApiCalls,apiCallsUsed".to_owned())
    }

    fn read(&self, response: &Response) -> Reading<Usage> {
        answer::read(response).object(|object| {
            // Some answers of version 5 wrap a single record as a page of one.
            let record = match one_or_many(object.get("values"))?.first() {
                Some(first) => (*first).clone(),
                None => object,
            };
            let limit = positive(record.get("maximumDailyApiCalls")).ok_or("the answer has no daily limit")?;
            let used = record.get("apiCallsUsed").and_then(Value::as_u64).ok_or("the answer has no count of calls")?;
            Ok(Usage { used, limit })
        })
    }
}

/// Company and time zone of the account (version 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadAccount;

/// An account as Pardot shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSeen {
    /// Name of the company.
    pub company: Option<String>,
    /// Time zone name, such as `America/New_York`; the daily calls start anew at its midnight.
    pub time_zone: Option<String>,
}

impl Request for ReadAccount {
    type Answer = AccountSeen;

    fn kind(&self) -> &'static str {
        "readAccount"
    }

    fn repeat(&self) -> Repeat {
        Repeat::Freely
    }

    fn call(&self) -> HttpCall {
        get("/api/account/version/4/do/read?format=json".to_owned())
    }

    fn read(&self, response: &Response) -> Reading<AccountSeen> {
        answer::read(response).object(|object| {
            all_well(&object)?;
            let account = object.get("account").and_then(Value::as_object).ok_or("the answer has no account")?;
            let time_zone = text(account, "timezone").or_else(|| text(account, "time_zone"));
            Ok(AccountSeen { company: text(account, "company"), time_zone })
        })
    }
}

#[cfg(test)]
mod tests;
