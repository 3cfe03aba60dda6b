//! `sluice webhooks`: where a server posts its notices.
//!
//! Knows arguments and screens; a secret comes from a file or stdin alone, and one that the server chose is shown once.

use std::path::{Path, PathBuf};

use api::client::{ClientError, every};
use api::{Webhook, WebhookMade, WebhookSpec};

use crate::cli::commands::{WebhooksCommand, Whereabouts};
use crate::cli::door::{Door, Failure, Need, through};
use crate::cli::listing::{pairs, show_json, show_list};
use crate::cli::secret;
use crate::cli::{Exit, say, show};

/// `sluice webhooks`
pub(crate) async fn webhooks(whereabouts: Whereabouts, command: WebhooksCommand) -> Exit {
    let json = whereabouts.json;
    let need = match &command {
        WebhooksCommand::List | WebhooksCommand::Show { .. } | WebhooksCommand::Delete { .. } => Need::There,
        WebhooksCommand::Put { .. } => Need::Documents,
    };
    through(&whereabouts, need, async |door| match command {
        WebhooksCommand::List => {
            let found = every(async |after| door.client().webhooks(after).await).await?;
            show_list(&found, json, "no webhooks yet", &["name", "address", "updated"], |found: &Webhook| {
                vec![found.name.clone(), found.url.clone(), found.updated.clone()]
            });
            Ok(Exit::Done)
        }
        WebhooksCommand::Show { name } => {
            show_webhook(&door.client().webhook(&name).await?, json);
            Ok(Exit::Done)
        }
        WebhooksCommand::Put { name, url, secret_file, output } => {
            put(door, name, url, secret_file, output.as_deref(), json).await
        }
        WebhooksCommand::Delete { name } => {
            door.client().delete_webhook(&name).await?;
            say(&format!("webhook {name} is deleted"));
            Ok(Exit::Done)
        }
    })
    .await
}

fn show_webhook(found: &Webhook, json: bool) {
    if json {
        return show_json(found);
    }
    show(&pairs(&[
        ("name", found.name.clone()),
        ("address", found.url.clone()),
        ("revision", found.revision.to_string()),
        ("created", found.created.clone()),
        ("updated", found.updated.clone()),
    ]));
}

/// Makes a webhook, or changes what is given of one that is there.
async fn put(
    door: &Door,
    name: String,
    url: Option<String>,
    secret_file: Option<PathBuf>,
    output: Option<&Path>,
    json: bool,
) -> Result<Exit, Failure> {
    if let Some(path) = output {
        secret::can_write(path)?;
    }
    let secret = secret_file.as_deref().map(|path| secret::read("--secret-file", path)).transpose()?;
    let revision = match door.client().webhook(&name).await {
        Ok(found) => Some(found.revision),
        Err(error) if ClientError::is_not_found(&error) => None,
        Err(error) => return Err(error.into()),
    };
    let spec = WebhookSpec { name: Some(name.clone()), url, secret };
    let made = match revision {
        Some(_) => door.client().put_webhook(&name, &spec, revision).await?,
        None => door.client().create_webhook(&spec).await?,
    };
    show_made(&made, output, json)
}

/// A webhook just made or changed, and the secret that the server chose: into its file, else on stdout, this once.
fn show_made(made: &WebhookMade, output: Option<&Path>, json: bool) -> Result<Exit, Failure> {
    let name = &made.webhook.name;
    match (&made.secret, output) {
        (None, _) => show_webhook(&made.webhook, json),
        (Some(chosen), Some(path)) => {
            secret::write(path, chosen)?;
            show_webhook(&made.webhook, json);
            say(&format!("the secret that calls of webhook {name} are signed with is in {}", path.display()));
        }
        (Some(_), None) if json => show_json(made),
        (Some(chosen), None) => {
            say(&format!("webhook {name} is there; its calls are signed with this secret, which is shown this once:"));
            show(chosen.expose());
        }
    }
    Ok(Exit::Done)
}
