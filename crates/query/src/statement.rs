//! Lets one `SELECT` through and names whatever else it meets.
//!
//! Knows grammar only: not tables, columns or types.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Query, Select, SelectItem, SetExpr, Statement, Visit, Visitor};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

use crate::depth;
use crate::error::QueryError;
use crate::names::nearest;

/// A statement that is known to be one query and to change nothing.
#[derive(Debug)]
pub(crate) struct OneSelect {
    pub(crate) statement: Statement,
    /// The unquoted column aliases of the outermost `SELECT` that are not all lower case, as written: the engine reads
    /// unquoted names in lower case, a result's column is called what the user wrote.
    pub(crate) aliases: Vec<String>,
}

/// Words a query may start with.
const QUERY_VERBS: [&str; 3] = ["SELECT", "WITH", "VALUES"];

/// Words that start other statements, of this engine and of its peers: named in the refusal instead of a syntax error.
const OTHER_VERBS: [&str; 56] = [
    "ALTER",
    "ANALYZE",
    "ATTACH",
    "BEGIN",
    "CALL",
    "CHECKPOINT",
    "CLOSE",
    "COMMENT",
    "COMMIT",
    "COPY",
    "CREATE",
    "DEALLOCATE",
    "DECLARE",
    "DELETE",
    "DESC",
    "DESCRIBE",
    "DETACH",
    "DO",
    "DROP",
    "END",
    "EXEC",
    "EXECUTE",
    "EXPLAIN",
    "EXPORT",
    "FETCH",
    "GRANT",
    "IMPORT",
    "INSERT",
    "INSTALL",
    "KILL",
    "LISTEN",
    "LOAD",
    "LOCK",
    "MERGE",
    "NOTIFY",
    "OPTIMIZE",
    "PRAGMA",
    "PREPARE",
    "REFRESH",
    "RELEASE",
    "RENAME",
    "REPLACE",
    "RESET",
    "REVOKE",
    "ROLLBACK",
    "SAVEPOINT",
    "SET",
    "SHOW",
    "START",
    "SUMMARIZE",
    "TRUNCATE",
    "UNLOAD",
    "UPDATE",
    "UPSERT",
    "USE",
    "VACUUM",
];

/// Parses `sql`, in the generic dialect, into one query.
pub(crate) fn parse(sql: &str) -> Result<OneSelect, QueryError> {
    let dialect = GenericDialect {};
    let tokens = Tokenizer::new(&dialect, sql)
        .tokenize_with_location()
        .map_err(|error| syntax(&ParserError::TokenizerError(error.to_string())))?;
    check_tokens(&tokens)?;
    depth::check(&tokens)?;
    let mut statements = Parser::new(&dialect)
        .with_tokens_with_locations(tokens.clone())
        .parse_statements()
        .map_err(|error| with_verb_hint(syntax(&error), &tokens))?;
    if statements.len() > 1 {
        return Err(QueryError::SeveralStatements);
    }
    let Some(statement) = statements.pop() else {
        return Err(empty());
    };
    let Statement::Query(query) = &statement else {
        return Err(QueryError::NotSelect { what: verb_of(&statement.to_string()) });
    };
    if let ControlFlow::Break(what) = statement.visit(&mut OnlyReads) {
        return Err(QueryError::NotSelect { what });
    }
    let aliases = written_aliases(&query.body);
    Ok(OneSelect { statement, aliases })
}

fn empty() -> QueryError {
    QueryError::Syntax {
        message: "the query is empty".into(),
        line: None,
        column: None,
        hint: Some("write a SELECT".into()),
    }
}

/// What can be told from the words alone, so that it is told the same whatever the grammar makes of the rest.
fn check_tokens(tokens: &[TokenWithSpan]) -> Result<(), QueryError> {
    let mut words = tokens.iter().map(|token| &token.token).filter(|token| !is_blank(token));
    let first = words.find(|token| !matches!(token, Token::LParen | Token::SemiColon));
    if let Some(Token::Word(word)) = first {
        let verb = word.value.to_uppercase();
        if word.quote_style.is_none() && OTHER_VERBS.contains(&verb.as_str()) {
            return Err(QueryError::NotSelect { what: verb });
        }
    }
    let mut ended = false;
    for token in
        tokens.iter().map(|token| &token.token).filter(|token| !is_blank(token)).skip_while(|t| **t == Token::SemiColon)
    {
        if *token == Token::SemiColon {
            ended = true;
        } else if ended {
            return Err(QueryError::SeveralStatements);
        }
    }
    if first.is_none() { Err(empty()) } else { Ok(()) }
}

fn is_blank(token: &Token) -> bool {
    matches!(
        token,
        Token::EOF
            | Token::Whitespace(
                Whitespace::Space
                    | Whitespace::Newline
                    | Whitespace::Tab
                    | Whitespace::SingleLineComment { .. }
                    | Whitespace::MultiLineComment(_)
            )
    )
}

fn verb_of(statement: &str) -> String {
    statement.split_whitespace().next().unwrap_or("this statement").to_uppercase()
}

/// Finds what hides a change or a lock inside a query.
struct OnlyReads;

impl Visitor for OnlyReads {
    type Break = String;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<String> {
        if let Some(lock) = query.locks.first() {
            return ControlFlow::Break(lock.to_string());
        }
        set_expr(&query.body)
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<String> {
        match select.into {
            Some(_) => ControlFlow::Break("SELECT INTO".into()),
            None => ControlFlow::Continue(()),
        }
    }
}

fn set_expr(body: &SetExpr) -> ControlFlow<String> {
    match body {
        SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => ControlFlow::Continue(()),
        SetExpr::SetOperation { left, right, .. } => {
            set_expr(left)?;
            set_expr(right)
        }
        SetExpr::Insert(statement)
        | SetExpr::Update(statement)
        | SetExpr::Delete(statement)
        | SetExpr::Merge(statement) => ControlFlow::Break(verb_of(&statement.to_string())),
        SetExpr::Table(_) => ControlFlow::Break("TABLE".into()),
    }
}

fn written_aliases(body: &SetExpr) -> Vec<String> {
    match body {
        SetExpr::Select(select) => select
            .projection
            .iter()
            .filter_map(|item| match item {
                SelectItem::ExprWithAlias { alias, .. } if alias.quote_style.is_none() => Some(alias.value.clone()),
                _ => None,
            })
            .filter(|alias| *alias != alias.to_lowercase())
            .collect(),
        SetExpr::Query(query) => written_aliases(&query.body),
        // The first part names the columns of a union.
        SetExpr::SetOperation { left, .. } => written_aliases(left),
        _ => Vec::new(),
    }
}

/// The parser's words, with its position taken out of them.
pub(crate) fn syntax(error: &ParserError) -> QueryError {
    let (text, hint) = match error {
        ParserError::TokenizerError(text) => (text.clone(), Some("a quote or comment may not be closed".to_owned())),
        ParserError::ParserError(text) => (text.clone(), None),
        ParserError::RecursionLimitExceeded => {
            ("the query is nested too deeply".to_owned(), Some("take parts of it into WITH".to_owned()))
        }
    };
    let (message, line, column) = match text.rsplit_once(" at Line: ") {
        Some((message, position)) => {
            let mut numbers = position.split(", Column: ").map(|number| number.trim().parse::<u64>().ok());
            (message.to_owned(), numbers.next().flatten(), numbers.next().flatten())
        }
        None => (text, None, None),
    };
    let mut characters = message.chars();
    let message = match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => message,
    };
    QueryError::Syntax { message, line: line.filter(|line| *line > 0), column, hint }
}

/// A misspelt first word is worth a hint.
fn with_verb_hint(error: QueryError, tokens: &[TokenWithSpan]) -> QueryError {
    let first = tokens.iter().find(|token| !is_blank(&token.token));
    match (error, first.map(|token| &token.token)) {
        (QueryError::Syntax { message, line, column, hint: None }, Some(Token::Word(word))) => {
            let verb = word.value.to_uppercase();
            let hint =
                nearest(&verb, QUERY_VERBS).filter(|near| *near != verb).map(|near| format!("did you mean {near}?"));
            QueryError::Syntax { message, line, column, hint }
        }
        (error, _) => error,
    }
}
