//! Requests of any kind in the name of whoever's token it is.

use anyhow::{Result, anyhow};
use bezel_protocol::cbor;
use bezel_protocol::wire::{CONTENT_TYPE, ErrorBody};
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A way to a relay.
#[derive(Clone)]
pub struct Line {
    http: reqwest::Client,
    /// Where it answers.
    pub base: String,
    /// The session; empty for none.
    pub token: String,
}

/// What the relay said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body of a success.
    ///
    /// # Errors
    /// When it is none.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T> {
        if self.status != 200 {
            return Err(anyhow!("the relay says {} {}", self.status, self.code()));
        }
        Ok(cbor::decode(if self.bytes.is_empty() { &[0xf6] } else { &self.bytes })?)
    }

    /// The refusal as it is written in an assertion: status and code. A success has the code `ok`.
    #[must_use]
    pub fn code(&self) -> String {
        match self.status {
            200..300 => "ok".into(),
            status => cbor::decode::<ErrorBody>(&self.bytes).map_or_else(|_| status.to_string(), |body| body.code),
        }
    }
}

impl Line {
    /// A line without a session.
    ///
    /// # Errors
    /// When there is no network to be had.
    pub fn new(base: String) -> Result<Self> {
        Ok(Self { http: reqwest::Client::builder().no_proxy().build()?, base, token: String::new() })
    }

    /// The same in the name of another session.
    #[must_use]
    pub fn with_token(&self, token: String) -> Self {
        Self { token, ..self.clone() }
    }

    /// Sends a request of one's choice.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Answer> {
        let request = self.http.request(method, format!("{}{path}", self.base)).header("content-type", CONTENT_TYPE).body(body);
        let request = if self.token.is_empty() { request } else { request.bearer_auth(&self.token) };
        let answer = request.send().await?;
        Ok(Answer { status: answer.status().as_u16(), bytes: answer.bytes().await?.to_vec() })
    }

    /// `GET`.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, Vec::new()).await
    }

    /// `POST` of a body in CBOR.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: &impl Serialize) -> Result<Answer> {
        self.send(Method::POST, path, cbor::encode(body)).await
    }

    /// `PUT` of a body in CBOR.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn put(&self, path: &str, body: &impl Serialize) -> Result<Answer> {
        self.send(Method::PUT, path, cbor::encode(body)).await
    }
}
