//! What a session description must say before the implementation gets to read it.

use bezel_protocol::content::MAX_SDP_BYTES;

/// Why a description is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDescription {
    /// Longer than any of ours.
    #[error("the other side's description is too long")]
    TooLong,
    /// No fingerprint, one that is no SHA-256, or several that differ: DTLS would prove nothing.
    #[error("the other side's description names no one certificate by SHA-256")]
    Fingerprint,
    /// Media without DTLS-SRTP.
    #[error("the other side's description asks for media that are not encrypted by DTLS-SRTP")]
    Protocol,
    /// More or other media sections than a call has.
    #[error("the other side's description has other media than a call: sound, camera, screen")]
    Media,
}

/// Checks a description: sound and at most two pictures by `UDP/TLS/RTP/SAVPF` (RFC 5764), and one certificate, named by SHA-256 (RFC 8122).
///
/// # Errors
/// The reason.
pub fn check_description(sdp: &str) -> Result<(), BadDescription> {
    if sdp.len() > MAX_SDP_BYTES {
        return Err(BadDescription::TooLong);
    }
    let media: Vec<&str> = sdp.lines().filter_map(|line| line.strip_prefix("m=")).collect();
    let kinds = media.iter().map(|line| line.split(' ').next().unwrap_or_default());
    if !kinds.eq(["audio", "video", "video"]) {
        return Err(BadDescription::Media);
    }
    if media.iter().any(|line| line.split(' ').nth(2) != Some("UDP/TLS/RTP/SAVPF")) {
        return Err(BadDescription::Protocol);
    }
    fingerprint(sdp).map(|_| ()).ok_or(BadDescription::Fingerprint)
}

/// The SHA-256 fingerprint of a description's certificate; none where there is none, or more than one.
#[must_use]
pub(super) fn fingerprint(sdp: &str) -> Option<[u8; 32]> {
    let mut found = None;
    for line in sdp.lines() {
        let Some(value) = line.trim_end().strip_prefix("a=fingerprint:") else { continue };
        let (algorithm, digits) = value.split_once(' ')?;
        if !algorithm.eq_ignore_ascii_case("sha-256") {
            return None;
        }
        let mut bytes = [0; 32];
        let mut parts = digits.split(':');
        for byte in &mut bytes {
            *byte = u8::from_str_radix(parts.next().filter(|part| part.len() == 2)?, 16).ok()?;
        }
        if parts.next().is_some() || found.is_some_and(|found| found != bytes) {
            return None;
        }
        found = Some(bytes);
    }
    found
}

/// A description or a candidate that tells no address of this machine: candidates that are not relayed are left out, and those that are say
/// nothing of where they lead from (RFC 8839 §5.1).
#[must_use]
pub(super) fn without_addresses(text: &str) -> String {
    let mut hidden = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let is_candidate = line.starts_with("a=candidate:") || line.starts_with("candidate:");
        if !is_candidate {
            hidden.push_str(line);
        } else if line.contains(" typ relay") {
            let (mut words, mut separator) = (line.trim_end().split(' '), "");
            while let Some(word) = words.next() {
                hidden.push_str(separator);
                hidden.push_str(word);
                separator = " ";
                let in_place = if word == "raddr" { " 0.0.0.0" } else { " 9" };
                if ["raddr", "rport"].contains(&word) && words.next().is_some() {
                    hidden.push_str(in_place);
                }
            }
            hidden.push_str(line.get(line.trim_end().len()..).unwrap_or_default());
        }
    }
    hidden
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sdp() -> String {
        let print = ["AB"; 32].join(":");
        let media = |kind| format!("m={kind} 9 UDP/TLS/RTP/SAVPF 96\r\na=fingerprint:sha-256 {print}\r\n");
        format!("v=0\r\n{}{}{}", media("audio"), media("video"), media("video"))
    }

    #[test]
    fn ours_is_taken() {
        assert_eq!(check_description(&sdp()), Ok(()));
        assert_eq!(fingerprint(&sdp()), Some([0xab; 32]));
    }

    #[test]
    fn media_without_dtls_and_other_media_are_refused() {
        assert_eq!(check_description(&sdp().replace("UDP/TLS/RTP/SAVPF", "RTP/AVP")), Err(BadDescription::Protocol));
        assert_eq!(check_description(&sdp().replacen("m=audio", "m=application", 1)), Err(BadDescription::Media));
        assert_eq!(check_description(&format!("{}m=video 9 UDP/TLS/RTP/SAVPF 96\r\n", sdp())), Err(BadDescription::Media));
        assert_eq!(check_description(&format!("{}{}", sdp(), "a=x\r\n".repeat(MAX_SDP_BYTES))), Err(BadDescription::TooLong));
    }

    #[test]
    fn a_missing_weak_or_second_certificate_is_refused() {
        assert_eq!(check_description(&sdp().replace("a=fingerprint", "a=setup")), Err(BadDescription::Fingerprint));
        assert_eq!(check_description(&sdp().replace("sha-256", "sha-1")), Err(BadDescription::Fingerprint));
        assert_eq!(check_description(&sdp().replacen("AB:AB", "AC:AB", 1)), Err(BadDescription::Fingerprint));
        assert_eq!(check_description(&sdp().replace("AB:AB", "AB")), Err(BadDescription::Fingerprint));
    }

    #[test]
    fn what_is_hidden_says_nothing_of_the_machine_and_is_whole_otherwise() {
        let relayed = "candidate:1 1 udp 16777215 198.51.100.7 49170 typ relay raddr 192.168.1.5 rport 51234 ufrag abc";
        let hidden = relayed.replace("192.168.1.5 rport 51234", "0.0.0.0 rport 9");
        assert_eq!(without_addresses(relayed), hidden);
        let of_host = "a=candidate:2 1 udp 2130706431 192.168.1.5 51234 typ host\r\n";
        let sdp = format!("{}a={relayed}\r\n{of_host}a=end-of-candidates\r\n", sdp());
        assert_eq!(without_addresses(&sdp), sdp.replace(of_host, "").replace(relayed, &hidden));
    }

    proptest! {
        #[test]
        fn what_has_no_candidates_stays_as_it_is(text in "[ -~\r\n]{0,300}") {
            prop_assume!(!text.contains("candidate:"));
            prop_assert_eq!(without_addresses(&text), text);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,400}") {
            let _ = check_description(&text);
        }
    }
}
