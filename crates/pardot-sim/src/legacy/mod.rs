//! Versions 3 and 4 of the API: `/api/<object>/version/<3|4>/do/<op>[/<name>/<value>]...`.
//!
//! Knows which operation takes which verb: authorisation, slots and quota were settled before.

mod batch;
mod catalog;
mod import;
mod list;
mod membership;
pub(crate) mod prospect;

use std::str::FromStr;

use crate::answer::{Answer, Format, Outcome};
use crate::clock;
use crate::config::Config;
use crate::refusal::Refusal;
use crate::request::{Call, Content, Params};
use crate::strike::RowRule;
use crate::tenant::Tenant;

/// What a call of versions 3 and 4 works with.
pub(crate) struct Scene<'a> {
    pub(crate) tenant: &'a mut Tenant,
    pub(crate) config: &'a Config,
    pub(crate) now: i64,
    pub(crate) version: u8,
    pub(crate) params: &'a Params,
    pub(crate) content: &'a Content,
    pub(crate) rules: &'a [RowRule],
    /// Names of the record rules that met a record.
    pub(crate) fired: Vec<&'static str>,
    /// Scheme and authority, for references in answers.
    pub(crate) base: &'a str,
}

type Work = fn(&mut Scene<'_>) -> Result<Outcome, Refusal>;

/// An operation of an object: names, verbs and work.
struct Operation {
    object: &'static str,
    name: &'static str,
    verbs: &'static [&'static str],
    work: Work,
}

const READ: &[&str] = &["GET", "POST"];
const WRITE: &[&str] = &["POST"];
const DELETE: &[&str] = &["POST", "DELETE"];

const fn op(object: &'static str, name: &'static str, verbs: &'static [&'static str], work: Work) -> Operation {
    Operation { object, name, verbs, work }
}

/// Every operation that exists; anything else is code 2.
const OPERATIONS: &[Operation] = &[
    op("prospect", "create", WRITE, prospect::create),
    op("prospect", "read", READ, prospect::read),
    op("prospect", "update", WRITE, prospect::update),
    op("prospect", "upsert", WRITE, prospect::upsert),
    op("prospect", "delete", DELETE, prospect::delete),
    op("prospect", "assign", WRITE, |scene| prospect::assign(scene, true)),
    op("prospect", "unassign", WRITE, |scene| prospect::assign(scene, false)),
    op("prospect", "query", READ, prospect::query),
    op("prospect", "batchCreate", WRITE, |scene| batch::batch(batch::Operation::Create, scene)),
    op("prospect", "batchUpdate", WRITE, |scene| batch::batch(batch::Operation::Update, scene)),
    op("prospect", "batchUpsert", WRITE, |scene| batch::batch(batch::Operation::Upsert, scene)),
    op("list", "create", WRITE, list::create),
    op("list", "read", READ, list::read),
    op("list", "update", WRITE, list::update),
    op("list", "delete", DELETE, list::delete),
    op("list", "query", READ, list::query),
    op("listMembership", "create", WRITE, membership::create),
    op("listMembership", "read", READ, membership::read),
    op("listMembership", "update", WRITE, membership::update),
    op("listMembership", "delete", DELETE, membership::delete),
    op("listMembership", "query", READ, membership::query),
    op("customField", "query", READ, catalog::query_fields),
    op("customField", "read", READ, catalog::read_field),
    op("customField", "create", WRITE, catalog::create_field),
    op("campaign", "query", READ, catalog::query_campaigns),
    op("campaign", "read", READ, catalog::read_campaign),
    op("campaign", "create", WRITE, catalog::create_campaign),
    op("account", "read", READ, catalog::read_account),
    op("import", "create", WRITE, import::create),
    op("import", "batch", WRITE, import::batch),
    op("import", "update", &["PATCH"], import::update),
    op("import", "read", READ, import::read),
    op("import", "query", READ, import::query),
    op("import", "downloadErrors", READ, import::errors),
];

/// Where a call of versions 3 and 4 leads.
pub(crate) struct Route {
    pub(crate) version: u8,
    pub(crate) object: String,
    pub(crate) operation: String,
}

/// Reads the path and moves its name-value pairs in front of the parameters.
pub(crate) fn route(call: &mut Call) -> Result<Route, Refusal> {
    // The login of old keys is gone, whatever is asked of it.
    if call.segments.get(1).is_some_and(|object| object == "login") {
        return Err(Refusal::of(199));
    }
    let [_, object, word, version, verb, operation, pairs @ ..] = &call.segments[..] else {
        return Err(Refusal::of(2));
    };
    if word != "version" || verb != "do" {
        return Err(Refusal::of(2));
    }
    let version: u8 = version.parse().map_err(|_| Refusal::of(94))?;
    if !matches!(version, 3 | 4) {
        return Err(Refusal::of(22));
    }
    let route = Route { version, object: object.clone(), operation: operation.clone() };
    let pairs = pairs.chunks(2).filter_map(|pair| Some((pair.first()?.clone(), pair.get(1)?.clone()))).collect();
    call.params.prepend(pairs);
    Ok(route)
}

/// The format of the answer: XML unless asked otherwise. Import answers JSON, except to a query.
pub(crate) fn format(route: Option<&Route>, params: &Params) -> Format {
    let import = route.is_some_and(|route| route.object == "import" && route.operation != "query");
    match params.get("format") {
        Some(format) if format.eq_ignore_ascii_case("json") => Format::Json,
        None if import => Format::Json,
        Some(_) | None => Format::Xml,
    }
}

/// Does the work of a call that was let in.
pub(crate) fn answer(route: &Route, method: &str, scene: &mut Scene<'_>) -> Answer {
    let format = format(Some(route), scene.params);
    match run(route, method, scene) {
        Ok(outcome) => outcome.render(format),
        Err(refusal) => refusal.render(format),
    }
}

fn run(route: &Route, method: &str, scene: &mut Scene<'_>) -> Result<Outcome, Refusal> {
    if route.object == "prospect" {
        match (scene.tenant.ampsea, route.version) {
            (true, 3) => return Err(Refusal::of(88)),
            (false, 4) => return Err(Refusal::of(89)),
            (true | false, _) => {}
        }
    }
    let mut of_object = OPERATIONS.iter().filter(|operation| operation.object == route.object);
    let Some(operation) = of_object.find(|operation| operation.name == route.operation) else {
        return Err(Refusal::of(2));
    };
    if !operation.verbs.contains(&method) {
        return Err(Refusal::of(60));
    }
    (operation.work)(scene)
}

impl Scene<'_> {
    /// An integer parameter; `code` when it is none.
    pub(crate) fn integer<T: FromStr>(&self, name: &str, code: u32) -> Result<Option<T>, Refusal> {
        match self.params.get(name) {
            None => Ok(None),
            Some(text) => text.trim().parse().map(Some).map_err(|_| Refusal::of(code)),
        }
    }

    /// A boolean parameter; `code` when it is none.
    pub(crate) fn truth(&self, name: &str, code: u32) -> Result<Option<bool>, Refusal> {
        match self.params.get(name) {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0" | "") => Ok(Some(false)),
            Some(_) => Err(Refusal::of(code)),
        }
    }

    /// A time parameter; 7 when it is none.
    pub(crate) fn time(&self, name: &str) -> Result<Option<i64>, Refusal> {
        match self.params.get(name) {
            None => Ok(None),
            Some(text) => clock::parse(text, self.now, &self.tenant.zone).map(Some).ok_or(Refusal::of(7)),
        }
    }
}

/// Order and window of a query.
pub(crate) struct Page {
    /// Column and whether it descends.
    order: Vec<(String, bool)>,
    limit: usize,
    offset: usize,
}

/// Rows of a page of versions 3 and 4; a larger limit is this one.
const PAGE_LIMIT: usize = 200;

impl Page {
    fn read(scene: &Scene<'_>, columns: &[&str]) -> Result<Page, Refusal> {
        let split = |name: &str| -> Vec<String> {
            scene
                .params
                .get(name)
                .map(|text| text.split(',').map(|part| part.trim().to_owned()).collect())
                .unwrap_or_default()
        };
        let (by, direction) = (split("sort_by"), split("sort_order"));
        if by.len() > 2 {
            return Err(Refusal::of(133));
        }
        if direction.len() > 2 {
            return Err(Refusal::of(134));
        }
        if by.iter().any(|column| !columns.contains(&column.as_str())) {
            return Err(Refusal::of(19));
        }
        if by.len() == 2 && !by.iter().any(|column| column == "id") {
            return Err(Refusal::of(135));
        }
        let mut order = Vec::new();
        for (at, column) in by.into_iter().enumerate() {
            let descends = match direction.get(at).map(String::as_str) {
                Some("ascending") => false,
                Some("descending") => true,
                Some(_) => return Err(Refusal::of(20)),
                None => column != "id",
            };
            order.push((column, descends));
        }
        let limit = scene.integer("limit", 23)?.unwrap_or(PAGE_LIMIT).clamp(1, PAGE_LIMIT);
        // The small prospect rows are documented as not capped.
        let mobile = scene.params.get("output") == Some("mobile") && scene.params.get("limit").is_none();
        Ok(Page {
            order,
            limit: if mobile { usize::MAX } else { limit },
            offset: scene.integer("offset", 21)?.unwrap_or(0),
        })
    }

    fn sort<T>(&self, rows: &mut [&T], key: impl Fn(&T, &str) -> i64) {
        for (column, descends) in self.order.iter().rev() {
            rows.sort_by_key(|row| if *descends { -key(row, column) } else { key(row, column) });
        }
    }

    fn cut<'a, T>(&self, rows: Vec<&'a T>) -> Vec<&'a T> {
        rows.into_iter().skip(self.offset).take(self.limit).collect()
    }
}
