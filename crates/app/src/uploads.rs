//! Uploaded tables: bytes that arrive, are proved to be what they are said to be, and take their place at once or not.
//!
//! Knows files and their formats; what a table is besides is `tables`'.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use api::{Column, Scope, Table};
use arrow::datatypes::Schema;
use model::{JobState, Problem, Problems};
use query::{CsvOptions, Format, QueryError, TableError};
use ring::digest;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{Mutex, Semaphore};

use crate::clock::random;
use crate::previews::columns_of;
use crate::tables::{TABLE, TableBody, Upload, body_of, check_name};
use crate::{Actor, App, AppError};

/// Between the name of an uploaded table's file and its format: files of other names are nobody's but their owner's.
const MARK: &str = ".upload.";
/// How a file that still arrives is called.
const ARRIVING: &str = ".upload-";
/// Longest time for reading an upload to its end.
const PROOF_TIME: Duration = Duration::from_secs(1_800);
/// Documents that are looked through at most.
const ALL: u32 = 100_000;

/// A file gets its document, and files without one are removed, one after the other.
static PLACES: Mutex<()> = Mutex::const_new(());

/// Files that arrive now: no sweep touches them.
static UNDER_WAY: std::sync::Mutex<BTreeSet<PathBuf>> = std::sync::Mutex::new(BTreeSet::new());

/// Uploads read to their end at once, in the whole process.
static PROOFS: Semaphore = Semaphore::const_new(2);

/// A file that has arrived; removed when dropped, unless kept.
pub(crate) struct Arrived {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    kept: bool,
}

impl Drop for Arrived {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.path);
        }
        arriving().remove(&self.path);
    }
}

/// Those who read files of tables now, beside the jobs.
#[derive(Default)]
pub(crate) struct Readers {
    now: AtomicUsize,
    /// A sweep left replaced files to them.
    owed: AtomicBool,
}

/// One of those who read, until it is dropped.
struct Reading<'a>(&'a Readers);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, SeqCst);
    }
}

impl Readers {
    fn begin(&self) -> Reading<'_> {
        self.now.fetch_add(1, SeqCst);
        Reading(self)
    }

    /// Whether a sweep must wait; then whoever reads last sweeps. Noted before it is asked, so that no reader who leaves in
    /// between misses it.
    pub(crate) fn put_off(&self) -> bool {
        self.owed.store(true, SeqCst);
        let waits = self.now.load(SeqCst) > 0;
        if !waits {
            self.owed.store(false, SeqCst);
        }
        waits
    }

    /// Whether whoever leaves now is the one to sweep.
    fn leave_a_sweep(&self) -> bool {
        self.now.load(SeqCst) == 0 && self.owed.swap(false, SeqCst)
    }
}

fn arriving() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Arrived {
    /// The file as a table of the engine.
    pub(crate) fn table(&self, name: &str) -> query::Table {
        query::Table {
            name: name.to_owned(),
            paths: vec![self.path.to_string_lossy().into_owned()],
            format: Some(self.format),
            csv: CsvOptions::default(),
        }
    }

    /// Says no to a CSV file that is one column for us and several for whoever wrote it.
    fn check_separator(&self, schema: &Schema) -> Result<(), Problem> {
        let [column] = schema.fields().as_ref() else { return Ok(()) };
        let separators = [(';', "semicolons"), ('\t', "tabs"), ('|', "upright strokes")];
        let found = separators.into_iter().find(|(separator, _)| column.name().contains(*separator));
        match found {
            Some((_, words)) if self.format == Format::Csv => {
                Err(Problem::at("upload", format!("has {words} between its values"))
                    .hint("save it with commas; files of the server may have any separator"))
            }
            _ => Ok(()),
        }
    }

    /// What the engine says about the file, without the file's name here.
    pub(crate) fn problem(&self, error: &QueryError) -> Problem {
        let problem = match error {
            QueryError::Table(TableError::Unreadable { message, .. } | TableError::SchemaDiffers { message, .. }) => {
                let line = (self.format == Format::JsonLines).then(|| bad_line(&self.path)).flatten();
                let message = line.unwrap_or_else(|| message.clone());
                let hint = advice(&message);
                Problem::at("upload", format!("is not {}: {message}", self.format.name())).hint(hint)
            }
            other => Problem::at("upload", format!("cannot be read: {other}")),
        };
        match (&problem.hint, error.hint()) {
            (None, Some(hint)) => problem.hint(hint),
            (_, _) => problem,
        }
    }
}

/// What to do about a file that cannot be read.
fn advice(message: &str) -> &'static str {
    let known = [
        ("invalid UTF-8", "save it as UTF-8; a spreadsheet calls that CSV UTF-8"),
        ("two columns are called", "rename one of the two"),
        ("the file is empty", "choose the file that has the rows"),
        (
            "incorrect number of fields",
            "every line needs as many values as there are column names; a value with a comma stands in quotes",
        ),
    ];
    let found = known.into_iter().find(|(words, _)| message.contains(words));
    found.map_or("see that the file is complete and that format says what it is", |(_, advice)| advice)
}

impl App {
    /// Where uploaded files are.
    pub(crate) fn uploads_folder(&self) -> PathBuf {
        self.0.config.data_dir.join("tables")
    }

    /// Makes a table of an upload, or replaces its rows in one step.
    ///
    /// # Errors
    /// The name or the format is wrong, the bytes are too many or not what the format says; then nothing is kept.
    pub async fn upload_table(&self, actor: &Actor, name: &str, upload: Upload) -> Result<(Table, bool), AppError> {
        actor.require(Scope::Edit)?;
        let mut problems = Problems::default();
        problems.keep(check_name(name));
        problems.keep(known_format(&upload.format).map(drop));
        problems.or(|| ())?;
        let mut arrived = self.receive(upload).await?;
        let (rows, columns) = self.prove(&arrived).await?;

        let place = PLACES.lock().await;
        let digits: String = random::<8>().iter().map(|byte| format!("{byte:02x}")).collect();
        let file = format!("{name}-{digits}{MARK}{}", arrived.format.name());
        let into = self.uploads_folder().join(&file);
        fs::rename(&arrived.path, &into).and_then(|()| sync_folder(&into)).map_err(|error| disk(&error))?;
        // Whoever asked may go away while the document is written: from here on only the document says whether the file is
        // needed.
        arrived.kept = true;
        let body = TableBody::Uploaded {
            format: arrived.format.name().to_owned(),
            bytes: arrived.bytes,
            file,
            sha256: arrived.sha256.clone(),
            rows,
            columns,
        };
        let detail = json!({ "format": arrived.format.name(), "bytes": arrived.bytes, "rows": rows,
            "sha256": arrived.sha256 });
        let kept = match self.0.store.document(TABLE, name).await {
            Ok(old) => self.keep_table(actor, old, name, &body, None, detail).await,
            Err(error) => Err(error.into()),
        };
        drop(place);
        self.sweep_uploads().await;
        kept
    }

    /// Writes an upload to a file of its own beside the tables.
    ///
    /// # Errors
    /// It has too many bytes or breaks off, the format is not known, or the disk is full; nothing is kept.
    pub(crate) async fn receive(&self, mut upload: Upload) -> Result<Arrived, AppError> {
        let format = known_format(&upload.format)?;
        let folder = self.uploads_folder();
        make_folder(&folder).map_err(|error| disk(&error))?;
        let digits: String = random::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        let path = folder.join(format!("{ARRIVING}{digits}"));
        arriving().insert(path.clone());
        let mut arrived = Arrived { path, format, bytes: 0, sha256: String::new(), kept: false };
        let file = private(&arrived.path).map_err(|error| disk(&error))?;
        let mut file = tokio::fs::File::from_std(file);
        let mut hash = digest::Context::new(&digest::SHA256);
        let limit = self.0.config.upload_bytes;
        while let Some(chunk) = upload.chunks.recv().await {
            let chunk = chunk.map_err(|error| {
                Problem::at("upload", format!("broke off after {} bytes: {}", arrived.bytes, error.kind()))
                    .hint("send it again")
            })?;
            arrived.bytes += chunk.len() as u64;
            if arrived.bytes > limit {
                return Err(AppError::TooLarge { limit });
            }
            hash.update(&chunk);
            file.write_all(&chunk).await.map_err(|error| disk(&error))?;
        }
        file.flush().await.map_err(|error| disk(&error))?;
        file.sync_all().await.map_err(|error| disk(&error))?;
        arrived.sha256 = hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(arrived)
    }

    /// Reads every value of a file once; gives its rows and columns.
    async fn prove(&self, arrived: &Arrived) -> Result<(u64, Vec<Column>), AppError> {
        let table = arrived.table("t");
        let schema = query::schema(&table).await.map_err(|error| self.0.discreet.problem(&arrived.problem(&error)))?;
        arrived.check_separator(&schema)?;
        // Counting each column makes the engine decode it; counting rows alone would pass over damaged values.
        let every: String = schema
            .fields()
            .iter()
            .map(|field| format!(", COUNT(\"{}\")", field.name().replace('"', "\"\"")))
            .enumerate()
            .map(|(place, count)| format!("{count} AS c{place}"))
            .collect();
        let _proof = PROOFS.acquire().await;
        let rows = self.count(&format!("SELECT COUNT(*) AS n{every} FROM t"), &table, PROOF_TIME).await;
        let rows = rows.map_err(|error| self.0.discreet.problem(&arrived.problem(&error)))?;
        Ok((rows, columns_of(&schema)))
    }

    /// Does what binds tables and reads them: files that are replaced or deleted meanwhile stay until it has ended.
    pub(crate) async fn reading<T>(&self, read: impl Future<Output = T>) -> T {
        let reading = self.0.readers.begin();
        let done = Box::pin(read).await;
        drop(reading);
        if self.0.readers.leave_a_sweep() {
            self.sweep_uploads().await;
            self.sweep_snapshots().await;
        }
        done
    }

    /// Removes uploaded files that no table has any more, and what a process that ended left half-written. Files that
    /// arrive now stay; and while somebody reads tables, who may have bound a file and not opened it yet, all that arrived.
    pub(crate) async fn sweep_uploads(&self) {
        let _place = PLACES.lock().await;
        let Ok(documents) = self.0.store.documents(TABLE, None, ALL).await else { return };
        // Asked after the documents were read: whoever begins later binds what they say.
        let read = self.0.readers.put_off() || self.are_querying().await;
        let ours = |name: &str| name.starts_with(ARRIVING) || (!read && name.contains(MARK));
        let mut used = Vec::new();
        for document in &documents {
            match body_of(document) {
                Ok(TableBody::Uploaded { file, .. }) => used.push(file),
                Ok(TableBody::Bound { .. }) => {}
                // Which file it has is not known: nothing is removed.
                Err(_) => return,
            }
        }
        let Ok(entries) = fs::read_dir(self.uploads_folder()) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if ours(&name)
                && !used.contains(&name)
                && !arriving().contains(&entry.path())
                && let Err(error) = fs::remove_file(entry.path())
            {
                tracing::warn!("an uploaded file without a table could not be removed: {}", error.kind());
            }
        }
    }

    pub(crate) async fn are_querying(&self) -> bool {
        match self.0.store.count_jobs_by_state().await {
            Ok(counts) => counts.iter().any(|(state, jobs)| *state == JobState::Querying && *jobs > 0),
            Err(_) => true,
        }
    }
}

/// The format of this word.
pub(crate) fn format_named(word: &str) -> Option<Format> {
    [Format::Csv, Format::JsonLines, Format::Parquet].into_iter().find(|format| format.name() == word)
}

fn known_format(word: &str) -> Result<Format, Problem> {
    format_named(word).ok_or_else(|| {
        let problem = Problem::at("format", "must be csv, jsonl or parquet");
        match model::nearest(word, ["csv", "jsonl", "parquet"]) {
            Some(near) => problem.hint(format!("did you mean {near}?")),
            None => problem,
        }
    })
}

/// The first line that is no JSON object, in words; nothing when every line is one.
fn bad_line(path: &Path) -> Option<String> {
    let mut reader = BufReader::new(fs::File::open(path).ok()?);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        if reader.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&line) {
            Ok(_) => {}
            Err(error) if error.is_data() => return Some(format!("line {number} is no JSON object")),
            Err(error) => return Some(format!("line {number} is damaged at character {}", error.column())),
        }
    }
    None
}

fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A new file for its owner's eyes only.
fn private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A rename is durable once its folder is synced. Windows cannot open folders.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => fs::File::open(folder)?.sync_all(),
        Some(_) | None => Ok(()),
    }
}

fn disk(error: &io::Error) -> AppError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => AppError::Unavailable {
            message: "the disk of the data directory is full".into(),
            hint: Some("free some space, then send it again".into()),
        },
        kind => AppError::Failed { message: format!("the upload cannot be kept: {kind}") },
    }
}

#[cfg(test)]
mod tests;
