//! Which path leads where.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;

use super::address::Socket;
use super::{Site, Unavailable, page};
use crate::api::Refused;

/// Serves a site at these sockets, for ever. Needs a tokio runtime.
pub(super) async fn serve<S: Site>(sockets: Vec<Socket>, site: Arc<S>) {
    let router = router(site);
    let mut servers = JoinSet::new();
    for socket in sockets {
        let router = router.clone();
        match socket {
            Socket::Tcp(socket) => {
                let socket = TcpListener::from_std(socket).expect("within a runtime, and it doesn't block");
                servers.spawn(async move { axum::serve(socket, router).await });
            }
            Socket::Unix(socket) => {
                let socket = UnixListener::from_std(socket).expect("within a runtime, and it doesn't block");
                servers.spawn(async move { axum::serve(socket, router).await });
            }
        }
    }
    servers.join_all().await;
}

fn router<S: Site>(site: Arc<S>) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/assets/{*path}", get(asset))
        .route("/metrics", get(metrics::<S>))
        .route("/api/v1/topology", get(topology::<S>))
        .route("/api/v1/status", get(summary::<S>))
        .route("/api/v1/ports/{name}", get(port::<S>))
        .route("/healthz", get("ok\n"))
        .with_state(site)
}

async fn index(headers: HeaderMap) -> Response {
    page::answer("index.html", &headers).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    page::answer(&path, &headers).unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

async fn topology<S: Site>(State(site): State<Arc<S>>) -> Result<Response, Unavailable> {
    Ok(Json(site.topology().await?).into_response())
}

async fn summary<S: Site>(State(site): State<Arc<S>>) -> Result<Response, Unavailable> {
    Ok(Json(site.summary().await?).into_response())
}

async fn port<S: Site>(State(site): State<Arc<S>>, Path(name): Path<String>) -> Result<Response, Unavailable> {
    let Some(detail) = site.port(&name).await? else {
        let error = "no such port: /api/v1/topology lists them".to_owned();
        return Ok((StatusCode::NOT_FOUND, Json(Refused { error })).into_response());
    };
    Ok(Json(detail).into_response())
}

async fn metrics<S: Site>(State(site): State<Arc<S>>) -> Result<Response, Unavailable> {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, OPEN_METRICS)], site.metrics().await?).into_response())
}

impl IntoResponse for Unavailable {
    fn into_response(self) -> Response {
        (StatusCode::SERVICE_UNAVAILABLE, Json(Refused { error: self.to_string() })).into_response()
    }
}
