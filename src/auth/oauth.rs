//! What OAuth leaves to a server to decide, over plain values.
//!
//! Which address an owner may be sent back to, what a verifier proves, which scopes
//! remain, which addresses are this node's own. Knows nothing of HTTP, of the store,
//! or of how a client's document was fetched.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use fazt_tools::{Scope, Scopes};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::{Host, Url};

/// Longest redirect address.
const REDIRECT_MAX: usize = 2_048;
/// Most redirect addresses of a client.
const REDIRECTS_MAX: usize = 10;
/// Longest name of a client that is shown.
const NAME_MAX: usize = 80;

/// Schemes that a browser would do something else with than open a program.
const NO_PROGRAMS: &[&str] = &[
    "about",
    "blob",
    "data",
    "file",
    "filesystem",
    "ftp",
    "javascript",
    "mailto",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// A program that asks, as the owner is shown it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Program {
    /// Its id: made by the node, or the address of its document.
    pub id: String,
    /// What it calls itself.
    pub name: String,
    /// The host that vouches for it, if it is named by a document.
    pub host: Option<String>,
    /// Where its users may be sent back to.
    pub redirects: Vec<String>,
}

impl Program {
    /// The address of `given` if the owner may be sent there, or the only one there is.
    pub fn redirect(&self, given: Option<&str>) -> Option<Url> {
        let given = match (given, self.redirects.as_slice()) {
            (Some(given), _) => given,
            (None, [only]) => only,
            (None, _) => return None,
        };
        self.redirects
            .iter()
            .any(|known| matches(known, given))
            .then(|| redirect(given).ok())
            .flatten()
    }
}

/// Reads an address that owners could be sent back to: HTTPS, this machine over HTTP, or
/// a scheme that a program has for itself (RFC 8252 §7).
pub fn redirect(text: &str) -> Result<Url, String> {
    let refuse = |rule: &str| Err(format!("the redirect address `{text}` {rule}"));
    if text.len() > REDIRECT_MAX {
        return Err(format!("a redirect address is longer than {REDIRECT_MAX} bytes"));
    }
    let Ok(url) = Url::parse(text) else { return refuse("is no URL") };
    if text.contains('#') {
        return refuse("has a fragment");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("holds a user name");
    }
    match url.scheme() {
        "https" if url.host().is_some() => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" | "https" => refuse("must be HTTPS, or HTTP to `localhost`"),
        scheme if NO_PROGRAMS.contains(&scheme) => refuse("has a scheme that opens no program"),
        _ => Ok(url),
    }
}

/// Reads the addresses a client names.
pub fn redirects(given: Vec<String>) -> Result<Vec<String>, String> {
    if given.is_empty() || given.len() > REDIRECTS_MAX {
        return Err(format!("give 1 to {REDIRECTS_MAX} redirect addresses"));
    }
    for text in &given {
        redirect(text)?;
    }
    Ok(given)
}

/// Whether `given` is the address a client named. On this machine the port is the
/// program's choice of the moment (RFC 8252 §7.3); all else must be the same letter
/// for letter.
fn matches(known: &str, given: &str) -> bool {
    if known == given {
        return true;
    }
    let (Ok(mut known), Ok(mut given)) = (Url::parse(known), Url::parse(given)) else {
        return false;
    };
    let plain = |url: &Url| url.scheme() == "http" && is_loopback(url);
    if !plain(&known) || !plain(&given) {
        return false;
    }
    known.set_port(None).is_ok() && given.set_port(None).is_ok() && known == given
}

/// Whether a URL leads to this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The name to show: without what could disguise it.
pub fn shown_name(given: Option<&str>, or: &str) -> String {
    // Marks of direction turn what stands after them around.
    let disguise = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let name: String = given.unwrap_or_default().chars().filter(|c| !disguise(*c)).collect();
    let name: String = name.trim().chars().take(NAME_MAX).collect();
    if name.is_empty() { or.to_owned() } else { name }
}

/// What a client says of itself, in its document or when it registers (RFC 7591 §2).
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Metadata {
    /// Its id; a document's must be its own address.
    #[serde(default)]
    pub client_id: Option<String>,
    /// What it calls itself.
    #[serde(default)]
    pub client_name: Option<String>,
    /// Where its users may be sent back to.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// How it proves who it is.
    #[serde(default)]
    pub token_endpoint_auth_method: Option<String>,
    /// By what it gets tokens.
    #[serde(default)]
    pub grant_types: Option<Vec<String>>,
    /// What it wants to be answered.
    #[serde(default)]
    pub response_types: Option<Vec<String>>,
}

impl Metadata {
    /// Refuses a client that cannot do the one flow there is.
    pub fn check(&self) -> Result<(), String> {
        let lacks = |list: &Option<Vec<String>>, word: &str| {
            list.as_ref().is_some_and(|list| !list.iter().any(|given| given == word))
        };
        if lacks(&self.grant_types, "authorization_code") {
            return Err("`grant_types` must hold `authorization_code`".to_owned());
        }
        if lacks(&self.response_types, "code") {
            return Err("`response_types` must hold `code`".to_owned());
        }
        Ok(())
    }
}

/// The address of a client's document, if a client id is one: HTTPS or HTTP with a path
/// and nothing that could mean two things. Whether plain HTTP will do is for whoever
/// fetches it.
pub fn document_url(client_id: &str) -> Option<Url> {
    let url = Url::parse(client_id).ok()?;
    let fit = matches!(url.scheme(), "https" | "http")
        && url.path().len() > 1
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        // Another spelling of the same address would be another client.
        && url.as_str() == client_id
        && client_id.len() <= REDIRECT_MAX;
    fit.then_some(url)
}

/// Reads a client's document, fetched from `url`.
pub fn program_of(url: &Url, document: &[u8]) -> Result<Program, String> {
    let told: Metadata = serde_json::from_slice(document)
        .map_err(|error| format!("the client's document cannot be read: {error}"))?;
    if told.client_id.as_deref() != Some(url.as_str()) {
        return Err("the client's document names another `client_id` than its own address".into());
    }
    let method = told.token_endpoint_auth_method.as_deref();
    if method.is_some_and(|method| method != "none") {
        return Err("the client wants to prove who it is, which this server does not ask".into());
    }
    told.check()?;
    let host = url.host_str().unwrap_or_default();
    Ok(Program {
        id: url.as_str().to_owned(),
        name: shown_name(told.client_name.as_deref(), host),
        host: Some(host.to_owned()),
        redirects: redirects(told.redirect_uris)?,
    })
}

/// A program whose document at `url` cannot be reached, as on a node without network.
///
/// Only this machine is a place to be sent back to then: any program here could claim
/// the same address, read or not, so nothing is believed that the document would prove.
pub fn unproven_program(url: &Url, given: Option<&str>) -> Option<Program> {
    let given = given?;
    let near = redirect(given).is_ok_and(|url| url.scheme() == "http");
    near.then(|| Program {
        id: url.as_str().to_owned(),
        name: url.host_str().unwrap_or_default().to_owned(),
        host: None,
        redirects: vec![given.to_owned()],
    })
}

/// Whether a challenge is what SHA-256 makes of something.
pub fn is_challenge(challenge: &str) -> bool {
    URL_SAFE_NO_PAD.decode(challenge).is_ok_and(|bytes| bytes.len() == 32)
}

/// What a verifier's challenge must have been (RFC 7636 §4.6); `None` if it is no
/// verifier.
pub fn challenge_of(verifier: &str) -> Option<String> {
    let fit = (43..=128).contains(&verifier.len())
        && verifier
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b'~'));
    fit.then(|| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())))
}

/// The scopes that are meant: those asked for, as far as they are known, or those that
/// read. `None` when nothing is left.
pub fn scopes_of(asked: Option<&str>) -> Option<Scopes> {
    let Some(asked) = asked.filter(|asked| !asked.trim().is_empty()) else {
        return Some(plain_scopes());
    };
    // `offline_access` and its like belong to other servers.
    let known: Scopes = asked.split(' ').filter_map(|word| word.parse::<Scope>().ok()).collect();
    (known != Scopes::default()).then_some(known)
}

/// What a client gets that asks for nothing.
fn plain_scopes() -> Scopes {
    [Scope::AppsRead, Scope::ServerRead].into_iter().collect()
}

/// What an agent may need: everything but the node's administration.
pub fn agent_scopes() -> Scopes {
    Scope::ALL.iter().copied().filter(|scope| *scope != Scope::ServerAdmin).collect()
}

/// Scopes as they travel.
pub fn words(scopes: Scopes) -> String {
    scopes.iter().map(Scope::as_str).collect::<Vec<_>>().join(" ")
}

/// Whether the host of a URL is one that the admin pages of a node on `domain` answer at.
pub fn is_own_host(host: &Host<&str>, domain: &str) -> bool {
    match host {
        Host::Domain(name) => {
            matches!(*name, "localhost" | "admin.localhost")
                || name.strip_prefix("admin.") == Some(domain)
        }
        Host::Ipv4(ip) => IpAddr::from(*ip).is_loopback(),
        Host::Ipv6(ip) => IpAddr::from(*ip).to_canonical().is_loopback(),
    }
}

/// Whether a token for `resource` is for the node on `domain`, under whichever of its
/// own names.
pub fn is_own_resource(resource: &str, domain: &str) -> bool {
    Url::parse(resource).is_ok_and(|url| url.host().is_some_and(|host| is_own_host(&host, domain)))
}

/// The paths below an origin that are one resource with it.
pub const RESOURCE_PATHS: &[&str] = &["/", "/mcp", "/sse"];

/// The resource that is meant: the one asked for if it is at `origin`, or `origin`.
pub fn resource_of(asked: &[&str], origin: &str) -> Option<String> {
    let Some((first, rest)) = asked.split_first() else { return Some(origin.to_owned()) };
    if rest.iter().any(|other| other != first) {
        return None;
    }
    let url = Url::parse(first).ok()?;
    let own = url.origin().ascii_serialization() == origin
        && RESOURCE_PATHS.contains(&url.path())
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty();
    own.then(|| (*first).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(redirects: &[&str]) -> Program {
        let redirects = redirects.iter().map(|&text| text.to_owned()).collect();
        Program { id: "x".into(), name: "X".into(), host: None, redirects }
    }

    #[test]
    fn on_this_machine_any_port_will_do_and_nothing_else_may_differ() {
        for (known, given, same) in [
            ("http://localhost/callback", "http://localhost:4321/callback", true),
            ("http://127.0.0.1:80/cb", "http://127.0.0.1:9/cb", true),
            ("http://[::1]:3000/cb", "http://[::1]:4000/cb", true),
            ("http://localhost:1/cb?a=b", "http://localhost:2/cb?a=b", true),
            ("http://localhost/cb", "http://127.0.0.1/cb", false),
            ("http://localhost/cb", "http://localhost:1/cb2", false),
            ("http://localhost/cb", "http://localhost:1/cb?x", false),
            ("http://localhost/cb", "http://localhost.evil.example:1/cb", false),
            ("http://localhost/cb", "http://localhost@evil.example/cb", false),
            ("http://localhost/cb", "https://localhost:1/cb", false),
            ("https://a.example/cb", "https://a.example/cb", true),
            ("https://a.example/cb", "https://a.example:444/cb", false),
            ("https://a.example/cb", "https://a.example/cb/", false),
            ("https://a.example/cb", "https://A.example/cb", false),
            ("cursor://x/cb", "cursor://x/cb", true),
            ("cursor://x/cb", "cursor://y/cb", false),
        ] {
            let found = program(&[known]).redirect(Some(given)).is_some();
            assert_eq!(found, same, "{known} and {given}");
        }
    }

    #[test]
    fn an_address_may_be_left_out_where_there_is_only_one() {
        let one = program(&["https://a.example/cb"]);
        assert_eq!(one.redirect(None).expect("the one").as_str(), "https://a.example/cb");
        assert!(program(&["https://a.example/1", "https://a.example/2"]).redirect(None).is_none());
    }

    #[test]
    fn addresses_that_lead_to_no_program_are_refused() {
        for good in [
            "https://a.example/cb",
            "http://localhost:1/cb",
            "http://127.0.0.1/cb",
            "http://[::1]/cb",
            "cursor://anysphere.cursor-retrieval/oauth/callback",
            "com.example.app:/cb",
        ] {
            assert!(redirect(good).is_ok(), "{good}");
        }
        for bad in [
            "http://a.example/cb",
            "http://192.168.0.1/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "https://a.example/cb#x",
            "https://a.example/cb#",
            "https://u@a.example/cb",
            "//a.example/cb",
            "cb",
            "",
        ] {
            assert!(redirect(bad).is_err(), "{bad}");
        }
        assert!(redirects(vec![]).is_err());
        assert!(redirects(vec!["https://a.example/".into(); 11]).is_err());
    }

    #[test]
    fn only_the_verifier_of_a_challenge_proves_it() {
        // The example of RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(challenge_of(verifier).as_deref(), Some(challenge));
        assert!(
            is_challenge(challenge) && !is_challenge("short") && !is_challenge(verifier_of(42))
        );
        assert_eq!(challenge_of("short"), None);
        assert_eq!(challenge_of(&"a".repeat(129)), None);
        assert_eq!(challenge_of(&"ü".repeat(43)), None);
    }

    fn verifier_of(length: usize) -> &'static str {
        &"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"[..length]
    }

    #[test]
    fn unknown_scopes_fall_away_and_nothing_at_all_is_refused() {
        let words_of = |asked| scopes_of(asked).map(words);
        assert_eq!(words_of(None).as_deref(), Some("apps:read server:read"));
        assert_eq!(words_of(Some("")).as_deref(), Some("apps:read server:read"));
        assert_eq!(words_of(Some("apps:write offline_access")).as_deref(), Some("apps:write"));
        assert_eq!(words_of(Some("everything")), None);
    }

    #[test]
    fn a_resource_is_own_by_origin_when_it_is_asked_for_and_by_host_when_it_is_used() {
        let here = "http://localhost:8080";
        for (asked, meant) in [
            (&[][..], Some(here)),
            (&["http://localhost:8080/mcp"], Some("http://localhost:8080/mcp")),
            (&["http://localhost:8080"], Some("http://localhost:8080")),
            (
                &["http://localhost:8080/mcp", "http://localhost:8080/mcp"],
                Some("http://localhost:8080/mcp"),
            ),
            (&["http://localhost:8080/mcp", "http://localhost:8080/sse"], None),
            (&["http://localhost:9090/mcp"], None),
            (&["https://localhost:8080/mcp"], None),
            (&["http://localhost:8080/other"], None),
            (&["http://localhost:8080/mcp?x=1"], None),
            (&["http://evil.example/mcp"], None),
            (&["mcp"], None),
        ] {
            assert_eq!(resource_of(asked, here).as_deref(), meant, "{asked:?}");
        }
        for (resource, own) in [
            ("https://admin.zyt.app/mcp", true),
            ("http://localhost:8080/mcp", true),
            ("http://admin.localhost:8080", true),
            ("http://127.0.0.1:1/mcp", true),
            ("http://[::1]:1/mcp", true),
            ("https://admin.other.app/mcp", false),
            ("https://zyt.app/mcp", false),
            ("http://10.0.0.1/mcp", false),
            ("rubbish", false),
        ] {
            assert_eq!(is_own_resource(resource, "zyt.app"), own, "{resource}");
        }
    }

    #[test]
    fn a_document_must_be_found_where_it_says_it_is() {
        let url = document_url("https://a.example/client.json").expect("an address");
        let of = |text: String| program_of(&url, text.as_bytes());
        let told = |id: &str, more: &str| {
            format!(r#"{{"client_id":"{id}","redirect_uris":["http://localhost/cb"]{more}}}"#)
        };
        let found = of(told("https://a.example/client.json", r#","client_name":"A\u202e""#));
        let found = found.expect("a program");
        assert_eq!((found.name.as_str(), found.host.as_deref()), ("A", Some("a.example")));
        for (id, more, why) in [
            ("https://b.example/client.json", "", "another `client_id`"),
            ("https://a.example/client.json", r#","grant_types":["x"]"#, "grant_types"),
            ("https://a.example/client.json", r#","response_types":["x"]"#, "response_types"),
            (
                "https://a.example/client.json",
                r#","token_endpoint_auth_method":"private_key_jwt""#,
                "prove",
            ),
        ] {
            let refused = of(told(id, more)).expect_err("refused");
            assert!(refused.contains(why), "{refused}");
        }
        assert!(of("[]".into()).is_err());
        let near = unproven_program(&url, Some("http://localhost:4321/cb")).expect("a program");
        assert_eq!((near.name.as_str(), near.host), ("a.example", None));
        for far in
            [None, Some("https://a.example/cb"), Some("cursor://x"), Some("http://b.example/")]
        {
            assert_eq!(unproven_program(&url, far), None);
        }
        for bad in [
            "https://a.example",
            "https://a.example/",
            "https://a.example/x#y",
            "https://u@a.example/x",
            "https://a.example/b/../x",
            "https://A.example/x",
            "fazt_client_x",
            "ftp://a.example/x",
        ] {
            assert!(document_url(bad).is_none(), "{bad}");
        }
    }
}
