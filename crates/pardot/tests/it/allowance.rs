//! The allowance at work: lanes and clients side by side against a server that counts.
//!
//! Knows the answers of a script only.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pardot::{Allowance, Claim, Client, Repeat, RetryPolicy, Usage};

use crate::client::{batch, shown};
use crate::server::{Meter, OK, RETRY, Reply, Server, fail, say, token};

/// A server that counts `calls` calls.
async fn metered(meter: &Arc<Meter>, calls: usize) -> Server {
    Server::start(vec![token("a"), token("b"), token("c")], vec![Reply::Metered(meter.clone()); calls]).await
}

/// Sends from `lanes` lanes of each client until all are refused; gives what they were told.
async fn drain(clients: &[Arc<Client>], lanes: usize) -> Vec<String> {
    let running: Vec<_> = clients
        .iter()
        .flat_map(|client| vec![client.clone(); lanes])
        .map(|client| {
            tokio::spawn(async move {
                loop {
                    let told = shown(client.send(&batch(Repeat::Freely)).await);
                    if told != "ok" {
                        return told;
                    }
                }
            })
        })
        .collect();
    let mut told = Vec::new();
    for lane in running {
        told.push(lane.await.unwrap());
    }
    told.sort();
    told.dedup();
    told
}

#[tokio::test]
async fn the_reserve_is_kept_to_the_call() {
    // Used before, limit, reserve, used afterwards.
    for (used, limit, reserve, after) in [(0, 120, 10, 108), (50, 120, 10, 108), (97, 100, 1, 99), (99, 100, 1, 100)] {
        for (lanes, shuffle) in [(1, false), (5, false), (5, true), (9, true)] {
            let meter = Meter::new(used, limit, shuffle);
            let server = metered(&meter, 200).await;
            let bench = server.client_within(RETRY, &Arc::new(Allowance::new(reserve, None)), Claim::Within);
            let told = drain(std::slice::from_ref(&bench.client), lanes).await;
            let want = format!("{after} of today's {limit} Pardot calls are used; {reserve} % are left to others");
            assert_eq!((told, meter.used()), (vec![want], after), "{used} {lanes} {shuffle}");
        }
    }
}

#[tokio::test]
async fn clients_of_one_business_unit_share_its_allowance() {
    let meter = Meter::new(0, 120, true);
    let server = metered(&meter, 200).await;
    let allowance = Arc::new(Allowance::new(10, None));
    let clients: Vec<_> = (0..2).map(|_| server.client_within(RETRY, &allowance, Claim::Within).client).collect();
    drain(&clients, 5).await;
    assert_eq!((meter.used(), allowance.spent(), allowance.left()), (108, 108, Some(0)));
    // What a person waits for is counted and goes out.
    let looking = server.client_within(RETRY, &allowance, Claim::Beyond).client;
    assert_eq!(shown(looking.send(&batch(Repeat::Freely)).await), "ok");
    assert_eq!((meter.used(), allowance.spent()), (109, 109));
}

/// 600 batches at 120 calls a day and 10 % for others: 108 a day, hence the sixth day.
#[tokio::test]
async fn six_hundred_batches_take_six_days() {
    for announced in [true, false] {
        let meter = Meter::new(0, 120, true);
        let server = metered(&meter, 700).await;
        let allowance = Arc::new(Allowance::new(10, None));
        let client = server.client_within(RETRY, &allowance, Claim::Within).client;
        let (mut sent, mut days) = (0, 1);
        while sent < 600 {
            let lanes: Vec<_> = (0..5.min(600 - sent))
                .map(|_| {
                    let client = client.clone();
                    tokio::spawn(async move { shown(client.send(&batch(Repeat::Freely)).await) })
                })
                .collect();
            let mut refused = false;
            for lane in lanes {
                let told = lane.await.unwrap();
                if told == "ok" { sent += 1 } else { refused = true }
            }
            if refused {
                assert_eq!(meter.used(), 108, "day {days}");
                meter.used.store(0, Ordering::SeqCst);
                days += 1;
                if announced { allowance.new_day() } else { allowance.probe() }
            }
        }
        assert_eq!((days, sent, server.pardot_calls()), (6, 600, 600));
    }
}

#[tokio::test]
async fn a_budget_holds_without_any_count() {
    let server = Server::start(vec![token("a")], vec![say(200, OK); 50]).await;
    let allowance = Arc::new(Allowance::new(10, Some(20)));
    let client = server.client_within(RETRY, &allowance, Claim::Within).client;
    assert_eq!(drain(&[client], 5).await, ["the budget of 20 calls a day is used up"]);
    assert_eq!((server.pardot_calls(), allowance.usage()), (20, None));
}

#[tokio::test]
async fn repeats_count_and_end_at_the_allowance() {
    let server = Server::start(vec![token("a")], vec![say(500, ""); 9]).await;
    let allowance = Arc::new(Allowance::new(0, Some(3)));
    let bench = server.client_within(RETRY, &allowance, Claim::Within);
    assert_eq!(shown(bench.client.send(&batch(Repeat::Freely)).await), "the budget of 3 calls a day is used up");
    assert_eq!((server.pardot_calls(), allowance.spent()), (3, 3));
}

#[tokio::test]
async fn code_122_rules_whatever_is_left() {
    let server = Server::start(vec![token("a")], vec![fail(429, 122)]).await;
    let allowance = Arc::new(Allowance::new(10, None));
    allowance.tell(Usage { used: 1, limit: 100 });
    let bench = server.client_within(RetryPolicy { maximum_retries: 0, ..RETRY }, &allowance, Claim::Within);
    assert_eq!(shown(bench.client.send(&batch(Repeat::Freely)).await), "quota");
}

#[tokio::test]
async fn stopping_ends_the_wait_for_a_count() {
    let done = Arc::new(tokio::sync::Notify::new());
    let server = Server::start(vec![token("a")], vec![Reply::CloseAfter(done.clone()), say(200, OK)]).await;
    let allowance = Arc::new(Allowance::new(10, None));
    let client = server.client_within(RETRY, &allowance, Claim::Within).client;
    let lanes: Vec<_> = (0..2)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { shown(client.send(&batch(Repeat::Never)).await) })
        })
        .collect();
    while server.pardot_calls() == 0 {
        tokio::task::yield_now().await;
    }
    client.stop();
    done.notify_one();
    let mut told = Vec::new();
    for lane in lanes {
        told.push(lane.await.unwrap());
    }
    told.sort();
    assert_eq!((told.join(" "), server.pardot_calls()), ("stopped unknown".into(), 1));
}
