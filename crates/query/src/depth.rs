//! How deep the tree of a query gets, told from its words before anything is built of them.
//!
//! The grammar bounds what stands in brackets; what stands in a row, `1 + 1 + 1 …`, it builds as deep as the row is long, and
//! whoever walks such a tree, or only drops it, needs a stack as deep. So a row has an end here.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use crate::error::QueryError;

/// Operators in a row, with those of the brackets in it.
const OPERATORS: usize = 1_000;
/// `SELECT`s of a query, and tables that it joins: each is a plan above that of the others.
const PLANS: usize = 500;

/// Words that combine what stands before and behind them.
const COMBINING: [&str; 15] = [
    "AND", "OR", "XOR", "NOT", "IS", "IN", "LIKE", "ILIKE", "RLIKE", "REGEXP", "SIMILAR", "BETWEEN", "DIV", "COLLATE",
    "AT",
];
/// Words behind which a new row begins.
const BEGINNING: [&str; 13] =
    ["SELECT", "FROM", "WHERE", "GROUP", "HAVING", "ORDER", "LIMIT", "WHEN", "THEN", "ELSE", "ON", "WINDOW", "QUALIFY"];

/// What stands in one pair of brackets.
#[derive(Default)]
struct Level {
    operators: usize,
    /// The deepest brackets of the row.
    inner: usize,
    /// The deepest row so far.
    deepest: usize,
    /// Whether commas join tables.
    tables: bool,
}

impl Level {
    fn begin(&mut self) {
        self.deepest = self.deepest.max(self.operators + self.inner);
        (self.operators, self.inner) = (0, 0);
    }
}

/// Says no to a query whose tree would be too deep.
pub(crate) fn check(tokens: &[TokenWithSpan]) -> Result<(), QueryError> {
    let mut levels = vec![Level::default()];
    let (mut plans, mut deepest) = (0, 0);
    for token in tokens.iter().map(|token| &token.token) {
        let Some(level) = levels.last_mut() else { return Ok(()) };
        match token {
            Token::Whitespace(_) | Token::Number(..) | Token::Period => {}
            Token::LParen => levels.push(Level::default()),
            Token::RParen => {
                level.begin();
                let inner = level.deepest + 1;
                // One bracket too many is the grammar's to complain about.
                if levels.len() > 1 {
                    levels.pop();
                }
                if let Some(outer) = levels.last_mut() {
                    outer.inner = outer.inner.max(inner);
                    deepest = deepest.max(outer.operators + outer.inner);
                }
            }
            Token::Comma => {
                plans += usize::from(level.tables);
                level.begin();
            }
            Token::Word(word) if word.quote_style.is_none() => {
                let word = word.value.to_uppercase();
                plans += usize::from(word == "SELECT" || word == "JOIN");
                level.operators += usize::from(COMBINING.contains(&word.as_str()));
                if BEGINNING.contains(&word.as_str()) {
                    level.begin();
                    level.tables = word == "FROM" || (level.tables && word == "ON");
                }
            }
            Token::Word(_) => {}
            text if is_text(text) => {}
            _ => level.operators += 1,
        }
        if let Some(level) = levels.last() {
            deepest = deepest.max(level.operators + level.inner);
        }
        if deepest > OPERATORS {
            return Err(too_deep("more than 1,000 operators stand in a row", "write long rows of OR as IN (…)"));
        }
        if plans > PLANS {
            return Err(too_deep(
                "it has more than 500 SELECTs and joins",
                "put what they have in common into a table",
            ));
        }
    }
    Ok(())
}

fn is_text(token: &Token) -> bool {
    matches!(
        token,
        Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::NationalStringLiteral(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::DollarQuotedString(_)
    )
}

fn too_deep(why: &str, hint: &str) -> QueryError {
    QueryError::Syntax {
        message: format!("the query is nested too deeply: {why}"),
        line: None,
        column: None,
        hint: Some(hint.into()),
    }
}
