//! The name a person most likely meant.
//!
//! Knows letters only; which names there are is the caller's.

/// The known name nearest to `written`, when one is near enough to be worth suggesting: at most a third of its letters
/// differ, upper and lower case and `-`/`_`/space being the same.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(written);
    known
        .into_iter()
        .map(|name| (distance(&folded, &fold(name)), name))
        .filter(|(distance, name)| *distance <= (name.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn fold(name: &str) -> Vec<char> {
    name.trim().chars().map(|c| if matches!(c, '-' | ' ' | '.') { '_' } else { c.to_ascii_lowercase() }).collect()
}

/// Edits (insert, delete, replace, swap of neighbours) from `a` to `b`.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    proptest::proptest! {
        #[test]
        fn a_name_is_nearest_to_itself_in_any_case(which in 0..3_usize, upper in proptest::bool::ANY) {
            let known = ["max_payload", "email", "is_do_not_email"];
            let written = if upper { known[which].to_uppercase() } else { known[which].replace('_', "-") };
            proptest::prop_assert_eq!(nearest(&written, known), Some(known[which]));
        }

        #[test]
        fn any_text_is_compared(written in ".*") {
            nearest(&written, ["max_payload", "id", ""]);
        }
    }

    #[test]
    fn suggests_only_what_is_near() {
        let known = ["max_payload", "maximum_retries", "email", "first_name", "is_do_not_email"];
        let cases = [
            ("max_paylod", Some("max_payload")),
            ("Email", Some("email")),
            ("first-name", Some("first_name")),
            ("frist_name", Some("first_name")),
            ("FirstName", Some("first_name")),
            ("shoe_size", None),
            ("", None),
        ];
        for (written, want) in cases {
            assert_eq!(nearest(written, known), want, "{written}");
        }
    }
}
