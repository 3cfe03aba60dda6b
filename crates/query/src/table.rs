//! A name bound to files, as a user writes it.
//!
//! Knows the notation and its rules only: not what is in the files, nor the engine that reads them.

use std::path::PathBuf;

use crate::names::nearest;

/// A name in the engine bound to local files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The name in SQL. Unquoted names in SQL are read in lower case, and find a table whatever its case here. A name may
    /// have two parts, `sales.orders`, both plain and in lower case; [`Table::parse`] takes names of one part alone.
    pub name: String,
    /// Paths or globs (`*`, `?`, `[..]`, `**`), read in this order; the matches of a glob in the order of their names.
    /// A path that exists as it is written is never taken as a glob.
    pub paths: Vec<String>,
    /// How the files are written; `None`: by their extension.
    pub format: Option<Format>,
    /// How CSV and TSV are written; ignored for the other formats.
    pub csv: CsvOptions,
}

/// How a table's files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Separated values, `.csv`. One file's header must be the header of all.
    Csv,
    /// CSV with tabs, `.tsv` or `.tab`.
    Tsv,
    /// One JSON object per line, `.jsonl`, `.ndjson` or `.json`. Types come from reading every line once.
    JsonLines,
    /// Parquet, `.parquet` or `.pq`. Columns of several files are united by name; a missing one is NULL.
    Parquet,
}

impl Format {
    /// The format's word in a table's options.
    pub fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Tsv => "tsv",
            Format::JsonLines => "jsonl",
            Format::Parquet => "parquet",
        }
    }

    fn named(word: &str) -> Option<Format> {
        match word {
            "csv" => Some(Format::Csv),
            "tsv" | "tab" => Some(Format::Tsv),
            "jsonl" | "ndjson" | "json" => Some(Format::JsonLines),
            "parquet" | "pq" => Some(Format::Parquet),
            _ => None,
        }
    }

    /// The format that a file's name says, looking through `.gz` and `.zst`.
    pub(crate) fn of_file(name: &str) -> Option<Format> {
        let name = name.to_lowercase();
        let plain = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(&name);
        Format::named(plain.rsplit_once('.')?.1)
    }
}

/// How CSV is written. `.gz` and `.zst` files are decompressed by their extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOptions {
    /// Whether the first line names the columns (`true`); otherwise they are `column_1`, `column_2`, and so on.
    pub header: bool,
    /// Between the values: `,`, or a tab for TSV whatever is said here.
    pub delimiter: u8,
    /// Around a value that holds a delimiter or a line break: `"`. Doubled inside such a value.
    pub quote: u8,
    /// Before a quote inside a quoted value, for writers that do not double it.
    pub escape: Option<u8>,
    /// The text that means NULL. `None`: an empty value is NULL, which means "leave unchanged" when it is sent. Given
    /// (say `\N`), exactly that text is NULL and an empty value is the empty text, which clears.
    pub null: Option<String>,
    /// What becomes of numbers.
    pub types: CsvTypes,
}

impl Default for CsvOptions {
    fn default() -> CsvOptions {
        CsvOptions { header: true, delimiter: b',', quote: b'"', escape: None, null: None, types: CsvTypes::Text }
    }
}

/// What becomes of the values of a CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CsvTypes {
    /// Every column is text, as it stands in the file: `01234` keeps its zero, `+49…` its plus. `CAST` is at hand.
    #[default]
    Text,
    /// Columns whose first 1,000 values are all whole numbers, decimal numbers or `true`/`false` get that type. A
    /// leading zero or plus, or more than 18 digits, keeps a column text. A later value that does not fit fails the query.
    Infer,
}

/// Why a table cannot be used. No variant holds a value of a row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The notation `name=path?options` is not kept.
    #[error("cannot read the table '{spec}': {message}")]
    Spec {
        /// What was written.
        spec: String,
        /// What is wrong with it.
        message: String,
        /// What to write instead.
        hint: String,
    },
    /// A path names no file.
    #[error("table {table}: there is no file {}", path.display())]
    NoSuchFile {
        /// The table.
        table: String,
        /// The path as written.
        path: PathBuf,
    },
    /// A glob matches no file.
    #[error("table {table}: no file matches {pattern}")]
    NoMatch {
        /// The table.
        table: String,
        /// The glob as written.
        pattern: String,
    },
    /// The path is no local, regular file: a folder, a device, an address.
    #[error("table {table}: {path} is {what}")]
    NotAFile {
        /// The table.
        table: String,
        /// The path as written.
        path: String,
        /// What it is instead.
        what: &'static str,
    },
    /// The extension tells no format.
    #[error("table {table}: cannot tell the format of {} by its name", path.display())]
    UnknownFormat {
        /// The table.
        table: String,
        /// The file.
        path: PathBuf,
    },
    /// The file is not what its format says.
    #[error("table {table}: cannot read {} as {}: {message}", path.display(), format.name())]
    Unreadable {
        /// The table.
        table: String,
        /// The file.
        path: PathBuf,
        /// The format it was read as.
        format: Format,
        /// What is wrong.
        message: String,
    },
    /// The files of one table do not go together.
    #[error("table {table}: {} differs from the files before it: {message}", path.display())]
    SchemaDiffers {
        /// The table.
        table: String,
        /// The first file that differs.
        path: PathBuf,
        /// In what it differs.
        message: String,
    },
}

impl TableError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            TableError::Spec { hint, .. } => Some(hint.clone()),
            TableError::NoSuchFile { .. } => {
                Some("check the path; a relative path starts at the current folder".into())
            }
            TableError::NoMatch { .. } => {
                Some("a glob may hold *, ? and [..]; ** stands for any number of folders".into())
            }
            TableError::NotAFile { .. } => {
                Some("bind local files; for a folder, write a glob such as folder/*.csv".into())
            }
            TableError::UnknownFormat { .. } => {
                Some("name the format: name=path?format=csv (or tsv, jsonl, parquet)".into())
            }
            TableError::Unreadable { .. } => {
                Some("check the format, delimiter and quote of the table, and that the file is complete".into())
            }
            TableError::SchemaDiffers { .. } => Some("bind files that differ as tables of their own".into()),
        }
    }
}

/// The options after `?`, in the order of the documentation.
const OPTIONS: [&str; 7] = ["format", "header", "delimiter", "quote", "escape", "null", "types"];

impl Table {
    /// Schema and name, when the name has two plain parts.
    pub(crate) fn parts(&self) -> Option<(&str, &str)> {
        self.name.split_once('.').filter(|(schema, name)| is_plain(schema) && is_plain(name))
    }

    /// Reads `name=path`, several paths separated by `,`, options after a `?` and separated by `&`:
    ///
    /// | Option | Values | Default |
    /// |---|---|---|
    /// | `format` | `csv`, `tsv`, `jsonl`, `parquet` | by extension |
    /// | `header` | `true`, `false` | `true` |
    /// | `delimiter` | one character; `tab` or `\t` for a tab | `,` |
    /// | `quote` | one character | `"` |
    /// | `escape` | one character | none: quotes are doubled |
    /// | `null` | the text that means NULL | none: an empty value is NULL |
    /// | `types` | `text`, `infer` | `text` |
    ///
    /// Example: `c=x.csv?delimiter=;&header=false&format=csv&quote='`. A `?` that no option follows is part of a glob.
    pub fn parse(spec: &str) -> Result<Table, TableError> {
        let fail = |message: String, hint: &str| TableError::Spec { spec: spec.into(), message, hint: hint.into() };
        let Some((name, rest)) = spec.split_once('=') else {
            return Err(fail("it has no '='".into(), "write name=path, for example contacts=contacts.csv"));
        };
        let name = name.trim();
        let starts_well = name.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_');
        if !starts_well || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Err(fail(
                format!("'{name}' is no name for a table"),
                "a name is letters, digits and _, and does not start with a digit",
            ));
        }
        let (paths, options) = split_options(rest);
        let paths: Vec<String> = paths.split(',').map(|path| path.trim().to_owned()).collect();
        if paths.iter().any(String::is_empty) {
            return Err(fail("a path is empty".into(), "write name=path, several paths separated by commas"));
        }
        let mut table = Table { name: name.to_owned(), paths, format: None, csv: CsvOptions::default() };
        for option in options.into_iter().flat_map(|options| options.split('&')) {
            table.set(option).map_err(|(message, hint)| fail(message, &hint))?;
        }
        Ok(table)
    }

    fn set(&mut self, option: &str) -> Result<(), (String, String)> {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        let wrong = |hint: &str| (format!("{key} cannot be '{value}'"), hint.to_owned());
        let byte = || single_byte(value).ok_or_else(|| wrong("give one ASCII character, or tab"));
        match key {
            "format" => {
                self.format =
                    Some(Format::named(value).ok_or_else(|| wrong("formats are csv, tsv, jsonl and parquet"))?);
            }
            "header" => {
                self.csv.header = match value {
                    "true" => true,
                    "false" => false,
                    _ => return Err(wrong("header is true or false")),
                };
            }
            "delimiter" => self.csv.delimiter = byte()?,
            "quote" => self.csv.quote = byte()?,
            "escape" => self.csv.escape = Some(byte()?),
            "null" => self.csv.null = Some(value.to_owned()),
            "types" => {
                self.csv.types = match value {
                    "text" => CsvTypes::Text,
                    "infer" => CsvTypes::Infer,
                    _ => return Err(wrong("types is text or infer")),
                };
            }
            _ => {
                let hint = nearest(key, OPTIONS).map_or_else(
                    || format!("options are {}", OPTIONS.join(", ")),
                    |option| format!("did you mean {option}?"),
                );
                return Err((format!("there is no option '{key}'"), hint));
            }
        }
        Ok(())
    }
}

/// Whether SQL takes the name without quotes, as it is written.
pub(crate) fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

/// Splits at the first `?` that starts `word=`, because `?` is also a character of globs.
fn split_options(rest: &str) -> (&str, Option<&str>) {
    for (at, _) in rest.match_indices('?') {
        let options = &rest[at + 1..];
        let word = options.bytes().take_while(u8::is_ascii_lowercase).count();
        if word > 0 && options[word..].starts_with('=') {
            return (&rest[..at], Some(options));
        }
    }
    (rest, None)
}

fn single_byte(value: &str) -> Option<u8> {
    match value {
        "tab" | "\\t" => Some(b'\t'),
        _ => match value.as_bytes() {
            [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Some(*byte),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(spec: &str, want: Table) {
        assert_eq!(Table::parse(spec), Ok(want));
    }

    #[track_caller]
    fn refuses(spec: &str, message: &str, hint: &str) {
        let error = Table::parse(spec).unwrap_err();
        assert_eq!(error.to_string(), format!("cannot read the table '{spec}': {message}"));
        assert_eq!(error.hint().as_deref(), Some(hint));
    }

    fn table(name: &str, paths: &[&str]) -> Table {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        Table { name: name.into(), paths, format: None, csv: CsvOptions::default() }
    }

    #[test]
    fn the_notation() {
        check("c=x.csv", table("c", &["x.csv"]));
        check("c = a.csv, b.csv", table("c", &["a.csv", "b.csv"]));
        check("c=in/**/*.parquet", table("c", &["in/**/*.parquet"]));
        check("c=day-?.csv", table("c", &["day-?.csv"]));
        check("c=a=b.csv", table("c", &["a=b.csv"]));
        let csv = CsvOptions { header: false, delimiter: b';', quote: b'\'', ..CsvOptions::default() };
        let want = Table { format: Some(Format::Csv), csv, ..table("c", &["x.csv"]) };
        check("c=x.csv?delimiter=;&header=false&format=csv&quote='", want);
        let csv =
            CsvOptions { delimiter: b'\t', escape: Some(b'\\'), null: Some("\\N".into()), ..CsvOptions::default() };
        check("c=x-?.csv?delimiter=tab&escape=\\&null=\\N", Table { csv, ..table("c", &["x-?.csv"]) });
        let csv = CsvOptions { types: CsvTypes::Infer, ..CsvOptions::default() };
        check("c=x.csv?types=infer", Table { csv, ..table("c", &["x.csv"]) });
    }

    #[test]
    fn refusals_with_hints() {
        refuses("x.csv", "it has no '='", "write name=path, for example contacts=contacts.csv");
        let naming = "a name is letters, digits and _, and does not start with a digit";
        refuses("1c=x.csv", "'1c' is no name for a table", naming);
        refuses("=x.csv", "'' is no name for a table", naming);
        refuses("c=", "a path is empty", "write name=path, several paths separated by commas");
        refuses("c=x?delimeter=;", "there is no option 'delimeter'", "did you mean delimiter?");
        refuses("c=x?delimiter=;;", "delimiter cannot be ';;'", "give one ASCII character, or tab");
        refuses("c=x?format=xlsx", "format cannot be 'xlsx'", "formats are csv, tsv, jsonl and parquet");
        refuses("c=x?header=yes", "header cannot be 'yes'", "header is true or false");
    }

    #[test]
    fn formats_by_name() {
        let check = |name: &str, want: Option<Format>| assert_eq!(Format::of_file(name), want, "{name}");
        check("a.csv", Some(Format::Csv));
        check("A.CSV.GZ", Some(Format::Csv));
        check("a.tsv.zst", Some(Format::Tsv));
        check("a.ndjson", Some(Format::JsonLines));
        check("a.parquet", Some(Format::Parquet));
        check("a.xlsx", None);
        check("csv", None);
    }
}
