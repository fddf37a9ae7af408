//! Routes, each with what it needs.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter};

use super::enforce;
use crate::people::Permission;
use crate::service::Gateway;

/// What a route needs of whoever calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing: health, signing in, what pages look like.
    Open,
    /// A permission.
    May(Permission),
}

impl Need {
    /// Its name in the table.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Need::Open => "nothing",
            Need::May(permission) => permission.code(),
        }
    }
}

/// A route as the table tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// `GET`, `POST`; `ANY` for a service below a path that answers reading only.
    pub(crate) method: &'static str,
    /// Its path, as axum writes it.
    pub(crate) path: String,
    /// What it needs.
    pub(crate) need: Need,
}

/// Routes that are built together with the table that tells what they need.
pub(crate) struct Routes<S> {
    gateway: Arc<Gateway>,
    router: Router<S>,
    table: Vec<Route>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    pub(crate) fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway, router: Router::new(), table: Vec::new() }
    }

    pub(crate) fn get<H, T>(self, path: &str, need: Need, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.on("GET", path, need, MethodRouter::new().on(MethodFilter::GET, handler))
    }

    pub(crate) fn post<H, T>(self, path: &str, need: Need, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        self.on("POST", path, need, MethodRouter::new().on(MethodFilter::POST, handler))
    }

    /// As [`Self::post`], for tables and files.
    pub(crate) fn post_large<H, T>(self, path: &str, need: Need, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let handler = MethodRouter::new().on(MethodFilter::POST, handler);
        self.on("POST", path, need, handler.layer(DefaultBodyLimit::max(crate::service::LARGE_BODY_BYTES_MAX)))
    }

    /// As [`Self::post`], for photographs and documents.
    pub(crate) fn post_document<H, T>(self, path: &str, need: Need, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let handler = MethodRouter::new().on(MethodFilter::POST, handler);
        self.on("POST", path, need, handler.layer(DefaultBodyLimit::max(crate::service::DOCUMENT_BODY_BYTES_MAX)))
    }

    fn on(mut self, method: &'static str, path: &str, need: Need, handler: MethodRouter<S>) -> Self {
        let guard = from_fn_with_state((self.gateway.clone(), need), enforce);
        self.router = self.router.route(path, handler.route_layer(guard));
        self.table.push(Route { method, path: path.to_owned(), need });
        self
    }

    /// A service of its own, all of whose routes need the same; `paths` are what it serves.
    pub(crate) fn service(mut self, paths: &[String], need: Need, service: Router<S>) -> Self {
        let guard = from_fn_with_state((self.gateway.clone(), need), enforce);
        self.router = self.router.merge(service.route_layer(guard));
        self.table.extend(paths.iter().map(|path| Route { method: "ANY", path: path.clone(), need }));
        self
    }

    /// The routes, given what their handlers share, and the table.
    pub(crate) fn build(self, state: S) -> (Router, Vec<Route>) {
        (self.router.with_state(state), self.table)
    }
}
