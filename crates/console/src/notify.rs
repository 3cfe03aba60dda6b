//! Who is told of what, as a part of a form. What is left empty is the server's default.
//!
//! Knows names and addresses as text only; whether one can be told is the server's to say.

use api::{NoticeEvent, Notify};

use crate::faults::Faults;
use crate::field::{Choice, Control, Field};
use crate::form::{Form, Reading};

/// The fields of what a form says under `prefix`.
pub fn fields(form: &Form, faults: &Faults, prefix: &str) -> Vec<Field> {
    let at = |name: &str| format!("{prefix}.{name}");
    let choices = NoticeEvent::ASKED.iter().map(|event| Choice::new(event.name(), words(*event)));
    let threshold = Control::Number { min: "0".into(), max: u64::MAX.to_string(), step: "1" };
    let mut recipients = Field::new(form, faults, &at("recipients"), "Recipients", Control::Area { rows: 3 })
        .parameter("recipients")
        .help("Mail addresses, one a line, at most 20. Left empty, the server's default is told.");
    recipients.value = listed(form, &at("recipients")).join("\n");
    let mut webhooks = Field::new(form, faults, &at("webhooks"), "Webhooks", Control::Text)
        .parameter("webhooks")
        .help("Names of webhooks, with commas between. Left empty, the server's default is called.");
    webhooks.value = listed(form, &at("webhooks")).join(", ");
    let mut on = Field::new(form, faults, &at("on"), "Tell of", Control::Several(choices.collect()))
        .parameter("on")
        .help("When nothing is ticked, the server's default is told of.");
    on.value = listed(form, &at("on")).join(",");
    let none = |name: &str, label: &str| Field::new(form, faults, &at(&format!("{name}._empty")), label, Control::Flag);
    vec![
        recipients,
        none("recipients", "Send no mails, whatever the default is"),
        webhooks,
        none("webhooks", "Call no webhooks, whatever the default is"),
        on,
        none("on", "Tell of nothing, whatever the default is"),
        Field::new(form, faults, &at("rejected_over"), "Rejected rows to be told of", threshold)
            .parameter("rejected_over")
            .help("More rejected rows than this are told of. Left empty, the server's default counts."),
    ]
}

/// What a form says under `prefix`; nothing where all of it is the server's default.
pub fn read(reading: &mut Reading<'_>, prefix: &str) -> Option<Notify> {
    let at = |name: &str| format!("{prefix}.{name}");
    let form = reading.form();
    let list = |name: &str| {
        let listed = listed(form, &at(name));
        let none = matches!(form.get(&at(&format!("{name}._empty"))), "true" | "on" | "1");
        (none || !listed.is_empty()).then_some(listed)
    };
    let (recipients, webhooks, named) = (list("recipients"), list("webhooks"), list("on"));
    let event = |name: String| match NoticeEvent::named(&name) {
        Some(event) => Some(event),
        None => {
            reading.refuse(&at("on"), format!("{name} is nothing that is told of"));
            None
        }
    };
    let on = named.map(|names| names.into_iter().filter_map(event).collect());
    let notify = Notify { recipients, webhooks, on, rejected_over: reading.number(&at("rejected_over")) };
    (notify != Notify::default()).then_some(notify)
}

/// Who is told of what, in a few words.
pub fn sentence(notify: &Notify) -> String {
    let who = |list: &Option<Vec<String>>, none: &str| match list {
        None => "the server's default".to_owned(),
        Some(list) if list.is_empty() => none.to_owned(),
        Some(list) => list.join(", "),
    };
    let on = match notify.on.as_deref() {
        None => "the server's default".to_owned(),
        Some([]) => "nothing".to_owned(),
        Some(events) => events.iter().map(|event| event.name().replace('_', " ")).collect::<Vec<_>>().join(", "),
    };
    let (mails, webhooks) = (who(&notify.recipients, "nobody"), who(&notify.webhooks, "none"));
    format!("Mail to: {mails}. Webhooks: {webhooks}. Told of: {on}.")
}

/// A list as a browser sends it, as lines or as ticks, or as a document has it, item by item.
fn listed(form: &Form, name: &str) -> Vec<String> {
    let below = form.under(name);
    let items = below.pairs().filter(|(item, _)| !item.starts_with('_')).map(|(_, value)| value);
    let mut listed: Vec<String> = Vec::new();
    for item in form.all(name).chain(items).flat_map(|text| text.split(['\n', ','])) {
        let item = item.trim();
        if !item.is_empty() {
            listed.push(item.to_owned());
        }
    }
    listed
}

/// An event for people.
pub fn words(event: NoticeEvent) -> &'static str {
    match event {
        NoticeEvent::Success => "A job is a success",
        NoticeEvent::Failure => "A job ended without success",
        NoticeEvent::Rejected => "A job has rejected rows",
        NoticeEvent::QuotaParked => "A job waits because the day's calls are used up",
        NoticeEvent::Reconnect => "Salesforce refuses the connection: somebody must connect again",
        NoticeEvent::Disabled => "A schedule was disabled because its runs kept failing",
        NoticeEvent::Recovered => "What had failed is a success again",
        NoticeEvent::Test => "A test",
    }
}

#[cfg(test)]
mod tests;
