//! What a review found, held in place: answers that prove nothing, ends that are counted, words that are not repeated.
//!
//! Knows the causes; not how the program finds its way out of them.

use std::time::{Duration, Instant};

use pardot_sim::{BusinessUnit, Config, Fault, FaultKind, OAuthSettings, RowMatch, When};

use crate::contacts::{check_contacts, contacts};
use crate::harness::{Bench, check_rows, files};

/// Between the longest an orderly end takes on a slow machine and the wait that it must not sit out.
const PROMPTLY: Duration = Duration::from_secs(20);

fn good(_: u64) -> bool {
    false
}

fn code(code: u32, message: Option<&str>) -> FaultKind {
    FaultKind::Code { code, when: When::Before, status: None, message: message.map(str::to_owned) }
}

/// An answer of the web tier without a word of Pardot's.
fn bare(status: u16, when: When) -> FaultKind {
    FaultKind::Status { status, when, retry_after: None, html: true }
}

/// The batches that insert where emails are shared; the first batch of a new account is of version 3.
const INSERTS: &str = "version/4/do/batchUpsert";

/// No call of this kind is answered within the test.
fn busy() -> FaultKind {
    FaultKind::Status { status: 503, when: When::Before, retry_after: Some("90".into()), html: true }
}

#[test]
fn every_list_of_a_prospect_counts() {
    for bench in [Bench::unique(), Bench::shared()] {
        let unit = bench.unit();
        let lists = [71_u64, 72, 73];
        for list in lists {
            bench.sandbox.add_list_with_id(&unit, list, &format!("list {list}"), false);
        }
        let ids: Vec<u64> = (1..=20)
            .map(|row| bench.sandbox.add_prospect(&unit, serde_json::json!({"email": format!("m{row}@example.com")})))
            .collect();
        let mut csv = String::from("list_id,prospect_id\n");
        ids.iter().for_each(|id| lists.iter().for_each(|list| csv += &format!("{list},{id}\n")));
        for (operation, so) in [("upsert", true), ("delete", false)] {
            let before = bench.counters().rows_applied;
            let done = bench
                .export_csv(&csv)
                .set("data_object", "list_memberships")
                .set("list_membership_operation", operation)
                .set("parallel_tasks", 5)
                .exits(0);
            check_rows(&done, [60, 60, 0, 0, 0, 0]);
            for (list, id) in lists.iter().flat_map(|list| ids.iter().map(move |id| (*list, *id))) {
                let member = bench.sandbox.membership(&unit, list, id).is_some_and(|membership| !membership.deleted);
                assert_eq!(member, so, "{operation} of {id} in {list}");
            }
            // 50 rows are 16 prospects and two lists of the next; 10 rows are its third and 3 prospects.
            assert_eq!(bench.counters().rows_applied - before, 17 + 4, "one item a prospect and batch: {operation}");
        }
    }
}

#[test]
fn a_page_that_says_too_long_says_little_about_a_body() {
    for when in [When::Before, When::After] {
        let bench = Bench::unique();
        bench.sandbox.fault(Fault::next(1, bare(414, when)).path("batchUpsert"));
        let done = bench.export_csv(&contacts(120, good)).set("batch_carrier", "body").exits(0);
        check_rows(&done, [120, 120, 0, 0, 0, 0]);
        assert_eq!(bench.journal_of("batchUpsert").len(), 3 + 1, "{when:?}: sent again whole");
        let before = bench.journal_of("batchUpsert").len();
        bench.export_csv(&contacts(200, good)).set("batch_carrier", "body").exits(0);
        assert_eq!(bench.journal_of("batchUpsert").len() - before, 4, "{when:?}: no size was learned");
        check_contacts(&bench, 200, good);
    }
}

#[test]
fn an_insert_behind_a_bare_page_is_looked_up() {
    for times in [1, 2] {
        let bench = Bench::shared();
        bench.sandbox.fault(Fault::next(times, bare(414, When::After)).path(INSERTS));
        let done = bench.export_csv(&contacts(120, good)).set("batch_carrier", "body").exits(0);
        check_rows(&done, [120, 120, 0, 0, 0, 0]);
        check_contacts(&bench, 120, good);
        assert_eq!(bench.counters().prospects_created, 120);
    }
}

#[test]
fn what_could_not_be_looked_up_is_held() {
    let bench = Bench::shared();
    bench.sandbox.fault(Fault::next(1, FaultKind::Reset { when: When::After }).path(INSERTS));
    bench.sandbox.fault(Fault::always(code(122, None)).path("do/read"));
    let parked = bench.export_csv(&contacts(50, good)).exits(5);
    check_rows(&parked, [50, 0, 0, 0, 50, 0]);
    assert_eq!(parked.text("/status"), "parked_quota");
    bench.sandbox.clear_faults();
    let done = bench.resume(&parked.job()).exits(0);
    check_rows(&done, [50, 50, 0, 0, 0, 0]);
    assert_eq!(done.text("/status"), "success");
    check_contacts(&bench, 50, good);
    assert_eq!(bench.counters().prospects_created, 50);
}

#[test]
fn a_connection_that_was_taken_away_leaves_the_counts() {
    let unit = BusinessUnit { daily_limit: 2, ..BusinessUnit::default() };
    let bench = Bench::with(Config { business_units: vec![unit], ..Config::default() });
    let parked = bench.export_csv(&contacts(200, good)).exits(5);
    let rows = [200, 100, 0, 0, 0, 100];
    check_rows(&parked, rows);
    let mut connection: serde_json::Value = serde_json::from_str(&bench.read("connection.yaml")).unwrap();
    connection.as_object_mut().unwrap().remove("refresh_token");
    bench.write("connection.yaml", &connection.to_string());
    let unconnected = bench.resume(&parked.job()).exits(4);
    check_rows(&unconnected, rows);
    assert_eq!(unconnected.text("/status"), "needs_reconnect");
    bench.connect();
    bench.sandbox.advance(Duration::from_secs(24 * 3_600));
    check_rows(&bench.resume(&parked.job()).exits(0), [200, 200, 0, 0, 0, 0]);
}

#[test]
fn an_operation_that_is_refused_throughout_stops() {
    for (lanes, known) in [(1, false), (5, false), (5, true)] {
        let bench = Bench::unique();
        if known {
            bench.export("SELECT 'known@example.com' AS email").exits(0);
        }
        let before = bench.journal_of("batchUpsert").len();
        bench.sandbox.fault(Fault::always(code(22, None)).path("batchUpsert"));
        let failed = bench
            .export_csv(&contacts(1_000, good))
            .set("skip_invalid_records", true)
            .set("parallel_tasks", lanes)
            .exits(1);
        assert_eq!(failed.text("/status"), "failed");
        assert!(failed.text("/cause/message").contains("code 22"), "{}", failed.stdout);
        let calls = bench.journal_of("batchUpsert").len() - before;
        assert!(calls <= 200, "{calls} calls with {lanes} lanes");
        let [_, delivered, rejected, ..] = failed.rows();
        assert!(delivered == 0 && rejected <= 200, "{}", failed.stdout);
        bench.sandbox.clear_faults();
        let left = failed.number("/rows/unsent");
        assert!(left > 0);
        check_rows(&bench.resume(&failed.job()).exits(0), [1_000, left, rejected, 0, 0, 0]);
    }
}

#[test]
fn spaces_around_an_address_are_no_part_of_it() {
    for (bench, by_email) in [(Bench::unique(), false), (Bench::shared(), false), (Bench::shared(), true)] {
        let csv = "email,first_name\nsp@x.example,one\n\"sp@x.example \",two\n";
        let done = bench.export_csv(csv).set("upsert_by_email", by_email).exits(0);
        check_rows(&done, [2, 1, 0, 1, 0, 0]);
        assert_eq!(bench.prospect("sp@x.example")["first_name"], "two");
        assert_eq!(bench.prospects().len(), 1);
    }
}

#[test]
fn a_refused_token_after_a_proper_answer_is_renewed() {
    for codes in [&[184, 66, 184][..], &[184, 66, 184, 66, 184, 66, 184]] {
        let bench = Bench::unique();
        for number in codes {
            bench.sandbox.fault(Fault::next(1, code(*number, None)).path("batchUpsert"));
        }
        let done = bench.export_csv(&contacts(50, good)).exits(0);
        check_rows(&done, [50, 50, 0, 0, 0, 0]);
        let answered: Vec<u32> = bench.journal_of("batchUpsert").iter().filter_map(|entry| entry.code).collect();
        assert_eq!(answered, codes);
    }
}

#[test]
fn a_file_that_cannot_be_written_is_said_before_anything_is_sent() {
    let bench = Bench::unique();
    std::fs::create_dir(bench.path("folder.csv")).unwrap();
    for arguments in [
        ["--report", "/nonexistent/x.json"],
        ["--report", "folder.csv"],
        ["--rejects", "folder.csv"],
        ["--rejects", "/nonexistent/x.csv"],
    ] {
        let refused = bench.export_csv(&contacts(3, good)).args(&arguments).exits(2);
        assert!(refused.stderr.contains(&arguments.join(" ")), "{}", refused.stderr);
        assert_eq!(bench.sandbox.journal().len(), 0, "{arguments:?}");
    }
}

#[test]
fn a_secret_of_digits_is_asked_for_in_quotes() {
    let bench = Bench::unique();
    let at = bench.sandbox.connection();
    let document = |secret: &str| {
        format!(
            "pardot_domain: {}\nlogin_url: {}\nbusiness_unit: {}\nclient_id: {}\nclient_secret: {secret}\nrefresh_token: {}\n",
            at.pardot_domain, at.login_url, at.business_unit, at.client_id, at.refresh_token
        )
    };
    let digits = "0955279925675241571";
    bench.write("connection.yaml", &document(digits));
    let refused = bench.export_csv(&contacts(3, good)).exits(2);
    for word in ["client_secret", "quotes"] {
        assert!(refused.stderr.contains(word), "no {word} in {}", refused.stderr);
    }
    assert!(!refused.stderr.contains("95527992567524") && !refused.stdout.contains("95527992567524"));
    assert_eq!(bench.sandbox.journal().len(), 0);

    let oauth = OAuthSettings { client_secret: digits.into(), ..OAuthSettings::default() };
    let bench = Bench::with(Config { oauth, ..Config::default() });
    let token = bench.sandbox.connection().refresh_token;
    let quoted = document(&format!("\"{digits}\"")).replace(&at.refresh_token, &token);
    bench.write("connection.yaml", &quoted.replace(&at.pardot_domain, &bench.sandbox.url()));
    bench.export_csv(&contacts(3, good)).exits(0);
}

#[test]
fn a_connection_in_flow_style_survives_rotation() {
    let oauth = OAuthSettings { rotate_refresh_tokens: true, ..OAuthSettings::default() };
    let forms = [
        ("{", ", ", "}\n"),
        // One entry a line, where changing the line alone would lose the comma.
        ("{\n", ",\n", "\n}\n"),
        ("{\n  ", ",\n  ", "\n}\n"),
    ];
    for (open, between, close) in forms {
        let bench = Bench::with(Config { oauth: oauth.clone(), ..Config::default() });
        let at = bench.sandbox.connection();
        let entries = [
            format!("pardot_domain: {}", at.pardot_domain),
            format!("refresh_token: \"{}\"", at.refresh_token),
            format!("login_url: {}", at.login_url),
            format!("business_unit: {}", at.business_unit),
            format!("client_id: {}", at.client_id),
            format!("client_secret: {}", at.client_secret),
        ];
        bench.write("connection.yaml", &format!("{open}{}{close}", entries.join(between)));
        for round in 1..=3 {
            bench.export_csv(&contacts(3, good)).exits(0);
            assert_eq!(bench.counters().token_refreshes, round);
            assert!(bench.read("connection.yaml").contains(&bench.sandbox.connection().refresh_token));
        }
    }
}

#[test]
fn a_message_that_quotes_a_value_is_not_repeated() {
    let messages = [
        "Invalid country: \"Atlantis9\"",
        "'Atlantis9' is no country",
        "Can't take \"Atlantis9\" as the prospect's country",
        "no country: \"O'Atlantis9\"",
        "no country: \"At \"quoted\" Atlantis9\"",
        "no country: \"Atlantis9",
    ];
    for message in messages {
        let of_a_row = FaultKind::RefuseRows { rows: RowMatch::Any, message: message.into() };
        for (fault, rows) in [(of_a_row, 50), (code(51, Some(message)), 1), (code(9_999, Some(message)), 50)] {
            let bench = Bench::unique();
            bench.sandbox.fault(Fault::always(fault.clone()).path("batchUpsert"));
            let arguments = ["--report", "report.json", "--progress", "plain"];
            let told = bench.export_csv(&contacts(rows, good)).set("skip_invalid_records", true).args(&arguments).run();
            let [_, delivered, rejected, _, held, _] = told.rows();
            assert_eq!((delivered, rejected + held), (0, rows), "{}", told.stdout);
            let mut places = Vec::new();
            files(bench.folder.path(), &mut places);
            places
                .retain(|(path, _)| path.display().to_string().contains("sluice.db") || path.ends_with("report.json"));
            assert!(places.len() > 1, "the ledger and the report are looked at");
            places.extend([("stdout".into(), told.stdout.into()), ("stderr".into(), told.stderr.into())]);
            for (place, bytes) in places {
                let hit = bytes.windows(9).any(|window| window == b"Atlantis9");
                assert!(!hit, "{message} of {fault:?} in {}", place.display());
            }
        }
    }
}

#[test]
fn a_stopped_job_does_not_end_as_a_success() {
    let bench = Bench::unique();
    let stopped = bench.export_csv(&contacts(120, |row| row == 60)).exits(3);
    check_rows(&stopped, [120, 99, 1, 0, 0, 20]);
    for _ in 0..2 {
        let ended = bench.resume(&stopped.job()).exits(3);
        check_rows(&ended, [120, 119, 1, 0, 0, 0]);
        assert_eq!(ended.text("/status"), "stopped");
    }
    check_contacts(&bench, 120, |row| row == 60);
}

#[test]
fn a_signal_ends_the_wait_for_custom_fields_and_for_lists() {
    let memberships = ["data_object=list_memberships"];
    let cases: [(&str, &str, &[&str]); 2] = [
        ("customField", "SELECT 'a@example.com' AS email, 'blue' AS \"Favourite_Colour\"", &[]),
        // Enough rows for batches, for which the list is looked at first.
        ("list/version", "SELECT 77 AS list_id, value AS prospect_id FROM generate_series(1, 60)", &memberships),
    ];
    for (path, sql, settings) in cases {
        let bench = Bench::unique();
        bench.sandbox.add_custom_field(&bench.unit(), "Favourite_Colour", "Text");
        bench.sandbox.fault(Fault::always(busy()).path(path));
        // The first request is for the token.
        let pid = bench.signal_at(2, "INT");
        let call = settings.iter().fold(bench.export(sql), |call, setting| call.args(&["--set", setting]));
        let started = Instant::now();
        let stopped = call.run_telling(&pid);
        stopped.check_exit(130);
        assert!(started.elapsed() < PROMPTLY, "{path}: {:?}", started.elapsed());
        assert_eq!(stopped.text("/status"), "killed");
        let [read, .., unsent] = stopped.rows();
        assert_eq!(read, unsent);
        assert_eq!(bench.sandbox.journal().len(), 2, "{path}: what waited was not sent again");
    }
}

#[test]
fn a_signal_ends_the_wait_for_look_ups() {
    // In doubt while the batch is at work, and once more when all other rows have their end.
    for looked_up in [0, 5] {
        let bench = Bench::shared();
        bench.sandbox.fault(Fault::next(1, FaultKind::Reset { when: When::Before }).path(INSERTS));
        bench.sandbox.fault(Fault::always(busy()).path("do/read").after(looked_up));
        // Before the look-ups: the token, a batch of version 3, the newest prospect, the batch of version 4.
        let pid = bench.signal_at(5 + looked_up, "INT");
        let started = Instant::now();
        let stopped = bench.export_csv(&contacts(5, good)).run_telling(&pid);
        stopped.check_exit(130);
        assert!(started.elapsed() < PROMPTLY, "after {looked_up}: {:?}", started.elapsed());
        check_rows(&stopped, [5, 0, 0, 0, 5, 0]);
    }
}
