//! Names that cross to TypeScript in place of types of other crates.

use serde::Serialize;
use ts_rs::TS;

/// `bezel_protocol::Role`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(rename = "Role")]
#[expect(missing_docs, reason = "they are documented where they are defined")]
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
#[expect(missing_docs, reason = "they are documented where they are defined")]
pub enum AlgorithmName {
    #[serde(rename = "aes_256_gcm")]
    Aes256Gcm,
    #[serde(rename = "chacha20_poly1305")]
    ChaCha20Poly1305,
}
