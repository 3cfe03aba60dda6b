//! A schedule as a part of a form: the manual's drop-down, what belongs to the choice, and what it means in words.
//!
//! Knows names and how they look; cron, days and zones are understood by the server, which explains them.

use api::{CatchUp, CronExplanation, CronRequest, Overlap, Repeat, Schedule};
use askama::Template;
use model::LONGEST_DELAY;

use crate::faults::Faults;
use crate::field::{Choice, Control, Field};
use crate::form::{Form, Reading};
use crate::when::When;
use crate::zones::ZONES;

/// The drop-down: the manual's entries, then those that say how often without a cron.
const EVERY: [(&str, &str); 11] = [
    ("none", "None"),
    ("@hourly", "@hourly (:00)"),
    ("@daily", "@daily (midnight)"),
    ("@weekly", "@weekly (midnight on Sunday)"),
    ("@monthly", "@monthly (midnight on day 1)"),
    ("cron", "Custom cron..."),
    ("once", "Once, at a time..."),
    ("hourly", "Every hour, at a minute..."),
    ("daily", "Every day, at a time..."),
    ("weekly", "Every week, on days..."),
    ("monthly", "Every month, on a day..."),
];

/// The days of a week, as a schedule names them.
const DAYS: [(&str, &str); 7] = [
    ("mon", "Monday"),
    ("tue", "Tuesday"),
    ("wed", "Wednesday"),
    ("thu", "Thursday"),
    ("fri", "Friday"),
    ("sat", "Saturday"),
    ("sun", "Sunday"),
];

/// A schedule, to be put into a form.
#[derive(Debug, Template)]
#[template(path = "schedule/panel.html")]
pub struct Panel {
    every: Field,
    /// Below the drop-down: the cron, or days.
    how: Vec<Field>,
    by_cron: bool,
    /// Nothing runs by itself.
    none: bool,
    /// What was typed before that was chosen, by the names of the form: changing one's mind loses nothing.
    waiting: Vec<(String, String)>,
    start: When,
    end: When,
    zone: Field,
    delay: Field,
    busy: Vec<Field>,
    busy_open: bool,
    explained: Option<CronExplanation>,
}

impl Panel {
    /// The schedule that a form has under `prefix`, and what it means where that is known.
    pub fn new(form: &Form, faults: &Faults, prefix: &str, explained: Option<&CronExplanation>) -> Panel {
        let at = |name: &str| format!("{prefix}.{name}");
        let chosen = chosen(form, prefix);
        let choices = EVERY.iter().map(|(value, words)| Choice::new(*value, *words)).collect();
        let mut every =
            Field::new(form, faults, &at("repeat"), "Schedule", Control::Menu(choices)).required().redraws();
        every.value.clone_from(&chosen);
        let busy = busy(form, faults, prefix);
        let unusual = |field: &Field| {
            let usual = if field.name.ends_with("catch_up") { "one" } else { "skip" };
            field.value != usual || !field.faults.is_empty()
        };
        let zones = Control::Suggest(ZONES.iter().map(|zone| (*zone).to_owned()).collect());
        let once = chosen == "once";
        let rhythm = !chosen.starts_with('@') && chosen != "cron" && chosen != "none";
        let start_help = match chosen.as_str() {
            "once" => "It runs at this time.",
            "hourly" => "Nothing runs before. The minute of this time is the minute of every hour.",
            "daily" | "weekly" => "Nothing runs before. The time is the time of day; without one it is 00:00.",
            "monthly" => "Nothing runs before. Its day of the month and its time are those of every month.",
            _ => "Nothing runs before. Leave it empty to begin at once.",
        };
        let start_label = match chosen.as_str() {
            "hourly" => "Start, with the minute",
            "daily" | "weekly" => "Start, with the time of day",
            "monthly" => "Start, with the day of the month and the time",
            _ => "Start",
        };
        Panel {
            how: how(form, faults, prefix, &chosen),
            by_cron: chosen == "cron",
            none: chosen == "none",
            waiting: if chosen == "none" { waiting(form, prefix) } else { Vec::new() },
            start: When::new(form, faults, &at("start"), start_label, start_help).required(once).open(rhythm),
            end: When::new(
                form,
                faults,
                &at("end"),
                "End",
                "Nothing runs after. A day without a time is the last day.",
            ),
            zone: Field::new(form, faults, &at("timezone"), "Time zone", zones)
                .parameter("timezone")
                .example("UTC")
                .help("The clock that the schedule goes by, such as Europe/Berlin. UTC when left empty.")
                .redraws(),
            delay: delay(form, faults, prefix),
            busy_open: busy.iter().any(unusual),
            busy,
            explained: explained.cloned(),
            every,
        }
    }
}

/// What a form says that a schedule would need.
fn waiting(form: &Form, prefix: &str) -> Vec<(String, String)> {
    let names = ["timezone", "delay", "catch_up", "overlap", "start._day", "start._time", "end._day", "end._time"];
    let below = form.under(prefix);
    let given = names.into_iter().map(|name| (name, below.get(name))).filter(|(_, value)| !value.is_empty());
    given.map(|(name, value)| (format!("{prefix}.{name}"), value.to_owned())).collect()
}

/// The schedule that a form says under `prefix`; nothing for None.
pub fn read(reading: &mut Reading<'_>, prefix: &str) -> Option<Schedule> {
    let at = |name: &str| format!("{prefix}.{name}");
    let form = reading.form();
    let chosen = chosen(form, prefix);
    let mut schedule = Schedule {
        start: When::read(form, &at("start")),
        end: When::read(form, &at("end")),
        timezone: reading.some(&at("timezone")),
        catch_up: reading.word(&at("catch_up")).unwrap_or_default(),
        overlap: reading.word(&at("overlap")).unwrap_or(Overlap::Skip),
        delay: reading.number(&at("delay")).unwrap_or_default(),
        ..Schedule::default()
    };
    match chosen.as_str() {
        "none" => return None,
        "cron" => {
            schedule.cron = reading.text(&at("cron"));
            if schedule.cron.is_empty() {
                reading.refuse(&at("cron"), "is missing");
            }
        }
        preset if preset.starts_with('@') => schedule.cron = chosen,
        _ => {
            schedule.repeat = reading.word::<Repeat>(&at("repeat"));
            if schedule.repeat == Some(Repeat::Weekly) {
                schedule.days = days(form, &at("days"));
            }
        }
    }
    Some(schedule)
}

/// What is to be explained about the schedule that a form says under `prefix`; nothing where there is nothing to explain
/// yet.
pub fn asked(form: &Form, prefix: &str) -> Option<CronRequest> {
    let Schedule { cron, repeat, days, start, end, timezone, delay, .. } = read(&mut Reading::new(form), prefix)?;
    let waits = (cron.is_empty() && repeat.is_none()) || (repeat == Some(Repeat::Once) && start.is_none());
    (!waits).then_some(CronRequest { cron, repeat, days, start, end, timezone, delay, after: None, next: None })
}

/// The entry of the drop-down. What a document says is told by its cron or its repeat.
fn chosen(form: &Form, prefix: &str) -> String {
    let entry = form.get(&format!("{prefix}.repeat")).trim();
    if !entry.is_empty() {
        return entry.to_owned();
    }
    match form.get(&format!("{prefix}.cron")).trim() {
        "" | "none" => "none".to_owned(),
        cron if EVERY.iter().any(|(value, _)| *value == cron && cron.starts_with('@')) => cron.to_owned(),
        _ => "cron".to_owned(),
    }
}

/// The days that are ticked, or that a document names, in the order of the week; what is no day comes last, for the server to
/// refuse.
fn days(form: &Form, name: &str) -> Vec<String> {
    let below = form.under(name);
    let mut named: Vec<String> =
        form.all(name).chain(below.pairs().map(|(_, day)| day)).map(str::to_lowercase).collect();
    named.sort_by_key(|day| DAYS.iter().position(|(known, _)| known == day).unwrap_or(DAYS.len()));
    named.dedup();
    named
}

/// What belongs to the entry of the drop-down; what belongs to another one waits unseen.
fn how(form: &Form, faults: &Faults, prefix: &str, chosen: &str) -> Vec<Field> {
    let (cron, named) = (format!("{prefix}.cron"), format!("{prefix}.days"));
    let mut fields = Vec::new();
    if chosen == "cron" {
        let field = Field::new(form, faults, &cron, "Cron", Control::Text).parameter("cron").example("0 2 * * mon-fri");
        fields.push(
            field
                .help("Five fields with one space between them: minute, hour, day of month, month, day of week.")
                .redraws(),
        );
    } else if !form.get(&cron).is_empty() {
        fields.push(Field::new(form, faults, &cron, "Cron", Control::Hidden));
    }
    let ticked = days(form, &named);
    if chosen == "weekly" {
        let choices = DAYS.iter().map(|(value, words)| Choice::new(*value, *words)).collect();
        let mut field = Field::new(form, faults, &named, "Days", Control::Several(choices)).parameter("days").redraws();
        field.value = ticked.join(",");
        fields.push(field.help("The day of the start, or Monday, when none is ticked."));
    } else {
        fields.extend(ticked.into_iter().map(|day| {
            let mut field = Field::new(form, faults, &named, "Days", Control::Hidden);
            field.value = day;
            field
        }));
    }
    fields
}

fn delay(form: &Form, faults: &Faults, prefix: &str) -> Field {
    let control = Control::Number { min: "0".into(), max: LONGEST_DELAY.to_string(), step: "1" };
    Field::new(form, faults, &format!("{prefix}.delay"), "Delay execution", control)
        .parameter("delay")
        .example("0")
        .help(
            "Seconds from the scheduled time to the start of the job, for data that arrives late: 600 are ten minutes.",
        )
        .redraws()
}

/// What happens when something is in the way.
fn busy(form: &Form, faults: &Faults, prefix: &str) -> Vec<Field> {
    let catch_up = vec![
        Choice::new("one", "Run once").help("For the newest of them; the others are shown as missed."),
        Choice::new("all", "Run each").help("Oldest first, at most the newest 100."),
        Choice::new("none", "Run none").help("All are shown as missed."),
    ];
    let overlap = vec![
        Choice::new("skip", "Skip").help("This run does not happen, and says so."),
        Choice::new("queue", "Wait").help("This run waits for its turn."),
    ];
    vec![
        Field::new(
            form,
            faults,
            &format!("{prefix}.catch_up"),
            "When times passed while the server was down",
            Control::Radio(catch_up),
        )
        .parameter("catch_up")
        .or(word(CatchUp::default()).as_str()),
        Field::new(
            form,
            faults,
            &format!("{prefix}.overlap"),
            "When another job is still at work",
            Control::Radio(overlap),
        )
        .parameter("overlap")
        .or(word(Overlap::Skip).as_str()),
    ]
}

/// A word of a closed list as documents have it.
pub(crate) fn word(of: impl serde::Serialize) -> String {
    serde_json::to_value(of).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
