//! One field of a form: its label, its help, its control, what is wrong with it.
//!
//! Knows how a field looks; what its value means is the form's.

use api::Place;
use askama::Template;

use crate::faults::Faults;
use crate::form::Form;

/// One of several values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What people read.
    pub words: String,
    /// What it means, below a radio button.
    pub help: Option<String>,
}

impl Choice {
    /// A value with its words.
    pub fn new(value: impl Into<String>, words: impl Into<String>) -> Choice {
        Choice { value: value.into(), words: words.into(), help: None }
    }

    /// With what it means.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Choice {
        Choice { help: Some(help.into()), ..self }
    }
}

/// What takes the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// A line of text.
    Text,
    /// A line of text, with suggestions.
    Suggest(Vec<String>),
    /// A line of text, with suggestions that have names.
    Named(Vec<Choice>),
    /// A secret: never shown again. `kept`: one is there, and stays where this is left empty.
    Secret {
        /// Whether one is kept.
        kept: bool,
    },
    /// Who somebody is, for the browser's keeper of passwords.
    Username,
    /// A password: `current-password` or `new-password` for the browser's keeper of passwords.
    Password(&'static str),
    /// A number; bounds as text.
    Number {
        /// Smallest.
        min: String,
        /// Largest.
        max: String,
        /// `1`, or `any`.
        step: &'static str,
    },
    /// Several lines.
    Area {
        /// Lines shown.
        rows: u32,
    },
    /// SQL: several lines, and with script an editor.
    Sql,
    /// One of several, in a menu.
    Menu(Vec<Choice>),
    /// One of a few, each to be seen.
    Radio(Vec<Choice>),
    /// Any of several, each to be seen; its value has them with commas between.
    Several(Vec<Choice>),
    /// Yes or no.
    Flag,
    /// A date and time without zone.
    DateTime,
    /// Not shown.
    Hidden,
}

/// A field.
#[derive(Debug, Clone, Template)]
#[template(path = "part/field.html")]
pub struct Field {
    /// Names it on the page.
    pub id: String,
    /// Names it in what is sent.
    pub name: String,
    /// Names it for people.
    pub label: String,
    /// What it means.
    pub help: Option<String>,
    /// The manual's or the API's name of it, shown small.
    pub parameter: Option<String>,
    /// What takes the value.
    pub control: Control,
    /// What it is now.
    pub value: String,
    /// An example, in an empty field.
    pub example: String,
    /// What is wrong with it.
    pub faults: Vec<Place>,
    /// Whether it must be filled in.
    pub required: bool,
    /// Whether the form is drawn anew when it changes, because other fields depend on it.
    pub redraws: bool,
    /// Whether it cannot be changed here.
    pub fixed: bool,
}

impl Field {
    /// A field of a form, with its value and what is wrong with it.
    pub fn new(form: &Form, faults: &Faults, name: &str, label: impl Into<String>, control: Control) -> Field {
        // What was typed as a secret is not put into a page again.
        let secret = matches!(control, Control::Secret { .. } | Control::Password(_));
        let label = label.into();
        let mut found = faults.at_labelled(name, &label);
        // Whoever signs in knows that a password is typed again.
        let secret_of_form = secret && control != Control::Password("current-password");
        let lost = secret_of_form && !faults.is_empty() && !form.get(name).is_empty();
        if lost && found.is_empty() {
            let hint = Some("what is secret is not put into a page again".to_owned());
            found.push(Place { at: name.to_owned(), message: "has to be typed again".into(), hint });
        }
        Field {
            id: id_of(name),
            name: name.to_owned(),
            label,
            help: None,
            parameter: None,
            control,
            value: if secret { String::new() } else { form.get(name).to_owned() },
            example: String::new(),
            faults: found,
            required: lost,
            redraws: false,
            fixed: false,
        }
    }

    /// With what it means.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Field {
        Field { help: Some(help.into()), ..self }
    }

    /// With the name of the parameter.
    #[must_use]
    pub fn parameter(self, name: impl Into<String>) -> Field {
        Field { parameter: Some(name.into()), ..self }
    }

    /// With an example, shown while it is empty.
    #[must_use]
    pub fn example(self, example: impl Into<String>) -> Field {
        Field { example: example.into(), ..self }
    }

    /// It must be filled in.
    #[must_use]
    pub fn required(self) -> Field {
        Field { required: true, ..self }
    }

    /// Other fields depend on it: the form is drawn anew when it changes.
    #[must_use]
    pub fn redraws(self) -> Field {
        Field { redraws: true, ..self }
    }

    /// It cannot be changed here.
    #[must_use]
    pub fn fixed(self) -> Field {
        Field { fixed: true, ..self }
    }

    /// With this value where the form has none.
    #[must_use]
    pub fn or(mut self, value: &str) -> Field {
        if self.value.is_empty() {
            value.clone_into(&mut self.value);
        }
        self
    }

    fn checked(&self, value: &str) -> bool {
        self.value == value
    }

    fn on(&self) -> bool {
        matches!(self.value.as_str(), "true" | "on" | "1")
    }

    fn ticked(&self, value: &str) -> bool {
        self.value.split(',').any(|ticked| ticked == value)
    }

    /// A value that no choice has is shown all the same, so that nothing changes because a page was looked at.
    fn foreign(&self, choices: &[Choice]) -> bool {
        !self.value.is_empty() && !choices.iter().any(|choice| choice.value == self.value)
    }

    /// The ids of what describes the control.
    fn described(&self) -> String {
        let mut ids = Vec::new();
        if self.help.is_some() {
            ids.push(format!("{}-help", self.id));
        }
        if !self.faults.is_empty() {
            ids.push(format!("{}-fault", self.id));
        }
        ids.join(" ")
    }
}

/// The id of a field of this name.
pub(crate) fn id_of(name: &str) -> String {
    let mut id = String::from("f-");
    id.extend(name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }));
    id
}
