//! Files up and down, in bounded memory, with a count of bytes for whoever watches.
//!
//! Knows bytes only: what a file holds is the server's to judge.

use std::path::Path;

use bytes::Bytes;
use futures::stream;
use reqwest::header::CONTENT_LENGTH;
use reqwest::{Body, Method, RequestBuilder};
use serde::de::DeserializeOwned;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc;

use super::jobs::IDEMPOTENCY_KEY;
use super::{Client, ClientError};
use crate::{RetryAnswer, Table};

/// Bytes of a file that travel at once.
const CHUNK: usize = 256 << 10;

/// What is downloaded of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The rows of the query.
    Result,
    /// The rejected rows with their reasons.
    Rejected,
    /// One line a row: number, key, outcome, call, time.
    Receipts,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            What::Result => "result",
            What::Rejected => "rejected",
            What::Receipts => "receipts",
        }
    }
}

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// RFC 4180, with a line of names.
    Csv,
    /// One JSON object a line.
    JsonLines,
    /// Parquet.
    Parquet,
}

impl Form {
    /// The word that the API has for it.
    pub fn name(self) -> &'static str {
        match self {
            Form::Csv => "csv",
            Form::JsonLines => "jsonl",
            Form::Parquet => "parquet",
        }
    }

    /// The media type.
    fn media_type(self) -> &'static str {
        match self {
            Form::Csv => "text/csv",
            Form::JsonLines => "application/x-ndjson",
            Form::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// The form that a file's name tells.
    pub fn of(path: &Path) -> Option<Form> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Form::Csv),
            "jsonl" | "ndjson" => Some(Form::JsonLines),
            "parquet" => Some(Form::Parquet),
            _ => None,
        }
    }
}

impl Client {
    /// Makes a table of a file here, or replaces its rows in one step. `progress`: bytes sent, and all of them.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn upload_table(
        &self,
        name: &str,
        form: Form,
        path: &Path,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<Table, ClientError> {
        let query = [("format", Some(form.name()))];
        let request = self.wire.request(Method::PUT, &["tables", name, "data"], &query);
        self.upload(request, form, path, progress).await
    }

    /// Sends the rejected rows of a job again, as a new job: as they were, or as a file of corrected rows has them. The
    /// same `key` within a day starts it once.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn retry(
        &self,
        job: &str,
        fixed: Option<(Form, &Path)>,
        key: &str,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<RetryAnswer, ClientError> {
        let query = [("format", fixed.map(|(form, _)| form.name()))];
        let request = self.wire.request(Method::POST, &["jobs", job, "retry"], &query).header(IDEMPOTENCY_KEY, key);
        match fixed {
            Some((form, path)) => self.upload(request, form, path, progress).await,
            None => self.wire.document(request).await,
        }
    }

    /// Downloads rows of a job into `to`, and says how many bytes it wrote. `spreadsheet` guards cells that a spreadsheet
    /// would run as formulas. A download that breaks off is an error.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn download(
        &self,
        job: &str,
        what: What,
        form: Form,
        spreadsheet: bool,
        to: &mut (dyn AsyncWrite + Unpin + Send),
        progress: &mut (dyn FnMut(u64) + Send),
    ) -> Result<u64, ClientError> {
        let query = [("format", Some(form.name())), ("spreadsheet", spreadsheet.then_some("true"))];
        let mut response = self.wire.open(self.wire.request(Method::GET, &["jobs", job, what.name()], &query)).await?;
        let written = |error: std::io::Error| ClientError::File { path: "the output".into(), cause: error.to_string() };
        let mut bytes = 0_u64;
        while let Some(chunk) = response.chunk().await.map_err(|error| self.wire.broken(&error))? {
            to.write_all(&chunk).await.map_err(written)?;
            bytes += chunk.len() as u64;
            progress(bytes);
        }
        to.flush().await.map_err(written)?;
        Ok(bytes)
    }

    async fn upload<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        form: Form,
        path: &Path,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<T, ClientError> {
        let unreadable = |error: std::io::Error| ClientError::File { path: path.to_owned(), cause: error.to_string() };
        let file = File::open(path).await.map_err(unreadable)?;
        let all = file.metadata().await.map_err(unreadable)?.len();
        let (counted, mut counts) = mpsc::unbounded_channel();
        let request = request
            .header(reqwest::header::CONTENT_TYPE, form.media_type())
            .header(CONTENT_LENGTH, all)
            .body(Body::wrap_stream(chunks(file, counted)));
        let answer = async {
            let response = self.wire.open(request).await?;
            let bytes = response.bytes().await.map_err(|error| self.wire.broken(&error))?;
            serde_json::from_slice(&bytes).map_err(|_| self.wire.unexpected("a document of another shape"))
        };
        tokio::pin!(answer);
        loop {
            tokio::select! {
                answer = &mut answer => return answer,
                Some(sent) = counts.recv() => progress(sent, all),
            }
        }
    }
}

/// A file as a stream of chunks; each is counted when it is taken.
fn chunks(
    file: File,
    counted: mpsc::UnboundedSender<u64>,
) -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
    stream::try_unfold((file, 0_u64), move |(mut file, sent)| {
        let counted = counted.clone();
        async move {
            let mut chunk = Vec::with_capacity(CHUNK);
            (&mut file).take(CHUNK as u64).read_to_end(&mut chunk).await?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let sent = sent + chunk.len() as u64;
            // Nobody listens any more when the server has answered before the end.
            let _ = counted.send(sent);
            Ok(Some((Bytes::from(chunk), (file, sent))))
        }
    })
}
