//! Finds the name that was probably meant.
//!
//! Knows strings only: not whether they name tables, columns or options.

/// The candidate closest to `name`, if it is close enough to be a slip of the hand: equal but for case, or within a
/// third of its length in edits.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let wanted = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= (wanted.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_found_and_a_stranger_is_not() {
        let known = ["email", "First Name", "list_id"];
        let check = |name: &str, want: Option<&str>| assert_eq!(nearest(name, known).as_deref(), want, "{name}");
        check("emial", Some("email"));
        check("first name", Some("First Name"));
        check("listid", Some("list_id"));
        check("phone", None);
        check("", None);
    }
}
