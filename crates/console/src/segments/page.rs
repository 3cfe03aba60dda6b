//! The page of a segment: begun, or saved.
//!
//! Knows how it looks; counting and saving are the server's.

use api::{Place, Segment, SegmentSpec};
use askama::Template;
use serde_json::Value;

use super::columns::Columns;
use super::count::Count;
use super::editor::{Editor, Other};
use super::rule;
use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::{Control, Field};
use crate::form::{Form, Reading};
use crate::newer::Newer;
use crate::words::{Moment, moment};

/// What conditions can be about, and what is to know about that.
#[derive(Debug, Default)]
pub struct About {
    /// The parent segment's name.
    pub parent: String,
    /// Its columns and behaviours.
    pub columns: Columns,
    /// Other segments of it.
    pub others: Vec<Other>,
    /// Folders that there are.
    pub folders: Vec<String>,
    /// Something to know before anything is counted.
    pub remark: Option<String>,
}

/// What is known of a segment that is saved.
#[derive(Debug)]
pub struct Saved {
    /// Its name in addresses, as one part.
    pub part: String,
    /// The segment.
    pub segment: Segment,
    /// The same as a command and as YAML.
    pub copied: Copied,
}

/// A segment in a form.
#[derive(Debug, Template)]
#[template(path = "segments/segment.html")]
pub struct SegmentPage {
    chrome: Chrome,
    summary: Summary,
    parent: String,
    address: String,
    revision: Field,
    fields: Vec<Field>,
    editor: Editor,
    count: Count,
    remark: Option<String>,
    newer: Option<Newer>,
    saved: Option<Saved>,
}

impl SegmentPage {
    /// The page. `address` is where the form is sent to.
    pub fn new(
        chrome: Chrome,
        (form, faults): (&Form, &Faults),
        about: About,
        address: String,
        count: Count,
        newer: Option<Newer>,
        saved: Option<Saved>,
    ) -> SegmentPage {
        let field = |name: &str, label: &str, control: Control| Field::new(form, faults, name, label, control);
        let fields = vec![
            Field { id: "f-segment-name".into(), ..field("name", "Segment name", Control::Text).required() },
            field("description", "Description", Control::Area { rows: 2 }),
            field("folder", "Folder", Control::Suggest(about.folders))
                .help("Its parts with / between them.")
                .example("Europe/Buyers"),
            field("parent_segment", "Parent segment", Control::Hidden),
        ];
        let editor = Editor::new(form, faults, &about.columns, &about.others);
        let revision = field("_revision", "", Control::Hidden);
        SegmentPage {
            chrome,
            summary: faults.summary(),
            parent: about.parent,
            address,
            revision,
            fields,
            editor,
            count,
            remark: about.remark,
            newer,
            saved,
        }
    }

    fn title(&self) -> &str {
        self.saved.as_ref().map_or("New segment", |saved| &saved.segment.spec.name)
    }

    fn updated(&self) -> Option<Moment> {
        self.saved.as_ref().map(|saved| moment(&saved.segment.updated))
    }
}

/// The form of a segment that is begun.
pub fn begun(parent: &str) -> Form {
    let mut form = Form::default();
    form.set("parent_segment", parent);
    rule::begin(&mut form);
    form
}

/// The form of a segment that is saved.
pub fn form_of(segment: &Segment, columns: &Columns) -> Form {
    let mut form = Form::of(&SegmentSpec { rule: Value::Null, ..segment.spec.clone() });
    form.set("_revision", segment.revision.to_string());
    rule::put(&segment.spec.rule, columns, &mut form);
    form
}

/// The segment that a form says.
///
/// # Errors
/// What cannot be read, each at its field.
pub fn read(form: &Form, columns: &Columns) -> Result<SegmentSpec, Vec<Place>> {
    let reading = Reading::new(form);
    Ok(SegmentSpec {
        name: reading.text("name"),
        parent_segment: reading.text("parent_segment"),
        description: reading.some("description"),
        folder: reading.some("folder"),
        rule: rule::read(form, columns)?,
    })
}

/// A segment for whoever may not change it.
#[derive(Debug, Template)]
#[template(path = "segments/viewed.html")]
pub struct Viewed {
    /// What surrounds it.
    pub chrome: Chrome,
    /// The segment.
    pub saved: Saved,
    /// Its SQL; nothing before the first refresh.
    pub sql: Option<String>,
}

impl Viewed {
    fn population(&self) -> Option<(String, Moment)> {
        let population = self.saved.segment.population.as_ref()?;
        Some((model::grouped(population.count), moment(&population.at)))
    }

    fn rule(&self) -> String {
        serde_json::to_string_pretty(&self.saved.segment.spec.rule).unwrap_or_default()
    }
}
