//! The way to a server for one command: one that runs elsewhere, or the data directory of this machine, served to this
//! process alone for as long as the command takes.
//!
//! Knows addresses, tokens and locks; what is asked through the door is the commands'. Both ways lead through the same API.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use api::client::{Client, ClientError};
use app::clock::random;
use app::{App, Mode, StartError};
use model::{Problem, Problems};
use pardot::AllowedHosts;
use secrecy::SecretString;
use server::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::cli::commands::Whereabouts;
use crate::cli::secret;
use crate::cli::{Exit, failure, say, show};
use crate::config::{Operator, Sources};

/// Requests a second that one command may make of itself.
const OWN_REQUESTS: u32 = 10_000;

/// What a command needs of a data directory of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// What is there is looked at or taken away: a directory that nobody has used is not made for it.
    There,
    /// Documents are read and written.
    Documents,
    /// Jobs are worked on.
    Jobs,
    /// Salesforce sends a browser back: the port of the config is listened at.
    Callback,
}

/// Why a command came to no good end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server, or the way to it.
    Client(ClientError),
    /// What was given must be changed.
    Problems(Problems),
    /// It was said already.
    Said(Exit),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Failure {
        Failure::Client(error)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Failure {
        Failure::Problems(problems)
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        Failure::Problems(problem.into())
    }
}

impl Failure {
    /// The same with the places that a server named as `at` has them: with the lines of a file.
    pub(crate) fn located(self, at: &dyn Fn(&str) -> String) -> Failure {
        match self {
            Failure::Client(ClientError::Problem(mut problem)) => {
                problem.problems.iter_mut().for_each(|place| place.at = at(&place.at));
                Failure::Client(ClientError::Problem(problem))
            }
            other => other,
        }
    }

    /// Says it on stderr, with `json` on stdout too, and gives the exit code.
    pub(crate) fn tell(&self, json: bool) -> Exit {
        match self {
            Failure::Client(error) => tell_client(error, json),
            Failure::Problems(problems) => {
                if json {
                    let places: Vec<api::Place> = problems.iter().map(api::Place::from).collect();
                    show(&serde_json::json!({"code": "invalid", "problems": places}).to_string());
                }
                failure::problems_exit(problems)
            }
            Failure::Said(exit) => *exit,
        }
    }
}

fn tell_client(error: &ClientError, json: bool) -> Exit {
    if let (true, ClientError::Problem(problem)) = (json, error) {
        show(&serde_json::to_value(problem).unwrap_or_default().to_string());
    }
    for place in error.places() {
        failure::show_problem(&Problem::from(place.clone()));
    }
    if error.places().is_empty() {
        say(&format!("error: {error}"));
        if let Some(hint) = error.hint() {
            say(&format!("  hint: {hint}"));
        }
    }
    match (error, error.status()) {
        (_, Some(401 | 403)) => Exit::Authentication,
        (_, Some(status)) if status < 500 && status != 408 && status != 429 => Exit::Usage,
        (ClientError::Unusable { .. }, _) => Exit::Usage,
        (
            ClientError::Problem(_)
            | ClientError::Connect { .. }
            | ClientError::Unexpected { .. }
            | ClientError::File { .. },
            _,
        ) => Exit::Failed,
    }
}

/// A way to a server.
pub(crate) struct Door {
    client: Client,
    local: Option<Local>,
    hosts: Option<AllowedHosts>,
}

/// A data directory served to this process alone.
struct Local {
    app: App,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

/// Opens the door, does the work and closes it again; a failure is told.
pub(crate) async fn through(
    whereabouts: &Whereabouts,
    need: Need,
    work: impl AsyncFnOnce(&Door) -> Result<Exit, Failure>,
) -> Exit {
    let door = match Box::pin(Door::open(whereabouts, need)).await {
        Ok(door) => door,
        Err(failure) => return failure.tell(whereabouts.json),
    };
    let done = Box::pin(work(&door)).await;
    door.close().await;
    match done {
        Ok(exit) => exit,
        Err(failure) => failure.tell(whereabouts.json),
    }
}

impl Door {
    /// The client.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Whether jobs are worked on by this process, and stop when it ends.
    pub(crate) fn is_local(&self) -> bool {
        self.local.is_some()
    }

    /// The hosts that connections may name, where this machine decides it.
    pub(crate) fn hosts(&self) -> Option<&AllowedHosts> {
        self.hosts.as_ref()
    }

    async fn open(whereabouts: &Whereabouts, need: Need) -> Result<Door, Failure> {
        match whereabouts.server() {
            Some(_) if whereabouts.allow_loopback => {
                let problem = Problem::at("--allow-loopback", "is for the data directory of this machine");
                Err(problem.hint("a server is started with it, or has allow_loopback: true in its config").into())
            }
            Some(server) => {
                let token = secret::token(whereabouts.token_file.as_deref())?;
                Ok(Door { client: remote(server, &token, whereabouts)?, local: None, hosts: None })
            }
            None => local(whereabouts, need).await,
        }
    }

    async fn close(self) {
        let Some(Local { app, stop, serving }) = self.local else { return };
        // Jobs stop at a checkpoint first; the server ends when nobody asks any more.
        app.stop().await;
        let _ = stop.send(());
        let _ = serving.await;
    }
}

/// A client of a server that runs.
pub(crate) fn remote(server: &str, token: &SecretString, whereabouts: &Whereabouts) -> Result<Client, Failure> {
    let ca = match &whereabouts.ca_file {
        Some(path) => Some(std::fs::read(path).map_err(|error| {
            Problem::at(format!("--ca-file {}", path.display()), format!("cannot be read: {error}"))
        })?),
        None => None,
    };
    Ok(Client::new(server, token, ca.as_deref())?)
}

/// The config of a data directory of this machine.
pub(crate) fn operator(whereabouts: &Whereabouts) -> Result<Operator, Problems> {
    let environment: BTreeMap<String, String> = environment();
    let sources = Sources {
        data_dir: whereabouts.data_dir.path(),
        file: whereabouts.config.clone(),
        flags: if whereabouts.allow_loopback { vec![("allow_loopback", "true".into())] } else { Vec::new() },
        environment: &environment,
    };
    Operator::parse(&sources.read()?)
}

/// That a data directory has been used: looking into another must not make one.
pub(crate) fn used(data_dir: &Path) -> Result<(), Problem> {
    // Where only the witness is left, the database is lost, and the store says so.
    if ["sluice.db", "sluice.seen"].iter().any(|name| data_dir.join(name).exists()) {
        return Ok(());
    }
    let problem = Problem::at(format!("--data-dir {}", data_dir.display()), "there is no data directory");
    Err(problem.hint("the first export or server makes it; is this the right one? See also $SLUICE_HOME"))
}

/// The environment, as far as it is text.
pub(crate) fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

async fn local(whereabouts: &Whereabouts, need: Need) -> Result<Door, Failure> {
    if need == Need::There {
        used(&whereabouts.data_dir.path())?;
    }
    let operator = operator(whereabouts)?;
    let hosts = operator.app.hosts.clone();
    let port = match need {
        Need::There | Need::Documents | Need::Jobs => 0,
        Need::Callback => operator.server.listen.port(),
    };
    let app =
        Box::pin(App::start(operator.app, Mode::Quiet)).await.map_err(|error| Failure::Said(cannot_start(&error)))?;
    let opened = serve_alone(&app, port, need).await;
    match opened {
        Ok((client, stop, serving)) => {
            Ok(Door { client, local: Some(Local { app, stop, serving }), hosts: Some(hosts) })
        }
        Err(message) => {
            app.stop().await;
            say(&format!("error: {message}"));
            Err(Failure::Said(Exit::Failed))
        }
    }
}

async fn serve_alone(
    app: &App,
    port: u16,
    need: Need,
) -> Result<(Client, oneshot::Sender<()>, JoinHandle<()>), String> {
    if need == Need::Jobs {
        app.start_worker().await.map_err(|error| error.to_string())?;
    }
    let address = (Ipv4Addr::LOCALHOST, port);
    let listener =
        TcpListener::bind(address).await.map_err(|error| format!("cannot listen at 127.0.0.1:{port}: {error}"))?;
    let listen: SocketAddr = listener.local_addr().map_err(|error| error.to_string())?;
    let token: String = random::<32>().iter().map(|byte| format!("{byte:02x}")).collect();
    let token = SecretString::from(token);
    let config = ServerConfig {
        local_token: Some(token.clone()),
        requests_per_second: OWN_REQUESTS,
        ..ServerConfig::new(listen)
    };
    let client = Client::new(&format!("http://{listen}"), &token, None).map_err(|error| error.to_string())?;
    let (stop, stopped) = oneshot::channel();
    let app = app.clone();
    let serving = tokio::spawn(async move {
        let ended = async {
            // A door that was dropped is closed as well.
            let _ = stopped.await;
        };
        let served = Box::pin(server::serve(app, config, vec![listener], ended)).await;
        if let Err(error) = served {
            say(&format!("error: {error}"));
        }
    });
    Ok((client, stop, serving))
}

/// Says why a data directory cannot be used.
pub(crate) fn cannot_start(error: &StartError) -> Exit {
    say(&format!("error: {error}"));
    if let Some(hint) = error.hint() {
        say(&format!("  hint: {hint}"));
    }
    match error {
        StartError::Lock(_) => {
            say("  hint: a server that runs is spoken to with --server URL --token-file FILE");
            Exit::Locked
        }
        StartError::Mail(_) => Exit::Usage,
        StartError::Open(_) | StartError::Failed(_) => Exit::Failed,
    }
}
