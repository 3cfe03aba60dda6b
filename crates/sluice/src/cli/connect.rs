//! `sluice connect`: the approval in the browser, and the refresh token kept in the connection file.
//!
//! The code, the verifier and the tokens travel in bodies only and are never printed.

use std::io::{BufRead, IsTerminal};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::Html;
use pardot::oauth::{self, Pkce};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use url::Url;

use crate::app::clock::random;
use crate::app::connection::{Connection, store_refresh_token};
use crate::app::export::ExportError;
use crate::cli::args::ConnectArguments;
use crate::cli::signals::Signals;
use crate::cli::{Exit, explain_error, say, show};

/// What the browser brought.
struct Arrival {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

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
        Ok(url) if url.query().is_some() => arrival(url.query()),
        _ => {
            let code = line.replace("%3D", "=");
            Arrival { code: Some(code).filter(|code| !code.is_empty()), state: None, error: None }
        }
    }
}

fn arrival(query: Option<&str>) -> Arrival {
    let mut arrival = Arrival { code: None, state: None, error: None };
    for (name, value) in url::form_urlencoded::parse(query.unwrap_or("").as_bytes()) {
        match &*name {
            "code" => arrival.code = Some(value.into_owned()),
            "state" => arrival.state = Some(value.into_owned()),
            "error" => arrival.error = Some(value.into_owned()),
            _ => {}
        }
    }
    arrival
}

/// Listens on the loopback addresses alone.
async fn listen(port: u16, sender: mpsc::Sender<Arrival>) -> Result<(), String> {
    let router = Router::new().fallback(answer).with_state(sender);
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        format!("cannot listen on 127.0.0.1:{port}: {error}; use another --redirect-uri or --headless")
    })?;
    let second = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok();
    for listener in [Some(first), second].into_iter().flatten() {
        let router = router.clone();
        tokio::spawn(async move { axum::serve(listener, router).await });
    }
    Ok(())
}

async fn answer(State(sender): State<mpsc::Sender<Arrival>>, RawQuery(query): RawQuery) -> Html<&'static str> {
    let arrival = arrival(query.as_deref());
    let text = match (&arrival.code, &arrival.error) {
        (Some(_), _) => "Approved. Go back to the terminal.",
        (None, Some(_)) => "Not approved. Go back to the terminal.",
        (None, None) => return Html("<!doctype html><title>Sluice</title><p>Waiting for Salesforce."),
    };
    let _ = sender.send(arrival).await;
    // The code leaves the address bar at once.
    if text.starts_with('A') {
        Html(
            "<!doctype html><meta charset=utf-8><title>Sluice</title><script>history.replaceState(null,'','/')</script>\
             <p>Approved. Go back to the terminal.",
        )
    } else {
        Html("<!doctype html><meta charset=utf-8><title>Sluice</title><p>Not approved. Go back to the terminal.")
    }
}

/// Opens the browser where there is one; nothing is lost where there is none.
fn open_browser(address: &str) {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let _ = std::process::Command::new(program)
        .arg(address)
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn();
}
