//! One condition on an attribute or a behaviour, drawn.
//!
//! Offers only what fits: operators of the column's type, columns that an aggregation can take.

use askama::Template;
use model::ColumnType;

use super::columns::Left;
use super::condition::{AGGREGATION, FILTER, WINDOW, left_type};
use super::editor::Desk;
use super::moment::{units, ways};
use super::operator::{self, Right};
use crate::field::{Choice, Control, Field};
use crate::form::Form;

/// What a condition compares.
#[derive(Debug, Template)]
#[template(path = "segments/test.html")]
pub(super) struct Test {
    exclude: Field,
    left: Field,
    /// What becomes of a behaviour's events.
    summary: Vec<Field>,
    filters: Option<Filters>,
    comparison: Vec<Field>,
}

#[derive(Debug)]
struct Filters {
    list: String,
    join: Option<Field>,
    items: Vec<(String, Vec<Field>)>,
}

impl Test {
    pub(super) fn new(desk: &Desk<'_>, at: &str, exclude: Field) -> Test {
        let name = |part: &str| format!("{at}.{part}");
        let under = desk.form.under(at);
        let now = under.get("leftValue").to_owned();
        let chosen = Left::of(&now);
        let (summary, filters) = match chosen {
            Left::Behavior(behavior) => (desk.summary(at, behavior), Some(desk.filters(at, behavior))),
            Left::Nothing | Left::Attribute(_) => (Vec::new(), None),
        };
        let of = left_type(&under, desk.columns);
        let mut comparison = Vec::new();
        if chosen != Left::Nothing {
            let listed = of.filter(|_| matches!(chosen, Left::Attribute(_)));
            desk.comparison(&name("operator"), &name("arrayMatching"), of, listed, &mut comparison);
        }
        let menu = Control::Menu(desk.columns.menu(chosen));
        let mut left = desk.field(&name("leftValue"), "Attribute or behavior", menu).redraws();
        left.faults.extend(desk.faults.below(&name("leftValue")));
        Test { exclude, left, summary, filters, comparison }
    }

    /// What its fields say as they are drawn.
    pub(super) fn says(&self) -> Form {
        let filters = self.filters.iter();
        let filters =
            filters.flat_map(|filters| filters.join.iter().chain(filters.items.iter().flat_map(|(_, fields)| fields)));
        let fields =
            [&self.exclude, &self.left].into_iter().chain(&self.summary).chain(filters).chain(&self.comparison);
        let mut form = Form::default();
        for field in fields {
            let first = match &field.control {
                // A menu says its first entry where none has the value.
                Control::Menu(choices) if field.value.is_empty() => {
                    let empty = choices.iter().any(|choice| choice.value.is_empty());
                    choices.first().filter(|_| !empty).map(|first| first.value.clone())
                }
                _ => None,
            };
            form.set(&field.name, first.unwrap_or_else(|| field.value.clone()));
        }
        form
    }
}

impl Desk<'_> {
    fn summary(&self, at: &str, behavior: &str) -> Vec<Field> {
        let name = |part: &str| format!("{at}.{part}");
        let words = [
            ("Count", "how many there are"),
            ("CountDistinct", "how many different"),
            ("Sum", "the sum of"),
            ("Min", "the smallest"),
            ("Max", "the largest"),
            ("Average", "the average of"),
            ("First", "the first"),
            ("Last", "the last"),
        ];
        let choices = words.map(|(word, words)| Choice::new(word, words)).to_vec();
        let kind = name(&format!("{AGGREGATION}.type"));
        let aggregation = self.field(&kind, "Of its events", Control::Menu(choices)).redraws().or("Count");
        let word = aggregation.value.clone();
        let mut fields = vec![aggregation];
        let number = |of: ColumnType| of == ColumnType::Number;
        if word != "Count" {
            let columns = match word.as_str() {
                "Sum" | "Average" => self.columns.events(behavior, number),
                _ => self.columns.events(behavior, |of| of.element().is_none()),
            };
            fields
                .push(self.field(&name(&format!("{AGGREGATION}.column")), "Column", Control::Menu(columns)).redraws());
        }
        if matches!(word.as_str(), "First" | "Last") {
            let columns = self.columns.events(behavior, |of| of.element().is_none());
            fields.push(self.field(
                &name(&format!("{AGGREGATION}.orderColumn")),
                "In the order of",
                Control::Menu(columns),
            ));
        }
        let mut window = self.field(&name(&format!("{WINDOW}.number")), "Within the past", Control::Text);
        window.required = false;
        window.faults.extend(self.faults.below(&name(WINDOW)));
        fields.push(window);
        fields.push(self.unit(&name(&format!("{WINDOW}.unit")), true));
        let mut groups = self.columns.events(behavior, |of| of.element().is_none());
        "nothing: all together".clone_into(&mut groups[0].words);
        let at_group = name(&format!("{AGGREGATION}.groupingColumns"));
        let groups = self.field(&at_group, "For each", Control::Menu(groups));
        fields.push(Field { required: false, ..groups });
        let first = &mut fields[0];
        first.faults.extend(self.faults.below(&name(AGGREGATION)));
        fields
    }

    fn filters(&self, at: &str, behavior: &str) -> Filters {
        let list = format!("{at}.{FILTER}.conditions");
        let mut items = Vec::new();
        for index in 0..self.form.count(&list) {
            let at = format!("{list}.{index}");
            let column = format!("{at}.column");
            let of = self.columns.event(behavior, self.form.get(&column));
            let mut columns = self.columns.events(behavior, |_| true);
            let known = self.columns.behavior(behavior);
            if known.is_some_and(|known| {
                known.time.is_some() && !known.columns.iter().any(|column| column.name == "timestamp")
            }) {
                columns.push(Choice::new("timestamp", "timestamp (time of the event)"));
            }
            let mut fields = vec![self.field(&column, "Column", Control::Menu(columns)).redraws()];
            if !fields[0].value.is_empty() {
                self.comparison(&format!("{at}.operator"), &format!("{at}.arrayMatching"), of, of, &mut fields);
            }
            fields[0].faults.extend(self.faults.below(&at));
            items.push((at, fields));
        }
        let join = (items.len() > 1).then(|| {
            let choices = vec![Choice::new("And", "All of these"), Choice::new("Or", "Any of these")];
            self.field(&format!("{at}.{FILTER}.type"), "Events must satisfy", Control::Menu(choices)).or("And")
        });
        Filters { list, join, items }
    }

    fn unit(&self, name: &str, many: bool) -> Field {
        self.field(name, "Unit", Control::Menu(units(many))).or("day")
    }

    /// The operator and what stands on its right.
    fn comparison(
        &self,
        at: &str,
        matching: &str,
        of: Option<ColumnType>,
        listed: Option<ColumnType>,
        fields: &mut Vec<Field>,
    ) {
        if listed.is_some_and(|of| of.element().is_some()) || listed.is_none() && !self.form.get(matching).is_empty() {
            self.matching(matching, fields);
        }
        let menu = operator::menu(of, self.form.get(at));
        let first = menu.first().map(|choice| choice.value.clone()).unwrap_or_default();
        let operator = self.field(at, "Operator", Control::Menu(menu)).redraws().or(&first);
        let name = operator::word(&operator.value).0.to_owned();
        let place = fields.len();
        fields.push(operator);
        let below = |part: &str| format!("{at}.{part}");
        let element = of.map(|of| of.element().unwrap_or(of));
        match operator::right(&name) {
            Right::Nothing => {}
            Right::One => self.value(&below("rightValue"), "Value", element, fields),
            Right::Pattern => fields.push(self.below(&below("rightValue"), "Regular expression", Control::Text)),
            Right::Many => {
                let values = self.below(&below("rightValues"), "Values", Control::Area { rows: 3 });
                fields.push(values.help("One on each line."));
            }
            Right::Two => {
                self.value(&below("minValue"), "From", element, fields);
                self.value(&below("maxValue"), "To", element, fields);
            }
            Right::Unit => fields.push(self.unit(&below("unit"), false)),
            Right::Length => {
                fields.push(self.below(&below("value"), "How many", Control::Text));
                fields.push(self.unit(&below("unit"), true));
            }
            Right::Span => {
                fields.push(self.below(&below("value"), "How many", Control::Text));
                fields.push(self.unit(&below("unit"), true));
                let ways = vec![Choice::new("false", "after"), Choice::new("true", "before")];
                fields.push(self.field(&below("reverse"), "It lies", Control::Menu(ways)).or("false"));
                self.moment(&below("from"), "Moment", fields);
            }
            Right::Moments => {
                self.moment(&below("from"), "From", fields);
                self.moment(&below("to"), "Until", fields);
            }
        }
        fields[place].faults.extend(self.faults.below(at));
    }

    fn matching(&self, at: &str, fields: &mut Vec<Field>) {
        let choices = vec![
            Choice::new("any", "any element"),
            Choice::new("all", "all elements"),
            Choice::new("atLeast", "at least so many"),
            Choice::new("atMost", "at most so many"),
            Choice::new("exactly", "exactly so many"),
        ];
        let mut field = self.field(at, "Of the list", Control::Menu(choices)).redraws().or("any");
        let counted = matches!(field.value.as_str(), "atLeast" | "atMost" | "exactly");
        field.faults.extend(self.faults.below(at));
        fields.push(field);
        if counted {
            fields.push(self.below(&format!("{at}.number"), "Elements", Control::Text));
        }
    }

    /// A field with everything that is wrong at it and below it.
    fn below(&self, name: &str, label: &str, control: Control) -> Field {
        let mut field = self.field(name, label, control);
        field.faults.extend(self.faults.below(name));
        field
    }

    fn value(&self, at: &str, label: &str, of: Option<ColumnType>, fields: &mut Vec<Field>) {
        match of {
            Some(ColumnType::Boolean) => {
                let choices = vec![Choice::new("true", "yes"), Choice::new("false", "no")];
                fields.push(self.below(at, label, Control::Menu(choices)).or("true"));
            }
            None | Some(ColumnType::Timestamp | ColumnType::Date) => self.moment(at, label, fields),
            Some(_) => fields.push(self.below(at, label, Control::Text)),
        }
    }

    fn moment(&self, at: &str, label: &str, fields: &mut Vec<Field>) {
        let how = self.field(&format!("{at}.how"), label, Control::Menu(ways())).redraws().or("at");
        let relative = how.value != "at";
        fields.push(how);
        if relative {
            fields.push(self.below(&format!("{at}.number"), "How many", Control::Text));
            fields.push(self.unit(&format!("{at}.unit"), true));
            let place = fields.len() - 2;
            fields[place].faults.extend(self.faults.below(at));
        } else {
            fields.push(self.below(at, "Date or time", Control::Text).example("2026-11-23 02:00"));
        }
    }
}
