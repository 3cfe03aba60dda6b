//! Parent segments, segments and activations in a project: read, compared, written.

use api::{
    Activation, ActivationSpec, AudienceBehavior, AudienceColumn, ParentSegment, ParentSegmentSpec, Segment,
    SegmentSpec, Snapshot,
};
use model::ColumnType;

use super::*;
use crate::{Kind, single};

const PARENT: &str = "name: people
owner: ada@example.com
master:
  table: contacts
  key: email
attributes:
  - {name: score, type: number}
  - name: plan
    parentTableName: scores
    parentKey: email
behaviors:
  - name: orders
    table: scores
    columns:
      - {name: amount, type: number}
      - name: time
        type: timestamp
timezone: Europe/Berlin
schedule: \"@daily\"
";

const BUYERS: &str = "name: buyers
parent_segment: people
folder: shop/2026
rule:
  type: And
  conditions:
    - type: And
      conditions:
        - {type: Reference, id: known}
        - type: Value
          leftValue:
            source: {name: behavior_orders}
            aggregation: {type: Sum, column: amount}
          operator: {type: Greater, not: false, rightValue: 500}
";

const KNOWN: &str = "name: known
parent_segment: people
rule: {\"type\":\"And\",\"conditions\":[{\"type\":\"And\",\"conditions\":[{\"type\":\"Value\",\"exclude\":false,\"arrayMatching\":null,\
\"leftValue\":{\"name\":\"score\"},\"operator\":{\"type\":\"IsNull\",\"not\":true}}]}]}
";

const WELCOME: &str = "name: welcome
segment: buyers
export:
  connection: prod
  settings: {prospect_lists: [7]}
output:
  columns:
    - {column: email, source: {column: email}}
    - column: comments
      source:
        string: seg-$1 on $2
        parameters: [{type: SegmentName}, {type: Timestamp, format: yyyy-MM-dd, timezone: Europe/Berlin}]
";

fn audience_files(parent: &str, buyers: &str, known: &str, welcome: &str) -> Vec<(String, String)> {
    let mut all = good();
    all.extend(files(&[
        ("parent-segments/people.yaml", parent),
        ("segments/buyers.yaml", buyers),
        ("segments/known.yaml", known),
        ("activations/welcome.yaml", welcome),
    ]));
    all
}

fn all_good() -> Vec<(String, String)> {
    audience_files(PARENT, BUYERS, KNOWN, WELCOME)
}

fn parent(spec: ParentSegmentSpec, id: u64) -> ParentSegment {
    ParentSegment {
        id,
        revision: 4,
        created: String::new(),
        created_by: String::new(),
        updated: "2026-11-23T02:00:00Z".into(),
        updated_by: String::new(),
        spec,
        snapshot: None,
        segments: 0,
        unfit: Vec::new(),
        last_job: None,
    }
}

fn segment(spec: SegmentSpec, id: u64) -> Segment {
    Segment {
        id,
        revision: 5,
        created: String::new(),
        created_by: String::new(),
        updated: String::new(),
        updated_by: String::new(),
        spec,
        population: None,
        referenced_by: Vec::new(),
        activations: Vec::new(),
    }
}

fn activation(spec: ActivationSpec) -> Activation {
    Activation {
        revision: 6,
        created: String::new(),
        created_by: String::new(),
        updated: String::new(),
        updated_by: String::new(),
        parent_segment: String::new(),
        spec,
        schedule: None,
        last_job: None,
    }
}

/// What `all_good` makes.
fn there() -> Actual {
    let project = parse(&all_good()).unwrap_or_else(|problems| panic!("{problems}"));
    let parents = project.parent_segments.values().map(|wanted| parent(wanted.spec.clone(), 1));
    let segments = project.segments.values().zip(11..).map(|(wanted, id)| segment(wanted.spec.clone(), id));
    let activations = project.activations.values().map(|wanted| activation(wanted.spec.clone()));
    Actual {
        parent_segments: parents.collect(),
        segments: segments.collect(),
        activations: activations.collect(),
        ..equal()
    }
}

/// The profiles as a refresh made them.
fn refreshed(mut actual: Actual) -> Actual {
    let column = |name: &str, r#type| AudienceColumn { name: name.into(), r#type, group: None };
    let columns = vec![
        column("email", ColumnType::String),
        column("score", ColumnType::Number),
        column("plan", ColumnType::String),
    ];
    let orders = vec![column("amount", ColumnType::Number), column("time", ColumnType::Timestamp)];
    actual.parent_segments[0].snapshot = Some(Snapshot {
        at: "2026-11-23T03:00:00Z".into(),
        job: "j".into(),
        population: 3,
        joins: Vec::new(),
        columns,
        behaviors: vec![AudienceBehavior {
            name: "orders".into(),
            time: Some("time".into()),
            columns: orders,
            events: Some(9),
        }],
    });
    actual
}

#[test]
fn what_is_new_is_made_in_the_order_in_which_it_is_needed() {
    let project = parse(&all_good()).unwrap_or_else(|problems| panic!("{problems}"));
    planned(
        &project,
        &equal(),
        PlanOptions::default(),
        expect![[r#"
            + parent segment people (profiles of contacts)
            + segment known (of people)
            + segment buyers (of people)
            + activation welcome (buyers through prod)
            4 to create, 0 to change, 0 to delete, 5 the same"#]],
    );
    planned(&project, &there(), PlanOptions::default(), expect!["nothing to do: 9 things are as the project has them"]);
    planned(
        &project,
        &refreshed(there()),
        PlanOptions::default(),
        expect!["nothing to do: 9 things are as the project has them"],
    );
    let spec = &project.parent_segments["people"].spec;
    assert_eq!(spec.attributes[1].parent_key.as_deref(), Some("email"), "Treasure Data's names are known");
}

#[test]
fn what_is_taken_away_goes_the_other_way_round() {
    let project = parse(&good()).unwrap();
    planned(
        &project,
        &there(),
        PlanOptions { prune: true, secrets: false },
        expect![[r#"
            − activation welcome
            − segment buyers
            − segment known
            − parent segment people
            0 to create, 0 to change, 4 to delete, 5 the same"#]],
    );
}

#[test]
fn what_differs_is_named() {
    let parent = PARENT
        .replace("type: number}\n  - name: plan", "type: string}\n  - name: plan")
        .replace(
            "table: contacts\n  key: email",
            "table: contacts\n  key: id\n  filters: [{column: country, values: [DE]}]",
        )
        .replace("timezone: Europe/Berlin\n", "description: all of them\n")
        .replace("@daily", "@hourly");
    let known = KNOWN.replace("\"not\":true", "\"not\":false");
    let welcome = WELCOME
        .replace("prospect_lists: [7]", "prospect_lists: [7, 8]")
        .replace("{column: email, source: {column: email}}", "{column: id, source: {column: pardot_id}}")
        .replace("  columns:", "  all_columns: true\n  columns:")
        .replace("$1 on", "$1 at");
    let project =
        parse(&audience_files(&parent, BUYERS, &known, &welcome)).unwrap_or_else(|problems| panic!("{problems}"));
    planned(
        &project,
        &there(),
        PlanOptions::default(),
        expect![[r#"
            ~ parent segment people: description → all of them, master.key email → id, master.filters → [{"column":"country","values":["DE"]}], timezone Europe/Berlin → UTC, attributes.score {"type":"number"} → {"type":"string"}, schedule.cron @daily → @hourly
            ~ segment known: rule
            ~ activation welcome: export.settings.prospect_lists 7 → 7,8, output.all_columns false → true, output.columns.email {"source":{"column":"email"}} → none, output.columns.comments, output.columns.id → {"source":{"column":"pardot_id"}}
            0 to create, 3 to change, 0 to delete, 6 the same"#]],
    );
    let swapped = "attributes:\n  - {name: plan, table: scores, parent_key: email}\n  - {name: score, type: number}\n";
    let from = PARENT.find("attributes:").unwrap();
    let to = PARENT.find("behaviors:").unwrap();
    let parent = format!("{}{swapped}{}", &PARENT[..from], &PARENT[to..]);
    let project = parse(&audience_files(&parent, BUYERS, KNOWN, WELCOME)).unwrap();
    planned(
        &project,
        &there(),
        PlanOptions::default(),
        expect![[r#"
            ~ parent segment people: attributes (their order)
            0 to create, 1 to change, 0 to delete, 8 the same"#]],
    );
}

#[test]
fn somebody_who_disabled_an_activation_is_not_overruled() {
    let mut actual = there();
    actual.activations[0].spec.enabled = false;
    let project = parse(&all_good()).unwrap();
    planned(&project, &actual, PlanOptions::default(), expect!["nothing to do: 9 things are as the project has them"]);
    let project = parse(&audience_files(PARENT, BUYERS, KNOWN, &format!("{WELCOME}enabled: true\n"))).unwrap();
    planned(
        &project,
        &actual,
        PlanOptions::default(),
        expect![[r#"
            ~ activation welcome: enabled false → true
            0 to create, 1 to change, 0 to delete, 8 the same"#]],
    );
    let pulled = parse(&render(&actual)).unwrap();
    assert_eq!(pulled.activations["welcome"].enabled, Some(false));
}

#[test]
fn everything_wrong_is_said_at_its_line() {
    refused(
        &[
            (
                "parent-segments/a.yaml",
                "name: a/b\nmaster:\n  tabel: x\n  key: 5\n  filters:\n    - {column: a, values: [1]}\nattributes:\n  - name: s\n    \
                 type: nummer\n  - name: s\n    type: number\nbehaviors:\n  - {name: Orders, table: o}\ntimezone: Berlin\nowner: ada\n",
            ),
            (
                "segments/s.yaml",
                "name: s\nrule:\n  type: And\n  conditions:\n    - type: And\n      conditions:\n        - type: Valu\n",
            ),
            ("segments/t.yaml", "name: t\nparent_segment: a\n"),
            (
                "activations/w.yaml",
                "name: w\nsegment: s\noutput:\n  columns:\n    - column: email\n      source: {column: a, string: b}\n    - \
                 column: x\n      source: {parameters: [{type: String}]}\n    - colum: y\n      source: {}\n",
            ),
            ("activations/v.yaml", "name: v\nsegment: s\nexport: {connection: prod}\noutput: {all_columns: false}\n"),
        ],
        expect![[r#"
            parent-segments/a.yaml:1: name: must be letters, digits, spaces, -, _ and ., at most 100
              hint: choose another name
            parent-segments/a.yaml:15: owner: is no mail address
              hint: write one plain address: ada@example.com
            parent-segments/a.yaml:3: master.tabel: is not a name that is known here
              hint: did you mean table?
            parent-segments/a.yaml:4: master.key: must be a text
              hint: put it in quotes
            parent-segments/a.yaml:2: master.table: is missing
            parent-segments/a.yaml:9: attributes[0].type: must be one of string, number, timestamp, date, boolean, string_array, number_array
              hint: did you mean number?
            parent-segments/a.yaml:14: timezone: "Berlin" is not a time zone of the IANA database
              hint: did you mean Europe/Berlin?
            parent-segments/a.yaml:13: behaviors[0].name: must be a lower-case letter, then lower-case letters, digits and _, at most 60
              hint: it is a part of a table's name in SQL
            segments/s.yaml:1: parent_segment: is missing
            segments/s.yaml:7: rule.conditions[0].conditions[0].type: cannot be "Valu"
              hint: did you mean Value?
            segments/t.yaml:1: rule: is missing
              hint: write type: And, and conditions: below it; the JSON of a rule can stand here as it is
            activations/w.yaml:1: export: is missing
              hint: write connection: and settings: below it
            activations/w.yaml:6: output.columns[0].source: is a column and a string
              hint: keep column:, or string: and parameters:
            activations/w.yaml:8: output.columns[1].source: has a String without a string
              hint: write string: beside the type
            activations/w.yaml:10: output.columns[2].source: is missing
              hint: write column: for a column of the profile, or string: and parameters:
            activations/w.yaml:9: output.columns[2].colum: is not a name that is known here
              hint: did you mean column?
            activations/w.yaml:9: output.columns[2].column: is missing
            activations/v.yaml:4: output: sends nothing
              hint: write all_columns: true, or columns: with at least one"#]],
    );
}

#[test]
fn what_neither_side_has_is_a_problem() {
    let parent = PARENT.replace("table: contacts", "table: contatcs").replace("table: scores", "table: nowhere");
    let buyers = BUYERS.replace("id: known", "id: knwon");
    let welcome = WELCOME.replace("segment: buyers", "segment: buyrs").replace("connection: prod", "connection: prodd");
    let known = KNOWN.replace("parent_segment: people", "parent_segment: poeple");
    let project = parse(&audience_files(&parent, &buyers, &known, &welcome)).unwrap();
    planned(
        &project,
        &equal(),
        PlanOptions::default(),
        expect![[r#"
        problems:
        parent-segments/people.yaml:4: master.table: there is no table contatcs
          hint: did you mean contacts?
        parent-segments/people.yaml:13: behaviors[0].table: there is no table nowhere
          hint: add it to the project, in tables/
        segments/buyers.yaml:9: rule.conditions[0].conditions[0].id: there is no segment knwon
          hint: did you mean known?
        segments/known.yaml:2: parent_segment: there is no parent segment poeple
          hint: did you mean people?
        activations/welcome.yaml:2: segment: there is no segment buyrs
          hint: did you mean buyers?
        activations/welcome.yaml:4: export.connection: there is no connection prodd
          hint: did you mean prod?"#]],
    );
    let other = "name: other\nmaster: {table: contacts, key: email}\n";
    let mut all = audience_files(PARENT, BUYERS, &KNOWN.replace("people", "other"), WELCOME);
    all.extend(files(&[("parent-segments/other.yaml", other)]));
    planned(
        &parse(&all).unwrap(),
        &equal(),
        PlanOptions::default(),
        expect![[r#"
        problems:
        segments/buyers.yaml:9: rule.conditions[0].conditions[0].id: segment known is of the parent segment other
          hint: a rule refers to segments of its own parent segment"#]],
    );
}

#[test]
fn references_in_a_ring_are_refused_and_numbers_are_references_too() {
    let of = |name: &str, id: &str| {
        format!(
            "name: {name}\nparent_segment: people\nrule: {{type: And, conditions: [{{type: And, conditions: [{{type: Reference, id: {id}}}]}}]}}\n"
        )
    };
    let ring = audience_files(PARENT, &of("buyers", "known"), &of("known", "buyers"), WELCOME);
    planned(
        &parse(&ring).unwrap(),
        &equal(),
        PlanOptions::default(),
        expect![[r#"
        problems:
        segments/known.yaml:3: rule.conditions[0].conditions[0].id: segments refer to each other in a ring: buyers → known → buyers
          hint: take one of these references away"#]],
    );
    // Number 11 is the segment buyers of the server.
    let numbered = audience_files(PARENT, BUYERS, &of("known", "\"11\""), WELCOME);
    planned(
        &parse(&numbered).unwrap(),
        &there(),
        PlanOptions::default(),
        expect![[r#"
        problems:
        segments/known.yaml:3: rule.conditions[0].conditions[0].id: segments refer to each other in a ring: buyers → known → buyers
          hint: take one of these references away"#]],
    );
    let alone = audience_files(PARENT, &of("buyers", "\"12\""), KNOWN, WELCOME);
    planned(
        &parse(&alone).unwrap(),
        &there(),
        PlanOptions::default(),
        expect![[r#"
        ~ segment buyers: folder shop/2026 → none, rule
        0 to create, 1 to change, 0 to delete, 8 the same"#]],
    );
}

#[test]
fn rules_and_mappings_are_held_against_the_profiles_that_are_there() {
    let buyers = BUYERS.replace("column: amount", "column: amuont");
    let known = KNOWN.replace("\"name\":\"score\"", "\"name\":\"scroe\"");
    let welcome = WELCOME.replace("source: {column: email}", "source: {column: emial}");
    let project = parse(&audience_files(PARENT, &buyers, &known, &welcome)).unwrap();
    planned(
        &project,
        &refreshed(there()),
        PlanOptions::default(),
        expect![[r#"
        problems:
        segments/known.yaml:3: rule.conditions[0].conditions[0].leftValue.name: there is no attribute "scroe"
          hint: did you mean "score"?
        segments/buyers.yaml:9: rule.conditions[0].conditions[0].id: segment "known" cannot be used: rule.conditions[0].conditions[0].leftValue.name: there is no attribute "scroe"
          hint: mend that segment first
        segments/buyers.yaml:13: rule.conditions[0].conditions[1].leftValue.aggregation.column: the behavior "orders" has no column "amuont"
          hint: did you mean "amount"?
        activations/welcome.yaml:8: output.columns[0].source.column: the profiles have no column emial
          hint: did you mean email?"#]],
    );
    // Nobody knows the profiles before the first refresh, nor after a change.
    assert!(plan(&project, &sums(), &there(), PlanOptions::default()).is_ok());
    let changed = parse(&audience_files(&PARENT.replace("number", "string"), &buyers, &known, &welcome)).unwrap();
    assert!(plan(&changed, &sums(), &refreshed(there()), PlanOptions::default()).is_ok());
    let mut stale = refreshed(there());
    stale.parent_segments[0].updated = "2026-11-23T04:00:00Z".into();
    assert!(plan(&project, &sums(), &stale, PlanOptions::default()).is_ok());
}

#[test]
fn what_is_written_is_read_back() {
    let mut actual = there();
    actual.activations[0].spec.output.all_columns = true;
    let written = render(&actual);
    let shown: Vec<String> = written
        .iter()
        .filter(|(path, _)| ["parent", "segmen", "activa"].iter().any(|begin| path.starts_with(begin)))
        .map(|(path, text)| format!("== {path}\n{text}"))
        .collect();
    expect![[r#"
        == parent-segments/people.yaml
        # yaml-language-server: $schema=../sluice.schema.json
        name: people
        owner: ada@example.com
        timezone: Europe/Berlin
        master: {table: contacts, key: email}
        attributes:
          - {name: score, type: number}
          - {name: plan, table: scores, parent_key: email}
        behaviors:
          - name: orders
            table: scores
            columns:
              - {name: amount, type: number}
              - {name: time, type: timestamp}
        schedule: "@daily"
        == segments/buyers.yaml
        # yaml-language-server: $schema=../sluice.schema.json
        name: buyers
        parent_segment: people
        folder: shop/2026
        rule:
          type: And
          conditions:
            - type: And
              conditions:
                - {type: Reference, id: known}
                - type: Value
                  leftValue: {source: {name: behavior_orders}, aggregation: {type: Sum, column: amount}}
                  operator: {type: Greater, not: false, rightValue: 500}
        == segments/known.yaml
        # yaml-language-server: $schema=../sluice.schema.json
        name: known
        parent_segment: people
        rule:
          type: And
          conditions:
            - type: And
              conditions:
                - type: Value
                  exclude: false
                  arrayMatching: null
                  leftValue: {name: score}
                  operator: {type: IsNull, not: true}
        == activations/welcome.yaml
        # yaml-language-server: $schema=../sluice.schema.json
        name: welcome
        segment: buyers
        export:
          connection: prod
          settings:
            prospect_lists: [7]
        output:
          all_columns: true
          columns:
            - {column: email, source: {column: email}}
            - column: comments
              source:
                string: "seg-$1 on $2"
                parameters:
                  - {type: SegmentName}
                  - {type: Timestamp, format: yyyy-MM-dd, timezone: Europe/Berlin}
    "#]]
    .assert_eq(&shown.join(""));
    let project = parse(&written).unwrap_or_else(|problems| panic!("{problems}"));
    let prune = PlanOptions { prune: true, secrets: false };
    planned(&project, &actual, prune, expect!["nothing to do: 9 things are as the project has them"]);
}

#[test]
fn one_document_can_be_read_alone() {
    let read = |kind, text: &str| single(kind, "x.yaml", text);
    let project = read(Kind::Segment, KNOWN).unwrap();
    assert_eq!(
        project.segments["known"].places.at("segment.rule.conditions[0].type"),
        "x.yaml:3: segment.rule.conditions[0].type"
    );
    assert_eq!(project.at(Kind::Segment, "known", "rule"), "x.yaml:3: rule");
    assert_eq!(project.at(Kind::Segment, "other", "rule"), "rule");
    let json = json!({"name": "a", "master": {"table": "t", "key": "k"}}).to_string();
    assert!(read(Kind::ParentSegment, &json).unwrap().parent_segments.contains_key("a"));
    let wrong = [
        (Kind::Segment, PARENT),
        (Kind::Activation, ""),
        (Kind::Segment, "name: a\n---\nname: b\n"),
        (Kind::Segment, "["),
    ];
    let said: Vec<String> = wrong.iter().map(|(kind, text)| read(*kind, text).unwrap_err().to_string()).collect();
    expect![[r#"
        x.yaml:2: owner: is not a name that is known here
          hint: the names are kind, name, parent_segment, description, folder, rule
        x.yaml:3: master: is not a name that is known here
          hint: the names are kind, name, parent_segment, description, folder, rule
        x.yaml:6: attributes: is not a name that is known here
          hint: the names are kind, name, parent_segment, description, folder, rule
        x.yaml:11: behaviors: is not a name that is known here
          hint: the names are kind, name, parent_segment, description, folder, rule
        x.yaml:18: timezone: is not a name that is known here
          hint: the names are kind, name, parent_segment, description, folder, rule
        x.yaml:19: schedule: is not a name that is known here
          hint: the names are kind, name, parent_segment, description, folder, rule
        x.yaml:1: parent_segment: is missing
        x.yaml:1: rule: is missing
          hint: write type: And, and conditions: below it; the JSON of a rule can stand here as it is
        --
        x.yaml: must hold one activation
          hint: write one document, without --- between several
        --
        x.yaml: must hold one segment
          hint: write one document, without --- between several
        --
        x.yaml:1: is no YAML mapping
          hint: write one `name: value` a line, each name once, --- between documents; a text that begins with @ or * stands in quotes"#]].assert_eq(&said.join("\n--\n"));
}

#[test]
fn editors_are_told_of_all_kinds() {
    let schema = schema();
    let names = |kind: &str| -> Vec<String> {
        schema["$defs"][kind]["properties"].as_object().unwrap().keys().cloned().collect()
    };
    for kind in Kind::ALL {
        assert!(names(kind.name()).contains(&"kind".to_owned()), "{kind}");
        assert_eq!(schema["$defs"][kind.name()]["additionalProperties"], json!(false), "{kind}");
    }
    assert_eq!(schema["$defs"]["activation"]["required"], json!(["name", "segment", "export", "output"]));
}

fn conditions() -> impl Strategy<Value = Value> {
    let name = prop_oneof!["[a-z]{1,8}", "[ -~]{1,12}", Just("true".to_owned()), Just("12".to_owned())];
    let scalar = prop_oneof![
        any::<i32>().prop_map(Value::from),
        name.clone().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-1.0e6..1.0e6_f64).prop_map(Value::from),
    ];
    let condition = (name, scalar, any::<bool>()).prop_map(|(name, value, not)| {
        json!({"type": "Value", "exclude": not, "arrayMatching": null, "leftValue": {"name": name},
               "operator": {"type": "Equal", "not": not, "rightValue": value}})
    });
    let set = proptest::collection::vec(condition, 1..4).prop_map(|all| json!({"type": "Or", "conditions": all}));
    proptest::collection::vec(set, 1..4).prop_map(|all| json!({"type": "And", "conditions": all}))
}

proptest! {
    #[test]
    fn segments_pulled_then_planned_are_nothing_to_do(
        rules in proptest::collection::btree_map("[A-Za-z0-9_. -]{0,8}[A-Za-z0-9_-]", (conditions(), text()), 0..4),
    ) {
        let mut actual = there();
        actual.segments.clear();
        actual.activations.clear();
        let names: std::collections::BTreeMap<String, (Value, String)> =
            rules.into_iter().map(|(name, rule)| (name.trim().to_owned(), rule)).collect();
        for (id, (name, (rule, description))) in names.into_iter().enumerate() {
            let parent_segment = "people".to_owned();
            let description = Some(description);
            actual.segments.push(segment(SegmentSpec { name, parent_segment, description, folder: None, rule }, id as u64));
        }
        let project = parse(&render(&actual)).map_err(|problems| TestCaseError::fail(problems.to_string()))?;
        let plan = plan(&project, &BTreeMap::new(), &actual, PlanOptions { prune: true, secrets: false });
        let plan = plan.map_err(|problems| TestCaseError::fail(problems.to_string()))?;
        prop_assert!(plan.is_empty(), "{}", plan);
    }
}
