//! An outside on loopback: a resolver, servers with certificates, and what they saw.

use std::{
    collections::{HashMap, VecDeque},
    fmt::Write as _,
    io,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use fazt::egress::{Answer, Ask, Asker, NetCode, NetError, Outside, Resolver, Spending, policy};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::{TlsAcceptor, rustls};

use crate::harness::TestNode;

/// A stream to a client, with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A request as a server saw it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    /// A header's value, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }
}

/// What a server does with a request.
pub enum Reply {
    /// Sends these bytes and takes the next request.
    Raw(Vec<u8>),
    /// Sends these bytes and closes.
    Last(Vec<u8>),
    /// Sends these bytes and then nothing, until the client goes away.
    Hang(Vec<u8>),
    /// Sends these bytes and then one after the other, until the client goes away.
    Drip(Vec<u8>),
    /// Answers once so many requests wait.
    Together(usize, Vec<u8>),
}

/// An answer with a length.
pub fn answer(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Reply {
    let body = body.as_ref();
    let mut head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head.push_str("\r\n");
    Reply::Raw([head.as_bytes(), body].concat())
}

/// A redirect.
pub fn redirect(status: u16, to: &str) -> Reply {
    answer(status, &[("location", to)], "")
}

/// A server of the outside.
#[derive(Clone)]
pub struct Server {
    pub port: u16,
    pub seen: Arc<Mutex<Vec<Seen>>>,
    /// Connections that were made.
    pub made: Arc<AtomicUsize>,
    /// Connections that are open.
    pub open: Arc<AtomicUsize>,
}

type Does = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

impl Server {
    async fn start(tls: Option<TlsAcceptor>, does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (seen, made, open) = (Arc::default(), Arc::default(), Arc::default());
        let server = Self { port, seen, made, open };
        let own = server.clone();
        let waiting = Arc::new(tokio::sync::watch::channel(0_usize).0);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (own, does, tls, waiting) =
                    (own.clone(), does.clone(), tls.clone(), waiting.clone());
                tokio::spawn(async move {
                    own.made.fetch_add(1, Ordering::SeqCst);
                    own.open.fetch_add(1, Ordering::SeqCst);
                    let _ = match tls {
                        None => own.serve(Box::new(socket), &does, &waiting).await,
                        Some(tls) => match tls.accept(socket).await {
                            Ok(stream) => own.serve(Box::new(stream), &does, &waiting).await,
                            Err(error) => Err(error),
                        },
                    };
                    own.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        server
    }

    async fn serve(
        &self,
        mut stream: Box<dyn Stream>,
        does: &Does,
        waiting: &tokio::sync::watch::Sender<usize>,
    ) -> io::Result<()> {
        while let Some(seen) = read(&mut stream).await? {
            let reply = does(&seen);
            self.seen.lock().expect("held").push(seen);
            match reply {
                Reply::Raw(bytes) => stream.write_all(&bytes).await?,
                Reply::Last(bytes) => {
                    stream.write_all(&bytes).await?;
                    return stream.shutdown().await;
                }
                Reply::Hang(bytes) => {
                    stream.write_all(&bytes).await?;
                    stream.flush().await?;
                    return until_gone(&mut stream).await;
                }
                Reply::Drip(bytes) => {
                    stream.write_all(&bytes).await?;
                    let mut beat = tokio::time::interval(Duration::from_millis(5));
                    loop {
                        beat.tick().await;
                        stream.write_all(b"x").await?;
                        stream.flush().await?;
                    }
                }
                Reply::Together(count, bytes) => {
                    let mut others = waiting.subscribe();
                    waiting.send_modify(|waiting| *waiting += 1);
                    let _ = others.wait_for(|waiting| *waiting >= count).await;
                    stream.write_all(&bytes).await?;
                }
            }
            stream.flush().await?;
        }
        Ok(())
    }

    /// Requests it saw.
    pub fn count(&self) -> usize {
        self.seen.lock().expect("held").len()
    }

    /// The last request it saw.
    pub fn last(&self) -> Seen {
        self.seen.lock().expect("held").last().cloned().expect("a request")
    }

    /// The request before that.
    pub fn nth(&self, n: usize) -> Seen {
        self.seen.lock().expect("held")[n].clone()
    }

    pub fn connections(&self) -> usize {
        self.made.load(Ordering::SeqCst)
    }

    pub fn still_open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

async fn until_gone(stream: &mut Box<dyn Stream>) -> io::Result<()> {
    let mut rest = [0; 1_024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

async fn read(stream: &mut Box<dyn Stream>) -> io::Result<Option<Seen>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let mut seen = Seen {
        method: first.next().unwrap_or_default().to_owned(),
        path: first.next().unwrap_or_default().to_owned(),
        ..Seen::default()
    };
    let headers = lines.filter_map(|line| line.split_once(": "));
    seen.headers = headers.map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())).collect();
    let length = seen.header("content-length").parse().unwrap_or(0);
    seen.body = vec![0; length];
    stream.read_exact(&mut seen.body).await?;
    Ok(Some(seen))
}

/// Where names lead: to this machine, unless something else is said.
#[derive(Default)]
pub struct Names {
    said: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
    asked: Mutex<Vec<String>>,
    port: AtomicU16,
}

impl Names {
    /// Says where a name leads, the first time it is asked for, the second, and so on.
    pub fn say(&self, name: &str, answers: &[&[&str]]) {
        let ip = |text: &&str| text.parse().expect("an address");
        let answers = answers.iter().map(|one| one.iter().map(ip).collect()).collect();
        self.said.lock().expect("held").insert(name.to_owned(), answers);
    }

    /// Names that were asked for.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("held").clone()
    }
}

#[async_trait]
impl Resolver for Names {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().expect("held").push(host.to_owned());
        let mut said = self.said.lock().expect("held");
        match said.get_mut(host) {
            Some(answers) if answers.len() > 1 => Ok(answers.pop_front().expect("one of two")),
            Some(answers) => Ok(answers.front().cloned().unwrap_or_default()),
            None if host.rsplit('.').next() == Some("test") => {
                Ok(vec![IpAddr::from([127, 0, 0, 1])])
            }
            None => Err(io::Error::new(io::ErrorKind::NotFound, "no such name")),
        }
    }

    fn port(&self) -> u16 {
        self.port.load(Ordering::SeqCst)
    }
}

/// The outside, and a node that may reach it.
pub struct World {
    pub names: Arc<Names>,
    /// Speaks TLS, and is where URLs without a port lead.
    pub server: Server,
    pub node: TestNode,
}

impl World {
    /// A world whose server does this, with a node on which the app `shop` is live.
    pub async fn new(does: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::with(&[], does).await
    }

    /// The same with settings of the node.
    pub async fn with(
        settings: &[(&'static str, &str)],
        does: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let names = Arc::new(Names::default());
        let (acceptor, root) = certified();
        let server = Server::start(Some(acceptor), Arc::new(does)).await;
        names.port.store(server.port, Ordering::SeqCst);
        // One address plays the internet; all others are what they are.
        let refusal = |ip: IpAddr| match ip {
            IpAddr::V4(ip) if ip.octets() == [127, 0, 0, 1] => None,
            ip => policy::refusal(ip),
        };
        let outside = Outside::judged_by(names.clone(), refusal, vec![root]);
        let node = TestNode::start_reaching_with(outside, settings).await;
        node.deploy("shop", &[("index.html", "shop")]).await;
        Self { names, server, node }
    }

    /// Another server, without TLS.
    pub async fn plain(&self, does: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Server {
        Server::start(None, Arc::new(does)).await
    }

    /// Another server, whose certificate nobody believes.
    pub async fn unbelieved(&self) -> Server {
        let (acceptor, _) = certified();
        Server::start(Some(acceptor), Arc::new(|_: &Seen| answer(200, &[], "x"))).await
    }

    /// Allows a host to the app `shop`.
    pub async fn allow(&self, host: &str, more: Value) {
        let mut rule = json!({ "app": "shop" });
        rule.as_object_mut().expect("one").extend(more.as_object().expect("one").clone());
        let path = format!("/api/net/rules/{}", host.replace('*', "%2A"));
        self.node.call(Method::PUT, &path, Some(rule)).await.data();
    }

    /// Stores a secret of the app `shop`.
    pub async fn secret(&self, name: &str, value: &str, hosts: &[&str], more: Value) {
        let mut body = json!({ "app": "shop", "value": value, "hosts": hosts });
        body.as_object_mut().expect("one").extend(more.as_object().expect("one").clone());
        let path = format!("/api/secrets/{name}");
        self.node.call(Method::PUT, &path, Some(body)).await.data();
    }

    /// The row id of an app.
    pub async fn id(&self, app: &str) -> i64 {
        let name = fazt_tools::AppName::parse(app).expect("a name");
        self.node.node().store.app(&name).await.expect("read").expect("there").id
    }

    /// Fetches as a function of `shop` would, in a request of its own.
    pub async fn get(&self, url: &str) -> Result<Answer, NetError> {
        self.ask(Ask { url: url.to_owned(), ..Ask::default() }).await
    }

    pub async fn ask(&self, ask: Ask) -> Result<Answer, NetError> {
        self.ask_within(&Spending::default(), ask).await
    }

    /// Fetches within a request that fetches more than that.
    pub async fn ask_within(&self, spending: &Spending, ask: Ask) -> Result<Answer, NetError> {
        self.ask_as("shop", spending, ask).await
    }

    pub async fn ask_as(
        &self,
        app: &str,
        spending: &Spending,
        ask: Ask,
    ) -> Result<Answer, NetError> {
        let name = fazt_tools::AppName::parse(app).expect("a name");
        let node = self.node.node();
        let owns = |host: &str| node.owns_host(host);
        let asker = Asker { app: self.id(app).await, name: Some(&name), owns: &owns };
        node.egress.fetch(asker, spending, ask).await
    }

    /// Asserts that a URL is refused before anything is resolved or dialled.
    pub async fn refuses(&self, url: &str) {
        let (asked, made) = (self.names.asked().len(), self.server.connections());
        let refused = self.get(url).await;
        assert_eq!(code(refused), Some(NetCode::Blocked), "{url}");
        assert_eq!(self.names.asked().len(), asked, "{url} was resolved");
        assert_eq!(self.server.connections(), made, "{url} was dialled");
    }

    /// Deploys a function of `shop` at `/api/try`, and asks it.
    pub async fn run(&self, code: &str) -> crate::harness::Answer {
        self.node.deploy("shop", &[("api/try.js", code)]).await;
        self.node.get("shop.localhost", "/api/try").await
    }

    /// Runs the body of an async function and answers the JSON it returns.
    pub async fn eval(&self, body: &str) -> Value {
        let code = format!("export default async function (req) {{ {body} }}");
        let answer = self.run(&code).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }
}

/// The code of a refusal.
pub fn code<T>(result: Result<T, NetError>) -> Option<NetCode> {
    result.err().map(|error| error.code)
}

/// A request for a URL with headers.
pub fn with_headers(url: &str, headers: &[(&str, &str)]) -> Ask {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Ask { url: url.to_owned(), headers, ..Ask::default() }
}

/// A request that sends a body.
pub fn post(url: &str, body: impl Into<Bytes>) -> Ask {
    Ask { url: url.to_owned(), method: "POST".to_owned(), body: body.into(), ..Ask::default() }
}

/// A certificate for every name below `test`, and what makes it believed.
fn certified() -> (TlsAcceptor, Vec<u8>) {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    let key = KeyPair::generate().expect("a key");
    let mut root = CertificateParams::new(Vec::new()).expect("parameters");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = root.self_signed(&key).expect("a certificate");
    let issuer = Issuer::new(root, key);
    let own = KeyPair::generate().expect("a key");
    let names = ["*.site.test", "site.test", "*.other.test", "other.test", "api.weather.example"];
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let leaf = CertificateParams::new(names).expect("parameters");
    let leaf = leaf.signed_by(&own, &issuer).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(own.serialize_der().into());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .expect("a server");
    (TlsAcceptor::from(Arc::new(config)), authority.der().to_vec())
}
