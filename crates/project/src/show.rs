//! A plan for people: one line a step.
//!
//! Knows signs and words, and no secret: of those a plan has references only.

use std::fmt;

use crate::difference::Difference;
use crate::plan::{Act, Change, Plan, Step};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        let count = |act: Act| self.steps.iter().filter(|step| step.act == act).count();
        if self.is_empty() {
            write!(f, "nothing to do: {}", things(self.same))?;
        } else {
            let (create, update, delete) = (count(Act::Create), count(Act::Update), count(Act::Delete));
            write!(f, "{create} to create, {update} to change, {delete} to delete, {} the same", self.same)?;
        }
        if !self.kept.is_empty() {
            let names: Vec<String> = self.kept.iter().map(|(kind, name)| format!("{kind} {name}")).collect();
            write!(f, "\nonly on the server, and kept (--prune deletes): {}", names.join(", "))?;
        }
        Ok(())
    }
}

fn things(count: usize) -> String {
    match count {
        1 => "1 thing is as the project has it".to_owned(),
        count => format!("{count} things are as the project has them"),
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.act {
            Act::Create => '+',
            Act::Update => '~',
            Act::Delete => '−',
        };
        write!(f, "{sign} {} {}", self.kind, self.name)?;
        match (&self.act, &self.change) {
            (Act::Create, Change::Connection { secrets, .. }) if !secrets.is_empty() => {
                let names: Vec<&str> = secrets.keys().map(|secret| secret.name()).collect();
                write!(f, " (with {})", names.join(", "))
            }
            (Act::Create, Change::Bind(spec)) => write!(f, " ({})", spec.files),
            (Act::Create, Change::Upload { path, .. }) => write!(f, " ({path}, uploaded)"),
            (Act::Create, Change::ParentSegment(spec)) => write!(f, " (profiles of {})", spec.master.table),
            (Act::Create, Change::Segment(spec)) => write!(f, " (of {})", spec.parent_segment),
            (Act::Create, Change::Activation(spec)) => {
                write!(f, " ({} through {})", spec.segment, spec.export.connection)
            }
            (Act::Update, _) => {
                let differences: Vec<String> = self.differences.iter().map(ToString::to_string).collect();
                write!(f, ": {}", differences.join(", "))
            }
            (Act::Create | Act::Delete, _) => Ok(()),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, "{} {from} → {to}", self.field),
            (None, Some(to)) => write!(f, "{} → {to}", self.field),
            (Some(from), None) => write!(f, "{} {from} → none", self.field),
            (None, None) => f.write_str(&self.field),
        }
    }
}
