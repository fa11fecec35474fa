//! `GET /v1/audit/proof?from=N&to=M`: that the first N entries are the beginning of the first M (RFC 9162 §2.1.4).

use std::sync::Arc;

use axum::extract::{Query, State};
use bezel_protocol::audit::proof_nodes;
use bezel_protocol::wire::AuditProof;

use crate::app::App;
use crate::http::{Cbor, Device, Refusal};
use crate::store::Store;

#[derive(Debug, serde::Deserialize)]
pub(crate) struct Sizes {
    from: u64,
    to: u64,
}

pub(crate) async fn proof<S: Store>(
    State(app): State<Arc<App<S>>>,
    device: Device,
    Query(Sizes { from, to }): Query<Sizes>,
) -> Result<Cbor<AuditProof>, Refusal> {
    let wanted = proof_nodes(from, to).filter(|_| app.settings.audit_logging).ok_or_else(Refusal::not_found)?;
    let nodes = app
        .store
        .read(device.caller(), move |unit| {
            Box::pin(async move {
                if unit.audit_head().await?.is_none_or(|(entries, _)| to > entries) {
                    return Ok(None);
                }
                let mut nodes = Vec::with_capacity(wanted.len());
                for subtrees in &wanted {
                    nodes.push(unit.audit_root(subtrees).await?);
                }
                Ok(Some(nodes))
            })
        })
        .await?;
    Ok(Cbor(AuditProof { nodes: nodes.ok_or_else(Refusal::not_found)? }))
}
