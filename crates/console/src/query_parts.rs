//! What the pages of a query's parts have in common: its name and tabs, and a form that changes one part alone.
//!
//! Knows no part.

use api::Query;

use crate::address::part;
use crate::faults::Faults;
use crate::form::Form;
use crate::newer::Newer;
use crate::queries::{Tab, Tabs};

/// What somebody typed, and what became of it.
#[derive(Debug, Default)]
pub struct Typed {
    /// What was typed.
    pub form: Form,
    /// What is wrong with it.
    pub faults: Faults,
    /// Whether somebody else changed the query since the form was begun.
    pub stale: bool,
}

/// The head of such a page, and what its form begins with.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) tabs: Tabs,
    /// The revision that the form was begun with.
    pub(crate) revision: String,
    /// What there is by now, where that is another one.
    pub(crate) newer: Option<Newer>,
}

impl Part {
    pub(crate) fn new(query: &Query, tab: Tab, below: &str, typed: Option<&Typed>) -> Part {
        let name = &query.spec.name;
        let address = format!("/queries/{}/{below}", part(name));
        let begun = typed.map(|typed| typed.form.get("_revision")).filter(|revision| !revision.is_empty());
        let newer = Newer { address: address.clone(), revision: query.revision };
        Part {
            name: name.clone(),
            tabs: Tabs::of(name, tab),
            revision: begun.map_or_else(|| query.revision.to_string(), str::to_owned),
            newer: typed.is_some_and(|typed| typed.stale).then_some(newer),
            address,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use api::{Me, QuerySpec, Role, Scope};

    use crate::chrome::{Chrome, Section};

    use super::*;

    /// What surrounds the pages of somebody with these rights.
    pub(crate) fn chrome(role: Role, scope: Scope) -> Chrome {
        Chrome {
            me: Some(Me { name: "ada".into(), role, scope, token: None }),
            section: Section::Home,
            done: None,
            once: "1".into(),
            sandbox: false,
            server: "http://127.0.0.1:8080".into(),
        }
    }

    #[test]
    fn a_form_changes_what_somebody_saw() {
        let query = Query {
            revision: 7,
            created: String::new(),
            updated: String::new(),
            last_job: None,
            spec: QuerySpec { name: "a b".into(), ..QuerySpec::default() },
        };
        let part = |typed: Option<&Typed>| Part::new(&query, Tab::Export, "export", typed);
        let typed = |stale| Typed { form: Form::read(b"_revision=5"), faults: Faults::none(), stale };
        assert_eq!(part(None).revision, "7");
        assert_eq!(part(Some(&typed(false))).revision, "5");
        assert!(part(Some(&typed(false))).newer.is_none());
        let told = part(Some(&typed(true)));
        assert_eq!((told.revision.as_str(), told.newer.map(|newer| newer.revision)), ("5", Some(7)));
        assert_eq!(part(None).address, "/queries/a%20b/export");
    }
}
