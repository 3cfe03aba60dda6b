//! How names and values are written in SQL: the only place that makes SQL of what somebody typed.
//!
//! Knows quoting; nothing of what a statement means. Everything is standard SQL, so that it runs wherever the rows are.

/// A name in quotes: whatever it holds, it stays one name.
pub(crate) fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in quotes: whatever it holds, it stays one text.
pub(crate) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_do_not_end_what_they_are_in() {
        assert_eq!(name(r#"a"; DROP"#), r#""a""; DROP""#);
        assert_eq!(text("O'Brien' OR '1'='1"), "'O''Brien'' OR ''1''=''1'");
        assert_eq!(text(r"50\%"), r"'50\%'");
    }
}
