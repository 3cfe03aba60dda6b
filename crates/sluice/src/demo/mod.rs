//! `sluice demo`: a local Pardot, sample contacts, a real query, a real export, its report. No account, no network.

pub(crate) mod contacts;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use model::Settings;
use pardot::prospect::{FindByEmail, ReadProspect};
use pardot::{ApiVersion, Clock, SystemClock};
use pardot_sim::{BusinessUnit, Config, Sandbox};

use crate::cli::args::DemoArguments;
use crate::cli::{Exit, Progress, ProgressForm, connection_document, explain_error, human, say, show};
use app::connection::Connection;
use app::export::{ExportRequest, export};
use app::rejects::Form;
use app::stop::StopSignal;
use model::grouped;

/// The query of the demo: contacts from Parquet, their scores from CSV.
const QUERY: &str = "\
SELECT c.email, c.first_name, c.last_name, c.company, c.job_title, c.city, c.country,
       c.comments, s.score, s.is_do_not_email
FROM contacts c
LEFT JOIN scores s ON s.customer_id = c.customer_id
WHERE c.country <> 'Testland'
ORDER BY c.customer_id";

/// `sluice demo`
pub(crate) async fn demo(arguments: DemoArguments) -> Exit {
    match Box::pin(run(arguments)).await {
        Ok(exit) => exit,
        Err(message) => {
            say(&format!("error: the demo broke: {message}"));
            Exit::Failed
        }
    }
}

async fn run(arguments: DemoArguments) -> Result<Exit, String> {
    let text = |error: std::io::Error| error.to_string();
    let temporary = tempfile::tempdir().map_err(text)?;
    let folder: PathBuf = arguments.keep.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder).map_err(text)?;
    say("Sluice demo: a local Pardot, sample contacts, one export.\n");
    let unit = BusinessUnit { daily_limit: 100_000, ..BusinessUnit::default() };
    let config = Config { business_units: vec![unit], answer_delay: Duration::from_millis(20), ..Config::default() };
    let sandbox = Sandbox::start(config).await.map_err(text)?;
    let known = sandbox.connection();
    let list = sandbox.add_list(&known.business_unit, "Newsletter", false);
    let connection_file = folder.join("connection.yaml");
    std::fs::write(&connection_file, connection_document(&known)).map_err(text)?;
    say(&format!("1. A local Pardot runs at {}, with a list \"Newsletter\" ({list}).", sandbox.url()));
    let files = contacts::make(&folder, arguments.contacts).await?;
    say(&format!(
        "2. {} contacts in {} and {} scores in {}.",
        grouped(arguments.contacts),
        files.contacts.display(),
        grouped(arguments.contacts),
        files.scores.display()
    ));
    say(&format!("3. The query:\n\n{}\n", indented(QUERY)));
    say("4. Its rows go to Pardot (skip_invalid_records: true, parallel_tasks: 5, prospect_lists: the newsletter):");
    let ended = {
        let request = request(&files, &connection_file, &folder, list)?;
        let mut progress = Progress::new(ProgressForm::Auto);
        let mut watch = |watched| progress.show(&watched);
        let (_wish, stop) = StopSignal::new();
        let ended = Box::pin(export(request, stop, &mut watch)).await;
        progress.finish();
        match ended {
            Ok(ended) => ended,
            Err(error) => return Ok(explain_error(&error, None)),
        }
    };
    let mut report = ended.report;
    let rejects_file = folder.join("rejected.csv");
    app::upkeep::write_rejects(&folder.join("data"), &report.job, &rejects_file, Form::Csv)
        .await
        .map_err(|error| error.to_string())?;
    report.rejects_file = arguments.keep.is_some().then(|| rejects_file.display().to_string());
    show(&human(&report));
    show(&format!("\nThree of the {} rejected rows:", grouped(report.rows.rejected)));
    show(&first_rejects(&rejects_file)?);
    show("\nRead back from the local Pardot:");
    show(&read_back(&connection_file).await?);
    if report.rows.adds_up() && Exit::of(report.status) == Exit::Done {
        say("\nEvery row is accounted for. Next: sluice export --help");
        say("In a browser: sluice serve --sandbox");
    }
    Ok(Exit::of(report.status))
}

fn request(files: &contacts::Files, connection_file: &Path, folder: &Path, list: u64) -> Result<ExportRequest, String> {
    let mut settings = Settings::default();
    let list = list.to_string();
    for (name, value) in [
        ("data_object", "prospects"),
        ("skip_invalid_records", "true"),
        ("parallel_tasks", "5"),
        ("prospect_lists", &list),
    ] {
        settings.set(name, value).map_err(|problem| problem.to_string())?;
    }
    Ok(ExportRequest {
        sql: QUERY.into(),
        tables: vec![format!("contacts={}", files.contacts.display()), format!("scores={}", files.scores.display())],
        connection_file: connection_file.to_owned(),
        settings,
        data_dir: folder.join("data"),
        query_time: None,
        scheduled: None,
    })
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("     {line}")).collect::<Vec<_>>().join("\n")
}

/// One rejected row of each of three reasons.
fn first_rejects(path: &Path) -> Result<String, String> {
    let mut reader = csv::Reader::from_path(path).map_err(|error| error.to_string())?;
    let mut seen = std::collections::BTreeSet::new();
    let mut text = String::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let cell = |index: usize| record.get(index).unwrap_or("");
        if seen.len() < 3 && seen.insert(cell(4).to_owned()) {
            let column = if cell(2).is_empty() { String::new() } else { format!("{} ", cell(2)) };
            let _ = writeln!(text, "  row {}: {column}{}; {}", cell(0), cell(4), cell(5));
        }
    }
    Ok(text.trim_end().to_owned())
}

/// A few prospects as Pardot shows them.
async fn read_back(connection_file: &Path) -> Result<String, String> {
    let connection = Connection::read(connection_file).map_err(|error| error.to_string())?;
    let plan = model::Plan::parse(&Settings::default()).map_err(|problems| problems.to_string())?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let client = connection.client(&plan, &clock)?;
    let version = ApiVersion::V3;
    let mut text = String::new();
    for email in contacts::WELL_KNOWN {
        let found =
            client.send(&FindByEmail { version, email: email.into() }).await.map_err(|error| error.to_string())?;
        for id in found {
            let shown = client.send(&ReadProspect { version, id }).await.map_err(|error| error.to_string())?;
            let field = |name: &str| shown.get(name).and_then(|value| value.as_str()).unwrap_or("").to_owned();
            let score = shown.get("score").map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(
                text,
                "  {id}  {} {} <{}>, {}, {} (score {score})",
                field("first_name"),
                field("last_name"),
                field("email"),
                field("company"),
                field("city")
            );
        }
    }
    Ok(text.trim_end().to_owned())
}
