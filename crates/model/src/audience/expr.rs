//! The expression of a Composite group: `A and (B or not C)`.
//!
//! Knows how conditions are named and joined; not what they are.

use super::rule::shown;
use super::select::Weight;

/// How deep parentheses and `not` may be nested.
const DEEPEST: usize = 20;

/// The longest expression: room for a thousand conditions.
const LONGEST: usize = 20_000;

/// So often may conditions be named; one that is named twice is there twice in the SQL.
const MOST_OPERANDS: usize = 1_000;

/// What joins the conditions of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expr {
    /// The condition with this index.
    Operand(usize),
    All(Vec<Expr>),
    Any(Vec<Expr>),
    Not(Box<Expr>),
}

impl Expr {
    /// Reads an expression over `count` conditions. Operands are numbers from 1 or letters from A; `not` binds closer than
    /// `and`, `and` closer than `or`; words in any case.
    ///
    /// # Errors
    /// What is wrong, as a fragment.
    pub(crate) fn parse(text: &str, count: usize) -> Result<Expr, String> {
        if text.len() > LONGEST {
            return Err(format!("is longer than {LONGEST} characters"));
        }
        let mut parser = Parser { words: words(text)?, at: 0, count, operands: 0 };
        let expr = parser.any(0)?;
        match parser.peek() {
            None => Ok(expr),
            Some(Word::Close) => Err("has a ) without its (".into()),
            Some(word) => Err(format!("has {} where and, or or the end should stand", word.shown())),
        }
    }

    /// How much it becomes with operands of these weights.
    pub(crate) fn weight(&self, of: &[Weight]) -> Weight {
        match self {
            Expr::Operand(index) => of[*index],
            Expr::All(parts) | Expr::Any(parts) => parts.iter().map(|part| part.weight(of)).sum(),
            Expr::Not(part) => part.weight(of),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    Open,
    Close,
    And,
    Or,
    Not,
    Operand(String),
}

impl Word {
    fn shown(&self) -> String {
        match self {
            Word::Open => "(".into(),
            Word::Close => ")".into(),
            Word::And => "and".into(),
            Word::Or => "or".into(),
            Word::Not => "not".into(),
            Word::Operand(name) => shown(name),
        }
    }
}

fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '(' | ')' => 1,
            first if first.is_ascii_alphanumeric() => {
                rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len())
            }
            other => return Err(format!("cannot hold {}", shown(&other.to_string()))),
        };
        let (word, after) = rest.split_at(length);
        words.push(match word.to_ascii_lowercase().as_str() {
            "(" => Word::Open,
            ")" => Word::Close,
            "and" => Word::And,
            "or" => Word::Or,
            "not" => Word::Not,
            _ => Word::Operand(word.to_owned()),
        });
        rest = after.trim_start();
    }
    Ok(words)
}

struct Parser {
    words: Vec<Word>,
    at: usize,
    count: usize,
    /// How many operands there were.
    operands: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Word> {
        self.words.get(self.at)
    }

    fn takes(&mut self, word: &Word) -> bool {
        let found = self.peek() == Some(word);
        self.at += usize::from(found);
        found
    }

    fn any(&mut self, depth: usize) -> Result<Expr, String> {
        let mut parts = vec![self.all(depth)?];
        while self.takes(&Word::Or) {
            parts.push(self.all(depth)?);
        }
        Ok(one_or(parts, Expr::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expr, String> {
        let mut parts = vec![self.one(depth)?];
        while self.takes(&Word::And) {
            parts.push(self.one(depth)?);
        }
        Ok(one_or(parts, Expr::All))
    }

    fn one(&mut self, depth: usize) -> Result<Expr, String> {
        if depth > DEEPEST {
            return Err(format!("is nested deeper than {DEEPEST} levels"));
        }
        let word = self.peek().cloned();
        self.at += 1;
        match word {
            Some(Word::Not) => Ok(Expr::Not(Box::new(self.one(depth + 1)?))),
            Some(Word::Open) => {
                let inner = self.any(depth + 1)?;
                if self.takes(&Word::Close) { Ok(inner) } else { Err("has a ( without its )".into()) }
            }
            Some(Word::Operand(name)) => self.operand(&name).map(Expr::Operand),
            Some(word @ (Word::Close | Word::And | Word::Or)) => {
                Err(format!("has {} where a condition should stand", word.shown()))
            }
            None => Err("ends where a condition should stand".into()),
        }
    }

    fn operand(&mut self, name: &str) -> Result<usize, String> {
        self.operands += 1;
        if self.operands > MOST_OPERANDS {
            return Err("names conditions more than 1,000 times".into());
        }
        let number = if name.bytes().all(|byte| byte.is_ascii_digit()) {
            name.parse().ok()
        } else if name.len() <= 2 && name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            // After Z come AA, AB, …, as in a spreadsheet.
            let value = |byte: u8| usize::from(byte.to_ascii_uppercase() - b'A') + 1;
            Some(name.bytes().fold(0, |sum, byte| sum * 26 + value(byte)))
        } else {
            return Err(format!("has {}: conditions are numbers from 1 or letters from A", shown(name)));
        };
        match number.filter(|number: &usize| (1..=self.count).contains(number)) {
            Some(number) => Ok(number - 1),
            None if self.count == 1 => Err(format!("names a condition {}, but there is one (1 or A)", shown(name))),
            None => Err(format!("names a condition {}, but there are {} (from 1 or A)", shown(name), self.count)),
        }
    }
}

fn one_or(mut parts: Vec<Expr>, join: impl FnOnce(Vec<Expr>) -> Expr) -> Expr {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(expr: &Expr) -> String {
        let join = |parts: &[Expr], word: &str| {
            format!("({})", parts.iter().map(print).collect::<Vec<_>>().join(&format!(" {word} ")))
        };
        match expr {
            Expr::Operand(index) => index.to_string(),
            Expr::All(parts) => join(parts, "and"),
            Expr::Any(parts) => join(parts, "or"),
            Expr::Not(part) => format!("not {}", print(part)),
        }
    }

    #[test]
    fn expressions() {
        let check = |text: &str, want: &str| {
            let got = Expr::parse(text, 30).map_or_else(|error| error, |expr| print(&expr));
            assert_eq!(got, want, "{text}");
        };
        check("A", "0");
        check("1 and 2 or 3", "((0 and 1) or 2)");
        check("A AND (b Or nOt C)", "(0 and (1 or not 2))");
        check("not not A", "not not 0");
        check("not A and B", "(not 0 and 1)");
        check("((A))and(2)", "(0 and 1)");
        check("Z or AA or 30", "(25 or 26 or 29)");
        check("", "ends where a condition should stand");
        check("A and", "ends where a condition should stand");
        check("A B", "has \"B\" where and, or or the end should stand");
        check("(A", "has a ( without its )");
        check("A)", "has a ) without its (");
        check("and A", "has and where a condition should stand");
        check("A; DROP", "cannot hold \";\"");
        check("0", "names a condition \"0\", but there are 30 (from 1 or A)");
        check("31", "names a condition \"31\", but there are 30 (from 1 or A)");
        check("99999999999999999999", "names a condition \"99999999999999999999\", but there are 30 (from 1 or A)");
        check("first", "has \"first\": conditions are numbers from 1 or letters from A");
        check(&format!("{}A{}", "(".repeat(21), ")".repeat(21)), "is nested deeper than 20 levels");
        check(&"A ".repeat(20_000), "is longer than 20000 characters");
        check(&vec!["A"; 1_001].join(" or "), "names conditions more than 1,000 times");
        assert!(Expr::parse(&vec!["A"; 1_000].join(" or "), 30).is_ok());
        assert_eq!(Expr::parse("B", 1).unwrap_err(), "names a condition \"B\", but there is one (1 or A)");
    }
}
