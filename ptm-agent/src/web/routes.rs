//! Which path leads where.

use std::future;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio::time::timeout;

use super::config::Admission;
use super::counters::{Counters, RefusedRequest};
use super::server::Client;
use super::{Site, Unavailable, events, page};
use crate::api::Refused;
use crate::metrics::Format;

/// Readers of the event stream at a time.
const STREAM_CLIENTS: usize = 1_000;

/// How soon a server that is ready answers.
const READY_WITHIN: Duration = Duration::from_secs(1);

const JSON: &str = "application/json";

const OPENAPI: &str = include_str!("openapi.json");

/// What handlers share.
#[derive(Debug)]
pub(super) struct Shared<S> {
    pub(super) site: Arc<S>,
    pub(super) counters: Arc<Counters>,
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self { site: Arc::clone(&self.site), counters: Arc::clone(&self.counters) }
    }
}

/// Every path, as `OpenAPI` writes it too.
fn routes<S: Site>() -> [(&'static str, MethodRouter<Shared<S>>); 10] {
    [
        ("/", get(async |headers: HeaderMap| asset("index.html", &headers))),
        ("/assets/{*path}", get(async |uri: Uri, headers: HeaderMap| asset(&uri.path()["/assets/".len()..], &headers))),
        ("/metrics", get(metrics::<S>)),
        ("/api/v1/topology", get(topology::<S>)),
        ("/api/v1/status", get(summary::<S>)),
        ("/api/v1/ports/{name}", get(port::<S>)),
        ("/api/v1/events", get(event_stream::<S>)),
        ("/api/v1/openapi.json", get(async || ([(header::CONTENT_TYPE, JSON)], OPENAPI))),
        ("/healthz", get("ok\n")),
        ("/readyz", get(ready::<S>)),
    ]
}

pub(super) fn router<S: Site>(shared: Shared<S>) -> Router {
    let router = routes::<S>().into_iter().fold(Router::new(), |router, (path, to)| router.route(path, to));
    router.fallback(async || nothing("nothing is here: /api/v1/openapi.json lists what there is")).with_state(shared)
}

/// An answer that is not what was asked for.
pub(super) fn refused(status: StatusCode, error: impl Into<String>) -> Response {
    (status, Json(Refused { error: error.into() })).into_response()
}

fn nothing(error: &str) -> Response {
    refused(StatusCode::NOT_FOUND, error)
}

fn asset(path: &str, headers: &HeaderMap) -> Response {
    page::answer(path, headers).unwrap_or_else(|| nothing("the page has no such file"))
}

async fn topology<S: Site>(State(shared): State<Shared<S>>) -> Result<Response, Unavailable> {
    Ok(([(header::CONTENT_TYPE, JSON)], shared.site.topology().await?).into_response())
}

async fn summary<S: Site>(State(shared): State<Shared<S>>) -> Result<Response, Unavailable> {
    Ok(Json(shared.site.summary().await?).into_response())
}

async fn port<S: Site>(
    State(shared): State<Shared<S>>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Response, Unavailable> {
    let detail = match name {
        Ok(Path(name)) => shared.site.port(&name).await?,
        // Not UTF-8.
        Err(_) => None,
    };
    Ok(detail.map_or_else(
        || nothing("no such port: /api/v1/topology lists them; on the map the name is NODE:PORT"),
        |detail| Json(detail).into_response(),
    ))
}

async fn metrics<S: Site>(State(shared): State<Shared<S>>, headers: HeaderMap) -> Result<Response, Unavailable> {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let format = Format::accepted(accept.unwrap_or_default());
    let head = [(header::CONTENT_TYPE, format.content_type()), (header::VARY, "Accept")];
    Ok((head, shared.site.metrics(format).await?).into_response())
}

async fn ready<S: Site>(State(shared): State<Shared<S>>) -> Response {
    match timeout(READY_WITHIN, shared.site.waits_for()).await {
        Ok(Ok(None)) => "ready\n".into_response(),
        Ok(Ok(Some(waits_for))) => refused(StatusCode::SERVICE_UNAVAILABLE, waits_for),
        Ok(Err(unavailable)) => unavailable.into_response(),
        Err(_) => refused(StatusCode::SERVICE_UNAVAILABLE, format!("no answer within {} s", READY_WITHIN.as_secs())),
    }
}

#[derive(Debug, Deserialize)]
struct From {
    after: Option<String>,
}

async fn event_stream<S: Site>(
    State(shared): State<Shared<S>>,
    Extension(client): Extension<Arc<Client>>,
    Extension(admission): Extension<Admission>,
    from: Result<Query<From>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let Ok(Query(from)) = from else {
        return refused(StatusCode::BAD_REQUEST, "`after` is given once, as the `cursor` of /api/v1/topology");
    };
    let Some(counted) = shared.counters.stream_client(STREAM_CLIENTS) else {
        shared.counters.refuse_request(RefusedRequest::Busy);
        let busy = format!("{STREAM_CLIENTS} read the event stream already; try again later");
        return ([(header::RETRY_AFTER, "10")], refused(StatusCode::SERVICE_UNAVAILABLE, busy)).into_response();
    };
    client.reads_stream();
    // A browser that connects again repeats the address and says in the header how far it got.
    let last = headers.get("last-event-id").map(|value| value.to_str().unwrap_or_default().to_owned());
    let after = last.or(from.after).map(|cursor| cursor.parse());
    let head = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    let messages = events::messages(shared.site.history(), after, counted);
    // Something is sent every few seconds: no reader outlasts his password by more.
    let messages = messages.take_while(move |_| future::ready(admission.holds()));
    (head, Body::from_stream(messages)).into_response()
}

impl IntoResponse for Unavailable {
    fn into_response(self) -> Response {
        refused(StatusCode::SERVICE_UNAVAILABLE, self.to_string())
    }
}

#[cfg(test)]
mod tests;
