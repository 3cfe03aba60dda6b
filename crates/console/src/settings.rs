//! The export settings as a part of a form: made from the catalog of settings, under the manual's labels.
//!
//! Knows how a setting looks and which belong together; what a setting means is the model's, and what is wrong with one the
//! server says.

use api::{ListView, SettingsMap};
use askama::Template;
use model::{Applies, Kind, SETTINGS, Setting};
use serde_json::{Map, Number, Value};

use crate::faults::Faults;
use crate::field::{Choice, Control, Field};
use crate::form::Form;

/// How a setting stands in a form. One that is not here stands in the fine tuning under its parameter's name.
struct Look {
    name: &'static str,
    label: &'static str,
    /// Words of its choices: the manual's.
    words: &'static [(&'static str, &'static str)],
    /// What it means, where the catalog's words are for programs.
    help: Option<&'static str>,
    /// It is for those who tune.
    fine: bool,
}

impl Look {
    const fn new(name: &'static str, label: &'static str) -> Look {
        Look { name, label, words: &[], help: None, fine: false }
    }

    const fn words(self, words: &'static [(&'static str, &'static str)]) -> Look {
        Look { words, ..self }
    }

    const fn help(self, help: &'static str) -> Look {
        Look { help: Some(help), ..self }
    }

    const fn fine(name: &'static str, label: &'static str) -> Look {
        Look { fine: true, ..Look::new(name, label) }
    }
}

/// In the order of the form.
const LOOKS: [Look; 14] = [
    Look::new("data_object", "Data Objects")
        .words(&[("prospects", "Prospects"), ("list_memberships", "List Memberships")]),
    Look::new("prospect_operation", "Prospect Operation")
        .words(&[("sync", "Batch Upsert")])
        .help("Prospects are made or updated, many in one call."),
    Look::new("prospect_lists", "List ID"),
    Look::new("prospect_list_operation", "Prospect List Operation")
        .words(&[("add", "Add"), ("remove", "Remove")])
        .help("Whether the prospects are added to these lists or removed from them."),
    Look::new("list_membership_operation", "List Memberships Operation")
        .words(&[("upsert", "Upsert"), ("delete", "Delete")])
        .help("Whether the memberships are made or removed. Nobody is ever opted out."),
    Look::new("upsert_by_email", "Upsert by email")
        .help("Match prospects by email alone. Without it they are matched by id, else by fid, else by email."),
    Look::new("skip_invalid_records", "Skip invalid records")
        .help("Go on past rejected rows and list them. Without it the job stops at the first rejected row."),
    Look::fine("parallel_tasks", "Parallel tasks"),
    Look::fine("max_payload", "Max payload").help(
        "Longest payload of a call, in characters. Lower it when Pardot answers 414 Request-URI Too Long; otherwise \
         leave this empty.",
    ),
    Look::fine("batch_carrier", "Batch carrier").words(&[("body", "Request body"), ("uri", "Request URI")]),
    Look::fine("maximum_retries", "Maximum retries"),
    Look::fine("initial_retry_wait", "Initial retry wait"),
    Look::fine("maximum_retry_wait", "Maximum retry wait"),
    Look::fine("maximum_connection_timeout", "Maximum connection timeout"),
];

/// The settings of an export, to be put into a form.
#[derive(Debug, Default, Template)]
#[template(path = "export/settings.html")]
pub struct Panel {
    first: Vec<Field>,
    rest: Vec<Field>,
    /// Where no script can draw the form anew, what may apply is shown as well.
    unscripted: Vec<Field>,
    fine: Vec<Field>,
    open: bool,
}

impl Panel {
    /// The settings that a form has under `prefix` (`export.settings`): those that apply to its data object are shown, the
    /// others wait in hidden fields, so that changing one's mind loses nothing.
    ///
    /// `lists` are those of the account, as far as they are known: List ID offers them by name.
    pub fn new(form: &Form, faults: &Faults, prefix: &str, lists: &[ListView]) -> Panel {
        let values = Values { form, prefix };
        let mut panel = Panel::default();
        for setting in in_order() {
            let look = look_of(setting);
            if !values.shows(setting) {
                if values.is_given(setting) {
                    panel.rest.push(hidden(&values.path(setting), values.text(setting)));
                }
                if values.applies(setting) {
                    // A second field of this name, for who has no script: it needs an id of its own.
                    let field = field(&values, faults, setting);
                    panel.unscripted.push(Field { id: format!("{}-plain", field.id), ..field });
                }
                continue;
            }
            let mut field = field(&values, faults, setting);
            if setting.kind == Kind::ListIds && !lists.is_empty() {
                field.help = field.help.map(|help| format!("{help} {}", said_of(&field.value, lists)));
                field.control = Control::Named(lists.iter().filter(|list| !list.dynamic).map(choice_of).collect());
            }
            let given = values.is_given(setting) && values.text(setting) != setting.default;
            match look {
                _ if setting.name == "data_object" => panel.first.push(field),
                Some(look) if !look.fine => panel.rest.push(field),
                _ => {
                    panel.open |= given || !field.faults.is_empty();
                    panel.fine.push(field);
                }
            }
        }
        // What is no setting stays where it is, so that the server can say so.
        panel.rest.extend(values.unknown().map(|(name, value)| hidden(name, value.to_owned())));
        panel
    }
}

/// The settings that a form says under `prefix`. What was left empty or has its default is left out, and so is what has no
/// effect with the data object. `max_payload` is kept whatever it is: giving it bounds the body too.
pub fn read(form: &Form, prefix: &str) -> SettingsMap {
    let values = Values { form, prefix };
    let mut map = Map::new();
    for setting in SETTINGS {
        let text = values.text(setting);
        let usual = text == setting.default && setting.name != "max_payload";
        if !text.is_empty() && !usual && values.shows(setting) {
            map.insert(setting.name.to_owned(), typed(setting, text));
        }
    }
    for (name, value) in values.unknown().filter(|(_, value)| !value.is_empty()) {
        let name = name.trim_start_matches(prefix).trim_start_matches('.');
        map.insert(name.to_owned(), Value::String(value.to_owned()));
    }
    SettingsMap(map)
}

fn choice_of(list: &ListView) -> Choice {
    Choice::new(list.id.to_string(), &list.name)
}

/// What is known of the lists that somebody names.
fn said_of(ids: &str, lists: &[ListView]) -> String {
    let named = ids.split(',').map(str::trim).filter(|id| !id.is_empty()).map(|id| {
        match lists.iter().find(|list| list.id.to_string() == id) {
            Some(list) if list.dynamic => format!("{id} is {}, a dynamic list: Pardot fills it by itself.", list.name),
            Some(list) => format!("{id} is {}.", list.name),
            None => format!("{id} is no list of the account, as it was read last."),
        }
    });
    let named: Vec<String> = named.collect();
    if named.is_empty() { "Type a part of a name to find one of the account's lists.".into() } else { named.join(" ") }
}

/// The settings in a sentence: what happens to which objects.
pub fn sentence(settings: &SettingsMap) -> String {
    let form = Form::of(settings);
    let values = Values { form: &form, prefix: "" };
    let text = |name: &str| values.said(name);
    if text("data_object") == "list_memberships" {
        let does = if text("list_membership_operation") == "delete" { "removed" } else { "made" };
        return format!("List Memberships: each row is a membership that is {does}.");
    }
    let key = if text("upsert_by_email") == "true" { "email" } else { "id, else fid, else email" };
    let lists = text("prospect_lists");
    let lists = match (lists.is_empty(), text("prospect_list_operation").as_str()) {
        (true, _) => String::new(),
        (false, "remove") => format!(" and removed from list {lists}"),
        (false, _) => format!(" and added to list {lists}"),
    };
    format!("Prospects: made or updated by {key}{lists}.")
}

/// The label of a setting; its own name where it has none.
pub(crate) fn label(name: &str) -> &str {
    LOOKS.iter().find(|look| look.name == name).map_or(name, |look| look.label)
}

/// The catalog in the order of the form; what the form does not know comes last.
fn in_order() -> impl Iterator<Item = &'static Setting> {
    let known = LOOKS.iter().filter_map(|look| Setting::find(look.name));
    known.chain(SETTINGS.iter().filter(|setting| look_of(setting).is_none()))
}

fn look_of(setting: &Setting) -> Option<&'static Look> {
    LOOKS.iter().find(|look| look.name == setting.name)
}

fn hidden(name: &str, value: String) -> Field {
    let mut form = Form::default();
    form.set(name, value);
    Field::new(&form, &Faults::none(), name, "", Control::Hidden)
}

fn field(values: &Values<'_>, faults: &Faults, setting: &'static Setting) -> Field {
    let look = look_of(setting);
    let label = look.map_or(setting.name, |look| look.label);
    let choice = |word: &str| {
        let words = look.and_then(|look| look.words.iter().find(|(value, _)| *value == word));
        Choice::new(word, words.map_or(word, |(_, words)| words))
    };
    let text = values.text(setting);
    let control = match setting.kind {
        // A value that is no choice can be shown in a menu alone.
        Kind::Choice(words) if words.len() > 1 && (text.is_empty() || words.contains(&text.as_str())) => {
            Control::Radio(words.iter().map(|word| choice(word)).collect())
        }
        Kind::Choice(words) => Control::Menu(words.iter().map(|word| choice(word)).collect()),
        Kind::Boolean => Control::Flag,
        Kind::Integer { min, max } => Control::Number { min: min.to_string(), max: max.to_string(), step: "1" },
        Kind::Seconds { min, max } => Control::Number { min: min.to_string(), max: max.to_string(), step: "any" },
        Kind::ListIds => Control::Text,
    };
    let mut field = Field::new(values.form, faults, &values.path(setting), label, control)
        .parameter(setting.name)
        .help(look.and_then(|look| look.help).unwrap_or(setting.help));
    field.value = text;
    match setting.kind {
        Kind::Choice(_) => field = field.or(setting.default).required(),
        Kind::ListIds => field = field.example("4321, 4322"),
        Kind::Boolean | Kind::Integer { .. } | Kind::Seconds { .. } => field = field.example(setting.default),
    }
    // Other fields depend on these two.
    if matches!(setting.name, "data_object" | "prospect_lists") { field.redraws() } else { field }
}

/// A value as documents have it: numbers and truth values as such.
fn typed(setting: &Setting, text: String) -> Value {
    let number = match setting.kind {
        Kind::Boolean => return text.parse().map_or(Value::String(text), Value::Bool),
        Kind::Integer { .. } => text.parse::<u64>().ok().map(Number::from),
        Kind::Seconds { .. } => {
            let whole = text.parse::<u64>().ok().map(Number::from);
            whole.or_else(|| text.parse().ok().and_then(Number::from_f64))
        }
        Kind::Choice(_) | Kind::ListIds => None,
    };
    number.map_or(Value::String(text), Value::Number)
}

/// What a form says about settings, however documents may write it.
struct Values<'a> {
    form: &'a Form,
    prefix: &'a str,
}

impl Values<'_> {
    fn path(&self, setting: &Setting) -> String {
        self.below(setting.name)
    }

    fn below(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}.{name}", self.prefix) }
    }

    fn is_given(&self, setting: &Setting) -> bool {
        !self.text(setting).is_empty()
    }

    /// The text of a setting. Documents may write a list of ids as a list, and a truth value in several ways.
    fn text(&self, setting: &Setting) -> String {
        let path = self.path(setting);
        let text = self.form.get(&path).trim();
        match setting.kind {
            Kind::ListIds if text.is_empty() => {
                let ids = self.form.under(&path);
                ids.pairs().map(|(_, id)| id.trim()).filter(|id| *id != "true").collect::<Vec<_>>().join(",")
            }
            Kind::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => "true".to_owned(),
                "false" | "0" | "no" | "off" => "false".to_owned(),
                other => other.to_owned(),
            },
            Kind::Choice(_) | Kind::Integer { .. } | Kind::Seconds { .. } | Kind::ListIds => text.to_owned(),
        }
    }

    fn text_or_default(&self, setting: &Setting) -> String {
        let text = self.text(setting);
        if text.is_empty() { setting.default.to_owned() } else { text }
    }

    /// Whether a setting has an effect with what else the form says.
    fn shows(&self, setting: &Setting) -> bool {
        let lists = || !self.said("prospect_lists").is_empty();
        self.applies(setting) && (setting.name != "prospect_list_operation" || lists())
    }

    /// Whether a setting may have an effect with the data object.
    fn applies(&self, setting: &Setting) -> bool {
        let memberships = self.said("data_object") == "list_memberships";
        match setting.applies {
            Applies::Always => true,
            Applies::Prospects => !memberships,
            Applies::ListMemberships => memberships,
        }
    }

    fn said(&self, name: &str) -> String {
        Setting::find(name).map(|setting| self.text_or_default(setting)).unwrap_or_default()
    }

    /// Names that are no setting's, with their values.
    fn unknown(&self) -> impl Iterator<Item = (&str, &str)> {
        self.form.pairs().filter(|(name, _)| {
            let inside = if self.prefix.is_empty() { Some(*name) } else { name.strip_prefix(self.prefix) };
            inside.map(|name| name.trim_start_matches('.')).is_some_and(|name| {
                let own = name.is_empty() || name.split('.').any(|part| part.starts_with('_'));
                !own && Setting::find(name.split('.').next().unwrap_or(name)).is_none()
            })
        })
    }
}

#[cfg(test)]
mod tests;
