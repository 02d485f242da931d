//! Asks one agent one thing by HTTP, over TCP, TLS or a Unix socket. A connection serves one request.
//!
//! Whoever answers may be hostile or broken: connecting, the head of an answer and the whole of it each have a time
//! limit, and the caller says how many bytes he takes. No redirect is followed, no proxy asked.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONNECTION, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::CertificateError;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::agents::Address;
use super::keys::Keys;
pub use super::keys::{Options, OptionsError, SYSTEM_CA};
use super::{check, lookup};
use crate::api::{Reach, Refused};
use crate::logging::with_causes;

/// The head of an answer, and what is read ahead of its body, in bytes.
const READ_AHEAD: usize = 16 * 1024;

/// How many answers that are larger than usual are held at a time. Those that are not wait for nobody.
const LARGE_ANSWERS: usize = 16;

/// How much is read of an answer that is not what was asked for.
const LONGEST_REFUSAL: usize = 4 * 1024;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct TimeLimits {
    /// Connecting, with the name look-up and the TLS handshake.
    pub connect: Duration,
    /// From the request to the head of the answer.
    pub head: Duration,
    /// A whole answer.
    pub answer: Duration,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How the agent stands therefore.
    pub reach: Reach,
    /// What happened, in a sentence; the same as often as it happens.
    pub detail: String,
}

impl Failure {
    pub(super) fn new(reach: Reach, detail: impl Into<String>) -> Self {
        Self { reach, detail: detail.into() }
    }
}

/// An answer whose body is still to be read. Dropping it closes the connection.
#[derive(Debug)]
pub struct Answer {
    pub(super) body: Incoming,
    /// Moves the bytes.
    pub(super) _connection: JoinSet<()>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Whole {
    pub(super) bytes: Vec<u8>,
    /// Its place among the large ones.
    _place: Option<OwnedSemaphorePermit>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Asks agents.
pub struct Client {
    keys: Mutex<Keys>,
    limits: TimeLimits,
    large: Arc<Semaphore>,
}

impl Client {
    /// A client with these options. **Blocks** on files.
    pub fn new(options: &Options, limits: TimeLimits) -> Result<Self, OptionsError> {
        let (keys, large) = (Mutex::new(Keys::read(options)?), Arc::new(Semaphore::new(LARGE_ANSWERS)));
        Ok(Self { keys, limits, large })
    }

    /// Asks for a path and reads all of the answer. One of more than `usual` bytes needs a place as long as it is held,
    /// of which there are sixteen; one of more than `longest` is none.
    pub async fn get_all(&self, address: &Address, path: &str, [usual, longest]: [usize; 2]) -> Result<Whole, Failure> {
        let Answer { mut body, _connection } = self.get(address, path, "application/json").await?;
        let mut bytes = Vec::new();
        if self.read(&mut body, &mut bytes, usual).await? {
            return Ok(Whole { bytes, _place: None });
        }
        let busy =
            |_| Failure::new(Reach::Unreachable, "its answer is large, and too many large ones are read already");
        let place = timeout(self.limits.answer, Arc::clone(&self.large).acquire_owned()).await.map_err(busy)?;
        if self.read(&mut body, &mut bytes, longest).await? {
            return Ok(Whole { bytes, _place: place.ok() });
        }
        Err(Failure::new(Reach::Invalid, format!("its answer has more than {} KiB", longest / 1024)))
    }

    /// Reads on; whether that was all, and not more than `longest` bytes.
    async fn read(&self, body: &mut Incoming, bytes: &mut Vec<u8>, longest: usize) -> Result<bool, Failure> {
        let seconds = self.limits.answer.as_secs();
        let hanging = |_| Failure::new(Reach::Hanging, format!("its answer is not complete after {seconds} s"));
        let read = timeout(self.limits.answer, read_on(body, bytes, longest)).await.map_err(hanging)?;
        read.map_err(|_| Failure::new(Reach::Unreachable, "it broke off in its answer"))
    }

    /// Asks for a path and reads the answer's head.
    pub async fn get(&self, address: &Address, path: &str, accept: &'static str) -> Result<Answer, Failure> {
        let (tls, authorization) = self.keys.lock().unwrap_or_else(PoisonError::into_inner).current();
        let has_password = authorization.is_some();
        let seconds = self.limits.connect.as_secs();
        let late = |_| Failure::new(Reach::Unreachable, format!("no connection within {seconds} s"));
        let stream = timeout(self.limits.connect, connect(address, tls)).await.map_err(late)?;
        let stream = stream.map_err(|error| {
            // The error may quote a stranger's certificate, whatever is in that.
            let why = check::sentence(&with_causes(&error));
            Failure::new(Reach::Unreachable, format!("cannot connect: {why}{}", advice(&error)))
        })?;
        let broken = |_| Failure::new(Reach::Unreachable, "it broke off before it answered");
        let mut builder = http1::Builder::new();
        builder.max_buf_size(READ_AHEAD);
        let (mut sender, connection) =
            builder.handshake::<_, Empty<Bytes>>(TokioIo::new(stream)).await.map_err(broken)?;
        let mut connections = JoinSet::new();
        // What befalls it shows at the answer.
        connections.spawn(async move { drop(connection.await) });
        let request = request(address, path, accept, authorization);
        let seconds = self.limits.head.as_secs();
        let hanging = |_| Failure::new(Reach::Hanging, format!("it is connected and says nothing for {seconds} s"));
        let response = timeout(self.limits.head, sender.send_request(request)).await.map_err(hanging)?;
        let response = response.map_err(|error| {
            if error.is_parse() || error.is_parse_too_large() {
                return Failure::new(Reach::Invalid, "what it says is not HTTP; is it https there?");
            }
            Failure::new(Reach::Unreachable, "it broke off before it answered")
        })?;
        let status = response.status();
        let answer = Answer { body: response.into_body(), _connection: connections };
        if status == StatusCode::OK { Ok(answer) } else { Err(self.refused(status, answer, has_password).await) }
    }

    /// What another status than 200 says.
    async fn refused(&self, status: StatusCode, answer: Answer, has_password: bool) -> Failure {
        if status == StatusCode::UNAUTHORIZED {
            let what = if has_password {
                "it refuses the user or the password that --agents-user and --agents-password-file give"
            } else {
                "it asks for a user and a password; give --agents-user and --agents-password-file"
            };
            return Failure::new(Reach::Invalid, what);
        }
        let reach = if status.is_server_error() { Reach::Unreachable } else { Reach::Invalid };
        let (mut answer, mut bytes) = (answer, Vec::new());
        // What can't be read is none.
        let _ = timeout(self.limits.head, read_on(&mut answer.body, &mut bytes, LONGEST_REFUSAL)).await;
        let why = serde_json::from_slice(&bytes).map_or_else(|_| String::new(), |Refused { error }| error);
        let why = if why.is_empty() { why } else { format!(": {}", check::name(&why)) };
        Failure::new(reach, format!("it answers {}{why}", status.as_u16()))
    }
}

fn request(
    address: &Address,
    path: &str,
    accept: &'static str,
    authorization: Option<HeaderValue>,
) -> Request<Empty<Bytes>> {
    let host = match address {
        Address::Tcp { authority, .. } => HeaderValue::from_str(authority.as_str()),
        Address::Unix(_) => Ok(HeaderValue::from_static("localhost")),
    };
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = path.parse().expect("a path of the API and a cursor, which was looked at");
    let headers = request.headers_mut();
    headers.insert(HOST, host.expect("what a URI has as its authority can stand in a header"));
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("ptm-map/", env!("CARGO_PKG_VERSION"))));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    if let Some(authorization) = authorization {
        headers.insert(AUTHORIZATION, authorization);
    }
    request
}

async fn connect(address: &Address, connector: Option<TlsConnector>) -> io::Result<Box<dyn Stream>> {
    let Address::Tcp { tls, .. } = address else {
        let Address::Unix(path) = address else { return Err(io::ErrorKind::Unsupported.into()) };
        return Ok(Box::new(UnixStream::connect(path).await?));
    };
    let (host, port) = (address.host().unwrap_or_default(), address.port().unwrap_or_default());
    let stream = TcpStream::connect(&*lookup::addresses(host, port).await?).await?;
    if !tls {
        return Ok(Box::new(stream));
    }
    let connector = connector.ok_or_else(|| {
        io::Error::other(format!("no certificates to trust: there is no {SYSTEM_CA}, give --agents-ca"))
    })?;
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    Ok(Box::new(connector.connect(name, stream).await?))
}

/// Reads on until the end or until there are more than `longest` bytes; whether it was the end. In one piece, as it may
/// come in pieces of a byte, each of which takes many to keep; and with no room for more than may be.
async fn read_on(body: &mut Incoming, bytes: &mut Vec<u8>, longest: usize) -> Result<bool, hyper::Error> {
    while bytes.len() <= longest {
        let Some(frame) = body.frame().await.transpose()? else {
            bytes.shrink_to_fit();
            return Ok(true);
        };
        let Some(piece) = frame.data_ref() else { continue };
        let needed = bytes.len() + piece.len();
        if needed > bytes.capacity() {
            let room = needed.max(longest.min(2 * bytes.capacity()));
            bytes.reserve_exact(room - bytes.len());
        }
        bytes.extend_from_slice(piece);
    }
    Ok(false)
}

/// What to do about a TLS handshake that failed.
fn advice(error: &io::Error) -> &'static str {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    match cause {
        Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            "; --agents-ca names the authority that signed it"
        }
        // What `openssl req -x509` makes unless told otherwise. rustls hands webpki's word for it on as it is.
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(other)))
            if other.to_string().contains("CaUsedAsEndEntity") =>
        {
            "; that certificate is an authority's: have it sign one for the agent (`openssl x509 -req -CA`)"
        }
        Some(rustls::Error::InvalidMessage(_)) => "; is it plain http there?",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
