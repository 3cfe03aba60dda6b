//! What conditions can be about: the columns of a profile and its behaviours.
//!
//! Knows names and types; not rules.

use api::{AudienceBehavior, AudienceColumn};
use model::ColumnType;

use crate::field::Choice;

/// The columns and behaviours of a parent segment, as far as they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// The columns of a profile.
    pub attributes: Vec<AudienceColumn>,
    /// The behaviours.
    pub behaviors: Vec<AudienceBehavior>,
}

/// What stands on the left of a condition, as the menu says it: `a:country`, `b:orders`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left<'a> {
    Nothing,
    Attribute(&'a str),
    Behavior(&'a str),
}

impl<'a> Left<'a> {
    pub(super) fn of(text: &'a str) -> Left<'a> {
        match text.split_once(':') {
            Some(("a", name)) => Left::Attribute(name),
            Some(("b", name)) => Left::Behavior(name),
            _ => Left::Nothing,
        }
    }
}

impl Columns {
    /// How many choices a menu of them has.
    pub(super) fn count(&self) -> usize {
        self.attributes.len() + self.behaviors.len()
    }

    pub(super) fn attribute(&self, name: &str) -> Option<ColumnType> {
        self.attributes.iter().find(|column| column.name == name).map(|column| column.r#type)
    }

    /// A behaviour, by its name or with `behavior_` before it.
    pub(super) fn behavior(&self, name: &str) -> Option<&AudienceBehavior> {
        let find = |name: &str| self.behaviors.iter().find(|behavior| behavior.name == name);
        find(name).or_else(|| name.strip_prefix("behavior_").and_then(find))
    }

    /// What a column of a behaviour holds; `timestamp` is the time of the event.
    pub(super) fn event(&self, behavior: &str, column: &str) -> Option<ColumnType> {
        let behavior = self.behavior(behavior)?;
        let find = |name: &str| behavior.columns.iter().find(|column| column.name == name).map(|column| column.r#type);
        find(column).or_else(|| behavior.time.as_deref().filter(|_| column == "timestamp").and_then(find))
    }

    /// Attributes and behaviours in a menu. `now` is what is chosen: a name that is not known is kept as it is.
    pub(super) fn menu(&self, now: Left<'_>) -> Vec<Choice> {
        let mut choices = vec![Choice::new("", "Choose…")];
        for column in &self.attributes {
            let group = column.group.as_deref().map(|group| format!("{group}: ")).unwrap_or_default();
            let words = format!("{group}{} ({})", column.name, words(column.r#type));
            choices.push(Choice::new(format!("a:{}", column.name), words));
        }
        let prefixed = matches!(now, Left::Behavior(name) if !self.behaviors.iter().any(|known| known.name == name));
        for behavior in &self.behaviors {
            // A rule may write behavior_ before the name: it is left as it was.
            let value = match now {
                Left::Behavior(name) if prefixed && self.behavior(name) == Some(behavior) => name.to_owned(),
                _ => behavior.name.clone(),
            };
            choices.push(Choice::new(format!("b:{value}"), format!("Behavior: {}", behavior.name)));
        }
        match now {
            Left::Attribute(name) if self.attribute(name).is_none() => {
                choices.push(Choice::new(format!("a:{name}"), format!("{name} (not there)")));
            }
            Left::Behavior(name) if self.behavior(name).is_none() => {
                choices.push(Choice::new(format!("b:{name}"), format!("Behavior: {name} (not there)")));
            }
            _ => {}
        }
        choices
    }

    /// The columns of a behaviour's events in a menu.
    pub(super) fn events(&self, behavior: &str, fits: impl Fn(ColumnType) -> bool) -> Vec<Choice> {
        let mut choices = vec![Choice::new("", "Choose…")];
        let columns = self.behavior(behavior).map(|behavior| behavior.columns.as_slice()).unwrap_or_default();
        for column in columns.iter().filter(|column| fits(column.r#type)) {
            choices.push(Choice::new(column.name.clone(), format!("{} ({})", column.name, words(column.r#type))));
        }
        choices
    }
}

/// What a column holds, for people.
pub fn words(of: ColumnType) -> &'static str {
    match of {
        ColumnType::String => "text",
        ColumnType::Number => "number",
        ColumnType::Timestamp => "date and time",
        ColumnType::Date => "date",
        ColumnType::Boolean => "yes or no",
        ColumnType::StringArray => "list of texts",
        ColumnType::NumberArray => "list of numbers",
    }
}
