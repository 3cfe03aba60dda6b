//! The definition of a parent segment in a form: its tables, what is joined to them, when it is refreshed, who is told.
//!
//! Knows how it looks. Tables and their columns are menus, as far as they are known.

use std::collections::BTreeMap;

use api::{Column, CronExplanation};
use askama::Template;
use model::ColumnType;

use super::check::Checked;
use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::{Choice, Control, Field};
use crate::form::Form;
use crate::newer::Newer;
use crate::zones::ZONES;
use crate::{notify, schedule, segments};

/// The tables that there are, and the columns of those that the form names.
#[derive(Debug, Default)]
pub struct Known {
    /// Names of tables.
    pub tables: Vec<String>,
    /// Columns by table.
    pub columns: BTreeMap<String, Vec<Column>>,
    /// What the schedule in the form means.
    pub explained: Option<CronExplanation>,
}

/// The page of the definition.
#[derive(Debug, Template)]
#[template(path = "parent_segments/definition.html")]
pub struct Definition {
    chrome: Chrome,
    summary: Summary,
    /// The name that it is saved under, and the address of its page.
    saved: Option<(String, String)>,
    action: String,
    revision: Field,
    first: Vec<Field>,
    master: Vec<Field>,
    filters: Vec<Item>,
    attributes: Vec<Item>,
    behaviors: Vec<Behavior>,
    schedule: schedule::Panel,
    notify: Vec<Field>,
    no_tables: bool,
    checked: Option<Checked>,
    newer: Option<Newer>,
}

#[derive(Debug)]
struct Item {
    at: String,
    title: String,
    fields: Vec<Field>,
    /// Whether it has a table whose other columns can be added too.
    joined: bool,
}

#[derive(Debug)]
struct Behavior {
    item: Item,
    columns: Vec<Item>,
}

impl Definition {
    /// The page. `saved` is the name that it is saved under.
    pub fn new(
        chrome: Chrome,
        (form, faults): (&Form, &Faults),
        known: &Known,
        saved: Option<String>,
        checked: Option<Checked>,
        newer: Option<Newer>,
    ) -> Definition {
        let draft = Draft { form, faults, known };
        let page = saved.map(|name| (format!("/parent-segments/{}", crate::part(&name)), name));
        let action = page.as_ref().map_or_else(|| "/new/parent-segment".into(), |(page, _)| format!("{page}/edit"));
        let first = draft.first();
        let (master, filters) = (draft.master(), draft.filters());
        let (attributes, behaviors) = (draft.attributes(), draft.behaviors());
        let schedule = schedule::Panel::new(form, faults, "schedule", known.explained.as_ref());
        let notify = notify::fields(form, faults, "notify");
        Definition {
            chrome,
            action,
            saved: page.map(|(page, name)| (name, page)),
            revision: Field::new(form, faults, "_revision", "", Control::Hidden),
            first,
            master,
            filters,
            attributes,
            behaviors,
            schedule,
            notify,
            no_tables: known.tables.is_empty(),
            checked,
            newer,
            summary: faults.summary(),
        }
    }

    fn copied(&self) -> Copied {
        let words = match &self.saved {
            Some((name, _)) => ["parent-segments", "show", name],
            None => ["parent-segments", "check", "parent-segment.yaml"],
        };
        Copied::command(&words, &self.chrome.server)
    }

    fn title(&self) -> &str {
        self.saved.as_ref().map_or("New parent segment", |(name, _)| name)
    }
}

struct Draft<'a> {
    form: &'a Form,
    faults: &'a Faults,
    known: &'a Known,
}

impl Draft<'_> {
    fn field(&self, name: &str, label: &str, control: Control) -> Field {
        Field::new(self.form, self.faults, name, label, control)
    }

    /// The tables in a menu.
    fn table(&self, name: &str, label: &str, none: &str) -> Field {
        let mut choices = vec![Choice::new("", none)];
        choices.extend(self.known.tables.iter().map(|table| Choice::new(table.clone(), table.clone())));
        self.field(name, label, Control::Menu(choices)).redraws()
    }

    /// The columns of a table in a menu; a line of text where they are not known.
    fn column(&self, name: &str, label: &str, table: &str, none: &str) -> Field {
        let Some(columns) = self.known.columns.get(table).filter(|columns| !columns.is_empty()) else {
            return self.field(name, label, Control::Text);
        };
        let mut choices = vec![Choice::new("", none)];
        choices.extend(
            columns
                .iter()
                .map(|column| Choice::new(column.name.clone(), format!("{} ({})", column.name, column.r#type))),
        );
        self.field(name, label, Control::Menu(choices))
    }

    fn kind(&self, name: &str) -> Field {
        let mut choices = vec![Choice::new("", "as its column has it")];
        choices.extend(ColumnType::ALL.into_iter().map(|of| Choice::new(of.name(), segments::words(of))));
        self.field(name, "Type", Control::Menu(choices))
    }

    fn first(&self) -> Vec<Field> {
        let zones = Control::Suggest(ZONES.iter().map(|zone| (*zone).to_owned()).collect());
        vec![
            Field { id: "f-parent-name".into(), ..self.field("name", "Name", Control::Text).required() },
            self.field("description", "Description", Control::Area { rows: 2 }),
            self.field("owner", "Owner", Control::Text)
                .help("A mail address. It hears of every failed activation of its segments.")
                .example("crm@example.com"),
            self.field("timezone", "Time zone", zones)
                .help("Where days begin for rules. UTC when it is empty.")
                .example("UTC"),
        ]
    }

    fn master(&self) -> Vec<Field> {
        let table = self.form.get("master.table");
        vec![
            self.table("master.table", "Master table", "Choose a table…")
                .required()
                .help("Each of its rows is a profile."),
            self.column("master.key", "Key", table, "Choose a column…")
                .required()
                .help("The column that tells profiles apart: one row for each value."),
        ]
    }

    fn items(&self, list: &str) -> impl Iterator<Item = (usize, String)> + use<> {
        let list = list.to_owned();
        (0..self.form.count(&list)).map(move |index| (index + 1, format!("{list}.{index}")))
    }

    /// Puts what is wrong with an item as a whole beside its first field.
    fn item(&self, at: String, title: String, mut fields: Vec<Field>) -> Item {
        if let Some(field) = fields.first_mut() {
            field.faults.extend(self.faults.below(&at));
        }
        let joined = !self.form.get(&format!("{at}.table")).is_empty();
        Item { at, title, fields, joined }
    }

    fn filters(&self) -> Vec<Item> {
        let table = self.form.get("master.table");
        let filters = self.items("master.filters").map(|(number, at)| {
            let mut values = self.field(&format!("{at}.values"), "Values", Control::Area { rows: 3 }).required();
            values.faults.extend(self.faults.below(&format!("{at}.values")));
            let fields = vec![
                self.column(&format!("{at}.column"), "Column", table, "Choose a column…").required(),
                values.help("One on each line. Rows with any of them are profiles."),
                Field::new(self.form, &Faults::none(), &format!("{at}._kept"), "", Control::Hidden),
            ];
            self.item(at, format!("filter {number}"), fields)
        });
        filters.collect()
    }

    /// How a table is joined.
    fn keys(&self, at: &str, table: &str, fields: &mut Vec<Field>) {
        let master = self.form.get("master.table");
        let key = Some(self.form.get("master.key")).filter(|key| !key.is_empty()).unwrap_or("the master's key");
        fields.push(self.column(
            &format!("{at}.parent_key"),
            "Its key",
            table,
            &format!("{key} (as in the master table)"),
        ));
        fields.push(self.column(&format!("{at}.foreign_key"), "Master column", master, key));
    }

    fn attributes(&self) -> Vec<Item> {
        let attributes = self.items("attributes").map(|(number, at)| {
            let name = |part: &str| format!("{at}.{part}");
            let (own, master) = (self.form.get(&name("table")), self.form.get("master.table"));
            let table = if own.is_empty() { master } else { own };
            let none =
                if master.is_empty() { "the master table".to_owned() } else { format!("{master} (master table)") };
            let mut fields = vec![
                self.table(&name("table"), "Table", &none),
                self.column(&name("column"), "Column", table, "the column of the attribute's name"),
                self.field(&name("name"), "Attribute name", Control::Text).help("Its column's name when it is empty."),
            ];
            if !own.is_empty() {
                self.keys(&at, own, &mut fields);
            }
            fields.push(self.kind(&name("type")));
            fields.push(self.field(&name("group"), "Group", Control::Text).example(own));
            self.item(at.clone(), format!("attribute {number}"), fields)
        });
        attributes.collect()
    }

    fn behaviors(&self) -> Vec<Behavior> {
        let behaviors = self.items("behaviors").map(|(number, at)| {
            let name = |part: &str| format!("{at}.{part}");
            let table = self.form.get(&name("table")).to_owned();
            let columns = self.items(&name("columns")).map(|(number, at)| {
                let fields = vec![
                    self.column(&format!("{at}.column"), "Column", &table, "the column of this name"),
                    self.field(&format!("{at}.name"), "Name in rules", Control::Text)
                        .help("Its column's name when it is empty."),
                    self.kind(&format!("{at}.type")),
                ];
                self.item(at, format!("column {number}"), fields)
            });
            let columns = columns.collect();
            let mut fields = vec![
                self.table(&name("table"), "Table of events", "Choose a table…").required(),
                self.field(&name("name"), "Behavior name", Control::Text).required().example("orders"),
                self.column(&name("time"), "When an event was", &table, "the column time, where there is one"),
            ];
            self.keys(&at, &table, &mut fields);
            Behavior { item: self.item(at, format!("behavior {number}"), fields), columns }
        });
        behaviors.collect()
    }
}
