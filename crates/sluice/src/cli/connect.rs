//! `sluice connect`: the approval in the browser, and the refresh token kept in the connection file.
//!
//! The code, the verifier and the tokens travel in bodies only and are never printed.

use std::io::{BufRead, IsTerminal};
use std::time::Duration;

use pardot::oauth::{self, Pkce};
use secrecy::SecretString;
use tokio::sync::mpsc;
use url::Url;

use crate::cli::args::ConnectArguments;
use crate::cli::browser::open_browser;
use crate::cli::callback::{Arrival, listen};
use crate::cli::signals::Signals;
use crate::cli::{Exit, explain_error, say, show};
use app::clock::random;
use app::connection::{Connection, store_refresh_token};
use app::export::ExportError;

/// `sluice connect`
pub(crate) async fn connect(arguments: ConnectArguments) -> Exit {
    let connection = match Connection::read(&arguments.connection_file) {
        Ok(connection) => connection,
        Err(error) => return explain_error(&ExportError::from(error), None),
    };
    let redirect = match loopback(&arguments.redirect_uri) {
        Ok(redirect) => redirect,
        Err(message) => {
            say(&format!("error: --redirect-uri {}: {message}", arguments.redirect_uri));
            return Exit::Usage;
        }
    };
    let Some(pkce) = Pkce::random() else {
        say("error: the system has no source of randomness");
        return Exit::Failed;
    };
    let state: String = random::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
    let (login, client_id) = (&connection.login_url, &connection.app.client_id);
    let address = oauth::authorize_url(login, client_id, &arguments.redirect_uri, &state, Some(&pkce), oauth::SCOPE);
    let code = match wait_for_code(&arguments, &redirect, &address, &state).await {
        Ok(code) => code,
        Err((message, exit)) => {
            say(&format!("error: {message}"));
            return exit;
        }
    };
    let granted = oauth::exchange(login, &connection.app, &code, &arguments.redirect_uri, Some(&pkce)).await;
    let granted = match granted {
        Ok(granted) => granted,
        Err(error) => {
            say(&format!("error: {error}"));
            say(&format!("  hint: {}", error.hint()));
            return Exit::Authentication;
        }
    };
    if let Some(scope) = &granted.scope
        && !scope.split(' ').any(|word| word == "pardot_api" || word == "full")
    {
        say(
            "error: Salesforce granted no pardot_api; add \"Access Pardot services (pardot_api)\" to the connected app",
        );
        return Exit::Authentication;
    }
    if let Err(error) = store_refresh_token(&arguments.connection_file, &granted.refresh_token) {
        say(&format!("error: the refresh token could not be kept in {}: {error}", connection.path.display()));
        return Exit::Failed;
    }
    show(&format!("connected: the refresh token is kept in {}", connection.path.display()));
    say(&format!("next: sluice doctor --connection-file {}", connection.path.display()));
    Exit::Done
}

/// The redirect address, when it leads to this machine.
fn loopback(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() == "http" && local { Ok(url) } else { Err("must be http on localhost".into()) }
}

async fn wait_for_code(
    arguments: &ConnectArguments,
    redirect: &Url,
    address: &str,
    state: &str,
) -> Result<SecretString, (String, Exit)> {
    let signals = Signals::listen();
    let (sender, mut arrivals) = mpsc::channel(4);
    if arguments.headless {
        say("Open this address in a browser, approve, and paste the address that it leads to (or its code):");
        show(address);
        std::thread::spawn(move || {
            let mut line = String::new();
            if std::io::stdin().lock().read_line(&mut line).is_ok() {
                let _ = sender.blocking_send(pasted(line.trim()));
            }
        });
    } else {
        let port = redirect.port_or_known_default().unwrap_or(80);
        listen(port, sender).await.map_err(|error| (error, Exit::Failed))?;
        say("Open this address in a browser and approve:");
        show(address);
        if std::io::stderr().is_terminal() {
            open_browser(address);
        }
    }
    let deadline = tokio::time::sleep(Duration::from_secs(arguments.timeout));
    tokio::pin!(deadline);
    loop {
        let arrival = tokio::select! {
            arrival = arrivals.recv() => arrival,
            () = &mut deadline => return Err(("nobody approved in time".into(), Exit::Authentication)),
            () = signals.stop().stopped() => {
                return Err(("stopped".into(), signals.exit().unwrap_or(Exit::Interrupted)));
            }
        };
        let Some(arrival) = arrival else {
            return Err(("nothing was pasted".into(), Exit::Usage));
        };
        let ours = arrival.state.as_deref() == Some(state) || (arguments.headless && arrival.state.is_none());
        if !ours {
            say("ignored an answer that this connect did not ask for (another state)");
            if arguments.headless {
                return Err(("the pasted address belongs to another attempt".into(), Exit::Authentication));
            }
            continue;
        }
        if let Some(error) = arrival.error {
            let word: String = error.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(60).collect();
            return Err((format!("Salesforce said no: {word}"), Exit::Authentication));
        }
        if let Some(code) = arrival.code {
            return Ok(SecretString::from(code));
        }
    }
}

/// A pasted address, or a bare code as the manual has it.
fn pasted(line: &str) -> Arrival {
    match Url::parse(line) {
        Ok(url) if url.query().is_some() => Arrival::of(url.query()),
        _ => {
            let code = line.replace("%3D", "=");
            Arrival { code: Some(code).filter(|code| !code.is_empty()), state: None, error: None }
        }
    }
}
