//! Rows as CSV, JSON lines or Parquet, a record batch at a time, and the bytes as chunks of a stream.
//!
//! Knows forms and cells; not which rows are written, nor who reads them.

use std::io::{self, Write};
use std::sync::Arc;

use arrow::array::{Array as _, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::json::writer::{LineDelimited, WriterBuilder};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use tokio::sync::mpsc;

use crate::downloads::Form;

/// Encoded bytes after which a row group of Parquet ends.
const BYTES_PER_GROUP: usize = 16 << 20;
/// Bytes of a chunk.
const CHUNK: usize = 64 << 10;
/// Chunks that wait for their reader.
const CHUNKS: usize = 8;

/// What a spreadsheet takes for the beginning of a formula, or strips to get at one.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Rows on their way into one file.
pub(crate) enum Sheet<W: Write + Send> {
    /// RFC 4180, with lines that end in LF; NULL is an empty cell.
    Csv {
        /// Where it goes.
        out: Box<csv::Writer<W>>,
        /// Whether cells that look like formulas are made texts.
        guarded: bool,
    },
    /// One object a line; NULL is `null`.
    JsonLines(arrow::json::Writer<W, LineDelimited>),
    /// The types of the columns stay.
    Parquet(Box<ArrowWriter<W>>),
}

impl<W: Write + Send> Sheet<W> {
    /// Begins a file with these columns. `spreadsheet` matters to CSV alone.
    pub(crate) fn new(out: W, form: Form, schema: &SchemaRef, spreadsheet: bool) -> Result<Sheet<W>, String> {
        match form {
            Form::Csv => {
                let mut out = csv::WriterBuilder::new().from_writer(out);
                let names = schema.fields().iter().map(|field| guarded(field.name().clone(), spreadsheet));
                out.write_record(names).map_err(said)?;
                Ok(Sheet::Csv { out: Box::new(out), guarded: spreadsheet })
            }
            Form::JsonLines => Ok(Sheet::JsonLines(WriterBuilder::new().with_explicit_nulls(true).build(out))),
            Form::Parquet => {
                let properties = WriterProperties::builder()
                    .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).map_err(said)?))
                    .set_statistics_enabled(EnabledStatistics::None)
                    .build();
                let writer = ArrowWriter::try_new(out, Arc::clone(schema), Some(properties)).map_err(said)?;
                Ok(Sheet::Parquet(Box::new(writer)))
            }
        }
    }

    /// Writes some rows.
    pub(crate) fn write(&mut self, rows: &RecordBatch) -> Result<(), String> {
        match self {
            Sheet::Csv { out, guarded } => write_csv(out, rows, *guarded),
            Sheet::JsonLines(out) => out.write(rows).map_err(said),
            Sheet::Parquet(out) => {
                out.write(rows).map_err(said)?;
                if out.in_progress_size() > BYTES_PER_GROUP { out.flush().map_err(said) } else { Ok(()) }
            }
        }
    }

    /// Ends the file.
    pub(crate) fn finish(self) -> Result<(), String> {
        match self {
            Sheet::Csv { mut out, .. } => out.flush().map_err(said),
            Sheet::JsonLines(mut out) => {
                out.finish().map_err(said)?;
                out.into_inner().flush().map_err(said)
            }
            Sheet::Parquet(out) => out.into_inner().map_err(said)?.flush().map_err(said),
        }
    }
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn write_csv<W: Write>(out: &mut csv::Writer<W>, rows: &RecordBatch, guard: bool) -> Result<(), String> {
    let options = FormatOptions::default();
    let cells: Vec<ArrayFormatter<'_>> = rows
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options))
        .collect::<Result<_, _>>()
        .map_err(said)?;
    for row in 0..rows.num_rows() {
        let record = rows.columns().iter().zip(&cells).map(|(column, cells)| {
            if column.is_null(row) { String::new() } else { guarded(cells.value(row).to_string(), guard) }
        });
        out.write_record(record).map_err(said)?;
    }
    Ok(())
}

/// The cell with an apostrophe before what a spreadsheet would run.
fn guarded(cell: String, guard: bool) -> String {
    if guard && cell.starts_with(FORMULA) { format!("'{cell}") } else { cell }
}

/// What is written, as chunks for whoever reads the other end. Blocks while too many wait.
pub(crate) struct Chunks {
    to: mpsc::Sender<Result<Vec<u8>, io::Error>>,
    buffer: Vec<u8>,
}

/// The end of a stream of chunks that is read.
pub(crate) type ChunkReader = mpsc::Receiver<Result<Vec<u8>, io::Error>>;

impl Chunks {
    /// Both ends of a stream.
    pub(crate) fn new() -> (Chunks, ChunkReader) {
        let (to, from) = mpsc::channel(CHUNKS);
        (Chunks { to, buffer: Vec::with_capacity(CHUNK) }, from)
    }

    /// Breaks the stream off, so that its reader does not take a part for the whole.
    pub(crate) fn breaker(&self) -> impl FnOnce(String) + Send + 'static {
        let to = self.to.clone();
        move |message| {
            // Nobody reads any more: nobody wants to know.
            let _ = to.blocking_send(Err(io::Error::other(message)));
        }
    }

    fn send(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        self.to.blocking_send(Ok(chunk)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK - self.buffer.len().min(CHUNK));
        self.buffer.extend_from_slice(&bytes[..taken]);
        if self.buffer.len() >= CHUNK {
            self.send()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use expect_test::expect;

    use super::*;

    fn rows() -> RecordBatch {
        let texts = ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "plain", "a=b", "'=1", "a,\"b\"\nc", "日本"];
        let names: ArrayRef = Arc::new(StringArray::from_iter_values(texts));
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter((0..11).map(|n| (n != 3).then_some(5 - n))));
        RecordBatch::try_from_iter_with_nullable([("=name", names, true), ("n", numbers, true)]).unwrap()
    }

    fn written(form: Form, spreadsheet: bool) -> Vec<u8> {
        let rows = rows();
        let mut bytes = Vec::new();
        let mut sheet = Sheet::new(&mut bytes, form, &rows.schema(), spreadsheet).unwrap();
        sheet.write(&rows).unwrap();
        sheet.finish().unwrap();
        bytes
    }

    #[test]
    fn machine_files_hold_cells_as_they_are() {
        expect![[r#""=name,n\n=1+1,5\n+1,4\n-1,3\n@x,\n\t=1,1\n\"\r=1\",0\nplain,-1\na=b,-2\n'=1,-3\n\"a,\"\"b\"\"\nc\",-4\n日本,-5\n""#]]
            .assert_eq(&format!("{:?}", String::from_utf8(written(Form::Csv, false)).unwrap()));
        expect![[r#"
            {"=name":"=1+1","n":5}
            {"=name":"+1","n":4}
            {"=name":"-1","n":3}
            {"=name":"@x","n":null}
            {"=name":"\t=1","n":1}
            {"=name":"\r=1","n":0}
            {"=name":"plain","n":-1}
            {"=name":"a=b","n":-2}
            {"=name":"'=1","n":-3}
            {"=name":"a,\"b\"\nc","n":-4}
            {"=name":"日本","n":-5}
        "#]]
        .assert_eq(&String::from_utf8(written(Form::JsonLines, true)).unwrap());
        assert!(written(Form::Parquet, true).starts_with(b"PAR1"));
    }

    #[test]
    fn no_cell_of_a_spreadsheet_is_a_formula() {
        let bytes = written(Form::Csv, true);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
        let cells: Vec<String> =
            reader.records().flat_map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()).collect();
        assert_eq!(cells.len(), 24);
        assert!(cells.iter().all(|cell| !cell.starts_with(FORMULA)), "{cells:?}");
        assert_eq!(cells[0], "'=name");
        assert_eq!(cells[2], "'=1+1");
        assert_eq!(cells[14], "plain");
    }

    #[test]
    fn chunks_are_all_the_bytes_in_order() {
        let (mut chunks, mut from) = Chunks::new();
        let sent: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let reader = std::thread::spawn(move || {
            let mut got = Vec::new();
            while let Some(chunk) = from.blocking_recv() {
                let chunk = chunk.unwrap();
                assert!(chunk.len() <= CHUNK);
                got.extend(chunk);
            }
            got
        });
        for part in sent.chunks(7_001) {
            chunks.write_all(part).unwrap();
        }
        chunks.flush().unwrap();
        drop(chunks);
        assert!(reader.join().unwrap() == sent);
    }

    #[test]
    fn a_reader_who_goes_away_ends_the_writing() {
        let (mut chunks, from) = Chunks::new();
        drop(from);
        assert_eq!(chunks.write_all(&vec![0; 2 * CHUNK]).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
