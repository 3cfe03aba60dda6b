//! Reactions of the client, class by class, and what it counts.
//!
//! Knows the answers of a script only.

use std::sync::Arc;
use std::time::Duration;

use pardot::batch::{BatchAnswer, Carrier, Item, Operation, ProspectBatch};
use pardot::code::Class;
use pardot::{Allowance, ApiVersion, CallError, Claim, ClientParts, GrantError, Repeat, RetryPolicy, Shortage};
use tokio::sync::Notify;

use crate::server::{Bench, OK, RETRY, Reply, Server, UNIT, fail, say, token};

pub(crate) fn batch(repeat: Repeat) -> ProspectBatch {
    let item = Item { identifier: "1".to_owned(), attributes: r#"{"id":1,"email":"kim@example.com"}"#.to_owned() };
    ProspectBatch {
        version: ApiVersion::V4,
        operation: Operation::Upsert,
        carrier: Carrier::Body,
        items: vec![item],
        repeat,
    }
}

pub(crate) fn shown(result: Result<BatchAnswer, CallError>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(CallError::Refused(refusal)) => format!("refused {:?}", refusal.class),
        Err(CallError::Unknown { .. }) => "unknown".to_owned(),
        Err(CallError::Unavailable { maybe_applied, attempts, .. }) => {
            format!("unavailable {attempts} {maybe_applied}")
        }
        Err(CallError::Quota(Shortage::Refused { .. })) => "quota".to_owned(),
        Err(CallError::Quota(shortage)) => shortage.to_string(),
        Err(CallError::Reconnect(error)) => format!("reconnect {error:?}"),
        Err(CallError::Stopped) => "stopped".to_owned(),
    }
}

/// Answers first `reply`, then a success: what comes of it with each kind of repeat, with which number of calls.
async fn react(reply: Reply, repeat: Repeat) -> (String, usize, Bench) {
    let server = Server::start(vec![token("a"), token("b"), token("c")], vec![reply, say(200, OK)]).await;
    let bench = server.client(RETRY);
    let result = shown(bench.client.send(&batch(repeat)).await);
    (result, server.pardot_calls(), bench)
}

#[tokio::test]
async fn the_class_table_row_by_row() {
    let hint = |status, body: &str| Reply::Say(status, "retry-after: 7\r\n", body.to_owned());
    let html = "<html>kim@example.com</html>";
    // Reply, then result and calls when it may be repeated, and when it may not.
    let table: Vec<(Reply, &str, usize, &str, usize)> = vec![
        (say(200, OK), "ok", 1, "ok", 1),
        // Throttle.
        (fail(200, 66), "ok", 2, "ok", 2),
        (fail(400, 66), "ok", 2, "ok", 2),
        (fail(429, 66), "ok", 2, "ok", 2),
        (fail(400, 202), "ok", 2, "ok", 2),
        (say(429, html), "ok", 2, "unknown", 1),
        (hint(503, html), "ok", 2, "unknown", 1),
        // Quota.
        (fail(429, 122), "quota", 1, "quota", 1),
        (fail(200, 122), "quota", 1, "quota", 1),
        (fail(400, 164), "quota", 1, "quota", 1),
        // Transient.
        (say(500, html), "ok", 2, "unknown", 1),
        (say(502, ""), "ok", 2, "unknown", 1),
        (say(503, ""), "ok", 2, "unknown", 1),
        (say(504, ""), "ok", 2, "unknown", 1),
        (say(408, ""), "ok", 2, "unknown", 1),
        (fail(400, 62), "ok", 2, "unknown", 1),
        (fail(400, 116), "ok", 2, "unknown", 1),
        (fail(400, 157), "ok", 2, "unknown", 1),
        (fail(500, 183), "ok", 2, "unknown", 1),
        (fail(400, 214), "ok", 2, "unknown", 1),
        (say(200, html), "ok", 2, "unknown", 1),
        (say(200, ""), "ok", 2, "unknown", 1),
        (say(200, "{\"@attrib"), "ok", 2, "unknown", 1),
        (say(302, ""), "ok", 2, "unknown", 1),
        (Reply::Close, "ok", 2, "unknown", 1),
        // Token.
        (fail(401, 184), "ok", 2, "ok", 2),
        (fail(200, 184), "ok", 2, "ok", 2),
        (fail(400, 1), "ok", 2, "ok", 2),
        (fail(400, 15), "ok", 2, "ok", 2),
        (say(401, ""), "ok", 2, "ok", 2),
        (say(401, r#"[{"errorCode":"INVALID_SESSION_ID"}]"#), "ok", 2, "ok", 2),
        // Access: exactly one call.
        (say(403, ""), "refused Access", 1, "refused Access", 1),
        (fail(400, 46), "refused Access", 1, "refused Access", 1),
        (fail(401, 49), "refused Access", 1, "refused Access", 1),
        (fail(400, 53), "refused Access", 1, "refused Access", 1),
        (fail(400, 76), "refused Access", 1, "refused Access", 1),
        (fail(400, 126), "refused Access", 1, "refused Access", 1),
        (fail(400, 201), "refused Access", 1, "refused Access", 1),
        // The rest belongs to the caller.
        (fail(400, 88), "refused Version", 1, "refused Version", 1),
        (fail(400, 89), "refused Version", 1, "refused Version", 1),
        // Without a code it is no proof that nothing was applied.
        (say(414, html), "refused Size", 1, "unknown", 1),
        (say(413, html), "refused Size", 1, "unknown", 1),
        (fail(400, 70), "refused Size", 1, "refused Size", 1),
        (fail(400, 71), "refused Size", 1, "refused Size", 1),
        (fail(400, 3), "refused Row", 1, "refused Row", 1),
        (fail(400, 85), "refused RowOnce", 1, "refused RowOnce", 1),
        (fail(400, 58), "refused AlreadySo", 1, "refused AlreadySo", 1),
        (fail(400, 13), "refused WholeBatch", 1, "refused WholeBatch", 1),
        (say(400, html), "refused WholeBatch", 1, "unknown", 1),
        (fail(400, 161), "refused Import", 1, "refused Import", 1),
        (fail(400, 999), "refused Unknown", 1, "refused Unknown", 1),
    ];
    for (reply, free, free_calls, never, never_calls) in table {
        let name = format!("{reply:?}");
        let (result, calls, _) = react(reply.clone(), Repeat::Freely).await;
        assert_eq!((result.as_str(), calls), (free, free_calls), "freely: {name}");
        let (result, calls, _) = react(reply, Repeat::Never).await;
        assert_eq!((result.as_str(), calls), (never, never_calls), "never: {name}");
    }
}

#[tokio::test]
async fn retries_are_counted_and_end() {
    let server = Server::start(vec![token("a")], vec![]).await;
    let bench = server.client(RETRY);
    assert_eq!(shown(bench.client.send(&batch(Repeat::Freely)).await), "unavailable 6 true");
    let (counts, slept) = (bench.client.counts(), bench.clock.slept());
    assert_eq!((counts.calls, counts.retries, counts.throttles, counts.refreshes), (6, 5, 0, 1));
    assert_eq!(counts.by_kind.get("batchUpsert"), Some(&6));
    for (wait, cap) in slept.iter().zip([1, 2, 4, 8, 16]) {
        assert!(*wait <= Duration::from_secs(cap), "{wait:?}");
    }
    assert_eq!(slept.len(), 5);
}

#[tokio::test]
async fn a_closed_port_proves_that_nothing_was_applied() {
    let server = Server::start(vec![token("a")], vec![]).await;
    // A port that was just closed.
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let bench = server.client(RETRY);
    let allowance = Arc::new(Allowance::new(10, Some(1)));
    let parts = ClientParts {
        host: pardot::Host::pardot(&format!("http://{closed}")).unwrap(),
        business_unit: UNIT.parse().unwrap(),
        tokens: bench.tokens.clone(),
        limiter: bench.limiter.clone(),
        allowance: allowance.clone(),
        claim: Claim::Within,
        retry: RETRY,
        clock: bench.clock.clone(),
        seed: 1,
    };
    let client = pardot::Client::new(parts).unwrap();
    assert_eq!(shown(client.send(&batch(Repeat::Never)).await), "unavailable 6 false");
    assert_eq!((client.counts().calls, allowance.spent()), (0, 0));
}

#[tokio::test]
async fn throttles_do_not_count_and_halve_the_lanes() {
    let server = Server::start(vec![token("a")], [vec![fail(400, 66); 20], vec![say(200, OK)]].concat()).await;
    let bench = server.client(RetryPolicy { maximum_retries: 0, ..RETRY });
    assert_eq!(shown(bench.client.send(&batch(Repeat::Never)).await), "ok");
    let counts = bench.client.counts();
    assert_eq!((counts.retries, counts.throttles, counts.lanes, counts.throttled_now), (0, 20, 1, true));
    assert!(bench.clock.slept().iter().all(|wait| *wait >= RETRY.initial_wait && *wait <= RETRY.maximum_wait));
}

#[tokio::test]
async fn half_an_hour_of_throttles_is_an_outage() {
    let server = Server::start(vec![token("a")], vec![fail(400, 66); 2000]).await;
    let bench = server.client(RETRY);
    let result = bench.client.send(&batch(Repeat::Freely)).await;
    assert!(matches!(result, Err(CallError::Unavailable { maybe_applied: false, .. })), "{result:?}");
    let waited: Duration = bench.clock.slept().iter().sum();
    assert!(waited >= Duration::from_secs(1800) && waited <= Duration::from_secs(1920), "{waited:?}");
}

#[tokio::test]
async fn the_hint_of_the_server_wins() {
    let reply = Reply::Say(503, "retry-after: 77\r\n", String::new());
    let (result, _, bench) = react(reply, Repeat::Freely).await;
    assert_eq!((result.as_str(), bench.clock.slept()), ("ok", vec![Duration::from_secs(77)]));
}

#[tokio::test]
async fn cut_answers_are_never_accepted() {
    let policy = RetryPolicy { maximum_retries: 0, ..RETRY };
    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
    let mut cuts = Vec::new();
    for end in 0..OK.len() {
        let part = &OK[..end];
        cuts.push(format!("{head}content-length: {}\r\n\r\n{part}", OK.len()));
        cuts.push(format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{part}", OK.len()));
        cuts.push(format!("{head}\r\n{part}"));
    }
    let count = cuts.len();
    let server =
        Server::start(vec![token("a")], cuts.into_iter().map(|cut| Reply::Raw(cut.into_bytes())).collect()).await;
    let bench = server.client(policy);
    for _ in 0..count {
        let result = shown(bench.client.send(&batch(Repeat::Freely)).await);
        assert_eq!(result, "unavailable 1 true");
    }
    assert_eq!(server.pardot_calls(), count);
}

#[tokio::test]
async fn a_huge_answer_is_not_read() {
    let policy = RetryPolicy { maximum_retries: 0, ..RETRY };
    let declared = "HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n".to_owned() + OK;
    let endless = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_owned() + &" ".repeat(2 << 20) + OK;
    let server = Server::start(vec![token("a")], vec![Reply::Raw(declared.into()), Reply::Raw(endless.into())]).await;
    let bench = server.client(policy);
    for _ in 0..2 {
        assert_eq!(shown(bench.client.send(&batch(Repeat::Freely)).await), "unavailable 1 true");
    }
    assert!(bench.client.counts().bytes_received < 1 << 20);
}

#[tokio::test]
async fn a_call_that_timed_out_keeps_its_slot_until_the_server_is_done() {
    let policy = RetryPolicy { maximum_retries: 0, timeout: Duration::from_millis(200), ..RETRY };
    let done = Arc::new(Notify::new());
    let server = Server::start(vec![token("a")], vec![Reply::CloseAfter(done.clone())]).await;
    let bench = server.client(policy);
    assert_eq!(shown(bench.client.send(&batch(Repeat::Never)).await), "unknown");
    assert_eq!(bench.limiter.in_flight(), 1);
    done.notify_one();
    let free = async {
        while bench.limiter.in_flight() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), free).await.unwrap();
}

#[tokio::test]
async fn a_call_that_was_abandoned_keeps_its_slot_too() {
    let done = Arc::new(Notify::new());
    let server = Server::start(vec![token("a")], vec![Reply::CloseAfter(done.clone())]).await;
    let bench = server.client(RETRY);
    let client = bench.client.clone();
    let lane = tokio::spawn(async move { client.send(&batch(Repeat::Freely)).await });
    let sent = async {
        while server.pardot_calls() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), sent).await.unwrap();
    lane.abort();
    assert!(lane.await.is_err());
    assert_eq!((bench.limiter.in_flight(), bench.client.counts().in_flight), (1, 1));
    done.notify_one();
}

#[tokio::test]
async fn never_more_than_five_in_flight() {
    let server = Server::start(vec![token("a")], vec![say(200, OK); 200]).await;
    let bench = server.client(RETRY);
    let lanes: Vec<_> = (0..20)
        .map(|_| {
            let client = bench.client.clone();
            tokio::spawn(async move {
                for _ in 0..10 {
                    client.send(&batch(Repeat::Freely)).await.unwrap();
                }
            })
        })
        .collect();
    for lane in lanes {
        lane.await.unwrap();
    }
    let counts = bench.client.counts();
    assert_eq!((counts.calls, counts.refreshes, server.token_calls()), (200, 1, 1));
    assert!(counts.max_in_flight <= 5, "{}", counts.max_in_flight);
    assert_eq!(counts.in_flight, 0);
}

#[tokio::test]
async fn stopping_ends_waiting_calls() {
    let server = Server::start(vec![token("a")], vec![]).await;
    let bench = server.client(RETRY);
    bench.client.stop();
    assert_eq!(shown(bench.client.send(&batch(Repeat::Freely)).await), "stopped");
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn headers_and_usage() {
    let reply = Reply::Say(200, "X-API-Usage: 12/25000\r\n", OK.to_owned());
    let server = Server::start(vec![token("tok3n")], vec![reply]).await;
    let bench = server.client(RETRY);
    bench.client.send(&batch(Repeat::Freely)).await.unwrap();
    let sent = server.seen()[1].to_lowercase();
    for header in [
        "post /api/prospect/version/4/do/batchupsert?format=json http/1.1",
        "authorization: bearer tok3n",
        "pardot-business-unit-id: 0uv5e0000008oqacau",
        "x-return-api-usage: 1",
        "content-type: application/x-www-form-urlencoded",
    ] {
        assert!(sent.contains(header), "{header} in {sent}");
    }
    assert!(!sent.contains("accept-encoding"), "{sent}");
    let counts = bench.client.counts();
    assert_eq!(counts.usage.map(|usage| (usage.used, usage.limit)), Some((12, 25_000)));
    assert_eq!((counts.bytes_received, counts.lanes, counts.throttled_now), (OK.len() as u64, 5, false));
    assert!(counts.bytes_sent > 100);
}

#[tokio::test]
async fn errors_show_no_personal_data_and_no_token() {
    for reply in [say(500, "<html>kim@example.com tok3n</html>"), Reply::Close, say(403, "kim@example.com")] {
        let server = Server::start(vec![token("tok3n")], vec![reply]).await;
        let bench = server.client(RetryPolicy { maximum_retries: 0, ..RETRY });
        let error = bench.client.send(&batch(Repeat::Freely)).await.unwrap_err();
        let shown = format!("{error} {error:?} {} {:?}", error.hint(), bench.client);
        assert!(!shown.contains("kim") && !shown.contains("tok3n") && !shown.contains("127.0.0.1"), "{shown}");
    }
}

#[tokio::test]
async fn endless_token_refusals_end_after_two_fresh_tokens() {
    let pardot = [vec![say(200, OK)], vec![fail(401, 184); 9]].concat();
    let server = Server::start(vec![token("a"), token("b"), token("c"), token("d")], pardot).await;
    let bench = server.client(RETRY);
    bench.client.send(&batch(Repeat::Never)).await.unwrap();
    for calls in [4, 4] {
        let result = bench.client.send(&batch(Repeat::Never)).await;
        assert_eq!(result, Err(CallError::Reconnect(GrantError::TokenRefusedTwice)));
        assert_eq!((server.pardot_calls(), server.token_calls()), (calls, 3));
    }
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let server = Server::start(vec![token("a")], vec![fail(400, 201)]).await;
    let error = server.client(RETRY).client.send(&batch(Repeat::Freely)).await.unwrap_err();
    assert!(error.hint().contains("pi.demo.pardot.com"), "{}", error.hint());
    let CallError::Refused(refusal) = error else { panic!("a refusal") };
    assert_eq!((refusal.status, refusal.code, refusal.class), (400, Some(201), Class::Access));
}
