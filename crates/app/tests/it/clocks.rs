//! Clocks that jump: no time runs twice, and none that really comes is lost.

use api::{CatchUp, Schedule, SlotState};

use crate::timed::{DAY, HOUR, MONDAY, Timed, catching_up, hourly, scheduled};

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
    missed: std::ops::Range<i64>,
}

/// Three days and a half hour.
const AHEAD: i64 = 3 * DAY + HOUR / 2;

fn cases() -> Vec<Case> {
    let one = || catching_up(CatchUp::One);
    let all = || catching_up(CatchUp::All);
    let delayed = || Schedule { delay: 600, ..hourly() };
    vec![
        Case {
            name: "two hours back, and on",
            schedule: one(),
            turns: &[
                At(HOUR),
                At(2 * HOUR),
                At(3 * HOUR),
                At(HOUR + 60),
                At(2 * HOUR + 1),
                At(3 * HOUR + 1),
                At(4 * HOUR),
            ],
            runs: &[1, 2, 3, 4],
            missed: 0..0,
        },
        Case {
            name: "two hours back over a restart",
            schedule: all(),
            turns: &[
                At(HOUR),
                At(2 * HOUR),
                At(3 * HOUR),
                Down(HOUR + 60),
                Down(2 * HOUR + 1),
                At(3 * HOUR + 1),
                At(4 * HOUR),
            ],
            runs: &[1, 2, 3, 4],
            missed: 0..0,
        },
        Case {
            name: "two hours back, and at once to where it was",
            schedule: one(),
            turns: &[At(HOUR), At(2 * HOUR), At(3 * HOUR), At(HOUR + 60), At(4 * HOUR), At(5 * HOUR)],
            runs: &[1, 2, 3, 4, 5],
            missed: 0..0,
        },
        Case {
            name: "ahead and back, then down while a time comes that was missed ahead",
            schedule: one(),
            turns: &[
                At(HOUR),
                At(6 * HOUR),
                At(HOUR + 60),
                Down(2 * HOUR + 30),
                At(3 * HOUR),
                At(4 * HOUR),
                Down(4 * HOUR + 60),
                At(5 * HOUR),
                At(7 * HOUR),
            ],
            runs: &[1, 2, 3, 4, 5, 6, 7],
            missed: 0..0,
        },
        Case {
            name: "back while down, and a time came meanwhile",
            schedule: one(),
            turns: &[At(HOUR), At(6 * HOUR), Down(2 * HOUR + 30), At(3 * HOUR), At(7 * HOUR)],
            runs: &[1, 2, 3, 6, 7],
            missed: 4..6,
        },
        Case {
            name: "before its beginning",
            schedule: one(),
            turns: &[At(HOUR), At(-2 * HOUR + 60), At(-HOUR + 1), At(1), At(HOUR + 1), At(2 * HOUR)],
            runs: &[-1, 0, 1, 2],
            missed: 0..0,
        },
        Case {
            name: "three days ahead and back: what was missed runs when it really comes",
            schedule: one(),
            turns: &[At(HOUR), At(AHEAD), At(HOUR + 60), At(2 * HOUR), At(3 * HOUR)],
            runs: &[1, 2, 3, 72],
            missed: 4..72,
        },
        Case {
            name: "the same over a restart",
            schedule: one(),
            turns: &[At(HOUR), Down(AHEAD), Down(HOUR + 60), At(2 * HOUR), Down(3 * HOUR)],
            runs: &[1, 2, 3, 72],
            missed: 4..72,
        },
        Case {
            name: "three days ahead, back, and there again",
            schedule: one(),
            turns: &[At(HOUR), At(AHEAD), At(HOUR + 60), At(2 * HOUR), At(AHEAD + 1), At(AHEAD + HOUR)],
            runs: &[1, 2, 72, 73],
            missed: 3..72,
        },
        Case {
            name: "ahead where everything is caught up: nothing is left when it really comes",
            schedule: all(),
            turns: &[At(HOUR), At(5 * HOUR), At(HOUR + 60), At(2 * HOUR), Down(4 * HOUR), At(6 * HOUR)],
            runs: &[1, 2, 3, 4, 5, 6],
            missed: 0..0,
        },
        Case {
            name: "ahead while a time waits for its delay",
            schedule: delayed(),
            turns: &[
                At(HOUR + 600),
                At(2 * HOUR + 60),
                At(AHEAD),
                At(2 * HOUR + 120),
                At(2 * HOUR + 600),
                At(3 * HOUR + 600),
            ],
            runs: &[1, 2, 3, 72],
            missed: 4..72,
        },
        Case {
            name: "back while a time waits for its delay",
            schedule: delayed(),
            turns: &[At(HOUR + 600), At(2 * HOUR + 600), At(2 * HOUR + 60), At(2 * HOUR + 601), At(3 * HOUR + 600)],
            runs: &[1, 2, 3],
            missed: 0..0,
        },
    ]
}

#[tokio::test]
async fn clocks_jump() {
    for case in cases() {
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
        assert_eq!(hours(SlotState::Missed), case.missed.collect::<Vec<i64>>(), "{}: missed", case.name);
        let mut jobs: Vec<&String> = slots.iter().filter_map(|slot| slot.job_id.as_ref()).collect();
        let runs = jobs.len();
        jobs.sort();
        jobs.dedup();
        assert_eq!((jobs.len(), runs), (case.runs.len(), case.runs.len()), "{}: jobs", case.name);
    }
}

#[tokio::test]
async fn every_minute_and_three_days_at_once() {
    let minutely = |catch_up| Schedule { cron: "* * * * *".into(), ..catching_up(catch_up) };
    let timed = Timed::new(minutely(CatchUp::One)).await;
    for time in [60, 120, AHEAD, 150, 180, 240, 300, AHEAD + 60] {
        timed.at(MONDAY + time).await;
    }
    timed.settle().await;
    let slots = timed.slots("contacts").await;
    let minutes = |state| -> Vec<i64> {
        let found = slots.iter().filter(|slot| slot.state == state);
        found.map(|slot| (scheduled(slot) - MONDAY) / 60).collect()
    };
    let ahead = AHEAD / 60;
    assert_eq!(minutes(SlotState::Run), [1, 2, 3, 4, 5, ahead, ahead + 1]);
    let missed = minutes(SlotState::Missed);
    // The newest thousand of each downtime: those before the first jump, and those after the minutes that really came.
    assert_eq!(missed, (ahead - 1_000..ahead).collect::<Vec<i64>>());
    let first = slots.iter().find(|slot| slot.state == SlotState::Missed).and_then(|slot| slot.note.clone());
    assert_eq!(first.as_deref(), Some("the server was not running, or its clock was changed; so did earlier times"));
}
