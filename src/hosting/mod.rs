//! Visitors: a host name becomes an app, and its answer goes to the socket.
//!
//! This is the hot path, a lean service of its own: no layer, no lock, no
//! allocation beyond the response. The API's layers belong to `faces::http`,
//! which gets what is asked of the admin host.

mod body;
mod functions;
mod listener;
mod pages;
mod patience;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use fazt_tools::types::Share;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{self, HOST},
};
use hyper::body::Incoming;
use tower::ServiceExt as _;

use crate::{
    apps::{
        objects,
        serve::{self, Ask, Served},
        site::host,
        sites::{Site, Sites, Slot},
        visit::{self, Target},
    },
    auth::Visitor,
    clock,
    node::Node,
    ops::functions::{OBJECTS, ObjectFound},
    store::StoreError,
};

pub use body::VisitorBody;
pub use listener::{Listener, listen};

/// A request's body, until somebody wants it: most requests have none, and every
/// other answer ignores it. Where it comes from stands beside it.
struct Body {
    held: Mutex<Option<Incoming>>,
    from: SocketAddr,
}

impl Body {
    fn of(body: Incoming, from: SocketAddr) -> Self {
        Self { held: Mutex::new(Some(body)), from }
    }

    /// The body, for the one who reads it.
    fn take(&self) -> Option<Incoming> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The cookie that keeps a visitor of a split where it began.
const SPLIT_COOKIE: &str = "fazt_split";

/// Answers every request the node gets.
pub struct Hosting {
    node: Arc<Node>,
    api: axum::Router,
}

impl Hosting {
    /// Answers visitors itself and hands the admin host's requests to `api`.
    pub fn new(node: Arc<Node>, api: axum::Router) -> Arc<Self> {
        Arc::new(Self { node, api })
    }

    /// Answers one request.
    pub async fn answer(
        &self,
        request: Request<Incoming>,
        from: SocketAddr,
    ) -> Response<VisitorBody> {
        let request = request.map(|body| Body::of(body, from));
        let Some(host) = host_of(&request) else {
            return pages::page(StatusCode::BAD_REQUEST, "give exactly one Host header");
        };
        let host = match host::canonical(host) {
            Ok(host) => host,
            Err(error) => return pages::page(StatusCode::BAD_REQUEST, &format!("Host: {error}")),
        };
        let node = &self.node;
        let visitor = || Visitor::of(request.headers(), from, &node.config.proxies);
        let names = node.sites.names();
        match visit::target(&names, &node.config.domain, &host, || visitor().is_near()) {
            Target::App(slot) => self.live(slot, &request).await,
            // What is rare is boxed: the future of every request would have to
            // hold the largest of these.
            Target::Admin => {
                let visitor = visitor();
                drop(names);
                Box::pin(self.admin(request, visitor)).await
            }
            Target::Preview(slot, version) => {
                Box::pin(async {
                    let site = node.sites.version(slot, version).await;
                    self.found(slot, site, &request, true).await
                })
                .await
            }
            Target::Redirect { to, status } => pages::redirect(to, status, request.uri()),
            Target::Split(shares) => Box::pin(self.split(shares, &request)).await,
            Target::Welcome => pages::welcome(&node.url("admin"), &node.config.domain),
            Target::Unknown => Box::pin(self.unknown(&host, &request)).await,
        }
    }

    async fn live(&self, slot: &Slot, request: &Request<Body>) -> Response<VisitorBody> {
        if let Some(site) = Sites::loaded(slot) {
            return self.site(slot, &site, request, false).await;
        }
        Box::pin(async {
            let site = self.node.sites.live(slot).await;
            self.found(slot, site, request, false).await
        })
        .await
    }

    /// Answers with a site that had to be looked for.
    async fn found(
        &self,
        slot: &Slot,
        site: Result<Option<Arc<Site>>, StoreError>,
        request: &Request<Body>,
        preview: bool,
    ) -> Response<VisitorBody> {
        match site {
            Ok(Some(site)) => self.site(slot, &site, request, preview).await,
            Ok(None) => self.finish(slot, Ok(Served::page(StatusCode::NOT_FOUND)), request),
            Err(error) => self.finish(slot, Err(error), request),
        }
    }

    async fn site(
        &self,
        slot: &Slot,
        site: &Site,
        request: &Request<Body>,
        preview: bool,
    ) -> Response<VisitorBody> {
        let ask = Ask {
            method: request.method(),
            path: request.uri().path(),
            query: request.uri().query(),
            headers: request.headers(),
            preview,
        };
        let node = &self.node;
        let answered = serve::serve(&*node.store, &node.sites.answers, site, &ask).await;
        match answered {
            Ok(Served { body: serve::Body::Function { path, query }, .. }) => {
                Box::pin(self.function(slot, site, request, &path, query.as_deref())).await
            }
            // Reserved paths end as pages; objects are the only thing below them.
            Ok(Served { body: serve::Body::Page, .. }) if ask.path.starts_with(OBJECTS) => {
                Box::pin(self.object(slot, request)).await
            }
            answered => self.finish(slot, answered, request),
        }
    }

    /// Answers with an object of the app.
    async fn object(&self, slot: &Slot, request: &Request<Body>) -> Response<VisitorBody> {
        let (path, query) = (request.uri().path(), request.uri().query());
        let served = match self.node.object_at(slot.id, path, query).await {
            Ok(Some(ObjectFound(object))) => {
                objects::serve(&object, request.method(), request.headers())
            }
            Ok(None) => Served::page(StatusCode::NOT_FOUND),
            Err(problem) => Served::page(
                StatusCode::from_u16(problem.code.status())
                    .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            ),
        };
        self.finish(slot, Ok(served), request)
    }

    /// Has a function of the app answer.
    async fn function(
        &self,
        slot: &Slot,
        site: &Site,
        request: &Request<Body>,
        path: &str,
        query: Option<&str>,
    ) -> Response<VisitorBody> {
        let id = clock::id("req_");
        let answered = functions::ask(&self.node, slot, site, request, path, query, &id).await;
        let mut response = answered.unwrap_or_else(|problem| functions::refused(&problem));
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert("x-request-id", id);
        }
        slot.count(response.status().as_u16());
        response
    }

    /// Makes the response, counts it and logs it.
    fn finish(
        &self,
        slot: &Slot,
        answered: Result<Served, StoreError>,
        request: &Request<Body>,
    ) -> Response<VisitorBody> {
        let response = match answered {
            Ok(served) => body::respond(&self.node.store, served, request.method()),
            Err(error) => {
                tracing::error!(%error, app = %slot.name, "could not answer a visitor of `{}`", slot.name);
                pages::page(StatusCode::INTERNAL_SERVER_ERROR, "the node could not read this page")
            }
        };
        slot.count(response.status().as_u16());
        tracing::debug!(
            target: "fazt::access", app = %slot.name, method = %request.method(),
            path = request.uri().path(), status = response.status().as_u16(),
        );
        response
    }

    /// Deals a visitor to one of several apps and remembers it in a cookie.
    async fn split(&self, shares: &[Share], request: &Request<Body>) -> Response<VisitorBody> {
        let before = cookie(request.headers(), SPLIT_COOKIE);
        let total = shares.iter().map(|share| share.weight).fold(0_u32, u32::saturating_add);
        let Some(share) = visit::share(shares, before, clock::below(total)) else {
            return pages::page(StatusCode::NOT_FOUND, "this name leads to no app");
        };
        let Some(slot) = self.node.sites.app(share.app.as_str()) else {
            return pages::page(StatusCode::NOT_FOUND, "this name leads to no app");
        };
        let mut response = self.live(&slot, request).await;
        if before != Some(share.app.as_str()) {
            let set = format!(
                "{SPLIT_COOKIE}={}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax",
                share.app
            );
            if let Ok(set) = HeaderValue::from_str(&set) {
                response.headers_mut().append(header::SET_COOKIE, set);
            }
        }
        // What one visitor gets is no answer for another.
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        response
    }

    /// A name that leads nowhere: the app `404` answers if it is deployed.
    async fn unknown(&self, host: &str, request: &Request<Body>) -> Response<VisitorBody> {
        match self.node.sites.app("404") {
            Some(slot) if slot.is_live() => {
                let mut response = self.live(&slot, request).await;
                let page = response
                    .headers()
                    .get(header::CONTENT_TYPE)
                    .is_some_and(|media| media.as_bytes().starts_with(b"text/html"));
                if page && response.status() == StatusCode::OK {
                    *response.status_mut() = StatusCode::NOT_FOUND;
                }
                response
            }
            _ => pages::page(StatusCode::NOT_FOUND, &format!("no app answers at {host}")),
        }
    }

    async fn admin(&self, mut request: Request<Body>, visitor: Visitor) -> Response<VisitorBody> {
        request.extensions_mut().insert(visitor);
        let request = request.map(|body| match body.take() {
            Some(body) => axum::body::Body::new(body),
            None => axum::body::Body::empty(),
        });
        let answered = self.api.clone().oneshot(request).await;
        match answered {
            Ok(response) => response.map(VisitorBody::from_api),
            Err(never) => match never {},
        }
    }
}

/// The host a request is for; `None` unless it is given exactly once.
fn host_of(request: &Request<Body>) -> Option<&[u8]> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    if let Some(authority) = request.uri().authority() {
        // RFC 9112 §3.2: two are refused even where the request line names the host.
        return second.is_none().then_some(authority.as_str().as_bytes());
    }
    match (host, second) {
        (Some(host), None) => Some(host.as_bytes()),
        // HTTP/1.0 knows no Host; its visitors get the node itself.
        (None, _) if request.version() == Version::HTTP_10 => Some(b"localhost"),
        _ => None,
    }
}

/// A cookie of the request.
fn cookie<'r>(headers: &'r HeaderMap, name: &str) -> Option<&'r str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix(name)?.strip_prefix('='))
}

/// Whether a request's body is of no interest.
fn is_head(method: &Method) -> bool {
    *method == Method::HEAD
}
