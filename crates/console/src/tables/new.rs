//! The form of a new table.
//!
//! Knows its fields: a file that is uploaded, or files of the server that are read where they lie.

use askama::Template;

use crate::chrome::{Chrome, Section};
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::{Choice, Control, Field, id_of};
use crate::form::Form;
use crate::tables::size;

/// The form of a new table: a file that is uploaded, or files of the server.
#[derive(Debug, Template)]
#[template(path = "tables/new.html")]
pub struct NewTable {
    chrome: Chrome,
    summary: Summary,
    upload: Vec<Field>,
    file: Choose,
    bind: Vec<Field>,
    /// The folders whose files may be bound to; empty where the operator has opened none.
    roots: Vec<String>,
    /// Which of the two somebody filled in.
    binds: bool,
    copied: Copied,
}

/// The control that takes a file.
#[derive(Debug, Template)]
#[template(path = "tables/choose.html")]
pub(crate) struct Choose {
    id: String,
    help: Option<String>,
    faults: Vec<api::Place>,
}

impl Choose {
    /// For files of at most so many bytes.
    pub(crate) fn new(faults: &Faults, most: u64) -> Choose {
        let help = format!("CSV with a line of column names, JSON lines, or Parquet; {} at most.", size(most));
        Choose { id: id_of("upload"), help: Some(help), faults: faults.at("upload") }
    }
}

/// Which format the file has.
pub(crate) fn format_field(form: &Form, faults: &Faults) -> Field {
    let choices = vec![
        Choice::new("", "As the name of the file says"),
        Choice::new("csv", "CSV"),
        Choice::new("jsonl", "JSON lines"),
        Choice::new("parquet", "Parquet"),
    ];
    Field::new(form, faults, "format", "Format", Control::Menu(choices))
}

impl NewTable {
    /// The page. `most`: bytes of an upload at most.
    pub fn new(chrome: &Chrome, form: &Form, faults: &Faults, roots: Vec<String>, most: u64) -> NewTable {
        let binds = form.get("how") == "bind";
        let (nothing, right) = (Form::default(), Faults::none());
        // What was typed belongs to one of the two.
        let (above, below) =
            if binds { ((&nothing, &right), (form, faults)) } else { ((form, faults), (&nothing, &right)) };
        let name = |(form, faults): (&Form, &Faults), field: &str| {
            Field::new(form, faults, field, "Name", Control::Text)
                .help("Its name in SQL: a lower-case letter, then lower-case letters, digits and _.")
                .example("contacts")
                .required()
        };
        let files = Field::new(below.0, below.1, "files", "Files", Control::Text)
            .help("A file, a folder, or a pattern. Relative ones begin in the first folder above.")
            .example("exports/contacts-*.parquet")
            .parameter("files")
            .required();
        let mut bind = vec![name(below, "name"), files];
        // Two fields of one page need two ids.
        if let Some(field) = bind.first_mut().filter(|_| !binds) {
            field.id = "f-bound-name".into();
        }
        let mut upload = vec![name(above, "name"), format_field(above.0, above.1)];
        if let Some(field) = upload.first_mut().filter(|_| binds) {
            field.id = "f-uploaded-name".into();
        }
        let file = Choose::new(above.1, most);
        let copied = Copied::command(&["tables", "upload", "contacts", "contacts.csv"], &chrome.server);
        let (chrome, summary) = (chrome.at(Section::Tables), faults.summary());
        NewTable { chrome, summary, upload, file, bind, roots, binds, copied }
    }
}
