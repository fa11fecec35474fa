//! Servers for ICE as a person writes them into a setting.

use serde::Deserialize;

use crate::wire::IceServer;

/// The most servers of one setting.
const MAX_SERVERS: usize = 16;

/// `RTCIceServer` of the W3C's WebRTC, where `urls` is one address or several.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    urls: Urls,
    username: Option<String>,
    credential: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Urls {
    One(String),
    Several(Vec<String>),
}

/// Reads a JSON array of `RTCIceServer`, or addresses with commas between them: `stun:HOST:PORT`, `turn:USER:PASSWORD@HOST:PORT`
/// (RFC 7064, RFC 7065). None when something is wrong with it.
pub(crate) fn parse(text: &str) -> Option<Vec<IceServer>> {
    let servers: Vec<IceServer> = if text.starts_with('[') {
        let written: Vec<Written> = serde_json::from_str(text).ok()?;
        written.into_iter().map(from_json).collect()
    } else {
        text.split(',').map(|address| from_address(address.trim())).collect::<Option<_>>()?
    };
    (servers.len() <= MAX_SERVERS && servers.iter().all(is_complete)).then_some(servers)
}

fn from_json(written: Written) -> IceServer {
    let urls = match written.urls {
        Urls::One(url) => vec![url],
        Urls::Several(urls) => urls,
    };
    IceServer { urls, username: written.username, credential: written.credential }
}

fn from_address(address: &str) -> Option<IceServer> {
    let (scheme, rest) = address.split_once(':')?;
    let Some((user, host)) = rest.rsplit_once('@') else {
        return Some(IceServer { urls: vec![address.into()], username: None, credential: None });
    };
    let (username, credential) = user.split_once(':')?;
    Some(IceServer { urls: vec![format!("{scheme}:{host}")], username: Some(username.into()), credential: Some(credential.into()) })
}

/// Every address is one, and TURN has what it asks for.
fn is_complete(server: &IceServer) -> bool {
    let has_credentials = [&server.username, &server.credential].iter().all(|part| part.as_ref().is_some_and(|part| !part.is_empty()));
    !server.urls.is_empty() && server.urls.iter().all(|url| is_address(url, has_credentials))
}

fn is_address(url: &str, has_credentials: bool) -> bool {
    let Some((scheme, rest)) = url.split_once(':') else { return false };
    let (place, query) = rest.split_once('?').map_or((rest, None), |(place, query)| (place, Some(query)));
    let is_right_kind = match scheme {
        "stun" | "stuns" => query.is_none(),
        "turn" | "turns" => has_credentials && query.is_none_or(|query| matches!(query, "transport=udp" | "transport=tcp")),
        _ => false,
    };
    // As an authority of a web address: names, IPv4, IPv6 in brackets, and a port.
    let place = url::Url::parse(&format!("http://{place}/"));
    is_right_kind && place.is_ok_and(|place| place.has_host() && place.username().is_empty() && place.path() == "/")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_and_json_say_the_same() {
        let short = parse("stun:stun.example:3478, turn:ana:pass:word@[2001:db8::1]:3478").unwrap();
        let json = r#"[{"urls":"stun:stun.example:3478"},{"urls":["turn:[2001:db8::1]:3478"],"username":"ana","credential":"pass:word"}]"#;
        assert_eq!(short, parse(json).unwrap());
        assert_eq!(parse("turns:a:b@turn.example?transport=tcp").unwrap()[0].urls, ["turns:turn.example?transport=tcp"]);
    }

    #[test]
    fn what_is_no_server_is_refused() {
        for bad in [
            "http://stun.example",
            "stun:",
            "turn:turn.example",
            "stun:host:port",
            "[{}]",
            "[1",
            "stun:a/b",
            "turn:user@host",
            "stun:a,,stun:b",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
        assert_eq!(parse(&vec!["stun:a"; MAX_SERVERS + 1].join(",")), None, "too many");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,80}") {
            let _ = parse(&text);
        }
    }
}
