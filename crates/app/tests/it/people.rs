//! A bench with the tables of a parent segment `people`, by a clock that the test sets, and what tests write of segments and
//! activations.
//!
//! Knows no case.

use api::{
    Activation, ActivationSpec, Job, ParentSegment, ParentSegmentSpec, PreviewRequest, RunRequest, Segment,
    SegmentLook, SegmentSpec, SegmentTry,
};
use app::{App, AppError, Config};
use model::JobState;
use serde_json::{Value, json};

use crate::bench::Bench;
use crate::timed::{MONDAY, Timed};

/// Six people, of whom five are profiles.
pub(crate) const CONTACTS: &str = "\
contact_id,email_address,first_name,country,points,status
1,ada@example.com,Ada,DE,120,active
2,bob@example.com,Bob,AT,80,active
3,cyd@example.com,Cyd,CH,,active
4,dan@example.com,Dan,FR,300,active
5,eve@example.com,Eve,,15,active
6,fay@example.com,Fay,DE,60,gone
";

/// What three of them have in another table.
pub(crate) const LOYALTY: &str = "contact_id,tier\n1,gold\n2,silver\n4,gold\n";

/// What they bought; nobody knows contact 9.
pub(crate) const ORDERS: &str = "\
contact_id,amount,product,ordered_at
1,300,book,2026-11-01 10:00:00
1,250,pen,2026-11-20 12:00:00
2,40,book,2026-11-22 23:59:59
4,900,lamp,2026-06-01 00:00:00
9,10,book,2026-11-01 00:00:00
";

/// An application with the tables of `people`, from Monday on.
pub(crate) struct People {
    pub(crate) timed: Timed,
}

impl People {
    /// With the parent segment, refreshed.
    pub(crate) async fn new() -> People {
        let people = People::with(|_| {}).await;
        people.refresh().await;
        people
    }

    /// With the parent segment, never refreshed.
    pub(crate) async fn with(decide: impl Fn(&mut Config) + Send + Sync + 'static) -> People {
        let people = People::tables(decide).await;
        people
            .app()
            .create_parent_segment(&people.bench().actor, people_spec())
            .await
            .unwrap_or_else(|e| panic!("{e}"));
        people
    }

    /// With the tables alone.
    pub(crate) async fn tables(decide: impl Fn(&mut Config) + Send + Sync + 'static) -> People {
        let timed = Timed::with(pardot_sim::Config::default(), MONDAY, decide).await;
        for (table, csv) in [("contacts", CONTACTS), ("loyalty", LOYALTY), ("orders", ORDERS)] {
            timed.bench.upload(table, csv).await;
        }
        People { timed }
    }

    pub(crate) fn bench(&self) -> &Bench {
        &self.timed.bench
    }

    pub(crate) fn app(&self) -> &App {
        &self.timed.bench.app
    }

    pub(crate) async fn parent(&self) -> ParentSegment {
        self.app().parent_segment(&self.bench().actor, "people").await.expect("it is there")
    }

    pub(crate) async fn put_parent(&self, spec: ParentSegmentSpec) -> Result<ParentSegment, AppError> {
        self.app().put_parent_segment(&self.bench().actor, "people", spec, None).await.map(|(parent, _)| parent)
    }

    /// Refreshes, and is content with success alone.
    pub(crate) async fn refresh(&self) -> Job {
        let job = self.refreshed().await;
        assert_eq!(job.state, JobState::Success, "{job:?}");
        job
    }

    /// Refreshes, whatever comes of it.
    pub(crate) async fn refreshed(&self) -> Job {
        let started = self.app().refresh_parent_segment(&self.bench().actor, "people", None).await;
        let (job, _) = started.unwrap_or_else(|error| panic!("{}", said(&error)));
        self.bench().follow(&job.id, |job| job.finished.is_some()).await
    }

    pub(crate) async fn try_put(&self, name: &str, rule: Value) -> Result<Segment, AppError> {
        let put = self.app().put_segment(&self.bench().actor, name, segment(name, rule), None).await;
        put.map(|(segment, _)| segment)
    }

    pub(crate) async fn segment(&self, name: &str, rule: Value) -> Segment {
        self.try_put(name, rule).await.unwrap_or_else(|error| panic!("{}", said(&error)))
    }

    pub(crate) async fn look(&self, name: &str) -> Result<SegmentLook, AppError> {
        self.app().look_at_segment(&self.bench().actor, name, 100).await
    }

    /// The profiles that a rule chooses, by their first names.
    pub(crate) async fn chosen(&self, rule: Value) -> Vec<String> {
        let request = SegmentTry { parent_segment: "people".into(), rule, rows: 100, segment: None };
        let look = self.app().try_segment(&self.bench().actor, request).await;
        names(&look.unwrap_or_else(|error| panic!("{}", said(&error))))
    }

    pub(crate) async fn try_activate(&self, spec: ActivationSpec) -> Result<Activation, AppError> {
        let name = spec.name.clone();
        let put = self.app().put_activation(&self.bench().actor, &name, spec, None).await;
        put.map(|(activation, _)| activation)
    }

    pub(crate) async fn activate(&self, spec: ActivationSpec) -> Activation {
        self.try_activate(spec).await.unwrap_or_else(|error| panic!("{}", said(&error)))
    }

    /// Runs an activation to where it ends or waits.
    pub(crate) async fn run(&self, name: &str) -> Job {
        self.run_as(name, RunRequest::default()).await
    }

    pub(crate) async fn run_as(&self, name: &str, request: RunRequest) -> Job {
        let started = self.app().run_activation(&self.bench().actor, name, request, None).await;
        let (job, _) = started.unwrap_or_else(|error| panic!("{}", said(&error)));
        self.bench().follow(&job.id, |job| job.finished.is_some()).await
    }

    /// The rows of some SQL, a line each.
    pub(crate) async fn rows(&self, sql: &str) -> Result<String, AppError> {
        let request = PreviewRequest { sql: sql.into(), limit: Some(1_000) };
        let preview = self.app().preview(&self.bench().actor, request).await?;
        let cell = |cell: &Value| cell.as_str().unwrap_or("-").to_owned();
        let mut lines = vec![preview.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>().join(" | ")];
        lines.extend(preview.rows.iter().map(|row| row.iter().map(cell).collect::<Vec<_>>().join(" | ")));
        Ok(lines.join("\n"))
    }

    /// The SQL that a job ran.
    pub(crate) async fn sql_of(&self, job: &str) -> String {
        app::upkeep::job(&self.data(), job).await.expect("the job is there").sql
    }

    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.bench().folder.path().join("data")
    }

    /// The folders of refreshed profiles, of all parent segments.
    pub(crate) fn generations(&self) -> Vec<String> {
        generations(&self.data())
    }
}

/// The folders of refreshed profiles in a data directory.
pub(crate) fn generations(data: &std::path::Path) -> Vec<String> {
    let entries = |path: &std::path::Path| std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut found: Vec<String> = entries(&data.join("audiences"))
        .flat_map(|parent| entries(&parent.path()).map(|job| job.file_name().to_string_lossy().into_owned()))
        .collect();
    found.sort();
    found
}

/// The parent segment that most cases begin with.
pub(crate) fn people_spec() -> ParentSegmentSpec {
    parent_from(json!({
        "name": "people",
        "master": { "table": "contacts", "key": "contact_id", "filters": [{ "column": "status", "values": ["active"] }] },
        "attributes": [{ "name": "tier", "table": "loyalty", "group": "Loyalty" }, { "name": "points", "type": "number" }],
        "behaviors": [{ "name": "orders", "table": "orders", "time": "ordered_at", "columns": [
            { "name": "amount", "type": "number" }, { "name": "product" }, { "name": "ordered_at" },
        ] }],
    }))
}

pub(crate) fn parent_from(document: Value) -> ParentSegmentSpec {
    serde_json::from_value(document).expect("a parent segment")
}

pub(crate) fn segment(name: &str, rule: Value) -> SegmentSpec {
    SegmentSpec { name: name.into(), parent_segment: "people".into(), rule, ..SegmentSpec::default() }
}

/// An activation of a segment through `prod`, quick where it waits.
pub(crate) fn activation(name: &str, segment: &str, settings: Value, output: Value) -> ActivationSpec {
    let export = crate::bench::query(name, settings).export.expect("it has one");
    let output = serde_json::from_value(output).expect("an output mapping");
    ActivationSpec { name: name.into(), segment: segment.into(), export, output, ..ActivationSpec::default() }
}

/// The mapping that most activations have.
pub(crate) fn emails() -> Value {
    json!({ "columns": [
        { "column": "email", "source": { "column": "email_address" } },
        { "column": "first_name", "source": { "column": "first_name" } },
    ] })
}

/// Every condition holds.
pub(crate) fn all(conditions: &[Value]) -> Value {
    json!({ "type": "And", "conditions": [{ "type": "And", "conditions": conditions }] })
}

/// A condition on an attribute.
pub(crate) fn attribute(name: &str, operator: Value) -> Value {
    json!({ "type": "Value", "leftValue": { "name": name }, "operator": operator })
}

/// The attribute has one of these values.
pub(crate) fn among(name: &str, values: &[&str]) -> Value {
    attribute(name, json!({ "type": "In", "rightValues": values }))
}

/// A condition on another segment.
pub(crate) fn reference(id: &str) -> Value {
    json!({ "type": "Reference", "id": id })
}

/// The first names of the profiles that were found, sorted.
pub(crate) fn names(look: &SegmentLook) -> Vec<String> {
    let sample = look.sample.as_ref().expect("a sample");
    assert_eq!(sample.rows.len() as u64, look.count, "{}", look.sql);
    let at = sample.columns.iter().position(|column| column.name == "first_name").expect("a column");
    let mut names: Vec<String> = sample.rows.iter().map(|row| row[at].as_str().unwrap_or("-").to_owned()).collect();
    names.sort();
    names
}

/// What somebody reads.
pub(crate) fn said(error: &AppError) -> String {
    match (error, error.hint()) {
        (AppError::Invalid(problems), _) => problems.to_string(),
        (other, Some(hint)) => format!("{other}\n  hint: {hint}"),
        (other, None) => other.to_string(),
    }
}
