//! Activations: what they become, what they send, when they run, and who hears of it.

use std::collections::BTreeSet;

use api::{
    ActivationCopy, ActivationLook, ActivationSpec, ActivationTry, Job, JobKind, NoticeEvent, Notify, RunRequest,
    ScheduleState, Scheduled, SlotState,
};
use app::{AppError, Config, JobFilter};
use expect_test::expect;
use model::JobState;
use serde_json::{Value, json};

use crate::bench::{adds_up, until};
use crate::killed::Dice;
use crate::outside::Postbox;
use crate::people::{
    CONTACTS, LOYALTY, People, activation, all, among, attribute, emails, parent_from, people_spec, reference, said,
};
use crate::segments::HOSTILE;
use crate::timed::{DAY, HOUR, MONDAY, moment};

impl People {
    async fn try_look(&self, spec: ActivationSpec) -> Result<ActivationLook, AppError> {
        let request = ActivationTry { activation: spec, rows: Some(100) };
        self.app().try_activation(&self.bench().actor, request).await
    }

    async fn look_at(&self, spec: ActivationSpec) -> ActivationLook {
        self.try_look(spec).await.unwrap_or_else(|error| panic!("{}", said(&error)))
    }

    /// The prospect of this email.
    fn prospect(&self, email: &str) -> Value {
        let found = self.bench().prospects().into_iter().find(|prospect| prospect["email"] == email);
        found.unwrap_or_else(|| panic!("nobody has {email}"))
    }

    /// What became of an activation's scheduled times, oldest first: whole hours since Monday.
    async fn runs(&self, name: &str) -> Vec<(i64, SlotState)> {
        let app = self.app();
        let page = app.schedule_history(&self.bench().actor, Scheduled::Activation, name, None, 500).await;
        let mut slots = page.expect("it has a schedule").items;
        slots.reverse();
        for slot in &slots {
            if let Some(id) = &slot.job_id {
                let job = self.bench().follow(id, |job| job.finished.is_some()).await;
                assert_eq!(job.state, JobState::Success, "{job:?}");
            }
        }
        slots.iter().map(|slot| ((moment(&slot.scheduled) - MONDAY) / HOUR, slot.state)).collect()
    }

    async fn next(&self, name: &str) -> Option<String> {
        let activation = self.app().activation(&self.bench().actor, name).await.expect("it is there");
        activation.schedule.and_then(|schedule| schedule.next)
    }
}

fn refused<T>(result: Result<T, AppError>) -> String {
    match result {
        Ok(_) => "taken".into(),
        Err(error) => said(&error),
    }
}

fn germans() -> Value {
    all(&[among("country", &["DE", "AT"])])
}

/// With a segment `Germans`, which are Ada and Bob.
async fn with_germans() -> People {
    let people = People::new().await;
    people.segment("Germans", germans()).await;
    people
}

/// A mapping with all that there is.
fn rich() -> Value {
    json!({
        "columns": [
            { "id": "c1", "column": "email", "source": { "column": "email_address" } },
            { "column": "score", "source": { "column": "points" } },
            { "column": "comments", "source": {
                "string": "$1 ($2) of $3, exported $4 $5 $$",
                "parameters": [
                    { "type": "SegmentName" }, { "type": "SegmentId" }, { "type": "AudienceId" },
                    { "type": "Timestamp", "format": "yyyy-MM-dd HH:mm", "timezone": "Europe/Berlin" },
                    { "type": "String", "string": "by 'Sluice'" },
                ],
            } },
        ],
        "behaviors": [
            { "behavior": "orders", "join": "last", "columns": [{ "column": "department", "source": { "column": "product" } }] },
            { "behaviorTableName": "orders", "joinStrategy": "Top-N", "joinRow": 2,
              "orderBy": [{ "key": "amount", "order": "desc" }],
              "columns": [{ "column": "custom", "source": { "column": "product" } }] },
        ],
    })
}

#[tokio::test]
async fn an_activation_becomes_the_sql_and_settings_of_a_query() {
    let people = with_germans().await;
    let spec = activation("rich", "Germans", json!({}), rich());
    let made = people.activate(spec.clone()).await;
    assert_eq!((&made.spec, made.revision, made.parent_segment.as_str()), (&spec, 1, "people"));
    let (app, actor) = (people.app(), &people.bench().actor);
    let request = RunRequest { scheduled_time: Some("2026-11-30T23:30:00Z".into()), kind: Some(JobKind::Result) };
    let job = people.run_as("rich", request.clone()).await;
    assert_eq!((job.state, job.kind, job.connection.as_deref()), (JobState::Success, JobKind::Result, None));
    assert_eq!((job.activation.as_deref(), job.query, job.parent_segment), (Some("rich"), None, None));
    assert_eq!(job.scheduled.as_deref(), Some("2026-11-30T23:30:00Z"));
    let sql = people.sql_of(&job.id).await;
    expect![[r#"
        WITH members AS (
          SELECT c.*
          FROM cdp_audience_1.customers c
          WHERE c."country" IN ('DE', 'AT')
        ),
        events_1 AS (
          SELECT cdp_customer_id, value_1
          FROM (
            SELECT
              e.cdp_customer_id,
              e."product" AS value_1,
              ROW_NUMBER() OVER (PARTITION BY e.cdp_customer_id ORDER BY e."ordered_at" DESC NULLS LAST, e."product" DESC NULLS LAST) AS place
            FROM cdp_audience_1.behavior_orders e
          ) ranked
          WHERE place = 1
        ),
        events_2 AS (
          SELECT
            cdp_customer_id,
            MAX(CASE WHEN place = 1 THEN value_1 END) AS value_1,
            MAX(CASE WHEN place = 2 THEN value_1 END) AS value_2
          FROM (
            SELECT
              e.cdp_customer_id,
              e."product" AS value_1,
              ROW_NUMBER() OVER (PARTITION BY e.cdp_customer_id ORDER BY e."amount" DESC NULLS LAST, e."product" ASC NULLS LAST) AS place
            FROM cdp_audience_1.behavior_orders e
          ) ranked
          WHERE place <= 2
          GROUP BY cdp_customer_id
        )
        SELECT
          m."email_address" AS "email",
          m."points" AS "score",
          'Germans (1) of 1, exported ' || TD_TIME_FORMAT(TD_SCHEDULED_TIME(), 'yyyy-MM-dd HH:mm', 'Europe/Berlin') || ' by ''Sluice'' $' AS "comments",
          b1.value_1 AS "department",
          b2.value_1 AS "custom_1",
          b2.value_2 AS "custom_2"
        FROM members m
        LEFT JOIN events_1 b1
          ON b1.cdp_customer_id = m.cdp_customer_id
        LEFT JOIN events_2 b2
          ON b2.cdp_customer_id = m.cdp_customer_id
        ORDER BY m.cdp_customer_id"#]].assert_eq(&sql);
    expect![[r#"
        email | score | comments | department | custom_1 | custom_2
        ada@example.com | 120.0 | Germans (1) of 1, exported 2026-11-23 01:00 by 'Sluice' $ | pen | book | pen
        bob@example.com | 80.0 | Germans (1) of 1, exported 2026-11-23 01:00 by 'Sluice' $ | book | book | -"#]]
    .assert_eq(&people.rows(&sql).await.expect("it runs in the workbench"));

    // One key is one run.
    let first = app.run_activation(actor, "rich", request.clone(), Some("k")).await.expect("begun");
    let second = app.run_activation(actor, "rich", request.clone(), Some("k")).await.expect("begun");
    assert_eq!((first.1, second.1, &first.0.id), (false, true, &second.0.id));
    let other = app.run_activation(actor, "rich", RunRequest::default(), Some("k")).await.expect_err("another request");
    let nobody = app.run_activation(actor, "rihc", request, None).await.expect_err("no such");
    expect![[r#"
        Idempotency-Key: was used for another request
          hint: use a new key for every new request
        there is no activation rihc
          hint: did you mean rich?"#]]
    .assert_eq(&[said(&other), said(&nobody)].join("\n"));
    let filter = JobFilter { activation: Some("rich".into()), ..JobFilter::default() };
    let ids: Vec<String> =
        app.jobs(actor, &filter, None, 10).await.expect("jobs").items.into_iter().map(|job| job.id).collect();
    assert_eq!(ids, [first.0.id, job.id]);
}

#[tokio::test]
async fn what_is_looked_at_is_what_is_sent() {
    let people = with_germans().await;
    let sandbox = &people.bench().sandbox;
    sandbox.add_custom_field(&people.bench().unit(), "custom_1", "Text");
    sandbox.add_custom_field(&people.bench().unit(), "custom_2", "Text");
    people.bench().upload("contacts", &CONTACTS.replace("Bob,AT,80", "Bob,AT,80.5")).await;
    people.refresh().await;
    for settings in [json!({}), json!({ "upsert_by_email": true }), json!({ "max_payload": 700 })] {
        people.bench().sandbox.reset();
        sandbox.add_custom_field(&people.bench().unit(), "custom_1", "Text");
        sandbox.add_custom_field(&people.bench().unit(), "custom_2", "Text");
        let mut settings = settings;
        settings["skip_invalid_records"] = json!(true);
        let spec = activation("rich", "Germans", settings.clone(), rich());
        let look = people.look_at(spec.clone()).await;
        assert!(people.bench().prospects().is_empty(), "nothing is sent by looking");
        assert_eq!((look.count, look.rows.len()), (2, 2), "{settings}");
        people.activate(spec).await;
        let job = people.run("rich").await;
        assert_eq!((adds_up(&job).delivered, adds_up(&job).rejected), (1, 1), "{job:?}");
        assert_eq!(people.sql_of(&job.id).await, look.sql);
        let prospect = people.prospect("ada@example.com");
        let Some(Value::Object(record)) = look.rows[0].record.clone() else { panic!("{:?}", look.rows[0]) };
        assert!(record.len() >= 4, "{record:?}");
        for (field, value) in &record {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            assert_eq!(text(&prospect[field]), text(value), "{field} in {settings}");
        }
        assert_eq!(look.rows[1].record, None);
        let report = people.app().report(&people.bench().actor, &job.id).await.expect("a report");
        let rejected = look.rows[1].rejected.clone().expect("it will be rejected");
        assert!(report.rows.rejected == 1 && !rejected.message.contains("80.5"), "{rejected:?}");
    }
    let look = people.look_at(activation("rich", "Germans", json!({}), rich())).await;
    let fields: Vec<String> = look
        .fields
        .iter()
        .map(|field| {
            format!("{} ← {} ({}) → {:?} {:?}", field.column, field.source, field.r#type, field.field, field.remark)
        })
        .collect();
    expect![[r#"
        email ← attribute email_address (TEXT) → Some("text") None
        score ← attribute points (DOUBLE) → Some("integer") Some("DOUBLE may not fit a field of kind integer")
        comments ← string (TEXT) → Some("text") None
        department ← orders.product (last) (TEXT) → Some("text") None
        custom_1 ← orders.product (1 of the top 2) (TEXT) → Some("custom") Some("no standard field; the account's own fields are not known: test the connection, or the job asks before it sends")
        custom_2 ← orders.product (2 of the top 2) (TEXT) → Some("custom") Some("no standard field; the account's own fields are not known: test the connection, or the job asks before it sends")"#]]
    .assert_eq(&fields.join("\n"));
}

#[tokio::test]
async fn columns_that_are_no_fields_are_refused_with_the_nearest_name() {
    let people = with_germans().await;
    people.bench().sandbox.add_custom_field(&people.bench().unit(), "Favourite_Colour", "Text");
    people.app().account(&people.bench().actor, "prod", true).await.expect("its fields are read");
    let column = |column: &str, source: &str| json!({ "column": column, "source": { "column": source } });
    let output = json!({ "columns": [
        column("emial", "email_address"), column("first_nam", "first_name"), column("score", "pints"),
        column("email", "email_address"), column("email", "first_name"), column("", "first_name"),
    ] });
    let mut told = vec![refused(people.try_activate(activation("a", "Germans", json!({}), output)).await)];
    let fields = json!({ "columns": [
        column("email", "email_address"), column("emial", "email_address"), column("first_nam", "first_name"),
        column("score", "first_name"), column("FirstName", "first_name"),
    ] });
    told.push(refused(people.try_activate(activation("a", "Germans", json!({}), fields.clone())).await));
    let look = people.look_at(activation("a", "Germans", json!({}), fields)).await;
    assert_eq!((look.count, look.rows.len()), (2, 0));
    for field in look.fields {
        let problem = field.problem.map(|cause| format!("{} ({})", cause.message, cause.hint.unwrap_or_default()));
        told.push(format!("{}: {:?} {:?} {:?}", field.column, field.field, problem, field.remark));
    }
    let everything = json!({ "all_columns": true });
    told.push(refused(people.try_activate(activation("a", "Germans", json!({}), everything)).await));
    told.push(refused(people.try_activate(activation("a", "Germans", json!({}), json!({}))).await));
    let mut wrong = activation("<a>", "German", json!({ "data_object": "prospect", "maximum_retries": -1 }), emails());
    wrong.export.connection = "prd".into();
    wrong.schedule =
        Some(serde_json::from_value(json!({ "repeat": "weekly", "days": ["monday?"] })).expect("a schedule"));
    told.push(refused(people.try_activate(wrong.clone()).await));
    told.push(refused(people.try_look(wrong).await));
    let memberships = json!({ "data_object": "list_memberships" });
    told.push(refused(people.try_activate(activation("a", "Germans", memberships, emails())).await));
    expect![[r#"
        activation.output.columns[2].source.column: the profiles have no column pints
          hint: did you mean points?
        activation.output.columns[4].column: the name email stands twice
          hint: activation.output.columns[3] has it already: give one of them another name
        activation.output.columns[5].column: has no name
          hint: name the field that it goes to
        activation.output.columns[0]: emial is no field of a prospect
          hint: did you mean email?
        activation.output.columns[1]: first_nam is no field of a prospect
          hint: did you mean first_name?
        activation.output.columns[3]: email stands twice in the result
          hint: give one of them another name

        activation.output.columns[1]: emial is no field of a prospect
          hint: did you mean email?
        activation.output.columns[2]: first_nam is no field of a prospect
          hint: did you mean first_name?
        activation.output.columns[4]: FirstName is no field of a prospect
          hint: did you mean first_name?

        email: Some("text") None None

        emial: None Some("is no field of a prospect (did you mean email?)") None

        first_nam: None Some("is no field of a prospect (did you mean first_name?)") None

        score: Some("integer") None Some("rows whose text is no whole number are rejected")

        FirstName: None Some("is no field of a prospect (did you mean first_name?)") None

        activation.output: no key: the result has no column id, fid or email
          hint: select the column that says which prospect a row is about
        activation.output.all_columns: contact_id is no field of a prospect
          hint: see `sluice fields` for the fields of your account
        activation.output.all_columns: email_address is no field of a prospect
          hint: see `sluice fields` for the fields of your account
        activation.output.all_columns: points is no field of a prospect
          hint: see `sluice fields` for the fields of your account
        activation.output.all_columns: status is no field of a prospect
          hint: see `sluice fields` for the fields of your account
        activation.output.all_columns: tier is no field of a prospect
          hint: see `sluice fields` for the fields of your account

        activation.output: sends no columns
          hint: add columns, or send all of them with all_columns
        activation.output: no key: the result has no column id, fid or email
          hint: select the column that says which prospect a row is about

        activation.name: has characters that a name cannot have
          hint: letters, digits, space, -, _ and . ; first a letter or digit; at most 100
        activation.schedule.days[0]: is no day of the week
          hint: did you mean mon?
        activation.export.settings.data_object: must be one of prospects, list_memberships
          hint: did you mean prospects?
        activation.export.settings.maximum_retries: must be a whole number from 0 to 1000
          hint: How often a failed call is repeated before the job parks. Waiting for a limit does not count.
        activation.export.connection: there is no connection prd
          hint: did you mean prod?
        activation.segment: there is no segment German
          hint: did you mean Germans?

        activation.export.settings.data_object: must be one of prospects, list_memberships
          hint: did you mean prospects?
        activation.export.settings.maximum_retries: must be a whole number from 0 to 1000
          hint: How often a failed call is repeated before the job parks. Waiting for a limit does not count.
        activation.export.connection: there is no connection prd
          hint: did you mean prod?
        activation.segment: there is no segment German
          hint: did you mean Germans?

        activation.output: column prospect_id is required for list_memberships
          hint: SELECT … AS prospect_id
        activation.output: column list_id is required for list_memberships
          hint: SELECT … AS list_id
        activation.output.columns[0]: email is no field of a list membership
          hint: select prospect_id and list_id alone
        activation.output.columns[1]: first_name is no field of a list membership
          hint: select prospect_id and list_id alone"#]]
    .assert_eq(&told.join("\n\n"));
}

/// Tables by chance, and which of their people a segment is to choose.
fn drawn(dice: &mut Dice, people: i64, ids: &[u64]) -> (String, String, BTreeSet<usize>) {
    let mut contacts = String::from("contact_id,email_address,country,points,prospect\n");
    let (mut orders, mut chosen) = (String::from("contact_id,amount,ordered_at\n"), BTreeSet::new());
    for row in 0..people {
        let country = ["DE", "AT", "CH", ""][usize::try_from(dice.throw(4)).expect("few")];
        let points = dice.throw(100);
        let at = usize::try_from(row).expect("few");
        let known = if points % 7 == 0 { String::new() } else { points.to_string() };
        contacts.push_str(&format!("{row},p{row}@example.com,{country},{known},{}\n", ids[at]));
        let mut sum = 0;
        for _ in 0..dice.throw(4) {
            let amount = dice.throw(50);
            let age = dice.throw(20);
            orders.push_str(&format!("{row},{amount},{}\n", MONDAY - age * DAY - 1));
            // Less than ten days ago.
            sum += if age < 10 { amount } else { 0 };
        }
        let points = (!known.is_empty()).then_some(points);
        if (["DE", "AT"].contains(&country) && points.is_some_and(|points| points >= 30)) || sum > 60 {
            chosen.insert(at);
        }
    }
    (contacts, orders, chosen)
}

#[tokio::test]
async fn lists_and_memberships_are_as_an_oracle_says() {
    const PEOPLE: usize = 300;
    let people = People::tables(|_| {}).await;
    let (bench, unit) = (people.bench(), people.bench().unit());
    for list in [101, 102] {
        bench.sandbox.add_list_with_id(&unit, list, &format!("list {list}"), false);
    }
    let add = |row| bench.sandbox.add_prospect(&unit, json!({ "email": format!("p{row}@example.com") }));
    let ids: Vec<u64> = (0..PEOPLE).map(add).collect();
    let mut dice = Dice(4_711);
    let spec = parent_from(json!({
        "name": "people", "master": { "table": "contacts", "key": "contact_id" },
        "attributes": [{ "name": "points", "type": "number" }],
        "behaviors": [{ "name": "orders", "table": "orders", "time": "ordered_at", "columns": [
            { "name": "amount", "type": "number" }, { "name": "ordered_at" },
        ] }],
    }));
    let sum = json!({
        "type": "Value",
        "leftValue": { "source": { "name": "behavior_orders" }, "aggregation": { "type": "Sum", "column": "amount" },
                       "window": { "type": "TimeSliding", "duration": { "day": 10 } } },
        "operator": { "type": "Greater", "rightValue": 60 },
    });
    let both =
        [among("country", &["DE", "AT"]), attribute("points", json!({ "type": "GreaterEqual", "rightValue": 30 }))];
    let rule = json!({ "type": "Or", "conditions": [
        { "type": "And", "conditions": both }, { "type": "And", "conditions": [sum] },
    ] });
    let complement = all(&[json!({ "type": "Reference", "id": "In", "exclude": true })]);
    let emails = json!({ "columns": [{ "column": "email", "source": { "column": "email_address" } }] });
    let pairs = json!({ "columns": [
        { "column": "list_id", "source": { "string": "102" } }, { "column": "prospect_id", "source": { "column": "prospect" } },
    ] });
    let list = |operation: &str| json!({ "prospect_lists": "101", "prospect_list_operation": operation });
    let pair = |operation: &str| json!({ "data_object": "list_memberships", "list_membership_operation": operation });
    for round in 0..3 {
        let (contacts, orders, chosen) = drawn(&mut dice, PEOPLE as i64, &ids);
        bench.upload("contacts", &contacts).await;
        bench.upload("orders", &orders).await;
        people.put_parent(spec.clone()).await.unwrap_or_else(|error| panic!("{}", said(&error)));
        people.refresh().await;
        people.segment("In", rule.clone()).await;
        people.segment("Out", complement.clone()).await;
        let activations = [
            activation("add", "In", list("add"), emails.clone()),
            activation("remove", "Out", list("remove"), emails.clone()),
            activation("join", "In", pair("upsert"), pairs.clone()),
            activation("leave", "Out", pair("delete"), pairs.clone()),
        ];
        for spec in activations {
            let name = spec.name.clone();
            let look = people.look_at(spec.clone()).await;
            people.activate(spec).await;
            let job = people.run(&name).await;
            let inside = ["add", "join"].contains(&name.as_str());
            let wanted = if inside { chosen.len() } else { PEOPLE - chosen.len() } as u64;
            assert_eq!(
                (job.state, adds_up(&job).delivered, look.count),
                (JobState::Success, wanted, wanted),
                "{job:?}"
            );
        }
        for list in [101, 102] {
            let on =
                |id: &u64| bench.sandbox.membership(&unit, list, *id).is_some_and(|membership| !membership.deleted);
            let members: BTreeSet<usize> = (0..PEOPLE).filter(|row| on(&ids[*row])).collect();
            assert_eq!(members, chosen, "list {list} in round {round}");
        }
    }
    assert_eq!(bench.prospects().len(), PEOPLE, "nobody came twice");
}

#[tokio::test]
async fn one_that_is_disabled_runs_neither_by_itself_nor_by_hand() {
    let people = with_germans().await;
    let (app, actor) = (people.app(), &people.bench().actor);
    let mut spec = activation("a", "Germans", json!({}), emails());
    spec.schedule = Some(
        serde_json::from_value(json!({ "repeat": "hourly", "start": "2026-11-23 00:00", "overlap": "queue" }))
            .expect("one"),
    );
    people.activate(spec.clone()).await;
    assert_eq!(people.next("a").await.as_deref(), Some("2026-11-23T01:00:00Z"));
    people.timed.at(MONDAY + HOUR).await;
    let off = app.enable_activation(actor, "a", false).await.expect("disabled");
    assert_eq!((off.spec.enabled, off.revision), (false, 2));
    let schedule = off.schedule.expect("it is shown");
    assert_eq!((schedule.state, schedule.next), (ScheduleState::Paused, None));
    let mut told = vec![refused(app.run_activation(actor, "a", RunRequest::default(), None).await)];
    told.push(refused(app.enable_activation(actor, "a", false).await));
    told.push(refused(app.schedule(actor, Scheduled::Activation, "a").await));
    for hour in 2..5 {
        people.timed.at(MONDAY + hour * HOUR).await;
    }
    let jobs = async || {
        let filter = JobFilter { activation: Some("a".into()), ..JobFilter::default() };
        app.jobs(actor, &filter, None, 100).await.expect("jobs").items.len()
    };
    assert_eq!(jobs().await, 1, "nothing since it is disabled");
    app.enable_activation(actor, "a", true).await.expect("enabled");
    told.push(refused(app.enable_activation(actor, "a", true).await));
    people.timed.at(MONDAY + 5 * HOUR).await;
    // What passed meanwhile is neither caught up nor missed.
    let ran: Vec<i64> =
        people.runs("a").await.into_iter().filter(|(_, state)| *state == SlotState::Run).map(|(at, _)| at).collect();
    assert_eq!((ran, jobs().await), (vec![1, 5], 2));
    // The same through the document.
    app.put_activation(actor, "a", ActivationSpec { enabled: false, ..spec }, None).await.expect("taken");
    people.timed.at(MONDAY + 6 * HOUR).await;
    assert_eq!(jobs().await, 2);
    told.push(refused(app.enable_activation(actor, "b", true).await));
    expect![[r#"
        activation a is disabled
          hint: enable it first
        activation a is disabled already
        activation a has no schedule
          hint: give it one, schedule: {cron: "@daily"}, or enable it if it is disabled
        activation a is enabled already
        there is no activation b
          hint: did you mean a?"#]]
    .assert_eq(&told.join("\n"));
}

#[tokio::test]
async fn a_copy_is_disabled_until_somebody_enables_it() {
    let people = with_germans().await;
    let (app, actor) = (people.app(), &people.bench().actor);
    let mut spec = activation("a", "Germans", json!({}), rich());
    spec.schedule =
        Some(serde_json::from_value(json!({ "repeat": "daily", "start": "2026-11-23 02:00" })).expect("one"));
    spec.notify = Some(Notify { recipients: Some(vec!["ada@example.com".into()]), ..Notify::default() });
    people.activate(spec.clone()).await;
    let copy = |name: &str| ActivationCopy { name: name.into() };
    let copied = app.copy_activation(actor, "a", copy("b")).await.expect("copied");
    assert_eq!(copied.spec, ActivationSpec { name: "b".into(), enabled: false, ..spec.clone() });
    let schedule = copied.schedule.expect("it is shown");
    assert_eq!((schedule.state, schedule.next, copied.last_job), (ScheduleState::Paused, None, None));
    let mut told = vec![refused(app.copy_activation(actor, "a", copy("b")).await)];
    told.push(refused(app.copy_activation(actor, "a", copy("")).await));
    told.push(refused(app.copy_activation(actor, "x", copy("c")).await));
    people.timed.at(MONDAY + 3 * HOUR).await;
    assert!(app.activation(actor, "b").await.expect("it is there").last_job.is_none(), "nothing runs");
    app.enable_activation(actor, "b", true).await.expect("enabled");
    assert_eq!(people.next("b").await.as_deref(), Some("2026-11-24T02:00:00Z"));
    let page = app.activations(actor, Some("Germans"), None, 1).await.expect("a page");
    assert_eq!((page.items.len(), page.next.as_deref()), (1, Some("a")));
    let page = app.activations(actor, Some("Germans"), Some("a"), 10).await.expect("a page");
    assert_eq!(page.items.into_iter().map(|found| found.spec.name).collect::<Vec<_>>(), ["b"]);
    told.push(refused(app.activations(actor, Some("German"), None, 10).await));
    // Under another name it is the same one.
    let renamed = ActivationSpec { name: "c".into(), ..spec };
    let (renamed, new) = app.put_activation(actor, "a", renamed, None).await.expect("taken");
    assert_eq!((renamed.spec.name.as_str(), new, renamed.last_job.is_some()), ("c", false, true));
    let taken = ActivationSpec { name: "b".into(), ..renamed.spec };
    told.push(refused(app.put_activation(actor, "c", taken, None).await));
    expect![[r#"
        there is an activation b already
          hint: choose another name, or change that one
        activation.name: is missing
          hint: letters, digits, space, -, _ and . ; first a letter or digit; at most 100
        there is no activation x
          hint: did you mean a?
        there is no segment German
          hint: did you mean Germans?
        there is an activation b already
          hint: choose another name, or change that one"#]]
    .assert_eq(&told.join("\n"));
}

#[tokio::test]
async fn once_and_weekly_with_a_start_and_an_end() {
    let people = with_germans().await;
    let schedule = |document: Value| Some(serde_json::from_value(document).expect("a schedule"));
    let mut once = activation("once", "Germans", json!({}), emails());
    once.schedule = schedule(json!({ "repeat": "once", "start": "2026-11-23 06:00", "timezone": "Europe/Berlin" }));
    people.activate(once).await;
    let mut weekly = activation("weekly", "Germans", json!({}), emails());
    weekly.schedule = schedule(json!({
        "repeat": "weekly", "days": ["mon", "thu"], "start": "2026-11-24 06:00", "end": "2026-12-03", "overlap": "queue",
    }));
    people.activate(weekly).await;
    assert_eq!(people.next("once").await.as_deref(), Some("2026-11-23T05:00:00Z"));
    assert_eq!(people.next("weekly").await.as_deref(), Some("2026-11-26T06:00:00Z"));
    for hour in (0..24 * 21).filter(|hour| hour % 24 < 8) {
        people.timed.at(MONDAY + hour * HOUR).await;
        if hour % 24 == 7 {
            // Nobody waits behind another.
            people.runs("once").await;
            people.runs("weekly").await;
        }
    }
    assert_eq!(people.runs("once").await, [(5, SlotState::Run)]);
    let days = [3 * 24 + 6, 7 * 24 + 6, 10 * 24 + 6].map(|hour| (hour, SlotState::Run));
    assert_eq!(people.runs("weekly").await, days);
    assert_eq!((people.next("once").await, people.next("weekly").await), (None, None));
    // Each run is of its own time.
    let page = people.app().schedules(&people.bench().actor, None, 10).await.expect("schedules").items;
    assert_eq!(
        page.iter().map(|view| (view.of, view.query.as_str())).collect::<Vec<_>>(),
        [(Scheduled::Activation, "once"), (Scheduled::Activation, "weekly"),]
    );
}

/// With a mail server, and a parent segment that belongs to somebody.
async fn owned(postbox: &Postbox, owner: &str) -> People {
    let smtp = postbox.settings();
    let people = People::tables(move |config: &mut Config| config.smtp = Some(smtp.clone())).await;
    let spec = api::ParentSegmentSpec { owner: Some(owner.into()), ..people_spec() };
    people.put_parent(spec).await.expect("taken");
    people.refresh().await;
    people.segment("Germans", germans()).await;
    people
}

fn told(recipients: &[&str], on: &[NoticeEvent]) -> Notify {
    let recipients = recipients.iter().map(|address| (*address).to_owned()).collect();
    Notify { recipients: Some(recipients), on: Some(on.to_vec()), ..Notify::default() }
}

impl People {
    /// Everybody who hears of a job, once all mails are out.
    async fn hear(&self, job: &Job, postbox: &mut Postbox) -> Vec<String> {
        // Whoever is told is told in one go, and the mails of one outcome are out when none is on its way.
        self.bench().follow(&job.id, |job| job.progress.is_none()).await;
        let done = || async {
            let filter = app::NoticeFilter { job: Some(job.id.clone()), ..app::NoticeFilter::default() };
            let page = self.app().notices(&self.bench().actor, &filter, None, 100).await.expect("notices").items;
            let sent = !page.is_empty() && page.iter().all(|notice| notice.state == api::NoticeState::Sent);
            sent.then_some(())
        };
        until("the mails are out", done).await;
        let mut heard: Vec<String> =
            postbox.rest().into_iter().map(|mail| format!("{}: {}", mail.to, mail.header("Subject"))).collect();
        heard.sort();
        heard
    }
}

#[tokio::test]
async fn recipients_hear_what_they_want_and_the_owner_of_every_failure() {
    const BOTH: [NoticeEvent; 2] = [NoticeEvent::Success, NoticeEvent::Failure];
    let mut postbox = Postbox::start().await;
    let people = owned(&postbox, "crm@example.com").await;
    let bad = CONTACTS.replace("ada@example.com", "nobody");
    let cases: [(&str, &str, Notify); 4] = [
        ("both, good", CONTACTS, told(&["ada@example.com", "bob@example.com"], &BOTH)),
        ("both, bad", &bad, told(&["ada@example.com", "bob@example.com"], &BOTH)),
        ("success alone, bad", &bad, told(&["ada@example.com"], &[NoticeEvent::Success])),
        ("the owner himself, bad", &bad, told(&["crm@example.com"], &BOTH)),
    ];
    let mut heard = Vec::new();
    for (name, contacts, notify) in cases {
        people.bench().upload("contacts", contacts).await;
        people.refresh().await;
        let spec = ActivationSpec { notify: Some(notify), ..activation("a", "Germans", json!({}), emails()) };
        people.activate(spec).await;
        let job = people.run("a").await;
        heard.push(format!("{name}\n  {}", people.hear(&job, &mut postbox).await.join("\n  ")));
    }
    expect![[r#"
        both, good
          ada@example.com: [Sluice] a succeeded: 2 rows delivered
          bob@example.com: [Sluice] a succeeded: 2 rows delivered
        both, bad
          ada@example.com: [Sluice] a stopped at a rejected row
          bob@example.com: [Sluice] a stopped at a rejected row
          crm@example.com: [Sluice] a stopped at a rejected row
        success alone, bad
          crm@example.com: [Sluice] a stopped at a rejected row
        the owner himself, bad
          crm@example.com: [Sluice] a stopped at a rejected row"#]]
    .assert_eq(&heard.join("\n"));
}

#[tokio::test]
async fn the_owner_hears_of_a_run_that_could_not_begin() {
    let mut postbox = Postbox::start().await;
    let people = owned(&postbox, "crm@example.com").await;
    let mut spec = activation("a", "Germans", json!({}), emails());
    spec.schedule = Some(serde_json::from_value(json!({ "cron": "@hourly" })).expect("one"));
    people.activate(spec).await;
    // The profiles lose what is sent, after a refresh.
    let mut contacts = people_spec();
    contacts.owner = Some("crm@example.com".into());
    people.bench().upload("contacts", &CONTACTS.replace("first_name", "given_name")).await;
    people.put_parent(contacts).await.expect("taken");
    people.refresh().await;
    people.timed.at(MONDAY + HOUR).await;
    let view = people.app().schedule(&people.bench().actor, Scheduled::Activation, "a").await.expect("a schedule");
    let id = view.last.and_then(|slot| slot.job_id).expect("a job");
    let job = people.bench().follow(&id, |job| job.finished.is_some()).await;
    assert_eq!((job.state, people.bench().counters().calls), (JobState::Failed, 0), "nothing is sent");
    let by_hand = people.app().run_activation(&people.bench().actor, "a", RunRequest::default(), None).await;
    let heard = people.hear(&job, &mut postbox).await;
    assert!(heard.len() == 1 && heard[0].starts_with("crm@example.com: [Sluice] a failed: "), "{heard:?}");
    let cause = job.cause.clone().expect("a cause");
    assert!(!cause.message.contains('\n') && cause.hint.is_some(), "a message in one line, and a hint: {cause:?}");
    assert!(job.sentence.contains("The profiles have no column first_name"), "{}", job.sentence);
    expect![[r#"
        activation.output.columns[1].source.column: the profiles have no column first_name
          hint: columns are contact_id, email_address, given_name, country, points, status, tier"#]]
    .assert_eq(&refused(by_hand));
}

#[tokio::test]
async fn an_owner_who_is_a_recipient_hears_once_however_the_address_is_written() {
    let mut postbox = Postbox::start().await;
    let people = owned(&postbox, "crm@example.com").await;
    people.bench().upload("contacts", &CONTACTS.replace("ada@example.com", "nobody")).await;
    people.refresh().await;
    let notify = Some(told(&["crm@EXAMPLE.com"], &[NoticeEvent::Failure]));
    people.activate(ActivationSpec { notify, ..activation("a", "Germans", json!({}), emails()) }).await;
    let job = people.run("a").await;
    assert_eq!(people.hear(&job, &mut postbox).await.len(), 1);
}

#[tokio::test]
async fn nobody_sends_a_segment_or_through_a_connection_that_goes_meanwhile() {
    let people = with_germans().await;
    let (app, actor) = (people.app(), &people.bench().actor);
    app.create_connection(actor, people.bench().spec("other")).await.expect("taken");
    for _ in 0..20 {
        people.segment("Brief", germans()).await;
        let spec = activation("a", "Brief", json!({}), emails());
        let (put, gone) = tokio::join!(people.try_activate(spec), app.delete_segment(actor, "Brief"));
        assert!(put.is_ok() != gone.is_ok(), "segment: {put:?} {gone:?}");
        if put.is_ok() {
            app.delete_activation(actor, "a").await.expect("deleted");
            app.delete_segment(actor, "Brief").await.expect("deleted");
        }
        let mut spec = activation("b", "Germans", json!({}), emails());
        spec.export.connection = "other".into();
        let (put, gone) = tokio::join!(people.try_activate(spec), app.delete_connection(actor, "other"));
        assert!(put.is_ok() != gone.is_ok(), "connection: {put:?} {gone:?}");
        if put.is_ok() {
            app.delete_activation(actor, "b").await.expect("deleted");
        } else {
            app.create_connection(actor, people.bench().spec("other")).await.expect("taken");
        }
    }
}

#[tokio::test]
async fn twenty_may_be_told() {
    let people = with_germans().await;
    let many = |number: usize| {
        let recipients = (0..number).map(|number| format!("p{number}@example.com")).collect();
        let notify = Notify { recipients: Some(recipients), ..Notify::default() };
        ActivationSpec { notify: Some(notify), ..activation("a", "Germans", json!({}), emails()) }
    };
    people.activate(many(20)).await;
    expect![[r#"
        activation.notify.recipients: has more than 20 addresses
          hint: use a mailing list"#]]
    .assert_eq(&refused(people.try_activate(many(21)).await));
}

#[tokio::test]
async fn rows_of_an_activation_are_sent_again_as_they_were() {
    let people = with_germans().await;
    let (app, actor) = (people.app(), &people.bench().actor);
    people.activate(activation("a", "Germans", json!({}), emails())).await;
    let job = people.run("a").await;
    assert_eq!((adds_up(&job).delivered, job.has_result), (2, true), "{job:?}");
    people.bench().upload("contacts", &CONTACTS.replace("AT", "XX")).await;
    people.refresh().await;
    let (again, _) = app.reexport(actor, &job.id, None).await.expect("begun");
    let again = people.bench().follow(&again.id, |job| job.finished.is_some()).await;
    assert_eq!((adds_up(&again).delivered, again.parent.as_deref()), (2, Some(job.id.as_str())));
    assert_eq!((again.activation.as_deref(), again.connection.as_deref()), (Some("a"), Some("prod")));
    assert_eq!(adds_up(&people.run("a").await).delivered, 1, "a run reads the profiles of today");
    // With the export of today.
    people.bench().sandbox.add_list_with_id(&people.bench().unit(), 101, "list", false);
    people.activate(activation("a", "Germans", json!({ "prospect_lists": "101" }), emails())).await;
    let (again, _) = app.reexport(actor, &job.id, None).await.expect("begun");
    people.bench().follow(&again.id, |job| job.finished.is_some()).await;
    assert_eq!(people.prospect("bob@example.com")["lists"], json!([101]));
    // And when it is gone, with its own.
    app.delete_activation(actor, "a").await.expect("deleted");
    let (again, _) = app.reexport(actor, &job.id, None).await.expect("begun");
    let again = people.bench().follow(&again.id, |job| job.finished.is_some()).await;
    assert_eq!((again.state, again.activation.as_deref()), (JobState::Success, Some("a")));
    let refresh = people.parent().await.snapshot.expect("refreshed").job;
    expect![[r#"
        job <job> refreshed profiles: it has no rows to send
          hint: run an activation of a segment"#]]
    .assert_eq(&refused(app.reexport(actor, &refresh, None).await).replace(&refresh, "<job>"));
}

#[tokio::test]
async fn strings_and_names_stay_what_they_are() {
    let people = People::new().await;
    // A name has no odd characters but these.
    let name = "Überfällige - 50. _a";
    people.segment(name, germans()).await;
    let mut columns = vec![json!({ "column": "email", "source": { "column": "email_address" } })];
    let fields = [
        "first_name",
        "last_name",
        "company",
        "website",
        "job_title",
        "department",
        "city",
        "state",
        "zip",
        "country",
        "address_one",
        "address_two",
        "comments",
        "notes",
    ];
    let texts: Vec<&str> = HOSTILE.into_iter().filter(|text| !text.contains('\0')).collect();
    for (index, text) in texts.iter().enumerate() {
        let source = json!({
            "string": format!("{}$1|$2$$", text.replace('$', "$$")),
            "parameters": [{ "type": "String", "string": text }, { "type": "SegmentName" }],
        });
        columns.push(json!({ "column": fields[index], "source": source }));
    }
    let spec = activation("odd", name, json!({}), json!({ "columns": columns }));
    let look = people.look_at(spec.clone()).await;
    assert_eq!((look.count, look.rows.len()), (2, 2));
    people.activate(spec).await;
    let job = people.run("odd").await;
    assert_eq!((job.state, adds_up(&job).delivered), (JobState::Success, 2), "{job:?}");
    for (index, text) in texts.iter().enumerate() {
        let wanted = json!(format!("{text}{text}|{name}$"));
        for row in &look.rows {
            let record = row.record.as_ref().expect("it will be sent");
            assert_eq!(record[fields[index]], wanted, "{text:?}");
        }
        assert_eq!(people.prospect("ada@example.com")[fields[index]], wanted, "{text:?}");
    }
    // What somebody typed wrongly is said where it stands.
    let source = |source: Value| {
        json!({ "columns": [
        { "column": "email", "source": { "column": "email_address" } }, { "column": "comments", "source": source },
    ] })
    };
    let mut told = Vec::new();
    for wrong in [
        json!({ "string": "$2 $ $0", "parameters": [{ "type": "String", "string": "a" }] }),
        json!({ "parameters": [{ "type": "Timestamp", "format": "YYYY-MM-dd" }, { "type": "Timestamp", "timezone": "Mars" }] }),
        json!({ "string": "a\u{0}b" }),
        json!({ "parameters": [] }),
        json!({ "parameters": [{ "type": "Timestamp", "format": "'; DROP TABLE x; --" }] }),
        json!({ "column": "nobody\"; --" }),
    ] {
        let spec = activation("wrong", name, json!({}), source(wrong.clone()));
        told.push(format!("{wrong}: {}", refused(people.try_activate(spec).await)));
    }
    expect![[r#"
        {"string":"$2 $ $0","parameters":[{"type":"String","string":"a"}]}: activation.output.columns[1].source.string: there is no parameter $2
          hint: $1 is the one parameter; $$ is a dollar
        activation.output.columns[1].source.string: has a $ that stands for nothing
          hint: $1 is the first parameter, $$ a dollar
        activation.output.columns[1].source.string: there is no parameter $0
          hint: $1 is the one parameter; $$ is a dollar
        activation.output.columns[1].source.parameters[0]: stands nowhere in the string
          hint: write $1 where it belongs, or take it away
        {"parameters":[{"type":"Timestamp","format":"YYYY-MM-dd"},{"type":"Timestamp","timezone":"Mars"}]}: activation.output.columns[1].source.parameters[0].format: Y stands for no part of a time
          hint: the year is yyyy; letters are G y M w D d E u a H k K h m s S z Z X; other text stands in single quotes
        activation.output.columns[1].source.parameters[1].timezone: "Mars" is not a time zone of the IANA database
          hint: write a name such as Europe/Berlin or America/New_York
        {"string":"a\u0000b"}: taken
        {"parameters":[]}: activation.output.columns[1].source: the string is empty
          hint: give it a text, parameters, or leave the column out
        {"parameters":[{"type":"Timestamp","format":"'; DROP TABLE x; --"}]}: activation.output.columns[1].source.parameters[0].format: a quote is not closed
          hint: letters are G y M w D d E u a H k K h m s S z Z X; other text stands in single quotes
        {"column":"nobody\"; --"}: activation.output.columns[1].source.column: the profiles have no column nobody"; --
          hint: columns are contact_id, email_address, first_name, country, points, status, tier"#]].assert_eq(&told.join("\n"));
}

#[tokio::test]
async fn a_row_for_each_event_sends_the_last_of_a_key() {
    let people = People::new().await;
    people.segment("Everybody", all(&[attribute("first_name", json!({ "type": "IsNull", "not": true }))])).await;
    let output = |join: &str, more: Value| {
        let mut behavior = json!({
            "behavior": "orders", "join": join, "order_by": [{ "column": "ordered_at", "order": "ascending" }],
            "columns": [{ "column": "comments", "source": { "column": "product" } }],
        });
        behavior.as_object_mut().expect("one").extend(more.as_object().cloned().unwrap_or_default());
        json!({ "columns": [{ "column": "email", "source": { "column": "email_address" } }], "behaviors": [behavior] })
    };
    // Read, delivered, superseded, and what Ada has then.
    let cases = [
        ("all", json!({}), (6, 5, 1), json!("pen")),
        ("first", json!({}), (5, 5, 0), json!("book")),
        ("last", json!({}), (5, 5, 0), json!("pen")),
        ("top", json!({ "rows": 1, "formatting": "rows" }), (5, 5, 0), json!("book")),
    ];
    for (join, more, wanted, ada) in cases {
        people.bench().sandbox.reset();
        people.activate(activation("a", "Everybody", json!({}), output(join, more))).await;
        let job = people.run("a").await;
        let rows = adds_up(&job);
        assert_eq!((rows.read, rows.delivered, rows.superseded), wanted, "{join}: {job:?}");
        assert_eq!(people.prospect("ada@example.com")["comments"], ada, "{join}");
        assert!(people.prospect("cyd@example.com")["comments"].as_str().unwrap_or("").is_empty(), "{join}");
    }
    let five = (0..5).map(|_| output("first", json!({}))["behaviors"][0].clone()).collect::<Vec<_>>();
    let mut many = output("first", json!({}));
    many["behaviors"] = Value::Array(five);
    expect![[r#"
        activation.output.behaviors: has 5 behaviors; there can be 4
          hint: make another activation for the others
        activation.output.behaviors[1].columns[0].column: the name comments stands twice
          hint: activation.output.behaviors[0].columns[0] has it already: give one of them another name
        activation.output.behaviors[2].columns[0].column: the name comments stands twice
          hint: activation.output.behaviors[1].columns[0] has it already: give one of them another name
        activation.output.behaviors[3].columns[0].column: the name comments stands twice
          hint: activation.output.behaviors[2].columns[0] has it already: give one of them another name
        activation.output.behaviors[4].columns[0].column: the name comments stands twice
          hint: activation.output.behaviors[3].columns[0] has it already: give one of them another name
        activation.output.behaviors[0].columns[0]: comments stands twice in the result
          hint: give one of them another name"#]]
    .assert_eq(&refused(people.try_activate(activation("b", "Everybody", json!({}), many)).await));
}

#[tokio::test]
async fn an_activation_follows_its_segment() {
    let people = with_germans().await;
    let (app, actor) = (people.app(), &people.bench().actor);
    people.activate(activation("a", "Germans", json!({}), emails())).await;
    assert_eq!(adds_up(&people.run("a").await).delivered, 2);
    people.segment("Golden", all(&[among("tier", &["gold"])])).await;
    people.segment("Germans", all(&[reference("Golden")])).await;
    assert_eq!(adds_up(&people.run("a").await).read, 2, "Ada and Dan");
    people.segment("Golden", all(&[among("tier", &["silver"])])).await;
    assert_eq!(adds_up(&people.run("a").await).read, 1, "the rule as it is now, with those that it refers to");
    // Renamed, it is the same segment.
    let spec = api::SegmentSpec { name: "Deutsche".into(), ..app.segment(actor, "Germans").await.expect("there").spec };
    app.put_segment(actor, "Germans", spec, None).await.expect("taken");
    assert_eq!(app.activation(actor, "a").await.expect("there").spec.segment, "Deutsche");
    assert_eq!(app.segment(actor, "Deutsche").await.expect("there").activations, ["a"]);
    // It moves to profiles that have not what is sent.
    let other = parent_from(json!({ "name": "others", "master": { "table": "loyalty", "key": "contact_id" } }));
    app.create_parent_segment(actor, other).await.expect("made");
    let (job, _) = app.refresh_parent_segment(actor, "others", None).await.expect("begun");
    people.bench().follow(&job.id, |job| job.finished.is_some()).await;
    let spec = api::SegmentSpec {
        parent_segment: "others".into(),
        rule: all(&[among("tier", &["gold"])]),
        ..app.segment(actor, "Deutsche").await.expect("there").spec
    };
    let moved = refused(app.put_segment(actor, "Deutsche", spec, None).await);
    let run = refused(app.run_activation(actor, "a", RunRequest::default(), None).await);
    expect![[r#"
        segment.parent_segment: cannot change while it is used by activation a
        taken
        contact_id,tier"#]]
    .assert_eq(&[moved, run, LOYALTY.lines().next().unwrap_or_default().into()].join("\n"));
}
