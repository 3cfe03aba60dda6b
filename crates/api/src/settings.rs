//! The export settings as a document, with the schema that the catalog of settings writes.
//!
//! Knows how the catalog looks to programs; what a setting means is the model's.

use std::borrow::Cow;

use model::{Applies, Kind, SETTINGS, Setting};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Export settings by the manual's names; what is not given has its default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SettingsMap(pub Map<String, Value>);

impl PartialSchema for SettingsMap {
    fn schema() -> RefOr<Schema> {
        let mut object = ObjectBuilder::new()
            .description(Some("Export settings by the manual's names; what is not given has its default."))
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
        for setting in SETTINGS {
            object = object.property(setting.name, of(setting));
        }
        RefOr::T(Schema::Object(object.build()))
    }
}

impl ToSchema for SettingsMap {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Settings")
    }
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn of(setting: &Setting) -> Schema {
    let help = Some(format!("{} Default: {}.", setting.help, shown_default(setting)));
    match setting.kind {
        Kind::Choice(words) => {
            Schema::Object(text().enum_values(Some(words.iter().copied())).description(help).build())
        }
        Kind::Boolean => Schema::OneOf(
            OneOfBuilder::new()
                .item(ObjectBuilder::new().schema_type(Type::Boolean))
                .item(text().enum_values(Some(["true", "false"])))
                .description(help)
                .build(),
        ),
        Kind::Integer { min, max } => Schema::OneOf(
            OneOfBuilder::new()
                .item(
                    #[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
                    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(min as f64)).maximum(Some(max as f64)),
                )
                .item(text())
                .description(help)
                .build(),
        ),
        Kind::Seconds { min, max } => Schema::OneOf(
            OneOfBuilder::new()
                .item(ObjectBuilder::new().schema_type(Type::Number).minimum(Some(min)).maximum(Some(max)))
                .item(text())
                .description(help)
                .build(),
        ),
        Kind::ListIds => Schema::OneOf(
            OneOfBuilder::new()
                .item(ObjectBuilder::new().schema_type(Type::Integer))
                .item(text())
                .item(ArrayBuilder::new().items(ObjectBuilder::new().schema_type(Type::Integer)))
                .description(help)
                .build(),
        ),
    }
}

fn shown_default(setting: &Setting) -> &'static str {
    if setting.default.is_empty() { "none" } else { setting.default }
}

/// One setting of the catalog, for forms and programs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SettingView {
    /// The manual's name.
    pub name: String,
    /// `choice`, `boolean`, `integer`, `seconds` or `list_ids`.
    pub kind: String,
    /// The words of a choice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
    /// Smallest value of a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Largest value of a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The text it has when nobody gives one.
    pub default: String,
    /// `always`, `prospects` or `list_memberships`: the data object with which it has an effect.
    pub applies: String,
    /// One or two sentences for people.
    pub help: String,
}

impl SettingView {
    /// The whole catalog, in the manual's order.
    pub fn catalog() -> Vec<SettingView> {
        SETTINGS.iter().map(SettingView::of).collect()
    }

    fn of(setting: &Setting) -> SettingView {
        #[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53")]
        let (kind, choices, min, max) = match setting.kind {
            Kind::Choice(words) => ("choice", words.iter().map(|word| (*word).to_owned()).collect(), None, None),
            Kind::Boolean => ("boolean", Vec::new(), None, None),
            Kind::Integer { min, max } => ("integer", Vec::new(), Some(min as f64), Some(max as f64)),
            Kind::Seconds { min, max } => ("seconds", Vec::new(), Some(min), Some(max)),
            Kind::ListIds => ("list_ids", Vec::new(), None, None),
        };
        let applies = match setting.applies {
            Applies::Always => "always",
            Applies::Prospects => "prospects",
            Applies::ListMemberships => "list_memberships",
        };
        SettingView {
            name: setting.name.to_owned(),
            kind: kind.to_owned(),
            choices,
            min,
            max,
            default: setting.default.to_owned(),
            applies: applies.to_owned(),
            help: setting.help.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_schema_names_every_setting_and_no_other() {
        let schema = serde_json::to_value(SettingsMap::schema()).unwrap();
        let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        let want: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
        assert_eq!(names, want);
        assert_eq!(schema["additionalProperties"], json!(false));
        assert_eq!(schema["properties"]["data_object"]["enum"], json!(["prospects", "list_memberships"]));
    }
}
