//! Other nodes: a [`Peer`] carries every tool out over that node's HTTP API.
//!
//! One blanket handler serves the whole catalogue, so a tool needs no line
//! here. A call that only reads is tried twice; an error says which node, and
//! what to try.

mod feed;

use std::{path::Path, time::Duration};

use bytes::Bytes;
use fazt_tools::{
    Caller, Code, Handler, Hold, PeerName, Problem, Scope, Scopes, Spec, Tool, deploy,
    tool::{Effect, Method},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{auth::Key, store::sqlite::read_peers};

/// How long a node may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a call may take; an upload or a deploy may take longer.
const CALL: Duration = Duration::from_mins(1);
/// How long an upload may take.
const UPLOAD: Duration = Duration::from_mins(30);

/// Longest answer that is read: a plan that lacks a million files.
const LONGEST: usize = 96 << 20;

/// The content type of a bundled upload.
pub const BUNDLE_TYPE: &str = "application/vnd.fazt.bundle";

/// Another node, or this one as seen from a command.
pub struct Peer {
    name: String,
    url: String,
    token: String,
    client: reqwest::Client,
}

/// What a peer's token is sealed for.
pub fn sealed_as(name: &PeerName) -> String {
    format!("peer {name}")
}

/// Finds a peer in the database at `db`, which a running node may hold; `None`
/// means the default one.
pub fn find(db: &Path, name: Option<&PeerName>) -> Result<Peer, Problem> {
    let peers = read_peers(db).map_err(|error| crate::ops::storage_problem(&error))?;
    let found = match name {
        Some(name) => peers.iter().find(|peer| peer.name == *name),
        None => peers.iter().find(|peer| peer.default),
    };
    let Some(peer) = found else {
        let Some(name) = name else {
            return Err(Problem::new(Code::PeerNotFound, "there is no default peer")
                .hint("add one: `fazt remote add NAME --url URL`, or choose one: `fazt remote default NAME`"));
        };
        let known = peers.iter().map(|peer| peer.name.as_str());
        let problem = Problem::missing(Code::PeerNotFound, "peer", name.as_str(), known);
        return Err(match problem.hint {
            Some(_) => problem,
            None => problem.hint(format!("add it: `fazt remote add {name} --url URL`")),
        });
    };
    let key = Key::read(db).ok().flatten();
    let token = key.and_then(|key| key.open(&peer.row.token, &sealed_as(&peer.name)));
    let token = token.ok_or_else(|| {
        Problem::new(
            Code::PeerFailed,
            format!("the token of @{} cannot be read with this node's key", peer.name),
        )
        .hint(format!("add the peer again: `fazt remote add {} --url {}`", peer.name, peer.row.url))
    })?;
    Peer::new(peer.name.as_str(), &peer.row.url, &token)
}

#[derive(Deserialize)]
struct Success<T> {
    data: T,
}

#[derive(Deserialize)]
struct Failure {
    error: Problem,
}

#[derive(Deserialize)]
struct WhoAmI {
    scopes: Vec<Scope>,
}

#[derive(Deserialize)]
struct Question {
    question: String,
}

impl Peer {
    /// A node at `url`, spoken to with `token`. Nothing is sent yet.
    pub fn new(name: &str, url: &str, token: &str) -> Result<Self, Problem> {
        let refuse = |rule: &str| Problem::invalid("url", format!("`{url}`: {rule}"));
        let parsed = url::Url::parse(url).map_err(|error| refuse(&error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
            return Err(refuse("give an address such as `https://admin.zyt.app`"));
        }
        let plain = parsed.scheme() == "http";
        // Only the first call does something; the provider is the same for all.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "peers are spoken to from here alone")]
        let mut client = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("fazt/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&parsed) {
            // A proxy of the environment is no way to this machine.
            client = client.no_proxy();
        }
        if plain {
            // Reading the system's certificates takes longer than a local call.
            client = client.tls_certs_only([]);
        }
        let client = client.build().map_err(|error| {
            tracing::error!(%error, "no HTTP client");
            Problem::internal()
        })?;
        let url = url.trim_end_matches('/').to_owned();
        Ok(Self { name: name.to_owned(), url, token: token.to_owned(), client })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address of its API.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether it is on this machine, so that sending bytes costs little.
    pub fn is_loopback(&self) -> bool {
        url::Url::parse(&self.url).is_ok_and(|url| is_loopback(&url))
    }

    /// What the token may do there.
    pub async fn scopes(&self) -> Result<Vec<Scope>, Problem> {
        let request = self.client.get(format!("{}/api/whoami", self.url)).timeout(CALL);
        let answer: WhoAmI = self.answer(self.send(request).await?).await?;
        Ok(answer.scopes)
    }

    /// What a plain request is answered with, whatever that is: its status and
    /// the text of its body. With a body it is a POST. `headers` go along.
    pub async fn hear(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<(u16, String), Problem> {
        let url = format!("{}{path}", self.url);
        let mut request = match body {
            Some(body) => self.client.post(url).json(body),
            None => self.client.get(url),
        };
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.send(request.timeout(CONNECT)).await?;
        let status = response.status().as_u16();
        Ok((status, String::from_utf8_lossy(&self.body_of(response).await?).into_owned()))
    }

    /// Uploads contents for a deploy that names them later.
    pub async fn send_bundle(
        &self,
        bundle: Bytes,
        sent: &(dyn Fn(u64) + Sync),
    ) -> Result<(), Problem> {
        let length = bundle.len() as u64;
        let request = self.client.post(format!("{}/api/blobs", self.url));
        let request = request.header("content-type", BUNDLE_TYPE).body(bundle).timeout(UPLOAD);
        let _: Value = self.answer(self.send(request).await?).await?;
        sent(length);
        Ok(())
    }

    /// Uploads one large content.
    pub async fn send_file(
        &self,
        hash: [u8; 32],
        file: &Path,
        sent: &(dyn Fn(u64) + Sync),
    ) -> Result<(), Problem> {
        let unreadable = |error: std::io::Error| {
            Problem::new(Code::BadRequest, format!("cannot read {}: {error}", file.display()))
        };
        let hash = blake3::Hash::from_bytes(hash).to_hex();
        let size = std::fs::metadata(file).map_err(unreadable)?.len();
        let pieces = tokio_util::io::ReaderStream::with_capacity(
            tokio::fs::File::open(file).await.map_err(unreadable)?,
            256 << 10,
        );
        let request = self.client.put(format!("{}/api/blobs/{hash}", self.url));
        let request = request
            .header("content-type", "application/octet-stream")
            .header("content-length", size)
            .body(reqwest::Body::wrap_stream(pieces))
            .timeout(UPLOAD);
        let _: Value = self.answer(self.send(request).await?).await?;
        sent(size);
        Ok(())
    }

    /// Uploads a bundle and deploys it in the same transaction.
    pub async fn deploy_bundle(
        &self,
        caller: &Caller,
        bundle: Bytes,
        sent: &(dyn Fn(u64) + Sync),
    ) -> Result<deploy::Output, Problem> {
        let length = bundle.len() as u64;
        let request = self.client.post(format!("{}/api/deploy", self.url)).timeout(UPLOAD);
        let request = told(request, caller);
        let request = request.header("content-type", BUNDLE_TYPE).body(bundle);
        let output = self.answer(self.send(request).await?).await?;
        sent(length);
        Ok(output)
    }

    async fn call<T: Tool>(&self, caller: &Caller, input: T::Input) -> Result<T::Output, Problem> {
        let input = match serde_json::to_value(&input) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        let (path, rest) = fill(T::ROUTE.path, input)?;
        let method = match T::ROUTE.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Patch => reqwest::Method::PATCH,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut request = self.client.request(method, format!("{}{path}", self.url)).timeout(CALL);
        request = told(request, caller);
        request =
            if T::ROUTE.takes_query() { request.query(&query(rest)) } else { request.json(&rest) };
        let again = (T::EFFECT == Effect::Read).then(|| request.try_clone()).flatten();
        let response = match (self.send(request).await, again) {
            (Err(_), Some(again)) => self.send(again).await?,
            (response, _) => response?,
        };
        self.answer(response).await
    }

    /// What a person is asked before `spec` is carried out over there.
    async fn ask_question(
        &self,
        caller: &Caller,
        spec: &Spec,
        input: &Value,
    ) -> Result<String, Problem> {
        let body = serde_json::json!({ "tool": spec.name, "input": input });
        let request = self.client.post(format!("{}/api/question", self.url)).timeout(CALL);
        let request = told(request.json(&body), caller);
        match self.answer::<Question>(self.send(request).await?).await {
            Ok(answer) => Ok(answer.question),
            // A node of an earlier version has no such route.
            Err(problem) if problem.code == Code::NotFound => Ok(spec.question(input)),
            Err(problem) => Err(problem),
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response, Problem> {
        request.bearer_auth(&self.token).send().await.map_err(|error| self.unreachable(&error))
    }

    async fn answer<T: for<'de> Deserialize<'de>>(&self, response: Response) -> Result<T, Problem> {
        let status = response.status();
        let body = self.body_of(response).await?;
        if status.is_success() {
            let answer: Result<Success<T>, _> = serde_json::from_slice(&body);
            return answer.map(|answer| answer.data).map_err(|error| {
                Problem::new(
                    Code::PeerFailed,
                    format!("{} answered something else than expected: {error}", self.who()),
                )
                .hint("the two nodes may be too far apart in version: `fazt status` on both")
            });
        }
        let failure: Result<Failure, _> = serde_json::from_slice(&body);
        Err(match failure {
            Ok(Failure { error }) if status == StatusCode::UNAUTHORIZED && self.name != "local" => {
                error.hint(format!(
                    "give {} a token that holds: `fazt token create NAME` over there",
                    self.who()
                ))
            }
            Ok(Failure { error }) => error,
            Err(_) => Problem::new(
                Code::PeerFailed,
                format!("{} answered {status}, and not as fazt does", self.who()),
            )
            .hint(format!("is {} really a fazt node's admin address?", self.url)),
        })
    }

    /// An answer's body; one that is longer than any of fazt's is refused.
    async fn body_of(&self, mut response: Response) -> Result<Vec<u8>, Problem> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            body.extend_from_slice(&piece);
            if body.len() > LONGEST {
                let what = format!("{} answers more than {LONGEST} bytes", self.who());
                return Err(Problem::new(Code::PeerFailed, what)
                    .hint(format!("is {} really a fazt node's admin address?", self.url)));
            }
        }
        Ok(body)
    }

    fn unreachable(&self, error: &reqwest::Error) -> Problem {
        let what = if error.is_timeout() {
            "did not answer in time"
        } else if error.is_connect() {
            "cannot be reached"
        } else {
            "broke off"
        };
        let mut cause: &dyn std::error::Error = error;
        while let Some(source) = cause.source() {
            cause = source;
        }
        Problem::new(Code::Unreachable, format!("{} {what}: {cause}", self.who()))
            .hint(format!("is the node at {} running?", self.url))
            .detail("sent", !error.is_connect())
    }

    fn who(&self) -> String {
        if self.name == "local" { "the local node".to_owned() } else { format!("@{}", self.name) }
    }
}

impl<T: Tool> Handler<T> for Peer {
    async fn handle(&self, caller: &Caller, input: T::Input) -> Result<T::Output, Problem> {
        self.call::<T>(caller, input).await
    }

    fn question(
        &self,
        caller: &Caller,
        input: &T::Input,
    ) -> impl Future<Output = Result<String, Problem>> + Send {
        let spec = Spec::of::<T>();
        let input = serde_json::to_value(input).unwrap_or_default();
        async move { self.ask_question(caller, &spec, &input).await }
    }
}

impl Hold for Peer {
    /// A call is held where its token lives, and carried out there.
    async fn hold(
        &self,
        caller: &Caller,
        tool: &'static str,
        _: Value,
        _: impl Future<Output = Result<String, Problem>> + Send,
    ) -> Result<Value, Problem> {
        let what = format!(
            "`{tool}` needs a person's approval, which {} cannot wait for on {}",
            caller.name,
            self.who()
        );
        Err(Problem::new(Code::Forbidden, what)
            .hint("ask the owner to do it, or use a token of that node itself"))
    }
}

/// Says who asks, through which face and program, and what it may do.
fn told(request: reqwest::RequestBuilder, caller: &Caller) -> reqwest::RequestBuilder {
    let mut request = request.header("x-fazt-face", caller.face.as_str());
    if caller.scopes != Scopes::all() {
        // The token here may allow more than the one who asks for this call.
        let scopes: Vec<_> = caller.scopes.iter().map(Scope::as_str).collect();
        request = request.header("x-fazt-scopes", scopes.join(" "));
    }
    if caller.approval {
        request = request.header("x-fazt-approval", "human");
    }
    if let Some(client) = &caller.client {
        request = request.header("x-fazt-client", client);
    }
    request
}

fn is_loopback(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// Puts the fields that the path names into it; answers the path and the rest.
///
/// A part that is only dots would be folded into the path around it.
fn fill(
    pattern: &str,
    mut input: Map<String, Value>,
) -> Result<(String, Map<String, Value>), Problem> {
    const KEEP: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    const KEEP_SLASH: &AsciiSet = &KEEP.remove(b'/');
    let mut path = String::new();
    for part in pattern.split('/').skip(1) {
        path.push('/');
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            None => path.push_str(part),
            Some(name) => {
                let (name, keep) = match name.strip_prefix('*') {
                    Some(name) => (name, KEEP_SLASH),
                    None => (name, KEEP),
                };
                let value = input.remove(name).map(|value| plain(&value)).unwrap_or_default();
                if value.split('/').any(|part| matches!(part, "." | "..")) {
                    return Err(Problem::invalid(name, format!("`{value}` is no name")));
                }
                path.extend(utf8_percent_encode(&value, keep));
            }
        }
    }
    Ok((path, input))
}

fn query(rest: Map<String, Value>) -> Vec<(String, String)> {
    rest.into_iter().map(|(name, value)| (name, plain(&value))).collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn path_fields_are_encoded_and_leave_the_input() {
        let Value::Object(input) = json!({ "app": "blog", "path": "a b/ü?.txt", "version": 2 })
        else {
            unreachable!("it is an object")
        };
        let (path, rest) = fill("/api/apps/{app}/files/{*path}", input).expect("a path");
        assert_eq!(path, "/api/apps/blog/files/a%20b/%C3%BC%3F.txt");
        assert_eq!(query(rest), [("version".to_owned(), "2".to_owned())]);
    }

    #[test]
    fn a_name_of_dots_alone_never_reaches_a_path() {
        for path in ["..", "a/../b", "."] {
            let Value::Object(input) = json!({ "app": "blog", "path": path }) else {
                unreachable!("it is an object")
            };
            assert!(fill("/api/apps/{app}/files/{*path}", input).is_err(), "{path}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused_with_an_example() {
        for bad in ["zyt", "ftp://zyt.app", "file:///etc/passwd"] {
            assert!(Peer::new("zyt", bad, "t").is_err(), "{bad}");
        }
    }
}
