//! The mail as it leaves, read back by another parser; settings and addresses.

use mail_parser::{MessageParser, MimeHeaders as _};

use super::*;
use crate::notice::Event;

fn settings() -> SmtpSettings {
    SmtpSettings {
        host: "smtp.example.com".to_owned(),
        port: 587,
        security: Security::StartTls,
        login: None,
        from: "Sluice <sluice@example.com>".to_owned(),
        hello: None,
        timeout: Duration::from_secs(10),
        roots: None,
    }
}

fn notice() -> Notice {
    let mut notice = Notice::new("n_1", 1_790_000_000, Event::Failure, "https://sluice.example.com");
    notice.query = Some("nightly".to_owned());
    notice.cause = Some("there is no column emial".to_owned());
    notice
}

fn written(from: &str, notice: &Notice) -> Vec<u8> {
    let mailer = Mailer::new(SmtpSettings { from: from.to_owned(), ..settings() }).unwrap();
    message(&mailer.from, &"ada@example.com".parse().unwrap(), notice).unwrap()
}

/// What every mail must be, whatever it says.
#[track_caller]
fn well_formed(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.is_ascii());
    for line in text.split("\r\n") {
        assert!(line.len() <= 998 && !line.contains(['\r', '\n', '\0']), "{line:?}");
    }
    let head = text.split("\r\n\r\n").next().unwrap();
    let names: Vec<&str> = head
        .split("\r\n")
        .filter(|line| !line.starts_with([' ', '\t']))
        .map(|line| line.split(':').next().unwrap())
        .collect();
    let want = [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "MIME-Version",
        "Content-Type",
    ];
    let mut names: Vec<&str> = names;
    names.sort_unstable();
    let mut want = want.to_vec();
    want.sort_unstable();
    assert_eq!(names, want, "{head}");
}

#[test]
fn a_mail_has_both_forms_and_quiet_headers() {
    let bytes = written("Sluice <sluice@example.com>", &notice());
    well_formed(&bytes);
    let mail = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(mail.subject(), Some("[Sluice] nightly failed: there is no column emial"));
    assert_eq!(mail.message_id(), Some("n_1@example.com"));
    assert_eq!(mail.date().unwrap().to_rfc3339(), "2026-09-21T14:13:20Z");
    assert_eq!(mail.header("Auto-Submitted").unwrap().as_text(), Some("auto-generated"));
    assert_eq!(mail.from().unwrap().first().unwrap().address(), Some("sluice@example.com"));
    assert_eq!(mail.to().unwrap().first().unwrap().address(), Some("ada@example.com"));
    let kind = mail.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("alternative")));
    let kinds: Vec<_> = mail.parts[1..].iter().map(|part| part.content_type().unwrap().subtype().unwrap()).collect();
    assert_eq!(kinds, ["plain", "html"], "the richest form is the last one");
    assert_eq!(mail.body_text(0).unwrap().replace("\r\n", "\n"), crate::text(&notice()));
    assert_eq!(mail.body_html(0).unwrap().replace("\r\n", "\n"), crate::html(&notice()));
}

#[test]
fn hostile_facts_change_no_header() {
    let hostile = [
        "x\r\nBcc: eve@example.com\r\n\r\nhello",
        "x\nContent-Type: text/html",
        "\u{202e}\u{0}\u{7}\u{1b}[31m",
        "Ada Ünïcödé 漢字 🚰",
        "=?utf-8?q?=0D=0ABcc:_eve@example.com?=",
        &"long ".repeat(1_000),
        &"x".repeat(5_000),
        &"é".repeat(5_000),
        "\r\n.\r\nMAIL FROM:<eve@example.com>",
    ];
    for text in hostile {
        for event in Event::ALL {
            let mut notice = Notice::new(text, 1, event, text);
            notice.query = Some(text.to_owned());
            notice.connection = Some(text.to_owned());
            notice.cause = Some(text.to_owned());
            notice.link = Some(text.to_owned());
            let bytes = written("Sluice <sluice@example.com>", &notice);
            well_formed(&bytes);
            let mail = MessageParser::default().parse(&bytes).unwrap();
            assert_eq!(mail.subject(), Some(crate::subject(&notice).as_str()));
            assert_eq!(mail.body_text(0).unwrap().replace("\r\n", "\n"), crate::text(&notice));
            assert!(mail.bcc().is_none() && mail.parts.len() == 3);
        }
    }
}

#[test]
fn senders_with_names_and_domains_of_any_script() {
    let cases = [
        ("sluice@example.com", None, "sluice@example.com"),
        ("Sluice <sluice@example.com>", Some("Sluice"), "sluice@example.com"),
        ("Schleuße <s@bücher.example>", Some("Schleuße"), "s@xn--bcher-kva.example"),
    ];
    for (from, name, address) in cases {
        let bytes = written(from, &notice());
        well_formed(&bytes);
        let mail = MessageParser::default().parse(&bytes).unwrap();
        let sender = mail.from().unwrap().first().unwrap();
        assert_eq!((sender.name(), sender.address()), (name, Some(address)), "{from}");
    }
}

#[test]
fn addresses() {
    let taken = ["ada@example.com", "a.b+c@sub.example.co.uk", "o'hara@example.com", "a@localhost", "a@bücher.example"];
    for text in taken {
        assert_eq!(check_address(text), Ok(()), "{text}");
    }
    let long = format!("{}@example.com", "a".repeat(260));
    let refused = [
        "",
        "ada",
        "@example.com",
        "ada@",
        "a b@example.com",
        "ada@example.com\r\nRCPT TO:<eve@example.com>",
        "Ada <ada@example.com>",
        "<ada@example.com>",
        "\"a b\"@example.com",
        "ada@example.com,eve@example.com",
        "ädä@example.com",
        "ada@exa mple.com",
        "a\u{0}@example.com",
        &long,
    ];
    for text in refused {
        let error = check_address(text).unwrap_err();
        assert!(!error.contains("example.com") || error.contains("ada@example.com"), "{text}: {error}");
    }
}

#[test]
fn settings_that_cannot_work() {
    let login = || Some(Login { user: "sluice".to_owned(), password: SecretString::from("hunter2") });
    let plain =
        |host: &str| SmtpSettings { host: host.to_owned(), security: Security::Plain, login: login(), ..settings() };
    let cases = [
        (settings(), None),
        (plain("localhost"), None),
        (plain("127.0.0.1"), None),
        (plain("[::1]"), None),
        (plain("smtp.example.com"), Some("smtp_security: would send the password in the clear")),
        (SmtpSettings { host: " ".to_owned(), ..settings() }, Some("smtp_host: is no name of a host")),
        (SmtpSettings { host: "smtp://x".to_owned(), ..settings() }, Some("smtp_host: is no name of a host")),
        (SmtpSettings { from: "sluice".to_owned(), ..settings() }, Some("mail_from: is no mail address")),
        (
            SmtpSettings { roots: Some(String::new()), ..settings() },
            Some("smtp_ca_file: holds no certificates that can be used"),
        ),
        (
            SmtpSettings { roots: Some("junk".to_owned()), ..settings() },
            Some("smtp_ca_file: holds no certificates that can be used"),
        ),
        (SmtpSettings { hello: Some("a b".to_owned()), ..settings() }, Some("hello: is no name of a host")),
        (SmtpSettings { hello: Some("x\r\nRSET".to_owned()), ..settings() }, Some("hello: is no name of a host")),
    ];
    for (settings, want) in cases {
        let shown = format!("{settings:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
        let made = Mailer::new(settings);
        assert!(!format!("{made:?}").contains("hunter2"));
        assert_eq!(made.err().map(|error| error.to_string()).as_deref(), want, "{shown}");
    }
}
