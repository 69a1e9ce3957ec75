//! Which domain does this node serve below?
//!
//! A real domain that was stored is trusted; one made of an address holds only
//! while the machine has that address. [`choose_domain`] is pure; asking the
//! machine for its addresses is [`local_addresses`].

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use super::Origin;

/// Services that turn an address into a name below which any name resolves.
const ADDRESS_DOMAINS: [&str; 3] = ["nip.io", "sslip.io", "xip.io"];

/// What was chosen, and what to tell the owner.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Choice {
    /// The domain.
    pub domain: String,
    /// Why it is not the stored one.
    pub warning: Option<String>,
}

/// Chooses between the domain that is set and the machine's own address.
///
/// A flag always holds, and so does a real domain. A stored domain made of an
/// address holds only if the machine has that address. With no domain set, a
/// node that others may reach (`open`) serves below its own address.
pub fn choose_domain(set: &str, origin: Origin, open: bool, machine: &[IpAddr]) -> Choice {
    let keep = Choice { domain: set.to_owned(), warning: None };
    let own = machine.iter().find(|own| own.is_ipv4() && !own.is_loopback());
    let Some(own) = own.filter(|_| origin != Origin::Flag) else { return keep };
    if origin == Origin::Default {
        if !open {
            return keep;
        }
        let domain = format!("{own}.nip.io");
        let warning = format!(
            "no domain is set and the node listens beyond this machine; serving below `{domain}` \
             instead of `{set}` (`fazt server config set domain …` settles it)"
        );
        return Choice { domain, warning: Some(warning) };
    }
    let Some(address) = address_in(set) else { return keep };
    if machine.contains(&address) || address.is_loopback() {
        return keep;
    }
    let suffix = ADDRESS_DOMAINS.iter().find(|suffix| set.ends_with(*suffix)).unwrap_or(&"nip.io");
    let domain = format!("{own}.{suffix}");
    let warning = format!(
        "the stored domain `{set}` names the address {address}, which this machine does not \
         have; serving below `{domain}` (`fazt server config set domain …` settles it)"
    );
    Choice { domain, warning: Some(warning) }
}

/// The address a domain is made of: `192.168.1.5.nip.io`, `192-168-1-5.sslip.io`.
fn address_in(domain: &str) -> Option<IpAddr> {
    let stem = ADDRESS_DOMAINS
        .iter()
        .find_map(|suffix| domain.strip_suffix(suffix)?.strip_suffix('.'))
        .unwrap_or(domain);
    let numbers: Vec<&str> = stem.split(['.', '-']).collect();
    let last_four = numbers.get(numbers.len().checked_sub(4)?..)?;
    last_four.join(".").parse::<Ipv4Addr>().ok().map(IpAddr::V4)
}

/// The addresses of this machine that other machines may use: the source
/// address the system would choose, which costs no packet, and loopback.
pub fn local_addresses() -> Vec<IpAddr> {
    let mut addresses = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    // Connecting a UDP socket only asks the routing table (TEST-NET-1 here).
    let own = UdpSocket::bind(("0.0.0.0", 0))
        .and_then(|socket| socket.connect(("192.0.2.1", 9)).and_then(|()| socket.local_addr()));
    if let Ok(own) = own
        && !own.ip().is_unspecified()
        && !own.ip().is_loopback()
    {
        addresses.push(own.ip());
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_address_domain_holds_only_on_the_machine_that_has_the_address() {
        let machine: Vec<IpAddr> = vec!["127.0.0.1".parse().unwrap(), "10.0.0.7".parse().unwrap()];
        let choose = |set: &str, origin| choose_domain(set, origin, false, &machine).domain;
        for (set, origin, chosen) in [
            ("zyt.app", Origin::Database, "zyt.app"),
            ("localhost", Origin::Default, "localhost"),
            ("10.0.0.7.nip.io", Origin::Database, "10.0.0.7.nip.io"),
            ("10-0-0-7.sslip.io", Origin::Database, "10-0-0-7.sslip.io"),
            ("192.168.64.3.nip.io", Origin::Database, "10.0.0.7.nip.io"),
            ("192-168-64-3.sslip.io", Origin::Environment, "10.0.0.7.sslip.io"),
            ("192.168.64.3", Origin::Database, "10.0.0.7.nip.io"),
            ("192.168.64.3.nip.io", Origin::Flag, "192.168.64.3.nip.io"),
        ] {
            assert_eq!(choose(set, origin), chosen, "{set}");
        }
    }

    #[test]
    fn without_a_domain_an_open_node_serves_below_its_own_address() {
        let machine = vec!["10.0.0.7".parse().unwrap()];
        let chosen = |open| choose_domain("localhost", Origin::Default, open, &machine).domain;
        assert_eq!(chosen(true), "10.0.0.7.nip.io");
        assert_eq!(chosen(false), "localhost");
    }

    #[test]
    fn the_warning_names_both_domains() {
        let machine = vec!["10.0.0.7".parse().unwrap()];
        let choice = choose_domain("192.168.64.3.nip.io", Origin::Database, false, &machine);
        let warning = choice.warning.expect("a warning");
        assert!(warning.contains("192.168.64.3.nip.io") && warning.contains("10.0.0.7.nip.io"));
    }

    #[test]
    fn loopback_is_always_among_the_local_addresses() {
        assert!(local_addresses().iter().any(IpAddr::is_loopback));
    }
}
