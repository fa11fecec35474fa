//! Where others reach this relay, as it was set up and as the request at hand says.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use url::Url;

/// How others reach a relay.
#[derive(Debug, Clone, Default)]
pub struct ReachOptions {
    /// Where the browsers of guests reach it, behind whatever stands before it; [`check_public_url`].
    pub public_url: Option<Url>,
    /// Files in PEM by which it speaks TLS itself.
    pub tls: Option<TlsFiles>,
    /// Where it answers STUN and TURN.
    pub turn: TurnListen,
    /// The address by which others reach TURN, where that is another than the one it listens on.
    pub turn_public_ip: Option<IpAddr>,
}

/// A certificate chain and its private key.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The chain, the relay's own certificate first.
    pub cert: PathBuf,
    /// The key, PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
}

/// Where a relay answers STUN and TURN, by UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TurnListen {
    /// On the address and port number on which it listens; another port where that one is taken.
    #[default]
    Beside,
    /// Here.
    At(SocketAddr),
    /// Nowhere.
    Off,
}

/// The address is none that browsers give a camera to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a public URL begins with https://, or is http:// with 127.0.0.1, [::1] or localhost: browsers give cameras to such pages only; \
     it has no query and no fragment"
)]
pub struct BadPublicUrl;

/// Reads the address where guests reach a relay.
///
/// # Errors
/// When browsers would not give a camera to a page from there (W3C Secure Contexts).
pub fn check_public_url(text: &str) -> Result<Url, BadPublicUrl> {
    let mut url = Url::parse(text).map_err(|_| BadPublicUrl)?;
    let is_secure = match url.scheme() {
        "https" => url.has_host(),
        "http" => url.host_str().is_some_and(is_loopback),
        _ => false,
    };
    if !is_secure || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(BadPublicUrl);
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// Where others reach the relay.
#[derive(Debug)]
pub(crate) struct Reach {
    pub(crate) public_url: Option<Url>,
    pub(crate) is_tls: bool,
    pub(crate) listen: SocketAddr,
}

impl Reach {
    /// Where guests reach the relay, if their browsers would give a camera there.
    pub(crate) fn guest_base(&self, headers: &HeaderMap) -> Option<Url> {
        if let Some(url) = &self.public_url {
            return Some(url.clone());
        }
        let host = host(headers)?;
        let is_local = self.listen.ip().is_loopback() && is_loopback(host.host());
        match (self.is_tls, is_local) {
            (true, _) => Url::parse(&format!("https://{host}/")).ok(),
            (false, true) => Url::parse(&format!("http://{host}/")).ok(),
            (false, false) => None,
        }
    }

    /// Whether browsers come by https.
    pub(crate) fn is_https(&self) -> bool {
        self.is_tls || self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// Whether a page from `origin` is this relay's own. What names no origin is no page.
    pub(crate) fn is_own_origin(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(axum::http::header::ORIGIN) else { return true };
        let Some(origin) = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok()) else { return false };
        if self.public_url.as_ref().is_some_and(|own| own.origin() == origin.origin()) {
            return true;
        }
        let scheme = if self.is_tls { "https" } else { "http" };
        let own = host(headers).and_then(|host| Url::parse(&format!("{scheme}://{host}/")).ok());
        own.is_some_and(|own| own.origin() == origin.origin())
    }
}

/// The name and port by which the request at hand came.
pub(crate) fn host(headers: &HeaderMap) -> Option<Authority> {
    headers.get(HOST)?.to_str().ok()?.parse().ok().filter(|host: &Authority| !host.as_str().contains('@'))
}

/// Whether a host's name is of this machine, as browsers see it.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn reach(listen: &str, is_tls: bool, public_url: Option<&str>) -> Reach {
        Reach { public_url: public_url.map(|url| check_public_url(url).unwrap()), is_tls, listen: listen.parse().unwrap() }
    }

    #[test]
    fn only_what_browsers_hold_for_secure_is_a_public_url() {
        for good in
            ["https://calls.example", "https://shop.example:7300/bezel", "http://127.0.0.1:7300", "http://localhost", "http://[::1]:1"]
        {
            assert!(check_public_url(good).unwrap().path().ends_with('/'), "{good}");
        }
        for bad in
            ["http://192.168.1.4:7300", "http://calls.example", "calls.example", "ftp://a", "https://a/?b", "https://a/#b", "https://u@a"]
        {
            assert_eq!(check_public_url(bad), Err(BadPublicUrl), "{bad}");
        }
    }

    #[test]
    fn guests_are_sent_where_a_camera_is_given_or_nowhere() {
        let base = |reach: Reach, host: &str| reach.guest_base(&headers(&[("host", host)])).map(String::from);
        let some = |url: &str| Some(url.to_owned());
        assert_eq!(base(reach("127.0.0.1:7300", false, None), "127.0.0.1:7300"), some("http://127.0.0.1:7300/"));
        assert_eq!(base(reach("0.0.0.0:7300", false, None), "192.168.1.4:7300"), None);
        assert_eq!(base(reach("0.0.0.0:7300", false, None), "localhost:7300"), None, "a guest elsewhere would reach another machine");
        assert_eq!(base(reach("127.0.0.1:7300", false, None), "calls.example"), None, "behind a proxy the public URL must be said");
        assert_eq!(base(reach("0.0.0.0:7300", true, None), "calls.example:7300"), some("https://calls.example:7300/"));
        assert_eq!(base(reach("127.0.0.1:1", false, Some("https://shop.example/b")), "127.0.0.1:1"), some("https://shop.example/b/"));
    }

    #[test]
    fn a_page_of_another_origin_is_not_ours() {
        let reach = reach("127.0.0.1:7300", false, Some("https://calls.example"));
        let is_own = |origin: &str| reach.is_own_origin(&headers(&[("host", "127.0.0.1:7300"), ("origin", origin)]));
        assert!(is_own("http://127.0.0.1:7300") && is_own("https://calls.example"));
        assert!(!is_own("http://127.0.0.1:7301") && !is_own("https://evil.example") && !is_own("null"));
        assert!(reach.is_own_origin(&headers(&[("host", "127.0.0.1:7300")])), "no browser");
    }
}
