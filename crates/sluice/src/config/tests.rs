//! Configs as operators write them.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use model::Problems;

use super::{CONFIG, Effective, Operator, Sources, absent, redirect_uri};

fn read(file: &str, environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Result<Effective, String> {
    let folder = tempfile::tempdir().unwrap();
    let shown = |problems: Problems| problems.to_string().replace(&folder.path().display().to_string(), "<data>");
    std::fs::write(folder.path().join("sluice.yaml"), file).unwrap();
    std::fs::write(folder.path().join("secret"), "hunter2\n").unwrap();
    let environment = environment.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let flags = flags.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
    let sources = Sources { data_dir: folder.path().to_owned(), file: None, flags, environment: &environment };
    let effective = sources.read().map_err(shown)?;
    // The secret's file is gone with the folder: the meaning is asked for while it is there.
    Operator::parse(&effective).map_err(shown)?;
    Ok(effective)
}

/// What a file and the environment mean.
fn meant(file: &str, environment: &[(&str, &str)]) -> Operator {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sluice.yaml"), file).unwrap();
    std::fs::write(folder.path().join("secret"), "hunter2\n").unwrap();
    let environment = environment.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let sources =
        Sources { data_dir: folder.path().to_owned(), file: None, flags: Vec::new(), environment: &environment };
    Operator::parse(&sources.read().unwrap()).unwrap()
}

#[track_caller]
fn refused(file: &str, environment: &[(&str, &str)], flags: &[(&'static str, &str)], want: Expect) {
    want.assert_eq(&read(file, environment, flags).expect_err("accepted"));
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let file = "listen: 127.0.0.1:1\nretention_days: 10\naudit_days: 20\nmax_concurrent_jobs: 2\n";
    let environment = [("SLUICE_RETENTION_DAYS", "11"), ("SLUICE_AUDIT_DAYS", "21"), ("SLUICE_LOG_LEVEL", "")];
    let found = read(file, &environment, &[("audit_days", "22")]).unwrap();
    let shown = |name: &str| format!("{} {}", found.text(name).unwrap_or("none"), found.get(name).unwrap().1);
    assert_eq!(shown("audit_days"), "22 flag");
    assert_eq!(shown("retention_days"), "11 $SLUICE_RETENTION_DAYS");
    assert!(shown("max_concurrent_jobs").ends_with("sluice.yaml"));
    assert_eq!(shown("log_level"), "info default");
}

#[test]
fn everything_wrong_is_said_at_once() {
    refused(
        "listn: 127.0.0.1:1\ndefault_app_client_secret: hunter2\nmaster_key: hunter2\ntable_roots: {a: b}\nlisten: [a]\n",
        &[],
        &[],
        expect![[r#"
            <data>/sluice.yaml: listn: is not a name that is known here
              hint: did you mean listen?
            <data>/sluice.yaml: default_app_client_secret: is a secret, which does not belong into this file
              hint: name a file with default_app_client_secret_file, or set $SLUICE_DEFAULT_APP_CLIENT_SECRET
            <data>/sluice.yaml: master_key: is a secret, which does not belong into this file
              hint: set $SLUICE_MASTER_KEY
            <data>/sluice.yaml: table_roots: must be folders: a list, or separated by commas
            <data>/sluice.yaml: listen: must be an IP address and a port, like 127.0.0.1:8080"#]],
    );
    refused(
        "listen: localhost\nretention_days: 0\nupload_bytes: many\ntls_key: k.pem\npublic_url: example.com\n",
        &[("SLUICE_ALLOW_LOOPBACK", "maybe"), ("SLUICE_LOG_LEVEL", "loud")],
        &[("listen", "nowhere")],
        expect![[r#"
            --listen: must be an IP address and a port, like 127.0.0.1:8080
              hint: Where the server listens. An address that other machines reach needs TLS files or behind_proxy.
            <data>/sluice.yaml: public_url: must be an address that begins with http:// or https://
              hint: The address that people know the server by, where it is not the one that it listens at. Its host is one of the allowed names.
            <data>/sluice.yaml: retention_days: must be a whole number from 1 to 36500
              hint: Days that ended jobs are kept, with their results and rejected rows.
            <data>/sluice.yaml: upload_bytes: must be a number of bytes, or one with KiB, MiB, GiB or TiB
              hint: Most bytes of an uploaded table.
            $SLUICE_ALLOW_LOOPBACK: must be true or false
              hint: Whether connections and webhooks may name this machine (http://127.0.0.1:…), for the sandbox.
            $SLUICE_LOG_LEVEL: must be one of error, warn, info, debug
              hint: How much the log says.
            <data>/sluice.yaml: tls_key: there is no file <data>/k.pem
            <data>/sluice.yaml: tls_key: needs tls_certificate beside it"#]],
    );
    refused(
        "listen: 0.0.0.0:8080\n",
        &[],
        &[],
        expect![[r#"
        <data>/sluice.yaml: listen: 0.0.0.0:8080 can be reached from other machines, and passwords would travel in the clear
          hint: give tls_certificate and tls_key, or behind_proxy when a proxy in front of it speaks TLS, or listen at 127.0.0.1"#]],
    );
    refused(
        "a: [\n",
        &[],
        &[],
        expect![[r#"
        <data>/sluice.yaml:1: is no YAML
          hint: write one `name: value` a line, each name once"#]],
    );
    refused(
        "default_app_client_secret_file: secret\n",
        &[],
        &[],
        expect!["config default_app_client_secret: needs default_app_client_id beside it"],
    );
}

#[test]
fn values_mean_what_they_say() {
    let file = "public_url: https://sluice.example.com/\nbehind_proxy: yes\nlisten: 0.0.0.0:80\nupload_bytes: 2 MiB\n\
                table_roots: [data, /srv/x]\npardot_hosts: a.example, b.example\nmax_concurrent_jobs: 3\n";
    let environment = BTreeMap::from([("SLUICE_MASTER_KEY".to_owned(), "sluice-key-1:abc".to_owned())]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.yaml");
    std::fs::write(&path, file).unwrap();
    let data_dir = folder.path().join("data");
    let sources = Sources { data_dir, file: Some(path), flags: Vec::new(), environment: &environment };
    let found = sources.read().unwrap();
    let operator = Operator::parse(&found).unwrap();
    assert_eq!(operator.app.redirect_uri, "https://sluice.example.com/oauth/callback");
    assert_eq!(operator.app.upload_bytes, 2 << 20);
    assert_eq!(operator.app.table_roots, [folder.path().join("data"), "/srv/x".into()]);
    assert_eq!(operator.app.hosts.pardot, ["a.example", "b.example"]);
    assert_eq!(operator.server.hosts, ["sluice.example.com"]);
    assert!(operator.server.behind_proxy && operator.app.master_key.is_some());
    assert!(!format!("{found:?} {operator:?}").contains("sluice-key-1"), "a key is never shown");
}

#[test]
fn a_mail_server_has_what_it_needs() {
    let secret = [("SLUICE_SMTP_PASSWORD", "hunter2")];
    refused(
        "smtp_port: 25\nmail_from: a@example.com\nsmtp_security: tls\n",
        &secret,
        &[],
        expect![[r#"
        <data>/sluice.yaml: smtp_port: needs smtp_host beside it
        <data>/sluice.yaml: smtp_security: needs smtp_host beside it
        $SLUICE_SMTP_PASSWORD: needs smtp_host beside it
        <data>/sluice.yaml: mail_from: needs smtp_host beside it"#]],
    );
    refused(
        "smtp_host: smtp.example.com\n",
        &secret,
        &[],
        expect![[r#"
        <data>/sluice.yaml: smtp_host: needs mail_from beside it
          hint: mails need an address that they come from
        $SLUICE_SMTP_PASSWORD: needs smtp_user beside it"#]],
    );
    refused(
        "smtp_host: smtp.example.com\nsmtp_user: sluice\nmail_from: nobody\n",
        &[],
        &[],
        expect![[r#"
        <data>/sluice.yaml: smtp_user: needs a password beside it
          hint: name a file with smtp_password_file, or set $SLUICE_SMTP_PASSWORD
        <data>/sluice.yaml: mail_from: is no mail address
          hint: write sluice@example.com or Sluice <sluice@example.com>"#]],
    );
    refused(
        "smtp_host: smtp.example.com\nsmtp_security: none\nsmtp_user: sluice\nsmtp_password_file: secret\n\
         smtp_ca_file: secret\nmail_from: \"a@example.com\\r\\nBcc: b@example.com\"\nsmtp_password: x\n",
        &[],
        &[],
        expect![[r#"
            <data>/sluice.yaml: smtp_password: is a secret, which does not belong into this file
              hint: name a file with smtp_password_file, or set $SLUICE_SMTP_PASSWORD"#]],
    );
    refused(
        "smtp_host: smtp.example.com\nsmtp_security: none\nsmtp_user: sluice\nsmtp_password_file: secret\n\
         smtp_ca_file: secret\nmail_from: \"a@example.com\\r\\nBcc: b@example.com\"\n",
        &[],
        &[],
        expect![[r#"
            <data>/sluice.yaml: mail_from: is no mail address
              hint: write sluice@example.com or Sluice <sluice@example.com>
            <data>/sluice.yaml: smtp_security: would send the password in the clear
              hint: set smtp_security to tls or starttls, or leave smtp_user out
            <data>/sluice.yaml: smtp_ca_file: holds no certificates that can be used
              hint: name a file with certificates in PEM: -----BEGIN CERTIFICATE-----"#]],
    );
    refused(
        "smtp_host: https://smtp.example.com\nsmtp_port: 70000\nsmtp_security: ssl\nmail_from: a@example.com\n\
         smtp_user: sluice\nsmtp_password_file: absent\nsmtp_ca_file: absent.pem\nwebhook_hosts: [\"a b\"]\n",
        &[],
        &[],
        expect![[r#"
            <data>/sluice.yaml: smtp_host: must be the name of a host or its IP address, without a port
              hint: The mail server that takes notices. Without it nobody is told by mail.
            <data>/sluice.yaml: smtp_port: must be a whole number from 1 to 65535
              hint: Its port. Without it: 587 with starttls, 465 with tls, 25 with none.
            <data>/sluice.yaml: smtp_security: must be one of starttls, tls, none
              hint: How the way to it is encrypted. A server that does not offer STARTTLS is not spoken to in the clear; none is for a mail server that needs no password.
            <data>/sluice.yaml: webhook_hosts: must be names of hosts: a list, or separated by commas
              hint: Hosts that webhooks may call although their addresses are private ones.
            <data>/sluice.yaml: smtp_ca_file: <data>/absent.pem cannot be read: No such file or directory (os error 2)
            <data>/sluice.yaml: smtp_password_file: <data>/absent cannot be read: No such file or directory (os error 2)"#]],
    );
}

#[test]
fn a_mail_server_is_understood() {
    let cases = [
        ("", &[][..], "smtp.example.com:587 StartTls by nobody, hello none"),
        ("smtp_security: tls\n", &[], "smtp.example.com:465 Tls by nobody, hello none"),
        ("smtp_security: none\n", &[], "smtp.example.com:25 Plain by nobody, hello none"),
        ("smtp_port: 2525\n", &[], "smtp.example.com:2525 StartTls by nobody, hello none"),
        (
            "smtp_user: sluice\nsmtp_password_file: secret\npublic_url: https://sluice.example.com/x\n",
            &[],
            "smtp.example.com:587 StartTls by sluice, hello sluice.example.com",
        ),
        (
            "smtp_user: sluice\npublic_url: https://10.0.0.1\n",
            &[("SLUICE_SMTP_PASSWORD", "hunter2")],
            "smtp.example.com:587 StartTls by sluice, hello none",
        ),
    ];
    for (more, environment, want) in cases {
        let file = format!("smtp_host: smtp.example.com\nmail_from: Sluice <sluice@example.com>\n{more}");
        let operator = meant(&file, environment);
        let smtp = operator.app.smtp.as_ref().unwrap();
        let user = smtp.login.as_ref().map_or("nobody", |login| login.user.as_str());
        let hello = smtp.hello.as_deref().unwrap_or("none");
        assert_eq!(format!("{}:{} {:?} by {user}, hello {hello}", smtp.host, smtp.port, smtp.security), want);
        assert_eq!(smtp.from, "Sluice <sluice@example.com>");
        assert!(!format!("{operator:?}").contains("hunter2"), "a password is never shown");
    }
    let operator = meant("", &[]);
    assert!(operator.app.smtp.is_none() && operator.app.public_url.is_none() && !operator.app.webhooks.allow_loopback);
    assert_eq!((operator.app.failures_to_disable, operator.app.notices_to_disable), (5, 3));
    let file = "webhook_hosts: hooks.internal, 10.0.0.5\nallow_loopback: true\nfailures_to_disable: 10\n\
                notices_to_disable: 0\npublic_url: https://sluice.example.com/x/\n";
    let operator = meant(file, &[]);
    assert_eq!(operator.app.webhooks.allowed_hosts, ["hooks.internal", "10.0.0.5"]);
    assert!(operator.app.webhooks.allow_loopback);
    assert_eq!((operator.app.failures_to_disable, operator.app.notices_to_disable), (10, 0));
    assert_eq!(operator.app.public_url.as_deref(), Some("https://sluice.example.com/x"));
    assert_eq!(operator.server.public_url.as_deref(), Some("https://sluice.example.com/x/"));
}

#[test]
fn a_schedule_is_disabled_after_no_more_notices_than_failures() {
    refused(
        "notices_to_disable: 6\n",
        &[],
        &[],
        expect![[r#"
            <data>/sluice.yaml: notices_to_disable: 6 notices cannot be written about 5 failures
              hint: it must be at most failures_to_disable"#]],
    );
    refused(
        "failures_to_disable: 2\nnotices_to_disable: 3\n",
        &[],
        &[],
        expect![[r#"
        <data>/sluice.yaml: notices_to_disable: 3 notices cannot be written about 2 failures
          hint: it must be at most failures_to_disable"#]],
    );
    let operator = meant("failures_to_disable: 2\n", &[]);
    assert_eq!((operator.app.failures_to_disable, operator.app.notices_to_disable), (2, 2), "a default gives way");
    refused(
        "failures_to_disable: 0\nnotices_to_disable: 101\n",
        &[],
        &[],
        expect![[r#"
            <data>/sluice.yaml: failures_to_disable: must be a whole number from 1 to 100
              hint: Runs of a schedule in a row that fail because something must be changed, until it is disabled. Outages and used-up calls do not count.
            <data>/sluice.yaml: notices_to_disable: must be a whole number from 0 to 100
              hint: Failures of which notices must have arrived before a schedule is disabled, where somebody is to hear of them; at most failures_to_disable."#]],
    );
}

#[test]
fn browsers_are_led_back_to_the_port_that_the_system_chose() {
    let bound = "127.0.0.1:4711".parse().unwrap();
    let check = |file: &str, want: &str| assert_eq!(redirect_uri(&read(file, &[], &[]).unwrap(), bound), want);
    check("listen: 127.0.0.1:0\n", "http://localhost:4711/oauth/callback");
    check("listen: 127.0.0.1:0\npublic_url: https://s.example\n", "https://s.example/oauth/callback");
    check("listen: 127.0.0.1:0\noauth_redirect_uri: https://o.example/x\n", "https://o.example/x");
}

#[test]
fn a_slip_in_a_variable_is_noticed_and_a_stranger_is_not() {
    let found = read("", &[("SLUICE_LISTN", "x"), ("SLUICE_SERVICE_HOST", "x"), ("SLUICE_TOKEN", "x")], &[]).unwrap();
    assert_eq!(found.strangers, ["$SLUICE_LISTN has no effect; did you mean $SLUICE_LISTEN?"]);
}

#[test]
fn every_default_is_of_its_kind() {
    let found = read("", &[], &[]).unwrap();
    for entry in CONFIG.iter().filter(|entry| !entry.default.is_empty()) {
        assert_eq!(found.text(entry.name), Some(entry.default), "{}", entry.name);
    }
}

#[test]
fn a_check_says_what_is_wrong_in_every_place() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.pem"), "x").unwrap();
    let text = "listn: 127.0.0.1:1\nlisten: 0.0.0.0:80\ntls_certificate: c.pem\ntable_roots: [absent]\naudit_days: 0\n";
    std::fs::write(folder.path().join("sluice.yaml"), text).unwrap();
    let environment = BTreeMap::new();
    let sources =
        Sources { data_dir: folder.path().to_owned(), file: None, flags: Vec::new(), environment: &environment };
    let (found, mut problems) = sources.gather();
    problems.extend(Operator::parse(&found).expect_err("accepted"));
    problems.extend(absent(&found));
    expect![[r#"
        <data>/sluice.yaml: listn: is not a name that is known here
          hint: did you mean listen?
        <data>/sluice.yaml: audit_days: must be a whole number from 1 to 36500
          hint: Days that the audit log is kept.
        <data>/sluice.yaml: tls_certificate: needs tls_key beside it
        <data>/sluice.yaml: listen: 0.0.0.0:80 can be reached from other machines, and passwords would travel in the clear
          hint: give tls_certificate and tls_key, or behind_proxy when a proxy in front of it speaks TLS, or listen at 127.0.0.1
        <data>/sluice.yaml: table_roots: there is no folder <data>/absent
          hint: make it, or take it out; tables cannot be bound to files below it"#]].assert_eq(&problems.to_string().replace(&folder.path().display().to_string(), "<data>"));
}

#[test]
fn a_sandbox_listens_on_this_machine() {
    assert_eq!(meant("sandbox_listen: 127.0.0.1:1\n", &[]).sandbox, None);
    assert_eq!(meant("sandbox: true\n", &[]).sandbox, Some("127.0.0.1:8089".parse().unwrap()));
    let listen = meant("sandbox_listen: '[::1]:0'\n", &[("SLUICE_SANDBOX", "true")]).sandbox;
    assert_eq!(listen, Some("[::1]:0".parse().unwrap()));
    refused(
        "sandbox_listen: 0.0.0.0:8089\n",
        &[],
        &[],
        expect![[r#"
            <data>/sluice.yaml: sandbox_listen: must be an address of this machine's loopback
              hint: 127.0.0.1:8089, or 127.0.0.1:0 for a free port"#]],
    );
}
