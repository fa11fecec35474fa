//! The address of a relay, read by one rule wherever somebody gives one.

use core::fmt;
use core::str::FromStr;
use std::net::IpAddr;

use url::{Host, Url};

/// An https address of a relay, with the path of a reverse proxy where there is one; or an http address, on this machine or because somebody
/// allowed it. It ends with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayAddress(Url);

/// Why a text is no address of a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRelayAddress {
    /// Another scheme, or none.
    #[error("a relay's address begins with https:// or http://")]
    Scheme,
    /// No host, a port that is none, or anything else that makes no address.
    #[error("this is no web address; write it as https://relay.example or http://127.0.0.1:7300")]
    Malformed,
    /// A user or a password stands in it.
    #[error("a relay's address holds no user name and no password: members log in by their keys")]
    Credentials,
    /// Something follows its path.
    #[error("a relay's address ends before ? and #")]
    Query,
    /// In clear, to another machine.
    #[error(
        "http:// is for a relay on this machine: on the way to another, everyone would see who speaks with whom and when; use https://"
    )]
    Clear,
}

/// No address is longer.
const MAX_BYTES: usize = 2048;

impl RelayAddress {
    /// Reads an address that may be http on another machine too, since somebody said so.
    ///
    /// # Errors
    /// [`InvalidRelayAddress`], but for [`InvalidRelayAddress::Clear`].
    pub fn allowing_http(text: &str) -> Result<Self, InvalidRelayAddress> {
        let text = text.trim();
        let rest = ["https://", "http://"].iter().find_map(|scheme| {
            let (begin, rest) = text.split_at_checked(scheme.len())?;
            begin.eq_ignore_ascii_case(scheme).then_some(rest)
        });
        let rest = rest.ok_or(InvalidRelayAddress::Scheme)?;
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
        if text.len() > MAX_BYTES || rest.contains("//") || rest.starts_with('/') || rest.contains(is_odd) {
            return Err(InvalidRelayAddress::Malformed);
        }
        let mut url = Url::parse(text).map_err(|_| InvalidRelayAddress::Malformed)?;
        if !url.username().is_empty() || url.password().is_some() || rest.split('/').next().is_some_and(|host| host.contains('@')) {
            return Err(InvalidRelayAddress::Credentials);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidRelayAddress::Query);
        }
        if url.host().is_none() || url.port() == Some(0) {
            return Err(InvalidRelayAddress::Malformed);
        }
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self(url))
    }

    /// The same, if nobody on the way sees who speaks with whom: https, or on this machine.
    ///
    /// # Errors
    /// [`InvalidRelayAddress::Clear`].
    pub fn private(self) -> Result<Self, InvalidRelayAddress> {
        if self.0.scheme() == "http" && !is_loopback(&self.0) { Err(InvalidRelayAddress::Clear) } else { Ok(self) }
    }

    /// The address.
    #[must_use]
    pub const fn as_url(&self) -> &Url {
        &self.0
    }

    /// The address.
    #[must_use]
    pub fn into_url(self) -> Url {
        self.0
    }
}

impl FromStr for RelayAddress {
    type Err = InvalidRelayAddress;

    fn from_str(text: &str) -> Result<Self, InvalidRelayAddress> {
        Self::allowing_http(text)?.private()
    }
}

impl fmt::Display for RelayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether an address names this machine.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<String, InvalidRelayAddress> {
        text.parse::<RelayAddress>().map(|address| address.to_string())
    }

    /// A bare host, ws:// and ftp:// ended in errors of the network library, a password in "this device may have been revoked".
    #[test]
    fn what_is_no_address_of_a_relay_says_why() {
        use InvalidRelayAddress::{Credentials, Malformed, Query, Scheme};
        for (text, why) in [
            ("localhost:7300", Scheme),
            ("relay.example", Scheme),
            ("127.0.0.1:7300", Scheme),
            ("ws://127.0.0.1:7300", Scheme),
            ("wss://relay.example", Scheme),
            ("ftp://127.0.0.1:7300", Scheme),
            ("file:///etc/passwd", Scheme),
            ("https:/relay.example", Scheme),
            ("", Scheme),
            ("https://", Malformed),
            ("https:///relay.example", Malformed),
            ("https://https://relay.example", Malformed),
            ("https://relay.example:99999", Malformed),
            ("https://relay.example:0", Malformed),
            ("https://relay example", Malformed),
            ("https://rel\nay.example", Malformed),
            ("https://[::1", Malformed),
            ("https://ana:secret@relay.example", Credentials),
            ("https://ana@relay.example/", Credentials),
            ("https://@relay.example/", Credentials),
            ("https://relay.example/?a=1", Query),
            ("https://relay.example/#f", Query),
            ("https://relay.example?", Query),
        ] {
            assert_eq!(read(text), Err(why), "{text}");
        }
        assert_eq!(read(&format!("https://{}.example", "a".repeat(3000))), Err(Malformed));
    }

    #[test]
    fn an_address_reads_the_same_however_it_is_written() {
        for (text, expected) in [
            ("https://relay.example", "https://relay.example/"),
            (" HTTPS://Relay.Example/ \n", "https://relay.example/"),
            ("https://relay.example:443/bezel", "https://relay.example/bezel/"),
            ("https://relay.example:8443/bezel/", "https://relay.example:8443/bezel/"),
            ("https://[2001:db8::1]:7300", "https://[2001:db8::1]:7300/"),
            ("http://127.0.0.1:7300", "http://127.0.0.1:7300/"),
            ("http://2130706433:7300", "http://127.0.0.1:7300/"),
            ("http://[::1]:7300", "http://[::1]:7300/"),
            ("http://localhost:7300", "http://localhost:7300/"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn in_clear_only_on_this_machine_or_when_told() {
        for text in
            ["http://relay.example", "http://192.168.1.5:7300", "http://127.0.0.1.example", "http://[fe80::1]:7300", "http://0.0.0.0:7300"]
        {
            assert_eq!(read(text), Err(InvalidRelayAddress::Clear), "{text}");
            assert!(RelayAddress::allowing_http(text).is_ok(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_read_the_same_again(text in "(https?://)?[a-zA-Z0-9.:@/?#\\[\\] -]{0,40}") {
            if let Ok(address) = RelayAddress::allowing_http(&text) {
                prop_assert_eq!(RelayAddress::allowing_http(&address.to_string()), Ok(address));
            }
        }
    }
}
