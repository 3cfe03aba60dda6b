//! The five ends of a job's rows, as a bar with words and numbers.
//!
//! Knows the law of accounting: the five make up what was read, and the page shows the sum.

use askama::Template;
use model::{Tally, grouped};

/// The width of the bar in its own measure.
const WIDE: u64 = 1_000;
/// The narrowest part that can be seen.
const NARROW: u64 = 8;

/// The five ends.
#[derive(Debug, Template)]
#[template(path = "jobs/ends.html")]
pub struct Ends {
    read: u64,
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    word: &'static str,
    count: u64,
    shown: String,
    from: u64,
    width: u64,
    meaning: &'static str,
}

impl Ends {
    /// Of these rows.
    pub fn of(rows: &Tally) -> Ends {
        let counts = [
            ("delivered", rows.delivered, "Pardot proved that it took the row."),
            ("rejected", rows.rejected, "It can never work as it is: its reason is told below."),
            ("superseded", rows.superseded, "A later row of the same key in the same result replaced it."),
            ("held", rows.held, "It was sent, nobody knows the outcome, and sending it again could duplicate it."),
            ("unsent", rows.unsent, "The job has not come to it."),
        ];
        let widths = widths(counts.map(|(_, count, _)| count));
        let mut from = 0;
        let parts = counts.into_iter().zip(widths).map(|((word, count, meaning), width)| {
            let part = Part { word, count, shown: grouped(count), from, width, meaning };
            from += width;
            part
        });
        Ends { read: rows.read, parts: parts.collect() }
    }

    /// The sum, as it is written out.
    fn sum(&self) -> String {
        let parts: Vec<String> =
            self.parts.iter().map(|part| format!("{} {}", grouped(part.count), part.word)).collect();
        format!("{} read = {}", grouped(self.read), parts.join(" + "))
    }
}

/// How wide each part is: as its share, but never too narrow to be seen; together as wide as the bar.
fn widths(counts: [u64; 5]) -> [u64; 5] {
    let all: u128 = counts.iter().map(|count| u128::from(*count)).sum();
    if all == 0 {
        return [0; 5];
    }
    let share = |count: u64| u64::try_from(u128::from(count) * u128::from(WIDE) / all).unwrap_or(WIDE);
    let mut widths = counts.map(|count| if count == 0 { 0 } else { share(count).max(NARROW) });
    // The widest takes what rounding left over, and gives what the narrow ones needed.
    let others: u64 = widths.iter().sum::<u64>() - widths.iter().max().copied().unwrap_or(0);
    if let Some(widest) = widths.iter_mut().max() {
        *widest = WIDE - others;
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_seen_and_all_of_it_is_the_bar() {
        let cases = [
            ([0, 0, 0, 0, 0], [0, 0, 0, 0, 0]),
            ([10, 0, 0, 0, 0], [1_000, 0, 0, 0, 0]),
            ([999_999, 1, 0, 0, 0], [992, 8, 0, 0, 0]),
            ([1, 1, 1, 0, 0], [333, 333, 334, 0, 0]),
            ([50, 25, 10, 10, 5], [500, 250, 100, 100, 50]),
            ([u64::MAX, 0, 0, 1, u64::MAX], [496, 0, 0, 8, 496]),
        ];
        for (counts, want) in cases {
            let got = widths(counts);
            assert!(counts.iter().all(|count| *count == 0) || got.iter().sum::<u64>() == WIDE, "{got:?}");
            assert!(counts.iter().zip(got).all(|(count, width)| (*count > 0) == (width > 0)), "{got:?}");
            // The widest may differ by what rounding left.
            let near = got.iter().zip(want).all(|(got, want): (&u64, u64)| got.abs_diff(want) <= NARROW);
            assert!(near, "{counts:?}: {got:?}");
        }
    }

    #[test]
    fn the_sum_is_written_out() {
        let rows = Tally { read: 10_000, delivered: 9_990, rejected: 4, superseded: 3, held: 2, unsent: 1 };
        let want = "10,000 read = 9,990 delivered + 4 rejected + 3 superseded + 2 held + 1 unsent";
        assert_eq!(Ends::of(&rows).sum(), want);
    }
}
