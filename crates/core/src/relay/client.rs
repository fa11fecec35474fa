//! Requests to the relay: CBOR over HTTP, with a session that is renewed by itself.

use std::sync::Arc;
use std::time::Duration;

use bezel_protocol::cbor;
use bezel_protocol::wire::{self, Bytes, ErrorBody, code, path};
use bezel_protocol::{ConversationId, WorkspaceId};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use url::Url;

use super::answer::{self, MAX_ONE_BYTES};
use super::proxy::{Proxy, WANTS_CREDENTIALS};
use super::session::{self, LoginKeys};
use crate::error::Error;

/// Why a request came to nothing.
#[derive(Debug, Clone)]
pub(crate) enum RelayError {
    /// No answer.
    Offline(String),
    /// The relay said no.
    Refused(ErrorBody),
    /// The relay's answer makes no sense.
    Nonsense(String),
    /// The relay hands out other bytes of a file than were asked for.
    WrongBlob,
    /// Nothing was asked, or its answer not used: for a reason on this side.
    Stopped(Box<Error>),
}

/// A connection to one relay in the name of a device or an invite.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    proxy: Option<Proxy>,
    login: Option<Login>,
}

#[derive(Clone)]
struct Login {
    workspace: WorkspaceId,
    keys: Arc<dyn LoginKeys>,
    session: Arc<Mutex<Option<wire::Session>>>,
}

pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection for many requests that says nothing for so long while one is under way is asked whether it lives, and has as long to answer.
const SILENCE: Duration = Duration::from_secs(4);

impl Client {
    /// A client that is not logged in.
    pub(crate) fn new(base: &Url) -> Result<Self, Error> {
        // One provider for all of TLS; a second installation is refused and harmless.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let proxy = Proxy::of_system(base)?;
        let unusable = |error| Error::new("network", format!("The network can't be used: {error}."), "Restart the computer and try again.");
        let builder = reqwest::Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(SILENCE)
            .http2_keep_alive_timeout(SILENCE)
            .redirect(reqwest::redirect::Policy::none())
            // Ours alone is asked, the same for requests and events.
            .no_proxy();
        let builder = match &proxy {
            Some(proxy) => builder.proxy(proxy.for_requests().map_err(unusable)?),
            None => builder,
        };
        let http = builder.build().map_err(unusable)?;
        let mut base = base.clone();
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        Ok(Self { http, base, proxy, login: None })
    }

    /// The same, speaking for whoever holds `keys`. It logs in with the first request.
    pub(crate) fn logged_in(mut self, workspace: WorkspaceId, keys: Arc<dyn LoginKeys>) -> Self {
        self.login = Some(Login { workspace, keys, session: Arc::default() });
        self
    }

    /// Where the relay answers.
    pub(crate) const fn base(&self) -> &Url {
        &self.base
    }

    /// The proxy between it and us.
    pub(super) const fn proxy(&self) -> Option<&Proxy> {
        self.proxy.as_ref()
    }

    pub(crate) async fn info(&self) -> Result<wire::RelayInfo, RelayError> {
        self.request(Method::GET, path::RELAY, None).await
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, RelayError> {
        self.with_session(Method::GET, path, None).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, RelayError> {
        self.with_session(Method::POST, path, Some(cbor::encode(body))).await
    }

    pub(crate) async fn put(&self, path: &str, body: &impl Serialize) -> Result<(), RelayError> {
        self.with_session(Method::PUT, path, Some(cbor::encode(body))).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Result<(), RelayError> {
        self.with_session(Method::DELETE, path, None).await
    }

    /// A request that needs no session.
    pub(crate) async fn post_openly<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, RelayError> {
        self.request(Method::POST, path, Some((cbor::encode(body), None))).await
    }

    pub(crate) async fn commits(&self, conversation: ConversationId, from: u64) -> Result<wire::Commits, RelayError> {
        self.get(&format!("{}?from={from}", path::of(path::COMMITS, conversation))).await
    }

    pub(crate) async fn leaves(&self, conversation: ConversationId, after: u64) -> Result<wire::Leaves, RelayError> {
        self.get(&format!("{}?after={after}", path::of(path::LEAVE, conversation))).await
    }

    pub(crate) async fn messages(&self, conversation: ConversationId, first: u64, last: u64) -> Result<wire::Messages, RelayError> {
        self.get(&format!("{}?first={first}&last={last}", path::of(path::MESSAGES, conversation))).await
    }

    pub(crate) async fn roster_after(&self, after: Option<u64>) -> Result<wire::RosterPage, RelayError> {
        match after {
            Some(after) => self.get(&format!("{}?after={after}", path::ROSTER)).await,
            None => self.get(path::ROSTER).await,
        }
    }

    /// The token of the session, logging in where there is none.
    pub(crate) async fn token(&self) -> Result<Bytes, RelayError> {
        let login = self.login.as_ref().ok_or_else(|| RelayError::Nonsense("not logged in".into()))?;
        login.keys.allowed()?;
        let mut session = login.session.lock().await;
        if let Some(session) = session.as_ref() {
            return Ok(session.token.clone());
        }
        let new = session::log_in(self, login.workspace, login.keys.as_ref()).await?;
        Ok(session.insert(new).token.clone())
    }

    /// The session of this token has ended.
    pub(super) async fn forget_token(&self, token: &Bytes) {
        if let Some(login) = &self.login {
            let mut session = login.session.lock().await;
            if session.as_ref().is_some_and(|session| session.token == *token) {
                *session = None;
            }
        }
    }

    /// A request with the session; one that has ended is renewed once.
    async fn with_session<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Result<T, RelayError> {
        let token = self.token().await?;
        let first = self.request(method.clone(), path, Some((body.clone().unwrap_or_default(), Some(&token)))).await;
        match first {
            Err(RelayError::Refused(refusal)) if refusal.code == code::UNAUTHENTICATED => {
                self.forget_token(&token).await;
                let token = self.token().await?;
                self.request(method, path, Some((body.unwrap_or_default(), Some(&token)))).await
            }
            other => other,
        }
    }

    async fn request<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<(Vec<u8>, Option<&Bytes>)>,
    ) -> Result<T, RelayError> {
        let limit = answer::limit(&method, path);
        let mut request = self.to(method, path)?;
        if let Some((body, token)) = body {
            if let Some(token) = token {
                request = bearer(request, token);
            }
            if !body.is_empty() {
                request = request.header(reqwest::header::CONTENT_TYPE, wire::CONTENT_TYPE).body(body);
            }
        }
        let answer = request.send().await.map_err(offline)?;
        let status = answer.status();
        let bytes = answer::body(answer, if status.is_success() { limit } else { MAX_ONE_BYTES }).await?;
        if status.is_success() {
            // An empty answer stands for "done".
            let bytes: &[u8] = if bytes.is_empty() { &[0xf6] } else { &bytes };
            return cbor::decode(bytes).map_err(|error| RelayError::Nonsense(error.to_string()));
        }
        Err(refusal(status, &bytes))
    }

    /// A request in the name of a session.
    pub(super) fn authorised(&self, method: Method, path: &str, token: &Bytes) -> Result<RequestBuilder, RelayError> {
        Ok(bearer(self.to(method, path)?, token))
    }

    fn to(&self, method: Method, path: &str) -> Result<RequestBuilder, RelayError> {
        let url = self.base.join(path.trim_start_matches('/')).map_err(|error| RelayError::Nonsense(error.to_string()))?;
        Ok(self.http.request(method, url))
    }
}

fn bearer(request: RequestBuilder, token: &Bytes) -> RequestBuilder {
    request.bearer_auth(token.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

/// What an answer that is no success means.
pub(super) fn refusal(status: StatusCode, body: &[u8]) -> RelayError {
    match cbor::decode::<ErrorBody>(body) {
        Ok(refusal) => RelayError::Refused(refusal),
        Err(_) if matches!(status, StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT) => {
            RelayError::Offline(status.to_string())
        }
        Err(_) if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED => RelayError::Offline(WANTS_CREDENTIALS.into()),
        Err(_) => RelayError::Nonsense(format!("status {status}; is this address a Bezel relay?")),
    }
}

pub(super) fn offline(error: reqwest::Error) -> RelayError {
    let reason = if error.is_timeout() {
        "no answer in time".to_owned()
    } else if sources(&error).any(|source| source.to_string().ends_with("proxy authorization required")) {
        WANTS_CREDENTIALS.to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        error.without_url().to_string()
    };
    RelayError::Offline(reason)
}

/// An error and what lies beneath it.
fn sources<'a>(error: &'a (dyn core::error::Error + 'static)) -> impl Iterator<Item = &'a (dyn core::error::Error + 'static)> {
    core::iter::successors(Some(error), |error| error.source())
}

impl RelayError {
    /// Whether the relay refused with this code.
    pub(crate) fn is(&self, code: &str) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == code)
    }
}

impl From<Error> for RelayError {
    fn from(error: Error) -> Self {
        Self::Stopped(Box::new(error))
    }
}

impl From<RelayError> for Error {
    fn from(error: RelayError) -> Self {
        match error {
            RelayError::Offline(detail) => Self::offline(detail),
            RelayError::Nonsense(detail) => Self::new(
                "relay_nonsense",
                format!("The relay's answer can't be read ({detail})."),
                "Check the relay's address and that both sides run the same version.",
            ),
            RelayError::WrongBlob => Self::unverifiable(
                "wrong_blob",
                "The relay hands out other bytes of the file than were asked for.",
                "Nothing of it was kept; speak with whoever runs the relay.",
            ),
            RelayError::Refused(refusal) => refused(&refusal),
            RelayError::Stopped(error) => *error,
        }
    }
}

fn refused(refusal: &ErrorBody) -> Error {
    let message = format!("The relay refused: {}.", refusal.message.trim_end_matches('.'));
    let (code, next_step) = match refusal.code.as_str() {
        code::UNAUTHENTICATED => {
            ("unauthenticated", "This device may have been revoked or its user suspended: ask an admin of the workspace.")
        }
        code::FORBIDDEN => ("forbidden", "Ask an owner or admin to do it, or to change your role."),
        code::LAPSED => {
            ("certificate_lapsed", "Synchronise: where your identity key is on this device, it renews the certificate by itself.")
        }
        code::NOT_FOUND => ("not_found", "Check the id: what it names does not exist, or is not yours."),
        code::STALE_EPOCH => ("stale_epoch", "Synchronise and try again."),
        code::STALE_ROSTER => ("stale_roster", "Synchronise and try again."),
        code::HEALING => (
            "healing",
            "Wait: members bring back what the relay lost. It goes on within ten minutes, for changes of members and keys within a day.",
        ),
        code::CONFLICT => ("conflict", "It exists already; synchronise and look again."),
        code::TOO_LARGE => ("too_large", "Send less at once."),
        code::TOO_MANY => ("too_many", "Wait a minute and try again."),
        code::GONE => ("gone", "Ask its sender to send it again."),
        code::NO_ROOM => {
            ("no_room", "Delete files that are no longer needed, or ask whoever runs the relay for more room; then it goes on.")
        }
        code::SETUP_TOKEN => {
            ("setup_token", "Whoever runs the relay finds the token in the file setup.token of its data: give it with --setup-token.")
        }
        code::FULL => ("relay_full", "This relay keeps a workspace already: start another relay, or raise --max-workspaces."),
        code::MALFORMED => ("malformed", "Check that both sides run the same version."),
        code::INTERNAL => ("relay_failed", "Look at the relay's log; nothing was lost here."),
        _ => ("refused", "Check what the message says."),
    };
    Error::refused(code, message, next_step)
}
