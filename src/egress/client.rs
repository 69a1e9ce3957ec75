//! Fetching for functions: obeys what the rules decide, and stops where they say.
//!
//! Checked before anything is resolved; what a name resolves to is admitted as the
//! connection is made, so that nothing can change in between; every redirect is
//! checked as if it were asked for. Connections are pooled for each app by itself.
//! Which call may be made is decided in `policy` and `rules`.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use fazt_tools::AppName;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::{Instant, timeout_at};

use super::{
    budget::{LARGEST, Limits, Places, Rates, Spending},
    cache::{self, Kept},
    document::Outside,
    error::{NetCode, NetError},
    explain::Trace,
    log::Log,
    policy::{HOPS, Target},
    rules::{Allowed, Rules},
    secrets::{Open, Opened, Secrets},
    wire::{Answer, Ask, HEAD, clean, failure, headers_of, joined, method_of},
};
use crate::{
    clock::Clock,
    store::{FetchLine, Store, StoreError},
};

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// How long a connection is kept for the next call.
const IDLE: Duration = Duration::from_secs(10);
/// Connections kept to one server.
const IDLE_EACH: usize = 2;
/// Apps whose connections are kept.
const APPS: usize = 256;
/// The one way from functions to the outside.
pub struct Gateway {
    pub(super) outside: Outside,
    pub(super) rules: ArcSwap<Rules>,
    secrets: ArcSwap<Secrets>,
    open: Open,
    limits: Limits,
    clients: quick_cache::sync::Cache<i64, reqwest::Client>,
    tls: OnceLock<Option<rustls::ClientConfig>>,
    places: Places,
    rates: Rates,
    kept: Kept,
    log: Log,
    refreshing: tokio::sync::Mutex<()>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

/// Who fetches.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// The app's row id; 0 stands for none, whose calls are not written down.
    pub app: i64,
    /// Its name.
    pub name: Option<&'a AppName>,
    /// Whether a host leads back to this node.
    pub owns: &'a (dyn Fn(&str) -> bool + Send + Sync),
}

impl Gateway {
    /// A gateway to an outside, by the rules in the store.
    pub async fn new(
        outside: Outside,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        open: Open,
        limits: Limits,
    ) -> Result<Self, StoreError> {
        // Only the first call does something; the provider is the same for all.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let gateway = Self {
            outside,
            rules: ArcSwap::default(),
            secrets: ArcSwap::default(),
            open,
            limits,
            clients: quick_cache::sync::Cache::new(APPS),
            tls: OnceLock::new(),
            places: Places::default(),
            rates: Rates::default(),
            kept: Kept::new(limits.kept),
            log: Log::default(),
            refreshing: tokio::sync::Mutex::default(),
            store,
            clock,
        };
        gateway.refresh().await?;
        Ok(gateway)
    }

    /// Reads rules and secrets anew.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        // Of two that read at once the later must not be overwritten by the earlier.
        let _one = self.refreshing.lock().await;
        self.rules.store(Arc::new(Rules::new(self.store.fetch_rules().await?)));
        self.secrets.store(Arc::new(Secrets::new(self.store.secrets().await?)));
        Ok(())
    }

    /// Writes down what was fetched since the last time.
    pub async fn write_log(&self) -> Result<(), StoreError> {
        self.log.write(&*self.store, self.limits.log).await
    }

    /// Ends when enough waits to be written down.
    pub async fn log_is_worth_writing(&self) {
        self.log.worth.notified().await;
    }

    /// Calls that are under way.
    pub fn under_way(&self) -> u32 {
        self.places.taken()
    }

    /// Fetches, and writes down that it did or why not.
    pub async fn fetch(
        &self,
        asker: Asker<'_>,
        spending: &Spending,
        ask: Ask,
    ) -> Result<Answer, NetError> {
        let mut trace = Trace::none();
        self.fetch_traced(asker, spending, ask, &mut trace).await
    }

    /// The same, noting each step.
    pub(super) async fn fetch_traced(
        &self,
        asker: Asker<'_>,
        spending: &Spending,
        ask: Ask,
        trace: &mut Trace,
    ) -> Result<Answer, NetError> {
        let mut noted = Noted::begin(self, asker, &ask);
        let done = self.admit_and_fetch(asker, spending, ask, &mut noted.line, trace).await;
        match &done {
            Ok(answer) => {
                noted.line.status = Some(answer.status);
                noted.line.code = None;
                noted.line.bytes = answer.body.len() as u64;
                noted.line.cached = answer.kept;
            }
            Err(error) => noted.line.code = Some(error.code.to_string()),
        }
        done
    }

    async fn admit_and_fetch(
        &self,
        asker: Asker<'_>,
        spending: &Spending,
        ask: Ask,
        line: &mut FetchLine,
        trace: &mut Trace,
    ) -> Result<Answer, NetError> {
        let began = Instant::now();
        let target = trace.target(Target::parse(&ask.url))?;
        target.host().clone_into(&mut line.host);
        target.url().path().clone_into(&mut line.path);
        let allowed = trace.rule(self.permit(asker, &target))?;
        let method = method_of(&ask.method)?;
        let headers = headers_of(&ask.headers)?;
        let secret = match &ask.auth {
            Some(name) => {
                Some(Opened::of(self.secrets.load().find(asker.app, name, &target)?, &self.open)?)
            }
            None => None,
        };
        if ask.body.len() as u64 > self.limits.bytes {
            let (found, most) = (ask.body.len(), self.limits.bytes);
            let what = format!("the request's body is {found} bytes long; {most} may be sent");
            return Err(NetError::new(NetCode::Size, what));
        }
        let running = spending.begin(&self.limits)?;
        let now = self.clock.now().as_millisecond();
        let ttl = allowed.rule.cache_ttl;
        // What is asked for by a body or a secret is nobody else's answer.
        let ttl = ttl.filter(|_| secret.is_none() && !ask.stays && ask.body.is_empty());
        let key = ttl.and_then(|ttl| {
            let key =
                cache::Key::of(asker.app, method.as_str(), target.url().as_str(), &ask.headers);
            key.map(|key| (key, ttl))
        });
        if let Some((key, _)) = &key
            && let Some(kept) = self.kept.get(key, now)
        {
            return Ok(Answer { kept: true, ..(*kept).clone() });
        }
        let _place = self.places.take(asker.app, &self.limits)?;
        let of_rule = allowed.rule.timeout.map(|ms| Duration::from_millis(u64::from(ms)));
        let most = [Some(running.most), ask.timeout, of_rule].into_iter().flatten().min();
        let most = most.unwrap_or(running.most);
        let stays = ask.stays;
        let first = Hop { target, allowed, method, headers, body: ask.body, secret };
        let answer = timeout_at(began + most, self.follow(asker, first, stays, trace)).await;
        let answer = answer.map_err(|_| {
            let what = format!("`{}` did not answer within {most:?}", line.host);
            NetError::new(NetCode::Timeout, what)
        })??;
        if let Some((key, ttl)) = key {
            self.kept.put(key, &answer, now, ttl);
        }
        Ok(answer)
    }

    /// The rule by which an app may go to a target.
    pub(super) fn permit(
        &self,
        asker: Asker<'_>,
        target: &Target,
    ) -> Result<Arc<Allowed>, NetError> {
        let owned = (asker.owns)(target.host());
        self.rules.load().permit(Some(asker.app), asker.name.map(AppName::as_str), target, owned)
    }

    /// Asks, and goes where redirects lead.
    async fn follow(
        &self,
        asker: Asker<'_>,
        mut hop: Hop,
        stays: bool,
        trace: &mut Trace,
    ) -> Result<Answer, NetError> {
        let mut hops = 0;
        // Opened for the first server; what it may echo is taken out whoever answers.
        let mut given = None;
        loop {
            self.count(&hop.allowed)?;
            let response = self.send(asker.app, &hop).await?;
            let status = response.status();
            let location = response
                .headers()
                .get(header::LOCATION)
                .filter(|_| matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) && !stays);
            let Some(location) = location else {
                let mut answer = self.read(&hop, response).await?;
                answer.redirected = hops > 0;
                if let Some(secret) = given.as_ref().or(hop.secret.as_ref()) {
                    clean(&mut answer, secret);
                }
                return Ok(answer);
            };
            let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
            // The rest of it is nobody's: the connection goes with it.
            drop(response);
            hops += 1;
            if hops > HOPS {
                let what = format!("`{}` redirects more than {HOPS} times", hop.target.host());
                return Err(NetError::new(NetCode::Error, what));
            }
            // Before anything is said of where it leads: that would say the secret.
            let known = hop.secret.as_ref().or(given.as_ref());
            if hop.leads_away(&location) && known.is_some_and(|secret| secret.is_in(&location)) {
                let what = format!("`{}` redirects with the secret it was sent", hop.target.host());
                return Err(NetError::new(NetCode::Blocked, what));
            }
            let next = trace.hop(hops, hop.target.redirected(&location))?;
            let allowed = trace.rule(self.permit(asker, &next).map_err(|error| {
                error.about(&format!("redirected by `{}`: ", hop.target.host()))
            }))?;
            if !next.is_beside(&hop.target) {
                if let Some(secret) = hop.secret.take() {
                    given = Some(secret);
                }
                for private in [header::AUTHORIZATION, header::COOKIE] {
                    hop.headers.remove(private);
                }
            }
            let as_get = status == StatusCode::SEE_OTHER && hop.method != Method::HEAD
                || matches!(status.as_u16(), 301 | 302) && hop.method == Method::POST;
            if as_get {
                hop.method = Method::GET;
                hop.body = Bytes::new();
                hop.headers.remove(header::CONTENT_TYPE);
            }
            (hop.target, hop.allowed) = (next, allowed);
        }
    }

    /// Counts a call where its rule counts them.
    fn count(&self, allowed: &Allowed) -> Result<(), NetError> {
        let Some(rate) = allowed.rule.rate else { return Ok(()) };
        let now = self.clock.now().as_millisecond();
        self.rates.take((allowed.app, &allowed.host), rate, allowed.rule.burst, now)
    }

    async fn send(&self, app: i64, hop: &Hop) -> Result<reqwest::Response, NetError> {
        let mut url = hop.target.url().clone();
        let mut headers = hop.headers.clone();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(secret) = &hop.secret {
            secret.add(&mut url, &mut headers)?;
        }
        let request = self.client(app)?.request(hop.method.clone(), url).headers(headers);
        let request = if hop.body.is_empty() { request } else { request.body(hop.body.clone()) };
        request.send().await.map_err(|error| failure(&hop.target, &error))
    }

    async fn read(&self, hop: &Hop, mut response: reqwest::Response) -> Result<Answer, NetError> {
        let most = hop.allowed.rule.max_response.unwrap_or(self.limits.bytes).min(LARGEST);
        let host = hop.target.host();
        let too_large = || {
            let what = format!("the answer of `{host}` is longer than {most} bytes");
            let error = NetError::new(NetCode::Size, what);
            if most >= LARGEST {
                return error;
            }
            error.permitted_by(format!(
                "fazt net allow {} --max-response {LARGEST}",
                hop.allowed.host
            ))
        };
        let bytes: usize =
            response.headers().iter().map(|(n, v)| n.as_str().len() + v.as_bytes().len()).sum();
        if bytes > HEAD {
            let what = format!("the head of the answer of `{host}` is longer than {HEAD} bytes");
            return Err(NetError::new(NetCode::Size, what));
        }
        let has_body = hop.method != Method::HEAD;
        if has_body && response.content_length().is_some_and(|length| length > most) {
            return Err(too_large());
        }
        let status = response.status().as_u16();
        let headers = joined(response.headers());
        let mut body = Vec::new();
        while let Some(piece) =
            response.chunk().await.map_err(|error| failure(&hop.target, &error))?
        {
            if body.len() + piece.len() > usize::try_from(most).unwrap_or(usize::MAX) {
                return Err(too_large());
            }
            body.extend_from_slice(&piece);
        }
        let url = hop.target.url().to_string();
        Ok(Answer { status, url, headers, body: body.into(), ..Answer::default() })
    }

    /// The connections of an app.
    fn client(&self, app: i64) -> Result<reqwest::Client, NetError> {
        self.clients.get_or_insert_with(&app, || {
            let tls = self.tls.get_or_init(|| {
                let tls = self.outside.tls();
                tls.inspect_err(|error| tracing::error!(%error, "no certificates are known")).ok()
            });
            #[expect(clippy::disallowed_methods, reason = "functions fetch from here alone")]
            let mut client = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                // A proxy would resolve the name once more, by itself.
                .no_proxy()
                .referer(false)
                .dns_resolver(Guard(self.outside.clone()))
                .connect_timeout(CONNECT)
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(IDLE_EACH)
                // A call that ends early closes its connection, and nobody else's.
                .http1_only()
                .user_agent(concat!("fazt/", env!("CARGO_PKG_VERSION")));
            if let Some(tls) = tls {
                client = client.tls_backend_preconfigured(tls.clone());
            }
            client.build().map_err(|error| {
                tracing::error!(%error, "no HTTP client for functions");
                NetError::new(NetCode::Error, "the node knows no certificates to trust")
            })
        })
    }
}

/// One request on the way through redirects.
struct Hop {
    target: Target,
    allowed: Arc<Allowed>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
    secret: Option<Opened>,
}

impl Hop {
    /// Whether a redirect leads to another server, as far as can be read.
    fn leads_away(&self, location: &str) -> bool {
        let here = self.target.url();
        let there = here.join(location);
        there.map_or(true, |there| there.origin() != here.origin())
    }
}

/// Resolves for the connector, and lets through what may be dialled: the check and the
/// connection see the same answer.
struct Guard(Outside);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let outside = self.0.clone();
        Box::pin(async move {
            let addresses = outside.admitted(name.as_str()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// A call's line in the log, written whatever becomes of the call.
struct Noted<'g> {
    gateway: &'g Gateway,
    line: FetchLine,
    began: Instant,
}

impl<'g> Noted<'g> {
    fn begin(gateway: &'g Gateway, asker: Asker<'_>, ask: &Ask) -> Self {
        let method = method_of(&ask.method);
        let line = FetchLine {
            id: 0,
            at: gateway.clock.now(),
            app: asker.app,
            name: asker.name.cloned(),
            method: method.map_or_else(|_| "?".to_owned(), |method| method.to_string()),
            host: String::new(),
            path: String::new(),
            status: None,
            // Of a call that is dropped on its way.
            code: Some("CANCELLED".to_owned()),
            ms: 0,
            bytes: 0,
            cached: false,
        };
        Self { gateway, line, began: Instant::now() }
    }
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.line.ms = u32::try_from(self.began.elapsed().as_millis()).unwrap_or(u32::MAX);
        if self.line.app != 0 {
            self.gateway.log.note(self.line.clone());
        }
    }
}
