//! The settings: people, tokens, notifications, notices, budget, keys, audit log, oneself.

use api::{
    AuditLine, Cause, Channel, KeysRotated, Notice, NoticeEvent, NoticeState, NoticeTried, Notifications, Notify, Page,
    Person, Place, Role, Scope, Secret, Token, Webhook,
};
use askama::Template;
use console::administration::{
    Audit, Budget, Keys, MePage, NewPerson, NewToken, Notices, NotificationsPage, People, PersonPage, SettingsOverview,
    Tokens, WebhookPage, notify_form, person_form, webhook_form,
};
use console::{Chrome, Faults, Form, Section};
use serde_json::json;

use crate::home::connections;
use crate::{Pages, chrome};

pub(crate) const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";
const AT: &str = "2026-11-23T02:00:01Z";

fn by(role: Role) -> Chrome {
    chrome(role, Section::Settings)
}

fn admin() -> Chrome {
    by(Role::Admin)
}

pub(crate) fn pages() -> Pages {
    let pages = [people(), tokens(), notifications(), others()].into_iter().flatten();
    pages.filter_map(|(name, html)| Some((format!("settings-{name}"), html.ok()?))).collect()
}

type Drawn = Vec<(&'static str, askama::Result<String>)>;

fn person(name: &str, role: Role, disabled: bool) -> Person {
    Person { name: name.into(), role, disabled, created: AT.into(), updated: AT.into() }
}

fn people() -> Drawn {
    let ada = person("ada@example.com", Role::Admin, false);
    let many = vec![
        ada.clone(),
        person("bo", Role::Editor, false),
        person(HOSTILE, Role::Viewer, true),
        person("אדה", Role::Viewer, false),
    ];
    let typed = Form::read(b"name=x&role=editor");
    let place =
        |at: &str, message: &str| Place { at: at.into(), message: message.into(), hint: Some("choose another".into()) };
    let faults = || Faults::of([place("name", "is taken"), place("password", "is shorter than 15 characters")]);
    vec![
        ("overview", SettingsOverview { chrome: admin() }.render()),
        ("overview-viewer", SettingsOverview { chrome: by(Role::Viewer) }.render()),
        ("people", People::new(admin(), &many).render()),
        ("people-alone", People::new(admin(), std::slice::from_ref(&ada)).render()),
        ("person-new", NewPerson::new(admin(), &Form::default(), &Faults::none()).render()),
        ("person-new-wrong", NewPerson::new(admin(), &typed, &faults()).render()),
        ("person", PersonPage::new(admin(), &many[1], &person_form(&many[1]), &Faults::none()).render()),
        ("person-hostile", PersonPage::new(admin(), &many[2], &person_form(&many[2]), &Faults::none()).render()),
        ("person-me", PersonPage::new(admin(), &ada, &person_form(&ada), &Faults::none()).render()),
    ]
}

fn tokens() -> Drawn {
    let token = |name: &str, expires: &str, revoked: Option<&str>| Token {
        id: "t1".into(),
        name: name.into(),
        shown: "slc_abcd".into(),
        person: "ada@example.com".into(),
        scope: Scope::Run,
        created: AT.into(),
        expires: Some(expires.into()),
        last_used: revoked.is_none().then(|| AT.into()),
        revoked: revoked.map(Into::into),
    };
    let many = [
        token("nightly pipeline", "2027-02-21T02:00:00Z", None),
        token(HOSTILE, "2026-11-22T02:00:00Z", None),
        token(&"long".repeat(60), "2027-02-21T02:00:00Z", Some(AT)),
    ];
    let secret = Secret::new(format!("slc_{}", "x".repeat(43)));
    let viewer =
        Chrome { me: admin().me.map(|me| api::Me { role: Role::Viewer, scope: Scope::Read, ..me }), ..admin() };
    vec![
        ("tokens", Tokens::new(admin(), &many, AT, None).render()),
        ("tokens-made", Tokens::new(admin(), &many, AT, Some(&secret)).render()),
        ("tokens-empty", Tokens::new(viewer.clone(), &[], AT, None).render()),
        ("token-new", NewToken::new(admin(), &Form::default(), &Faults::none()).render()),
        ("token-new-viewer", NewToken::new(viewer, &Form::default(), &Faults::none()).render()),
    ]
}

fn notifications() -> Drawn {
    let default = Notify {
        recipients: Some(vec!["ada@example.com".into(), "bo@example.com".into()]),
        webhooks: Some(vec!["crm".into()]),
        on: Some(vec![NoticeEvent::Failure, NoticeEvent::Rejected, NoticeEvent::Disabled]),
        rejected_over: Some(100),
    };
    let known =
        |mail: Option<&str>| Notifications { revision: 3, default: default.clone(), mail_from: mail.map(Into::into) };
    let webhook = |name: &str| Webhook {
        name: name.into(),
        revision: 2,
        created: AT.into(),
        updated: AT.into(),
        url: "https://hooks.example.com/sluice".into(),
    };
    let webhooks = [webhook("crm"), webhook(HOSTILE)];
    let form = notify_form(&default, 3);
    let cause =
        Cause { message: "the mail server refuses the login: 535".into(), hint: Some("check smtp_user".into()) };
    let tried = [
        NoticeTried { channel: Channel::Webhook, target: "crm".into(), sent: true, cause: None },
        NoticeTried {
            channel: Channel::Mail,
            target: "ada@example.com".into(),
            sent: false,
            cause: Some(cause.clone()),
        },
    ];
    let (sluice, none) = (known(Some("Sluice <sluice@example.com>")), known(None));
    let page = |chrome, known: &Notifications, webhooks: &[Webhook], tried: &[NoticeTried]| {
        NotificationsPage::new(chrome, known, webhooks, &form, &Faults::none(), tried).render()
    };
    let notice = |state, attempts, cause: Option<Cause>| Notice {
        id: "n1".into(),
        created: AT.into(),
        event: NoticeEvent::QuotaParked,
        subject: "[Sluice] nightly waits: today's calls are used up".into(),
        query: Some("nightly".into()),
        job: Some("1ng8pt7tc60j".into()),
        channel: Channel::Mail,
        target: "ada@example.com".into(),
        state,
        attempts,
        next: Some("2026-11-23T03:00:01Z".into()),
        cause,
        ended: None,
    };
    let items = vec![
        notice(NoticeState::Sent, 1, None),
        notice(NoticeState::Waiting, 2, Some(cause.clone())),
        Notice { subject: HOSTILE.into(), ..notice(NoticeState::Failed, 10, Some(cause)) },
    ];
    let list = Page { items, next: Some("n9".into()) };
    let secret = Secret::new("whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=");
    let hook = webhook_form(&webhooks[0]);
    vec![
        ("notifications", page(admin(), &sluice, &webhooks, &tried)),
        ("notifications-viewer", page(by(Role::Viewer), &none, &webhooks, &[])),
        ("notifications-empty", page(by(Role::Editor), &none, &[], &[])),
        ("notices", Notices::new(by(Role::Viewer), &list, &Form::read(b"after=n1"), &Faults::none()).render()),
        ("notices-empty", Notices::new(admin(), &Page::all(vec![]), &Form::default(), &Faults::none()).render()),
        (
            "notices-none",
            Notices::new(admin(), &Page::all(vec![]), &Form::read(b"state=failed"), &Faults::none()).render(),
        ),
        ("webhook", WebhookPage::new(admin(), Some(&webhooks[0]), &hook, &Faults::none(), Some(&secret)).render()),
        ("webhook-new", WebhookPage::new(admin(), None, &Form::default(), &Faults::none(), None).render()),
    ]
}

fn others() -> Drawn {
    let line = |number, action: &str, object: &str| AuditLine {
        number,
        at: AT.into(),
        actor: "ada@example.com (token laptop)".into(),
        address: "192.0.2.17".into(),
        action: action.into(),
        object: object.into(),
        detail: json!({ "role": "admin", "secret_given": true, "none": null }),
    };
    let lines = vec![line(4, "person.change", "bo"), line(3, "query.update", HOSTILE), line(2, "job.start", "nightly")];
    let lines = Page { items: lines, next: Some("2".into()) };
    let wrong =
        Faults::whole("the keys at hand do not open everything", Some("put the old key in the line below".into()));
    vec![
        ("budget", Budget::new(admin(), &connections(), Some("prod"), true).render()),
        ("budget-empty", Budget::new(by(Role::Viewer), &[], None, false).render()),
        ("keys", Keys::new(admin(), None, &Faults::none()).render()),
        ("keys-rotated", Keys::new(admin(), Some(KeysRotated { secrets: 7 }), &Faults::none()).render()),
        ("keys-wrong", Keys::new(admin(), None, &wrong).render()),
        ("audit", Audit::new(admin(), &lines, &Form::read(b"before=5"), &Faults::none()).render()),
        ("audit-empty", Audit::new(admin(), &Page::all(vec![]), &Form::read(b"before=1"), &Faults::none()).render()),
        ("me", MePage::new(by(Role::Viewer), &Faults::none()).render()),
    ]
}
