//! Where does a client think this node is, and what does it lack?
//!
//! A node has several names; what it says of itself in an answer has to be the
//! name the client used. From that name a challenge leads to a token.

use fazt_tools::Scopes;
use http::{HeaderValue, header};
use url::{Host, Url};

use crate::{
    auth::{Visitor, oauth},
    node::Node,
};

/// The challenge of a node that gives no tokens by OAuth.
pub const BEARER: HeaderValue = HeaderValue::from_static("Bearer realm=\"fazt\"");

/// The scheme, host and port under which a request reached the node: its issuer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin(String);

impl Origin {
    /// The origin of `request`: one of the node's own names, as the client wrote it, or
    /// the public one.
    ///
    /// A client checks that the issuer is the address it asked (RFC 8414 §3.3), and it
    /// may have come by `localhost` as well as by the domain.
    pub fn of<B>(node: &Node, request: &http::Request<B>) -> Self {
        let public = || Self(node.url("admin"));
        let given = request.uri().authority().map(http::uri::Authority::as_str);
        let given = given.or_else(|| request.headers().get(header::HOST)?.to_str().ok());
        let visitor = request.extensions().get::<Visitor>();
        let scheme = if visitor.is_some_and(|visitor| visitor.https) { "https" } else { "http" };
        let url = given.and_then(|given| Url::parse(&format!("{scheme}://{given}")).ok());
        let Some(url) = url else { return public() };
        let domain = &node.config.domain;
        let own = url.host().is_some_and(|host| oauth::is_own_host(&host, domain));
        let by_domain = matches!(url.host(), Some(Host::Domain(name))
            if name.strip_prefix("admin.") == Some(domain.as_str()));
        // Before the domain may stand a proxy that nobody named; the setting knows.
        if !own || by_domain && !node.config.public_url.is_empty() {
            return public();
        }
        Self(url.origin().ascii_serialization())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a caller lacks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lack {
    /// It sent no token.
    Token,
    /// The token it sent is unknown, expired, revoked or for another node.
    ValidToken,
    /// Its token allows too little.
    Scope,
}

/// The `WWW-Authenticate` header of a 401, or with [`Lack::Scope`] of a 403: where a
/// client finds out how to get a token for `path` (RFC 9728 §5.1), and `scopes` to ask
/// for.
pub fn challenge(
    node: &Node,
    origin: &Origin,
    path: &str,
    lack: Lack,
    scopes: Scopes,
) -> HeaderValue {
    if !node.config.oauth {
        return BEARER;
    }
    let error = match lack {
        Lack::Token => "",
        Lack::ValidToken => "error=\"invalid_token\", ",
        Lack::Scope => "error=\"insufficient_scope\", ",
    };
    let path = path.trim_end_matches('/');
    let mut text = format!(
        "Bearer {error}resource_metadata=\"{}/.well-known/oauth-protected-resource{path}\"",
        origin.as_str()
    );
    if scopes != Scopes::default() {
        text.extend([", scope=\"", &oauth::words(scopes), "\""]);
    }
    HeaderValue::from_str(&text).unwrap_or(BEARER)
}
