//! Fetching one small document from an address that a stranger may have chosen.
//!
//! Bounded in size and time, without redirects, proxies or cookies. What the document
//! says is the caller's business.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use url::{Host, Url};

use super::{
    error::{NetCode, NetError},
    policy::refusal,
};

/// Longest document that is read.
const LONGEST: usize = 64 << 10;
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Finds the addresses of a name.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// The addresses of `host`.
    async fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>>;

    /// The port that is dialled where a URL names none; 0 means the scheme's own.
    fn port(&self) -> u16 {
        0
    }
}

/// The system's resolver.
struct System;

#[async_trait]
impl Resolver for System {
    async fn resolve(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect())
    }
}

/// An address, and what it is where it may not be dialled.
pub(super) type Judged = (IpAddr, Option<&'static str>);

/// Why a document was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It is not at an HTTPS address.
    #[error("only HTTPS addresses are fetched")]
    Plain,
    /// Its host has no address that may be dialled.
    #[error("`{0}` leads to no public address")]
    Inside(String),
    /// Its host is unknown.
    #[error("`{host}` cannot be found")]
    Unknown {
        /// The host.
        host: String,
        /// What the resolver says.
        source: std::io::Error,
    },
    /// It was answered with something else than the document.
    #[error("it was answered with {0}")]
    Status(u16),
    /// It is too long.
    #[error("it is longer than {LONGEST} bytes")]
    TooLong,
    /// It took too long.
    #[error("it took more than {} s", PATIENCE.as_secs())]
    TooSlow,
    /// The connection failed.
    #[error("it cannot be fetched")]
    Failed(#[source] reqwest::Error),
}

impl FetchError {
    /// Whether nothing was heard at all, as on a node without network.
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::Unknown { .. } | Self::TooSlow | Self::Failed(_))
    }
}

/// The outside, as far as this node may see it.
#[derive(Clone)]
pub struct Outside {
    resolver: Arc<dyn Resolver>,
    /// What an address is that may not be dialled.
    refusal: fn(IpAddr) -> Option<&'static str>,
    plain: bool,
    /// Certificates that are believed instead of the system's, in DER.
    roots: Option<Arc<Vec<Vec<u8>>>>,
}

impl Outside {
    /// Public addresses over HTTPS, found by the system's resolver.
    pub fn public() -> Self {
        Self { resolver: Arc::new(System), refusal, plain: false, roots: None }
    }

    /// The same, found by another resolver.
    pub fn found_by(resolver: Arc<dyn Resolver>) -> Self {
        Self { resolver, ..Self::public() }
    }

    /// This machine alone, over plain HTTP: an outside for a node without network.
    pub fn of_this_machine(resolver: Arc<dyn Resolver>) -> Self {
        let refusal = |ip: IpAddr| (!ip.is_loopback()).then_some("not this machine");
        Self { resolver, refusal, plain: true, roots: None }
    }

    /// An outside with rules and certificates of its own, for a node without network.
    pub fn judged_by(
        resolver: Arc<dyn Resolver>,
        refusal: fn(IpAddr) -> Option<&'static str>,
        roots: Vec<Vec<u8>>,
    ) -> Self {
        Self { resolver, refusal, plain: false, roots: Some(Arc::new(roots)) }
    }

    /// Every address of a name, each with what it is where it may not be dialled.
    pub(super) async fn look_up(&self, host: &str) -> std::io::Result<Vec<Judged>> {
        let found = self.resolver.resolve(host).await?;
        Ok(found.into_iter().map(|ip| (ip, (self.refusal)(ip))).collect())
    }

    /// The addresses to dial for a name: all of them may be, or none is.
    pub(super) async fn admitted(&self, host: &str) -> Result<Vec<SocketAddr>, NetError> {
        let found = self.look_up(host).await.map_err(|error| {
            NetError::new(NetCode::Error, format!("`{host}` cannot be found: {error}"))
        })?;
        if found.is_empty() {
            return Err(NetError::new(NetCode::Error, format!("`{host}` has no address")));
        }
        // Which address it is stays with the owner, who can ask: a script is no map of
        // the network that the node stands in.
        if let Some(what) = found.iter().find_map(|(_, refusal)| *refusal) {
            let what = format!("`{host}` leads to an address that is refused ({what})");
            return Err(NetError::new(NetCode::Blocked, what));
        }
        let port = self.resolver.port();
        Ok(found.into_iter().map(|(ip, _)| SocketAddr::new(ip, port)).collect())
    }

    /// How servers are believed to be who they say they are.
    pub(super) fn tls(&self) -> Result<rustls::ClientConfig, rustls::Error> {
        use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer};
        use rustls_platform_verifier::Verifier;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // TLS 1.2 is the oldest that it knows.
        let config = ClientConfig::builder_with_provider(provider.clone());
        let config = config.with_safe_default_protocol_versions()?;
        let Some(roots) = &self.roots else {
            let verifier = Arc::new(Verifier::new(provider)?);
            let config = config.dangerous().with_custom_certificate_verifier(verifier);
            return Ok(config.with_no_client_auth());
        };
        let mut store = RootCertStore::empty();
        for root in roots.iter() {
            store.add(CertificateDer::from(root.clone()))?;
        }
        Ok(config.with_root_certificates(store).with_no_client_auth())
    }

    /// Fetches the document at `url`.
    pub async fn document(&self, url: &Url) -> Result<Vec<u8>, FetchError> {
        if url.scheme() != "https" && !self.plain {
            return Err(FetchError::Plain);
        }
        let fetched = tokio::time::timeout(PATIENCE, self.fetch(url)).await;
        fetched.unwrap_or(Err(FetchError::TooSlow))
    }

    async fn fetch(&self, url: &Url) -> Result<Vec<u8>, FetchError> {
        let (host, addresses) = self.addresses(url).await?;
        // Only the first call does something; the provider is the same for all.
        let _ = rustls::crypto::ring::default_provider().install_default();
        #[expect(clippy::disallowed_methods, reason = "documents are fetched from here alone")]
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // A proxy would resolve the name once more, by itself.
            .no_proxy()
            .resolve_to_addrs(&host, &addresses)
            .user_agent(concat!("fazt/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(FetchError::Failed)?;
        let request = client.get(url.clone()).header("accept", "application/json");
        let mut response = request.send().await.map_err(FetchError::Failed)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let mut document = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(FetchError::Failed)? {
            document.extend_from_slice(&piece);
            if document.len() > LONGEST {
                return Err(FetchError::TooLong);
            }
        }
        Ok(document)
    }

    /// The host of a URL, and the addresses that may be dialled for it.
    async fn addresses(&self, url: &Url) -> Result<(String, Vec<SocketAddr>), FetchError> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let found = match url.host() {
            Some(Host::Ipv4(ip)) => vec![IpAddr::V4(ip)],
            Some(Host::Ipv6(ip)) => vec![IpAddr::V6(ip)],
            _ => self
                .resolver
                .resolve(&host)
                .await
                .map_err(|source| FetchError::Unknown { host: host.clone(), source })?,
        };
        // The port is the URL's own whatever stands here.
        let port = url.port_or_known_default().unwrap_or(443);
        let admitted: Vec<SocketAddr> = found
            .into_iter()
            .filter(|ip| (self.refusal)(*ip).is_none())
            .map(|ip| SocketAddr::new(ip, port))
            .collect();
        if admitted.is_empty() { Err(FetchError::Inside(host)) } else { Ok((host, admitted)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows one name, and one address for it.
    struct Leads(IpAddr);

    #[async_trait]
    impl Resolver for Leads {
        async fn resolve(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
            Ok(vec![self.0])
        }
    }

    #[tokio::test]
    async fn a_name_or_an_address_that_leads_inside_is_not_dialled() {
        let inside = Outside::found_by(Arc::new(Leads("169.254.169.254".parse().unwrap())));
        for url in
            ["https://a.example/x", "https://127.0.0.1/x", "https://[::1]/x", "https://10.0.0.1/x"]
        {
            let refused = inside.document(&Url::parse(url).unwrap()).await;
            assert!(matches!(refused, Err(FetchError::Inside(_))), "{url}: {refused:?}");
        }
        let plain = inside.document(&Url::parse("http://a.example/x").unwrap()).await;
        assert!(matches!(plain, Err(FetchError::Plain)), "{plain:?}");
    }
}
