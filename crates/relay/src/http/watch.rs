//! Notes for the audit log what was refused to whom, and who fetched what keys hang on.

use std::sync::{Arc, OnceLock};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use bezel_protocol::wire::path;
use bezel_protocol::{ConversationId, DeviceId, UserId};

use crate::app::App;
use crate::store::Store;

/// Filled in by whoever finds out who asks.
#[derive(Clone, Debug, Default)]
pub(super) struct WhoAsks(Arc<OnceLock<(UserId, DeviceId)>>);

impl WhoAsks {
    pub(super) fn is(&self, user: UserId, device: DeviceId) {
        let _ = self.0.set((user, device));
    }

    /// The device, where one asks.
    pub(super) fn device(&self) -> Option<DeviceId> {
        self.0.get().map(|(_, device)| *device)
    }
}

/// The code of a refusal, beside its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct RefusalCode(pub(super) &'static str);

/// Lets a request pass, and counts it where the audit log tells of it.
pub(super) async fn watch<S: Store>(State(app): State<Arc<App<S>>>, request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let Some(matched) = matched.filter(|_| app.settings.audit_logging) else { return next.run(request).await };
    let who = request.extensions().get::<WhoAsks>().cloned().unwrap_or_default();
    let (method, asked) = (request.method().clone(), request.uri().path().to_owned());
    let response = next.run(request).await;
    let who = who.0.get().copied();
    let code = response.extensions().get::<RefusalCode>().map_or("refused", |code| code.0);
    match response.status() {
        StatusCode::FORBIDDEN | StatusCode::UNPROCESSABLE_ENTITY | StatusCode::TOO_MANY_REQUESTS => {
            // Only for whom the relay knows are ids told: a stranger must not fill the log with invented ones.
            let asked = if who.is_some() { named(matched.as_str(), &asked) } else { matched.as_str().to_owned() };
            app.counts.note(who, "refused", format!("{method} {asked} {code}"));
        }
        // A log-in that failed is noted where the reason is known.
        StatusCode::UNAUTHORIZED if matched.as_str() != path::LOGIN => {
            app.counts.note(None, "refused", format!("{method} {} {code}", matched.as_str()));
        }
        StatusCode::OK if method == Method::GET => {
            let ids = ids(matched.as_str(), &asked).join(" ");
            match matched.as_str() {
                path::VAULT => app.counts.note(who, "vault_get", ids),
                path::EPOCH_KEYS => app.counts.note(who, "epoch_keys_get", ids),
                path::GROUP => app.counts.note(who, "group_get", ids),
                path::COMMITS => app.counts.note(who, "commits_get", ids),
                _ => {}
            }
        }
        _ => {}
    }
    response
}

/// The path with its ids, where they are ids: nothing else that somebody wrote comes into the log.
fn named(matched: &str, asked: &str) -> String {
    let segments = matched.split('/').zip(asked.split('/'));
    let segments = segments.map(|(pattern, asked)| if pattern.starts_with('{') && is_id(asked) { asked } else { pattern });
    segments.collect::<Vec<_>>().join("/")
}

fn ids<'a>(matched: &str, asked: &'a str) -> Vec<&'a str> {
    let segments = matched.split('/').zip(asked.split('/'));
    segments.filter(|(pattern, asked)| pattern.starts_with('{') && is_id(asked)).map(|(_, asked)| asked).collect()
}

/// Ids of every kind are written alike.
fn is_id(text: &str) -> bool {
    text.parse::<ConversationId>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_of_a_path_come_into_the_log() {
        let id = ConversationId::from_bytes([7; 16]).to_string();
        assert_eq!(named(path::COMMITS, &path::COMMITS.replace("{conversation}", &id)), format!("/v1/conversations/{id}/commits"));
        assert_eq!(named(path::FILE, "/v1/files/<script>"), path::FILE);
        assert_eq!(ids(path::GROUP, &path::GROUP.replace("{conversation}", &id)), [id]);
        assert_eq!(named(path::VAULT, path::VAULT), path::VAULT);
    }
}
