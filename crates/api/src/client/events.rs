//! The events of a job as they happen: server-sent events, taken up again where they broke off.
//!
//! Knows the form of the stream, not what anybody shows of it.

use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderValue};
use reqwest::{Method, Response};

use super::{Client, ClientError};
use crate::{Job, JobEvent, LogLine};

/// Longest silence: the server sends a comment at least every 15 seconds.
const SILENCE: Duration = Duration::from_secs(60);
/// Longest wait for what the stream of an ended job still says.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Attempts to take the stream up again before the server counts as gone: about a minute and a half.
const ATTEMPTS: u32 = 12;
/// Most bytes of one event.
const EVENT_LIMIT: usize = 4 << 20;

/// The events of one job, until it has ended.
pub struct JobEvents<'a> {
    client: &'a Client,
    job: String,
    /// The number of the last line of the log that was given out.
    last: u64,
    stream: Option<(Response, Parser)>,
    /// Attempts since an event came.
    attempts: u32,
    ended: bool,
}

impl Client {
    /// The events of a job: how it is now, the lines of its log after `after`, then everything new until it has ended.
    pub fn job_events(&self, job: &str, after: u64) -> JobEvents<'_> {
        JobEvents { client: self, job: job.to_owned(), last: after, stream: None, attempts: 0, ended: false }
    }
}

impl JobEvents<'_> {
    /// The next event; nothing when the job has ended. A broken connection is taken up again.
    ///
    /// # Errors
    /// The server refuses, or is away for more than a minute.
    pub async fn next(&mut self) -> Result<Option<JobEvent>, ClientError> {
        loop {
            if let Some(event) = self.stream.as_mut().and_then(|(_, parser)| parser.pop()) {
                if let Some(event) = self.understand(&event)? {
                    self.attempts = 0;
                    return Ok(Some(event));
                }
                continue;
            }
            // The last lines of the log may stand behind the news that the job has ended.
            if self.ended && self.stream.is_none() {
                return Ok(None);
            }
            self.read().await?;
        }
    }

    /// Reads a piece of the stream, or opens it.
    async fn read(&mut self) -> Result<(), ClientError> {
        let Some((response, parser)) = &mut self.stream else {
            return self.open().await;
        };
        let patience = if self.ended { LAST_WORDS } else { SILENCE };
        match tokio::time::timeout(patience, response.chunk()).await {
            Ok(Ok(Some(chunk))) if parser.waiting() + chunk.len() <= EVENT_LIMIT => parser.push(&chunk),
            Ok(Ok(Some(_))) => return Err(self.client.wire.unexpected("an event of more than 4 MiB")),
            // It ended, broke or fell silent: taken up again after the last line that came.
            Ok(Ok(None) | Err(_)) | Err(_) => self.stream = None,
        }
        Ok(())
    }

    async fn open(&mut self) -> Result<(), ClientError> {
        if self.attempts > 0 {
            tokio::time::sleep(Duration::from_millis(500 << self.attempts.min(5))).await;
        }
        self.attempts += 1;
        let wire = &self.client.wire;
        let mut request = wire.request(Method::GET, &["jobs", &self.job, "events"], &[]);
        request = request.header(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if self.last > 0 {
            request = request.header("Last-Event-ID", self.last);
        }
        match wire.open(request).await {
            Ok(response) => {
                self.stream = Some((response, Parser::default()));
                Ok(())
            }
            Err(error) if self.attempts < ATTEMPTS && passing(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn understand(&mut self, event: &Event) -> Result<Option<JobEvent>, ClientError> {
        let shape = |_| self.client.wire.unexpected(format!("an event \"{}\" of another shape", event.name));
        match event.name.as_str() {
            "job" => {
                let job: Job = serde_json::from_str(&event.data).map_err(shape)?;
                self.ended = !job.state.is_open();
                Ok(Some(JobEvent::Job(Box::new(job))))
            }
            "log" => {
                let line: LogLine = serde_json::from_str(&event.data).map_err(shape)?;
                // After a break the server may repeat a line.
                let new = line.number > self.last;
                self.last = self.last.max(line.number);
                Ok(new.then_some(JobEvent::Log(line)))
            }
            // An event of a later version.
            _ => Ok(None),
        }
    }
}

/// Whether the server may be back in a moment.
fn passing(error: &ClientError) -> bool {
    match error {
        ClientError::Connect { .. } => true,
        ClientError::Problem(_) | ClientError::Unexpected { .. } => {
            matches!(error.status(), Some(429 | 502 | 503 | 504))
        }
        ClientError::Unusable { .. } | ClientError::File { .. } => false,
    }
}

/// One event of the stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Event {
    name: String,
    data: String,
}

/// Cuts the bytes of a stream into events (the WHATWG's "server-sent events").
#[derive(Debug, Default)]
struct Parser {
    bytes: Vec<u8>,
}

impl Parser {
    fn push(&mut self, chunk: &[u8]) {
        // One kind of line end: a carriage return means nothing in JSON.
        self.bytes.extend(chunk.iter().filter(|byte| **byte != b'\r'));
    }

    fn waiting(&self) -> usize {
        self.bytes.len()
    }

    /// The next complete event that has data; comments are passed over.
    fn pop(&mut self) -> Option<Event> {
        loop {
            let end = self.bytes.windows(2).position(|pair| pair == b"\n\n")?;
            let block: Vec<u8> = self.bytes.drain(..end + 2).collect();
            let event = Event::of(&String::from_utf8_lossy(&block));
            if !event.data.is_empty() {
                return Some(event);
            }
        }
    }
}

impl Event {
    fn of(block: &str) -> Event {
        let mut event = Event::default();
        for line in block.lines() {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut event.name),
                "data" => {
                    if !event.data.is_empty() {
                        event.data.push('\n');
                    }
                    event.data.push_str(value);
                }
                // Comments, `id` (the log's lines carry their number themselves) and `retry`.
                _ => {}
            }
        }
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_wherever_the_stream_is_cut() {
        let stream = ": hello\n\nevent: log\r\nid: 3\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\nevent:job\ndata:x\n\n: ping\n\ndata: é\n\nevent: j";
        let want = [("log", "{\"a\":\n1}"), ("job", "x"), ("", "é")];
        let want: Vec<Event> = want.map(|(name, data)| Event { name: name.into(), data: data.into() }).into();
        for size in 1..stream.len() {
            let mut parser = Parser::default();
            let mut got = Vec::new();
            for chunk in stream.as_bytes().chunks(size) {
                parser.push(chunk);
                got.extend(std::iter::from_fn(|| parser.pop()));
            }
            assert_eq!(got, want, "in chunks of {size}");
        }
    }
}
