//! Why a conversation with a mail server failed, in words that say what to do.
//!
//! Knows answers and errors, not the conversation. A login's answer is shown by its code alone: some servers repeat what they
//! were told. Mail addresses in other answers are left out.

use std::io::{self, ErrorKind};
use std::time::Duration;

use lettre::transport::smtp::Error;

use crate::error::SendError;
use crate::letter::line;
use crate::mail::Security;
use crate::tls::Fault;

/// Longest part of an answer that is shown, in characters.
const SHOWN: usize = 200;
/// A wrong password is not tried again sooner: mail servers lock users out.
const AFTER_LOGIN: Duration = Duration::from_secs(15 * 60);

/// Where the conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Connect,
    Tls,
    Greeting,
    Login,
    Sender,
    Recipient,
    Content,
    End,
}

const CONNECT_HINT: &str = "check smtp_host and smtp_port, and that this server may connect to them";
const PORT_HINT: &str = "check smtp_port and smtp_security: starttls is usual on port 587, tls on port 465";
const LOGIN_HINT: &str = "check smtp_user and smtp_password; some providers want a password for this application alone";
const PASSING_HINT: &str = "nothing, if it passes; else look at the mail server's log";

pub(super) fn unknown_host() -> SendError {
    SendError::blocked("the mail server's name is not known", "check smtp_host, and this server's name service")
}

pub(super) fn unconnected(error: &io::Error) -> SendError {
    match error.kind() {
        ErrorKind::ConnectionRefused => SendError::blocked("the mail server refuses connections", CONNECT_HINT),
        ErrorKind::TimedOut => SendError::blocked("the mail server did not answer in time", CONNECT_HINT),
        // An enum of the standard library, which grows.
        _ => SendError::blocked("the mail server cannot be reached", CONNECT_HINT),
    }
}

/// A server that does not answer would hold up every mail, wherever it stopped.
pub(super) fn late(stage: Stage) -> SendError {
    let message = "the mail server did not answer in time";
    match stage {
        Stage::Connect => SendError::blocked(message, CONNECT_HINT),
        // A server that waits for TLS does not greet, and one that greets does not begin with TLS.
        Stage::Tls | Stage::Greeting => SendError::blocked(message, PORT_HINT),
        Stage::Login | Stage::Sender | Stage::Recipient | Stage::Content | Stage::End => {
            SendError::blocked(message, PASSING_HINT)
        }
    }
}

pub(super) fn broken(stage: Stage) -> SendError {
    let message = "the connection to the mail server broke";
    match stage {
        Stage::Connect | Stage::Tls | Stage::Greeting => SendError::blocked(message, PORT_HINT),
        Stage::Login | Stage::Sender => SendError::blocked(message, PASSING_HINT),
        // Some servers hang up on a recipient or a mail that they do not like.
        Stage::Recipient | Stage::Content | Stage::End => SendError::later(message, PASSING_HINT),
    }
}

pub(super) fn no_smtp() -> SendError {
    SendError::blocked("what answers is no mail server", PORT_HINT)
}

pub(super) fn no_starttls() -> SendError {
    SendError::blocked(
        "the mail server offers no STARTTLS, and nothing is sent without it",
        "check smtp_port; for a server with TLS from the start set smtp_security to tls. If it offered STARTTLS before, somebody \
         between may have taken it out",
    )
}

pub(super) fn out_of_turn() -> SendError {
    SendError::blocked(
        "the mail server spoke out of turn before TLS",
        "somebody between may put words into its mouth: set smtp_security to tls if the server has it, else ask its operator",
    )
}

pub(super) fn handshake(fault: Option<Fault>, security: Security) -> SendError {
    let (message, hint) = match fault {
        Some(Fault::Issuer) => (
            "the mail server's certificate is not trusted",
            "if it has an issuer of its own, name a file with the issuer's certificate in smtp_ca_file",
        ),
        Some(Fault::Name) => (
            "the mail server's certificate is another host's",
            "set smtp_host to the name that stands in its certificate",
        ),
        Some(Fault::Expired) => (
            "the mail server's certificate is not valid at this time",
            "let it be renewed, or mend this system's clock",
        ),
        Some(Fault::Form) => (
            "the mail server's certificate cannot be used",
            "a self-signed certificate must not be marked as an issuer's: make it anew with basicConstraints=CA:FALSE, or sign \
             it with a certificate of your own and name that one in smtp_ca_file",
        ),
        Some(Fault::NoTls) if security == Security::Tls => (
            "the mail server does not begin with TLS",
            "set smtp_security to starttls (usually port 587), or take the port that begins with TLS (usually 465)",
        ),
        Some(Fault::NoTls | Fault::Other) | None => (
            "TLS with the mail server failed",
            "it must speak TLS 1.2 or 1.3 with a valid certificate; check smtp_port",
        ),
    };
    SendError::blocked(message, hint)
}

/// What lettre tells of a step.
pub(super) fn refusal(stage: Stage, error: &Error) -> SendError {
    let source = std::error::Error::source(error);
    if let Some(code) = error.status() {
        let text = source.map(ToString::to_string).unwrap_or_default();
        return answered(stage, u16::from(code), &text);
    }
    if error.is_client() && stage == Stage::Login {
        let hint = "leave smtp_user out if it needs no login; some servers offer one only with TLS";
        return SendError::blocked("the mail server offers no login with a password", hint);
    }
    // A connection that ends and an answer that is none look alike here.
    broken(stage)
}

/// An answer that is a refusal.
pub(super) fn answered(stage: Stage, code: u16, text: &str) -> SendError {
    let for_good = code >= 500;
    let matter = match stage {
        Stage::Connect | Stage::Tls | Stage::Greeting | Stage::End => "connections from this server",
        Stage::Login => "the login",
        Stage::Sender => "the sender",
        Stage::Recipient => "the recipient",
        Stage::Content => "the mail",
    };
    let (verb, now) = if for_good { ("refuses", "") } else { ("does not take", " now") };
    let shown = if stage == Stage::Login { enhanced(text) } else { words(text) };
    let message = format!("the mail server {verb} {matter}{now}: {code}{shown}");
    match stage {
        Stage::Login if for_good => SendError::blocked(message, LOGIN_HINT).after(AFTER_LOGIN),
        Stage::Sender | Stage::Recipient | Stage::Content if matches!(code, 530 | 535 | 538) => SendError::blocked(
            message,
            "it wants TLS or a login: set smtp_security to starttls, and smtp_user with smtp_password",
        )
        .after(AFTER_LOGIN),
        Stage::Sender if for_good => {
            SendError::blocked(message, "set mail_from to an address that the mail server lets this user send from")
        }
        Stage::Recipient if for_good => SendError::refused(
            message,
            "correct the recipient's address; if others are refused too, the mail server wants smtp_user, or does not send \
             to other domains",
        ),
        Stage::Content if for_good => {
            SendError::refused(message, "ask the mail server's operator; its answer says why")
        }
        Stage::Connect | Stage::Tls | Stage::Greeting | Stage::End if for_good => {
            SendError::blocked(message, "ask the mail server's operator whether this server may send there")
        }
        // 421: the server closes, whatever it was asked (RFC 5321, section 3.8).
        Stage::Recipient | Stage::Content if code != 421 => SendError::later(message, PASSING_HINT),
        Stage::Connect
        | Stage::Tls
        | Stage::Greeting
        | Stage::Login
        | Stage::Sender
        | Stage::Recipient
        | Stage::Content
        | Stage::End => SendError::blocked(message, PASSING_HINT),
    }
}

/// An answer's words as they may be shown.
fn words(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| !word.contains('@'));
    let text = line(&words.collect::<Vec<_>>().join(" "), SHOWN);
    if text.is_empty() { text } else { format!(" {text}") }
}

/// The finer code of RFC 3463 at the beginning of an answer, such as ` 5.7.8`.
fn enhanced(text: &str) -> String {
    let first = text.split_whitespace().next().unwrap_or_default();
    let parts: Vec<&str> = first.split('.').collect();
    let number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.len() == 3 && parts.iter().all(number) { format!(" {first}") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    #[track_caller]
    fn check(error: &SendError, want: Expect) {
        let kind = if error.is_transient() { "later" } else { "refused" };
        let wait = error.wait().map(|wait| format!(", not before {} s", wait.as_secs())).unwrap_or_default();
        want.assert_eq(&format!("{kind}{wait}: {error}\n{}", error.hint()));
    }

    #[test]
    fn answers_say_what_to_do() {
        check(
            &answered(Stage::Login, 535, "5.7.8 Error: authentication failed: cGFzc3dvcmQ="),
            expect![[r#"
            later, not before 900 s: the mail server refuses the login: 535 5.7.8
            check smtp_user and smtp_password; some providers want a password for this application alone"#]],
        );
        check(
            &answered(Stage::Login, 454, "4.7.0 hunter2"),
            expect![[r#"
                later: the mail server does not take the login now: 454 4.7.0
                nothing, if it passes; else look at the mail server's log"#]],
        );
        check(
            &answered(Stage::Sender, 550, "5.7.60 SMTP; Client does not have permissions"),
            expect![[r#"
            later: the mail server refuses the sender: 550 5.7.60 SMTP; Client does not have permissions
            set mail_from to an address that the mail server lets this user send from"#]],
        );
        check(
            &answered(Stage::Sender, 530, "5.7.0 Authentication required"),
            expect![[r#"
                later, not before 900 s: the mail server refuses the sender: 530 5.7.0 Authentication required
                it wants TLS or a login: set smtp_security to starttls, and smtp_user with smtp_password"#]],
        );
        check(
            &answered(Stage::Recipient, 550, "5.1.1 <ada@example.com>: user\r\n unknown"),
            expect![[r#"
            refused: the mail server refuses the recipient: 550 5.1.1 user unknown
            correct the recipient's address; if others are refused too, the mail server wants smtp_user, or does not send to other domains"#]],
        );
        check(
            &answered(Stage::Recipient, 450, "4.2.0 greylisted"),
            expect![[r#"
                later: the mail server does not take the recipient now: 450 4.2.0 greylisted
                nothing, if it passes; else look at the mail server's log"#]],
        );
        check(
            &answered(Stage::Content, 554, ""),
            expect![[r#"
            refused: the mail server refuses the mail: 554
            ask the mail server's operator; its answer says why"#]],
        );
        check(
            &answered(Stage::Content, 452, "out of space"),
            expect![[r#"
                later: the mail server does not take the mail now: 452 out of space
                nothing, if it passes; else look at the mail server's log"#]],
        );
        check(
            &answered(Stage::Greeting, 554, "no service for you"),
            expect![[r#"
                later: the mail server refuses connections from this server: 554 no service for you
                ask the mail server's operator whether this server may send there"#]],
        );
    }

    #[test]
    fn what_every_mail_would_meet_blocks_the_way() {
        let cases = [
            (unknown_host(), true),
            (unconnected(&io::ErrorKind::ConnectionRefused.into()), true),
            (late(Stage::Connect), true),
            (late(Stage::Content), true),
            (handshake(None, Security::Tls), true),
            (broken(Stage::Greeting), true),
            (broken(Stage::Recipient), false),
            (broken(Stage::Content), false),
            (answered(Stage::Greeting, 421, ""), true),
            (answered(Stage::Login, 535, ""), true),
            (answered(Stage::Login, 454, ""), true),
            (answered(Stage::Sender, 550, ""), true),
            (answered(Stage::Recipient, 530, ""), true),
            (answered(Stage::Recipient, 421, ""), true),
            (answered(Stage::Recipient, 450, ""), false),
            (answered(Stage::Recipient, 550, ""), false),
            (answered(Stage::Content, 452, ""), false),
            (answered(Stage::Content, 554, ""), false),
        ];
        for (number, (error, blocks)) in cases.into_iter().enumerate() {
            assert_eq!(matches!(error, SendError::Blocked { .. }), blocks, "{number}: {error:?}");
        }
    }

    #[test]
    fn finer_codes_are_codes() {
        for (text, want) in [("5.7.8 x", " 5.7.8"), ("5.7 x", ""), ("5.7.x y", ""), ("5.7.8000 y", ""), ("", "")] {
            assert_eq!(enhanced(text), want, "{text}");
        }
    }
}
