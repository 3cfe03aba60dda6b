//! A webhook: made, changed, deleted. A secret that the server chose is shown once.
//!
//! Knows the form; what an address may be is the server's.

use api::{Secret, Webhook, WebhookSpec};
use askama::Template;

use crate::chrome::Chrome;
use crate::copied::Copied;
use crate::faults::{Faults, Summary};
use crate::field::{Control, Field};
use crate::form::{Form, Reading};
use crate::words::{Moment, moment};

/// A new webhook, or one that is there.
#[derive(Debug, Template)]
#[template(path = "settings/webhook.html")]
pub struct WebhookPage {
    chrome: Chrome,
    known: Option<Known>,
    revision: String,
    made: Option<String>,
    summary: Summary,
    fields: Vec<Field>,
    copied: Option<Copied>,
}

#[derive(Debug)]
struct Known {
    name: String,
    address: String,
    created: Moment,
    updated: Moment,
}

/// A webhook as the form has it.
pub fn webhook_form(webhook: &Webhook) -> Form {
    let mut form = Form::default();
    form.set("_revision", webhook.revision.to_string());
    form.set("name", &webhook.name);
    form.set("url", &webhook.url);
    form
}

/// What was typed about a webhook.
pub fn webhook_spec(form: &Form) -> WebhookSpec {
    let reading = Reading::new(form);
    WebhookSpec {
        name: Some(reading.text("name")),
        url: Some(reading.text("url")),
        secret: reading.some("secret").map(Secret::new),
    }
}

impl WebhookPage {
    /// The page. `known` is the webhook that is there; `made` a secret that the server chose: shown this once.
    pub fn new(
        chrome: Chrome,
        known: Option<&Webhook>,
        form: &Form,
        faults: &Faults,
        made: Option<&Secret>,
    ) -> WebhookPage {
        let kept = known.is_some();
        let help = match kept {
            true => "What calls are signed with. Another address without a secret gets a new one, which is shown once.",
            false => {
                "What calls are signed with: whsec_ and Base64 of 24 to 64 bytes. Left empty, the server makes one and shows it once."
            }
        };
        let fields = vec![
            Field::new(form, faults, "name", "Name", Control::Text).example("crm").required(),
            Field::new(form, faults, "url", "Address", Control::Text)
                .help("Where notices are posted: https.")
                .example("https://hooks.example.com/sluice")
                .required(),
            Field::new(form, faults, "secret", "Secret", Control::Secret { kept }).help(help),
        ];
        let known = known.map(|webhook| Known {
            name: webhook.name.clone(),
            address: format!("/settings/webhooks/{}", crate::part(&webhook.name)),
            created: moment(&webhook.created),
            updated: moment(&webhook.updated),
        });
        let url = Some(form.get("url")).filter(|url| !url.is_empty());
        let copied = known
            .as_ref()
            .zip(url)
            .map(|(known, url)| Copied::command(&["webhooks", "put", &known.name, "--url", url], &chrome.server));
        WebhookPage {
            copied,
            known,
            revision: form.get("_revision").to_owned(),
            made: made.map(|secret| secret.expose().to_owned()),
            summary: faults.summary(),
            fields,
            chrome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_survives_its_form_and_a_secret_is_only_written() {
        let webhook = Webhook {
            name: "crm".into(),
            revision: 7,
            created: "2026-11-23T02:00:00Z".into(),
            updated: "2026-11-23T02:00:00Z".into(),
            url: "https://example.com/a?b=c".into(),
        };
        let form = webhook_form(&webhook);
        let want = WebhookSpec { name: Some("crm".into()), url: Some(webhook.url), secret: None };
        assert_eq!((webhook_spec(&form), form.get("_revision")), (want, "7"));
        let typed = Form::read(b"name=+crm+&url=+https://a+&secret=+whsec_a+");
        assert_eq!(webhook_spec(&typed).secret, Some(Secret::new("whsec_a")));
    }
}
