//! Who is the visitor, when a proxy stands between?
//!
//! A proxy's word is taken only if the owner named its address; anybody can
//! write these headers. Pure: headers and the socket's address in, a verdict
//! out.

use std::net::{IpAddr, SocketAddr};

use http::{
    HeaderMap,
    header::{FORWARDED, HeaderName},
};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The visitor as far as it can be known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Visitor {
    /// Its address; `None` when an unnamed proxy hides it.
    pub address: Option<IpAddr>,
    /// Whether it came by HTTPS, as a named proxy says.
    pub https: bool,
}

impl Visitor {
    /// Reads the visitor from the socket, or from what named `proxies` say.
    pub fn of(headers: &HeaderMap, from: SocketAddr, proxies: &[IpAddr]) -> Self {
        let from = from.ip().to_canonical();
        let claims = headers.contains_key(FORWARDED) || headers.contains_key(&X_FORWARDED_FOR);
        if !proxies.iter().any(|proxy| proxy.to_canonical() == from) {
            return Self { address: (!claims).then_some(from), https: false };
        }
        let hops = hops(headers);
        // The nearest hop that is no named proxy is the visitor; what stands
        // before it was written by the visitor.
        let visitor = hops.iter().rev().find(|hop| match hop.address {
            Some(address) => !proxies.contains(&address),
            None => true,
        });
        match visitor {
            Some(hop) => Self { address: hop.address, https: hop.https },
            None => Self { address: Some(from), https: false },
        }
    }

    /// Whether it sits on this machine.
    pub fn is_near(&self) -> bool {
        self.address.is_some_and(|address| address.is_loopback())
    }
}

struct Hop {
    address: Option<IpAddr>,
    https: bool,
}

/// The hops that the headers name, the visitor's end first. `Forwarded`
/// (RFC 7239) goes before the older headers.
fn hops(headers: &HeaderMap) -> Vec<Hop> {
    let values = |name: &str| -> Vec<String> {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).map(|value| value.trim().to_owned()).collect()
    };
    let forwarded = values("forwarded");
    if !forwarded.is_empty() {
        return forwarded.iter().map(|element| forwarded_hop(element)).collect();
    }
    let schemes = values("x-forwarded-proto");
    let https = schemes.last().is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    let addresses = values("x-forwarded-for");
    addresses.iter().map(|text| Hop { address: address(text), https }).collect()
}

fn forwarded_hop(element: &str) -> Hop {
    let mut hop = Hop { address: None, https: false };
    for pair in element.split(';') {
        let Some((name, value)) = pair.split_once('=') else { continue };
        let value = value.trim().trim_matches('"');
        match name.trim().to_ascii_lowercase().as_str() {
            "for" => hop.address = address(value),
            "proto" => hop.https = value.eq_ignore_ascii_case("https"),
            _ => {}
        }
    }
    hop
}

/// An address with or without port and brackets.
fn address(text: &str) -> Option<IpAddr> {
    let plain = text.parse().ok();
    let bracketed = || text.strip_prefix('[')?.split(']').next()?.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    plain.or_else(bracketed).or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visitor(from: &str, proxies: &[&str], headers: &[(&'static str, &str)]) -> Visitor {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let proxies: Vec<IpAddr> = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
        Visitor::of(&map, SocketAddr::new(from.parse().unwrap(), 1), &proxies)
    }

    #[test]
    fn a_stranger_that_claims_to_forward_is_nobody() {
        let claimed = visitor("9.9.9.9", &["10.0.0.1"], &[("x-forwarded-for", "127.0.0.1")]);
        assert_eq!(claimed.address, None);
        assert!(!claimed.is_near());
        let local = visitor("127.0.0.1", &[], &[("forwarded", "for=1.2.3.4")]);
        assert!(!local.is_near(), "a proxy on this machine that nobody named");
        assert!(visitor("127.0.0.1", &[], &[]).is_near());
        assert!(visitor("::ffff:127.0.0.1", &[], &[]).is_near());
    }

    #[test]
    fn a_named_proxy_says_who_and_how() {
        for (headers, address, https) in [
            (vec![("x-forwarded-for", "1.2.3.4"), ("x-forwarded-proto", "https")], "1.2.3.4", true),
            (vec![("x-forwarded-for", "127.0.0.1, 1.2.3.4")], "1.2.3.4", false),
            (vec![("x-forwarded-for", "1.2.3.4, 10.0.0.2")], "1.2.3.4", false),
            (vec![("forwarded", "for=1.2.3.4:567;proto=https")], "1.2.3.4", true),
            (vec![("forwarded", "for=\"[2001:db8::1]:80\"")], "2001:db8::1", false),
        ] {
            let found = visitor("10.0.0.1", &["10.0.0.1", "10.0.0.2"], &headers);
            assert_eq!(found.address, Some(address.parse().unwrap()), "{headers:?}");
            assert_eq!(found.https, https, "{headers:?}");
        }
    }

    #[test]
    fn rubbish_from_a_named_proxy_is_nobody() {
        for rubbish in ["unknown", "_hidden", "", "999.1.1.1"] {
            let found = visitor("10.0.0.1", &["10.0.0.1"], &[("x-forwarded-for", rubbish)]);
            assert_eq!(found.address, None, "{rubbish}");
        }
    }
}
