//! Random rules: every operator, type, aggregation and limit.
//!
//! Knows the documents of rules and the columns of the random world; not what a rule means.

use serde_json::{Map, Value, json};

use super::chance::Chance;
use super::world::{TIMES, WORDS};

const UNITS: [&str; 8] = ["year", "quarter", "month", "week", "day", "hour", "minute", "second"];

/// What may be compared: name and kind.
const PROFILES: [(&str, char); 13] = [
    ("email", 's'),
    ("city", 's'),
    ("we\"ird; -- */ 'name", 's'),
    ("Upper.Case", 'n'),
    ("score", 'n'),
    ("ratio", 'n'),
    ("spend", 'n'),
    ("joined", 't'),
    ("seen", 't'),
    ("birthday", 'd'),
    ("active", 'b'),
    ("tags", 'S'),
    ("sizes", 'N'),
];
const ORDERS: [(&str, char); 10] = [
    ("ordered_at", 't'),
    ("timestamp", 't'),
    ("amount", 'n'),
    ("quantity", 'n'),
    ("weight", 'n'),
    ("cate\"gory", 's'),
    ("labels", 'S'),
    ("codes", 'N'),
    ("gift", 'b'),
    ("shipped", 'd'),
];
const VISITS: [(&str, char); 3] = [("at", 't'), ("page", 's'), ("seconds", 'n')];

/// A whole rule, three levels deep at most. `others`: so many segments may be referred to.
pub(crate) fn rule(chance: &mut Chance, others: u64) -> Value {
    let mut rule = group(chance, 0, others);
    if chance.one_in(5) {
        rule["limit"] = limit(chance, false);
    }
    rule
}

fn group(chance: &mut Chance, depth: u64, others: u64) -> Value {
    let count = 1 + chance.below(3);
    let conditions: Vec<Value> = (0..count)
        .map(|_| match chance.below(6) {
            0 | 1 if depth < 2 => group(chance, depth + 1, others),
            2 if others > 0 => {
                let id = chance.below(others);
                let id = if chance.one_in(2) { id.to_string() } else { format!("segment {id}") };
                json!({"type": "Reference", "id": id, "exclude": chance.one_in(2)})
            }
            _ => condition(chance),
        })
        .collect();
    let word = *chance.of(&["And", "Or", "Composite"]);
    let mut group = json!({"type": word, "conditions": conditions});
    if word == "Composite" {
        group["expr"] = json!(expr(chance, count, 0));
    }
    group
}

fn expr(chance: &mut Chance, count: u64, depth: u64) -> String {
    match chance.below(5) {
        0 if depth < 3 => format!("not {}", expr(chance, count, depth + 1)),
        1 if depth < 3 => format!("({} OR {})", expr(chance, count, depth + 1), expr(chance, count, depth + 1)),
        2 if depth < 3 => format!("({} and {})", expr(chance, count, depth + 1), expr(chance, count, depth + 1)),
        3 => (1 + chance.below(count)).to_string(),
        _ => char::from(b'A' + chance.below(count) as u8).to_string(),
    }
}

fn condition(chance: &mut Chance) -> Value {
    let mut condition = json!({"type": "Value", "exclude": chance.one_in(4)});
    let events = chance.one_in(2);
    let kind = if events {
        let (left, kind) = events_of(chance);
        condition["leftValue"] = left;
        condition["arrayMatching"] = Value::Null;
        kind
    } else {
        let (name, kind) = *chance.of(&PROFILES);
        condition["leftValue"] = json!({ "name": name });
        kind
    };
    compared(chance, &mut condition, kind);
    if chance.one_in(6) {
        condition["limit"] = limit(chance, events);
    }
    condition
}

/// An operator, and for lists how many elements must satisfy it.
fn compared(chance: &mut Chance, condition: &mut Value, kind: char) {
    let element = kind.to_ascii_lowercase();
    let whole = kind == element || chance.one_in(6);
    condition["operator"] = operator(chance, if whole { kind } else { element });
    if kind != element && condition["operator"]["type"] != "IsNull" {
        let number = chance.below(4);
        condition["arrayMatching"] = match chance.below(6) {
            0 => Value::Null,
            1 => json!("any"),
            2 => json!("all"),
            3 => json!({ "atLeast": number }),
            4 => json!({ "atMost": number }),
            _ => json!({ "exactly": number }),
        };
    }
}

fn events_of(chance: &mut Chance) -> (Value, char) {
    let (name, columns): (_, &[(&str, char)]) =
        if chance.one_in(3) { ("visits", &VISITS) } else { ("orders", &ORDERS) };
    let plain: Vec<(&str, char)> = columns.iter().copied().filter(|(_, kind)| kind.is_ascii_lowercase()).collect();
    let numbers: Vec<(&str, char)> = plain.iter().copied().filter(|(_, kind)| *kind == 'n').collect();
    let ordered: Vec<(&str, char)> = plain.iter().copied().filter(|(_, kind)| *kind != 'b').collect();
    let word = *chance.of(&["Count", "CountDistinct", "Sum", "Min", "Max", "Average", "First", "Last"]);
    let (mut aggregation, kind) = match word {
        "Count" => (json!({}), 'n'),
        "CountDistinct" => {
            let names: Vec<&str> = chance.some(&plain, 3).into_iter().map(|(name, _)| name).collect();
            (json!({ "columns": names }), 'n')
        }
        "Sum" | "Average" => (json!({"column": chance.of(&numbers).0}), 'n'),
        "Min" | "Max" => {
            let (name, kind) = *chance.of(&ordered);
            (json!({ "column": name }), kind)
        }
        _ => {
            let (name, kind) = *chance.of(&plain);
            (json!({"column": name, "orderColumn": chance.of(&ordered).0}), kind)
        }
    };
    aggregation["type"] = json!(word);
    if chance.one_in(3) {
        let names: Vec<&str> = chance.some(&plain, 2).into_iter().map(|(name, _)| name).collect();
        aggregation["groupingColumns"] = json!(names);
    }
    let prefix = if chance.one_in(2) { "behavior_" } else { "" };
    let mut left = json!({"source": {"name": format!("{prefix}{name}")}, "aggregation": aggregation, "filter": {}});
    if chance.one_in(2) {
        left["filter"] = filter(chance, columns, 0);
    }
    if chance.one_in(3) {
        left["window"] = json!({"type": "TimeSliding", "duration": length(chance, 2)});
    }
    (left, kind)
}

fn filter(chance: &mut Chance, columns: &[(&str, char)], depth: u64) -> Value {
    let parts: Vec<Value> = (0..=chance.below(2))
        .map(|_| {
            if depth < 2 && chance.one_in(4) {
                return filter(chance, columns, depth + 1);
            }
            let (name, kind) = *chance.of(columns);
            let mut column = json!({"type": "Column", "column": name, "arrayMatching": null});
            compared(chance, &mut column, kind);
            column
        })
        .collect();
    json!({"type": if chance.one_in(2) { "And" } else { "Or" }, "conditions": parts})
}

fn limit(chance: &mut Chance, aggregation: bool) -> Value {
    let mut order = Vec::new();
    for _ in 0..chance.below(3) {
        let direction = *chance.of(&["ascending", "descending"]);
        let plain = &PROFILES[..11];
        order.push(if aggregation && chance.one_in(2) {
            json!({"type": "Aggregation", "order": direction})
        } else {
            json!({"type": "Column", "column": chance.of(plain).0, "order": direction})
        });
    }
    if chance.one_in(2) {
        json!({"type": "Count", "number": 1 + chance.below(700), "orderColumns": order})
    } else {
        let percent = *chance.of(&[100.0, 50.0, 12.5, 33.333333, 0.1, 7.0]);
        json!({"type": "Percent", "number": percent, "orderColumns": order})
    }
}

fn length(chance: &mut Chance, most: u64) -> Value {
    let mut length = Map::new();
    for unit in chance.some(&UNITS, most) {
        let number = if matches!(unit, "hour" | "minute" | "second") { chance.below(100) } else { chance.below(5) };
        length.insert(unit.to_owned(), json!(number));
    }
    Value::Object(length)
}

fn moment(chance: &mut Chance) -> Value {
    let (_, near) = *chance.of(&TIMES);
    let unit = *chance.of(&UNITS);
    match chance.below(8) {
        0 => json!({ "timestamp": near.to_string() }),
        1 => json!(near),
        2 => json!(*chance.of(&["2026-03-29", "2026-10-25", "2026-09-06", "2024-02-29"])),
        3 => json!(*chance.of(&["2026-03-29 02:30:00", "2026-10-25T02:30:00", "2026-09-06 00:30:00"])),
        4 => json!({"timestamp": *chance.of(&["2026-03-29T22:30:00Z", "2026-12-31T23:59:59.999999Z"])}),
        5 => json!({"last": chance.below(30), "unit": unit}),
        6 => json!({"last": length(chance, 3), "unit": unit}),
        _ => json!({"next": chance.below(30), "unit": unit}),
    }
}

fn number(chance: &mut Chance) -> Value {
    match chance.below(8) {
        0 => json!(format!("{}", chance.below(30))),
        1 => json!(chance.below(3_000) as f64 / 100.0 - 5.0),
        2 => json!(9_007_199_254_740_993_i64 + chance.below(3) as i64 - 1),
        3 => {
            chance.of(&[json!(1e300), json!(-1e300), json!("0.123"), json!(1e-9), json!(1e15), json!("1.5e1")]).clone()
        }
        4 => json!(chance.below(80) as f64 / 4.0),
        _ => json!(chance.below(40) as i64 - 10),
    }
}

fn value(chance: &mut Chance, kind: char) -> Value {
    match kind {
        's' => json!(*chance.of(&WORDS)),
        'n' => number(chance),
        'b' => chance.of(&[json!(true), json!(false), json!("true"), json!("False")]).clone(),
        _ => moment(chance),
    }
}

const PATTERNS: [&str; 14] = [
    "^bo",
    "ks$",
    "^books$",
    "books|games",
    "(?i)BOOKS",
    ".",
    "^$",
    "[0-9]+%?",
    r"\\",
    "'",
    "two.lines",
    "(?s)two.lines",
    r"\p{L}{3}",
    "a.b",
];

fn operator(chance: &mut Chance, kind: char) -> Value {
    let not = chance.one_in(3);
    let words: &[&str] = match kind {
        's' => {
            &["Equal", "In", "Contain", "StartWith", "EndWith", "Regexp", "Greater", "LessEqual", "Between", "IsNull"]
        }
        'n' => &["Equal", "In", "Greater", "GreaterEqual", "Less", "LessEqual", "Between", "IsNull"],
        'b' => &["Equal", "IsNull"],
        't' | 'd' => &[
            "Equal",
            "Greater",
            "GreaterEqual",
            "Less",
            "LessEqual",
            "Between",
            "IsNull",
            "TimeToday",
            "TimeThis",
            "TimeNext",
            "TimeWithinPast",
            "TimeWithinNext",
            "TimeRange",
            "TimeLast",
            "TimeInBetweenNext",
        ],
        _ => &["IsNull"],
    };
    let word = *chance.of(words);
    let unit = *chance.of(&UNITS);
    let mut operator = match word {
        "IsNull" | "TimeToday" => json!({}),
        "Between" => json!({"minValue": value(chance, kind), "maxValue": value(chance, kind)}),
        "In" => {
            let values: Vec<Value> = (0..=chance.below(4)).map(|_| value(chance, kind)).collect();
            json!({ "rightValues": values })
        }
        "Contain" | "StartWith" | "EndWith" => json!({ "rightValues": chance.some(&WORDS, 3) }),
        "Regexp" => json!({"rightValue": *chance.of(&PATTERNS)}),
        // A day has no hours of its own.
        "TimeThis" | "TimeNext" | "TimeLast" if kind == 'd' => json!({"from": {"unit": *chance.of(&UNITS[..5])}}),
        "TimeThis" | "TimeNext" | "TimeLast" => json!({"from": {"unit": unit}}),
        "TimeWithinPast" | "TimeWithinNext" => json!({"value": chance.below(40).to_string(), "unit": unit}),
        "TimeRange" => {
            let from = json!({"last": chance.below(20), "unit": unit});
            json!({"duration": length(chance, 1), "from": from, "reverse": chance.one_in(2)})
        }
        "TimeInBetweenNext" => {
            let to = json!({"next": length(chance, 2), "unit": unit});
            json!({"from": {"next": chance.below(3), "unit": "day"}, "to": to})
        }
        _ => json!({"rightValue": value(chance, kind)}),
    };
    operator["type"] = json!(if word == "TimeLast" { "TimeRange" } else { word });
    operator["not"] = json!(not);
    operator
}
