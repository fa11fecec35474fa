//! How many connections come from where.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Counts the connections of each address.
#[derive(Clone)]
pub(super) struct Addresses {
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
    most: usize,
}

/// A connection that is counted.
pub(super) struct Guard {
    addresses: Addresses,
    /// `None` for this machine itself, where a reverse proxy speaks for everybody.
    address: Option<IpAddr>,
}

impl Addresses {
    pub(super) fn new(most: usize) -> Self {
        Self { counts: Arc::default(), most }
    }

    /// Counts a connection; `None` when its address has as many as it may have.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Guard> {
        let address = Some(address.to_canonical()).filter(|address| !address.is_loopback()).map(network);
        if let Some(address) = address {
            let mut counts = self.counts();
            let count = counts.entry(address).or_default();
            if *count >= self.most {
                return None;
            }
            *count += 1;
        }
        Some(Guard { addresses: self.clone(), address })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut counts = self.addresses.counts();
        if let Some(count) = counts.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&address);
            }
        }
    }
}

/// Who has one address of IPv6 has its whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_takes_its_share_and_not_that_of_others() {
        let addresses = Addresses::new(2);
        let enter = |address: &str| addresses.enter(address.parse().unwrap());
        let first = enter("198.51.100.7").unwrap();
        let _second = enter("::ffff:198.51.100.7").unwrap();
        assert!(enter("198.51.100.7").is_none(), "the same address, written in two ways");
        assert!(enter("198.51.100.8").is_some());
        drop(first);
        assert!(enter("198.51.100.7").is_some(), "who has gone makes room");

        let _six = (enter("2001:db8::1").unwrap(), enter("2001:db8::ffff").unwrap());
        assert!(enter("2001:db8::2").is_none(), "a household of IPv6 is one");
        assert!(enter("2001:db8:0:1::1").is_some());

        let _proxied: Vec<_> = (0..9).map(|_| enter("127.0.0.1").expect("a proxy on this machine speaks for many")).collect();
        assert!(enter("::1").is_some());
    }
}
