//! What a query does besides its SQL, in a sentence each.
//!
//! Knows words only: where rows go, when it runs, who is told.

use api::{Export, Notify, Repeat, Schedule};
use serde_json::Value;

/// Where the rows go.
pub fn exported(export: Option<&Export>) -> String {
    let Some(export) = export else { return "A run makes a result and sends nothing.".into() };
    let set = |name: &str| export.settings.0.get(name).map(shown).filter(|text| !text.is_empty());
    let connection = &export.connection;
    if set("data_object").as_deref() == Some("list_memberships") {
        let operation = match set("list_membership_operation").as_deref() {
            Some("delete") => "Delete",
            _ => "Upsert",
        };
        return format!("List Memberships to {connection}: {operation}.");
    }
    let Some(lists) = set("prospect_lists") else { return format!("Prospects to {connection}.") };
    let several = if lists.contains(',') { "lists" } else { "list" };
    match set("prospect_list_operation").as_deref() {
        Some("remove") => format!("Prospects to {connection}, out of {several} {lists}."),
        _ => format!("Prospects to {connection}, into {several} {lists}."),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// When it runs by itself: `At 02:00 every day, Europe/Berlin`.
pub fn scheduled(schedule: Option<&Schedule>) -> Option<String> {
    let schedule = schedule?;
    let often = match schedule.repeat {
        Some(Repeat::Once) => "Once".to_owned(),
        Some(Repeat::Hourly) => "Hourly".to_owned(),
        Some(Repeat::Daily) => "Daily".to_owned(),
        Some(Repeat::Weekly) => "Weekly".to_owned(),
        Some(Repeat::Monthly) => "Monthly".to_owned(),
        None => match model::Cron::parse(&schedule.cron) {
            Ok(cron) => cron?.words(),
            Err(_) => schedule.cron.clone(),
        },
    };
    Some(format!("{often}, {}", schedule.timezone.as_deref().unwrap_or("UTC")))
}

/// Who is told of its jobs.
pub fn told(notify: Option<&Notify>) -> String {
    let Some(notify) = notify else { return "As the server's default says.".into() };
    let part = |names: &Option<Vec<String>>, way: &str, nobody: &str| match names {
        None => format!("{way}: the server's default"),
        Some(names) if names.is_empty() => nobody.to_owned(),
        Some(names) => format!("{way}: {}", names.join(", ")),
    };
    format!("{}. {}.", part(&notify.recipients, "Mail", "No mail"), part(&notify.webhooks, "Webhooks", "No webhook"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sentence_says_where_rows_go() {
        let cases = [
            (json!({}), "Prospects to prod."),
            (json!({"prospect_lists": 42}), "Prospects to prod, into list 42."),
            (
                json!({"prospect_lists": "42,43", "prospect_list_operation": "remove"}),
                "Prospects to prod, out of lists 42,43.",
            ),
            (json!({"prospect_lists": [1, 2]}), "Prospects to prod, into lists 1, 2."),
            (json!({"data_object": "list_memberships"}), "List Memberships to prod: Upsert."),
            (
                json!({"data_object": "list_memberships", "list_membership_operation": "delete"}),
                "List Memberships to prod: Delete.",
            ),
        ];
        for (settings, want) in cases {
            let export = json!({"connection": "prod", "settings": settings});
            assert_eq!(exported(serde_json::from_value(export).ok().as_ref()), want);
        }
        assert_eq!(exported(None), "A run makes a result and sends nothing.");
    }

    #[test]
    fn a_sentence_says_when_it_runs() {
        let cases = [
            (json!({"cron": "@daily"}), Some("At 00:00 every day, UTC")),
            (json!({"cron": "0 2 * * 1", "timezone": "Europe/Berlin"}), Some("At 02:00 on Mondays, Europe/Berlin")),
            (json!({"repeat": "weekly"}), Some("Weekly, UTC")),
            (json!({"cron": "none"}), None),
            (json!({"cron": "odd"}), Some("odd, UTC")),
        ];
        for (schedule, want) in cases {
            let schedule = serde_json::from_value::<Schedule>(schedule).unwrap();
            assert_eq!(scheduled(Some(&schedule)).as_deref(), want);
        }
        assert_eq!(scheduled(None), None);
    }

    #[test]
    fn a_sentence_says_who_is_told() {
        let notify = |value| serde_json::from_value::<Notify>(value).ok();
        let cases = [
            (None, "As the server's default says."),
            (notify(json!({"recipients": [], "webhooks": ["ops"]})), "No mail. Webhooks: ops."),
            (notify(json!({"recipients": ["ada@example.com"], "webhooks": []})), "Mail: ada@example.com. No webhook."),
            (notify(json!({})), "Mail: the server's default. Webhooks: the server's default."),
        ];
        for (notify, want) in cases {
            assert_eq!(told(notify.as_ref()), want);
        }
    }
}
