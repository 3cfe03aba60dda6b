//! Activations through the form: what a browser sends for a page is the activation that the page was made of.

use api::{Activation, AudienceBehavior, AudienceColumn};
use askama::Template;
use model::{
    ColumnType, EventOrder, Output, OutputBehavior, OutputColumn, OutputSource, Parameter, SourceColumn, StringBuilder,
};
use proptest::prelude::*;
use serde_json::json;

use super::document::{begun, edit, form_of, prefill, read};
use super::mapping::Mapping;
use crate::faults::Faults;
use crate::form::Form;
use crate::segments::Columns;
use crate::sent::sent;

fn columns() -> Columns {
    let column = |name: &str| AudienceColumn { name: name.into(), r#type: ColumnType::String, group: None };
    let orders = AudienceBehavior { name: "orders".into(), time: None, columns: vec![column("product")], events: None };
    Columns { attributes: vec![column("email"), column("first_name")], behaviors: vec![orders] }
}

fn browsed(form: &Form) -> Form {
    let mut form = form.clone();
    prefill(&mut form);
    let mapping = Mapping::new(&form, &Faults::none(), &columns(), &[]).render().unwrap();
    let mut back = sent(&mapping, true);
    for (name, value) in form.pairs().filter(|(name, _)| !name.starts_with("output.")) {
        back.set(name, value);
    }
    back
}

fn activation(output: &Output) -> Activation {
    let mut spec = json!({
        "name": "a", "segment": "s", "export": {"connection": "prod", "settings": {"prospect_lists": "101"}},
        "schedule": {"repeat": "weekly", "days": ["mon"], "start": "2026-12-01 06:00", "timezone": "Europe/Berlin"},
        "notify": {"recipients": ["a@example.com"]}, "overlap": "skip", "enabled": false
    });
    spec["output"] = json!(output);
    serde_json::from_value(json!({
        "revision": 3, "created": "", "created_by": "", "updated": "", "updated_by": "", "parent_segment": "p", "spec": spec
    }))
    .unwrap()
}

#[track_caller]
fn survives(output: &Output) {
    let activation = activation(output);
    let form = browsed(&form_of(&activation));
    assert_eq!(read(&form).as_ref(), Ok(&activation.spec));
    assert_eq!(form.get("_revision"), "3");
}

#[test]
fn an_output_column_gets_the_name_of_its_source_until_it_has_its_own() {
    let mut form = begun("s");
    form.set("_do", "column:output.columns");
    assert!(edit(&mut form, &columns()));
    let name = |form: &Form| browsed(form).get("output.columns.0.column").to_owned();
    let choose = |form: &Form, source: &str| {
        let mut form = browsed(form);
        form.set("output.columns.0.source.column", source);
        form
    };
    let form = choose(&form, "email");
    assert_eq!(name(&form), "email");
    let form = choose(&form, "first_name");
    assert_eq!(name(&form), "first_name");
    let mut form = browsed(&form);
    form.set("output.columns.0.column", "salutation");
    assert_eq!(name(&choose(&form, "email")), "salutation");
    // Without script nothing is drawn anew: the name of the source counts all the same.
    form.set("output.columns.0.column", "");
    assert_eq!(read(&form).unwrap().output.columns[0].column, "first_name");
}

#[test]
fn buttons_add_columns_and_strings() {
    let mut form = begun("s");
    for button in [
        "column:output.columns",
        "string:output.columns",
        "add:output.columns.1.source.parameters",
        "every:output.columns",
    ] {
        form = browsed(&form);
        form.set("_do", button);
        assert!(edit(&mut form, &columns()), "{button}");
    }
    form = browsed(&form);
    form.set("output.columns.1.column", "comments");
    form.set("output.columns.1.source.parameters.0.type", "SegmentName");
    form.set("output.columns.1.source.parameters.1.string", " of ");
    form.set("_do", "remove:output.columns.0");
    assert!(edit(&mut form, &columns()));
    let string = StringBuilder {
        string: None,
        parameters: vec![Parameter::SegmentName, Parameter::String { string: " of ".into() }],
    };
    let column = |name: &str| OutputColumn {
        id: None,
        column: name.into(),
        source: OutputSource::Column(SourceColumn { column: name.into() }),
    };
    let comments = OutputColumn { id: None, column: "comments".into(), source: OutputSource::Text(string) };
    assert_eq!(read(&browsed(&form)).unwrap().output.columns, [comments, column("email"), column("first_name")]);
}

/// Texts that go through a text area: no line end of another system.
fn text() -> impl Strategy<Value = String> {
    "[^\\r\\x00]{1,8}"
}

/// Names that go through a line: no blanks around them.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("email".to_owned()), "[!-~é]{1,8}"]
}

fn parameter() -> impl Strategy<Value = Parameter> {
    prop_oneof![
        text().prop_map(|string| Parameter::String { string }),
        (prop::option::of(name()), prop::option::of(name()))
            .prop_map(|(format, timezone)| Parameter::Timestamp { format, timezone }),
        Just(Parameter::SegmentId),
        Just(Parameter::SegmentName),
        Just(Parameter::AudienceId),
    ]
}

fn source() -> impl Strategy<Value = OutputSource> {
    name().prop_map(|column| OutputSource::Column(SourceColumn { column }))
}

fn column(source: impl Strategy<Value = OutputSource>) -> impl Strategy<Value = OutputColumn> {
    (prop::option::of(name()), name(), source).prop_map(|(id, column, source)| OutputColumn { id, column, source })
}

fn behavior() -> impl Strategy<Value = OutputBehavior> {
    let order = (name(), prop::option::of(prop_oneof![Just("ascending".to_owned()), Just("asc".to_owned())]));
    let order = order.prop_map(|(column, order)| EventOrder { column, order });
    let formatting = prop::option::of(prop_oneof![Just("cols".to_owned()), Just("rows".to_owned())]);
    let pick = prop_oneof![
        Just(("first".to_owned(), None, None)),
        Just(("ALL".to_owned(), None, None)),
        (1u32..100, formatting).prop_map(|(rows, formatting)| ("top".to_owned(), Some(rows), formatting)),
    ];
    let lists = (prop::collection::vec(order, 0..3), prop::collection::vec(column(source()), 0..3));
    (name(), pick, lists).prop_map(|(behavior, (join, rows, formatting), (order_by, columns))| OutputBehavior {
        behavior,
        join,
        rows,
        formatting,
        order_by,
        columns,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_mapping_comes_back(
        all_columns in any::<bool>(),
        columns in prop::collection::vec(
            prop_oneof![
                column(source()),
                column((prop::option::of(text()), prop::collection::vec(parameter(), 0..4))
                    .prop_map(|(string, parameters)| OutputSource::Text(StringBuilder { string, parameters }))),
            ],
            0..5,
        ),
        behaviors in prop::collection::vec(behavior(), 0..3),
    ) {
        survives(&Output { all_columns, columns, behaviors });
    }
}
