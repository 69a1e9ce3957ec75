//! Which app does a `Host` header mean?
//!
//! `canonical` makes one spelling of a host name, `place` reads it against the node's
//! domain. Whether the place exists, and whether the visitor sits on loopback, is left to
//! `hosting/`. Knows nothing of aliases or custom domains beyond "not ours by name".

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest name DNS can carry (RFC 1035 §3.1), written without its last dot.
const MAX_NAME: usize = 253;

/// What one canonical host name stands for on this node.
#[derive(Copy, Clone, Eq, PartialEq, Debug)]
pub enum Place<'h> {
    /// The dashboard with its API and MCP endpoint.
    Admin,
    /// The domain itself, or its `root` app.
    Root,
    /// The live version of an app named by the one label below the domain.
    App(&'h str),
    /// One version of an app, `v<N>--<app>`.
    Preview {
        /// The app's name.
        app: &'h str,
        /// The version's number, from 1.
        version: u32,
    },
    /// A bare IP address or `localhost`: the dashboard, but only for loopback visitors.
    Local,
    /// Everything else: perhaps a custom domain.
    Custom(&'h str),
}

/// Why a `Host` header names no host.
#[derive(Copy, Clone, Eq, PartialEq, Debug, thiserror::Error)]
pub enum HostError {
    /// Nothing was left once port and dot were gone.
    #[error("the host name is empty")]
    Empty,
    /// It could not be a DNS name.
    #[error("the host name is longer than {MAX_NAME} bytes")]
    TooLong,
    /// A byte no host name holds, or an empty label.
    #[error("the host name holds a character that is not allowed")]
    Character,
    /// Brackets around something that is not an IPv6 address.
    #[error("the host name is not a valid IPv6 address")]
    Ipv6,
    /// The part after the colon is not a port.
    #[error("the port after the host name is not valid")]
    Port,
}

/// Makes the one spelling of a `Host` header: lower-case, without port and final dot.
///
/// A header that is already in that spelling is borrowed, since this runs once a request.
///
/// # Errors
///
/// Refuses what is neither a DNS name nor an IP literal; the answer to it is 400.
pub fn canonical(raw: &[u8]) -> Result<Cow<'_, str>, HostError> {
    if raw.first() == Some(&b'[') {
        return bracketed(raw);
    }
    let name = match raw.iter().position(|&byte| byte == b':') {
        Some(colon) => {
            check_port(&raw[colon + 1..])?;
            &raw[..colon]
        }
        None => raw,
    };
    let name = name.strip_suffix(b".").unwrap_or(name);
    if name.is_empty() {
        return Err(HostError::Empty);
    }
    if name.len() > MAX_NAME {
        return Err(HostError::TooLong);
    }
    let mut upper = false;
    let mut before = b'.';
    for &byte in name {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => {}
            b'A'..=b'Z' => upper = true,
            // An empty label would let `a..b` and `a.b` be two keys of one host.
            b'.' if before != b'.' => {}
            _ => return Err(HostError::Character),
        }
        before = byte;
    }
    if before == b'.' {
        return Err(HostError::Character);
    }
    lowered(name, upper)
}

/// Reads a canonical host against the node's domain, itself canonical.
///
/// `localhost` and the names below it mean the same on every node, so that development
/// needs no DNS. They come from the visitor, as any host does: they prove nothing about
/// where the visitor sits.
#[must_use]
pub fn place<'h>(host: &'h str, domain: &str) -> Place<'h> {
    // Before the domain: a node whose domain is `localhost` or an address has no other
    // host name to reach its dashboard from loopback.
    if host == "localhost" || is_address(host) {
        return Place::Local;
    }
    if host == domain {
        return Place::Root;
    }
    let below =
        |domain: &str| host.strip_suffix(domain).and_then(|labels| labels.strip_suffix('.'));
    match below(domain).or_else(|| below("localhost")) {
        Some(label) if !label.contains('.') => below_domain(label),
        _ => Place::Custom(host),
    }
}

/// Reads the one label below the domain.
fn below_domain(label: &str) -> Place<'_> {
    match label {
        "admin" => Place::Admin,
        "root" => Place::Root,
        _ => preview(label).unwrap_or(Place::App(label)),
    }
}

/// Reads `v<N>--<app>`; a number has one spelling, so that a version has one origin.
fn preview(label: &str) -> Option<Place<'_>> {
    let (number, app) = label.strip_prefix('v')?.split_once("--")?;
    let plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    if !plain || app.is_empty() {
        return None;
    }
    Some(Place::Preview { app, version: number.parse().ok()? })
}

/// Tells whether a canonical host is an IP literal.
fn is_address(host: &str) -> bool {
    // No public name ends in a digit-only label, so most names stop at their last byte.
    let last = host.as_bytes().last();
    last == Some(&b']') || last.is_some_and(u8::is_ascii_digit) && host.parse::<Ipv4Addr>().is_ok()
}

/// Checks `[address]` or `[address]:port` and keeps the brackets.
fn bracketed(raw: &[u8]) -> Result<Cow<'_, str>, HostError> {
    let close = raw.iter().position(|&byte| byte == b']').ok_or(HostError::Ipv6)?;
    let (literal, after) = raw.split_at(close + 1);
    match after {
        [] => {}
        [b':', port @ ..] => check_port(port)?,
        _ => return Err(HostError::Port),
    }
    let address = std::str::from_utf8(&literal[1..close]).map_err(|_| HostError::Ipv6)?;
    address.parse::<Ipv6Addr>().map_err(|_| HostError::Ipv6)?;
    lowered(literal, literal.iter().any(u8::is_ascii_uppercase))
}

/// Accepts what may follow the colon; RFC 3986 §3.2.3 lets it be nothing at all.
fn check_port(port: &[u8]) -> Result<(), HostError> {
    let digits = port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    let number = port.iter().fold(0_u32, |sum, digit| {
        sum.saturating_mul(10).saturating_add(u32::from(digit.wrapping_sub(b'0')))
    });
    let fits = port.is_empty() || (1..=u32::from(u16::MAX)).contains(&number);
    if digits && fits { Ok(()) } else { Err(HostError::Port) }
}

/// Turns checked bytes into text, copying only what must be lowered.
fn lowered(name: &[u8], upper: bool) -> Result<Cow<'_, str>, HostError> {
    let text = std::str::from_utf8(name).map_err(|_| HostError::Character)?;
    Ok(if upper { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn host_headers_have_one_spelling() {
        let rows = [
            ("example.com", "example.com"),
            ("EXAMPLE.com", "example.com"),
            ("example.com:8080", "example.com"),
            ("example.com:", "example.com"),
            ("example.com.", "example.com"),
            ("Example.Com.:443", "example.com"),
            ("a_b.example.com", "a_b.example.com"),
            ("127.0.0.1:80", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("[::1]:8080", "[::1]"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
        ];
        for (raw, expected) in rows {
            assert_eq!(canonical(raw.as_bytes()).unwrap(), expected, "{raw}");
        }
    }

    #[test]
    fn impossible_hosts_are_refused() {
        let long = "a".repeat(254);
        let rows: [(&[u8], HostError); 22] = [
            (b"", HostError::Empty),
            (b".", HostError::Empty),
            (b":80", HostError::Empty),
            (long.as_bytes(), HostError::TooLong),
            (b"a b", HostError::Character),
            (b"a..b", HostError::Character),
            (b".a", HostError::Character),
            (b"a...", HostError::Character),
            (b"a/b", HostError::Character),
            (b"a@b", HostError::Character),
            (b"a\0b", HostError::Character),
            (b"\xff\xfe", HostError::Character),
            ("bücher.de".as_bytes(), HostError::Character),
            (b"a:b", HostError::Port),
            (b"a:0", HostError::Port),
            (b"a:65536", HostError::Port),
            (b"a:000080", HostError::Port),
            (b"a:80:80", HostError::Port),
            (b"[::1", HostError::Ipv6),
            (b"[::1%eth0]", HostError::Ipv6),
            (b"[127.0.0.1]", HostError::Ipv6),
            (b"[::1]x", HostError::Port),
        ];
        for (raw, expected) in rows {
            assert_eq!(canonical(raw), Err(expected), "{:?}", String::from_utf8_lossy(raw));
        }
    }

    #[test]
    fn canonical_host_is_not_copied() {
        for raw in ["blog.example.com", "blog.example.com:80", "[::1]:1", "blog.example.com."] {
            assert!(matches!(canonical(raw.as_bytes()), Ok(Cow::Borrowed(_))), "{raw}");
        }
    }

    #[test]
    fn longest_dns_name_is_accepted_with_dot_and_port() {
        let name = "a".repeat(253);
        assert_eq!(canonical(format!("{name}.:65535").as_bytes()).unwrap(), name);
    }

    #[test]
    fn hosts_have_places_on_a_public_domain() {
        let rows = [
            ("admin.fazt.dev", Place::Admin),
            ("fazt.dev", Place::Root),
            ("root.fazt.dev", Place::Root),
            ("blog.fazt.dev", Place::App("blog")),
            ("www.fazt.dev", Place::App("www")),
            ("v3--blog.fazt.dev", Place::Preview { app: "blog", version: 3 }),
            ("v12--a--b.fazt.dev", Place::Preview { app: "a--b", version: 12 }),
            ("v03--blog.fazt.dev", Place::App("v03--blog")),
            ("v0--blog.fazt.dev", Place::App("v0--blog")),
            ("v3--.fazt.dev", Place::App("v3--")),
            ("v--blog.fazt.dev", Place::App("v--blog")),
            ("v4294967296--blog.fazt.dev", Place::App("v4294967296--blog")),
            ("vite--blog.fazt.dev", Place::App("vite--blog")),
            ("a.b.fazt.dev", Place::Custom("a.b.fazt.dev")),
            ("evilfazt.dev", Place::Custom("evilfazt.dev")),
            ("fazt.dev.evil.com", Place::Custom("fazt.dev.evil.com")),
            ("example.com", Place::Custom("example.com")),
            ("127.0.0.1", Place::Local),
            ("10.1.2.3", Place::Local),
            ("[::1]", Place::Local),
            ("localhost", Place::Local),
            ("admin.localhost", Place::Admin),
            ("root.localhost", Place::Root),
            ("blog.localhost", Place::App("blog")),
            ("v3--blog.localhost", Place::Preview { app: "blog", version: 3 }),
            ("a.b.localhost", Place::Custom("a.b.localhost")),
            ("127.0.0.999", Place::Custom("127.0.0.999")),
        ];
        for (host, expected) in rows {
            assert_eq!(place(host, "fazt.dev"), expected, "{host}");
        }
    }

    #[test]
    fn domain_that_is_local_keeps_its_dashboard() {
        assert_eq!(place("localhost", "localhost"), Place::Local);
        assert_eq!(place("admin.localhost", "localhost"), Place::Admin);
        assert_eq!(place("blog.localhost", "localhost"), Place::App("blog"));
        assert_eq!(place("10.0.0.2", "10.0.0.2"), Place::Local);
        assert_eq!(place("dev.localhost", "dev.localhost"), Place::Root);
        assert_eq!(place("blog.dev.localhost", "dev.localhost"), Place::App("blog"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged_without_panic(
            raw in proptest::collection::vec(any::<u8>(), 0..300),
            domain in "[a-z.]{0,12}",
        ) {
            if let Ok(host) = canonical(&raw) {
                let _ = place(&host, &domain);
            }
        }

        #[test]
        fn canonical_form_is_stable(raw in "[A-Za-z0-9._-]{1,40}(:[0-9]{1,5})?") {
            if let Ok(host) = canonical(raw.as_bytes()) {
                prop_assert_eq!(canonical(host.as_bytes()), Ok(host.clone()));
            }
        }
    }
}
