//! A server on a data directory of its own, for tools that walk through the API: prints its address and an admin's token.
//!
//! Knows no tool. `schemathesis run http://127.0.0.1:PORT/api/v1/openapi.json -H "Authorization: Bearer TOKEN"`.

use std::error::Error;

use api::{Secret, Setup};
use app::{App, Config, Mode};
use secrecy::ExposeSecret;
use server::ServerConfig;
use tokio::net::TcpListener;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is what it is for")]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let app = App::start(Config::new(directory.path().to_owned()), Mode::Serve).await?;
    let token = app.setup_token().ok_or("somebody is there")?.expose_secret().to_owned();
    let password = Secret::new("correct horse lorry staple");
    let setup = Setup { token: Secret::new(token), name: "ada".into(), password };
    let done = app.setup(setup, "this machine").await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    println!("http://{address} {}", done.token.secret.expose());
    let config = ServerConfig { requests_per_second: 100_000, ..ServerConfig::new(address) };
    let stop = async {
        // Without signals it serves until it is killed.
        let _told = tokio::signal::ctrl_c().await;
    };
    server::serve(app.clone(), config, vec![listener], stop).await?;
    app.stop().await;
    Ok(())
}
