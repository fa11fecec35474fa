//! Names that cross to TypeScript in place of types of other crates.

use serde::Serialize;
use ts_rs::TS;

/// `bezel_protocol::Role`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "Role")]
#[expect(dead_code, reason = "only its name and its variants cross")]
pub enum RoleName {
    Owner,
    Admin,
    Member,
    ReadOnly,
    Guest,
}

/// `bezel_protocol::Algorithm`.
#[derive(Debug, Serialize, TS)]
#[ts(rename = "Algorithm")]
#[expect(dead_code, reason = "only its name and its variants cross")]
pub enum AlgorithmName {
    #[serde(rename = "aes_256_gcm")]
    Aes256Gcm,
    #[serde(rename = "chacha20_poly1305")]
    ChaCha20Poly1305,
}
