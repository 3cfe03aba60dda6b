//! The product: the command line over the use cases.
//!
//! Reads arguments, calls `app`, prints, and ends with a documented exit code.

mod cli;
mod config;
mod demo;

fn main() -> std::process::ExitCode {
    cli::run().into()
}
