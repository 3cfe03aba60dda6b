//! The command line: arguments in, use cases called, data on stdout, talk on stderr, an exit code at the end.
//!
//! Decides nothing about exports.

mod activations;
pub(crate) mod args;
mod browser;
mod calendar;
mod callback;
mod commands;
mod config;
mod connect;
mod connections;
mod cron;
mod doctor;
mod door;
mod exit;
mod explain;
mod export;
mod failure;
mod follow;
mod jobs;
mod listing;
mod moment;
mod notices;
mod output;
mod pages;
mod parent_segments;
mod people;
mod progress;
mod project;
mod queries;
mod report;
mod review;
mod sandbox;
mod schedules;
mod secret;
mod segments;
mod serve;
mod server_jobs;
mod signals;
mod tables;
mod transfer;
mod upkeep;
mod webhooks;
mod written;

use clap::Parser;

use args::{Arguments, Command};
pub(crate) use exit::Exit;
pub(crate) use failure::explain_error;
pub(crate) use output::{say, show};
pub(crate) use progress::{Progress, ProgressForm};
pub(crate) use report::human;
pub(crate) use sandbox::connection_document;

/// Reads the arguments and does what they say.
pub(crate) fn run() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let asked = !error.use_stderr();
            let _ = error.print();
            return if asked { Exit::Done } else { Exit::Usage };
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("error: the system gives no threads: {error}"));
            return Exit::Failed;
        }
    };
    let exit = runtime.block_on(Box::pin(dispatch(arguments.command)));
    // A call whose answer nobody waits for must not keep the program.
    runtime.shutdown_background();
    exit
}

async fn dispatch(command: Command) -> Exit {
    match command {
        Command::Export(arguments) => Box::pin(export::export(arguments)).await,
        Command::Resume(arguments) => Box::pin(export::resume(arguments)).await,
        Command::Jobs(arguments) => Box::pin(jobs::jobs(arguments)).await,
        Command::Report(arguments) => jobs::report(arguments).await,
        Command::Connect(arguments) => connect::connect(arguments).await,
        Command::Doctor(arguments) => doctor::doctor(arguments).await,
        Command::Fields(arguments) => doctor::fields(arguments).await,
        Command::Sandbox(arguments) => sandbox::sandbox(arguments).await,
        Command::Demo(arguments) => Box::pin(crate::demo::demo(arguments)).await,
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Cron { command } => cron::cron(&command),
        Command::Settings => explain::settings(),
        Command::Completions(arguments) => explain::completions(&arguments),
        Command::Serve(arguments) => Box::pin(serve::serve(*arguments)).await,
        Command::Config { command } => config::config(command),
        Command::Connections { whereabouts, command } => Box::pin(connections::connections(whereabouts, command)).await,
        Command::Tables { whereabouts, command } => Box::pin(tables::tables(whereabouts, command)).await,
        Command::Queries { whereabouts, command } => Box::pin(queries::queries(whereabouts, command)).await,
        Command::ParentSegments { whereabouts, command } => {
            Box::pin(parent_segments::parent_segments(whereabouts, command)).await
        }
        Command::Segments { whereabouts, command } => Box::pin(segments::segments(whereabouts, command)).await,
        Command::Activations { whereabouts, command } => Box::pin(activations::activations(whereabouts, command)).await,
        Command::Schedules { whereabouts, command } => Box::pin(schedules::schedules(whereabouts, command)).await,
        Command::Notices { whereabouts, command } => Box::pin(notices::notices(whereabouts, command)).await,
        Command::Notifications { whereabouts, command } => Box::pin(notices::notifications(whereabouts, command)).await,
        Command::Webhooks { whereabouts, command } => Box::pin(webhooks::webhooks(whereabouts, command)).await,
        Command::People { whereabouts, command } => Box::pin(people::people(whereabouts, command)).await,
        Command::Tokens { whereabouts, command } => Box::pin(people::tokens(whereabouts, command)).await,
        Command::Audit { whereabouts, command } => Box::pin(upkeep::audit(whereabouts, command)).await,
        Command::Keys { whereabouts, command } => Box::pin(upkeep::keys(whereabouts, command)).await,
        Command::Backup(arguments) => Box::pin(upkeep::backup(arguments)).await,
        Command::Restore(arguments) => Box::pin(upkeep::restore(arguments)).await,
        Command::Plan(arguments) => Box::pin(project::plan(arguments)).await,
        Command::Apply(arguments) => Box::pin(project::apply(arguments)).await,
        Command::Pull(arguments) => Box::pin(project::pull(arguments)).await,
        Command::Schema => project::schema(),
    }
}
