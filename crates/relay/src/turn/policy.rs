//! To whom TURN relays: to peers on the network, never to what only this machine or its own network may reach (RFC 8656 §21.1.5).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses peers may have.
pub(super) struct Policy {
    /// The address that allocations are at.
    relayed: IpAddr,
    /// Whether an address is of this machine.
    is_own: Box<dyn Fn(IpAddr) -> bool + Send>,
}

/// Ports below are of services, not of peers.
pub(super) const FIRST_PEER_PORT: u16 = 1024;

impl Policy {
    pub(super) fn new(relayed: IpAddr, is_own: impl Fn(IpAddr) -> bool + Send + 'static) -> Self {
        Self { relayed, is_own: Box::new(is_own) }
    }

    /// Whether peers may be at an address. At the relay's own, only other allocations are.
    pub(super) fn allows(&self, peer: IpAddr) -> bool {
        peer == self.relayed || (self.is_outside(peer) && !(self.is_own)(peer))
    }

    fn is_outside(&self, peer: IpAddr) -> bool {
        let is_good = match peer {
            IpAddr::V4(ip) => is_peer_v4(ip),
            IpAddr::V6(ip) => is_peer_v6(ip),
        };
        // On the internet, a relay has no peers on private networks; what is there are services beside it.
        is_good && (!is_private(peer) || is_private(self.relayed))
    }
}

fn is_peer_v4(ip: Ipv4Addr) -> bool {
    let [first, ..] = ip.octets();
    !(first == 0 || first >= 240 || ip.is_loopback() || ip.is_link_local() || ip.is_multicast() || ip.is_broadcast())
}

fn is_peer_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    // Each of these leads to an IPv4 address, on a way around the rules for those: mapped and compatible, NAT64, 6to4, Teredo.
    let holds_v4 = ip.to_ipv4().is_some() || (first == 0x64 && second == 0xff9b) || first == 0x2002 || (first == 0x2001 && second == 0);
    !(holds_v4 || ip.is_loopback() || ip.is_unspecified() || ip.is_multicast() || ip.is_unicast_link_local())
}

/// Private networks, and those behind a carrier's translation (RFC 1918, RFC 6598, RFC 4193).
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            ip.is_private() || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(ip) => ip.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(relayed: &str, peer: &str) -> bool {
        let own: IpAddr = "192.168.1.2".parse().unwrap();
        Policy::new(relayed.parse().unwrap(), move |ip| ip == own).allows(peer.parse().unwrap())
    }

    #[test]
    fn nothing_that_only_this_machine_reaches_is_a_peer() {
        for relayed in ["203.0.113.5", "192.168.1.2"] {
            for peer in ["127.0.0.1", "127.8.8.8", "0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255", "240.0.0.1"] {
                assert!(!allows(relayed, peer), "{relayed} → {peer}");
            }
        }
        for peer in ["::1", "::", "fe80::1", "ff02::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1"] {
            assert!(!allows("2001:db8::5", peer), "{peer}");
        }
    }

    #[test]
    fn private_peers_are_for_relays_on_private_networks() {
        for peer in ["10.0.0.5", "172.16.3.4", "192.168.1.77", "100.64.0.9"] {
            assert!(!allows("203.0.113.5", peer), "{peer}");
            assert!(allows("192.168.1.2", peer), "{peer}");
        }
        assert!(allows("203.0.113.5", "198.51.100.7") && allows("2001:db8::5", "2001:db8:1::7"));
        assert!(!allows("2001:db8::5", "fd00::1"));
    }

    #[test]
    fn the_own_address_is_for_allocations_and_other_own_addresses_for_nobody() {
        assert!(allows("192.168.1.2", "192.168.1.2"));
        assert!(!allows("10.0.0.9", "192.168.1.2"));
        assert!(allows("127.0.0.1", "127.0.0.1") && !allows("127.0.0.1", "127.0.0.2"));
    }
}
