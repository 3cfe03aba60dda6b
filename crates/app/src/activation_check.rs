//! An activation that is to be kept, looked at: everything wrong with it at once.
//!
//! Knows documents; its columns are held against the target in `activation_look`.

use api::ActivationSpec;
use model::{Plan, Problem, Problems};
use store::Document;

use crate::activation_look::OUTPUT;
use crate::activations::Bound;
use crate::names;
use crate::parents::ParentBody;
use crate::queries::problems_of_settings;
use crate::segments::{SEGMENT, SegmentBody};
use crate::timetable::Timetable;
use crate::{App, AppError};

/// Longest description.
const LONGEST_DESCRIPTION: usize = 2_000;

impl App {
    /// What an activation that is to be kept is about, when nothing is wrong with it.
    pub(crate) async fn check_activation(&self, spec: &mut ActivationSpec) -> Result<(Bound, Document), AppError> {
        let mut problems = Problems::default();
        problems.keep(names::check("activation.name", &spec.name));
        if spec.description.as_deref().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
            let message = format!("is longer than {LONGEST_DESCRIPTION} characters");
            problems.push(Problem::at("activation.description", message));
        }
        match spec.schedule.as_ref().map(|schedule| Timetable::of(schedule, "activation.schedule")) {
            Some(Ok(None)) => spec.schedule = None,
            Some(Err(found)) => problems.extend(found),
            Some(Ok(Some(_))) | None => {}
        }
        if let Some(notify) = &spec.notify {
            self.check_notify("activation.notify", notify, &mut problems).await?;
        }
        let plan = problems_of_settings("activation.export", &spec.export.settings.0, &mut problems);
        let place = "activation.export.connection";
        let connection = self.connection_named(place, &spec.export.connection, &mut problems).await?;
        let bound = self.segment_named(&spec.segment, &mut problems).await?;
        if let Some(bound) = &bound {
            self.check_output(spec, bound, plan.as_ref(), connection.as_ref(), &mut problems).await?;
        }
        let found = problems.or(|| bound.zip(connection))?;
        found.ok_or_else(|| AppError::Failed { message: "the activation cannot be understood".into() })
    }

    /// Holds the output mapping against the profiles and the fields of the target.
    async fn check_output(
        &self,
        spec: &ActivationSpec,
        bound: &Bound,
        plan: Option<&Plan>,
        connection: Option<&Document>,
        problems: &mut Problems,
    ) -> Result<(), AppError> {
        let defined = ParentBody::of(&bound.parent)?.audience()?;
        let found = spec.output.check(&defined, OUTPUT);
        let fields = self.check_fields(&spec.output, (bound, &defined), plan, connection).await?;
        // A column that is wrong itself is no field either, and a name that stands twice does so everywhere: once is enough.
        let mut told: Vec<Problem> = found.iter().cloned().collect();
        for problem in fields.iter() {
            let inside = format!("{}.", problem.at);
            let wrong = |found: &Problem| found.at == problem.at || found.at.starts_with(&inside);
            if (problem.at == OUTPUT || !found.iter().any(wrong)) && !told.contains(problem) {
                told.push(problem.clone());
            }
        }
        told.into_iter().for_each(|problem| problems.push(problem));
        Ok(())
    }

    /// The segment of this name, with its parent segment.
    pub(crate) async fn segment_named(&self, name: &str, problems: &mut Problems) -> Result<Option<Bound>, AppError> {
        const PLACE: &str = "activation.segment";
        if name.is_empty() {
            problems.push(Problem::at(PLACE, "is missing").hint("name the segment whose profiles are sent"));
            return Ok(None);
        }
        match self.0.store.document(SEGMENT, name).await? {
            Some(document) => self.bound_by_id(&document.id).await.map(Some),
            None => {
                let error = self.no_such("segment", SEGMENT, name).await?;
                let problem = Problem::at(PLACE, format!("there is no segment {name}"));
                problems.push(match error.hint() {
                    Some(hint) => problem.hint(hint),
                    None => problem.hint("make one first"),
                });
                Ok(None)
            }
        }
    }

    /// A segment and its parent segment.
    pub(crate) async fn bound_by_id(&self, segment: &str) -> Result<Bound, AppError> {
        let document = self.0.store.document_by_id(segment).await?.ok_or_else(|| AppError::Conflict {
            message: "the segment of this activation was deleted".into(),
            hint: Some("choose another segment for it".into()),
        })?;
        let body = SegmentBody::of(&document)?;
        let parent = self.parent_by_id(&body.parent).await?;
        Ok(Bound { segment: (document, body), parent })
    }
}
