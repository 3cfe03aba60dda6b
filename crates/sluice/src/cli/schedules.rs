//! `sluice schedules`: when queries, activations and refreshes run by themselves, and what became of each time.
//!
//! Knows arguments and screens; what fires when is the server's.

use api::client::every;
use api::{Backfill, Backfilled, Repeat, Schedule, ScheduleState, ScheduleView, Scheduled, Slot, SlotState};
use model::{Cron, Problem, Problems};

use crate::cli::calendar;
use crate::cli::commands::{Following, ScheduleParts, SchedulesCommand, Whereabouts};
use crate::cli::connections::word;
use crate::cli::door::{Door, Failure, Need, through};
use crate::cli::listing::{counted, pairs, show_json, show_list, under};
use crate::cli::{Exit, follow, pages, say, show};
use owner::Owner;

mod owner;

/// The time zone of a schedule that names none.
const UTC: &str = "UTC";

/// `sluice schedules`
pub(crate) async fn schedules(whereabouts: Whereabouts, command: SchedulesCommand) -> Exit {
    let json = whereabouts.json;
    let need = match &command {
        SchedulesCommand::Backfill { .. } => Need::Jobs,
        SchedulesCommand::List
        | SchedulesCommand::Show { .. }
        | SchedulesCommand::Calendar { .. }
        | SchedulesCommand::Set { .. }
        | SchedulesCommand::Remove { .. }
        | SchedulesCommand::Pause { .. }
        | SchedulesCommand::Resume { .. }
        | SchedulesCommand::History { .. } => Need::There,
    };
    through(&whereabouts, need, async |door| match command {
        SchedulesCommand::List => list(door, json).await,
        SchedulesCommand::Show { name, kind } => {
            Ok(shown(&door.client().schedule(kind.scheduled(), &name).await?, json))
        }
        SchedulesCommand::Calendar { timezone, days } => {
            let all = every(async |after| door.client().schedules(after).await).await?;
            calendar::show_calendar(&all, &timezone, days, json)?;
            Ok(Exit::Done)
        }
        SchedulesCommand::Set { name, kind, parts } => set(door, kind.scheduled(), &name, &parts, json).await,
        SchedulesCommand::Remove { name, kind } => remove(door, kind.scheduled(), &name).await,
        SchedulesCommand::Pause { name, kind } => {
            Ok(shown(&door.client().pause_schedule(kind.scheduled(), &name).await?, json))
        }
        SchedulesCommand::Resume { name, kind } => {
            Ok(shown(&door.client().resume_schedule(kind.scheduled(), &name).await?, json))
        }
        SchedulesCommand::Backfill { name, kind, from, slots, following } => {
            let made = door.client().backfill(kind.scheduled(), &name, &Backfill { from, slots }).await?;
            follow_backfill(door, &made, &following, json).await
        }
        SchedulesCommand::History { name, kind, limit } => {
            let (client, of) = (door.client(), kind.scheduled());
            let page = async |after: Option<&str>, limit| client.schedule_history(of, &name, after, limit).await;
            let slots = pages::first(limit, None, page).await?;
            show_list(&slots, json, "no scheduled time has passed yet", &SLOT_HEADS, slot_row);
            Ok(Exit::Done)
        }
    })
    .await
}

async fn list(door: &Door, json: bool) -> Result<Exit, Failure> {
    let found = every(async |after| door.client().schedules(after).await).await?;
    let heads = ["runs", "when", "time zone", "state", "next", "last", ""];
    show_list(&found, json, "no schedules yet", &heads, |view| {
        let next = view.next.first().map(|fire| clock(&fire.local, view)).unwrap_or_default();
        let last = view.last.as_ref();
        vec![
            format!("{} {}", view.of.words(), view.query),
            view.words.clone(),
            zone(&view.schedule).to_owned(),
            state(view.state).to_owned(),
            next,
            last.map(|slot| clock(&slot.local, view)).unwrap_or_default(),
            last.map(became).unwrap_or_default(),
        ]
    });
    Ok(Exit::Done)
}

fn zone(schedule: &Schedule) -> &str {
    schedule.timezone.as_deref().unwrap_or(UTC)
}

/// A time by the schedule's clock without the zone's name, which stands beside it.
fn clock(local: &str, view: &ScheduleView) -> String {
    local.strip_suffix(zone(&view.schedule)).unwrap_or(local).trim_end().to_owned()
}

pub(crate) fn state(state: ScheduleState) -> &'static str {
    match state {
        ScheduleState::Active => "active",
        ScheduleState::Paused => "paused",
        ScheduleState::Disabled => "disabled",
    }
}

/// What became of a scheduled time, as a word.
fn became(slot: &Slot) -> String {
    match (slot.state, &slot.job) {
        (SlotState::Missed, _) => "missed".to_owned(),
        (SlotState::Run, Some(job)) => job.state.to_string(),
        (SlotState::Run, None) => "run, its job is deleted".to_owned(),
    }
}

const SLOT_HEADS: [&str; 4] = ["scheduled", "became", "job", "note"];

fn slot_row(slot: &Slot) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    vec![slot.local.clone(), became(slot), text(&slot.job_id), text(&slot.note)]
}

fn shown(view: &ScheduleView, json: bool) -> Exit {
    if json {
        show_json(view);
    } else {
        show(&text(view));
    }
    Exit::Done
}

/// A schedule for people.
fn text(view: &ScheduleView) -> String {
    let schedule = &view.schedule;
    let catch_up = match schedule.catch_up {
        api::CatchUp::One => "one run for the newest missed time",
        api::CatchUp::All => "every missed time runs",
        api::CatchUp::None => "missed times do not run",
    };
    let overlap = match schedule.overlap {
        api::Overlap::Queue => "a run waits for the job before it",
        api::Overlap::Skip => "a run is skipped while another job is at work",
    };
    let delay = if schedule.delay == 0 { String::new() } else { counted(schedule.delay, "second") };
    let reason = view.reason.as_ref();
    let last = view.last.as_ref().map(|slot| {
        let job = slot.job_id.as_ref().map(|id| format!(", job {id}")).unwrap_or_default();
        format!("{}: {}{job}", slot.local, became(slot))
    });
    let failures = if view.failures == 0 { String::new() } else { format!("{} in a row", view.failures) };
    let since = view.since.as_ref().map(|since| format!(" since {since}")).unwrap_or_default();
    let mut text = pairs(&[
        (view.of.words(), view.query.clone()),
        ("when", view.words.clone()),
        ("cron", schedule.cron.clone()),
        ("start", schedule.start.clone().unwrap_or_default()),
        ("end", schedule.end.clone().unwrap_or_default()),
        ("time zone", zone(schedule).to_owned()),
        ("delay", delay),
        ("catch-up", catch_up.to_owned()),
        ("overlap", overlap.to_owned()),
        ("state", format!("{}{since}", state(view.state))),
        ("why", reason.map(|cause| cause.message.clone()).unwrap_or_default()),
        ("hint", reason.and_then(|cause| cause.hint.clone()).unwrap_or_default()),
        ("failures", failures),
        ("last", last.unwrap_or_default()),
    ]);
    for remark in &view.remarks {
        text += &format!("\nnote: {remark}");
    }
    if !view.next.is_empty() {
        let rows = view.next.iter().map(|fire| vec![fire.local.clone(), fire.starts.clone()]);
        text += &format!("\n\n{}", under(&["next", "starts"], rows));
    }
    match view.state {
        ScheduleState::Active => text,
        ScheduleState::Paused | ScheduleState::Disabled => {
            let of = match view.of {
                Scheduled::Query => "",
                Scheduled::Activation => " --of activation",
                Scheduled::ParentSegment => " --of parent-segment",
            };
            format!("{text}\n\nto fire again: sluice schedules resume '{}'{of}", view.query)
        }
    }
}

/// The lines of `queries show` about a schedule.
pub(crate) fn brief(view: &ScheduleView) -> String {
    let times: Vec<String> = view.next.iter().map(|fire| clock(&fire.local, view)).collect();
    pairs(&[
        ("schedule", format!("{} ({})", view.words, zone(&view.schedule))),
        ("", state(view.state).to_owned()),
        ("next runs", times.join(", ")),
    ])
}

async fn set(door: &Door, of: Scheduled, name: &str, parts: &ScheduleParts, json: bool) -> Result<Exit, Failure> {
    let owner = Owner::find(door.client(), of, name).await?;
    let schedule = merged(parts, owner.schedule())?;
    // The preset of the manual that is no schedule.
    if schedule.repeat.is_none() && matches!(Cron::parse(&schedule.cron), Ok(None)) {
        return take_away(door, owner, of, name).await;
    }
    owner.save(door.client(), Some(schedule)).await?;
    Ok(shown(&door.client().schedule(of, name).await?, json))
}

/// What the arguments make of a schedule, with all their problems at once.
fn merged(parts: &ScheduleParts, found: Option<&Schedule>) -> Result<Schedule, Problems> {
    let mut problems = Problems::default();
    let mut schedule = found.cloned().unwrap_or_default();
    if let Some(cron) = &parts.cron {
        // A cron and a repeat take the place of each other; what is given together the server refuses.
        (schedule.repeat, schedule.days) = (None, Vec::new());
        schedule.cron.clone_from(cron);
    }
    if let Some(text) = &parts.repeat {
        schedule.repeat = problems.keep(word("--repeat", text, "once, hourly, daily, weekly or monthly"));
        schedule.cron = parts.cron.clone().unwrap_or_default();
        if schedule.repeat != Some(Repeat::Weekly) {
            schedule.days.clear();
        }
    }
    if found.is_none() && parts.cron.is_none() && parts.repeat.is_none() {
        let hint = "a new schedule needs one: @daily, or '30 2 * * *'; or --repeat daily";
        problems.push(Problem::at("CRON", "is missing").hint(hint));
    }
    let given = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(days) = &parts.days {
        schedule.days = days.iter().filter_map(given).collect();
    }
    if let Some(start) = &parts.start {
        schedule.start = given(start);
    }
    if let Some(end) = &parts.end {
        schedule.end = given(end);
    }
    if let Some(zone) = &parts.timezone {
        schedule.timezone = Some(zone.clone()).filter(|zone| !zone.is_empty());
    }
    schedule.delay = parts.delay.unwrap_or(schedule.delay);
    if let Some(text) = &parts.catch_up {
        schedule.catch_up = problems.keep(word("--catch-up", text, "one, all or none")).unwrap_or_default();
    }
    if let Some(text) = &parts.overlap {
        schedule.overlap = problems.keep(word("--overlap", text, "skip or queue")).unwrap_or_default();
    }
    problems.or(|| schedule)
}

async fn remove(door: &Door, of: Scheduled, name: &str) -> Result<Exit, Failure> {
    let owner = Owner::find(door.client(), of, name).await?;
    if owner.schedule().is_none() {
        say(&format!("{} {name} has no schedule", of.words()));
        return Ok(Exit::Done);
    }
    take_away(door, owner, of, name).await
}

async fn take_away(door: &Door, owner: Owner, of: Scheduled, name: &str) -> Result<Exit, Failure> {
    owner.save(door.client(), None).await?;
    say(&format!("{} {name} runs by itself no more", of.words()));
    Ok(Exit::Done)
}

/// Shows the jobs of scheduled times; stays with each where asked, and takes the first exit code that is not 0.
async fn follow_backfill(door: &Door, made: &Backfilled, following: &Following, json: bool) -> Result<Exit, Failure> {
    if json {
        show_json(made);
    } else {
        if !made.started.is_empty() {
            show(&under(&SLOT_HEADS, made.started.iter().map(slot_row)));
        }
        let (started, already) = (counted(made.started.len() as u64, "scheduled time"), made.already.len());
        let left = if already == 0 { String::new() } else { format!("; {already} had run before and are left alone") };
        say(&format!("{started} run now{left}"));
    }
    let mut exit = Exit::Done;
    // A job of this machine is worked on by this very process.
    if following.stays() || door.is_local() {
        for id in made.started.iter().filter_map(|slot| slot.job_id.as_ref()) {
            let ended = Box::pin(follow::follow(door, id, following, json)).await?;
            if exit == Exit::Done {
                exit = ended;
            }
        }
    }
    Ok(exit)
}

#[cfg(test)]
mod tests;
