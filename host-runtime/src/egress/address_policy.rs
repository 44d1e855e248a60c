//! Which addresses a plugin's requests may be connected to.
//!
//! A name in the allow-list says nothing about where it leads: its owner can point it at this machine, at the metadata service of
//! a cloud or at a router. So every resolved address is judged, in whatever form it is written, and only public ones pass. What
//! the administrator granted as internal may also be loopback or private; nothing may be link-local, where the metadata services
//! are.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of network an address is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The internet.
    Public,
    /// This machine or a private network.
    Internal,
    /// Never: link-local, multicast, unspecified, reserved.
    Never,
}

/// Whether a connection to `address` may be made.
pub fn permits(address: IpAddr, internal_granted: bool) -> bool {
    match reach(address) {
        Reach::Public => true,
        Reach::Internal => internal_granted,
        Reach::Never => false,
    }
}

/// What kind of network `address` is in; an IPv4 address inside an IPv6 one is judged as IPv4.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => embedded_v4(v6).map_or_else(|| reach_v6(v6), reach_v4),
    }
}

fn reach_v4(a: Ipv4Addr) -> Reach {
    let [first, second, third, _] = a.octets();
    if a.is_loopback() || a.is_private() || (first == 100 && (64..128).contains(&second)) {
        return Reach::Internal;
    }
    let never = a.is_link_local()
        || a.is_multicast()
        || a.is_broadcast()
        || a.is_documentation()
        || first == 0
        // Protocol assignments, 6to4 relays, benchmarks, reserved.
        || (first == 192 && second == 0 && third == 0)
        || (first == 192 && second == 88 && third == 99)
        || (first == 198 && (second == 18 || second == 19))
        || first >= 240;
    if never { Reach::Never } else { Reach::Public }
}

fn reach_v6(a: Ipv6Addr) -> Reach {
    let [first, second, ..] = a.segments();
    if a.is_loopback() || (first & 0xfe00) == 0xfc00 {
        return Reach::Internal;
    }
    let global_unicast = (first & 0xe000) == 0x2000;
    let documentation = (first == 0x2001 && second == 0x0db8) || first == 0x3fff;
    let teredo = first == 0x2001 && second == 0;
    if global_unicast && !documentation && !teredo {
        Reach::Public
    } else {
        Reach::Never
    }
}

/// The IPv4 address that an IPv6 one is translated to on the way: mapped, compatible, NAT64, 6to4.
fn embedded_v4(a: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match a.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(from(high, low)),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(from(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(from(high, low)),
        [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_inner_address_is_recognised() {
        for (address, expected) in [
            ("142.250.74.10", Reach::Public),
            ("2a00:1450:4009::200a", Reach::Public),
            ("127.0.0.1", Reach::Internal),
            ("127.8.9.1", Reach::Internal),
            ("10.1.2.3", Reach::Internal),
            ("172.16.0.1", Reach::Internal),
            ("192.168.1.1", Reach::Internal),
            ("100.64.0.1", Reach::Internal),
            ("::1", Reach::Internal),
            ("fd00::1", Reach::Internal),
            ("::ffff:127.0.0.1", Reach::Internal),
            ("::127.0.0.1", Reach::Internal),
            ("64:ff9b::10.0.0.1", Reach::Internal),
            ("2002:7f00:1::", Reach::Internal),
            ("169.254.169.254", Reach::Never),
            ("::ffff:169.254.169.254", Reach::Never),
            ("fe80::1", Reach::Never),
            ("0.0.0.0", Reach::Never),
            ("::", Reach::Never),
            ("224.0.0.1", Reach::Never),
            ("ff02::1", Reach::Never),
            ("255.255.255.255", Reach::Never),
            ("2001:db8::1", Reach::Never),
        ] {
            assert_eq!(reach(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn granting_internal_never_opens_the_metadata_service() {
        assert!(permits("127.0.0.1".parse().unwrap(), true));
        assert!(!permits("127.0.0.1".parse().unwrap(), false));
        assert!(!permits("169.254.169.254".parse().unwrap(), true));
    }
}
