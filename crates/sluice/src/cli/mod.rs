//! The command line: arguments in, use cases called, data on stdout, talk on stderr, an exit code at the end.
//!
//! Decides nothing about exports.

pub(crate) mod args;
mod connect;
mod doctor;
mod exit;
mod explain;
mod export;
mod failure;
mod jobs;
mod output;
mod progress;
mod report;
mod sandbox;
mod signals;

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
        Command::Jobs(arguments) => jobs::jobs(arguments).await,
        Command::Report(arguments) => jobs::report(arguments).await,
        Command::Connect(arguments) => connect::connect(arguments).await,
        Command::Doctor(arguments) => doctor::doctor(arguments).await,
        Command::Fields(arguments) => doctor::fields(arguments).await,
        Command::Sandbox(arguments) => sandbox::sandbox(arguments).await,
        Command::Demo(arguments) => Box::pin(crate::demo::demo(arguments)).await,
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Settings => explain::settings(),
        Command::Completions(arguments) => explain::completions(&arguments),
    }
}
