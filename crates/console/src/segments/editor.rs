//! The rule of a segment, drawn as groups of conditions.
//!
//! Knows how a rule looks; what its fields mean is `rule`'s and `condition`'s.

use askama::Template;

use super::columns::Columns;
use super::rule::{self, Kind, RULE};
use super::test::Test;
use crate::faults::Faults;
use crate::field::{Choice, Control, Field};
use crate::form::Form;

/// Another segment that a rule may refer to: its number and its name.
pub type Other = (u64, String);

/// What conditions are drawn with.
pub(super) struct Desk<'a> {
    pub(super) form: &'a Form,
    pub(super) faults: &'a Faults,
    pub(super) columns: &'a Columns,
    pub(super) others: &'a [Other],
}

impl Desk<'_> {
    /// A field that must be filled in.
    pub(super) fn field(&self, name: &str, label: &str, control: Control) -> Field {
        Field::new(self.form, self.faults, name, label, control).required()
    }

    /// A hidden field, where the form has a value for it.
    pub(super) fn hidden(&self, name: &str) -> Field {
        Field { faults: Vec::new(), ..Field::new(self.form, &Faults::none(), name, "", Control::Hidden) }
    }
}

/// The rule in a form.
#[derive(Debug, Template)]
#[template(path = "segments/rule.html")]
pub struct Editor {
    json: Option<Field>,
    mark: Field,
    root: Option<Group>,
    limit: Vec<Field>,
    orders: Vec<(String, Vec<Field>)>,
    ordered: bool,
}

#[derive(Debug, Template)]
#[template(path = "segments/group.html")]
struct Group {
    at: String,
    id: String,
    title: String,
    join: Field,
    expr: Option<Field>,
    kept: Vec<Field>,
    faults: Vec<api::Place>,
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    at: String,
    words: String,
    label: String,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Group(Box<Group>),
    Condition(Box<Condition>),
}

#[derive(Debug, Template)]
#[template(path = "segments/condition.html")]
struct Condition {
    id: String,
    fields: Vec<Field>,
    test: Option<Test>,
    faults: Vec<api::Place>,
}

impl Editor {
    /// The rule that stands in a form.
    pub fn new(form: &Form, faults: &Faults, columns: &Columns, others: &[Other]) -> Editor {
        let desk = Desk { form, faults, columns, others };
        let mark = desk.hidden("_json");
        if rule::is_json(form) {
            let mut json = desk.field(RULE, "Rule as JSON", Control::Area { rows: 24 });
            json.faults.extend(faults.below(RULE));
            let json = json.help("The JSON of Treasure Data's rules. It is saved as it stands here.");
            return Editor {
                json: Some(json),
                mark,
                root: None,
                limit: Vec::new(),
                orders: Vec::new(),
                ordered: false,
            };
        }
        let (limit, orders) = desk.limit();
        let ordered = !form.get("rule.limit.type").is_empty();
        Editor { json: None, mark, root: Some(desk.group(RULE, "", 1)), limit, orders, ordered }
    }
}

/// The letter that an expression names a condition by.
pub(super) fn letter(index: usize) -> String {
    u8::try_from(index)
        .ok()
        .filter(|index| *index < 26)
        .map_or_else(|| (index + 1).to_string(), |index| char::from(b'A' + index).to_string())
}

impl Desk<'_> {
    fn group(&self, at: &str, label: &str, depth: usize) -> Group {
        let composite = self.form.get(&format!("{at}.type")) == "Composite";
        let choices = vec![
            Choice::new("And", "All of these"),
            Choice::new("Or", "Any of these"),
            Choice::new("Composite", "As an expression says"),
        ];
        let join =
            self.field(&format!("{at}.type"), "Profiles must satisfy", Control::Menu(choices)).redraws().or("And");
        let expr = composite.then(|| {
            self.field(&format!("{at}.expr"), "Expression", Control::Text)
                .help("and, or, not and parentheses over the letters of the conditions.")
                .example("A and (B or not C)")
        });
        let list = format!("{at}.conditions");
        let members = (0..self.form.count(&list)).map(|index| {
            let letter = letter(index);
            let label = if label.is_empty() { letter } else { format!("{label}.{letter}") };
            self.member(&format!("{list}.{index}"), label, depth)
        });
        let members = members.collect();
        let title = if label.is_empty() { "Rule".to_owned() } else { format!("Group {label}") };
        let kept = [format!("{at}.kind"), format!("{at}._kept")].map(|name| self.hidden(&name)).to_vec();
        let id = crate::field::id_of(at);
        Group { at: at.to_owned(), id, title, join, expr, kept, faults: self.faults.below(at), members }
    }

    fn member(&self, at: &str, label: String, depth: usize) -> Member {
        let kind = Kind::of(self.form, at);
        if kind == Kind::Group {
            let group = self.group(at, &label, depth + 1);
            let words = format!("group {label}");
            return Member { at: at.to_owned(), words, label, body: Body::Group(Box::new(group)) };
        }
        let mut fields = [format!("{at}.kind"), format!("{at}._kept")].map(|name| self.hidden(&name)).to_vec();
        let mut test = None;
        match kind {
            Kind::Segment => {
                fields.push(self.exclusion(at));
                fields.push(self.reference(at));
            }
            Kind::Json => {
                let name = format!("{at}.json");
                let mut json = self.field(&name, "Condition as JSON", Control::Area { rows: 10 });
                json.faults.extend(self.faults.below(at));
                fields.push(json.help("It says more than fields can show. It is saved as it stands here."));
            }
            _ => {
                test = Some(Test::new(self, at, self.exclusion(at)));
            }
        }
        let faults = self.faults.below(at);
        let words = format!("condition {label}");
        let condition = Condition { id: crate::field::id_of(at), fields, test, faults };
        Member { at: at.to_owned(), words, label, body: Body::Condition(Box::new(condition)) }
    }

    pub(super) fn exclusion(&self, at: &str) -> Field {
        let choices = vec![Choice::new("false", "Include"), Choice::new("true", "Exclude")];
        self.field(&format!("{at}.exclude"), "Profiles", Control::Menu(choices)).or("false")
    }

    fn reference(&self, at: &str) -> Field {
        let mut choices = vec![Choice::new("", "Choose…")];
        choices.extend(self.others.iter().map(|(number, name)| Choice::new(number.to_string(), name.clone())));
        let mut field = self.field(&format!("{at}.id"), "Of the segment", Control::Menu(choices));
        field.faults.extend(self.faults.below(&format!("{at}.id")));
        field
    }

    fn limit(&self) -> (Vec<Field>, Vec<(String, Vec<Field>)>) {
        let name = |part: &str| format!("{RULE}.limit.{part}");
        let choices = vec![
            Choice::new("", "None: all profiles that satisfy the rule"),
            Choice::new("Count", "At most so many of them"),
            Choice::new("Percent", "At most so many percent of them"),
        ];
        let kind = Field::new(self.form, self.faults, &name("type"), "Limit", Control::Menu(choices)).redraws();
        let kept = self.hidden(&name("_kept"));
        if kind.value.is_empty() {
            return (vec![kind], Vec::new());
        }
        let mut number = self.field(&name("number"), "How many", Control::Text);
        let list = name("orderColumns");
        let mut orders = Vec::new();
        for index in 0..self.form.count(&list) {
            let at = format!("{list}.{index}");
            let mut columns = vec![Choice::new("", "Choose…")];
            columns.extend(
                self.columns.attributes.iter().map(|column| Choice::new(column.name.clone(), column.name.clone())),
            );
            let mut column = self.field(&format!("{at}.column"), "First by", Control::Menu(columns));
            let ways = vec![Choice::new("ascending", "Smallest first"), Choice::new("descending", "Largest first")];
            let order = self.field(&format!("{at}.order"), "Order", Control::Menu(ways)).or("ascending");
            column.faults.extend(self.faults.below(&at));
            orders.push((at, vec![column, order]));
        }
        number.faults.extend(self.faults.below(&format!("{RULE}.limit")));
        (vec![kind, number, kept], orders)
    }
}
