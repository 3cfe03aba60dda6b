//! One cell of the Result as the JSON text that Pardot gets, by the kind of its field.
//!
//! Knows Arrow types and three kinds of field; not which columns there are. A refusal names the rule and the type of the
//! value, never the value.

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float32Array, Float64Array, Int64Array, StringArray, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int64Type, UInt64Type};

/// What a column's values must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellKind {
    /// A positive whole number that names something.
    Id,
    /// A whole number.
    Integer,
    /// Text; numbers, dates and truth values are written out.
    Text,
    /// Sent as 1 or 0.
    Boolean,
    /// A custom field: numbers as numbers, truth values as 1 or 0, the rest as text.
    Custom,
}

/// A column of one record batch in one of few forms.
pub enum Cells {
    /// Text, dates and times included.
    Text(StringArray),
    /// Decimals, written out.
    Decimal(StringArray),
    /// Whole numbers.
    Int(Int64Array),
    /// Whole numbers that may exceed 2^63.
    UInt(UInt64Array),
    /// Floating-point numbers, and the power of two from which such a number may stand for several whole ones.
    Float(Float64Array, f64),
    /// Truth values.
    Bool(BooleanArray),
    /// Nothing but NULL.
    Null,
    /// A type that no field takes, by its name for people.
    Other(ArrayRef, &'static str),
}

/// Why a cell cannot be sent: a rule and what to do, without the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadCell {
    pub(crate) reason: &'static str,
    pub(crate) hint: &'static str,
}

/// What a cell says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// NULL: leave the field unchanged.
    Nothing,
    /// The empty text: clear the field.
    Empty,
    /// A value, appended to the buffer.
    Value,
}

// The values of a row are people's data: a column that is printed by mistake shows none.
impl std::fmt::Debug for Cells {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (form, len) = match self {
            Cells::Text(array) => ("Text", array.len()),
            Cells::Decimal(array) => ("Decimal", array.len()),
            Cells::Int(array) => ("Int", array.len()),
            Cells::UInt(array) => ("UInt", array.len()),
            Cells::Float(array, _) => ("Float", array.len()),
            Cells::Bool(array) => ("Bool", array.len()),
            Cells::Null => return f.write_str("Null"),
            Cells::Other(array, _) => ("Other", array.len()),
        };
        write!(f, "{form}({len} cells)")
    }
}

impl Cells {
    /// The column in the form its values are read from.
    pub(crate) fn of(column: &ArrayRef) -> Cells {
        let to = |target: DataType| cast(column, &target).ok();
        let text = || to(DataType::Utf8).map(|array| array.as_string::<i32>().clone());
        let cells = match column.data_type() {
            DataType::Null => Some(Cells::Null),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => text().map(Cells::Text),
            DataType::Dictionary(_, value) if matches!(**value, DataType::Utf8 | DataType::LargeUtf8) => {
                text().map(Cells::Text)
            }
            DataType::Boolean => Some(Cells::Bool(column.as_boolean().clone())),
            DataType::UInt64 => Some(Cells::UInt(column.as_primitive::<UInt64Type>().clone())),
            kind if kind.is_integer() => {
                to(DataType::Int64).map(|array| Cells::Int(array.as_primitive::<Int64Type>().clone()))
            }
            DataType::Float64 => Some(Cells::Float(column.as_primitive::<Float64Type>().clone(), DOUBLE)),
            DataType::Float32 => Some(Cells::Float(shortest(column.as_primitive::<Float32Type>()), SINGLE)),
            DataType::Float16 => {
                to(DataType::Float64).map(|array| Cells::Float(array.as_primitive::<Float64Type>().clone(), HALF))
            }
            DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..) => {
                text().map(Cells::Decimal)
            }
            DataType::Date32
            | DataType::Date64
            | DataType::Timestamp(..)
            | DataType::Time32(_)
            | DataType::Time64(_) => text().map(Cells::Text),
            _ => None,
        };
        cells.unwrap_or_else(|| Cells::Other(column.clone(), type_name(column.data_type())))
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Cells::Text(array) | Cells::Decimal(array) => array.is_null(row),
            Cells::Int(array) => array.is_null(row),
            Cells::UInt(array) => array.is_null(row),
            Cells::Float(array, _) => array.is_null(row),
            Cells::Bool(array) => array.is_null(row),
            Cells::Null => true,
            Cells::Other(array, _) => array.is_null(row),
        }
    }

    /// Appends the cell's JSON value to `out`; nothing is appended for NULL, `""` for the empty text.
    pub(crate) fn write(&self, row: usize, kind: CellKind, out: &mut Vec<u8>) -> Result<Said, BadCell> {
        if self.is_null(row) {
            return Ok(Said::Nothing);
        }
        if let Cells::Text(array) = self
            && array.value(row).is_empty()
        {
            out.extend_from_slice(b"\"\"");
            return Ok(Said::Empty);
        }
        match kind {
            CellKind::Id => {
                let number = self.whole(row)?;
                if number <= 0 {
                    return Err(BadCell { reason: "must be a positive whole number", hint: "Pardot ids start at 1" });
                }
                write_number(number, out);
            }
            CellKind::Integer => write_number(self.whole(row)?, out),
            CellKind::Boolean => out.push(if self.truth(row)? { b'1' } else { b'0' }),
            CellKind::Text => self.write_text(row, out)?,
            CellKind::Custom => self.write_custom(row, out)?,
        }
        Ok(Said::Value)
    }

    /// The text of a cell in a text column as it stands, for keys.
    pub(crate) fn text(&self, row: usize) -> Option<&str> {
        match self {
            Cells::Text(array) if !array.is_null(row) => Some(array.value(row)),
            Cells::Text(_)
            | Cells::Decimal(_)
            | Cells::Int(_)
            | Cells::UInt(_)
            | Cells::Float(..)
            | Cells::Bool(_)
            | Cells::Null
            | Cells::Other(..) => None,
        }
    }

    /// A whole number, converted only when nothing is lost.
    fn whole(&self, row: usize) -> Result<i64, BadCell> {
        const NOT_WHOLE: BadCell = BadCell {
            reason: "must be a whole number",
            hint: "round or CAST it in the query; a number with a fraction or letters is never cut",
        };
        const TOO_LARGE: BadCell =
            BadCell { reason: "is too large for a whole number of 64 bits", hint: "check the column in the query" };
        match self {
            Cells::Int(array) => Ok(array.value(row)),
            Cells::UInt(array) => i64::try_from(array.value(row)).map_err(|_| TOO_LARGE),
            Cells::Float(array, most) => exact(array.value(row), *most).ok_or(NOT_WHOLE),
            Cells::Text(array) | Cells::Decimal(array) => whole_of_text(array.value(row).trim(), NOT_WHOLE, TOO_LARGE),
            Cells::Bool(_) => Err(BadCell {
                reason: "must be a whole number, and is a truth value",
                hint: "map it in the query, for example CASE WHEN flag THEN 1 ELSE 0 END",
            }),
            Cells::Null => Err(NOT_WHOLE),
            Cells::Other(..) => Err(NOT_WHOLE),
        }
    }

    /// A truth value in one of the usual spellings.
    fn truth(&self, row: usize) -> Result<bool, BadCell> {
        const NEITHER: BadCell = BadCell {
            reason: "must be a truth value",
            hint: "true, false, yes, no, y, n, t, f, on, off, 1 and 0 are understood",
        };
        match self {
            Cells::Bool(array) => Ok(array.value(row)),
            Cells::Int(_) | Cells::UInt(_) | Cells::Float(..) | Cells::Decimal(_) => match self.whole(row) {
                Ok(0) => Ok(false),
                Ok(1) => Ok(true),
                Ok(_) | Err(_) => Err(NEITHER),
            },
            Cells::Text(array) => match array.value(row).trim().to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "y" | "on" | "1" => Ok(true),
                "false" | "f" | "no" | "n" | "off" | "0" => Ok(false),
                _ => Err(NEITHER),
            },
            Cells::Null | Cells::Other(..) => Err(NEITHER),
        }
    }

    fn write_text(&self, row: usize, out: &mut Vec<u8>) -> Result<(), BadCell> {
        match self {
            Cells::Text(array) => return write_string(array.value(row), out),
            Cells::Decimal(array) => {
                out.push(b'"');
                out.extend_from_slice(array.value(row).as_bytes());
                out.push(b'"');
            }
            Cells::Int(_) | Cells::UInt(_) | Cells::Float(..) => {
                out.push(b'"');
                self.write_plain_number(row, out)?;
                out.push(b'"');
            }
            Cells::Bool(array) => {
                out.extend_from_slice(if array.value(row) { b"\"true\"" } else { b"\"false\"" });
            }
            Cells::Null => {}
            Cells::Other(_, name) => {
                return Err(BadCell { reason: name, hint: "write it out as text in the query" });
            }
        }
        Ok(())
    }

    fn write_custom(&self, row: usize, out: &mut Vec<u8>) -> Result<(), BadCell> {
        match self {
            Cells::Text(array) => write_string(array.value(row), out),
            Cells::Decimal(array) => {
                out.extend_from_slice(array.value(row).as_bytes());
                Ok(())
            }
            Cells::Int(_) | Cells::UInt(_) | Cells::Float(..) => self.write_plain_number(row, out),
            Cells::Bool(array) => {
                out.push(if array.value(row) { b'1' } else { b'0' });
                Ok(())
            }
            Cells::Null => Ok(()),
            Cells::Other(_, name) => Err(BadCell { reason: name, hint: "write it out as text in the query" }),
        }
    }

    fn write_plain_number(&self, row: usize, out: &mut Vec<u8>) -> Result<(), BadCell> {
        match self {
            Cells::Int(array) => write_number(array.value(row), out),
            Cells::UInt(array) => out.extend_from_slice(array.value(row).to_string().as_bytes()),
            Cells::Float(array, most) => {
                let number = array.value(row);
                match exact(number, *most) {
                    Some(whole) => write_number(whole, out),
                    None if number.is_finite() => out.extend_from_slice(number.to_string().as_bytes()),
                    None => {
                        return Err(BadCell {
                            reason: "is not a finite number",
                            hint: "Pardot has no NaN or infinity; use NULL to leave the field unchanged",
                        });
                    }
                }
            }
            Cells::Text(_) | Cells::Decimal(_) | Cells::Bool(_) | Cells::Null | Cells::Other(..) => {}
        }
        Ok(())
    }
}

/// Below 2^53 every whole number is a 64-bit float of its own; 2^53 may be a rounded 2^53 + 1.
const DOUBLE: f64 = 9_007_199_254_740_992.0;
/// The same for 32 bits: an id beyond it may have been rounded to another prospect's.
const SINGLE: f64 = 16_777_216.0;
/// The same for 16 bits.
const HALF: f64 = 2_048.0;

/// The whole number a float stands for, when it stands for exactly one: below `most`.
fn exact(number: f64, most: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "below 2^53 and without a fraction nothing is cut")]
    (number.fract() == 0.0 && number.abs() < most).then_some(number as i64)
}

/// 32-bit floats by the digits that people see: 0.1 stays 0.1 and does not become 0.10000000149011612.
fn shortest(array: &Float32Array) -> Float64Array {
    let digits = |number: f32| number.to_string().parse().unwrap_or(f64::from(number));
    array.iter().map(|number| number.map(digits)).collect()
}

/// Digits with an optional sign and an optional fraction of zeros.
fn whole_of_text(text: &str, not_whole: BadCell, too_large: BadCell) -> Result<i64, BadCell> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || fraction.bytes().any(|byte| byte != b'0') || (text.contains('.') && fraction.is_empty()) {
        return Err(not_whole);
    }
    whole.parse().map_err(|_| too_large)
}

fn write_number(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(number.to_string().as_bytes());
}

/// A JSON string. Control characters other than tab and line ends are refused: no field of Pardot holds them, and XML
/// views of the prospect would break.
fn write_string(text: &str, out: &mut Vec<u8>) -> Result<(), BadCell> {
    if text.bytes().any(|byte| (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')) || byte == 0x7f) {
        return Err(BadCell {
            reason: "has a control character",
            hint: "strip it in the query, for example with regexp_replace",
        });
    }
    serde_json::to_writer(out, text).map_err(|_| BadCell { reason: "is not valid text", hint: "check its encoding" })
}

/// Says in words why a value of this type fits no field.
fn type_name(kind: &DataType) -> &'static str {
    match kind {
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) | DataType::BinaryView => "is binary",
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "is a list",
        DataType::Struct(_) => "is a structure",
        DataType::Map(..) => "is a map",
        DataType::Interval(_) | DataType::Duration(_) => "is a length of time",
        _ => "has a type that no field takes",
    }
}

#[cfg(test)]
mod tests;
