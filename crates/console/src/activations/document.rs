//! An activation as a form, and a form as an activation.
//!
//! Names are the paths of the document. What the fields do not show, such as the ids of Treasure Data, goes along unseen.

use api::{Activation, ActivationSpec, Export, Place};
use model::{EventOrder, Output, OutputBehavior, OutputColumn, OutputSource, Parameter, SourceColumn, StringBuilder};

use crate::form::{Form, Reading};
use crate::segments::Columns;
use crate::{notify, schedule, settings};

/// Where the output mapping stands.
pub(super) const COLUMNS: &str = "output.columns";
pub(super) const BEHAVIORS: &str = "output.behaviors";

/// The form of an activation that is begun, of a segment where one is chosen.
pub fn begun(segment: &str) -> Form {
    let mut form = Form::default();
    form.set("segment", segment);
    form.set("enabled", "true");
    form
}

/// The form of an activation that is saved.
pub fn form_of(activation: &Activation) -> Form {
    let mut form = Form::of(&activation.spec);
    form.set("_revision", activation.revision.to_string());
    for (index, column) in activation.spec.output.columns.iter().enumerate() {
        let string = matches!(column.source, OutputSource::Text(_));
        form.set(&format!("{COLUMNS}.{index}.kind"), if string { "string" } else { "column" });
    }
    form
}

/// The activation that a form says.
///
/// # Errors
/// What cannot be read, each at its field.
pub fn read(form: &Form) -> Result<ActivationSpec, Vec<Place>> {
    let mut reading = Reading::new(form);
    let output = Output {
        all_columns: reading.flag("output.all_columns"),
        columns: items(form, COLUMNS).map(|at| column(&mut reading, &at)).collect(),
        behaviors: items(form, BEHAVIORS).map(|at| behavior(&mut reading, &at)).collect(),
    };
    let connection = reading.text("export.connection");
    let spec = ActivationSpec {
        name: reading.text("name"),
        segment: reading.text("segment"),
        description: reading.some("description"),
        export: Export { connection, settings: settings::read(form, "export.settings") },
        output,
        schedule: schedule::read(&mut reading, "schedule"),
        notify: notify::read(&mut reading, "notify"),
        overlap: reading.word("overlap").unwrap_or_default(),
        enabled: reading.flag("enabled"),
    };
    if reading.problems.is_empty() { Ok(spec) } else { Err(reading.problems) }
}

pub(super) fn items(form: &Form, list: &str) -> impl Iterator<Item = String> + use<> {
    let list = list.to_owned();
    (0..form.count(&list)).map(move |index| format!("{list}.{index}"))
}

pub(super) fn is_string(form: &Form, at: &str) -> bool {
    form.get(&format!("{at}.kind")) == "string"
}

fn column(reading: &mut Reading<'_>, at: &str) -> OutputColumn {
    let name = |part: &str| format!("{at}.{part}");
    let source = if is_string(reading.form(), at) {
        let list = name("source.parameters");
        let parameters = items(reading.form(), &list).map(|at| parameter(reading, &at)).collect();
        OutputSource::Text(StringBuilder { string: reading.exact(&name("source.string")), parameters })
    } else {
        OutputSource::Column(SourceColumn { column: reading.text(&name("source.column")) })
    };
    named(reading, at, source)
}

/// An output column has the name of its source where it has none of its own.
fn named(reading: &Reading<'_>, at: &str, source: OutputSource) -> OutputColumn {
    let given = reading.text(&format!("{at}.column"));
    let column = match &source {
        OutputSource::Column(source) if given.is_empty() => source.column.clone(),
        _ => given,
    };
    OutputColumn { id: reading.exact(&format!("{at}.id")), column, source }
}

fn parameter(reading: &Reading<'_>, at: &str) -> Parameter {
    let exact = |part: &str| reading.exact(&format!("{at}.{part}"));
    match reading.form().get(&format!("{at}.type")) {
        "Timestamp" => Parameter::Timestamp { format: exact("format"), timezone: exact("timezone") },
        "SegmentId" => Parameter::SegmentId,
        "SegmentName" => Parameter::SegmentName,
        "AudienceId" => Parameter::AudienceId,
        _ => Parameter::String { string: exact("string").unwrap_or_default() },
    }
}

fn behavior(reading: &mut Reading<'_>, at: &str) -> OutputBehavior {
    let name = |part: &str| format!("{at}.{part}");
    let form = reading.form();
    let columns = items(form, &name("columns")).map(|at| {
        let column = reading.text(&format!("{at}.source.column"));
        named(reading, &at, OutputSource::Column(SourceColumn { column }))
    });
    let columns = columns.collect();
    let order_by = items(form, &name("order_by")).map(|at| EventOrder {
        column: reading.text(&format!("{at}.column")),
        order: reading.some(&format!("{at}.order")),
    });
    let order_by = order_by.collect();
    let join = reading.some(&name("join")).unwrap_or_else(|| "last".into());
    // What has no effect with another choice is left out.
    let top = join == "top";
    OutputBehavior {
        behavior: reading.text(&name("behavior")),
        rows: if top { reading.number(&name("rows")) } else { None },
        formatting: reading.some(&name("formatting")).filter(|_| top),
        join,
        order_by,
        columns,
    }
}

/// Does what a button of the mapping asks. Says whether it was one.
pub fn edit(form: &mut Form, columns: &Columns) -> bool {
    let Some((verb, list)) = form.asked().map(|(verb, list)| (verb.to_owned(), list.to_owned())) else {
        return false;
    };
    match verb.as_str() {
        "column" => {
            let next = format!("{list}.{}", form.count(&list));
            form.set(&format!("{next}.kind"), "column");
        }
        "string" => {
            let next = format!("{list}.{}", form.count(&list));
            form.set(&format!("{next}.kind"), "string");
            form.set(&format!("{next}.source.parameters.0.type"), "String");
        }
        "every" => {
            let taken: Vec<String> =
                items(form, &list).map(|at| form.get(&format!("{at}.source.column")).to_owned()).collect();
            for column in columns.attributes.iter().filter(|column| !taken.contains(&column.name)) {
                let next = format!("{list}.{}", form.count(&list));
                form.set(&format!("{next}.kind"), "column");
                form.set(&format!("{next}.source.column"), column.name.clone());
            }
        }
        _ => return form.edit(),
    }
    form.set("_do", "");
    true
}

/// Gives an output column that has no name the name of its source, and one that has the name of the source before, the name
/// of the new one.
pub(super) fn prefill(form: &mut Form) {
    let behaviors: Vec<String> = items(form, BEHAVIORS).map(|at| format!("{at}.columns")).collect();
    let lists = [COLUMNS.to_owned()].into_iter().chain(behaviors);
    let columns: Vec<String> = lists.flat_map(|list| items(form, &list).collect::<Vec<_>>()).collect();
    for at in columns {
        if is_string(form, &at) {
            continue;
        }
        let (named, was) = (format!("{at}.column"), format!("{at}._was"));
        let source = form.get(&format!("{at}.source.column")).to_owned();
        let name = form.get(&named);
        if name.is_empty() || name == form.get(&was) {
            form.set(&named, source.clone());
        }
        form.set(&was, source);
    }
}
