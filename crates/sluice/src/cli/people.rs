//! `sluice people`, `sluice tokens` and `sluice audit list`: who may do what on a server, and who did.
//!
//! Knows arguments and screens; passwords come from files, stdin or a prompt, tokens are shown once.

use std::path::Path;

use api::{Person, PersonChange, PersonSpec, Role, Scope, Secret, Setup, Token, TokenMade, TokenSpec};
use model::Problem;
use secrecy::SecretString;
use serde_json::Value;

use crate::cli::commands::{PeopleCommand, TokensCommand, Whereabouts};
use crate::cli::connections::word;
use crate::cli::door::{Door, Failure, Need, remote, through};
use crate::cli::listing::{show_json, show_list};
use crate::cli::secret;
use crate::cli::{Exit, pages, say, show};

/// `sluice people`
pub(crate) async fn people(whereabouts: Whereabouts, command: PeopleCommand) -> Exit {
    let json = whereabouts.json;
    if let PeopleCommand::Setup { name, setup_token_file, password_file, output } = command {
        let token = setup_token_file.unwrap_or_else(|| whereabouts.data_dir.path().join("setup-token"));
        let done = setup(&whereabouts, name, &token, password_file.as_deref(), output.as_deref()).await;
        return done.unwrap_or_else(|failure| failure.tell(json));
    }
    let need = match &command {
        PeopleCommand::List | PeopleCommand::Change { .. } | PeopleCommand::Remove { .. } => Need::There,
        PeopleCommand::Setup { .. } | PeopleCommand::Add { .. } => Need::Documents,
    };
    through(&whereabouts, need, async |door| match command {
        PeopleCommand::List => {
            show_list(&door.client().people().await?, json, "nobody yet", &PERSON_HEADS, person_row);
            Ok(Exit::Done)
        }
        // Done above: whoever sets a server up has no token yet.
        PeopleCommand::Setup { .. } => Ok(Exit::Done),
        PeopleCommand::Add { name, role, password_file } => {
            let role = role_of(&role)?;
            let password = secret::password(password_file.as_deref())?;
            show_person(&door.client().add_person(&PersonSpec { name, role, password }).await?, json);
            Ok(Exit::Done)
        }
        PeopleCommand::Change { name, role, password_file, password, disable, enable } => {
            let password = (password || password_file.is_some()).then(|| secret::password(password_file.as_deref()));
            let change = PersonChange {
                role: role.as_deref().map(role_of).transpose()?,
                password: password.transpose()?,
                disabled: (disable || enable).then_some(disable),
            };
            show_person(&door.client().change_person(&name, &change).await?, json);
            Ok(Exit::Done)
        }
        PeopleCommand::Remove { name } => {
            door.client().remove_person(&name).await?;
            say(&format!("{name} is removed"));
            Ok(Exit::Done)
        }
    })
    .await
}

fn role_of(text: &str) -> Result<Role, Problem> {
    word("--role", text, "viewer, editor or admin")
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Editor => "editor",
        Role::Admin => "admin",
    }
}

fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Run => "run",
        Scope::Edit => "edit",
        Scope::Admin => "admin",
    }
}

const PERSON_HEADS: [&str; 4] = ["name", "role", "created", ""];

fn person_row(person: &Person) -> Vec<String> {
    let locked = if person.disabled { "locked out" } else { "" };
    vec![person.name.clone(), role_name(person.role).to_owned(), person.created.clone(), locked.to_owned()]
}

fn show_person(person: &Person, json: bool) {
    show_list(std::slice::from_ref(person), json, "", &PERSON_HEADS, person_row);
}

/// Makes the first admin of a server that runs.
async fn setup(
    whereabouts: &Whereabouts,
    name: String,
    token: &Path,
    password: Option<&Path>,
    output: Option<&Path>,
) -> Result<Exit, Failure> {
    let Some(server) = whereabouts.server() else {
        let problem = Problem::at("--server", "is missing: a setup is done at a server that runs");
        return Err(problem.hint("without a server, `sluice people add NAME --role admin` does it here").into());
    };
    if let Some(path) = output {
        secret::can_write(path)?;
    }
    let token = secret::read("--setup-token-file", token)?;
    let password = secret::password(password)?;
    // The one-time token in the body is all the right that there is.
    let client = remote(server, &SecretString::from("setup"), whereabouts)?;
    let done = client.setup(&Setup { token, name, password }).await?;
    say(&format!("{} is the first admin, with a token of scope admin for a day, shown this once", done.person.name));
    show_token(&done.token, output, whereabouts.json)
}

/// `sluice tokens`
pub(crate) async fn tokens(whereabouts: Whereabouts, command: TokensCommand) -> Exit {
    let json = whereabouts.json;
    let need = match &command {
        TokensCommand::List | TokensCommand::Revoke { .. } => Need::There,
        TokensCommand::Create { .. } => Need::Documents,
    };
    through(&whereabouts, need, async |door| match command {
        TokensCommand::List => {
            let heads = ["id", "begins", "name", "person", "scope", "ends", "used"];
            show_list(&door.client().tokens().await?, json, "no tokens yet", &heads, token_row);
            Ok(Exit::Done)
        }
        TokensCommand::Create { name, scope, days, output } => {
            let scope = word("--scope", &scope, "read, run, edit or admin")?;
            if let Some(path) = &output {
                secret::can_write(path)?;
            }
            let made = door.client().make_token(&TokenSpec { name, scope, days }).await?;
            show_token(&made, output.as_deref(), json)
        }
        TokensCommand::Revoke { id } => {
            door.client().revoke_token(&id).await?;
            say(&format!("token {id} is revoked"));
            Ok(Exit::Done)
        }
    })
    .await
}

fn token_row(token: &Token) -> Vec<String> {
    let end = match (&token.revoked, &token.expires) {
        (Some(revoked), _) => format!("revoked {revoked}"),
        (None, Some(expires)) => format!("until {expires}"),
        (None, None) => String::new(),
    };
    let used = token.last_used.as_ref().map(|used| format!("last used {used}")).unwrap_or_default();
    let scope = scope_name(token.scope).to_owned();
    vec![token.id.clone(), token.shown.clone(), token.name.clone(), token.person.clone(), scope, end, used]
}

/// A token just made: into its file, else on stdout, this once.
fn show_token(made: &TokenMade, output: Option<&Path>, json: bool) -> Result<Exit, Failure> {
    if let Some(path) = output {
        let secret: &Secret = &made.secret;
        secret::write(path, secret)?;
        if json {
            show_json(&made.token);
        } else {
            say(&format!("the token {} is in {}", made.token.id, path.display()));
        }
        return Ok(Exit::Done);
    }
    if json {
        show_json(made);
    } else {
        show(made.secret.expose());
    }
    Ok(Exit::Done)
}

/// `sluice audit list`
pub(crate) async fn audit(whereabouts: Whereabouts, limit: u32, before: Option<u64>) -> Exit {
    let json = whereabouts.json;
    through(&whereabouts, Need::There, async |door| audit_list(door, limit, before, json).await).await
}

async fn audit_list(door: &Door, limit: u32, before: Option<u64>, json: bool) -> Result<Exit, Failure> {
    let page = async |before: Option<&str>, limit| door.client().audit(before, limit).await;
    let lines = pages::first(limit, before.map(|number| number.to_string()), page).await?;
    let heads = ["number", "at", "by", "from", "what", "of", "details"];
    show_list(&lines, json, "nothing was changed yet", &heads, |line| {
        vec![
            line.number.to_string(),
            line.at.clone(),
            line.actor.clone(),
            line.address.clone(),
            line.action.clone(),
            line.object.clone(),
            details(&line.detail),
        ]
    });
    Ok(Exit::Done)
}

/// What a line says besides, as `name=value`; what is not there is left out.
fn details(detail: &Value) -> String {
    let Value::Object(entries) = detail else {
        return detail_text(detail).unwrap_or_default();
    };
    let pairs = entries.iter().filter_map(|(name, value)| Some(format!("{name}={}", detail_text(value)?)));
    pairs.collect::<Vec<_>>().join(" ")
}

fn detail_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text.is_empty() || text.contains([' ', '"', '=']) => Some(format!("{text:?}")),
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().filter_map(detail_text).collect();
            (!items.is_empty()).then(|| items.join(","))
        }
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => Some(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn details_are_names_and_values() {
        let cases = [
            (json!(null), ""),
            (json!({}), ""),
            (json!({"renamed_to": null, "secrets_given": [], "secrets_dropped": false}), "secrets_dropped=false"),
            (json!({"changed": ["login_url", "grant"], "rows": 3}), "changed=login_url,grant rows=3"),
            (json!({"name": "two words", "of": "x"}), "name=\"two words\" of=x"),
            (json!("alone"), "alone"),
        ];
        for (detail, want) in cases {
            assert_eq!(details(&detail), want);
        }
    }
}
