//! A form with a file, as it arrives: the fields before the file at once, the file as a stream.
//!
//! Knows sizes and patience; holds no file in memory. Fields that stand behind the file are passed over.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;

use app::Upload;
use axum::extract::multipart::Field;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use console::Form;
use tokio::sync::mpsc;

use crate::door::Door;
use crate::refusal::Refusal;
use crate::screens::show;
use crate::screens::sitting::{Sitting, nobody};

/// Bytes of a field that is no file, at most.
const LONGEST: usize = 16 << 10;
/// Fields at most.
const MOST: usize = 50;
/// Chunks that wait for the disk.
const WAITING: usize = 8;
/// Bytes of a refused file that are still taken: a browser reads the answer only when it could send what it had to send.
const DRAINED: usize = 64 << 20;
/// The name of the field with the file.
const FILE: &str = "upload";

/// What arrived, and what is still on its way.
pub(super) struct Sent {
    /// The fields before the file.
    pub(super) form: Form,
    /// The name of the file; nothing where none was chosen.
    pub(super) file: Option<String>,
    /// Where it is sent to, and how long it is in all.
    to: String,
    chunks: mpsc::Receiver<Result<Vec<u8>, std::io::Error>>,
}

impl Sent {
    /// Tells the work of this form from other work: another page, other words and another file are other work.
    pub(super) fn work(&self, holder: &str) -> String {
        let mut digest = DefaultHasher::new();
        (&self.to, &self.file).hash(&mut digest);
        self.form.pairs().for_each(|pair| pair.hash(&mut digest));
        format!("{holder} {:016x}", digest.finish())
    }

    /// The file as rows of this format.
    pub(super) fn rows(self, format: &str) -> Upload {
        Upload { format: format.to_owned(), chunks: self.chunks }
    }
}

/// Whether a request is a form with a file.
pub(super) fn has_file(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("multipart/form-data")
}

/// Somebody who sends a form with a file.
pub(super) struct Uploading {
    /// Who.
    pub(super) sitting: Sitting,
    parts: Multipart,
    to: String,
}

impl Uploading {
    /// Who sends it; where nobody is signed in, the answer that leads to the sign-in with what was typed.
    pub(super) async fn begin(request: Request, door: &Door) -> Result<Uploading, Response> {
        let (head, body) = request.into_parts();
        let sitting = match Box::pin(Sitting::of(&head, door)).await {
            Ok(sitting) => Ok(sitting),
            // Only who may sign in and go on is heard to the end.
            Err(refusal) if refusal.status() != StatusCode::UNAUTHORIZED => {
                return Err(Sitting::away(&head, door, refusal, None).await);
            }
            Err(refusal) => Err(refusal),
        };
        let to = destination(&head);
        // With what the router put beside it: there it stands that the size of a body has its limit where it is read.
        let parts = match Multipart::from_request(Request::from_parts(head.clone(), body), &()).await {
            Ok(parts) => parts,
            Err(_) => {
                let chrome = sitting.map_or_else(|_| nobody(&head.headers, &head.uri, door.config()), |one| one.chrome);
                return Err(show::refused(chrome, unreadable()));
            }
        };
        match sitting {
            Ok(sitting) => Ok(Uploading { sitting, parts, to }),
            Err(refusal) => {
                let typed = async |sent: Sent| sent.form;
                match arrive(parts, to, door, typed).await {
                    Ok((form, ())) => Err(Sitting::away(&head, door, refusal, Some(&form)).await),
                    Err(refusal) => Err(show::refused(nobody(&head.headers, &head.uri, door.config()), refusal)),
                }
            }
        }
    }

    /// Does work with what is sent, while the file arrives.
    pub(super) async fn receive<T>(
        self,
        door: &Door,
        work: impl AsyncFnOnce(&Sitting, Sent) -> T,
    ) -> Result<(Sitting, T), Refusal> {
        let sitting = self.sitting;
        let (done, ()) = arrive(self.parts, self.to, door, async |sent| work(&sitting, sent).await).await?;
        Ok((sitting, done))
    }
}

/// Where a form is sent to, with its length: two files of one name seldom have the same.
fn destination(head: &Parts) -> String {
    let length = head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()).unwrap_or_default();
    format!("{} {length}", head.uri)
}

async fn arrive<T>(
    mut parts: Multipart,
    to: String,
    door: &Door,
    work: impl AsyncFnOnce(Sent) -> T,
) -> Result<(T, ()), Refusal> {
    let idle = door.config().body_idle_time;
    let mut form = Form::default();
    for _ in 0..MOST {
        let next = tokio::time::timeout(idle, parts.next_field()).await.map_err(|_| Refusal::too_slow())?;
        let Some(mut field) = next.map_err(|_| unreadable())? else { break };
        let name = field.name().unwrap_or_default().to_owned();
        if name == FILE {
            let file = field.file_name().map(ToOwned::to_owned).filter(|file| !file.is_empty());
            let (sender, chunks) = mpsc::channel(WAITING);
            return Ok(futures::join!(work(Sent { form, file, to, chunks }), pump(field, sender, idle)));
        }
        let value = text(&mut field, idle).await?;
        form.set(&name, value.replace("\r\n", "\n"));
    }
    let (_, chunks) = mpsc::channel(1);
    Ok((work(Sent { form, file: None, to, chunks }).await, ()))
}

fn unreadable() -> Refusal {
    Refusal::of_status(StatusCode::BAD_REQUEST)
}

/// A field that is no file.
async fn text(field: &mut Field<'_>, idle: std::time::Duration) -> Result<String, Refusal> {
    let mut all = Vec::new();
    loop {
        let next = tokio::time::timeout(idle, field.chunk()).await.map_err(|_| Refusal::too_slow())?;
        match next.map_err(|_| unreadable())? {
            None => return String::from_utf8(all).map_err(|_| unreadable()),
            Some(bytes) if all.len() + bytes.len() > LONGEST => return Err(Refusal::too_large(LONGEST)),
            Some(bytes) => all.extend_from_slice(&bytes),
        }
    }
}

/// Hands the chunks of the file on; what nobody takes any more is let go.
async fn pump(mut field: Field<'_>, sender: mpsc::Sender<Result<Vec<u8>, std::io::Error>>, idle: std::time::Duration) {
    let mut unwanted = 0;
    while unwanted <= DRAINED {
        let chunk = match tokio::time::timeout(idle, field.chunk()).await {
            Ok(Ok(None)) => return,
            Ok(Ok(Some(bytes))) => Ok(bytes.to_vec()),
            Ok(Err(_)) => Err(ErrorKind::ConnectionAborted.into()),
            Err(_) => Err(ErrorKind::TimedOut.into()),
        };
        let (ends, size) = (chunk.is_err(), chunk.as_ref().map_or(0, Vec::len));
        if sender.send(chunk).await.is_err() {
            unwanted += size;
        }
        if ends {
            return;
        }
    }
}
