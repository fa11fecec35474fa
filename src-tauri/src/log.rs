//! Logs to the standard error.

use tracing_subscriber::EnvFilter;

/// Other people's code never logs below warnings: it does not know what must stay unsaid.
pub(crate) fn begin() {
    let level = std::env::var("BEZEL_LOG").unwrap_or_default();
    let filter = if !level.is_empty() && level.chars().all(char::is_alphabetic) {
        format!("warn,bezel_app={level},bezel_core={level},bezel_relay={level},bezel_crypto={level},bezel_protocol={level}")
    } else {
        "error".to_owned()
    };
    tracing_subscriber::fmt().with_env_filter(EnvFilter::new(filter)).with_writer(std::io::stderr).init();
}
