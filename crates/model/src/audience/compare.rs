//! What an operator is in SQL for a column of a certain type.
//!
//! Knows types, operators and the time of the run; not where the column comes from.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::ColumnType;
use super::moment::{Edge, Moment, Run, Stated, Unit};
use super::rule::{Literal, Operator, Test, Window};
use super::select::{Condition, LONGEST_CHAIN};
use super::sql;

/// What is compared.
#[derive(Debug, Clone)]
pub(crate) struct Operand {
    /// Its SQL.
    pub(crate) sql: String,
    /// What it holds; for an element of a list, the element's type.
    pub(crate) column_type: ColumnType,
    /// What it is called in messages.
    pub(crate) name: String,
}

/// Something wrong with an operator: where in it, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    pub(crate) place: String,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

fn misfit(place: &str, message: String) -> Misfit {
    Misfit { place: place.to_owned(), message, hint: None }
}

impl ColumnType {
    /// The operators that fit, for hints.
    fn operators(self) -> &'static str {
        match self {
            ColumnType::String => {
                "text can be compared with Equal, In, Contain, StartWith, EndWith, Regexp, Greater, GreaterEqual, Less, \
                 LessEqual, Between and IsNull"
            }
            ColumnType::Number => {
                "numbers can be compared with Equal, In, Greater, GreaterEqual, Less, LessEqual, Between and IsNull"
            }
            ColumnType::Timestamp | ColumnType::Date => {
                "moments can be compared with Equal, Greater, GreaterEqual, Less, LessEqual, Between, IsNull and the \
                 operators of time, such as TimeWithinPast"
            }
            ColumnType::Boolean => "true and false can be compared with Equal and IsNull",
            ColumnType::StringArray | ColumnType::NumberArray => "a list as a whole can only be compared with IsNull",
        }
    }
}

/// The condition that the operand satisfies the operator.
///
/// # Errors
/// Where operator, value and type do not fit one another.
pub(crate) fn satisfies(operator: &Operator, operand: &Operand, run: &Run<'_>) -> Result<Condition, Misfit> {
    let not = operator.not;
    let x = if operator.test.literals().any(|literal| is_wide(literal, operand.column_type)) {
        &format!("CAST({} AS DOUBLE PRECISION)", operand.sql)
    } else {
        &operand.sql
    };
    let right = format!("{}.rightValue", operator.place);
    let one = |literal: &Literal| value(literal, operand, run, &right);
    let relation = |plain: &str, turned: &str, literal: &Literal| {
        let word = if not { turned } else { plain };
        one(literal).map(|value| Condition::Is(format!("{x} {word} {value}")))
    };
    if !fits(&operator.test, operand.column_type) {
        let message =
            format!("{} cannot compare {}, which holds {}", operator.test.name(), operand.name, held(operand));
        let place = format!("{}.type", operator.place);
        return Err(Misfit { place, message, hint: Some(operand.column_type.operators().into()) });
    }
    let word = if not { "NOT " } else { "" };
    match &operator.test {
        Test::IsNull => Ok(Condition::Is(format!("{x} IS {word}NULL"))),
        Test::Equal(literal) => relation("=", "<>", literal),
        Test::Greater(literal) => relation(">", "<=", literal),
        Test::GreaterEqual(literal) => relation(">=", "<", literal),
        Test::Less(literal) => relation("<", ">=", literal),
        Test::LessEqual(literal) => relation("<=", ">", literal),
        Test::Between(least, most) => {
            let least = value(least, operand, run, &format!("{}.minValue", operator.place))?;
            let most = value(most, operand, run, &format!("{}.maxValue", operator.place))?;
            Ok(Condition::Is(format!("{x} {word}BETWEEN {least} AND {most}")))
        }
        Test::In(literals) => {
            let place = |index: usize| format!("{}.rightValues[{index}]", operator.place);
            let values =
                literals.iter().enumerate().map(|(index, literal)| value(literal, operand, run, &place(index)));
            let values = values.collect::<Result<Vec<_>, _>>()?;
            Ok(Condition::Is(format!("{x} {word}IN ({})", values.join(", "))))
        }
        Test::Contain(texts) => Ok(like(x, not, texts, |text| format!("%{text}%"))),
        Test::StartWith(texts) => Ok(like(x, not, texts, |text| format!("{text}%"))),
        Test::EndWith(texts) => Ok(like(x, not, texts, |text| format!("%{text}"))),
        Test::Regexp(pattern) => Ok(Condition::Is(format!("{word}REGEXP_LIKE({x}, {})", regexp(pattern)))),
        Test::Within(window) => {
            if let Some(unit) = clock_unit(window).filter(|_| operand.column_type == ColumnType::Date) {
                let message = format!("cannot be {}: {} holds days", unit.name(), operand.name);
                let place = format!("{}.from.unit", operator.place);
                return Err(Misfit { place, message, hint: Some("write day, or a longer unit".into()) });
            }
            stretch(window, &operator.place, run).map(|stretch| stretch.contains(operand, run, not))
        }
    }
}

fn fits(test: &Test, column_type: ColumnType) -> bool {
    let moment = matches!(column_type, ColumnType::Timestamp | ColumnType::Date);
    let ordered = moment || matches!(column_type, ColumnType::String | ColumnType::Number);
    match test {
        Test::IsNull => true,
        Test::Equal(_) => column_type.element().is_none(),
        Test::Greater(_) | Test::GreaterEqual(_) | Test::Less(_) | Test::LessEqual(_) | Test::Between(..) => ordered,
        Test::In(_) => matches!(column_type, ColumnType::String | ColumnType::Number),
        Test::Contain(_) | Test::StartWith(_) | Test::EndWith(_) | Test::Regexp(_) => column_type == ColumnType::String,
        Test::Within(_) => moment,
    }
}

fn held(operand: &Operand) -> &'static str {
    match operand.column_type {
        ColumnType::String => "text",
        ColumnType::Number => "numbers",
        ColumnType::Timestamp => "moments",
        ColumnType::Date => "days",
        ColumnType::Boolean => "true or false",
        ColumnType::StringArray => "lists of texts",
        ColumnType::NumberArray => "lists of numbers",
    }
}

/// `LIKE` for any of the texts. What has a meaning in a pattern is escaped.
fn like(x: &str, not: bool, texts: &[String], pattern: impl Fn(&str) -> String) -> Condition {
    let word = if not && texts.len() == 1 { "NOT LIKE" } else { "LIKE" };
    let likes = texts.iter().map(|text| {
        let plain = !text.contains(['%', '_', '\\']);
        let text = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
        let escape = if plain { "" } else { r" ESCAPE '\'" };
        format!("{x} {word} {}{escape}", sql::text(&pattern(&text)))
    });
    let likes: Vec<String> = likes.collect();
    if let [only] = likes.as_slice() {
        return Condition::Is(only.clone());
    }
    let groups: Vec<String> = likes.chunks(LONGEST_CHAIN).map(|group| format!("({})", group.join(" OR "))).collect();
    let any = if let [only] = groups.as_slice() { only.clone() } else { format!("({})", groups.join(" OR ")) };
    Condition::Several(if not { format!("NOT {any}") } else { any }, likes.len())
}

/// A regular expression as SQL.
fn regexp(pattern: &str) -> String {
    // The embedded engine (DataFusion 55) makes LIKE of a pattern that is a mere text, and forgets to escape a backslash in
    // it. An empty group in front changes nothing else.
    if pattern.contains('\\') { sql::text(&format!("(){pattern}")) } else { sql::text(pattern) }
}

/// A value as SQL, of the type of what it is compared with.
fn value(literal: &Literal, operand: &Operand, run: &Run<'_>, place: &str) -> Result<String, Misfit> {
    let wrong = |what: &str, hint: Option<&str>| {
        let message = format!("must be {what}: {} holds {}", operand.name, held(operand));
        Err(Misfit { place: place.to_owned(), message, hint: hint.map(str::to_owned) })
    };
    match operand.column_type {
        ColumnType::String => match literal {
            Literal::Text(text) => Ok(sql::text(text)),
            Literal::Number(_) | Literal::Boolean(_) => wrong("text", Some("write it in quotes")),
            Literal::Moment(_) => wrong("text", None),
        },
        ColumnType::Number => {
            let number = match literal {
                Literal::Number(number) | Literal::Text(number) => number_of(number),
                Literal::Boolean(_) | Literal::Moment(_) => None,
            };
            number.map_or_else(|| wrong("a number", Some("write it like 500 or -0.5")), Ok)
        }
        ColumnType::Boolean => match literal {
            Literal::Boolean(flag) => Ok(if *flag { "TRUE" } else { "FALSE" }.into()),
            Literal::Text(text) if text.eq_ignore_ascii_case("true") => Ok("TRUE".into()),
            Literal::Text(text) if text.eq_ignore_ascii_case("false") => Ok("FALSE".into()),
            Literal::Text(_) | Literal::Number(_) | Literal::Moment(_) => wrong("true or false", None),
        },
        ColumnType::Timestamp | ColumnType::Date => {
            let moment = match literal {
                Literal::Moment(moment) => Some(moment.clone()),
                Literal::Text(text) | Literal::Number(text) => Stated::parse(text).map(Moment::At),
                Literal::Boolean(_) => None,
            };
            let Some(moment) = moment else {
                let hint = "write seconds since 1970, 2026-11-23, 2026-11-23 02:00:00, 2026-11-23T02:00:00Z, \
                            {\"last\": 7, \"unit\": \"day\"} or {\"next\": 7, \"unit\": \"day\"}";
                return wrong("a moment", Some(hint));
            };
            let edge = run.moment(&moment).map_err(|message| misfit(place, message))?;
            Ok(edge_sql(&edge, operand, run))
        }
        ColumnType::StringArray | ColumnType::NumberArray => wrong("nothing", Some(operand.column_type.operators())),
    }
}

/// Whether a number is so large, or so near to zero, that engines cannot compare it with decimals.
fn is_wide(literal: &Literal, column_type: ColumnType) -> bool {
    let (Literal::Number(text) | Literal::Text(text)) = literal else {
        return false;
    };
    let number = (column_type == ColumnType::Number).then(|| number_of(text)).flatten();
    number.is_some_and(|number| {
        let large = number.parse::<f64>().is_ok_and(|number| number.abs() >= 1e15);
        number.contains('e') || number.contains('.') && large
    })
}

/// A number as SQL writes it; `None` for what is none, or none that engines can hold.
pub(crate) fn number_of(text: &str) -> Option<String> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = match mantissa.split_once('.') {
        Some((whole, part)) => (whole, Some(part)),
        None => (mantissa, None),
    };
    let exponent_is_one = exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)));
    if !digits(whole) || !part.is_none_or(digits) || !exponent_is_one {
        return None;
    }
    let text = text.strip_prefix('+').unwrap_or(text);
    if part.is_none()
        && exponent.is_none()
        && let Ok(number) = text.parse::<i64>()
    {
        return Some(number.to_string());
    }
    // Engines hold what is no integer of 64 bits as a double; a zero has no sign.
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite())? + 0.0;
    Some(format!("{number:?}"))
}

fn edge_sql(edge: &Edge, operand: &Operand, run: &Run<'_>) -> String {
    let literal = match operand.column_type {
        ColumnType::Date => format!("DATE '{}'", run.day(edge.at)),
        _ => timestamp(edge.at),
    };
    match &edge.words {
        Some(words) => format!("{literal} /* {words} */"),
        None => literal,
    }
}

/// `TIMESTAMP '2026-11-23 01:00:00'`, in UTC.
pub(crate) fn timestamp(at: Timestamp) -> String {
    let wall = TimeZone::UTC.to_datetime(at).to_string();
    format!("TIMESTAMP '{}'", wall.replace('T', " "))
}

/// The time between two moments: which of them are part of it.
struct Stretch {
    from: Edge,
    to: Edge,
    /// Whether its last moment is part of it; its first always is.
    closed: bool,
}

impl Stretch {
    fn contains(&self, operand: &Operand, run: &Run<'_>, not: bool) -> Condition {
        let (x, from, to) = (&operand.sql, edge_sql(&self.from, operand, run), edge_sql(&self.to, operand, run));
        let until = if self.closed { "<=" } else { "<" };
        if not {
            let since = if self.closed { ">" } else { ">=" };
            return Condition::Any(vec![
                Condition::Is(format!("{x} < {from}")),
                Condition::Is(format!("{x} {since} {to}")),
            ]);
        }
        Condition::All(vec![Condition::Is(format!("{x} >= {from}")), Condition::Is(format!("{x} {until} {to}"))])
    }
}

/// The unit of a window that is one hour, minute or second of the clock.
fn clock_unit(window: &Window) -> Option<Unit> {
    match window {
        Window::This(unit) | Window::Next(unit) | Window::Last(unit) => {
            matches!(unit, Unit::Hour | Unit::Minute | Unit::Second).then_some(*unit)
        }
        Window::Today | Window::Past(_) | Window::Coming(_) | Window::From { .. } | Window::Between { .. } => None,
    }
}

fn stretch(window: &Window, place: &str, run: &Run<'_>) -> Result<Stretch, Misfit> {
    let at = |member: &str| {
        let place = format!("{place}{member}");
        move |message: String| misfit(&place, message)
    };
    let period = |unit, later: i64| {
        let from = run.start(unit, later).map_err(at(""))?;
        Ok(Stretch { from, to: run.start(unit, later + 1).map_err(at(""))?, closed: false })
    };
    match window {
        Window::Today => period(Unit::Day, 0),
        Window::This(unit) => period(*unit, 0),
        Window::Next(unit) => period(*unit, 1),
        Window::Last(unit) => period(*unit, -1),
        Window::Past(length) => {
            Ok(Stretch { from: run.before(length).map_err(at(".value"))?, to: run.itself(), closed: true })
        }
        Window::Coming(length) => {
            Ok(Stretch { from: run.itself(), to: run.after(length).map_err(at(".value"))?, closed: true })
        }
        Window::From { start, length, reverse } => {
            let one = run.moment(start).map_err(at(".from"))?;
            let other = run.further(&one, length, *reverse).map_err(at(".duration"))?;
            let (from, to) = if *reverse { (other, one) } else { (one, other) };
            Ok(Stretch { from, to, closed: false })
        }
        Window::Between { from, to } => {
            let from = run.moment(from).map_err(at(".from"))?;
            Ok(Stretch { from, to: run.moment(to).map_err(at(".to"))?, closed: false })
        }
    }
}
