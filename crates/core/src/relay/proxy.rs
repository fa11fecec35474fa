//! The proxy by which a shop's network reaches the outside.

use std::io;

use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Uri};
use url::Url;

use bezel_protocol::relay_address::is_loopback;

use crate::error::Error;

/// A proxy that speaks HTTP, and who we are to it.
#[derive(Clone)]
pub(crate) struct Proxy {
    host: String,
    port: u16,
    authorization: Option<HeaderValue>,
}

/// The longest answer to `CONNECT`, in bytes.
const MAX_ANSWER_BYTES: usize = 8 * 1024;

impl Proxy {
    /// The proxy that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, or else the system's settings (macOS, Windows), name for an address.
    /// This machine is never reached through one.
    ///
    /// # Errors
    /// When it is one that we can't speak to.
    pub(super) fn of_system(address: &Url) -> Result<Option<Self>, Error> {
        Self::chosen(&Matcher::from_system(), address)
    }

    fn chosen(matcher: &Matcher, address: &Url) -> Result<Option<Self>, Error> {
        if is_loopback(address) {
            return Ok(None);
        }
        let Some(found) = address.as_str().parse::<Uri>().ok().and_then(|uri| matcher.intercept(&uri)) else { return Ok(None) };
        let uri = found.uri();
        let (Some("http"), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return Err(Error::new(
                "bad_proxy",
                format!("Bezel can't speak to the proxy of this network ({}).", uri.scheme_str().unwrap_or("no scheme")),
                "Name one that begins with http:// in HTTPS_PROXY and HTTP_PROXY, or except the relay in NO_PROXY.",
            ));
        };
        let authorization = found.basic_auth().cloned();
        Ok(Some(Self { host: host.to_owned(), port: uri.port_u16().unwrap_or(80), authorization }))
    }

    /// The same for requests.
    pub(super) fn for_requests(&self) -> Result<reqwest::Proxy, reqwest::Error> {
        let proxy = reqwest::Proxy::all(format!("http://{}:{}", self.host, self.port))?;
        Ok(match &self.authorization {
            Some(authorization) => proxy.custom_http_auth(authorization.clone()),
            None => proxy,
        })
    }

    /// A connection through it to the host of `address` (RFC 9110 §9.3.6).
    ///
    /// # Errors
    /// When the proxy can't be reached, or refuses.
    pub(super) async fn tunnel(&self, address: &Url) -> io::Result<TcpStream> {
        let (host, port) = address.host_str().zip(address.port_or_known_default()).ok_or(io::ErrorKind::InvalidInput)?;
        let mut stream = TcpStream::connect((self.host.trim_matches(['[', ']']), self.port)).await?;
        let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
        if let Some(authorization) = &self.authorization {
            request.extend_from_slice(b"Proxy-Authorization: ");
            request.extend_from_slice(authorization.as_bytes());
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"\r\n");
        stream.write_all(&request).await?;
        let mut answer = Vec::new();
        // Byte by byte: what follows the empty line belongs to the relay.
        while !answer.ends_with(b"\r\n\r\n") {
            if answer.len() == MAX_ANSWER_BYTES {
                return Err(io::Error::other("the proxy's answer has no end"));
            }
            answer.push(stream.read_u8().await?);
        }
        let status = answer.get(b"HTTP/1.1 ".len()..).and_then(|rest| rest.get(..3));
        match status {
            Some(b"200") if answer.starts_with(b"HTTP/1.") => Ok(stream),
            Some(b"407") => Err(io::Error::other(WANTS_CREDENTIALS)),
            _ => Err(io::Error::other("the proxy does not let through to the relay")),
        }
    }
}

/// What a person hears when the proxy does not know them.
pub(super) const WANTS_CREDENTIALS: &str =
    "the proxy wants a user name and a password; write them into HTTPS_PROXY and HTTP_PROXY as http://USER:PASSWORD@HOST:PORT";

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(address: &str) -> Result<Option<String>, Error> {
        let matcher =
            Matcher::builder().https("http://ana:secret@proxy.example:3128").http("proxy.example").no("shop.example, 10.0.0.0/8").build();
        let proxy = Proxy::chosen(&matcher, &Url::parse(address).unwrap())?;
        Ok(proxy.map(|proxy| format!("{}:{} {}", proxy.host, proxy.port, proxy.authorization.is_some())))
    }

    #[test]
    fn the_proxy_goes_by_the_address_and_never_before_this_machine() {
        assert_eq!(chosen("https://relay.example/").unwrap().as_deref(), Some("proxy.example:3128 true"));
        assert_eq!(chosen("http://relay.example/").unwrap().as_deref(), Some("proxy.example:80 false"));
        for near in
            ["https://relay.shop.example/", "https://10.1.2.3/", "http://localhost:7300/", "http://127.0.0.1/", "http://[::1]:7300/"]
        {
            assert_eq!(chosen(near).unwrap(), None, "{near}");
        }
    }

    #[test]
    fn a_proxy_that_speaks_something_else_is_named_and_not_passed_by() {
        let matcher = Matcher::builder().all("socks5://proxy.example:1080").build();
        let error = Proxy::chosen(&matcher, &Url::parse("https://relay.example/").unwrap()).err().unwrap();
        assert_eq!(error.code, "bad_proxy");
    }
}
