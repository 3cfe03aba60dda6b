//! The product: the command line over the use cases.
//!
//! Reads arguments, calls `app`, prints, and ends with a documented exit code.

#![allow(rustdoc::bare_urls, reason = "the docs of arguments are help texts on a terminal")]

mod cli;
mod config;
mod demo;
mod sandbox;

fn main() -> std::process::ExitCode {
    cli::run().into()
}
