//! The least a hyper server does for a file in memory.
//!
//! `floor constant PORT FOLDER` answers the files of one folder by path;
//! `floor map PORT FOLDER` answers the files of one folder per host, out of one
//! flat hash map. Both send the few headers no static server can do without and
//! know nothing of rules, encodings, ranges, limits, timeouts or a second
//! version of HTTP.

use std::{
    collections::HashMap, convert::Infallible, fs, future, net::Ipv4Addr, path::Path, sync::Arc,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HOST, HeaderValue, IF_NONE_MATCH, VARY},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// The entity tag of every file: these servers are asked, never updated.
const TAG: &str = "\"0123456789abcdef0123456789abcdef\"";
/// Longest host and path together.
const KEY: usize = 512;

/// Where the answers are.
enum Files {
    Constant(Vec<(String, Bytes)>),
    Map(HashMap<Box<[u8]>, Bytes, foldhash::fast::RandomState>),
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, kind, port, folder] = arguments.as_slice() else {
        panic!("usage: floor constant|map PORT FOLDER");
    };
    let port = port.parse::<u16>().expect("a port");
    let files = Arc::new(match kind.as_str() {
        "constant" => Files::constant(Path::new(folder)),
        "map" => Files::map(Path::new(folder)),
        other => panic!("no server is called {other}"),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    // The main thread is no worker: a task of the pool does the accepting.
    runtime.block_on(async { tokio::spawn(serve(port, files)).await }).expect("a server");
}

async fn serve(port: u16, files: Arc<Files>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.expect("a free port");
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let files = files.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| future::ready(answer(&files, &request)));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

fn answer(files: &Files, request: &Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let tag = HeaderValue::from_static(TAG);
    let unchanged = request.headers().get(IF_NONE_MATCH).is_some_and(|asked| *asked == tag);
    let (status, body) = match files.find(request) {
        None => (StatusCode::NOT_FOUND, Bytes::new()),
        Some(_) if unchanged => (StatusCode::NOT_MODIFIED, Bytes::new()),
        Some(body) => (StatusCode::OK, body.clone()),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.reserve(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(ETAG, tag);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=0, must-revalidate"));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    Ok(response)
}

impl Files {
    fn constant(folder: &Path) -> Self {
        Self::Constant(read(folder).map(|(name, body)| (format!("/{name}"), body)).collect())
    }

    fn map(folder: &Path) -> Self {
        let mut map = HashMap::default();
        for host in fs::read_dir(folder).expect("a folder of hosts") {
            let host = host.expect("a host's folder");
            let name = host.file_name().into_string().expect("a host's name");
            for (file, body) in read(&host.path()) {
                map.insert(format!("{name}/{file}").into_bytes().into(), body);
            }
        }
        Self::Map(map)
    }

    fn find(&self, request: &Request<Incoming>) -> Option<&Bytes> {
        let path = request.uri().path();
        match self {
            Self::Constant(files) => {
                files.iter().find(|(name, _)| name == path).map(|(_, body)| body)
            }
            Self::Map(map) => {
                let host = request.headers().get(HOST)?.as_bytes();
                let host = host.split(|byte| *byte == b':').next()?;
                let mut key = [0; KEY];
                let length = host.len() + path.len();
                let key = key.get_mut(..length)?;
                key[..host.len()].copy_from_slice(host);
                key[host.len()..].copy_from_slice(path.as_bytes());
                map.get(&*key)
            }
        }
    }
}

/// The files of a folder.
fn read(folder: &Path) -> impl Iterator<Item = (String, Bytes)> {
    fs::read_dir(folder).expect("a folder").map(|file| {
        let file = file.expect("a file");
        let name = file.file_name().into_string().expect("a name in UTF-8");
        (name, fs::read(file.path()).expect("a file that can be read").into())
    })
}
