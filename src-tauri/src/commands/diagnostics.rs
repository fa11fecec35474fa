//! How things stand.

use bezel_calls::call::Limits;
use bezel_core::Result;
use bezel_core::doctor::{self, Report};
use bezel_core::sync::{self, Connection};
use bezel_protocol::Algorithm;
use bezel_protocol::settings::Compliance;
use serde::Serialize;
use ts_rs::TS;

use crate::shell::Shell;

/// The settings of the environment.
#[derive(Serialize, TS)]
#[ts(rename = "Settings")]
pub(crate) struct SettingsView {
    encryption_enabled: bool,
    #[ts(as = "bezel_core::AlgorithmName")]
    default_algorithm: Algorithm,
    key_rotation_days: u32,
    audit_logging: bool,
    #[ts(type = "(\"gdpr\" | \"hipaa\" | \"sox\")[]")]
    compliance_mode: Vec<Compliance>,
    /// So often a call that lost its connection tries by itself.
    call_attempts: u32,
    /// Such an attempt has so long.
    #[ts(type = "number")]
    call_attempt_seconds: u64,
}

/// A report to copy; it holds no secret.
#[derive(Serialize, TS)]
pub(crate) struct DebugInfo {
    version: String,
    report: String,
}

pub(super) async fn validate_setup(shell: &Shell) -> Result<Report> {
    Ok(doctor::check(shell.unlocked().as_deref()).await)
}

pub(super) async fn settings(shell: &Shell) -> Result<SettingsView> {
    let settings = &shell.environment.settings;
    Ok(SettingsView {
        encryption_enabled: true,
        default_algorithm: settings.default_algorithm,
        key_rotation_days: settings.key_rotation_days,
        audit_logging: settings.audit_logging,
        compliance_mode: settings.compliance.clone(),
        call_attempts: settings.max_reconnection_attempts,
        call_attempt_seconds: Limits::default().attempt.as_secs(),
    })
}

pub(super) async fn connection(shell: &Shell) -> Result<Connection> {
    sync::connection(&*shell.member()?).await
}

pub(super) async fn debug_info(shell: &Shell) -> Result<DebugInfo> {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    let checks = doctor::check(shell.unlocked().as_deref()).await.checks;
    let lines = checks.iter().map(|check| format!("{}  {}: {}", if check.ok { "good" } else { "BAD " }, check.name, check.detail));
    let report = [format!("Bezel {version} on {} {}", std::env::consts::OS, std::env::consts::ARCH)].into_iter().chain(lines);
    Ok(DebugInfo { report: report.collect::<Vec<_>>().join("\n"), version })
}
