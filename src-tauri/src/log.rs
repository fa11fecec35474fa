//! Logs to the standard error.

use bezel_core::logging;
use tracing_subscriber::EnvFilter;

/// The level is that of `BEZEL_LOG`.
pub(crate) fn begin() {
    let level = std::env::var("BEZEL_LOG").unwrap_or_default();
    let filter = EnvFilter::new(logging::directives(&level, &["bezel_app", "bezel_relay"]));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
