//! What a project wants of parent segments, segments and activations against what is there.
//!
//! Knows which of them need which, and in what order each can be done; whether a rule means something is the model's.

use std::collections::BTreeSet;

use api::{Activation, AudienceColumn, ParentSegment, Segment};
use model::{Audience, Events, Field, Problem, Problems, Rule, Zone};

use crate::document::Kind;
use crate::plan::{
    Actual, Change, Plan, PlanOptions, Step, connection_is_known, connections_known, created, missing, updated,
    webhooks_are_known,
};
use crate::references::{Graph, Order};
use crate::{Project, WantedActivation, WantedParentSegment, WantedSegment, activations, parent_segments, segments};

/// Adds the steps of all three kinds, and what is wrong with what they name.
pub(crate) fn compare(
    project: &Project,
    actual: &Actual,
    options: PlanOptions,
    plan: &mut Plan,
    problems: &mut Problems,
) {
    let tables = known(project.tables.keys(), actual.tables.iter().map(|found| &found.name), options);
    for (name, wanted) in &project.parent_segments {
        if project.knows_all(Kind::Table) {
            tables_are_known(wanted, &tables, problems);
        }
        let at = || wanted.places.at("notify.webhooks");
        webhooks_are_known(wanted.spec.notify.as_ref(), at, actual.webhooks.as_ref(), problems);
        let found = actual.parent_segments.iter().find(|found| found.spec.name == *name);
        plan.compared(parent_segment(name, wanted, found));
    }
    compare_segments(project, actual, options, plan, problems);
    compare_activations(project, actual, options, plan, problems);
}

/// The names that there are once the plan is done.
fn known<'a>(
    wanted: impl Iterator<Item = &'a String>,
    there: impl Iterator<Item = &'a String>,
    options: PlanOptions,
) -> BTreeSet<&'a str> {
    wanted.chain(there.filter(|_| !options.prune)).map(String::as_str).collect()
}

fn tables_are_known(wanted: &WantedParentSegment, known: &BTreeSet<&str>, problems: &mut Problems) {
    let spec = &wanted.spec;
    let attributes = spec.attributes.iter().enumerate();
    let attributes =
        attributes.filter_map(|(index, it)| Some((format!("attributes[{index}].table"), it.table.as_ref()?)));
    let behaviors = spec.behaviors.iter().enumerate();
    let behaviors = behaviors.map(|(index, it)| (format!("behaviors[{index}].table"), &it.table));
    let named = [("master.table".to_owned(), &spec.master.table)].into_iter().chain(attributes).chain(behaviors);
    // What could not be read as far as its table is empty; a name with a dot is of another schema.
    for (place, table) in named.filter(|(_, table)| !table.is_empty() && !table.contains('.')) {
        if !known.contains(table.as_str()) {
            problems.push(missing(wanted.places.at(&place), Kind::Table, table, known));
        }
    }
}

fn compare_segments(
    project: &Project,
    actual: &Actual,
    options: PlanOptions,
    plan: &mut Plan,
    problems: &mut Problems,
) {
    let there = actual.parent_segments.iter().map(|found| &found.spec.name);
    let parents = known(project.parent_segments.keys(), there, options);
    let graph = Graph::of(project, actual, options);
    let order = Order::of(&graph);
    for name in &order.names {
        let Some(wanted) = project.segments.get(*name) else { continue };
        let parent = wanted.spec.parent_segment.as_str();
        if !parent.is_empty() && project.knows_all(Kind::ParentSegment) && !parents.contains(parent) {
            let at = wanted.places.at("parent_segment");
            problems.push(missing(at, Kind::ParentSegment, parent, &parents));
        }
        let mut found = Problems::default();
        graph.check(wanted, project.knows_all(Kind::Segment), &mut found);
        let clear = found.is_empty() && order.rings.is_empty();
        problems.extend(found);
        let there = actual.segments.iter().find(|found| found.spec.name == **name);
        let step = segment(name, wanted, there);
        // A rule that stays as it is was judged when it was saved.
        if let (true, Some(_), Some(audience)) = (clear, &step, audience(project, actual, parent)) {
            judge(wanted, &graph, &audience, problems);
        }
        plan.compared(step);
    }
    problems.extend(order.rings);
}

/// What a rule means over the profiles that are there.
fn judge(wanted: &WantedSegment, graph: &Graph<'_>, audience: &Audience, problems: &mut Problems) {
    let Ok(rule) = Rule::parse(&wanted.spec.rule, segments::RULE) else { return };
    let Some(segments) = graph.rules() else { return };
    for problem in rule.check(audience, segments::RULE, &segments).iter() {
        problems.push(Problem { at: wanted.places.at(&problem.at), ..problem.clone() });
    }
}

/// The profiles of a parent segment, where they are as the project wants them; else only its next refresh knows.
fn audience(project: &Project, actual: &Actual, name: &str) -> Option<Audience> {
    let found = actual.parent_segments.iter().find(|found| found.spec.name == name)?;
    let snapshot = found.snapshot.as_ref()?;
    let wanted = project.parent_segments.get(name);
    let changes = wanted.is_some_and(|wanted| parent_segment(name, wanted, Some(found)).is_some());
    // Both are RFC 3339 in UTC: texts in the order of time.
    if changes || snapshot.at < found.updated {
        return None;
    }
    let fields = |columns: &[AudienceColumn]| -> Vec<Field> {
        columns.iter().map(|column| Field { name: column.name.clone(), column_type: column.r#type }).collect()
    };
    let events = snapshot.behaviors.iter().map(|behavior| Events {
        name: behavior.name.clone(),
        columns: fields(&behavior.columns),
        time: behavior.time.clone(),
    });
    Some(Audience {
        number: found.id,
        columns: fields(&snapshot.columns),
        behaviors: events.collect(),
        zone: found.spec.timezone.as_deref().map_or_else(|| Ok(Zone::utc()), Zone::parse).ok()?,
    })
}

fn compare_activations(
    project: &Project,
    actual: &Actual,
    options: PlanOptions,
    plan: &mut Plan,
    problems: &mut Problems,
) {
    let there = actual.segments.iter().map(|found| &found.spec.name);
    let segments = known(project.segments.keys(), there, options);
    let connections = connections_known(project, actual, options);
    for (name, wanted) in &project.activations {
        let segment = wanted.spec.segment.as_str();
        if !segment.is_empty() && project.knows_all(Kind::Segment) && !segments.contains(segment) {
            problems.push(missing(wanted.places.at("segment"), Kind::Segment, segment, &segments));
        }
        if project.knows_all(Kind::Connection) {
            let at = wanted.places.at("export.connection");
            problems.keep(connection_is_known(&wanted.spec.export, at, &connections));
        }
        let at = || wanted.places.at("notify.webhooks");
        webhooks_are_known(wanted.spec.notify.as_ref(), at, actual.webhooks.as_ref(), problems);
        let found = actual.activations.iter().find(|found| found.spec.name == *name);
        let step = activation(name, wanted, found);
        if let (Some(_), Some(audience)) = (&step, parent_of(project, actual, segment)) {
            for problem in wanted.spec.output.check(&audience, activations::OUTPUT).iter() {
                problems.push(Problem { at: wanted.places.at(&problem.at), ..problem.clone() });
            }
        }
        plan.compared(step);
    }
}

/// The profiles that a segment chooses from.
fn parent_of(project: &Project, actual: &Actual, segment: &str) -> Option<Audience> {
    let wanted = project.segments.get(segment).map(|wanted| wanted.spec.parent_segment.as_str());
    let there = || actual.segments.iter().find(|found| found.spec.name == segment);
    let parent = wanted.or_else(|| there().map(|found| found.spec.parent_segment.as_str()))?;
    audience(project, actual, parent)
}

fn parent_segment(name: &str, wanted: &WantedParentSegment, found: Option<&ParentSegment>) -> Option<Step> {
    let change = Change::ParentSegment(Box::new(wanted.spec.clone()));
    let Some(found) = found else {
        return Some(created(Kind::ParentSegment, name, change));
    };
    let differences = parent_segments::differences(&found.spec, &wanted.spec);
    updated(Kind::ParentSegment, name, differences, found.revision, change)
}

fn segment(name: &str, wanted: &WantedSegment, found: Option<&Segment>) -> Option<Step> {
    let change = Change::Segment(Box::new(wanted.spec.clone()));
    let Some(found) = found else {
        return Some(created(Kind::Segment, name, change));
    };
    let differences = segments::differences(&found.spec, &wanted.spec);
    updated(Kind::Segment, name, differences, found.revision, change)
}

fn activation(name: &str, wanted: &WantedActivation, found: Option<&Activation>) -> Option<Step> {
    let mut spec = wanted.spec.clone();
    let Some(found) = found else {
        return Some(created(Kind::Activation, name, Change::Activation(Box::new(spec))));
    };
    // Somebody may have disabled it for a reason that the project does not know.
    spec.enabled = wanted.enabled.unwrap_or(found.spec.enabled);
    let differences = activations::differences(&found.spec, &spec);
    updated(Kind::Activation, name, differences, found.revision, Change::Activation(Box::new(spec)))
}

/// What only the server has: activations, segments before those that their rules refer to, parent segments.
pub(crate) fn extra(project: &Project, actual: &Actual) -> Vec<(Kind, String, u64)> {
    let activations = actual.activations.iter().filter(|found| !project.activations.contains_key(&found.spec.name));
    let mut extra: Vec<(Kind, String, u64)> =
        activations.map(|found| (Kind::Activation, found.spec.name.clone(), found.revision)).collect();
    let empty = Project::default();
    let order = Order::of(&Graph::of(&empty, actual, PlanOptions::default()));
    for name in order.names.iter().rev().filter(|name| !project.segments.contains_key(**name)) {
        let found = actual.segments.iter().find(|found| found.spec.name == **name);
        extra.extend(found.map(|found| (Kind::Segment, found.spec.name.clone(), found.revision)));
    }
    let parents = actual.parent_segments.iter();
    let parents = parents.filter(|found| !project.parent_segments.contains_key(&found.spec.name));
    extra.extend(parents.map(|found| (Kind::ParentSegment, found.spec.name.clone(), found.revision)));
    extra
}
