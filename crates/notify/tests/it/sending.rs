//! Mails on their way: what the server sees, and what is said when it does not take them.

use std::time::Duration;

use expect_test::{Expect, expect};
use mail_parser::MessageParser;
use notify::{Event, Mailer, Notice, Security, SendError, SmtpSettings};
use tokio::net::TcpListener;

use crate::postbox::{Part, Postbox};

fn notice() -> Notice {
    let mut notice = Notice::new("n_17", 1_790_000_000, Event::Failure, "https://sluice.example.com");
    notice.query = Some("nightly".to_owned());
    notice.cause = Some(".a line that begins with a dot".to_owned());
    notice.todo = Some("look at café".to_owned());
    notice
}

#[track_caller]
fn check(result: Result<(), SendError>, want: Expect) {
    let error = result.unwrap_err();
    for secret in ["hunter2", "aHVudGVyMg", "nightly", "ada@example.com"] {
        assert!(!format!("{error:?}").contains(secret), "{error:?} holds {secret}");
    }
    let kind = if error.is_transient() { "later" } else { "refused" };
    let wait = error.wait().map(|wait| format!(", not before {} s", wait.as_secs())).unwrap_or_default();
    want.assert_eq(&format!("{kind}{wait}: {error}\n{}\n", error.hint()));
}

#[tokio::test]
async fn every_way_brings_the_same_mail() {
    for security in [Security::Tls, Security::StartTls, Security::Plain] {
        let mut postbox = Postbox::start(Part { security, ..Part::default() }).await;
        postbox.with_login(security).send("ada@example.com", &notice()).await.unwrap();
        let seen = postbox.conversation().await;
        let first = |word: &str| seen.iter().position(|line| line.starts_with(word));
        match security {
            Security::Tls => assert_eq!(first("(tls)"), Some(0)),
            Security::StartTls => assert!(first("(tls)") < first("AUTH") && first("(tls)").is_some()),
            Security::Plain => assert_eq!(first("(tls)"), None),
        }
        let commands: Vec<&str> = seen.iter().filter_map(|line| line.split(['\r', ' ']).next()).collect();
        let greeted = ["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "(mail)", "QUIT"];
        assert!(commands.ends_with(&greeted), "{commands:?}");
        assert!(seen.contains(&"EHLO [127.0.0.1]".to_owned()), "{seen:?}");
        assert!(seen.contains(&"MAIL FROM:<sluice@example.com>".to_owned()));
        assert!(seen.contains(&"RCPT TO:<ada@example.com>".to_owned()));
        let mail = seen.iter().find_map(|line| line.strip_prefix("(mail)\r\n")).unwrap();
        let mail = MessageParser::default().parse(mail).unwrap();
        assert_eq!(mail.body_text(0).unwrap().trim_end().replace("\r\n", "\n"), notify::text(&notice()).trim_end());
        assert_eq!(mail.body_html(0).unwrap().trim_end().replace("\r\n", "\n"), notify::html(&notice()).trim_end());
        assert_eq!(mail.message_id(), Some("n_17@example.com"));
    }
}

#[tokio::test]
async fn a_repetition_can_be_told_by_its_id_and_a_name_can_be_given() {
    let mut postbox = Postbox::start(Part::default()).await;
    let settings =
        SmtpSettings { hello: Some("sluice.example.com".to_owned()), ..postbox.settings(Security::StartTls) };
    let mailer = Mailer::new(settings).unwrap();
    let mut ids = Vec::new();
    for _ in 0..2 {
        mailer.send("ada@example.com", &notice()).await.unwrap();
        let seen = postbox.conversation().await;
        assert!(seen.contains(&"EHLO sluice.example.com".to_owned()), "{seen:?}");
        assert!(!seen.iter().any(|line| line.starts_with("AUTH")), "{seen:?}");
        let mail = seen.into_iter().find(|line| line.starts_with("(mail)")).unwrap();
        ids.extend(mail.lines().find(|line| line.starts_with("Message-ID:")).map(str::to_owned));
    }
    assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
}

#[tokio::test]
async fn other_logins() {
    // Office 365 knows LOGIN alone, in two steps.
    let mut postbox =
        Postbox::start(Part { mechanisms: "LOGIN", odd: Some(("AUTH", "334 VXNlcm5hbWU6")), ..Part::default() }).await;
    let result = postbox.with_login(Security::StartTls).send("ada@example.com", &notice()).await;
    let seen = postbox.conversation().await;
    assert!(seen.contains(&"AUTH LOGIN".to_owned()) && seen.contains(&"c2x1aWNl".to_owned()), "{seen:?}");
    assert!(result.is_ok(), "{result:?}");

    let postbox = Postbox::start(Part { mechanisms: "XOAUTH2", ..Part::default() }).await;
    check(
        postbox.with_login(Security::StartTls).send("ada@example.com", &notice()).await,
        expect![[r#"
        later: the mail server offers no login with a password
        leave smtp_user out if it needs no login; some servers offer one only with TLS
    "#]],
    );
}

#[tokio::test]
async fn nothing_leaves_without_tls() {
    // STARTTLS taken out by somebody between, or never there.
    let mut postbox = Postbox::start(Part { offers_tls: false, ..Part::default() }).await;
    check(
        postbox.with_login(Security::StartTls).send("ada@example.com", &notice()).await,
        expect![[r#"
        later: the mail server offers no STARTTLS, and nothing is sent without it
        check smtp_port; for a server with TLS from the start set smtp_security to tls. If it offered STARTTLS before, somebody between may have taken it out
    "#]],
    );
    assert_eq!(postbox.conversation().await, ["EHLO [127.0.0.1]"]);

    // Refused when it is asked for.
    let mut postbox =
        Postbox::start(Part { security: Security::Plain, odd: Some(("EHLO", "250 STARTTLS")), ..Part::default() })
            .await;
    check(
        postbox.with_login(Security::StartTls).send("ada@example.com", &notice()).await,
        expect![[r#"
        later: the mail server offers no STARTTLS, and nothing is sent without it
        check smtp_port; for a server with TLS from the start set smtp_security to tls. If it offered STARTTLS before, somebody between may have taken it out
    "#]],
    );
    assert_eq!(postbox.conversation().await, ["EHLO [127.0.0.1]"]);

    // Words put in before TLS begins do not count after it.
    let injected = "250-evil\r\n250 AUTH PLAIN\r\n235 welcome\r\n";
    let mut postbox = Postbox::start(Part { injected, ..Part::default() }).await;
    check(
        postbox.with_login(Security::StartTls).send("ada@example.com", &notice()).await,
        expect![[r#"
        later: the mail server spoke out of turn before TLS
        somebody between may put words into its mouth: set smtp_security to tls if the server has it, else ask its operator
    "#]],
    );
    let seen = postbox.conversation().await;
    assert_eq!(seen, ["EHLO [127.0.0.1]", "STARTTLS"]);
}

#[tokio::test]
async fn certificates_are_looked_at() {
    for security in [Security::Tls, Security::StartTls] {
        // Another issuer than the one that is trusted.
        let mut postbox = Postbox::start(Part { security, ..Part::default() }).await;
        let stranger = Postbox::start(Part::default()).await;
        let settings = SmtpSettings { port: postbox.port, ..stranger.settings(security) };
        let error = Mailer::new(settings).unwrap().send("ada@example.com", &notice()).await.unwrap_err();
        assert_eq!(error.to_string(), "the mail server's certificate is not trusted");
        assert!(error.is_transient() && error.hint().contains("smtp_ca_file"), "{}", error.hint());
        let seen = postbox.conversation().await;
        assert!(!seen.iter().any(|line| line == "(tls)" || line.starts_with("MAIL")), "{seen:?}");
        // Another host's.
        let postbox = Postbox::start(Part { security, host: "mail.example.com", ..Part::default() }).await;
        let error = postbox.mailer(security).send("ada@example.com", &notice()).await.unwrap_err();
        assert_eq!(error.to_string(), "the mail server's certificate is another host's");
        assert!(error.is_transient() && error.hint().contains("smtp_host"), "{}", error.hint());
        // One that is marked as an issuer, as some tools make them.
        let postbox = Postbox::start(Part { security, issuer: true, ..Part::default() }).await;
        let error = postbox.mailer(security).send("ada@example.com", &notice()).await.unwrap_err();
        assert_eq!(error.to_string(), "the mail server's certificate cannot be used");
        assert!(error.is_transient() && error.hint().contains("CA:FALSE"), "{}", error.hint());
    }
}

#[tokio::test]
async fn the_wrong_kind_of_port() {
    let postbox = Postbox::start(Part::default()).await;
    check(
        postbox.mailer(Security::Tls).send("ada@example.com", &notice()).await,
        expect![[r#"
        later: the mail server does not begin with TLS
        set smtp_security to starttls (usually port 587), or take the port that begins with TLS (usually 465)
    "#]],
    );
    let postbox = Postbox::start(Part { security: Security::Tls, ..Part::default() }).await;
    let settings = SmtpSettings { timeout: Duration::from_millis(300), ..postbox.settings(Security::StartTls) };
    check(
        Mailer::new(settings).unwrap().send("ada@example.com", &notice()).await,
        expect![[r#"
        later: the mail server did not answer in time
        check smtp_port and smtp_security: starttls is usual on port 587, tls on port 465
    "#]],
    );
    let postbox = Postbox::start(Part { odd: Some(("", "SSH-2.0-OpenSSH_9.2")), ..Part::default() }).await;
    check(
        postbox.mailer(Security::StartTls).send("ada@example.com", &notice()).await,
        expect![[r#"
        later: what answers is no mail server
        check smtp_port and smtp_security: starttls is usual on port 587, tls on port 465
    "#]],
    );
    // Nobody listens.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let settings = SmtpSettings { port, host: "127.0.0.1".to_owned(), ..postbox.settings(Security::StartTls) };
    check(
        Mailer::new(settings).unwrap().send("ada@example.com", &notice()).await,
        expect![[r#"
        later: the mail server refuses connections
        check smtp_host and smtp_port, and that this server may connect to them
    "#]],
    );
}

/// The server answers one command in its own way.
async fn odd(begin: &'static str, answer: &'static str) -> Result<(), SendError> {
    let postbox = Postbox::start(Part { odd: Some((begin, answer)), ..Part::default() }).await;
    let settings = postbox.with_login(Security::StartTls);
    settings.send("ada@example.com", &notice()).await
}

#[tokio::test]
async fn answers_that_are_refusals() {
    check(
        odd("AUTH", "535 5.7.8 wrong: AHNsdWljZQBodW50ZXIy hunter2").await,
        expect![[r#"
        later, not before 900 s: the mail server refuses the login: 535 5.7.8
        check smtp_user and smtp_password; some providers want a password for this application alone
    "#]],
    );
    check(
        odd("MAIL", "550 5.7.60 this user may not send as this sender").await,
        expect![[r#"
            later: the mail server refuses the sender: 550 5.7.60 this user may not send as this sender
            set mail_from to an address that the mail server lets this user send from
        "#]],
    );
    check(
        odd("RCPT", "550 5.1.1 <ada@example.com>: no such user").await,
        expect![[r#"
        refused: the mail server refuses the recipient: 550 5.1.1 no such user
        correct the recipient's address; if others are refused too, the mail server wants smtp_user, or does not send to other domains
    "#]],
    );
    check(
        odd("RCPT", "450 4.2.0 greylisted, come again").await,
        expect![[r#"
            later: the mail server does not take the recipient now: 450 4.2.0 greylisted, come again
            nothing, if it passes; else look at the mail server's log
        "#]],
    );
    check(
        odd("(mail)", "552 5.3.4 too large").await,
        expect![[r#"
        refused: the mail server refuses the mail: 552 5.3.4 too large
        ask the mail server's operator; its answer says why
    "#]],
    );
    check(
        odd("(mail)", "451 4.3.0 try again later").await,
        expect![[r#"
            later: the mail server does not take the mail now: 451 4.3.0 try again later
            nothing, if it passes; else look at the mail server's log
        "#]],
    );
    check(
        odd("MAIL", "421 4.7.0 too many connections").await,
        expect![[r#"
            later: the mail server does not take the sender now: 421 4.7.0 too many connections
            nothing, if it passes; else look at the mail server's log
        "#]],
    );
    check(
        odd("", "554 5.7.1 you are on a list").await,
        expect![[r#"
            later: the mail server refuses connections from this server: 554 5.7.1 you are on a list
            ask the mail server's operator whether this server may send there
        "#]],
    );
}

#[tokio::test]
async fn connections_that_break() {
    for begin in ["EHLO", "AUTH", "RCPT", "DATA", "(mail)"] {
        let error = odd(begin, "").await.unwrap_err();
        assert!(error.is_transient(), "{begin}: {error}");
        assert_eq!(error.to_string(), "the connection to the mail server broke", "{begin}");
    }
    // Taken before the end of the conversation: a mail that was taken stays taken.
    assert_eq!(odd("QUIT", "").await, Ok(()));
    assert_eq!(odd("QUIT", "500 what?").await, Ok(()));
}

#[tokio::test]
async fn a_server_that_says_nothing() {
    let postbox = Postbox::start(Part { odd: Some(("(mail)", "wait")), ..Part::default() }).await;
    let settings = SmtpSettings { timeout: Duration::from_millis(1_500), ..postbox.settings(Security::StartTls) };
    check(
        Mailer::new(settings).unwrap().send("ada@example.com", &notice()).await,
        expect![[r#"
        later: the mail server did not answer in time
        nothing, if it passes; else look at the mail server's log
    "#]],
    );
}

#[tokio::test]
async fn recipients_that_are_none_never_reach_a_server() {
    let postbox = Postbox::start(Part::default()).await;
    for to in ["", "ada", "ada@example.com>\r\nRCPT TO:<eve@example.com", "Ada <ada@example.com>"] {
        let error = postbox.mailer(Security::StartTls).send(to, &notice()).await.unwrap_err();
        assert!(!error.is_transient(), "{to}: {error}");
        assert!(error.to_string().starts_with("the recipient is no mail address"), "{to}: {error}");
    }
}
