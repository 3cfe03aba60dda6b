//! A day, with or without a time, as two controls of a form.
//!
//! Knows how documents write it: `2026-12-01`, or `2026-12-01 02:30`.

use askama::Template;

use crate::faults::Faults;
use crate::field::{Control, Field};
use crate::form::Form;

/// A day, and a time that may be left out.
#[derive(Debug, Clone, Template)]
#[template(path = "schedule/when.html")]
pub(crate) struct When {
    /// Names it, and has its problems.
    field: Field,
    day: String,
    time: String,
    required: bool,
    /// It is needed so often that it is shown at once.
    pub(crate) open: bool,
}

impl When {
    /// What a form says under a name: in two parts as a browser sends it, or in one as a document has it.
    pub(crate) fn new(form: &Form, faults: &Faults, name: &str, label: &str, help: &str) -> When {
        let (day, time) = parts(form, name);
        let field = Field::new(form, faults, name, label, Control::Text).help(help);
        let open = !day.is_empty() || !field.faults.is_empty();
        When { field, day, time, required: false, open }
    }

    /// It must be given.
    pub(crate) fn required(self, required: bool) -> When {
        When { required, ..self }
    }

    /// It is shown at once.
    pub(crate) fn open(self, open: bool) -> When {
        When { open: self.open || open, ..self }
    }

    /// The day or the time that a form says; nothing where it was left empty.
    pub(crate) fn read(form: &Form, name: &str) -> Option<String> {
        let (day, time) = parts(form, name);
        let text = if time.is_empty() { day } else { format!("{day} {time}") };
        Some(text).filter(|text| !text.is_empty())
    }

    fn described(&self) -> String {
        let fault = if self.field.faults.is_empty() { String::new() } else { format!(" {}-fault", self.field.id) };
        format!("{}-help{fault}", self.field.id)
    }
}

fn parts(form: &Form, name: &str) -> (String, String) {
    let whole = form.get(name).trim();
    let (day, time) = whole.split_once(['T', ' ']).unwrap_or((whole, ""));
    let typed = |part: &str, otherwise: &str| {
        let part = format!("{name}.{part}");
        if form.has(&part) { form.get(&part).trim().to_owned() } else { otherwise.trim().to_owned() }
    };
    (typed("_day", day), typed("_time", time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_keeps_its_time_or_has_none() {
        let cases = [
            ("s=2026-12-01", Some("2026-12-01")),
            ("s=2026-12-01+02%3A30", Some("2026-12-01 02:30")),
            ("s=2026-12-01T02%3A30", Some("2026-12-01 02:30")),
            ("s._day=2026-12-01&s._time=02%3A30", Some("2026-12-01 02:30")),
            ("s._day=2026-12-01&s._time=", Some("2026-12-01")),
            ("s=2026-12-01&s._day=&s._time=", None),
            // A time without a day is the server's to refuse.
            ("s._day=&s._time=02%3A30", Some(" 02:30")),
            ("", None),
        ];
        for (body, want) in cases {
            assert_eq!(When::read(&Form::read(body.as_bytes()), "s").as_deref(), want, "{body}");
        }
    }
}
