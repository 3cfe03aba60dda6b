//! Every type of column into every kind of field: what is sent, and what is refused by which rule.
//!
//! Knows no columns and no rows.

use std::sync::Arc;

use arrow::array::{
    BinaryArray, Date32Array, Decimal128Array, DictionaryArray, LargeStringArray, ListArray, NullArray,
    StringViewArray, Time32SecondArray, TimestampMicrosecondArray, UInt32Array,
};
use arrow::datatypes::Int32Type;
use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;
use crate::fixture::{numbers, texts};

fn written(cells: &Cells, row: usize, kind: CellKind) -> String {
    let mut out = b"<".to_vec();
    match cells.write(row, kind, &mut out) {
        Ok(said) => format!("{said:?} {}>", String::from_utf8(out).unwrap()),
        Err(bad) => format!("! {}", bad.reason),
    }
}

/// One line a row: what the cell says and its JSON, or the rule that it breaks.
#[track_caller]
fn check(column: ArrayRef, kind: CellKind, want: &Expect) {
    let cells = Cells::of(&column);
    let lines: Vec<String> = (0..column.len()).map(|row| written(&cells, row, kind)).collect();
    want.assert_eq(&lines.join("\n"));
}

fn floats(values: impl IntoIterator<Item = impl Into<Option<f64>>>) -> ArrayRef {
    Arc::new(Float64Array::from_iter(values.into_iter().map(Into::into)))
}

fn singles(values: &[f32]) -> ArrayRef {
    Arc::new(Float32Array::from(values.to_vec()))
}

fn decimals(values: &[i128], scale: i8) -> ArrayRef {
    Arc::new(Decimal128Array::from(values.to_vec()).with_precision_and_scale(20, scale).unwrap())
}

fn truths() -> ArrayRef {
    Arc::new(BooleanArray::from(vec![Some(true), Some(false), None]))
}

#[test]
fn whole_numbers_from_whole_numbers() {
    check(
        numbers([Some(25), Some(-3), Some(i64::MAX), Some(i64::MIN), None]),
        CellKind::Integer,
        &expect![[r#"
        Value <25>
        Value <-3>
        Value <9223372036854775807>
        Value <-9223372036854775808>
        Nothing <>"#]],
    );
    check(
        Arc::new(UInt64Array::from(vec![7, u64::MAX])),
        CellKind::Integer,
        &expect![[r#"
        Value <7>
        ! is too large for a whole number of 64 bits"#]],
    );
    check(
        Arc::new(UInt32Array::from(vec![7, u32::MAX])),
        CellKind::Integer,
        &expect![[r#"
        Value <7>
        Value <4294967295>"#]],
    );
}

#[test]
fn whole_numbers_from_floats_only_when_nothing_is_lost() {
    check(
        floats([
            3.0,
            -3.0,
            -0.0,
            2.5,
            1e-9,
            9_007_199_254_740_991.0,
            9_007_199_254_740_992.0,
            1e300,
            f64::NAN,
            f64::INFINITY,
        ]),
        CellKind::Integer,
        &expect![[r#"
            Value <3>
            Value <-3>
            Value <0>
            ! must be a whole number
            ! must be a whole number
            Value <9007199254740991>
            ! must be a whole number
            ! must be a whole number
            ! must be a whole number
            ! must be a whole number"#]],
    );
    check(
        singles(&[3.0, 0.5, 16_777_215.0, 16_777_216.0]),
        CellKind::Integer,
        &expect![[r#"
        Value <3>
        ! must be a whole number
        Value <16777215>
        ! must be a whole number"#]],
    );
    let halves = cast(&floats([3.0, 2_047.0, 2_048.0]), &DataType::Float16).unwrap();
    check(
        halves,
        CellKind::Integer,
        &expect![[r#"
        Value <3>
        Value <2047>
        ! must be a whole number"#]],
    );
}

#[test]
fn whole_numbers_from_decimals_and_texts_only_when_nothing_is_lost() {
    check(
        decimals(&[1200, 1250, -100, 0], 2),
        CellKind::Integer,
        &expect![[r#"
        Value <12>
        ! must be a whole number
        Value <-1>
        Value <0>"#]],
    );
    check(decimals(&[12], -2), CellKind::Integer, &expect!["Value <1200>"]);
    check(
        texts([
            Some("12"),
            Some(" 12 "),
            Some("+12"),
            Some("-12"),
            Some("0012"),
            Some("12.000"),
            Some("9223372036854775807"),
            Some(""),
            None,
        ]),
        CellKind::Integer,
        &expect![[r#"
            Value <12>
            Value <12>
            Value <12>
            Value <-12>
            Value <12>
            Value <12>
            Value <9223372036854775807>
            Empty <"">
            Nothing <>"#]],
    );
    check(
        texts([
            "9223372036854775808",
            "12.5",
            "12.",
            ".0",
            "12x",
            "1e3",
            "0x10",
            "1,200",
            " ",
            "-",
            "+-1",
            "1.0.0",
            "\u{0663}",
        ]),
        CellKind::Integer,
        &expect![[r#"
            ! is too large for a whole number of 64 bits
            ! must be a whole number
            ! must be a whole number
            ! must be a whole number
            ! must be a whole number
            ! must be a whole number
            ! must be a whole number
            ! must be a whole number
            ! must be a whole number
            ! must be a whole number
            ! must be a whole number
            ! must be a whole number
            ! must be a whole number"#]],
    );
}

#[test]
fn whole_numbers_from_nothing_else() {
    check(
        truths(),
        CellKind::Integer,
        &expect![[r#"
        ! must be a whole number, and is a truth value
        ! must be a whole number, and is a truth value
        Nothing <>"#]],
    );
    check(Arc::new(Date32Array::from(vec![0])), CellKind::Integer, &expect!["! must be a whole number"]);
    check(Arc::new(BinaryArray::from(vec![b"7".as_slice()])), CellKind::Integer, &expect!["! must be a whole number"]);
    check(Arc::new(NullArray::new(1)), CellKind::Integer, &expect!["Nothing <>"]);
}

#[test]
fn ids_are_above_zero() {
    check(
        numbers([Some(1), Some(0), Some(-1), None]),
        CellKind::Id,
        &expect![[r#"
        Value <1>
        ! must be a positive whole number
        ! must be a positive whole number
        Nothing <>"#]],
    );
    check(
        texts([Some("501"), Some(""), Some("0"), Some("00Q5e000004abcd"), None]),
        CellKind::Id,
        &expect![[r#"
        Value <501>
        Empty <"">
        ! must be a positive whole number
        ! must be a whole number
        Nothing <>"#]],
    );
    check(
        floats([501.0, 501.5]),
        CellKind::Id,
        &expect![[r#"
        Value <501>
        ! must be a whole number"#]],
    );
}

#[test]
fn truth_values_in_the_usual_spellings() {
    for text in ["true", "T", "yes", "Y", "on", "1", " TRUE "] {
        assert_eq!(written(&Cells::of(&texts([text])), 0, CellKind::Boolean), "Value <1>", "{text}");
    }
    for text in ["false", "F", "no", "N", "off", "0", " False "] {
        assert_eq!(written(&Cells::of(&texts([text])), 0, CellKind::Boolean), "Value <0>", "{text}");
    }
    check(
        texts([Some(""), Some("ja"), Some("2"), Some("1.0"), Some(" "), None]),
        CellKind::Boolean,
        &expect![[r#"
        Empty <"">
        ! must be a truth value
        ! must be a truth value
        ! must be a truth value
        ! must be a truth value
        Nothing <>"#]],
    );
    check(
        truths(),
        CellKind::Boolean,
        &expect![[r#"
        Value <1>
        Value <0>
        Nothing <>"#]],
    );
    check(
        numbers([1, 0, 2, -1]),
        CellKind::Boolean,
        &expect![[r#"
        Value <1>
        Value <0>
        ! must be a truth value
        ! must be a truth value"#]],
    );
    check(
        floats([1.0, 0.0, 0.5, f64::NAN]),
        CellKind::Boolean,
        &expect![[r#"
        Value <1>
        Value <0>
        ! must be a truth value
        ! must be a truth value"#]],
    );
    check(
        decimals(&[100, 0, 50], 2),
        CellKind::Boolean,
        &expect![[r#"
        Value <1>
        Value <0>
        ! must be a truth value"#]],
    );
    check(Arc::new(Date32Array::from(vec![1])), CellKind::Boolean, &expect!["! must be a truth value"]);
}

#[test]
fn texts_as_they_stand() {
    let given = [
        Some("Ada"),
        Some(" a b "),
        Some("\"\\/"),
        Some("Zo\u{eb} \u{4e2d}\u{1f600}"),
        Some("a\tb\r\nc"),
        Some(""),
        None,
    ];
    check(
        texts(given),
        CellKind::Text,
        &expect![[r#"
            Value <"Ada">
            Value <" a b ">
            Value <"\"\\/">
            Value <"Zoë 中😀">
            Value <"a\tb\r\nc">
            Empty <"">
            Nothing <>"#]],
    );
    let alike: [ArrayRef; 4] = [
        texts(given),
        Arc::new(LargeStringArray::from_iter(given)),
        Arc::new(StringViewArray::from_iter(given)),
        Arc::new(DictionaryArray::<Int32Type>::from_iter(given)),
    ];
    for column in &alike {
        for kind in [CellKind::Text, CellKind::Custom] {
            for row in 0..given.len() {
                let want = written(&Cells::of(&alike[0]), row, CellKind::Text);
                assert_eq!(written(&Cells::of(column), row, kind), want, "{}", column.data_type());
            }
        }
    }
    check(
        texts(["bell\u{7}", "nul\0", "del\u{7f}", "escape\u{1b}[0m"]),
        CellKind::Text,
        &expect![[r#"
        ! has a control character
        ! has a control character
        ! has a control character
        ! has a control character"#]],
    );
}

#[test]
fn numbers_dates_and_truth_values_are_written_out_for_text_fields() {
    check(
        numbers([25, -3]),
        CellKind::Text,
        &expect![[r#"
        Value <"25">
        Value <"-3">"#]],
    );
    check(Arc::new(UInt64Array::from(vec![u64::MAX])), CellKind::Text, &expect![[r#"Value <"18446744073709551615">"#]]);
    check(
        floats([2.0, 0.1, 1e21, 1e-7, f64::NAN, f64::NEG_INFINITY]),
        CellKind::Text,
        &expect![[r#"
        Value <"2">
        Value <"0.1">
        Value <"1000000000000000000000">
        Value <"0.0000001">
        ! is not a finite number
        ! is not a finite number"#]],
    );
    check(
        singles(&[0.1, 2.0, 33.3, 16_777_216.0]),
        CellKind::Text,
        &expect![[r#"
        Value <"0.1">
        Value <"2">
        Value <"33.3">
        Value <"16777216">"#]],
    );
    check(
        decimals(&[150, 5, -5], 2),
        CellKind::Text,
        &expect![[r#"
        Value <"1.50">
        Value <"0.05">
        Value <"-0.05">"#]],
    );
    check(decimals(&[123], -2), CellKind::Text, &expect![[r#"Value <"12300">"#]]);
    check(
        truths(),
        CellKind::Text,
        &expect![[r#"
        Value <"true">
        Value <"false">
        Nothing <>"#]],
    );
    check(
        Arc::new(Date32Array::from(vec![20_000, -1])),
        CellKind::Text,
        &expect![[r#"
        Value <"2024-10-04">
        Value <"1969-12-31">"#]],
    );
    let moment = 1_600_000_000_123_456;
    check(
        Arc::new(TimestampMicrosecondArray::from(vec![moment])),
        CellKind::Text,
        &expect![[r#"Value <"2020-09-13T12:26:40.123456">"#]],
    );
    let zoned = TimestampMicrosecondArray::from(vec![moment]).with_timezone("+02:00");
    check(Arc::new(zoned), CellKind::Text, &expect![[r#"Value <"2020-09-13T14:26:40.123456+02:00">"#]]);
    check(Arc::new(Time32SecondArray::from(vec![3661])), CellKind::Text, &expect![[r#"Value <"01:01:01">"#]]);
}

#[test]
fn custom_fields_take_numbers_as_numbers() {
    check(numbers([25]), CellKind::Custom, &expect!["Value <25>"]);
    check(
        floats([2.0, 0.5, f64::NAN]),
        CellKind::Custom,
        &expect![[r#"
        Value <2>
        Value <0.5>
        ! is not a finite number"#]],
    );
    check(
        decimals(&[150, 5, -5, 0], 2),
        CellKind::Custom,
        &expect![[r#"
        Value <1.50>
        Value <0.05>
        Value <-0.05>
        Value <0.00>"#]],
    );
    check(
        truths(),
        CellKind::Custom,
        &expect![[r#"
        Value <1>
        Value <0>
        Nothing <>"#]],
    );
    check(Arc::new(Date32Array::from(vec![20_000])), CellKind::Custom, &expect![[r#"Value <"2024-10-04">"#]]);
}

#[test]
fn what_no_field_takes_is_named_by_its_type() {
    let list: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1)]), None]));
    check(
        list.clone(),
        CellKind::Text,
        &expect![[r#"
        ! is a list
        Nothing <>"#]],
    );
    check(
        list,
        CellKind::Custom,
        &expect![[r#"
        ! is a list
        Nothing <>"#]],
    );
    check(Arc::new(BinaryArray::from(vec![b"Ada".as_slice()])), CellKind::Text, &expect!["! is binary"]);
}

#[test]
fn debug_shows_no_value() {
    let columns = [texts(["kim@example.com"]), numbers([4711]), floats([47.11]), truths(), Arc::new(NullArray::new(1))];
    let shown = columns.map(|column| format!("{:?}", Cells::of(&column)));
    expect![[r#"
        Text(1 cells)
        Int(1 cells)
        Float(1 cells)
        Bool(3 cells)
        Null"#]]
    .assert_eq(&shown.join("\n"));
}

proptest! {
    #[test]
    fn a_text_reads_back_as_it_was(text in "\\PC*|[ -~]*|.*") {
        let cells = Cells::of(&texts([text.as_str()]));
        let mut out = Vec::new();
        match cells.write(0, CellKind::Text, &mut out) {
            Ok(_) => prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text),
            Err(_) => prop_assert!(text.chars().any(|c| c.is_ascii_control())),
        }
    }

    #[test]
    fn a_whole_number_is_the_same_from_every_type(number in any::<i64>()) {
        let text = number.to_string();
        let mut columns = vec![numbers([number]), texts([text.as_str()]), decimals(&[i128::from(number)], 0)];
        let float = number >> 11;
        if i128::from(float).abs() < 1 << 53 {
            #[expect(clippy::cast_precision_loss, reason = "below 2^53 nothing is lost")]
            columns.push(floats([float as f64]));
        }
        let mut wanted = vec![text.clone(), text.clone(), text.clone(), float.to_string()];
        wanted.truncate(columns.len());
        for (column, want) in columns.iter().zip(wanted) {
            prop_assert_eq!(written(&Cells::of(column), 0, CellKind::Integer), format!("Value <{want}>"));
        }
    }

    #[test]
    fn a_float_is_sent_whole_or_refused(number in any::<f64>()) {
        let sent = written(&Cells::of(&floats([number])), 0, CellKind::Integer);
        match sent.strip_prefix("Value <").and_then(|rest| rest.strip_suffix('>')) {
            Some(digits) => prop_assert_eq!(digits.parse::<f64>().unwrap(), number),
            None => prop_assert!(number.fract() != 0.0 || number.is_nan() || number.abs() >= DOUBLE, "{}", sent),
        }
    }

    #[test]
    fn every_custom_number_is_json(number in any::<f64>(), small in any::<f32>(), decimal in any::<i64>(), scale in 0_i8..19) {
        for column in [floats([number]), singles(&[small]), decimals(&[i128::from(decimal)], scale)] {
            let mut out = Vec::new();
            if Cells::of(&column).write(0, CellKind::Custom, &mut out).is_ok() {
                prop_assert!(serde_json::from_slice::<serde_json::Number>(&out).is_ok(), "{}", String::from_utf8_lossy(&out));
            }
        }
    }
}
