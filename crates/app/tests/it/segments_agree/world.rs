//! Random profiles and events, in memory and as the Parquet files of a snapshot.
//!
//! Knows columns and files; not rules.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::Float64Builder;
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, ListBuilder, RecordBatch,
    StringArray, StringBuilder, TimestampMicrosecondArray, TimestampNanosecondArray,
};
use model::{Audience, ColumnType, Events, Field, Zone};
use parquet::arrow::ArrowWriter;
use query::Table;

use super::chance::Chance;
use crate::evaluator::{Behavior, Cell, Column, Kind, Rows};

/// Texts that stand in rows and in rules: what could end a text, a comment or a pattern among them.
pub(crate) const WORDS: [&str; 22] = [
    "books",
    "Books",
    "bo",
    "ks",
    "games",
    "toys",
    "",
    " ",
    "O'Brien",
    "''",
    "50%",
    "50",
    "a_b",
    "aXb",
    "back\\slash",
    "\\",
    "two\nlines",
    "Ünïcödé 🚀",
    "--",
    "/* x */",
    "'); DROP TABLE customers; --",
    "x\" OR 1=1",
];

/// Monday 2026-03-30 00:30 in Berlin, the day after the clocks were put forward; the other times are as awkward.
pub(crate) const TIMES: [(&str, i64); 4] = [
    ("Europe/Berlin", 1_774_823_400),
    ("UTC", 1_798_761_600),
    ("America/Santiago", 1_788_696_000),
    ("Asia/Kolkata", 1_709_208_000),
];

/// Around which the times in rows lie.
const MIDDLE: i64 = 1_774_823_400;

/// How a column is kept in a file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kept {
    Text,
    Integer,
    Float,
    Decimal,
    Micros,
    Nanos,
    Day,
    Flag,
    Texts,
    Numbers,
}

impl Kept {
    fn kind(self) -> (Kind, ColumnType) {
        match self {
            Kept::Text => (Kind::Text, ColumnType::String),
            Kept::Integer | Kept::Float | Kept::Decimal => (Kind::Number, ColumnType::Number),
            Kept::Micros | Kept::Nanos => (Kind::Time, ColumnType::Timestamp),
            Kept::Day => (Kind::Day, ColumnType::Date),
            Kept::Flag => (Kind::Flag, ColumnType::Boolean),
            Kept::Texts => (Kind::Texts, ColumnType::StringArray),
            Kept::Numbers => (Kind::Numbers, ColumnType::NumberArray),
        }
    }

    fn cell(self, chance: &mut Chance, words: &[String]) -> Cell {
        if chance.one_in(8) {
            return Cell::Missing;
        }
        let element = |kept: Kept, chance: &mut Chance| {
            let elements = (0..chance.below(4)).map(|_| kept.cell(chance, words)).collect();
            Cell::List(elements)
        };
        match self {
            Kept::Text => Cell::Text(chance.of(words).clone()),
            Kept::Integer if chance.one_in(20) => {
                Cell::Number(900_719_925_474_099_300 + i128::from(chance.below(3)) * 100)
            }
            Kept::Integer => Cell::Number((i128::from(chance.below(40)) - 10) * 100),
            Kept::Float => Cell::Number((i128::from(chance.below(80)) - 20) * 25),
            Kept::Decimal => Cell::Number(i128::from(chance.below(3_000)) - 500),
            Kept::Micros if chance.one_in(50) => Cell::Time(253_402_300_799_000_000),
            Kept::Micros | Kept::Nanos => Cell::Time(time(chance)),
            Kept::Day => Cell::Day((time(chance).div_euclid(86_400_000_000)) as i32),
            Kept::Flag => Cell::Flag(chance.one_in(2)),
            Kept::Texts => element(Kept::Text, chance),
            Kept::Numbers => element(Kept::Float, chance),
        }
    }

    fn array(self, cells: &[Cell]) -> ArrayRef {
        let number = |cell: &Cell| if let Cell::Number(number) = cell { Some(*number) } else { None };
        let time = |cell: &Cell| if let Cell::Time(time) = cell { Some(*time) } else { None };
        let text = |cell: &Cell| if let Cell::Text(text) = cell { Some(text.clone()) } else { None };
        let cells = cells.iter();
        match self {
            Kept::Text => Arc::new(cells.map(text).collect::<StringArray>()),
            Kept::Integer => {
                Arc::new(cells.map(|cell| number(cell).map(|number| (number / 100) as i64)).collect::<Int64Array>())
            }
            Kept::Float => {
                Arc::new(cells.map(|cell| number(cell).map(|number| number as f64 / 100.0)).collect::<Float64Array>())
            }
            Kept::Decimal => {
                let array: Decimal128Array = cells.map(number).collect();
                Arc::new(array.with_precision_and_scale(10, 2).expect("decimals"))
            }
            Kept::Micros => Arc::new(cells.map(time).collect::<TimestampMicrosecondArray>()),
            Kept::Nanos => {
                let nanos = cells.map(|cell| time(cell).map(|micros| micros * 1_000));
                Arc::new(nanos.collect::<TimestampNanosecondArray>())
            }
            Kept::Day => {
                let days = cells.map(|cell| if let Cell::Day(day) = cell { Some(*day) } else { None });
                Arc::new(days.collect::<Date32Array>())
            }
            Kept::Flag => {
                let flags = cells.map(|cell| if let Cell::Flag(flag) = cell { Some(*flag) } else { None });
                Arc::new(flags.collect::<BooleanArray>())
            }
            Kept::Texts => {
                let mut lists = ListBuilder::new(StringBuilder::new());
                cells.for_each(|cell| match cell {
                    Cell::List(elements) => lists.append_value(elements.iter().map(text)),
                    _ => lists.append_null(),
                });
                Arc::new(lists.finish())
            }
            Kept::Numbers => {
                let mut lists = ListBuilder::new(Float64Builder::new());
                cells.for_each(|cell| match cell {
                    Cell::List(elements) => {
                        lists.append_value(elements.iter().map(|one| number(one).map(|number| number as f64 / 100.0)));
                    }
                    _ => lists.append_null(),
                });
                Arc::new(lists.finish())
            }
        }
    }
}

/// Microseconds: near one of the runs, often on the second of a boundary.
fn time(chance: &mut Chance) -> i64 {
    let (_, near) = *chance.of(&TIMES);
    let seconds = match chance.below(6) {
        0 => near,
        1 => near + (chance.below(20) as i64 - 10) * 86_400,
        2 => near + (chance.below(100) as i64 - 50) * 3_600,
        3 => near - near.rem_euclid(86_400) + (chance.below(800) as i64 - 400) * 86_400,
        4 => near + chance.below(7_200) as i64 - 3_600,
        _ => MIDDLE + chance.below(80_000_000) as i64 - 40_000_000,
    };
    seconds * 1_000_000 + if chance.one_in(4) { chance.below(1_000_000) as i64 } else { 0 }
}

/// A column of a file.
pub(crate) type Shape<'a> = (&'a str, Kept);

const PROFILES: [Shape<'_>; 13] = [
    ("email", Kept::Text),
    ("city", Kept::Text),
    ("we\"ird; -- */ 'name", Kept::Text),
    ("Upper.Case", Kept::Integer),
    ("score", Kept::Integer),
    ("ratio", Kept::Float),
    ("spend", Kept::Decimal),
    ("joined", Kept::Micros),
    ("seen", Kept::Nanos),
    ("birthday", Kept::Day),
    ("active", Kept::Flag),
    ("tags", Kept::Texts),
    ("sizes", Kept::Numbers),
];

const ORDERS: [Shape<'_>; 9] = [
    ("ordered_at", Kept::Nanos),
    ("amount", Kept::Decimal),
    ("quantity", Kept::Integer),
    ("weight", Kept::Float),
    ("cate\"gory", Kept::Text),
    ("labels", Kept::Texts),
    ("codes", Kept::Numbers),
    ("gift", Kept::Flag),
    ("shipped", Kept::Day),
];

const VISITS: [Shape<'_>; 3] = [("at", Kept::Micros), ("page", Kept::Text), ("seconds", Kept::Float)];

/// Rows, the files that hold them, and their shape.
pub(crate) struct World {
    pub(crate) rows: Rows,
    pub(crate) audience: Audience,
    pub(crate) tables: Vec<Table>,
}

impl World {
    /// Random profiles with about two events of each behaviour.
    pub(crate) fn new(profiles: usize, seed: u64, folder: &Path) -> World {
        let mut chance = Chance(seed);
        let words: Vec<String> = WORDS.map(str::to_owned).to_vec();
        let mut world = World::of(&PROFILES, profiles, &words, &mut chance, folder);
        for (name, time, shape) in [("orders", "ordered_at", ORDERS.as_slice()), ("visits", "at", &VISITS)] {
            let events = profiles * 2;
            let owners = (0..events).map(|_| chance.below(profiles as u64) as usize).collect();
            let columns = columns(shape, events, &words, &mut chance);
            let behavior = Behavior { name: name.into(), time: Some(time.into()), owners, columns };
            world.tables.push(self::behavior(folder, &behavior, shape));
            world.rows.behaviors.push(behavior);
            let events = Events { name: name.into(), columns: fields(shape), time: Some(time.into()) };
            world.audience.behaviors.push(events);
        }
        world
    }

    /// Random profiles with these columns, and texts that are these words.
    pub(crate) fn of(
        shape: &[Shape<'_>],
        profiles: usize,
        words: &[String],
        chance: &mut Chance,
        folder: &Path,
    ) -> World {
        let columns = columns(shape, profiles, words, chance);
        let tables = vec![file(folder, "customers", vec![ids("cdp_customer_id", 0..profiles)], shape, &columns)];
        let audience = Audience { number: 1, columns: fields(shape), behaviors: Vec::new(), zone: Zone::utc() };
        World { rows: Rows { profiles, columns, behaviors: Vec::new() }, audience, tables }
    }
}

fn fields(columns: &[Shape<'_>]) -> Vec<Field> {
    columns.iter().map(|(name, kept)| Field { name: (*name).into(), column_type: kept.kind().1 }).collect()
}

fn columns(columns: &[Shape<'_>], rows: usize, words: &[String], chance: &mut Chance) -> Vec<Column> {
    let column = |(name, kept): &Shape<'_>| Column {
        name: (*name).into(),
        kind: kept.kind().0,
        cells: (0..rows).map(|_| kept.cell(chance, words)).collect(),
    };
    columns.iter().map(column).collect()
}

fn ids(name: &str, indexes: impl Iterator<Item = usize>) -> (String, ArrayRef) {
    (name.to_owned(), Arc::new(indexes.map(|index| index as i64 + 1).collect::<Int64Array>()))
}

fn behavior(folder: &Path, behavior: &Behavior, kept: &[Shape<'_>]) -> Table {
    let mut keys = vec![ids("cdp_customer_id", behavior.owners.iter().copied())];
    if kept.iter().any(|(_, kept)| kept.kind().0.element().is_some()) {
        keys.push(ids("cdp_event_id", 0..behavior.owners.len()));
    }
    file(folder, &format!("behavior_{}", behavior.name), keys, kept, &behavior.columns)
}

fn file(folder: &Path, name: &str, keys: Vec<(String, ArrayRef)>, kept: &[Shape<'_>], columns: &[Column]) -> Table {
    let arrays = kept.iter().zip(columns).map(|((name, kept), column)| ((*name).to_owned(), kept.array(&column.cells)));
    let batch = RecordBatch::try_from_iter(keys.into_iter().chain(arrays)).expect("a batch");
    let path = folder.join(format!("{name}.parquet"));
    let mut writer =
        ArrowWriter::try_new(File::create(&path).expect("a file"), batch.schema(), None).expect("a writer");
    writer.write(&batch).expect("rows");
    writer.close().expect("a file");
    let mut table = Table::parse("t=x.parquet").expect("a table");
    table.name = format!("cdp_audience_1.{name}");
    table.paths = vec![path.to_string_lossy().into_owned()];
    table
}
