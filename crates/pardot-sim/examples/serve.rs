//! Runs a sandbox until it is interrupted and prints what a client needs, as one line of JSON.
//!
//! Knows one option: the word `ampsea` allows several prospects per address (version 4).
#![expect(clippy::print_stdout, reason = "the line is the example's product")]

use pardot_sim::{Config, Sandbox};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let mut config = Config::default();
    config.business_units[0].ampsea = std::env::args().any(|word| word == "ampsea");
    let sandbox = Sandbox::start(config).await?;
    println!("{}", serde_json::to_string(&sandbox.connection())?);
    tokio::signal::ctrl_c().await
}
