//! Schedules with a start and an end, and those that run once: nothing outside, nothing twice.

use api::{Backfill, CatchUp, Repeat, Schedule, Scheduled, SlotState};

use crate::timed::{DAY, HOUR, MONDAY, Timed, catching_up, scheduled};

/// What happens to the clock, in seconds since Monday.
enum Turn {
    /// It is set.
    At(i64),
    /// The application stops, and starts when it is set.
    Down(i64),
}
use Turn::{At, Down};

struct Case {
    name: &'static str,
    schedule: Schedule,
    turns: &'static [Turn],
    /// Hours that run.
    runs: &'static [i64],
    /// Hours that are missed.
    missed: &'static [i64],
    /// Whether another time comes.
    goes_on: bool,
}

/// At five on Monday.
const FIVE: &str = "2026-11-23 05:00";

/// Hourly or once from five on.
fn from_five(repeat: Repeat, catch_up: CatchUp) -> Schedule {
    Schedule { cron: String::new(), repeat: Some(repeat), start: Some(FIVE.into()), ..catching_up(catch_up) }
}

fn until(end: &str, schedule: Schedule) -> Schedule {
    Schedule { end: Some(end.into()), ..schedule }
}

fn of_starts() -> Vec<Case> {
    vec![
        Case {
            name: "nothing before the start",
            schedule: from_five(Repeat::Hourly, CatchUp::All),
            turns: &[At(HOUR), At(2 * HOUR), At(5 * HOUR - 1), At(5 * HOUR), At(6 * HOUR)],
            runs: &[5, 6],
            missed: &[],
            goes_on: true,
        },
        Case {
            name: "a cron with a start",
            schedule: Schedule { start: Some("2026-11-23 04:30".into()), ..catching_up(CatchUp::One) },
            turns: &[At(HOUR), At(4 * HOUR), At(5 * HOUR)],
            runs: &[5],
            missed: &[],
            goes_on: true,
        },
        Case {
            name: "down over the start: what came before it was never missed",
            schedule: from_five(Repeat::Hourly, CatchUp::One),
            turns: &[At(HOUR), Down(8 * HOUR)],
            runs: &[8],
            missed: &[5, 6, 7],
            goes_on: true,
        },
        Case {
            name: "down over the start, and all of it is caught up",
            schedule: from_five(Repeat::Hourly, CatchUp::All),
            turns: &[Down(8 * HOUR)],
            runs: &[5, 6, 7, 8],
            missed: &[],
            goes_on: true,
        },
        Case {
            name: "back before the start",
            schedule: from_five(Repeat::Hourly, CatchUp::One),
            turns: &[At(6 * HOUR), At(HOUR), At(2 * HOUR), At(5 * HOUR + 60), At(6 * HOUR + 60), At(7 * HOUR)],
            runs: &[5, 6, 7],
            missed: &[],
            goes_on: true,
        },
    ]
}

fn of_ends() -> Vec<Case> {
    vec![
        Case {
            name: "the end is the last time",
            schedule: until("2026-11-23 03:00", catching_up(CatchUp::One)),
            turns: &[At(HOUR), At(2 * HOUR), At(3 * HOUR), At(4 * HOUR), Down(9 * HOUR), At(DAY)],
            runs: &[1, 2, 3],
            missed: &[],
            goes_on: false,
        },
        Case {
            name: "down over the end: the newest before it runs",
            schedule: until("2026-11-23 03:30", catching_up(CatchUp::One)),
            turns: &[At(HOUR), Down(9 * HOUR), At(10 * HOUR)],
            runs: &[1, 3],
            missed: &[2],
            goes_on: false,
        },
        Case {
            name: "the last day ends at midnight",
            schedule: until("2026-11-23", Schedule { cron: "0 0,23 * * *".into(), ..catching_up(CatchUp::All) }),
            turns: &[At(23 * HOUR), At(DAY), At(2 * DAY)],
            runs: &[23],
            missed: &[],
            goes_on: false,
        },
    ]
}

fn of_once() -> Vec<Case> {
    let once = |catch_up| from_five(Repeat::Once, catch_up);
    let case = |name, schedule, turns, runs, missed| Case { name, schedule, turns, runs, missed, goes_on: false };
    vec![
        case(
            "once, over a restart and a day",
            once(CatchUp::One),
            &[At(4 * HOUR), At(5 * HOUR), At(6 * HOUR), Down(10 * HOUR), At(30 * HOUR)],
            &[5],
            &[],
        ),
        case(
            "once, while the clock comes by again and again",
            once(CatchUp::All),
            &[At(5 * HOUR), At(3 * HOUR), At(5 * HOUR), Down(4 * HOUR), At(5 * HOUR + 1), Down(6 * HOUR), At(9 * HOUR)],
            &[5],
            &[],
        ),
        case("once, late", once(CatchUp::One), &[Down(8 * HOUR), At(9 * HOUR)], &[5], &[]),
        case("once, too late", once(CatchUp::None), &[Down(8 * HOUR), At(9 * HOUR)], &[], &[5]),
        case(
            "once, missed by a clock that was ahead, runs when its time really comes",
            once(CatchUp::None),
            &[At(HOUR), At(3 * DAY), At(2 * HOUR), At(5 * HOUR), At(3 * DAY + 60)],
            &[5],
            &[],
        ),
        case(
            "once, caught up by a clock that was ahead, does not run again",
            once(CatchUp::One),
            &[At(HOUR), At(3 * DAY), Down(2 * HOUR), At(5 * HOUR), At(6 * HOUR)],
            &[5],
            &[],
        ),
        case(
            "once, after its delay",
            Schedule { delay: 2 * 3_600, ..once(CatchUp::One) },
            &[At(5 * HOUR), At(6 * HOUR), At(7 * HOUR), At(9 * HOUR)],
            &[5],
            &[],
        ),
        case(
            "once, before it was saved",
            Schedule { start: Some("2026-11-22 23:59".into()), ..once(CatchUp::All) },
            &[At(HOUR), Down(5 * HOUR), At(DAY)],
            &[],
            &[],
        ),
    ]
}

#[tokio::test]
async fn nothing_runs_outside_and_nothing_twice() {
    for case in of_starts().into_iter().chain(of_ends()).chain(of_once()) {
        let mut timed = Timed::new(case.schedule).await;
        for turn in case.turns {
            timed = match turn {
                At(time) => {
                    timed.at(MONDAY + time).await;
                    timed
                }
                Down(time) => timed.down_until(MONDAY + time).await,
            };
        }
        timed.settle().await;
        let slots = timed.slots("contacts").await;
        let hours = |state| -> Vec<i64> {
            let found = slots.iter().filter(|slot| slot.state == state);
            found.map(|slot| (scheduled(slot) - MONDAY).div_euclid(HOUR)).collect()
        };
        assert_eq!(hours(SlotState::Run), case.runs, "{}: runs", case.name);
        assert_eq!(hours(SlotState::Missed), case.missed, "{}: missed", case.name);
        let view = timed.view().await;
        assert_eq!(!view.next.is_empty(), case.goes_on, "{}: {view:?}", case.name);
        let last = view.remarks.iter().any(|remark| remark.contains("for the last time"));
        assert_eq!(last, !case.goes_on, "{}: {:?}", case.name, view.remarks);
    }
}

#[tokio::test]
async fn the_start_is_the_first_time_that_is_shown() {
    let timed = Timed::new(from_five(Repeat::Hourly, CatchUp::One)).await;
    let view = timed.view().await;
    assert_eq!(view.words, "Every hour at minute 0, from 2026-11-23 05:00");
    assert_eq!(view.next.first().map(|fire| fire.scheduled.as_str()), Some("2026-11-23T05:00:00Z"));
    assert_eq!(view.last, None);
    // Another end is another timetable: it begins now, and nothing runs twice.
    timed.at(MONDAY + 5 * HOUR).await;
    timed.schedule(until("2026-11-23 06:00", from_five(Repeat::Hourly, CatchUp::One))).await;
    assert_eq!(timed.view().await.next.len(), 1);
    timed.at(MONDAY + 6 * HOUR).await;
    timed.at(MONDAY + 7 * HOUR).await;
    timed.settle().await;
    assert_eq!(timed.history().await, [(5, SlotState::Run), (6, SlotState::Run)]);
}

#[tokio::test]
async fn a_backfill_begins_with_the_start() {
    let from = Schedule { start: Some("2026-11-22 22:00".into()), ..catching_up(CatchUp::One) };
    let timed = Timed::new(from).await;
    timed.at(MONDAY + 1).await;
    let (app, actor) = (&timed.bench.app, &timed.bench.actor);
    let request = Backfill { from: "2026-11-20".into(), slots: 10 };
    let filled = app.backfill(actor, Scheduled::Query, "contacts", request).await.expect("taken");
    let times: Vec<i64> = filled.started.iter().map(|slot| (scheduled(slot) - MONDAY) / HOUR).collect();
    assert_eq!(times, [-2, -1, 0]);
    timed.settle().await;
}
