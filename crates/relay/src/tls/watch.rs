//! Reads certificate and key anew when their files change. A pair that can't serve is told, and the one before goes on.

use std::time::Duration;

use bezel_protocol::Hash;

use super::{Pem, Tls, TlsError, configure};
use crate::reach::TlsFiles;

/// The files are looked at so often.
const EVERY: Duration = Duration::from_secs(3);

/// Watches until it is ended.
pub(crate) async fn watch(tls: Tls, files: TlsFiles) {
    let mut seen = look(&files).ok().map(|(mark, _)| mark);
    loop {
        tokio::time::sleep(EVERY).await;
        let reading = files.clone();
        let Ok(looked) = tokio::task::spawn_blocking(move || look(&reading)).await else { continue };
        let outcome = match looked {
            Ok((mark, _)) if seen == Some(mark) => continue,
            Ok((mark, pem)) => {
                seen = Some(mark);
                configure(&files, &pem)
            }
            // Told once, not every few seconds.
            Err(_) if seen.is_none() => continue,
            Err(error) => {
                seen = None;
                Err(error)
            }
        };
        match outcome {
            Ok(config) => {
                tls.replace(config);
                tracing::info!("the certificate was read anew");
            }
            Err(error) => tracing::error!(%error, "the new certificate can't be used; the one before still serves"),
        }
    }
}

/// The files, and what tells this version of them from another.
fn look(files: &TlsFiles) -> Result<([Hash; 2], Pem), TlsError> {
    let pem = Pem::read(files)?;
    Ok(([Hash::of(&pem.cert), Hash::of(&pem.key)], pem))
}
