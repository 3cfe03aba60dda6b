//! What a person is told of each reason to stop.
//!
//! Knows no rows.

use expect_test::expect;

use super::*;

#[test]
fn every_stop_says_what_and_what_to_do() {
    let refusal = |class, code| Refusal { status: 400, code: Some(code), message: "text".into(), class };
    let problems = || Problems::from(model::Problem::at("column x", "is unknown"));
    let stops = [
        Stop::RejectedRow,
        Stop::Quota(Shortage::Refused { code: Some(122), message: "Daily API rate limit met".into() }),
        Stop::Quota(Shortage::Reserve { used: 22_500, limit: 25_000, reserve: 10 }),
        Stop::Quota(Shortage::Budget { spent: 5_000, budget: 5_000 }),
        Stop::Outage { cause: "HTTP 503".into() },
        Stop::Reconnect(GrantError::TokenRefusedTwice),
        Stop::Killed,
        Stop::Access(refusal(Class::Access, 49)),
        Stop::Settings(problems()),
        Stop::Ledger(LedgerError { message: "disk full".into() }),
        Stop::Refused(refusal(Class::Unknown, 999)),
    ];
    let told: Vec<String> = stops
        .iter()
        .map(|stop| {
            let cause = stop.cause();
            let who = if cause.configuration { "a person must change something: " } else { "" };
            let hint = cause.hint.map(|hint| format!("  {hint}\n")).unwrap_or_default();
            format!("{who}{}\n{hint}", cause.message)
        })
        .collect();
    expect![[r#"
        stopped at a rejected row (skip_invalid_records is false)
          fix the row in the query, or set skip_invalid_records: true
        today's Pardot calls are used up (code 122)
          nothing is lost; calls are counted anew at midnight in the time zone of the Pardot account
        22,500 of today's 25,000 Pardot calls are used; 10 % are left to others
          nothing is lost; calls are counted anew at midnight in the time zone of the Pardot account; a smaller reserve allows more today
        the budget of 5,000 calls a day is used up
          nothing is lost; the next day has a budget of its own; a larger one allows more today
        Pardot has not answered properly: HTTP 503
          nothing is lost; continue when Pardot answers again
        Pardot refused a fresh access token twice
          check that the connected app has the scope pardot_api, that the user is synchronised with this business unit, and that the business unit is the right one; then reconnect
        stopped on request; what was under way was finished
        a person must change something: Pardot refused: text (code 49, HTTP 400)
          check the role of the connection's user in this business unit and that the user is synchronised with Pardot
        a person must change something: column x: is unknown
        disk full
          nothing is sent that cannot be recorded; fix it and continue
        Pardot refused: text (code 999, HTTP 400)
    "#]].assert_eq(&told.concat());
}

#[test]
fn a_failed_call_stops_a_job_for_its_own_reason() {
    let budget = Shortage::Budget { spent: 5, budget: 5 };
    assert!(matches!(stop_of(CallError::Quota(budget.clone())), Stop::Quota(told) if told == budget));
    assert!(matches!(stop_of(CallError::Stopped), Stop::Killed));
    assert!(matches!(stop_of(CallError::Unknown { cause: "x".into(), still_running: true }), Stop::Outage { .. }));
    assert!(matches!(stop_of(CallError::Reconnect(GrantError::TokenRefusedTwice)), Stop::Reconnect(_)));
    for (class, access) in [(Class::Access, true), (Class::Version, true), (Class::Row, false), (Class::Unknown, false)]
    {
        let refusal = Refusal { status: 400, code: None, message: String::new(), class };
        assert_eq!(matches!(stop_of(CallError::Refused(refusal)), Stop::Access(_)), access, "{class:?}");
    }
}
