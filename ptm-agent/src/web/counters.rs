//! What happens at the server, counted: by its connections, for `/metrics`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Why a connection was not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedConnection {
    /// As many as may be are open.
    TooMany,
    /// As many as one address, or one user of a Unix socket, may have are open.
    TooManyOfPeer,
    /// No TLS came about.
    Handshake,
}

impl RefusedConnection {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::TooMany, Self::TooManyOfPeer, Self::Handshake];

    /// The word for it in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooMany => "too-many",
            Self::TooManyOfPeer => "too-many-of-peer",
            Self::Handshake => "handshake",
        }
    }
}

/// Why a request did not get what it asked for, or an answer did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedRequest {
    /// It is no HTTP, or its head is too long or did not come in time.
    Malformed,
    /// It calls the server by a name that is not its own.
    Host,
    /// A browser sends it for another site.
    CrossSite,
    /// It is neither GET nor HEAD, or has a body.
    Method,
    /// It bears no right user and password.
    Unauthorized,
    /// As many event streams, or checks of passwords, as may be are under way.
    Busy,
    /// The agent did not answer in time.
    Timeout,
    /// The client did not take the answer.
    NotRead,
}

impl RefusedRequest {
    /// Every one of them.
    pub const ALL: [Self; 8] = [
        Self::Malformed,
        Self::Host,
        Self::CrossSite,
        Self::Method,
        Self::Unauthorized,
        Self::Busy,
        Self::Timeout,
        Self::NotRead,
    ];

    /// The word for it in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Host => "host",
            Self::CrossSite => "cross-site",
            Self::Method => "method",
            Self::Unauthorized => "unauthorized",
            Self::Busy => "busy",
            Self::Timeout => "timeout",
            Self::NotRead => "not-read",
        }
    }
}

/// Counts, of one server. Each by itself: they are not of one moment.
#[derive(Debug, Default)]
pub struct Counters {
    connections: AtomicUsize,
    stream_clients: AtomicUsize,
    stream_clients_dropped: AtomicU64,
    connections_refused: [AtomicU64; RefusedConnection::ALL.len()],
    requests_refused: [AtomicU64; RefusedRequest::ALL.len()],
    /// 0: there is none.
    certificate_not_after: AtomicU64,
}

/// The same as plain data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections now.
    pub connections: usize,
    /// Readers of the event stream now.
    pub stream_clients: usize,
    /// Readers of the event stream that were disconnected because they did not read.
    pub stream_clients_dropped: u64,
    /// Connections that were not served, by [`RefusedConnection::as_str`], every one of them.
    pub connections_refused: Vec<(&'static str, u64)>,
    /// Requests without the answer that they wanted, by [`RefusedRequest::as_str`], every one of them.
    pub requests_refused: Vec<(&'static str, u64)>,
    /// When the server's certificate ends, in seconds since 1970; none without TLS.
    pub certificate_not_after: Option<u64>,
}

/// One connection, counted until it is dropped.
#[derive(Debug)]
pub(super) struct Connection(Arc<Counters>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One reader of the event stream, counted until it is dropped.
#[derive(Debug)]
pub(super) struct StreamClient(Arc<Counters>);

impl Drop for StreamClient {
    fn drop(&mut self) {
        self.0.stream_clients.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counters {
    /// One more connection.
    pub(super) fn connection(self: &Arc<Self>) -> Connection {
        self.connections.fetch_add(1, Ordering::Relaxed);
        Connection(Arc::clone(self))
    }

    /// One more reader of the event stream, if there are fewer than `limit`.
    pub(super) fn stream_client(self: &Arc<Self>, limit: usize) -> Option<StreamClient> {
        if self.stream_clients.fetch_add(1, Ordering::Relaxed) < limit {
            return Some(StreamClient(Arc::clone(self)));
        }
        self.stream_clients.fetch_sub(1, Ordering::Relaxed);
        None
    }

    pub(super) fn refuse_connection(&self, why: RefusedConnection) {
        self.of_connection(why).fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refuse_request(&self, why: RefusedRequest) {
        self.of_request(why).fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn drop_stream_client(&self) {
        self.stream_clients_dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// The certificate that is shown now ends then.
    pub(super) fn set_certificate(&self, not_after: Option<SystemTime>) {
        let since_1970 = not_after.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        self.certificate_not_after.store(since_1970.map_or(0, |time| time.as_secs()), Ordering::Relaxed);
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let connections_refused = RefusedConnection::ALL.map(|why| (why.as_str(), get(self.of_connection(why))));
        let requests_refused = RefusedRequest::ALL.map(|why| (why.as_str(), get(self.of_request(why))));
        Counts {
            connections: self.connections.load(Ordering::Relaxed),
            stream_clients: self.stream_clients.load(Ordering::Relaxed),
            stream_clients_dropped: get(&self.stream_clients_dropped),
            connections_refused: connections_refused.into(),
            requests_refused: requests_refused.into(),
            certificate_not_after: Some(get(&self.certificate_not_after)).filter(|&time| time > 0),
        }
    }

    fn of_connection(&self, why: RefusedConnection) -> &AtomicU64 {
        &self.connections_refused[why as usize]
    }

    fn of_request(&self, why: RefusedRequest) -> &AtomicU64 {
        &self.requests_refused[why as usize]
    }
}
