//! `sluice segments`: rules over the profiles of a parent segment, and how many each chooses.
//!
//! Knows arguments and screens; what a rule means is the server's.

use std::path::Path;

use api::client::every;
use api::{Segment, SegmentLook, SegmentTry};
use model::grouped;
use project::Kind;

use crate::cli::commands::{SegmentsCommand, Whereabouts};
use crate::cli::door::{Door, Failure, Need, through};
use crate::cli::listing::{pairs, show_json, show_list, show_preview};
use crate::cli::{Exit, say, show, written};

/// `sluice segments`
pub(crate) async fn segments(whereabouts: Whereabouts, command: SegmentsCommand) -> Exit {
    let json = whereabouts.json;
    through(&whereabouts, Need::There, async |door| match command {
        SegmentsCommand::List { parent_segment, folder } => {
            list(door, parent_segment.as_deref(), folder.as_deref(), json).await
        }
        SegmentsCommand::Show { name } => {
            show_segment(&door.client().segment(&name).await?, json);
            Ok(Exit::Done)
        }
        SegmentsCommand::Count { name, rows } => {
            show_look(&name, &door.client().look_at_segment(&name, rows).await?, false, json);
            Ok(Exit::Done)
        }
        SegmentsCommand::Sql { name } => {
            let found = door.client().segment_sql(&name).await?;
            if json {
                show_json(&found);
            } else {
                show(found.sql.trim_end());
            }
            Ok(Exit::Done)
        }
        SegmentsCommand::Try { file, rows, sql } => attempt(door, &file, rows, sql, json).await,
        SegmentsCommand::Delete { name } => {
            door.client().delete_segment(&name).await?;
            say(&format!("segment {name} is deleted"));
            Ok(Exit::Done)
        }
    })
    .await
}

async fn list(door: &Door, parent: Option<&str>, folder: Option<&str>, json: bool) -> Result<Exit, Failure> {
    let found = every(async |after| door.client().segments(parent, folder, after).await).await?;
    let heads = ["name", "id", "parent segment", "folder", "profiles", "counted", "updated", "by"];
    show_list(&found, json, "no segments yet", &heads, |found| {
        let population = found.population.as_ref();
        vec![
            found.spec.name.clone(),
            found.id.to_string(),
            found.spec.parent_segment.clone(),
            found.spec.folder.clone().unwrap_or_default(),
            population.map(|population| grouped(population.count)).unwrap_or_default(),
            population.map(|population| population.at.clone()).unwrap_or_default(),
            found.updated.clone(),
            found.updated_by.clone(),
        ]
    });
    Ok(Exit::Done)
}

fn show_segment(found: &Segment, json: bool) {
    if json {
        return show_json(found);
    }
    let spec = &found.spec;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let population = found.population.as_ref().map(|it| format!("{}, counted {}", grouped(it.count), it.at));
    show(&pairs(&[
        ("name", spec.name.clone()),
        ("id", found.id.to_string()),
        ("parent segment", spec.parent_segment.clone()),
        ("folder", text(&spec.folder)),
        ("description", text(&spec.description)),
        ("profiles", population.unwrap_or_default()),
        ("activations", found.activations.join(", ")),
        ("referred to by", found.referenced_by.join(", ")),
        ("revision", found.revision.to_string()),
        ("created", format!("{} by {}", found.created, found.created_by)),
        ("updated", format!("{} by {}", found.updated, found.updated_by)),
    ]));
    show(&format!("\n{}", project::lines("rule", &spec.rule).trim_end()));
}

/// Counts with the rule of a file.
async fn attempt(door: &Door, file: &Path, rows: u32, sql: bool, json: bool) -> Result<Exit, Failure> {
    let wanted = written::only(written::read(Kind::Segment, file)?.segments, file)?;
    let request = SegmentTry {
        parent_segment: wanted.spec.parent_segment,
        rule: wanted.spec.rule,
        segment: Some(wanted.spec.name.clone()),
        rows,
    };
    let look = door.client().try_segment(&request).await;
    let look = look.map_err(|error| written::placed(error, Some(&wanted.places)))?;
    show_look(&wanted.spec.name, &look, sql, json);
    Ok(Exit::Done)
}

fn show_look(name: &str, look: &SegmentLook, sql: bool, json: bool) {
    if json {
        return show_json(look);
    }
    show(&text(name, look));
    if sql {
        show(&format!("\n{}", look.sql.trim_end()));
    }
    if let Some(sample) = &look.sample {
        show("");
        show_preview(sample, false);
    }
}

/// A count for people.
fn text(name: &str, look: &SegmentLook) -> String {
    pairs(&[
        ("segment", name.to_owned()),
        ("profiles", format!("{} of {}{}", grouped(look.count), grouped(look.population), share(look))),
        ("counted in", format!("{:.3} seconds", look.seconds)),
        ("profiles as of", look.refreshed.clone()),
    ])
}

/// The share of all profiles, in percent with one digit; never 0 or 100 for what is only near it.
fn share(look: &SegmentLook) -> String {
    if look.population == 0 {
        return String::new();
    }
    let thousandths = u128::from(look.count) * 1_000 / u128::from(look.population);
    match (thousandths, look.count) {
        (0, 1..) => " (less than 0.1 %)".to_owned(),
        (thousandths, _) => format!(" ({}.{} %)", thousandths / 10, thousandths % 10),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_count_stands_beside_all_profiles() {
        let look = |count, population| SegmentLook {
            count,
            population,
            refreshed: "2026-11-23T02:00:00Z".into(),
            sql: String::new(),
            sample: None,
            seconds: 0.0213,
        };
        expect![[r#"
            segment         buyers
            profiles        12,345 of 1,000,000 (1.2 %)
            counted in      0.021 seconds
            profiles as of  2026-11-23T02:00:00Z"#]]
        .assert_eq(&text("buyers", &look(12_345, 1_000_000)));
        let cases = [
            (0, 0, ""),
            (0, 7, " (0.0 %)"),
            (1, 1_000_000, " (less than 0.1 %)"),
            (999_999, 1_000_000, " (99.9 %)"),
            (3, 3, " (100.0 %)"),
        ];
        for (count, population, want) in cases {
            assert_eq!(share(&look(count, population)), want, "{count} of {population}");
        }
    }
}
