//! Which `TD_` functions there are and what each takes.
//!
//! Knows names, kinds of arguments and whether a written one can be read: not how a call is computed.

use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use jiff::tz::TimeZone;

use crate::td::mistake::{Mistake, Unreadable};
use crate::td::{duration, interval, moment, pattern, unit, zone};
use crate::types::type_name;

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Function {
    ScheduledTime,
    TimeAdd,
    TimeRange,
    TimeFormat,
    TimeParse,
    Interval,
    DateTrunc,
}

/// What an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Seconds since 1970, a text that says a moment, or a value with a type for time.
    Time,
    /// A text that says a moment by the calendar.
    Calendar,
    Duration,
    Pattern,
    Interval,
    Unit,
    Zone,
}

/// An argument: what it is called, and what it is.
type Argument = (&'static str, Kind);

const ZONE: Argument = ("timezone", Kind::Zone);

impl Function {
    /// Every function, in the order of the documentation.
    pub(crate) const ALL: [Function; 7] = [
        Function::ScheduledTime,
        Function::TimeRange,
        Function::Interval,
        Function::TimeAdd,
        Function::DateTrunc,
        Function::TimeFormat,
        Function::TimeParse,
    ];

    /// The name as people write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Function::ScheduledTime => "TD_SCHEDULED_TIME",
            Function::TimeAdd => "TD_TIME_ADD",
            Function::TimeRange => "TD_TIME_RANGE",
            Function::TimeFormat => "TD_TIME_FORMAT",
            Function::TimeParse => "TD_TIME_PARSE",
            Function::Interval => "TD_INTERVAL",
            Function::DateTrunc => "TD_DATE_TRUNC",
        }
    }

    /// The name as the engine looks it up.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Function::ScheduledTime => "td_scheduled_time",
            Function::TimeAdd => "td_time_add",
            Function::TimeRange => "td_time_range",
            Function::TimeFormat => "td_time_format",
            Function::TimeParse => "td_time_parse",
            Function::Interval => "td_interval",
            Function::DateTrunc => "td_date_trunc",
        }
    }

    /// The type of what it gives.
    pub(crate) fn gives(self) -> DataType {
        match self {
            Function::ScheduledTime | Function::TimeAdd | Function::TimeParse | Function::DateTrunc => DataType::Int64,
            Function::TimeRange | Function::Interval => DataType::Boolean,
            Function::TimeFormat => DataType::Utf8,
        }
    }

    /// A call, with what may be left out in brackets.
    pub(crate) fn usage(self) -> &'static str {
        match self {
            Function::ScheduledTime => "TD_SCHEDULED_TIME()",
            Function::TimeAdd => "TD_TIME_ADD(time, duration[, timezone])",
            Function::TimeRange => "TD_TIME_RANGE(time, start[, end[, timezone]])",
            Function::TimeFormat => "TD_TIME_FORMAT(time, format[, timezone])",
            Function::TimeParse => "TD_TIME_PARSE(time[, timezone])",
            Function::Interval => "TD_INTERVAL(time, interval[, timezone])",
            Function::DateTrunc => "TD_DATE_TRUNC(unit, time[, timezone])",
        }
    }

    fn arguments(self) -> &'static [Argument] {
        match self {
            Function::ScheduledTime => &[],
            Function::TimeAdd => &[("time", Kind::Time), ("duration", Kind::Duration), ZONE],
            Function::TimeRange => &[("time", Kind::Time), ("start", Kind::Time), ("end", Kind::Time), ZONE],
            Function::TimeFormat => &[("time", Kind::Time), ("format", Kind::Pattern), ZONE],
            Function::TimeParse => &[("time", Kind::Calendar), ZONE],
            Function::Interval => &[("time", Kind::Time), ("interval", Kind::Interval), ZONE],
            Function::DateTrunc => &[("unit", Kind::Unit), ("time", Kind::Time), ZONE],
        }
    }

    /// How many arguments a call has at least.
    fn least(self) -> usize {
        match self {
            Function::ScheduledTime => 0,
            Function::TimeParse => 1,
            Function::TimeAdd
            | Function::TimeRange
            | Function::TimeFormat
            | Function::Interval
            | Function::DateTrunc => 2,
        }
    }

    /// Checks a call while it is planned: the number of its arguments and their types.
    pub(crate) fn check<'a>(self, types: impl ExactSizeIterator<Item = &'a DataType>) -> Result<(), Mistake> {
        let (given, least, most) = (types.len(), self.least(), self.arguments().len());
        let mistake = |message: String| Mistake { function: self, message, hint: format!("write {}", self.usage()) };
        if !(least..=most).contains(&given) {
            let count = if least == most { "no".into() } else { format!("{least} to {most}") };
            return Err(mistake(format!("{} takes {count} arguments, not {given}", self.name())));
        }
        for (data_type, (name, kind)) in types.zip(self.arguments()) {
            if let Some(wanted) = kind.refuses(data_type) {
                let found = type_name(data_type);
                return Err(mistake(format!("{} takes {wanted} as its {name}, not {found}", self.name())));
            }
        }
        Ok(())
    }

    /// Checks, while a call is planned, the arguments that are written in the SQL, each in its place. Only here may an
    /// error repeat a text: what is computed later may come from a row.
    pub(crate) fn check_written<'a>(
        self,
        written: impl Iterator<Item = Option<&'a ScalarValue>>,
    ) -> Result<(), Mistake> {
        for (scalar, (name, kind)) in written.zip(self.arguments()) {
            if let Some(Some(text)) = scalar.and_then(|scalar| scalar.try_as_str()) {
                kind.check(text, name).map_err(|unreadable| self.explained(&unreadable, text))?;
            }
        }
        Ok(())
    }

    /// A zone in the place of the end is the usual slip.
    fn explained(self, unreadable: &Unreadable, text: &str) -> Mistake {
        let mut mistake = Mistake::unreadable(self, unreadable, Some(text));
        if self == Function::TimeRange && zone::parse(text).is_ok() {
            mistake.hint = "a time zone is the 4th argument: write NULL as the end before it".into();
        }
        mistake
    }
}

impl Kind {
    /// What is wanted instead of a type that is not taken.
    fn refuses(self, data_type: &DataType) -> Option<&'static str> {
        let is_text = is_text(data_type);
        let is_date = matches!(data_type, DataType::Date32 | DataType::Date64);
        let is_time = data_type.is_numeric() || is_date || matches!(data_type, DataType::Timestamp(..));
        match self {
            Kind::Time => (!is_text && !is_time).then_some("seconds since 1970, a text or a timestamp"),
            Kind::Calendar => (!is_text && !is_date).then_some("a text"),
            Kind::Duration | Kind::Pattern | Kind::Interval | Kind::Unit | Kind::Zone => (!is_text).then_some("a text"),
        }
    }

    /// Whether a written text can be read.
    fn check(self, text: &str, name: &str) -> Result<(), Unreadable> {
        match self {
            Kind::Time => moment::read(text, &TimeZone::UTC)
                .map(drop)
                .ok_or_else(|| Unreadable::new(as_what(name), moment::FORMS)),
            // NULL is the answer where a text cannot be read.
            Kind::Calendar => Ok(()),
            Kind::Duration => duration::parse(text).map(drop),
            Kind::Pattern => pattern::Pattern::parse(text).map(drop),
            Kind::Interval => interval::Interval::parse(text).map(drop),
            Kind::Unit => unit::parse(text).map(drop),
            Kind::Zone => zone::parse(text).map(drop),
        }
    }
}

/// A time by the part that it plays.
pub(crate) fn as_what(name: &str) -> &'static str {
    match name {
        "start" => "its start",
        "end" => "its end",
        _ => "a time",
    }
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_text(values),
        other => matches!(other, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null),
    }
}
