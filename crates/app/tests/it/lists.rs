//! Lists that are narrowed: by a part of a name, by how things stand, by what they are; and page by page.

use api::{QuerySpec, Schedule, ScheduleState, Scheduled};
use app::ScheduleFilter;

use crate::bench::Bench;

async fn query(bench: &Bench, name: &str, cron: Option<&str>) {
    let schedule = cron.map(|cron| Schedule { cron: cron.into(), ..Schedule::default() });
    let spec = QuerySpec { name: name.into(), sql: "SELECT 1 AS id".into(), schedule, ..QuerySpec::default() };
    bench.app.create_query(&bench.actor, spec).await.expect("taken");
}

#[tokio::test]
async fn queries_are_found_by_a_part_of_their_name() {
    let bench = Bench::new().await;
    for name in ["Abend", "a_b", "ab", "axb", "ÄB 1", "äb 2", "zebra"] {
        query(&bench, name, None).await;
    }
    let cases: [(&str, &[&str]); 8] = [
        ("ab", &["Abend", "ab"]),
        ("AB", &["Abend", "ab"]),
        ("a_b", &["a_b"]),
        ("äb", &["ÄB 1", "äb 2"]),
        ("", &["Abend", "a_b", "ab", "axb", "zebra", "ÄB 1", "äb 2"]),
        ("%", &[]),
        ("_", &["a_b"]),
        ("'; DROP TABLE document; --", &[]),
    ];
    for (text, want) in cases {
        for limit in [1, 2, 50] {
            let (mut found, mut after) = (Vec::new(), None::<String>);
            loop {
                let page =
                    bench.app.queries_named_like(&bench.actor, text, after.as_deref(), limit).await.expect("found");
                assert!(page.items.len() <= limit as usize);
                found.extend(page.items.into_iter().map(|query| query.spec.name));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, want, "{text} {limit}");
        }
    }
}

#[tokio::test]
async fn schedules_are_narrowed_before_they_are_paged() {
    let bench = Bench::new().await;
    for number in 0..6 {
        query(&bench, &format!("n{number}"), (number != 2).then_some("@daily")).await;
    }
    for name in ["n1", "n4"] {
        bench.app.pause_schedule(&bench.actor, Scheduled::Query, name).await.expect("paused");
    }
    let all = ScheduleFilter::default();
    let paused = ScheduleFilter { state: Some(ScheduleState::Paused), ..all.clone() };
    let cases: [(ScheduleFilter, &[&str]); 6] = [
        (all.clone(), &["n0", "n1", "n3", "n4", "n5"]),
        (paused.clone(), &["n1", "n4"]),
        (ScheduleFilter { name: "N4".into(), ..paused }, &["n4"]),
        (
            ScheduleFilter { of: Some(Scheduled::Query), name: "n".into(), ..all.clone() },
            &["n0", "n1", "n3", "n4", "n5"],
        ),
        (ScheduleFilter { of: Some(Scheduled::Activation), ..all.clone() }, &[]),
        (ScheduleFilter { state: Some(ScheduleState::Disabled), ..all }, &[]),
    ];
    for (filter, want) in cases {
        for limit in [1, 2, 50] {
            let (mut found, mut after) = (Vec::new(), None::<String>);
            loop {
                let page =
                    bench.app.schedules_like(&bench.actor, &filter, after.as_deref(), limit).await.expect("found");
                found.extend(page.items.into_iter().map(|view| view.query));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, want, "{filter:?} {limit}");
        }
    }
}
