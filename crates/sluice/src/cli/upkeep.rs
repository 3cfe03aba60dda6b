//! `sluice backup`, `restore`, `keys` and `audit`: a data directory looked after.
//!
//! Knows arguments and screens; what is safe is the use cases' to judge.

use std::path::PathBuf;

use app::upkeep::{self, AuditChain, BackupError, UpkeepError};
use model::grouped;
use serde_json::json;

use crate::cli::args::DataDir;
use crate::cli::commands::{AuditCommand, BackupArguments, KeysCommand, RestoreArguments, Whereabouts};
use crate::cli::door::{Failure, Need, through, used};
use crate::cli::listing::{counted, show_json};
use crate::cli::transfer::Bytes;
use crate::cli::{Exit, people, say};

/// `sluice backup`
pub(crate) async fn backup(arguments: BackupArguments) -> Exit {
    let data_dir = match here(arguments.server.as_deref(), &arguments.data_dir) {
        Ok(data_dir) => data_dir,
        Err(exit) => return exit,
    };
    let mut bytes = Bytes::new("backup");
    let mut progress = |done, all| bytes.show(done, Some(all));
    let made = Box::pin(upkeep::backup(&data_dir, &arguments.file, !arguments.no_results, &mut progress)).await;
    bytes.finish();
    match made {
        Ok(made) if arguments.json => {
            let file = arguments.file.display().to_string();
            show_json(&json!({"file": file, "files": made.files, "bytes": made.bytes, "schema": made.schema}));
            Exit::Done
        }
        Ok(made) => {
            let (files, bytes) = (counted(made.files, "file"), counted(made.bytes, "byte"));
            say(&format!("{files}, {bytes} in {}", arguments.file.display()));
            say("the master key is not in it: keep master.key elsewhere, or the stored secrets cannot be opened again");
            Exit::Done
        }
        Err(error) => backup_failed(&error),
    }
}

/// `sluice restore`
pub(crate) async fn restore(arguments: RestoreArguments) -> Exit {
    let data_dir = match here(arguments.server.as_deref(), &arguments.data_dir) {
        Ok(data_dir) => data_dir,
        Err(exit) => return exit,
    };
    let mut bytes = Bytes::new("restore");
    let mut progress = |done, all| bytes.show(done, Some(all));
    let restored = Box::pin(upkeep::restore(&arguments.file, &data_dir, arguments.replace, &mut progress)).await;
    bytes.finish();
    let restored = match restored {
        Ok(restored) => restored,
        Err(error) => return backup_failed(&error),
    };
    let made = jiff::Timestamp::from_second(restored.made).map(|time| time.to_string()).unwrap_or_default();
    if arguments.json {
        let aside = restored.aside.map(|path| path.display().to_string());
        show_json(&json!({"made": made, "files": restored.files, "aside": aside}));
        return Exit::Done;
    }
    say(&format!("{} of the backup of {made} restored", counted(restored.files, "file")));
    if let Some(aside) = restored.aside {
        say(&format!("what was there before is in {}", aside.display()));
    }
    say("the backup has no master key: put master.key back where it is missing");
    Exit::Done
}

fn backup_failed(error: &BackupError) -> Exit {
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    say(&format!("error: {error}{source}\n  hint: {}", error.hint()));
    match error {
        BackupError::InUse { .. } => Exit::Locked,
        BackupError::Exists { .. } | BackupError::NoDatabase { .. } | BackupError::Occupied { .. } => Exit::Usage,
        BackupError::Spoiled { .. }
        | BackupError::Changed { .. }
        | BackupError::Database(_)
        | BackupError::File { .. } => Exit::Failed,
    }
}

/// `sluice keys`
pub(crate) async fn keys(whereabouts: Whereabouts, command: KeysCommand) -> Exit {
    let json = whereabouts.json;
    match command {
        KeysCommand::Rotate => {
            through(&whereabouts, Need::Documents, async |door| {
                let rotated = door.client().rotate_keys().await?;
                if json {
                    show_json(&rotated);
                } else {
                    say(&format!(
                        "a new master key wraps {}; the old one is not needed any more",
                        counted(rotated.secrets, "secret")
                    ));
                    say("keep a copy of the new master.key where no backup is");
                }
                Ok(Exit::Done)
            })
            .await
        }
        KeysCommand::Forget { yes } => forget(&whereabouts, yes).await,
    }
}

async fn forget(whereabouts: &Whereabouts, yes: bool) -> Exit {
    let data_dir = match here(whereabouts.server(), &whereabouts.data_dir) {
        Ok(data_dir) => data_dir,
        Err(exit) => return exit,
    };
    if let Err(problem) = used(&data_dir) {
        return Failure::from(problem).tell(whereabouts.json);
    }
    if !yes {
        say("error: this deletes every stored secret: connections must be connected again afterwards");
        say("  hint: only where the master key is lost; then add --yes");
        return Exit::Usage;
    }
    match Box::pin(upkeep::forget_secrets(&data_dir)).await {
        Ok(count) if whereabouts.json => {
            show_json(&json!({"forgotten": count}));
            Exit::Done
        }
        Ok(count) => {
            say(&format!("{} forgotten; everything else stays", counted(count, "secret")));
            Exit::Done
        }
        Err(error) => upkeep_failed(&error),
    }
}

/// `sluice audit`
pub(crate) async fn audit(whereabouts: Whereabouts, command: AuditCommand) -> Exit {
    match command {
        AuditCommand::List { limit, before } => people::audit(whereabouts, limit, before).await,
        AuditCommand::Verify => verify(&whereabouts).await,
    }
}

async fn verify(whereabouts: &Whereabouts) -> Exit {
    let data_dir = match here(whereabouts.server(), &whereabouts.data_dir) {
        Ok(data_dir) => data_dir,
        Err(exit) => return exit,
    };
    let json = whereabouts.json;
    if let Err(problem) = used(&data_dir) {
        return Failure::from(problem).tell(json);
    }
    match Box::pin(upkeep::verify_audit(&data_dir)).await {
        Ok(AuditChain::Whole { entries }) => {
            if json {
                show_json(&json!({"whole": true, "entries": entries}));
            } else {
                say(&format!("whole: each of {} lines follows from the one before it", grouped(entries)));
            }
            Exit::Done
        }
        Ok(AuditChain::Broken { number }) => {
            if json {
                show_json(&json!({"whole": false, "first_broken": number}));
            } else {
                say(&format!("error: line {number} was changed, or a line before it is missing or was put in"));
                say("  hint: compare with a backup, and ask who may write to the database's file");
            }
            Exit::Failed
        }
        Err(error) => upkeep_failed(&error),
    }
}

/// The data directory of this machine, said aloud: what is done to the files themselves needs no server, and takes none.
fn here(server: Option<&str>, data_dir: &DataDir) -> Result<PathBuf, Exit> {
    if server.is_some_and(|server| !server.is_empty()) {
        say("error: --server: this works on a data directory of this machine, not through a server");
        say("  hint: do it where the server's data directory is, without --server and with $SLUICE_SERVER unset");
        return Err(Exit::Usage);
    }
    let path = data_dir.path();
    say(&format!("data directory: {}", path.display()));
    Ok(path)
}

fn upkeep_failed(error: &UpkeepError) -> Exit {
    say(&format!("error: {error}\n  hint: {}", error.hint()));
    match error {
        UpkeepError::Lock(_) => Exit::Locked,
        UpkeepError::Open(_) | UpkeepError::Store(_) => Exit::Failed,
    }
}
