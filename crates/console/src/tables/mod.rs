//! Data Workbench: tables.
//!
//! Knows how a table is shown and asked for; its files are the server's to read.

mod list;
mod new;
mod page;

use api::{Table, TableKind};

pub use list::TableList;
pub use new::NewTable;
pub use page::{Look, Opened, TablePage};

/// Names of files whose rows can be uploaded.
const ENDINGS: [(&str, &str); 6] = [
    (".csv", "csv"),
    (".jsonl", "jsonl"),
    (".ndjson", "jsonl"),
    (".json", "jsonl"),
    (".parquet", "parquet"),
    (".pq", "parquet"),
];

/// The format that a file's name tells.
pub fn format_of(file: &str) -> Option<&'static str> {
    let file = file.to_ascii_lowercase();
    ENDINGS.iter().find(|(ending, _)| file.ends_with(ending)).map(|(_, format)| *format)
}

pub(crate) fn kind(kind: TableKind) -> &'static str {
    match kind {
        TableKind::Bound => "Files of the server",
        TableKind::Uploaded => "Uploaded",
    }
}

/// What is behind a table: its files, or the format and size of what was uploaded.
pub(crate) fn behind(table: &Table) -> String {
    match (&table.files, &table.format) {
        (Some(files), _) => files.clone(),
        (None, format) => {
            let format = match format.as_deref() {
                Some("csv") => "CSV",
                Some("jsonl") => "JSON lines",
                Some("parquet") => "Parquet",
                other => other.unwrap_or_default(),
            };
            let size = table.bytes.map(|bytes| format!(", {}", size(bytes))).unwrap_or_default();
            format!("{format}{size}")
        }
    }
}

/// `1.4 MB`.
pub(crate) fn size(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let Some((unit, name)) = units.into_iter().find(|(unit, _)| bytes >= *unit) else {
        return format!("{bytes} bytes");
    };
    let whole = model::grouped(bytes / unit);
    if bytes < 10 * unit { format!("{whole}.{} {name}", bytes % unit * 10 / unit) } else { format!("{whole} {name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_at_a_glance() {
        let cases = [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (1_449_000, "1.4 MB"),
            (25_900_000, "25 MB"),
            (10 << 30, "10 GB"),
            (5_000_000_000_000, "5,000 GB"),
            (u64::MAX, "18,446,744,073 GB"),
        ];
        for (bytes, want) in cases {
            assert_eq!(size(bytes), want);
        }
    }

    #[test]
    fn the_name_of_a_file_tells_its_format() {
        let cases = [
            ("contacts.csv", Some("csv")),
            ("CONTACTS.CSV", Some("csv")),
            ("a.b.ndjson", Some("jsonl")),
            ("a.json", Some("jsonl")),
            ("a.parquet", Some("parquet")),
            ("a.xlsx", None),
            ("csv", None),
            ("a.csv.gz", None),
            ("", None),
        ];
        for (name, want) in cases {
            assert_eq!(format_of(name), want, "{name}");
        }
    }
}
