//! `sluice serve`: the server, until a signal.
//!
//! Knows flags, signals and the log; what is served is the use cases', how is the doors'.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use app::{App, Mode};
use secrecy::ExposeSecret as _;
use server::{ServerConfig, TlsFiles};
use tokio::net::TcpListener;

use crate::cli::commands::ServeArguments;
use crate::cli::door::{self, cannot_start};
use crate::cli::signals::Signals;
use crate::cli::{Exit, failure, say};
use crate::config::{LogFormat, Operator, Sources, redirect_uri};
use crate::sandbox::LocalPardot;

/// `sluice serve`
pub(crate) async fn serve(arguments: ServeArguments) -> Exit {
    let environment = door::environment();
    let flags = flags(&arguments);
    let sources =
        Sources { data_dir: arguments.data_dir.path(), file: arguments.config, flags, environment: &environment };
    let read = sources.read().and_then(|found| Ok((Operator::parse(&found)?, found)));
    let (mut operator, found) = match read {
        Ok(read) => read,
        Err(problems) => return failure::problems_exit(&problems),
    };
    log(&operator);
    for stranger in &found.strangers {
        tracing::warn!("{stranger}");
    }
    let format = operator.log_format;
    let signals = Signals::listen_with(move |text| announce(format, text));
    // The port first: whoever cannot have it has not touched the data directory.
    let listeners = match listen(operator.server.listen).await {
        Ok(listeners) => listeners,
        Err(message) => {
            say(&format!("error: {message}"));
            say("  hint: is a server running here already? --listen 127.0.0.1:PORT takes another port");
            return Exit::Failed;
        }
    };
    if let Some(Ok(bound)) = listeners.first().map(TcpListener::local_addr) {
        // With port 0 the system has chosen one.
        operator.app.redirect_uri = redirect_uri(&found, bound);
    }
    if let Err(message) = start_sandbox(&mut operator).await {
        say(&format!("error: {message}"));
        say("  hint: --sandbox-listen 127.0.0.1:0 takes a free port");
        return Exit::Failed;
    }
    let app = match Box::pin(App::start(operator.app, Mode::Serve)).await {
        Ok(app) => app,
        Err(error) => return cannot_start(&error),
    };
    greet(&app, &operator.server, &listeners, format);
    let stop = signals.stop();
    let stopping = app.clone();
    let ended = async move {
        stop.stopped().await;
        // Jobs go to a checkpoint at once, beside whoever is still being answered.
        stopping.begin_stop();
    };
    let served = Box::pin(server::serve(app.clone(), operator.server, listeners, ended)).await;
    // Whoever was being answered is answered; jobs are at a checkpoint or nearly; then the store closes.
    app.stop().await;
    match served {
        Ok(()) => {
            announce(format, "stopped");
            Exit::Done
        }
        Err(error) => {
            say(&format!("error: {error}"));
            Exit::Usage
        }
    }
}

/// Starts the sandbox, where one is wanted, and lets connections name its address.
async fn start_sandbox(operator: &mut Operator) -> Result<(), String> {
    let Some(listen) = operator.sandbox else { return Ok(()) };
    let sandbox = LocalPardot::start(listen).await?;
    operator.app.hosts.sandbox = Some(sandbox.address());
    operator.server.sandbox = Some(Arc::new(sandbox));
    Ok(())
}

/// The flags that were given, under the names of the config.
fn flags(arguments: &ServeArguments) -> Vec<(&'static str, String)> {
    let path = |path: &std::path::PathBuf| path.to_string_lossy().into_owned();
    let truth = |given: bool| given.then(|| "true".to_owned());
    let given = [
        ("listen", arguments.listen.clone()),
        ("tls_certificate", arguments.tls_certificate.as_ref().map(path)),
        ("tls_key", arguments.tls_key.as_ref().map(path)),
        ("behind_proxy", truth(arguments.behind_proxy)),
        ("allow_loopback", truth(arguments.allow_loopback)),
        ("sandbox", truth(arguments.sandbox || arguments.sandbox_listen.is_some())),
        ("sandbox_listen", arguments.sandbox_listen.clone()),
        ("log_format", arguments.log_format.clone()),
        ("log_level", arguments.log_level.clone()),
    ];
    given.into_iter().filter_map(|(name, text)| Some((name, text?))).collect()
}

/// Listens; for the manual's `http://localhost:8080`, which may mean either, on both loopback addresses.
async fn listen(address: SocketAddr) -> Result<Vec<TcpListener>, String> {
    let first = TcpListener::bind(address).await.map_err(|error| format!("cannot listen at {address}: {error}"))?;
    let mut listeners = vec![first];
    if address == SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)) {
        listeners.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, 8080)).await.ok());
    }
    Ok(listeners)
}

/// Says where the server is, and how to begin when nobody is there yet.
fn greet(app: &App, config: &ServerConfig, listeners: &[TcpListener], format: LogFormat) {
    let scheme = match &config.tls {
        Some(TlsFiles { .. }) => "https",
        None => "http",
    };
    let address = listeners.first().and_then(|listener| listener.local_addr().ok()).unwrap_or(config.listen);
    announce(format, &format!("listening at {scheme}://{address}"));
    if let Some(sandbox) = &config.sandbox {
        announce(format, &format!("sandbox at {}", sandbox.figures().address));
        announce(format, &format!("a first export to it: {scheme}://{address}/first-export"));
    }
    if let Some(token) = app.setup_token() {
        let text = format!(
            "nobody is here yet: set up the first admin within 30 minutes with the token {}",
            token.expose_secret()
        );
        announce(format, &text);
    }
}

/// A line for whoever started the server, in the form of its log.
fn announce(format: LogFormat, text: &str) {
    match format {
        LogFormat::Text => say(text),
        LogFormat::Json => say(&serde_json::json!({"level": "INFO", "message": text}).to_string()),
    }
}

/// The log on stderr. It is set once; a second one would be somebody else's, who then keeps it.
fn log(operator: &Operator) {
    let builder = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(operator.log_level);
    let _ = match operator.log_format {
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}
