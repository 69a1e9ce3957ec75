//! Which addresses, hosts and redirects may be followed. Pure.
//!
//! An address is the public internet's or it is refused: everything else (this
//! machine, the network it stands in, what is reserved or hides one of these) could
//! answer with something the asker is not meant to see. A host is compared in one
//! form alone, and is never an address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::error::{NetCode, NetError};

/// Longest URL.
const URL: usize = 16 << 10;
/// Redirects that are followed at most.
pub const HOPS: usize = 3;

/// Whether `address` is one that anybody can reach.
pub fn is_public(address: IpAddr) -> bool {
    refusal(address).is_none()
}

/// What an address is that is not the public internet's; `None` if it is.
pub fn refusal(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(ip) => refusal_v4(ip),
        IpAddr::V6(ip) => refusal_v6(ip),
    }
}

fn refusal_v4(ip: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = ip.octets();
    Some(match (a, b, c) {
        (0, ..) => "this network",
        (127, ..) => "loopback",
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => "a private network",
        (169, 254, _) => "link-local",
        // RFC 6598, RFC 6890, RFC 7526, RFC 2544.
        (100, 64..=127, _) => "shared by a carrier",
        (192, 0, 0) => "for protocols",
        (192, 88, 99) => "a 6to4 relay",
        (198, 18 | 19, _) => "for benchmarks",
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => "for documentation",
        (224..=239, ..) => "multicast",
        (240..=255, ..) => "reserved",
        _ => return None,
    })
}

fn refusal_v6(ip: Ipv6Addr) -> Option<&'static str> {
    let part = ip.segments();
    Some(match (part[0], part[1]) {
        (0, 0) if part[2..5] == [0; 3] && part[5] == 0xffff => "IPv4 hidden in IPv6",
        (0, 0) if ip.is_unspecified() => "unspecified",
        (0, 0) if ip.is_loopback() => "loopback",
        (0, 0) if part[2..6] == [0; 4] => "IPv4 hidden in IPv6",
        (0x64, 0xff9b) => "NAT64",
        (0x2002, _) => "6to4",
        (0x2001, 0) => "Teredo",
        (0x2001, 0..=0x1ff) => "for protocols",
        (0x2001, 0xdb8) | (0x3fff, 0..=0x0fff) => "for documentation",
        (0xfc00..=0xfdff, _) => "a private network",
        (0xfe80..=0xfebf, _) => "link-local",
        (0xff00..=0xffff, _) => "multicast",
        // What is given out so far.
        (0x2000..=0x3fff, _) => return None,
        _ => "reserved",
    })
}

/// Where a call goes: a URL whose host is a name in its one form.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Target {
    url: Url,
    host: String,
    port: u16,
}

impl Target {
    /// Reads the URL of a call. Nothing is resolved.
    pub fn parse(text: &str) -> Result<Self, NetError> {
        let url = Url::parse(text).map_err(|error| {
            // The text itself may hold a password; only what is wrong is said.
            NetError::new(NetCode::Blocked, format!("the URL cannot be read: {error}"))
        })?;
        Self::of(url)
    }

    fn of(mut url: Url) -> Result<Self, NetError> {
        let blocked = |message: String| NetError::new(NetCode::Blocked, message);
        if !matches!(url.scheme(), "http" | "https") {
            let message = format!("`{}:` is not fetched; use https", url.scheme());
            return Err(blocked(message));
        }
        let literal = |host: &dyn std::fmt::Display| {
            blocked(format!("`{host}` is an address; a host has to be given by its name"))
        };
        let host = match url.host() {
            Some(Host::Domain(host)) => name_of(host),
            Some(Host::Ipv4(ip)) => return Err(literal(&ip)),
            Some(Host::Ipv6(ip)) => return Err(literal(&ip)),
            None => return Err(blocked("the URL names no host".to_owned())),
        };
        if host.parse::<IpAddr>().is_ok() {
            return Err(literal(&host));
        }
        if !is_name(&host) {
            return Err(blocked(format!("`{host}` is no host name")));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(blocked(format!(
                "the URL holds a name or password for `{host}`; keep it as a secret and give `auth`"
            )));
        }
        // The name that is resolved and asked for has to be the one that was compared.
        url.set_host(Some(&host)).map_err(|_| blocked(format!("`{host}` is no host name")))?;
        // Without a dot at its end a number may be read as an address after all.
        if !matches!(url.host(), Some(Host::Domain(name)) if name == host) {
            return Err(literal(&host));
        }
        url.set_fragment(None);
        if url.as_str().len() > URL {
            return Err(blocked(format!("the URL at `{host}` is longer than {URL} bytes")));
        }
        let port = url.port_or_known_default().unwrap_or(443);
        Ok(Self { url, host, port })
    }

    /// Where a redirect leads. Plain HTTP is no way on from HTTPS.
    pub fn redirected(&self, location: &str) -> Result<Self, NetError> {
        let url = self.url.join(location).map_err(|error| {
            NetError::new(
                NetCode::Blocked,
                format!("`{}` redirects to what cannot be read: {error}", self.host),
            )
        })?;
        let next = Self::of(url)
            .map_err(|error| error.about(&format!("redirected by `{}`: ", self.host)))?;
        if self.is_https() && !next.is_https() {
            return Err(NetError::new(
                NetCode::Blocked,
                format!("`{}` redirects to plain HTTP at `{}`", self.host, next.host),
            ));
        }
        Ok(next)
    }

    /// The URL, without its fragment.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host in its one form: ASCII, lower case, without a dot at its end.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is by HTTPS.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether both are the same server: a secret for one may be sent to the other.
    pub fn is_beside(&self, other: &Self) -> bool {
        self.host == other.host && self.port == other.port && self.is_https() == other.is_https()
    }
}

/// A pattern of a rule in its one form: a name, or `*.` and a name.
pub fn pattern(text: &str) -> Result<String, String> {
    let (star, name) = match text.trim().strip_prefix("*.") {
        Some(name) => ("*.", name),
        None => ("", text.trim()),
    };
    if name.contains('*') {
        return Err(format!("`{text}`: `*` stands only in front, as in `*.example.com`"));
    }
    let name = match Host::parse(name) {
        Ok(Host::Domain(name)) => name_of(&name),
        Ok(_) => return Err(format!("`{text}` is an address; give a name")),
        Err(error) => return Err(format!("`{text}` is no host name: {error}")),
    };
    let is_domain = matches!(Host::parse(&name), Ok(Host::Domain(again)) if again == name);
    if !is_name(&name) || !is_domain {
        return Err(format!("`{text}` is no host name"));
    }
    Ok(format!("{star}{name}"))
}

/// A name in its one form: of several dots at its end but one stays, and is no name.
fn name_of(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

/// Whether a pattern in its one form takes a host in its one form.
pub fn takes(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
        None => pattern == host,
    }
}

fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
    };
    host.len() <= 253 && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the registries of special addresses hold (RFC 6890 and its updates), written
    /// as they write it: an address and how many of its bits count.
    const SPECIAL_V4: &[(&str, u32)] = &[
        ("0.0.0.0", 8),
        ("10.0.0.0", 8),
        ("100.64.0.0", 10),
        ("127.0.0.0", 8),
        ("169.254.0.0", 16),
        ("172.16.0.0", 12),
        ("192.0.0.0", 24),
        ("192.0.2.0", 24),
        ("192.88.99.0", 24),
        ("192.168.0.0", 16),
        ("198.18.0.0", 15),
        ("198.51.100.0", 24),
        ("203.0.113.0", 24),
        ("224.0.0.0", 4),
        ("240.0.0.0", 4),
    ];
    const SPECIAL_V6: &[(&str, u32)] = &[
        ("::", 128),
        ("::1", 128),
        ("::", 96),
        ("::ffff:0:0", 96),
        ("64:ff9b::", 96),
        ("64:ff9b:1::", 48),
        ("100::", 64),
        ("2001::", 23),
        ("2001:db8::", 32),
        ("2002::", 16),
        ("3fff::", 20),
        ("5f00::", 16),
        ("fc00::", 7),
        ("fe80::", 10),
        ("ff00::", 8),
    ];

    fn special_v4(bits: u32) -> bool {
        SPECIAL_V4.iter().any(|(base, length)| {
            let base: Ipv4Addr = base.parse().unwrap();
            (bits ^ base.to_bits()) >> (32 - length) == 0
        })
    }

    fn special_v6(bits: u128) -> bool {
        SPECIAL_V6.iter().any(|(base, length)| {
            let base: Ipv6Addr = base.parse().unwrap();
            (bits ^ base.to_bits()).checked_shr(128 - length).unwrap_or(0) == 0
        })
    }

    proptest! {
        #[test]
        fn an_address_of_ipv4_is_judged_as_the_registries_do(bits: u32, near in 0..SPECIAL_V4.len(), off: u16) {
            prop_assert_eq!(is_public(Ipv4Addr::from_bits(bits).into()), !special_v4(bits));
            // And close to the edges, where mistakes are.
            let base: Ipv4Addr = SPECIAL_V4[near].0.parse().unwrap();
            let beside = base.to_bits().wrapping_sub(u32::from(off) % 3);
            prop_assert_eq!(is_public(Ipv4Addr::from_bits(beside).into()), !special_v4(beside));
            let last = base.to_bits() | (u32::MAX >> SPECIAL_V4[near].1);
            let after = last.wrapping_add(u32::from(off) % 3);
            prop_assert_eq!(is_public(Ipv4Addr::from_bits(after).into()), !special_v4(after));
        }

        #[test]
        fn an_address_of_ipv6_is_judged_as_the_registries_do(bits: u128, near in 0..SPECIAL_V6.len(), low: u64) {
            let given_out = |bits: u128| bits >> 125 == 1;
            let right = |bits: u128| {
                is_public(Ipv6Addr::from_bits(bits).into()) == (given_out(bits) && !special_v6(bits))
            };
            prop_assert!(right(bits), "{}", Ipv6Addr::from_bits(bits));
            // One within 2000::/3, where most are public.
            let inside = (bits >> 3) | (1 << 125);
            prop_assert!(right(inside), "{}", Ipv6Addr::from_bits(inside));
            let base: Ipv6Addr = SPECIAL_V6[near].0.parse().unwrap();
            let within = base.to_bits() | u128::from(low);
            prop_assert!(right(within), "{}", Ipv6Addr::from_bits(within));
            prop_assert!(right(base.to_bits().wrapping_sub(1)));
        }

        /// IPv6 is no way around a rule about IPv4.
        #[test]
        fn an_address_of_ipv4_inside_one_of_ipv6_is_refused(bits: u32) {
            let ip = Ipv4Addr::from_bits(bits);
            let [high, low] = [(bits >> 16) as u16, (bits & 0xffff) as u16];
            for around in [
                ip.to_ipv6_mapped(),
                ip.to_ipv6_compatible(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
                Ipv6Addr::new(0x2001, 0, 1, 2, 3, 4, !high, !low),
            ] {
                prop_assert!(!is_public(around.into()), "{} in {}", ip, around);
            }
        }

        /// Whatever a URL looks like, what is let through names a host and no address.
        #[test]
        fn no_text_gets_an_address_past_the_reader(text in "(https?://)?[0-9a-fx.:\\[\\]@%/#?-]{1,40}") {
            if let Ok(target) = Target::parse(&text) {
                prop_assert!(target.host().parse::<IpAddr>().is_err(), "{}", text);
                prop_assert!(matches!(target.url().host(), Some(Host::Domain(_))), "{}", text);
                prop_assert_eq!(target.url().host_str(), Some(target.host()));
            }
        }

        #[test]
        fn a_pattern_read_twice_is_the_same(text in "(\\*\\.)?[a-zA-Zäß0-9.-]{1,30}") {
            if let Ok(once) = pattern(&text) {
                prop_assert_eq!(pattern(&once), Ok(once.clone()));
            }
        }
    }

    #[test]
    fn what_an_address_is_is_said() {
        for (address, what) in [
            ("127.0.0.1", "loopback"),
            ("::1", "loopback"),
            ("169.254.169.254", "link-local"),
            ("10.0.0.1", "a private network"),
            ("fd12:3456::1", "a private network"),
            ("100.64.0.1", "shared by a carrier"),
            ("198.19.255.255", "for benchmarks"),
            ("192.0.0.1", "for protocols"),
            ("::ffff:1.1.1.1", "IPv4 hidden in IPv6"),
            ("::7f00:1", "IPv4 hidden in IPv6"),
            ("64:ff9b::7f00:1", "NAT64"),
            ("2002:7f00:1::1", "6to4"),
            ("2001::1", "Teredo"),
            ("::", "unspecified"),
            ("0.0.0.0", "this network"),
            ("255.255.255.255", "reserved"),
            ("ff02::1", "multicast"),
        ] {
            assert_eq!(refusal(address.parse().unwrap()), Some(what), "{address}");
        }
        for public in ["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700::1111"] {
            assert_eq!(refusal(public.parse().unwrap()), None, "{public}");
        }
    }

    #[test]
    fn an_address_in_any_spelling_is_no_host() {
        for url in [
            "http://127.0.0.1/",
            "http://127.0.0.1./",
            "http://127.0.0.1../",
            "http://2130706433../",
            "http://2130706433...:8080/",
            "http://0x7f.1../",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://0/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[fe80::1]/",
            "http://[fe80::1%25eth0]/",
            "http://１２７.0.0.1/",
            "http://①②⑦.0.0.1/",
            "http://127。0。0。1/",
            "http://user@127.0.0.1/",
            "http://api.example.com@127.0.0.1/",
            "http:127.0.0.1",
            "http:\\\\127.0.0.1\\",
            "https://0x7f.0x0.0x0.0x1:443/",
            "http://1.2.3.256/",
            "http://%31%32%37.0.0.1/",
        ] {
            let refused = Target::parse(url).expect_err(url);
            assert_eq!(refused.code, NetCode::Blocked, "{url}");
        }
    }

    #[test]
    fn only_the_web_is_fetched() {
        for url in [
            "ftp://example.com/",
            "file:///etc/passwd",
            "gopher://example.com/",
            "data:text/plain,x",
            "javascript:1",
            "example.com",
            "//example.com/",
            "",
            "http://",
            "https://./",
            "https://a..b/",
        ] {
            assert!(Target::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_host_has_one_form() {
        for (url, host, port) in [
            ("https://API.Example.COM/x", "api.example.com", 443),
            ("https://api.example.com./x", "api.example.com", 443),
            ("https://api.example.com:443/x", "api.example.com", 443),
            ("https://API.example.com.:0443/x", "api.example.com", 443),
            ("http://api.example.com:80/", "api.example.com", 80),
            ("http://api.example.com:8080/", "api.example.com", 8080),
            ("https://bücher.example/", "xn--bcher-kva.example", 443),
            ("https://api\t.example.com/", "api.example.com", 443),
        ] {
            let target = Target::parse(url).expect(url);
            assert_eq!((target.host(), target.port()), (host, port), "{url}");
            assert_eq!(target.url().host_str(), Some(host), "{url}");
        }
        // A letter that looks like another makes another host.
        let alike = Target::parse("https://аpi.example.com/").expect("a name");
        assert_ne!(alike.host(), "api.example.com");
        assert!(alike.host().starts_with("xn--"));
    }

    #[test]
    fn a_name_and_a_password_stay_out_of_urls() {
        let refused = Target::parse("https://me:hunter2@api.example.com/").expect_err("refused");
        assert_eq!(refused.code, NetCode::Blocked);
        assert!(!refused.message.contains("hunter2"), "{}", refused.message);
    }

    #[test]
    fn a_url_has_an_end() {
        let long = format!("https://a.example/{}", "x".repeat(URL));
        assert_eq!(Target::parse(&long).expect_err("too long").code, NetCode::Blocked);
    }

    #[test]
    fn a_star_takes_what_is_below_and_not_the_name_itself() {
        assert!(takes("*.example.com", "api.example.com"));
        assert!(takes("*.example.com", "a.b.example.com"));
        assert!(!takes("*.example.com", "example.com"));
        assert!(!takes("*.example.com", "badexample.com"));
        assert!(takes("example.com", "example.com") && !takes("example.com", "api.example.com"));
    }

    #[test]
    fn a_pattern_is_a_name_or_a_star_and_a_name() {
        for (text, one) in [
            ("API.Example.com", "api.example.com"),
            ("*.Example.com.", "*.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(pattern(text).as_deref(), Ok(one), "{text}");
        }
        for text in
            ["*", "*.", "", "a.*.com", "*.*.com", "127.0.0.1", "*.1", "[::1]", "a b", "x/y", "x:1"]
        {
            assert!(pattern(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_redirect_is_read_against_where_it_came_from() {
        let from = Target::parse("https://api.example.com/a/b").unwrap();
        let to = |location: &str| from.redirected(location);
        assert_eq!(to("/c").unwrap().url().as_str(), "https://api.example.com/c");
        assert_eq!(to("c?x=1#y").unwrap().url().as_str(), "https://api.example.com/a/c?x=1");
        assert_eq!(to("//other.example/").unwrap().host(), "other.example");
        assert!(to("/c").unwrap().is_beside(&from));
        assert!(!to("//other.example/").unwrap().is_beside(&from));
        assert!(!to("https://api.example.com:444/").unwrap().is_beside(&from));
        for bad in [
            "http://api.example.com/",
            "//127.0.0.1/",
            "http://[::1]/",
            "file:///x",
            "//a@b.example/",
        ] {
            assert_eq!(to(bad).expect_err(bad).code, NetCode::Blocked, "{bad}");
        }
    }
}
