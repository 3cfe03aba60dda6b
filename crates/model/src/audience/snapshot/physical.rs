//! What columns are in their source, what each can be in a snapshot, and the SQL that reads the one as the other.
//!
//! Knows types and expressions; not tables. A value that cannot be read is missing: it never fails a refresh.

use crate::Zone;
use crate::audience::shape::ColumnType;
use crate::audience::sql;

/// What a column is in its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Physical {
    /// Text of any length.
    Text,
    /// Whole numbers.
    Integer,
    /// Floating-point numbers.
    Float,
    /// Decimal numbers.
    Decimal,
    /// True or false.
    Boolean,
    /// Days.
    Date,
    /// Moments without a zone: taken as UTC.
    Timestamp,
    /// Moments with a zone.
    TimestampZone,
    /// Lists of texts.
    TextList,
    /// Lists of numbers.
    NumberList,
    /// What no column of a snapshot can be, by its SQL name.
    Other(String),
}

/// How a column is read.
pub(super) struct Reading {
    /// The expression.
    pub(super) sql: String,
    /// Whether it gives NULL for values that cannot be read.
    pub(super) may_fail: bool,
}

impl Physical {
    /// The type of this SQL name: `TEXT`, `BIGINT`, `DECIMAL(10, 2)`, `TIMESTAMP WITH TIME ZONE`, `TEXT[]`.
    pub fn named(sql_type: &str) -> Physical {
        let name = sql_type.split('(').next().unwrap_or_default().trim();
        if let Some(element) = sql_type.strip_suffix("[]") {
            return match Physical::named(element) {
                Physical::Text => Physical::TextList,
                Physical::Integer | Physical::Float | Physical::Decimal => Physical::NumberList,
                Physical::Boolean
                | Physical::Date
                | Physical::Timestamp
                | Physical::TimestampZone
                | Physical::TextList
                | Physical::NumberList
                | Physical::Other(_) => Physical::Other(sql_type.to_owned()),
            };
        }
        match name.trim_end_matches(" UNSIGNED") {
            "TEXT" | "VARCHAR" | "CHAR" => Physical::Text,
            "TINYINT" | "SMALLINT" | "INT" | "INTEGER" | "BIGINT" => Physical::Integer,
            "REAL" | "FLOAT" | "DOUBLE" => Physical::Float,
            "DECIMAL" => Physical::Decimal,
            "BOOLEAN" => Physical::Boolean,
            "DATE" => Physical::Date,
            "TIMESTAMP" => Physical::Timestamp,
            "TIMESTAMP WITH TIME ZONE" => Physical::TimestampZone,
            _ => Physical::Other(sql_type.to_owned()),
        }
    }

    /// In words: `text`, `whole numbers`.
    pub fn words(&self) -> &str {
        match self {
            Physical::Text => "text",
            Physical::Integer => "whole numbers",
            Physical::Float => "floating-point numbers",
            Physical::Decimal => "decimal numbers",
            Physical::Boolean => "true or false",
            Physical::Date => "dates",
            Physical::Timestamp => "timestamps",
            Physical::TimestampZone => "timestamps with a zone",
            Physical::TextList => "lists of texts",
            Physical::NumberList => "lists of numbers",
            Physical::Other(name) => name,
        }
    }

    /// What such a column can be in a snapshot; the first is what it is when nobody says.
    pub fn becomes(&self) -> &'static [ColumnType] {
        use ColumnType::{Boolean, Date, Number, NumberArray, String, StringArray, Timestamp};
        match self {
            Physical::Text => &[String, Number, Timestamp, Date, Boolean],
            Physical::Integer => &[Number, String, Timestamp, Boolean],
            Physical::Float => &[Number, String, Timestamp],
            Physical::Decimal => &[Number, String],
            Physical::Boolean => &[Boolean, String],
            Physical::Date => &[Date, Timestamp, String],
            Physical::Timestamp | Physical::TimestampZone => &[Timestamp, Date, String],
            Physical::TextList => &[StringArray],
            Physical::NumberList => &[NumberArray],
            Physical::Other(_) => &[],
        }
    }

    /// What such a column is in a snapshot when nobody says; `None` where it can be nothing.
    pub fn default_type(&self) -> Option<ColumnType> {
        self.becomes().first().copied()
    }

    /// The expression that reads `value`, an expression of this type, as `column_type`.
    ///
    /// Unix seconds and RFC 3339 are moments; a text of eight digits is a day. A NaN is a missing number, because it would
    /// be greater than every number that a rule compares it with. Moments outside the years 1677 to 2262 cannot be read.
    pub(super) fn read(&self, column_type: ColumnType, value: &str, zone: &Zone) -> Reading {
        let sure = |sql: String| Reading { sql, may_fail: false };
        let doubtful = |sql: String| Reading { sql, may_fail: true };
        let unix = |seconds: &str| format!("TRY_CAST(from_unixtime(TRY_CAST({seconds} AS BIGINT)) AS TIMESTAMP)");
        let no_nan = |number: &str| format!("NULLIF({number}, CAST('NaN' AS DOUBLE))");
        match (self, column_type) {
            (Physical::Text, ColumnType::Number) => doubtful(no_nan(&format!("TRY_CAST({value} AS DOUBLE)"))),
            (Physical::Text, ColumnType::Timestamp) => doubtful(format!(
                "COALESCE({}, {}, {})",
                utc(value),
                utc(&format!("TRY_CAST({value} AS DATE)")),
                unix(value)
            )),
            (Physical::Text, ColumnType::Date) => doubtful(format!("TRY_CAST({value} AS DATE)")),
            (Physical::Text, ColumnType::Boolean) => doubtful(format!("TRY_CAST({value} AS BOOLEAN)")),
            (Physical::Integer | Physical::Float, ColumnType::Timestamp) => doubtful(unix(value)),
            (Physical::Integer, ColumnType::Boolean) => sure(format!("{value} <> 0")),
            (Physical::Float, ColumnType::Number) => doubtful(no_nan(value)),
            (Physical::Date | Physical::Timestamp | Physical::TimestampZone, ColumnType::Timestamp) => {
                doubtful(utc(value))
            }
            (Physical::Timestamp, ColumnType::Date) if zone.name() == "UTC" => sure(format!("CAST({value} AS DATE)")),
            (Physical::TimestampZone, ColumnType::Date) if zone.name() == "UTC" => {
                doubtful(format!("CAST({} AS DATE)", utc(value)))
            }
            (Physical::Timestamp | Physical::TimestampZone, ColumnType::Date) => doubtful(format!(
                "CAST(({} AT TIME ZONE 'UTC') AT TIME ZONE {} AS DATE)",
                utc(value),
                sql::text(zone.name())
            )),
            (Physical::Text, ColumnType::String)
            | (Physical::TextList, ColumnType::StringArray)
            | (Physical::Integer | Physical::Decimal, ColumnType::Number)
            | (Physical::NumberList, ColumnType::NumberArray)
            | (Physical::Boolean, ColumnType::Boolean)
            | (Physical::Date, ColumnType::Date) => sure(value.to_owned()),
            // What is left is text, or a pair that `Sources::check` refuses.
            (_, ColumnType::String) => sure(format!("CAST({value} AS VARCHAR)")),
            (_, column_type) => sure(format!("CAST(NULL AS {})", sql_type(column_type))),
        }
    }

    /// Whether such a column can be a key.
    pub(super) fn is_key(&self) -> bool {
        match self {
            Physical::Text
            | Physical::Integer
            | Physical::Float
            | Physical::Decimal
            | Physical::Boolean
            | Physical::Date
            | Physical::Timestamp
            | Physical::TimestampZone => true,
            Physical::TextList | Physical::NumberList | Physical::Other(_) => false,
        }
    }
}

fn sql_type(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::String => "VARCHAR",
        ColumnType::Number => "DOUBLE",
        ColumnType::Timestamp => "TIMESTAMP",
        ColumnType::Date => "DATE",
        ColumnType::Boolean => "BOOLEAN",
        ColumnType::StringArray => "VARCHAR[]",
        ColumnType::NumberArray => "DOUBLE[]",
    }
}

/// The condition that two keys are equal. A text is equal to a whole number when it is that number as it is usually
/// written: `007` is not 7.
pub(super) fn equal(left: (&str, &Physical), right: (&str, &Physical)) -> String {
    let ((a, a_type), (b, b_type)) = (left, right);
    format!("{} = {}", comparable(a, a_type, b_type), comparable(b, b_type, a_type))
}

/// What is compared of a key when the other key is of type `other`. Keys that are equal to one other key are one value in this
/// form, so that whoever counts keys by it counts what a join finds. NULL where no key of that type is equal to it.
pub(super) fn comparable(value: &str, own: &Physical, other: &Physical) -> String {
    use Physical::{Date, Decimal, Float, Integer, Text, Timestamp, TimestampZone};
    match (own, other) {
        (Date, Date) => value.to_owned(),
        // Of moments in different units the engine would compare the coarser part alone.
        (Date | Timestamp | TimestampZone, Date | Timestamp | TimestampZone) => utc(value),
        (Text, Float | Decimal) => format!("TRY_CAST({value} AS DOUBLE)"),
        (Integer | Decimal, Float) | (Decimal, Text) => format!("CAST({value} AS DOUBLE)"),
        (Float, Integer | Float | Decimal | Text) | (Integer | Decimal, Integer | Decimal) => value.to_owned(),
        (Timestamp | TimestampZone, _) => format!("CAST({} AS VARCHAR)", utc(value)),
        (Text, _) => value.to_owned(),
        (own, other) if own == other => value.to_owned(),
        _ => format!("CAST({value} AS VARCHAR)"),
    }
}

/// A moment without a zone, as snapshots have it; NULL outside the years 1677 to 2262.
fn utc(moment: &str) -> String {
    format!("TRY_CAST({moment} AS TIMESTAMP)")
}
