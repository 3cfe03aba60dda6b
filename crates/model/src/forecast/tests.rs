//! Calls against days, as numbers and in words.
//!
//! Knows no clock: midnight is a number.

use expect_test::expect;

use super::*;

const MIDNIGHT: i64 = 1_790_000_000;

fn usage(used: u64, limit: u64) -> Option<Usage> {
    Some(Usage { used, limit })
}

fn of(calls: u64, usage: Option<Usage>, reserve: u8, budget: Option<u64>, spent: u64) -> Forecast {
    Forecast::of(calls * 50, (calls, calls), usage, reserve, budget, spent, Some(MIDNIGHT))
}

#[test]
fn left_and_days() {
    // Calls, usage, reserve, budget, spent; left, days, whether it may park.
    type Case = (u64, Option<Usage>, u8, Option<u64>, u64, Option<u64>, Option<u64>, bool);
    let cases: &[Case] = &[
        (100, None, 10, None, 7, None, None, false),
        (0, usage(25_000, 25_000), 10, None, 0, Some(0), Some(1), false),
        (100, usage(0, 25_000), 10, None, 0, Some(22_500), Some(1), false),
        (22_500, usage(0, 25_000), 10, None, 0, Some(22_500), Some(1), false),
        (22_501, usage(0, 25_000), 10, None, 0, Some(22_500), Some(2), true),
        (20_000, usage(4_100, 25_000), 10, None, 0, Some(18_400), Some(2), true),
        (18_400 + 22_500, usage(4_100, 25_000), 10, None, 0, Some(18_400), Some(2), true),
        (18_400 + 22_501, usage(4_100, 25_000), 10, None, 0, Some(18_400), Some(3), true),
        (1, usage(24_000, 25_000), 10, None, 0, Some(0), Some(2), true),
        (1, usage(24_000, 25_000), 0, None, 0, Some(1_000), Some(1), false),
        // 600 batches at 120 calls a day and 10 % for others.
        (600, usage(0, 120), 10, None, 0, Some(108), Some(6), true),
        (600, usage(0, 120), 10, Some(60), 0, Some(60), Some(10), true),
        (600, usage(100, 120), 10, Some(60), 10, Some(8), Some(11), true),
        (600, None, 10, Some(60), 60, Some(0), Some(11), true),
        (600, None, 10, Some(600), 0, Some(600), Some(1), false),
        (600, None, 10, Some(0), 0, Some(0), None, true),
        (1, usage(0, 0), 10, None, 0, Some(0), None, true),
        (u64::MAX, usage(0, 1), 0, None, 0, Some(1), Some(u64::MAX), true),
    ];
    for &(calls, usage, reserve, budget, spent, left, days, parks) in cases {
        let forecast = Forecast::of(1, (calls, calls), usage, reserve, budget, spent, Some(MIDNIGHT));
        let found = (forecast.left, forecast.days, forecast.may_park(), forecast.resumes);
        assert_eq!(found, (left, days, parks, parks.then_some(MIDNIGHT)), "{forecast:?}");
    }
}

/// Day after day by hand: as many days as told.
#[test]
fn days_are_those_that_a_run_would_take() {
    for calls in [1, 12, 107, 108, 109, 216, 600, 1_001] {
        for used in [0, 1, 50, 107, 108, 120] {
            for budget in [None, Some(1), Some(7), Some(200)] {
                let forecast = of(calls, usage(used, 120), 10, budget, 0);
                let (mut open, mut days, mut used) = (calls, 1, used);
                loop {
                    let today = 108_u64.saturating_sub(used).min(budget.unwrap_or(u64::MAX));
                    open = open.saturating_sub(today);
                    if open == 0 {
                        break;
                    }
                    (days, used) = (days + 1, 0);
                }
                assert_eq!(forecast.days, Some(days), "{calls} {used} {budget:?}");
            }
        }
    }
}

#[test]
fn in_words() {
    let ranged =
        |least, most, used| Forecast::of(1_000_000, (least, most), usage(used, 25_000), 10, None, 0, Some(MIDNIGHT));
    let words = [
        of(20_000, usage(4_100, 25_000), 10, None, 0).words(None),
        of(20_000, usage(4_100, 25_000), 10, None, 0).words(Some("at 00:00 America/New_York")),
        of(200, usage(4_100, 25_000), 0, None, 0).words(None),
        of(1, usage(0, 5), 10, None, 0).words(None),
        of(20_000, usage(4_100, 25_000), 10, Some(5_000), 1_000).words(None),
        of(20_000, None, 10, Some(5_000), 1_000).words(None),
        of(200, None, 10, None, 0).words(None),
        of(200, None, 10, Some(0), 0).words(None),
        ranged(20_000, 20_002, 0).words(None),
        ranged(20_000, 1_000_000, 0).words(None),
        ranged(20_000, 1_000_000, 4_100).words(None),
        ranged(20, 22, 22_479).words(None),
    ];
    expect![[r#"
        1,000,000 rows = 20,000 calls; 18,400 left today, 2,500 are kept for others. It will need 2 days and goes on after midnight of the account.
        1,000,000 rows = 20,000 calls; 18,400 left today, 2,500 are kept for others. It will need 2 days and goes on at 00:00 America/New_York.
        10,000 rows = 200 calls; 20,900 left today.
        50 rows = 1 call; 4 left today, 1 is kept for others.
        1,000,000 rows = 20,000 calls; 4,000 left today, 2,500 are kept for others, the budget is 5,000 a day. It will need 5 days and goes on after midnight of the account.
        1,000,000 rows = 20,000 calls; 4,000 left today, the budget is 5,000 a day. It will need 5 days and goes on after midnight of the account.
        10,000 rows = 200 calls; Pardot has not said how many are left today.
        10,000 rows = 200 calls; 0 left today, the budget is 0 a day. It cannot finish: no day has any calls for it.
        1,000,000 rows = 20,000 calls; 22,500 left today, 2,500 are kept for others.
        1,000,000 rows = 20,000 to 1,000,000 calls; 22,500 left today, 2,500 are kept for others. It may not finish today and then goes on after midnight of the account.
        1,000,000 rows = 20,000 to 1,000,000 calls; 18,400 left today, 2,500 are kept for others. It will need 2 to 45 days and goes on after midnight of the account.
        1,000,000 rows = 20 to 22 calls; 21 left today, 2,500 are kept for others. It may not finish today and then goes on after midnight of the account."#]].assert_eq(&words.join("\n"));
}

#[test]
fn it_is_kept_as_json() {
    let forecast = of(600, usage(100, 120), 10, Some(60), 10);
    let json = serde_json::to_string_pretty(&forecast).unwrap();
    expect![[r#"
        {
          "rows": 30000,
          "calls": 600,
          "least": 600,
          "used": 100,
          "limit": 120,
          "reserve": 10,
          "budget": 60,
          "left": 8,
          "days": 11,
          "resumes": 1790000000
        }"#]]
    .assert_eq(&json);
    assert_eq!(serde_json::from_str::<Forecast>(&json).unwrap(), forecast);
}
