//! A notice as a signed call, as Standard Webhooks 1.0.0 (standardwebhooks.com) has it.
//!
//! Knows one call: not when to try again, nor who wants to be told. Answers count by their status; their bodies are not read.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::error::SendError;
use crate::letter;
use crate::notice::{Notice, Subject};
use crate::reach::{Guard, Lookup, PRIVATE_HINT, Private, WebhookPolicy, system};
use crate::tls::{self, Fault, Trust};

/// Longest time to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest call: Standard Webhooks recommends 15 to 30 seconds.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Longest wait that a receiver can ask for: notices are given up after a day.
const LONGEST_WAIT: u64 = 86_400;
/// What a secret starts with.
const PREFIX: &str = "whsec_";
/// Bytes of a secret, as Standard Webhooks has them.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Base64 with or without its padding: receivers' tools differ.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Posts notices.
pub struct Webhooks {
    policy: Arc<WebhookPolicy>,
    timeout: Duration,
    lookup: Lookup,
    trust: Trust,
    /// With and without TLS. Made at the first call, so that a server without certificates can run without webhooks.
    secure: OnceLock<reqwest::Client>,
    plain: OnceLock<reqwest::Client>,
}

impl std::fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhooks").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Webhooks {
    /// Webhooks within what the operator allows.
    pub fn new(policy: WebhookPolicy) -> Webhooks {
        Webhooks {
            policy: Arc::new(policy),
            timeout: TIMEOUT,
            lookup: system,
            trust: Trust::System,
            secure: OnceLock::new(),
            plain: OnceLock::new(),
        }
    }

    /// What the operator allows: for judging an address before it is saved.
    pub fn policy(&self) -> &WebhookPolicy {
        &self.policy
    }

    /// Posts a notice at `now` (Unix seconds, signed with it). Any 2xx means that it was taken.
    ///
    /// # Errors
    /// `Refused` for an address that must not be called, an unusable secret, a redirect and 410 Gone; `Blocked` when there is
    /// no answer, or one that says that the receiver takes nothing now (429, 502, 503, 504); `Later` for everything else,
    /// since a receiver that answers 404 today may be in the middle of an update.
    pub async fn post(&self, url: &str, secret: &SecretString, notice: &Notice, now: i64) -> Result<(), SendError> {
        let url = self.policy.url(url).map_err(|error| SendError::refused(error.message, error.hint))?;
        let key = key(secret).map_err(|message| SendError::refused(message, "give the webhook a new secret"))?;
        let (id, body) = (notice.token(), body(notice));
        let client = self.client(url.scheme() == "https")?;
        let request = client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", now.to_string())
            .header("webhook-signature", signature(&key, &id, now, &body))
            .body(body);
        let response = request.send().await.map_err(|error| unanswered(&error))?;
        judge(response.status(), response.headers())
    }

    fn client(&self, secure: bool) -> Result<&reqwest::Client, SendError> {
        let (kept, trust) = if secure { (&self.secure, &self.trust) } else { (&self.plain, &Trust::Nobody) };
        if let Some(client) = kept.get() {
            return Ok(client);
        }
        let client = self.build(trust)?;
        Ok(kept.get_or_init(|| client))
    }

    fn build(&self, trust: &Trust) -> Result<reqwest::Client, SendError> {
        let fail = || {
            let hint = "install the certificates of this system, or point SSL_CERT_FILE at a file with them";
            SendError::blocked("TLS cannot be set up on this server", hint)
        };
        let guard = Guard { policy: Arc::clone(&self.policy), lookup: self.lookup };
        reqwest::Client::builder()
            .tls_backend_preconfigured(tls::config(trust).map_err(|_| fail())?)
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .user_agent("Sluice")
            .dns_resolver(guard)
            // A kept connection would be one to where the name led before.
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_TIMEOUT.min(self.timeout))
            .timeout(self.timeout)
            .build()
            .map_err(|_| fail())
    }
}

/// A secret made of random bytes: `whsec_` and Base64.
pub fn new_secret(random: [u8; 32]) -> SecretString {
    SecretString::from(format!("{PREFIX}{}", STANDARD.encode(random)))
}

/// Judges a secret that a person gives.
///
/// # Errors
/// It is not `whsec_` and Base64 of 24 to 64 bytes. The message does not repeat it.
pub fn check_secret(secret: &SecretString) -> Result<(), String> {
    key(secret).map(|_| ())
}

fn key(secret: &SecretString) -> Result<hmac::Key, String> {
    let coded = secret.expose_secret().trim().strip_prefix(PREFIX);
    let bytes = coded.and_then(|coded| LENIENT.decode(coded).ok()).filter(|bytes| KEY_BYTES.contains(&bytes.len()));
    let bytes = bytes.ok_or("a webhook's secret is whsec_ and Base64 of 24 to 64 bytes")?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

fn signature(key: &hmac::Key, id: &str, timestamp: i64, body: &str) -> String {
    let tag = hmac::sign(key, format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}

/// The body, the same at every try. Texts are cleaned and bounded: it stays below the 20 kB that Standard Webhooks advises.
fn body(notice: &Notice) -> String {
    let fact = |text: &Option<String>| letter::fact(text.as_ref());
    let mut data = json!({
        "event": notice.event,
        "summary": letter::line(&letter::summary(notice), 150),
        "server": letter::fact(Some(&notice.server).filter(|server| !server.is_empty())),
        // Where nothing is said, it is a query.
        "of": (notice.of != Subject::Query).then_some(notice.of),
        "query": fact(&notice.query),
        "connection": fact(&notice.connection),
        "job": fact(&notice.job),
        "scheduled": fact(&notice.scheduled),
        "state": fact(&notice.state),
        "counts": notice.counts,
        "calls": notice.calls,
        "cause": fact(&notice.cause),
        "todo": fact(&notice.todo),
        "next": fact(&notice.next),
        "failures_in_a_row": notice.failures_in_a_row.map(|(count, limit)| json!({"count": count, "limit": limit})),
        "link": letter::link(notice),
    });
    if let Some(data) = data.as_object_mut() {
        data.retain(|_, fact| !fact.is_null());
    }
    json!({"type": notice.event.kind(), "timestamp": notice.time().to_string(), "data": data}).to_string()
}

fn judge(status: StatusCode, headers: &HeaderMap) -> Result<(), SendError> {
    let code = status.as_u16();
    let answered = format!("the webhook answered {code}");
    match code {
        200..=299 => Ok(()),
        300..=399 => Err(SendError::refused(
            format!("{answered}, a redirect"),
            "redirects are not followed: give the webhook the address that it leads to",
        )),
        410 => Err(SendError::refused(
            format!("{answered}: it is gone and wants no more notices"),
            "remove the webhook, or give it its new address",
        )),
        _ => {
            let hint = match code {
                401 | 403 => "does the receiver check signatures with this webhook's secret, over the body as it came?",
                404 | 405 => "is the address that of the receiver, and does it take POST?",
                408 | 425 | 429 | 500..=599 => "nothing, if it passes; else look at the receiver's log",
                _ => "look at the receiver's log",
            };
            let error = match code {
                429 | 502..=504 => SendError::blocked(answered, hint),
                _ => SendError::later(answered, hint),
            };
            let asked = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
            Err(match asked {
                Some(seconds) => error.after(Duration::from_secs(seconds.min(LONGEST_WAIT))),
                None => error,
            })
        }
    }
}

/// Why there is no answer. The error itself is not shown: it repeats the address.
fn unanswered(error: &reqwest::Error) -> SendError {
    if leads_inside(error) {
        return SendError::refused("the webhook's name leads to a private address", PRIVATE_HINT);
    }
    if let Some(fault) = tls::fault(error) {
        return untrusted(fault);
    }
    if error.is_timeout() {
        return SendError::blocked(
            "the webhook did not answer in time",
            "the receiver should answer first and work later",
        );
    }
    if error.is_connect() {
        return SendError::blocked(
            "the webhook cannot be reached",
            "is the address right, does the receiver run, and may this server reach it?",
        );
    }
    SendError::blocked(
        "the connection to the webhook broke before its answer",
        "nothing, if it passes; else look at the receiver's log",
    )
}

fn untrusted(fault: Fault) -> SendError {
    let (message, hint) = match fault {
        Fault::Issuer => (
            "the webhook's certificate is not trusted",
            "let it send its whole chain, or add its issuer to this system's certificates",
        ),
        Fault::Name => {
            ("the webhook's certificate is another host's", "use the host's name that stands in its certificate")
        }
        Fault::Expired => {
            ("the webhook's certificate is not valid at this time", "renew it, or mend this system's clock")
        }
        Fault::Form => (
            "the webhook's certificate cannot be used",
            "a self-signed certificate must not be marked as an issuer's: make it anew with basicConstraints=CA:FALSE",
        ),
        Fault::NoTls => ("the webhook does not speak TLS", "give the port at which it speaks https"),
        Fault::Other => ("TLS with the webhook failed", "it must speak TLS 1.2 or 1.3 with a valid certificate"),
    };
    SendError::blocked(message, hint)
}

fn leads_inside(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if error.is::<Private>() {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests;
