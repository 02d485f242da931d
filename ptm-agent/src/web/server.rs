//! The server: a thread of its own that listens, takes connections and serves each, within limits.
//!
//! ```text
//!  listener ─► door ─► TLS ─► HTTP/1 ─► guard, passwords ─► routes ─► Site
//! ```

use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use super::address::{Address, Arguments};
use super::config::{Admission, Config, ConfigError, Credentials, Live, Verdict};
use super::counters::{Counters, RefusedConnection, RefusedRequest};
use super::door::{Door, Place};
use super::guard::{self, Asked, Names};
use super::listen::{self, Io, ListenError, Listener, Peer, Socket, SocketFile};
use super::routes::{self, Shared, refused};
use super::site::Site;
use super::unread::Unread;
use crate::host;
use crate::rate_limit::RateLimit;

/// What clients may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time. A thousand readers of the event stream, and a hundred for what is short.
    pub connections: usize,
    /// Connections of one address, or of one user of a Unix socket.
    pub connections_of_peer: usize,
    /// Bytes of a request's head, at least 8,192.
    pub head_bytes: usize,
    /// How long a client may take for TLS.
    pub handshake: Duration,
    /// How long it may take for a request's head, also for sending none: an idle connection is closed then.
    pub head: Duration,
    /// How long the answer may take to be made.
    pub answer: Duration,
    /// How long it may take nothing of what it is sent.
    pub unread: Duration,
}

impl Default for Limits {
    /// 1,100 connections, 1,024 of one address, 16 KiB, 10 s, 20 s (longer than Prometheus' usual 15 s between two
    /// scrapes), 10 s, 10 s.
    fn default() -> Self {
        Self {
            connections: 1_100,
            connections_of_peer: 1_024,
            head_bytes: 16 * 1_024,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(20),
            answer: Duration::from_secs(10),
            unread: Duration::from_secs(10),
        }
    }
}

/// Lines of the log for clients that are turned away or let go, in each interval.
const LOG_BURST: u32 = 10;
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// Why the server can't run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It can't listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Its configuration can't be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its thread can't start.
    #[error("cannot start the HTTP server")]
    Thread(#[source] io::Error),
}

/// A running server. Dropping it closes every connection and removes the Unix sockets.
#[derive(Debug)]
pub struct Server {
    _files: Vec<SocketFile>,
    addresses: Vec<Address>,
    /// Ends the thread when it is dropped.
    _end: Option<oneshot::Sender<Infallible>>,
}

impl Server {
    /// Opens the sockets and starts the server's thread; when this returns, clients can connect.
    pub fn start<S: Site>(
        arguments: &Arguments,
        limits: Limits,
        site: Arc<S>,
        counters: Arc<Counters>,
    ) -> Result<Self, StartError> {
        let live = Arc::new(Live::open(arguments.web_config.as_deref())?);
        let (mut sockets, mut files, mut addresses) = (Vec::new(), Vec::new(), Vec::new());
        for address in arguments.addresses() {
            let (socket, file) = listen::open(address)?;
            let address = socket.address().unwrap_or_else(|| address.clone());
            tracing::info!("serving HTTP at {address}");
            warn_of_strangers(&address, &live.current(Instant::now()));
            sockets.push(socket);
            files.extend(file);
            addresses.push(address);
        }
        if sockets.is_empty() {
            return Ok(Self { _files: files, addresses, _end: None });
        }
        let relay = Arc::clone(site.history());
        let shared = Arc::new(Common::new(arguments, limits, live, site, counters));
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            // For bcrypt and the resolver.
            .max_blocking_threads(4)
            .build()
            .map_err(StartError::Thread)?;
        let (end, ended) = oneshot::channel::<Infallible>();
        let serve = move || {
            runtime.block_on(async {
                let mut tasks = JoinSet::new();
                tasks.spawn(async move { relay.relay().await });
                for socket in sockets {
                    tasks.spawn(listen(socket, Arc::clone(&shared)));
                }
                tasks.spawn(learn_name(shared));
                let _ = ended.await;
            });
            // A check of a password, or the resolver, may take a while longer.
            runtime.shutdown_background();
        };
        thread::Builder::new().name("ptm-web".to_owned()).spawn(serve).map_err(StartError::Thread)?;
        Ok(Self { _files: files, addresses, _end: Some(end) })
    }

    /// Where it listens: with the port that it got, where it was told to take any.
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }
}

/// What all connections share.
#[derive(Debug)]
struct Common {
    limits: Limits,
    live: Arc<Live>,
    door: Arc<Door>,
    names: Names,
    router: Router,
    counters: Arc<Counters>,
    /// For the log's lines of clients that can make one after the other.
    log: Mutex<RateLimit>,
}

impl Common {
    fn new<S: Site>(
        arguments: &Arguments,
        limits: Limits,
        live: Arc<Live>,
        site: Arc<S>,
        counters: Arc<Counters>,
    ) -> Self {
        let door = Door::new(limits.connections, limits.connections_of_peer, Arc::clone(&counters));
        let router = routes::router(Shared { site, counters: Arc::clone(&counters) });
        let names = Names::new(&arguments.web_host);
        let log = Mutex::new(RateLimit::new(LOG_BURST, LOG_INTERVAL));
        Self { limits, live, door, names, router, counters, log }
    }

    /// Tells the log of a client, unless there are too many to tell of.
    fn tell(&self, peer: Peer, what: &str) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.admits(tokio::time::Instant::now()) {
            let more = match log.take_withheld() {
                0 => String::new(),
                more => format!("; {more} others before have no line of their own"),
            };
            tracing::warn!("HTTP client {peer} {what}{more}");
        }
    }
}

/// Something that a connection's handlers and its end have to tell each other.
#[derive(Debug, Default)]
pub(super) struct Client {
    asked: AtomicBool,
    reads_stream: AtomicBool,
}

impl Client {
    /// It gets the event stream from now on.
    pub(super) fn reads_stream(&self) {
        self.reads_stream.store(true, Ordering::Relaxed);
    }
}

fn warn_of_strangers(address: &Address, config: &Config) {
    let Address::Tcp(at) = address else { return };
    if at.ip().to_canonical().is_loopback() {
        return;
    }
    let missing = match (&config.tls, config.auth.is_open()) {
        (None, true) => "neither TLS nor passwords",
        (None, false) => "passwords without TLS",
        (Some(_), _) => return,
    };
    tracing::warn!("HTTP at {at} is open to the network with {missing}: --web-config FILE gives it both");
}

/// The resolver may take seconds to say what this machine is called.
async fn learn_name(common: Arc<Common>) {
    let name = spawn_blocking(|| host::fully_qualified_name(&host::node_name())).await;
    if let Ok(Some(name)) = name {
        // Nobody else sets it.
        let _ = common.names.qualified.set(name);
    }
}

async fn listen(socket: Socket, common: Arc<Common>) {
    const PAUSE: Duration = Duration::from_secs(1);
    let listener = match Listener::new(socket) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!("cannot listen for HTTP: {error}"),
    };
    let mut failing = false;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                failing = false;
                match common.door.admit(peer) {
                    Ok(place) => drop(tokio::spawn(serve(stream, peer, place, Arc::clone(&common)))),
                    Err(why) => common.tell(peer, &format!("was turned away: {}", why.as_str())),
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::NotConnected) => {}
            Err(error) => {
                // Out of file descriptors, most likely: trying again at once would fail again.
                if !failing {
                    tracing::warn!(%error, "cannot accept an HTTP client; trying again each second");
                }
                failing = true;
                sleep(PAUSE).await;
            }
        }
    }
}

/// Serves a connection to its end.
async fn serve(stream: Box<dyn Io>, peer: Peer, place: Place, common: Arc<Common>) {
    let Common { limits, live, counters, .. } = &*common;
    let stuck = Arc::new(AtomicBool::new(false));
    let stream = Unread::new(stream, limits.unread, Arc::clone(&stuck));
    let config = live.current(Instant::now());
    let stream: Box<dyn Io> = match &config.tls {
        None => Box::new(stream),
        Some(tls) => match timeout(limits.handshake, TlsAcceptor::from(Arc::clone(tls)).accept(stream)).await {
            Ok(Ok(stream)) => Box::new(stream),
            Ok(Err(_)) | Err(_) => return counters.refuse_connection(RefusedConnection::Handshake),
        },
    };
    let client = Arc::new(Client::default());
    let service = service_fn(|request| async {
        client.asked.store(true, Ordering::Relaxed);
        // It ends without an answer: whoever asks again connects as it is now.
        if !live.current(Instant::now()).admits_connection_of(&config) {
            return Err(io::Error::from(io::ErrorKind::ConnectionReset));
        }
        Ok(answer(request, peer, &client, &common).await)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(limits.head_bytes)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if stuck.load(Ordering::Relaxed) {
        common.tell(peer, "was let go: it does not take what it is sent");
        if client.reads_stream.load(Ordering::Relaxed) {
            counters.drop_stream_client();
        } else {
            counters.refuse_request(RefusedRequest::NotRead);
        }
    } else if let Err(error) = served {
        // One that idles after its answer has done nothing wrong.
        let said_nothing = error.is_timeout() && !client.asked.load(Ordering::Relaxed);
        if error.is_parse() || said_nothing {
            counters.refuse_request(RefusedRequest::Malformed);
        }
    }
    drop(place);
}

async fn answer(request: Request<Incoming>, peer: Peer, client: &Arc<Client>, common: &Common) -> Response {
    let config = common.live.current(Instant::now());
    common.counters.set_certificate(config.validity.map(|validity| validity.not_after));
    let mut response = answer_if_admitted(request, peer, client, common, &config).await;
    let headers = response.headers_mut();
    guard::protect(headers);
    for (name, value) in &config.headers {
        // Ours stay: of two Content-Security-Policies a browser obeys both.
        headers.append(name.clone(), value.clone());
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn answer_if_admitted(
    request: Request<Incoming>,
    peer: Peer,
    client: &Arc<Client>,
    common: &Common,
    config: &Arc<Config>,
) -> Response {
    let Common { limits, live, names, router, counters, .. } = common;
    let asked = Asked {
        method: request.method(),
        uri: request.uri(),
        headers: request.headers(),
        has_body: !request.body().is_end_stream(),
        local: matches!(peer, Peer::User(_)),
    };
    if let Err(refusal) = guard::admit(asked, names) {
        counters.refuse_request(refusal.counted());
        let mut response = refused(refusal.status(), refusal.to_string());
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let credentials = request.headers().get(header::AUTHORIZATION);
    let credentials = credentials.and_then(|value| Credentials::from_header(value.as_bytes()));
    let admission = Admission::new(live, config, credentials.as_ref().map(Credentials::user));
    match config.auth.check(credentials).await {
        Verdict::Welcome => {}
        Verdict::Wrong => {
            counters.refuse_request(RefusedRequest::Unauthorized);
            let head = [(header::WWW_AUTHENTICATE, "Basic realm=\"ptm\", charset=\"UTF-8\"")];
            let wrong = refused(StatusCode::UNAUTHORIZED, "user and password are asked for, or are not right");
            return (head, wrong).into_response();
        }
        Verdict::Busy => {
            counters.refuse_request(RefusedRequest::Busy);
            let busy = refused(StatusCode::SERVICE_UNAVAILABLE, "too many passwords wait to be checked; try again");
            return ([(header::RETRY_AFTER, "1")], busy).into_response();
        }
    }
    let mut request = request.map(|_| Body::empty());
    request.extensions_mut().insert(Arc::clone(client));
    request.extensions_mut().insert(admission);
    match timeout(limits.answer, router.clone().oneshot(request)).await {
        Ok(Ok(response)) => response,
        Err(_) => {
            counters.refuse_request(RefusedRequest::Timeout);
            refused(StatusCode::GATEWAY_TIMEOUT, "the agent does not answer in time; its log may say why")
        }
    }
}

#[cfg(test)]
mod tests;
