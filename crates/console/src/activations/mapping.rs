//! The Output Mapping panel: attribute columns, strings, columns of behaviours.
//!
//! Knows how the mapping looks; what it means is the model's.

use api::{AudienceColumn, Place};
use askama::Template;

use super::document::{BEHAVIORS, COLUMNS, is_string, items};
use crate::faults::Faults;
use crate::field::{Choice, Control, Field};
use crate::form::Form;
use crate::segments::{Columns, words};
use crate::zones::ZONES;

/// The panel.
#[derive(Debug, Template)]
#[template(path = "activations/mapping.html")]
pub(super) struct Mapping {
    all: Field,
    columns: Vec<Line>,
    behaviors: Vec<Behavior>,
    more: bool,
    faults: Vec<Place>,
}

#[derive(Debug)]
struct Line {
    at: String,
    title: String,
    fields: Vec<Field>,
    /// The parameters of a string; nothing for a column.
    parameters: Option<Vec<Line>>,
}

#[derive(Debug)]
struct Behavior {
    line: Line,
    orders: Vec<Line>,
    columns: Vec<Line>,
}

struct Draft<'a> {
    form: &'a Form,
    faults: &'a Faults,
    columns: &'a Columns,
    /// Fields of the target, to be suggested.
    targets: &'a [String],
}

impl Mapping {
    /// The mapping that a form says.
    pub(super) fn new(form: &Form, faults: &Faults, columns: &Columns, targets: &[String]) -> Mapping {
        let draft = Draft { form, faults, columns, targets };
        let choices = vec![
            Choice::new("true", "Export All Columns")
                .help("Every column of the profile under its own name, without changes."),
            Choice::new("false", "Only the columns that I add").help("Choose columns, rename them, and add strings."),
        ];
        let all = Field::new(form, faults, "output.all_columns", "Attribute Columns", Control::Radio(choices))
            .or("false")
            .redraws();
        let columns = items(form, COLUMNS).enumerate().map(|(index, at)| draft.line(at, index + 1)).collect();
        let behaviors = items(form, BEHAVIORS).enumerate().map(|(index, at)| draft.behavior(at, index + 1)).collect();
        let more = !draft.columns.behaviors.is_empty() && form.count(BEHAVIORS) < 4;
        Mapping { all, columns, behaviors, more, faults: faults.below("output") }
    }
}

impl Draft<'_> {
    fn field(&self, name: &str, label: &str, control: Control) -> Field {
        Field::new(self.form, self.faults, name, label, control)
    }

    fn hidden(&self, name: &str) -> Field {
        Field::new(self.form, &Faults::none(), name, "", Control::Hidden)
    }

    fn menu(columns: &[AudienceColumn]) -> Control {
        let mut choices = vec![Choice::new("", "Choose…")];
        let said = |column: &AudienceColumn| format!("{} ({})", column.name, words(column.r#type));
        choices.extend(columns.iter().map(|column| Choice::new(column.name.clone(), said(column))));
        Control::Menu(choices)
    }

    fn source(&self, at: &str, columns: &[AudienceColumn]) -> Vec<Field> {
        let name = |part: &str| format!("{at}.{part}");
        vec![
            self.field(&name("source.column"), "Source column", Draft::menu(columns)).required().redraws(),
            self.target(&name("column")),
            self.hidden(&name("_was")),
            self.hidden(&name("id")),
            self.hidden(&name("kind")),
        ]
    }

    fn target(&self, name: &str) -> Field {
        self.field(name, "Output Column Name", Control::Suggest(self.targets.to_vec())).required()
    }

    /// What is wrong with a line as a whole stands beside its first field.
    fn whole(&self, at: String, title: String, mut fields: Vec<Field>, parameters: Option<Vec<Line>>) -> Line {
        if let Some(field) = fields.first_mut() {
            field.faults.extend(self.faults.below(&at));
        }
        Line { at, title, fields, parameters }
    }

    fn line(&self, at: String, number: usize) -> Line {
        if !is_string(self.form, &at) {
            let fields = self.source(&at, &self.columns.attributes);
            return self.whole(at, format!("column {number}"), fields, None);
        }
        let name = |part: &str| format!("{at}.{part}");
        let list = name("source.parameters");
        let parameters = items(self.form, &list).enumerate().map(|(index, at)| self.parameter(at, index + 1));
        let parameters = parameters.collect();
        let fields = vec![
            self.target(&name("column")),
            self.field(&name("source.string"), "Text", Control::Area { rows: 1 })
                .help(
                    "$1, $2 stand for the values below, $$ for a dollar. Without a text the values follow each other.",
                )
                .example("$1 ($2)"),
            self.hidden(&name("id")),
            self.hidden(&name("kind")),
        ];
        self.whole(at, format!("String Builder, string {number}"), fields, Some(parameters))
    }

    fn parameter(&self, at: String, number: usize) -> Line {
        let name = |part: &str| format!("{at}.{part}");
        let choices = vec![
            Choice::new("String", "String"),
            Choice::new("Timestamp", "Timestamp"),
            Choice::new("SegmentId", "Segment Id"),
            Choice::new("SegmentName", "Segment Name"),
            Choice::new("AudienceId", "Audience Id"),
        ];
        let label = format!("Value ${number}");
        let mut fields =
            vec![self.field(&name("type"), &label, Control::Menu(choices)).required().redraws().or("String")];
        match fields[0].value.as_str() {
            "String" => fields.push(self.field(&name("string"), "Any text", Control::Area { rows: 1 }).required()),
            "Timestamp" => {
                let zones = Control::Suggest(ZONES.iter().map(|zone| (*zone).to_owned()).collect());
                let format = self.field(&name("format"), "Format", Control::Text).example("yyyy-MM-dd HH:mm:ss");
                fields.push(format.help("The date and time of the export."));
                fields.push(self.field(&name("timezone"), "Time zone", zones).example("UTC"));
            }
            _ => {}
        }
        self.whole(at, format!("value {number}"), fields, None)
    }

    fn behavior(&self, at: String, number: usize) -> Behavior {
        let name = |part: &str| format!("{at}.{part}");
        let mut choices = vec![Choice::new("", "Choose…")];
        choices.extend(
            self.columns.behaviors.iter().map(|behavior| Choice::new(behavior.name.clone(), behavior.name.clone())),
        );
        let joins = vec![
            Choice::new("last", "the last event"),
            Choice::new("first", "the first event"),
            Choice::new("top", "so many of the first events"),
            Choice::new("all", "all events, a row each"),
        ];
        let mut fields = vec![
            self.field(&name("behavior"), "Behavior", Control::Menu(choices)).required().redraws(),
            self.field(&name("join"), "Of each profile", Control::Menu(joins)).required().redraws().or("last"),
        ];
        if fields[1].value == "top" {
            fields.push(
                self.field(
                    &name("rows"),
                    "How many",
                    Control::Number { min: "1".into(), max: "100".into(), step: "1" },
                )
                .required(),
            );
            let ways = vec![
                Choice::new("", "columns of its own"),
                Choice::new("cols", "columns of its own (cols)"),
                Choice::new("rows", "a row of its own"),
            ];
            fields.push(self.field(&name("formatting"), "Each event has", Control::Menu(ways)));
        }
        let behavior = self.form.get(&name("behavior")).to_owned();
        let known = self.columns.behaviors.iter().find(|known| known.name == behavior.trim_start_matches("behavior_"));
        let events = known.map(|known| known.columns.as_slice()).unwrap_or_default();
        let columns = items(self.form, &name("columns")).enumerate().map(|(index, at)| {
            let fields = self.source(&at, events);
            self.whole(at, format!("column {} of behavior {number}", index + 1), fields, None)
        });
        let columns = columns.collect();
        let orders = items(self.form, &name("order_by")).enumerate().map(|(index, at)| {
            let ways = vec![
                Choice::new("", "smallest first"),
                Choice::new("ascending", "smallest first (ascending)"),
                Choice::new("descending", "largest first"),
            ];
            let fields = vec![
                self.field(&format!("{at}.column"), "In the order of", Draft::menu(events)).required(),
                self.field(&format!("{at}.order"), "Order", Control::Menu(ways)),
            ];
            self.whole(at, format!("order {} of behavior {number}", index + 1), fields, None)
        });
        let orders = orders.collect();
        Behavior { line: self.whole(at, format!("behavior {number}"), fields, None), orders, columns }
    }
}
