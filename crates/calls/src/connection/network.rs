//! The networks that this machine is in.

use std::net::{IpAddr, Ipv6Addr};

/// The addresses of this machine's interfaces, in order; those that lead nowhere else are left out. None where the system does not say.
#[must_use]
pub fn addresses() -> Option<Vec<IpAddr>> {
    let interfaces = rtc::shared::ifaces::ifaces().ok()?;
    let mut addresses: Vec<IpAddr> = interfaces.into_iter().filter_map(|interface| interface.addr).map(|addr| addr.ip()).collect();
    addresses.retain(leads_elsewhere);
    addresses.sort_unstable();
    addresses.dedup();
    Some(addresses)
}

/// Whether an address is one by which this machine is reached from others.
#[must_use]
pub fn leads_elsewhere(address: &IpAddr) -> bool {
    let is_link_local = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => Ipv6Addr::is_unicast_link_local(address),
    };
    !(is_link_local || address.is_loopback() || address.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_once_and_lead_elsewhere() {
        let addresses = addresses().unwrap();
        assert!(addresses.is_sorted_by(|a, b| a < b) && addresses.iter().all(leads_elsewhere), "{addresses:?}");
        for nowhere in ["127.0.0.1", "::1", "169.254.3.4", "fe80::1", "0.0.0.0"] {
            assert!(!leads_elsewhere(&nowhere.parse().unwrap()), "{nowhere}");
        }
    }
}
