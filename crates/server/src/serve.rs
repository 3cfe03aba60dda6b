//! The listener: connections, their limits, and an orderly end.
//!
//! Knows sockets and time; what is answered is the router's.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use app::App;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;

use crate::config::{ServerConfig, check_exposure};
use crate::routes;
use crate::tls;
use crate::visitor::Peer;

/// Longest time for a TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Headers of a request at most.
const HEADERS: usize = 100;
/// hyper reads in pieces of at least this many bytes.
const SMALLEST_BUFFER: usize = 8_192;
/// Time without a byte taken after which a reader is given up.
const STANDSTILL: Duration = Duration::from_secs(60);
/// Wait after the machine refused a connection: mostly it has no descriptors left.
const BREATH: Duration = Duration::from_millis(50);

/// Why the server does not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its address would be open to others in the clear.
    #[error("{0}")]
    Exposed(model::Problem),
    /// Certificate or key cannot be used.
    #[error("{}: {message}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// A listener has no address.
    #[error("cannot listen: {0}")]
    Listen(#[source] io::Error),
}

/// Serves until `stop` resolves; then finishes what is under way, for [`ServerConfig::drain_time`] at most.
///
/// # Errors
/// See [`ServeError`]; nothing was served then.
pub async fn serve(
    app: App,
    config: ServerConfig,
    listeners: Vec<TcpListener>,
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    check_exposure(&config).map_err(ServeError::Exposed)?;
    for listener in &listeners {
        let listen = listener.local_addr().map_err(ServeError::Listen)?;
        check_exposure(&ServerConfig { listen, ..config.clone() }).map_err(ServeError::Exposed)?;
    }
    let tls = config.tls.as_ref().map(tls::load).transpose()?.map(TlsAcceptor::from);
    let (end, ended) = watch::channel(false);
    let desk = Arc::new(Desk {
        router: routes::with_stop(app, config.clone(), ended.clone()),
        tls,
        room: Arc::new(Semaphore::new(config.connections)),
        ended,
        config,
    });
    let mut accepting = JoinSet::new();
    for listener in listeners {
        accepting.spawn(accept(listener, Arc::clone(&desk)));
    }
    stop.await;
    // Heard by the listeners, by every connection and by the streams of events. Nobody may be left to hear it.
    let _heard = end.send(true);
    let orderly = async { while accepting.join_next().await.is_some() {} };
    if tokio::time::timeout(desk.config.drain_time, orderly).await.is_err() {
        tracing::warn!("some requests did not end in time and were broken off");
        accepting.shutdown().await;
    }
    Ok(())
}

/// What all connections share.
struct Desk {
    router: Router,
    tls: Option<TlsAcceptor>,
    room: Arc<Semaphore>,
    ended: watch::Receiver<bool>,
    config: ServerConfig,
}

/// Takes connections until the end, then waits for those that are there.
async fn accept(listener: TcpListener, desk: Arc<Desk>) {
    let mut connections = JoinSet::new();
    let mut ended = desk.ended.clone();
    loop {
        // Whoever comes when the house is full waits outside, in the system's queue.
        let room = Arc::clone(&desk.room).acquire_owned();
        let accepted = tokio::select! {
            _ = ended.wait_for(|end| *end) => break,
            Some(_) = connections.join_next() => continue,
            accepted = async { (room.await, listener.accept().await) } => accepted,
        };
        let (Ok(room), Ok((stream, remote))) = accepted else {
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let Ok(local) = stream.local_addr() else { continue };
        let desk = Arc::clone(&desk);
        connections.spawn(async move {
            connection(stream, Peer { remote, local }, &desk).await;
            drop(room);
        });
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, peer: Peer, desk: &Desk) {
    // Only a matter of speed.
    let _fast = stream.set_nodelay(true);
    match &desk.tls {
        None => talk(patient(stream), peer, desk).await,
        Some(tls) => {
            let greeting = tokio::time::timeout(HANDSHAKE, tls.accept(patient(stream))).await;
            if let Ok(Ok(stream)) = greeting {
                talk(stream, peer, desk).await;
            }
        }
    }
}

/// A reader that stands still is not waited for: it would keep the thread that writes its download for ever.
fn patient(stream: TcpStream) -> Pin<Box<TimeoutStream<TcpStream>>> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(STANDSTILL));
    Box::pin(stream)
}

async fn talk(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, peer: Peer, desk: &Desk) {
    let router = desk.router.clone();
    let service = tower::service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer);
        tower::ServiceExt::oneshot(router.clone(), request.map(axum::body::Body::new))
    });
    let conversation = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(desk.config.header_time)
        .max_headers(HEADERS)
        .max_buf_size(desk.config.header_bytes.max(SMALLEST_BUFFER))
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut conversation = std::pin::pin!(conversation);
    let mut ended = desk.ended.clone();
    tokio::select! {
        // A client that leaves, or speaks no HTTP, is nobody's failure.
        _ = conversation.as_mut() => return,
        _ = ended.wait_for(|end| *end) => conversation.as_mut().graceful_shutdown(),
    }
    let _gone = conversation.await;
}
