//! Which segments refer to which: in what order they can be made, and whether they go round in a ring.
//!
//! Knows names and numbers of segments; of rules only where they refer to others.

use std::collections::{BTreeMap, BTreeSet};

use model::{Named, Problem, Problems, Rule, Segments};
use serde_json::Value;

use crate::document::Kind;
use crate::plan::{Actual, PlanOptions, missing};
use crate::segments::{RULE, references};
use crate::{Project, WantedSegment};

/// A segment that there is once the plan is done.
struct Node<'a> {
    parent: &'a str,
    rule: &'a Value,
    /// Its number, where the server has it.
    number: Option<u64>,
    wanted: Option<&'a WantedSegment>,
}

/// The segments that there are once the plan is done.
pub(crate) struct Graph<'a> {
    nodes: BTreeMap<&'a str, Node<'a>>,
}

impl<'a> Graph<'a> {
    pub(crate) fn of(project: &'a Project, actual: &'a Actual, options: PlanOptions) -> Graph<'a> {
        let mut nodes: BTreeMap<&'a str, Node<'a>> = BTreeMap::new();
        for found in
            actual.segments.iter().filter(|found| !options.prune || project.segments.contains_key(&found.spec.name))
        {
            let spec = &found.spec;
            let node = Node { parent: &spec.parent_segment, rule: &spec.rule, number: Some(found.id), wanted: None };
            nodes.insert(&spec.name, node);
        }
        for (name, wanted) in &project.segments {
            let number = nodes.get(name.as_str()).and_then(|node| node.number);
            let spec = &wanted.spec;
            let node = Node { parent: &spec.parent_segment, rule: &spec.rule, number, wanted: Some(wanted) };
            nodes.insert(name, node);
        }
        Graph { nodes }
    }

    /// The segment that a rule means: a number as text first, then a name.
    fn find(&self, reference: &str) -> Option<&'a str> {
        let numbered = |node: &Node<'_>| node.number.is_some_and(|number| number.to_string() == reference);
        let by_number = self.nodes.iter().find(|(_, node)| numbered(node)).map(|(name, _)| *name);
        by_number.or_else(|| self.nodes.get_key_value(reference).map(|(name, _)| *name))
    }

    /// What is wrong with the references of a segment. `all`: whether every segment of the project is known.
    pub(crate) fn check(&self, wanted: &WantedSegment, all: bool, problems: &mut Problems) {
        for (place, id) in references(&wanted.spec.rule) {
            let at = wanted.places.at(&place);
            match self.find(&id).and_then(|name| Some((name, self.nodes.get(name)?))) {
                Some((name, node)) if node.parent != wanted.spec.parent_segment => {
                    let message = format!("segment {name} is of the parent segment {}", node.parent);
                    let hint = "a rule refers to segments of its own parent segment";
                    problems.push(Problem::at(at, message).hint(hint));
                }
                Some(_) => {}
                None if all => {
                    let known: BTreeSet<&str> = self.nodes.keys().copied().collect();
                    problems.push(missing(at, Kind::Segment, &id, &known));
                }
                None => {}
            }
        }
    }

    /// The rules by number and name; nothing where one of them cannot be read.
    pub(crate) fn rules(&self) -> Option<Rules> {
        // Segments that are new have no number yet; these are above all that a server gives.
        let numbers = self.nodes.values().zip((0..u64::MAX).rev()).map(|(node, none)| node.number.unwrap_or(none));
        let read = |((name, node), number): ((&&str, &Node<'_>), u64)| {
            Some(((*name).to_owned(), number, Rule::parse(node.rule, RULE).ok()?))
        };
        self.nodes.iter().zip(numbers).map(read).collect::<Option<Vec<_>>>().map(Rules)
    }
}

/// The rules of all segments: name, number, rule.
pub(crate) struct Rules(Vec<(String, u64, Rule)>);

impl Segments for Rules {
    fn find(&self, reference: &str) -> Option<Named<'_>> {
        let by_number = self.0.iter().find(|(_, number, _)| number.to_string() == reference);
        let found = by_number.or_else(|| self.0.iter().find(|(name, _, _)| name == reference));
        found.map(|(name, number, rule)| Named { number: *number, name, rule })
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _, _)| name.as_str()).collect()
    }
}

/// Segments in an order in which each can be made, and the rings that have none.
#[derive(Default)]
pub(crate) struct Order<'a> {
    /// Those that others refer to first.
    pub(crate) names: Vec<&'a str>,
    /// A problem for each ring.
    pub(crate) rings: Problems,
    path: Vec<&'a str>,
    seen: BTreeSet<&'a str>,
}

impl<'a> Order<'a> {
    pub(crate) fn of(graph: &Graph<'a>) -> Order<'a> {
        let mut order = Order::default();
        for name in graph.nodes.keys() {
            order.visit(graph, name);
        }
        order
    }

    fn visit(&mut self, graph: &Graph<'a>, name: &'a str) {
        if !self.seen.insert(name) {
            return;
        }
        self.path.push(name);
        let node = graph.nodes.get(name);
        for (place, id) in node.map(|node| references(node.rule)).unwrap_or_default() {
            let Some(next) = graph.find(&id) else { continue };
            match self.path.iter().position(|known| *known == next) {
                Some(from) => self.ring(graph, from, &place),
                None => self.visit(graph, next),
            }
        }
        self.path.pop();
        self.names.push(name);
    }

    /// The path from here on leads back to its beginning, by the reference at `place` of its last segment.
    fn ring(&mut self, graph: &Graph<'a>, from: usize, place: &str) {
        let ring = &self.path[from..];
        let (Some(first), Some(last)) = (ring.first(), ring.last()) else { return };
        let wanted = |name: &&str| graph.nodes.get(*name).and_then(|node| node.wanted);
        let at = match (wanted(last), ring.iter().find_map(wanted)) {
            (Some(last), _) => last.places.at(place),
            (None, Some(other)) => other.places.at(RULE),
            // A server refuses rings, so this one is made by the project.
            (None, None) => format!("segment {last}: {place}"),
        };
        let ring = format!("{} → {first}", ring.join(" → "));
        let problem = Problem::at(at, format!("segments refer to each other in a ring: {ring}"));
        self.rings.push(problem.hint("take one of these references away"));
    }
}
