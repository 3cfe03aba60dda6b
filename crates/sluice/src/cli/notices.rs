//! `sluice notices` and `sluice notifications`: what a server told people, and who is told of what.
//!
//! Knows arguments and screens; sending and deciding are the server's.

use api::client::NoticeQuery;
use api::{Channel, Notice, NoticeEvent, NoticeState, NoticeTest, NoticeTried, Notifications, Notify};
use model::{Problem, Problems, nearest};

use crate::cli::commands::{NoticesCommand, NotificationsCommand, NotifyParts, Whereabouts};
use crate::cli::connections::word;
use crate::cli::door::{Door, Failure, Need, through};
use crate::cli::listing::{pairs, show_json, show_list};
use crate::cli::{Exit, pages, say, show};

fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Mail => "mail",
        Channel::Webhook => "webhook",
    }
}

fn state(state: NoticeState) -> &'static str {
    match state {
        NoticeState::Waiting => "waiting",
        NoticeState::Sent => "sent",
        NoticeState::Failed => "failed",
    }
}

/// `sluice notices`
pub(crate) async fn notices(whereabouts: Whereabouts, command: NoticesCommand) -> Exit {
    let json = whereabouts.json;
    let need = match &command {
        NoticesCommand::List { .. } => Need::There,
        NoticesCommand::Test { .. } => Need::Documents,
    };
    through(&whereabouts, need, async |door| match command {
        NoticesCommand::List { query, state, job, limit } => {
            let state = state.map(|text| word("--state", &text, "waiting, sent or failed")).transpose()?;
            let which = NoticeQuery { query, state, job };
            let client = door.client();
            let page = async |after: Option<&str>, limit| client.notices(&which, after, limit).await;
            let found = pages::first(limit, None, page).await?;
            let heads = ["written", "event", "about", "to", "state", "tries", ""];
            show_list(&found, json, "no notices yet", &heads, row);
            Ok(Exit::Done)
        }
        NoticesCommand::Test { to, webhook } => test(door, to, webhook, json).await,
    })
    .await
}

fn row(notice: &Notice) -> Vec<String> {
    let about = [&notice.query, &notice.job].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
    let cause = notice.cause.as_ref().map(|cause| cause.message.clone());
    let next = notice.next.as_ref().map(|next| format!("next try {next}"));
    let rest: Vec<String> = cause.into_iter().chain(next).collect();
    vec![
        notice.created.clone(),
        notice.event.name().to_owned(),
        about,
        format!("{} {}", channel(notice.channel), notice.target),
        state(notice.state).to_owned(),
        notice.attempts.to_string(),
        rest.join("; "),
    ]
}

/// Sends a notice to those who are named, else to those of the default; the exit code says whether all took it.
async fn test(door: &Door, to: Vec<String>, webhook: Vec<String>, json: bool) -> Result<Exit, Failure> {
    let mut test = NoticeTest { recipients: to, webhooks: webhook };
    if test.recipients.is_empty() && test.webhooks.is_empty() {
        let kept = door.client().notifications().await?.default;
        test =
            NoticeTest { recipients: kept.recipients.unwrap_or_default(), webhooks: kept.webhooks.unwrap_or_default() };
    }
    if test.recipients.is_empty() && test.webhooks.is_empty() {
        let problem = Problem::at("--to", "is missing, and nobody is told by default");
        return Err(problem.hint("name an address with --to, or a webhook with --webhook").into());
    }
    let tried = door.client().test_notices(&test).await?;
    show_list(&tried, json, "nobody was sent anything", &["to", "", "became"], |one: &NoticeTried| {
        let became = if one.sent { "sent" } else { "not sent" };
        vec![channel(one.channel).to_owned(), one.target.clone(), became.to_owned()]
    });
    for one in tried.iter().filter(|one| !one.sent) {
        if let Some(cause) = &one.cause {
            say(&format!("error: {} {}: {}", channel(one.channel), one.target, cause.message));
            cause.hint.iter().for_each(|hint| say(&format!("  hint: {hint}")));
        }
    }
    Ok(if tried.iter().all(|one| one.sent) { Exit::Done } else { Exit::Failed })
}

/// `sluice notifications`
pub(crate) async fn notifications(whereabouts: Whereabouts, command: NotificationsCommand) -> Exit {
    let json = whereabouts.json;
    let need = match &command {
        NotificationsCommand::Show { .. } | NotificationsCommand::Reset { .. } => Need::There,
        NotificationsCommand::Set { query: Some(_), .. } => Need::There,
        NotificationsCommand::Set { query: None, .. } => Need::Documents,
    };
    through(&whereabouts, need, async |door| match command {
        NotificationsCommand::Show { query: None } => {
            show_default(&door.client().notifications().await?, json);
            Ok(Exit::Done)
        }
        NotificationsCommand::Show { query: Some(query) } => {
            show_notify(&door.client().query(&query).await?.spec.notify.unwrap_or_default(), json);
            Ok(Exit::Done)
        }
        NotificationsCommand::Set { query: None, parts } => {
            let found = door.client().notifications().await?;
            let mut default = merged(&parts, found.default)?;
            // Nothing stands behind the default: without a threshold every rejected row is told.
            default.rejected_over.get_or_insert(0);
            show_default(&door.client().put_notifications(&default, Some(found.revision)).await?, json);
            Ok(Exit::Done)
        }
        NotificationsCommand::Set { query: Some(query), parts } => of_query(door, &query, Some(&parts), json).await,
        NotificationsCommand::Reset { query } => of_query(door, &query, None, json).await,
    })
    .await
}

/// Changes who is told of a query; without parts, the default holds again.
async fn of_query(door: &Door, query: &str, parts: Option<&NotifyParts>, json: bool) -> Result<Exit, Failure> {
    let found = door.client().query(query).await?;
    let mut spec = found.spec;
    spec.notify = match parts {
        Some(parts) => Some(merged(parts, spec.notify.unwrap_or_default())?).filter(|told| *told != Notify::default()),
        None => None,
    };
    let saved = door.client().put_query(query, &spec, Some(found.revision)).await?;
    show_notify(&saved.spec.notify.unwrap_or_default(), json);
    Ok(Exit::Done)
}

/// What the arguments make of who is told of what, with all their problems at once.
fn merged(parts: &NotifyParts, mut kept: Notify) -> Result<Notify, Problems> {
    let mut problems = Problems::default();
    let given = |list: &[String]| -> Vec<String> {
        list.iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
    };
    if !parts.recipients.is_empty() {
        kept.recipients = Some(given(&parts.recipients));
    }
    if !parts.webhooks.is_empty() {
        kept.webhooks = Some(given(&parts.webhooks));
    }
    if let Some(text) = &parts.on {
        kept.on = Some(events(text, &mut problems));
    }
    match parts.rejected_over.as_deref().map(str::trim) {
        Some("") => kept.rejected_over = None,
        Some(text) => match text.parse() {
            Ok(rows) => kept.rejected_over = Some(rows),
            Err(_) => problems.push(Problem::at("--rejected-over", "must be a whole number of rows")),
        },
        None => {}
    }
    if parts.recipients.is_empty() && parts.webhooks.is_empty() && parts.on.is_none() && parts.rejected_over.is_none() {
        let problem = Problem::at("notifications set", "has nothing to set");
        problems.push(problem.hint("give --recipient, --webhook, --on or --rejected-over; an empty value clears"));
    }
    problems.or(|| kept)
}

fn events(text: &str, problems: &mut Problems) -> Vec<NoticeEvent> {
    let mut found = Vec::new();
    for given in text.split(',').map(str::trim).filter(|given| !given.is_empty()) {
        if let Some(known) = NoticeEvent::named(given) {
            found.push(known);
            continue;
        }
        let problem = Problem::at("--on", format!("{given} is nothing that people are told of"));
        problems.push(match nearest(given, NoticeEvent::ASKED.map(NoticeEvent::name)) {
            Some(near) => problem.hint(format!("did you mean {near}?")),
            None => problem.hint(format!("the words are {}", NoticeEvent::ASKED.map(NoticeEvent::name).join(", "))),
        });
    }
    found
}

fn show_default(found: &Notifications, json: bool) {
    if json {
        return show_json(found);
    }
    show(&text(&found.default));
    show(&pairs(&[("mail from", found.mail_from.clone().unwrap_or_else(|| "no mail server is set".to_owned()))]));
}

fn show_notify(told: &Notify, json: bool) {
    if json {
        show_json(told);
    } else {
        show(&text(told));
    }
}

/// Who is told of what, for people.
pub(crate) fn text(told: &Notify) -> String {
    let of = |list: Option<Vec<String>>, none: &str| match list {
        None => "the default".to_owned(),
        Some(list) if list.is_empty() => none.to_owned(),
        Some(list) => list.join(", "),
    };
    let on = told.on.as_ref().map(|all| all.iter().map(|one| one.name().to_owned()).collect());
    let over = told.rejected_over.map_or_else(|| "the default".to_owned(), |rows| rows.to_string());
    pairs(&[
        ("recipients", of(told.recipients.clone(), "nobody")),
        ("webhooks", of(told.webhooks.clone(), "none")),
        ("told of", of(on, "nothing")),
        ("rejected rows over", over),
    ])
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn an_empty_value_clears_and_what_is_not_given_stays() {
        let first = NotifyParts {
            recipients: vec!["ada@example.com".into(), " bo@example.com".into()],
            on: Some("failure, disabled".into()),
            rejected_over: Some("100".into()),
            ..NotifyParts::default()
        };
        let kept = merged(&first, Notify::default()).unwrap();
        expect![[r#"
            recipients          ada@example.com, bo@example.com
            webhooks            the default
            told of             failure, disabled
            rejected rows over  100"#]]
        .assert_eq(&text(&kept));
        let second = NotifyParts {
            recipients: vec![String::new()],
            webhooks: vec!["ops".into()],
            rejected_over: Some(String::new()),
            ..NotifyParts::default()
        };
        let changed = merged(&second, kept).unwrap();
        expect![[r#"
            recipients          nobody
            webhooks            ops
            told of             failure, disabled
            rejected rows over  the default"#]]
        .assert_eq(&text(&changed));
        assert_eq!(changed.recipients, Some(Vec::new()));
        assert_eq!(changed.rejected_over, None);
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let wrong = NotifyParts {
            on: Some("failures,test,x".into()),
            rejected_over: Some("many".into()),
            ..NotifyParts::default()
        };
        expect![[r#"
            --on: failures is nothing that people are told of
              hint: did you mean failure?
            --on: test is nothing that people are told of
              hint: the words are success, failure, rejected, quota_parked, reconnect, disabled, recovered
            --on: x is nothing that people are told of
              hint: the words are success, failure, rejected, quota_parked, reconnect, disabled, recovered
            --rejected-over: must be a whole number of rows"#]]
        .assert_eq(&merged(&wrong, Notify::default()).unwrap_err().to_string());
        assert!(merged(&NotifyParts::default(), Notify::default()).is_err());
    }
}
