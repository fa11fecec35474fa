//! What programs log of a member.

/// Directives for a filter of `tracing`: the member's code and that of `programs` from `level` on, where one is set.
///
/// Other people's code never logs below warnings: it does not know what must stay unsaid. WebRTC's logs nothing: a path that does not work
/// is no error where another does.
#[must_use]
pub fn directives(level: &str, programs: &[&str]) -> String {
    const OURS: [&str; 4] = ["bezel_calls", "bezel_core", "bezel_crypto", "bezel_protocol"];
    const SILENT: &str = "webrtc=off,rtc=off";
    if level.is_empty() || !level.chars().all(char::is_alphabetic) {
        return format!("error,{SILENT}");
    }
    let ours = OURS.iter().chain(programs).map(|name| format!(",{name}={level}"));
    format!("warn,{SILENT}{}", ours.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_for_our_own_code_alone() {
        let directives = directives("debug", &["bezel_app"]);
        let mut all = directives.split(',');
        assert_eq!(all.next(), Some("warn"));
        assert!(all.all(|each| each.starts_with("bezel_") || each.ends_with("=off")), "{directives}");
        assert!(directives.contains("bezel_app=debug"));
    }

    #[test]
    fn what_is_no_level_is_none() {
        for nonsense in ["", "debug,hyper=trace", "bezel_core=1"] {
            assert_eq!(directives(nonsense, &[]), "error,webrtc=off,rtc=off");
        }
    }
}
