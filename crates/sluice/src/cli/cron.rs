//! `sluice cron explain`: an expression in words, and when it fires next.
//!
//! Shows what the model says of an expression; asks no server, so it serves before there is one.

use api::{CronExplanation, Fire};
use jiff::Timestamp;
use model::{Cron, Problem, Problems, Zone};

use crate::cli::commands::{CronCommand, CronExplainArguments};
use crate::cli::door::Failure;
use crate::cli::listing::{columns, show_json};
use crate::cli::moment::moment;
use crate::cli::{Exit, say, show};

/// `sluice cron`
pub(crate) fn cron(command: &CronCommand) -> Exit {
    match command {
        CronCommand::Explain(arguments) => explain(arguments),
    }
}

fn explain(arguments: &CronExplainArguments) -> Exit {
    let explanation = match explanation(arguments) {
        Ok(explanation) => explanation,
        Err(problems) => {
            if !arguments.json
                && let Some(carets) = carets(&arguments.expression, &problems)
            {
                say(&carets);
            }
            return Failure::from(problems).tell(arguments.json);
        }
    };
    if arguments.json {
        show_json(&explanation);
        return Exit::Done;
    }
    show(&explanation.words);
    explanation.remarks.iter().for_each(|remark| show(&format!("  note: {remark}")));
    if !explanation.next.is_empty() {
        show(&format!("\n{}", times(&explanation.next, arguments.delay > 0)));
    }
    Exit::Done
}

fn explanation(arguments: &CronExplainArguments) -> Result<CronExplanation, Problems> {
    let mut problems = Problems::default();
    let zone = problems.keep(Zone::parse(&arguments.timezone));
    let after = match &arguments.after {
        None => Some(app::clock::unix_now()),
        Some(text) => problems.keep(moment("after", text).map(Timestamp::as_second)),
    };
    let cron = Cron::parse(&arguments.expression).unwrap_or_else(|found| {
        problems.extend(found);
        None
    });
    let (Some(zone), Some(after)) = (zone, after) else {
        return Err(problems);
    };
    problems.or(|| match cron {
        None => CronExplanation { words: "No schedule".to_owned(), remarks: Vec::new(), next: Vec::new() },
        Some(cron) => CronExplanation {
            words: cron.words(),
            remarks: cron.remarks(),
            next: cron
                .fires(after, &zone)
                .take(usize::from(arguments.next))
                .map(|time| Fire {
                    scheduled: instant(time),
                    local: zone.local(time),
                    starts: instant(time + i64::from(arguments.delay)),
                })
                .collect(),
        },
    })
}

fn times(next: &[Fire], delayed: bool) -> String {
    let row = |fire: &Fire| {
        let starts = delayed.then(|| format!("starts {}", fire.starts));
        [fire.local.clone(), fire.scheduled.clone()].into_iter().chain(starts).collect()
    };
    columns(&next.iter().map(row).collect::<Vec<Vec<String>>>())
}

fn instant(unix: i64) -> String {
    Timestamp::from_second(unix).map(|time| time.to_string()).unwrap_or_default()
}

/// The expression with carets under the fields that problems name; nothing when it would not line up, or when the whole is
/// wrong.
fn carets(expression: &str, problems: &Problems) -> Option<String> {
    if !expression.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return None;
    }
    let field = |problem: &&Problem| Cron::FIELDS.contains(&problem.at.as_str());
    let mut marks = vec![' '; expression.len()];
    for place in problems.iter().filter(field).filter_map(|problem| Cron::place(expression, &problem.at)) {
        marks.get_mut(place)?.fill('^');
    }
    let marks: String = marks.into_iter().collect();
    (!marks.trim().is_empty()).then(|| format!("  {expression}\n  {}", marks.trim_end()))
}
