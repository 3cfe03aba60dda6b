//! Reads the arguments of a call row by row.
//!
//! Knows arrays of the engine and how a text becomes an option or a time: not which function asks.

use arrow::array::{Array, ArrayRef, Float64Array, Int64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit};
use arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::common::cast::{as_float64_array, as_int64_array, as_string_array};
use jiff::tz::TimeZone;

use crate::td::mistake::{Mistake, Unreadable};
use crate::td::moment;
use crate::td::signature::Function;

/// An argument that says how to compute, such as a zone: a text, which is usually the same in every row.
pub(crate) struct Options<T> {
    function: Function,
    /// `None`: left out.
    texts: Option<StringArray>,
    read: fn(&str) -> Result<T, Unreadable>,
    /// The last text, and what it says.
    last: Option<(String, T)>,
}

impl<T> Options<T> {
    pub(crate) fn new(
        function: Function,
        argument: &ArrayRef,
        read: fn(&str) -> Result<T, Unreadable>,
    ) -> Result<Options<T>, DataFusionError> {
        let texts = as_string_array(&cast(argument, &DataType::Utf8)?)?.clone();
        Ok(Options { function, texts: Some(texts), read, last: None })
    }

    /// An argument that was left out.
    pub(crate) fn left(function: Function, value: T, read: fn(&str) -> Result<T, Unreadable>) -> Options<T> {
        Options { function, texts: None, read, last: Some((String::new(), value)) }
    }

    /// What the argument says in a row; `None`: NULL.
    pub(crate) fn at(&mut self, row: usize) -> Result<Option<&T>, Mistake> {
        if let Some(texts) = &self.texts {
            if texts.is_null(row) {
                return Ok(None);
            }
            let text = texts.value(row);
            if self.last.as_ref().is_none_or(|(known, _)| known != text) {
                let value =
                    (self.read)(text).map_err(|unreadable| Mistake::unreadable(self.function, &unreadable, None))?;
                self.last = Some((text.to_owned(), value));
            }
        }
        Ok(self.last.as_ref().map(|(_, value)| value))
    }
}

/// An argument that is a time.
pub(crate) struct Times {
    function: Function,
    values: Values,
    unreadable: OnUnreadable,
}

/// What becomes of a text that is no time. One that stands in the SQL was refused before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnUnreadable {
    Null,
    /// NULL would mean something else here. The text says what the argument is.
    Mistake(&'static str),
}

enum Values {
    Seconds(Int64Array),
    Texts(StringArray),
}

impl Times {
    pub(crate) fn new(
        function: Function,
        argument: &ArrayRef,
        unreadable: OnUnreadable,
    ) -> Result<Times, DataFusionError> {
        Ok(Times { function, values: values(argument)?, unreadable })
    }

    /// Seconds since 1970 in a row; a text without a zone is of `zone`. `None`: NULL.
    pub(crate) fn at(&self, row: usize, zone: &TimeZone) -> Result<Option<i64>, Mistake> {
        let texts = match &self.values {
            Values::Seconds(seconds) => return Ok(seconds.is_valid(row).then(|| seconds.value(row))),
            Values::Texts(texts) if texts.is_null(row) => return Ok(None),
            Values::Texts(texts) => texts,
        };
        let text = texts.value(row);
        match (moment::read(text, zone), self.unreadable) {
            (Some(second), _) => Ok(Some(second)),
            (None, OnUnreadable::Null) => Ok(None),
            (None, OnUnreadable::Mistake(what)) => {
                Err(Mistake::unreadable(self.function, &Unreadable::new(what, moment::FORMS), None))
            }
        }
    }
}

/// Numbers are seconds, their fraction dropped downwards; timestamps are moments, without a zone of UTC; a date is a text.
fn values(array: &ArrayRef) -> Result<Values, DataFusionError> {
    let seconds_of = |array: &ArrayRef| -> Result<Values, DataFusionError> {
        Ok(Values::Seconds(as_int64_array(&cast(array, &DataType::Int64)?)?.clone()))
    };
    match array.data_type() {
        DataType::Null => seconds_of(array),
        data_type if data_type.is_integer() => seconds_of(array),
        data_type if data_type.is_numeric() => {
            let numbers = cast(array, &DataType::Float64)?;
            Ok(Values::Seconds(whole(as_float64_array(&numbers)?)))
        }
        DataType::Timestamp(unit, _) => {
            let ticks = match unit {
                TimeUnit::Second => 1,
                TimeUnit::Millisecond => 1_000,
                TimeUnit::Microsecond => 1_000_000,
                TimeUnit::Nanosecond => 1_000_000_000,
            };
            let counts = cast(array, &DataType::Int64)?;
            let seconds = as_int64_array(&counts)?.unary(|count: i64| count.div_euclid(ticks));
            Ok(Values::Seconds(seconds))
        }
        DataType::Date64 => texts(&cast(array, &DataType::Date32)?).map_err(DataFusionError::from),
        _ => texts(array).map_err(DataFusionError::from),
    }
}

fn texts(array: &ArrayRef) -> Result<Values, ArrowError> {
    let texts = cast(array, &DataType::Utf8)?;
    let texts = as_string_array(&texts).map_err(|error| ArrowError::CastError(error.to_string()))?;
    Ok(Values::Texts(texts.clone()))
}

/// Whole numbers at or below; NULL where there is none.
fn whole(numbers: &Float64Array) -> Int64Array {
    // Below 2^53, where doubles still tell one second from the next.
    const MOST: f64 = 9.0e15;
    let whole = |number: f64| (number.abs() <= MOST).then(|| number.floor() as i64);
    numbers.iter().map(|number| number.and_then(whole)).collect()
}
