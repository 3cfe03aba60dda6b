//! `sluice sandbox`: a local Pardot and Salesforce login, until a signal.
//!
//! Prints the connection file to use on stdout, so that a script can keep it.

use std::net::Ipv4Addr;
use std::time::Duration;

use pardot_sim::{BusinessUnit, Config, Connection, OAuthSettings, Sandbox};
use tokio::net::TcpListener;

use crate::cli::args::SandboxArguments;
use crate::cli::signals::Signals;
use crate::cli::{Exit, say, show};

/// `sluice sandbox`
pub(crate) async fn sandbox(arguments: SandboxArguments) -> Exit {
    let signals = Signals::listen();
    let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, arguments.port)).await {
        Ok(listener) => listener,
        Err(error) => {
            say(&format!("error: cannot listen on 127.0.0.1:{}: {error}", arguments.port));
            say("  hint: --port 0 takes a free port");
            return Exit::Failed;
        }
    };
    let unit = BusinessUnit { ampsea: arguments.ampsea, daily_limit: arguments.daily_limit, ..BusinessUnit::default() };
    let config = Config {
        oauth: OAuthSettings { rotate_refresh_tokens: arguments.rotate, ..OAuthSettings::default() },
        answer_delay: Duration::from_millis(arguments.delay),
        business_units: vec![unit],
        ..Config::default()
    };
    let sandbox = match Sandbox::start_on(listener, config).await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            say(&format!("error: the sandbox did not start: {error}"));
            return Exit::Failed;
        }
    };
    let connection = sandbox.connection();
    if let Some(path) = &arguments.seed {
        let seeded = std::fs::File::open(path)
            .map_err(|error| error.to_string())
            .and_then(|file| sandbox.seed_csv(&connection.business_unit, file).map_err(|error| error.to_string()));
        match seeded {
            Ok(prospects) => say(&format!("seeded {prospects} prospects")),
            Err(error) => {
                say(&format!("error: --seed {}: {error}", path.display()));
                return Exit::Usage;
            }
        }
    }
    let document = connection_document(&connection);
    if let Some(path) = &arguments.connection_file
        && let Err(error) = std::fs::write(path, &document)
    {
        say(&format!("error: --connection-file {}: {error}", path.display()));
        return Exit::Failed;
    }
    show(document.trim_end());
    say(&format!("sandbox at {} (state, journal and faults under /control); stop with Ctrl-C", sandbox.url()));
    signals.stop().stopped().await;
    Exit::Done
}

/// The connection file of a sandbox; its secrets protect nothing.
pub(crate) fn connection_document(connection: &Connection) -> String {
    format!(
        "pardot_domain: {}\nlogin_url: {}\nbusiness_unit: {}\nclient_id: {}\nclient_secret: {}\nrefresh_token: {}\n",
        connection.pardot_domain,
        connection.login_url,
        connection.business_unit,
        connection.client_id,
        connection.client_secret,
        connection.refresh_token
    )
}
