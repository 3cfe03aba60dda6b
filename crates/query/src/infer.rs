//! Guesses the type of a text column from its first values, carefully.
//!
//! Knows values only: not files, nor what a column is for.

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::DataType;

/// The narrowest type that holds every value of a text column, or text.
pub(crate) fn type_of(sample: &[RecordBatch], column: usize) -> DataType {
    let values = || {
        sample
            .iter()
            .filter_map(|batch| batch.column(column).as_any().downcast_ref::<StringArray>())
            .flatten()
            .flatten()
    };
    if values().next().is_none() {
        DataType::Utf8
    } else if values().all(|value| matches!(value, "true" | "false")) {
        DataType::Boolean
    } else if values().all(|value| is_number(value, false)) {
        DataType::Int64
    } else if values().all(|value| is_number(value, true)) {
        DataType::Float64
    } else {
        DataType::Utf8
    }
}

/// Digits that mean a number and nothing else: `007`, `+49` and numbers of more than 18 digits are names of things.
fn is_number(value: &str, decimal: bool) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) if decimal => (whole, fraction),
        Some(_) => return false,
        None => (digits, "0"),
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction) && whole.len() <= 18 && (whole == "0" || !whole.starts_with('0'))
}
