//! A person with one device, who speaks to the relay.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bezel_crypto::DeviceKeys;
use bezel_protocol::certificate::CERTIFICATE_LIFETIME_MS;
use bezel_protocol::cose::Signer as _;
use bezel_protocol::envelope::{self, EnvelopeHeader, RosterHead};
use bezel_protocol::log::Place;
use bezel_protocol::login::{LoginStatement, Subject};
use bezel_protocol::roster::{Genesis, Roster, SignedStatement, Statement, StatementBody};
use bezel_protocol::wire::{
    Bytes, Challenge, ChallengeRequest, LoginRequest, MessageKind, NewMessages, RosterPage, Session, SignedEpochKeys, StoredVault,
    WrappedEpochKey, path,
};
use bezel_protocol::{Algorithm, ConversationId, DeviceId, Hash, InviteId, MessageId, UserId, WorkspaceId, cbor, wire};
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::group::Groups;
use super::{Ed25519Key, Identity, now_ms, random, statements_of};

#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) base: String,
    pub(crate) workspace: WorkspaceId,
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) identity: Identity,
    pub(crate) message_key: Ed25519Key,
    /// Its keys, the message key among them.
    pub(crate) keys: Arc<DeviceKeys>,
    pub(crate) groups: Groups,
    /// How long its certificates last.
    certified_ms: i64,
    pub(crate) token: Option<String>,
    /// The roster's first statement, known since the log-in.
    pub(crate) genesis: Hash,
    /// How many envelopes were written.
    pub(crate) counter: Arc<AtomicU64>,
    /// The number of the last log-in.
    pub(crate) logins: Arc<AtomicU64>,
    pub(crate) http: reqwest::Client,
}

/// What the relay answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn body<T: DeserializeOwned>(&self) -> T {
        assert_eq!(self.status, 200, "{:?}", cbor::decode::<wire::ErrorBody>(&self.bytes));
        cbor::decode(&self.bytes).unwrap()
    }

    /// The one envelope that was accepted.
    pub(crate) fn accepted(&self) -> wire::MessageAccepted {
        let [accepted] = self.body::<wire::MessagesAccepted>().accepted.try_into().unwrap();
        accepted
    }

    /// Status and code of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, cbor::decode::<wire::ErrorBody>(&self.bytes).unwrap().code)
    }

    pub(crate) fn current(&self) -> Option<u64> {
        cbor::decode::<wire::ErrorBody>(&self.bytes).unwrap().current
    }
}

impl Person {
    pub(crate) fn new(base: String, workspace: WorkspaceId, identity: Identity) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let device = DeviceId::new(now_ms(), random());
        let message_key = Ed25519Key::new(device.as_bytes());
        Self {
            base,
            workspace,
            user: UserId::new(now_ms(), random()),
            device,
            identity,
            keys: Arc::new(message_key.device_keys(device)),
            message_key,
            groups: Groups::default(),
            certified_ms: 86_400_000,
            token: None,
            genesis: Hash::ZERO,
            counter: Arc::default(),
            logins: Arc::default(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    pub(crate) fn genesis(&self, handle: &str) -> (SignedStatement, Roster) {
        let genesis = Genesis {
            name: "Maison Lune".into(),
            owner: self.user,
            handle: handle.parse().unwrap(),
            identity_key: self.identity.public.clone(),
        };
        let signed = StatementBody::genesis(self.workspace, now_ms(), genesis).sign(&[&self.identity]).unwrap();
        let roster = Roster::begin(&signed).unwrap();
        (signed, roster)
    }

    pub(crate) fn certificate(&self) -> Vec<u8> {
        let made_at_ms = now_ms() + self.certified_ms - CERTIFICATE_LIFETIME_MS;
        self.keys.certify(&self.identity.key, self.workspace, self.user, made_at_ms).unwrap().as_bytes().to_vec()
    }

    /// Certificates last so long from now on.
    pub(crate) const fn certify_for(&mut self, ms: i64) {
        self.certified_ms = ms;
    }

    /// Certificates are of another device from now on, with keys of its own.
    pub(crate) fn take_device(&mut self, device: DeviceId) {
        self.device = device;
        self.message_key = Ed25519Key::new(device.as_bytes());
        self.keys = Arc::new(self.message_key.device_keys(device));
        self.groups = Groups::default();
    }

    pub(crate) async fn send_bytes(&self, method: Method, path: &str, body: Vec<u8>) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).header("content-type", wire::CONTENT_TYPE).body(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        Answer { status: response.status().as_u16(), bytes: response.bytes().await.unwrap().to_vec() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send_bytes(Method::GET, path, Vec::new()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &impl Serialize) -> Answer {
        self.send_bytes(Method::POST, path, cbor::encode(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &impl Serialize) -> Answer {
        self.send_bytes(Method::PUT, path, cbor::encode(body)).await
    }

    pub(crate) async fn challenge(&self, subject: Subject) -> Challenge {
        self.post(path::CHALLENGE, &ChallengeRequest { workspace: self.workspace, subject }).await.body()
    }

    /// Answers a challenge by the device, with the identity's signature where it is asked for.
    pub(crate) fn answer(&self, challenge: &Challenge) -> LoginRequest {
        self.answer_by(challenge, self.logins.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// The same, by a number of one's choice.
    pub(crate) fn answer_by(&self, challenge: &Challenge, number: u64) -> LoginRequest {
        let statement = LoginStatement { challenge: challenge.challenge, number };
        let message = statement.to_be_signed();
        LoginRequest {
            statement,
            signature: Bytes(self.message_key.sign(&message).unwrap()),
            identity_signature: challenge.identity_required.then(|| Bytes(self.identity.sign(&message).unwrap())),
        }
    }

    pub(crate) async fn log_in(&mut self) {
        let challenge = self.challenge(Subject::Device(self.device)).await;
        let session: Session = self.post(path::LOGIN, &self.answer(&challenge)).await.body();
        self.token = Some(hex::encode(session.token.0));
        let roster: RosterPage = self.get(path::ROSTER).await.body();
        self.genesis = Hash::of(&roster.statements.first().unwrap().0);
    }

    pub(crate) async fn log_in_by_invite(&mut self, invite: InviteId, key: &Ed25519Key) {
        let challenge = self.challenge(Subject::Invite(invite)).await;
        let statement = LoginStatement { challenge: challenge.challenge, number: 0 };
        let signature = Bytes(key.sign(&statement.to_be_signed()).unwrap());
        let request = LoginRequest { statement, signature, identity_signature: None };
        let session: Session = self.post(path::LOGIN, &request).await.body();
        self.token = Some(hex::encode(session.token.0));
    }

    /// Answers a challenge for the user by the identity key alone.
    pub(crate) fn answer_by_identity(&self, challenge: &Challenge) -> LoginRequest {
        let statement = LoginStatement { challenge: challenge.challenge, number: 0 };
        let signature = Bytes(self.identity.sign(&statement.to_be_signed()).unwrap());
        LoginRequest { statement, signature, identity_signature: None }
    }

    pub(crate) async fn log_in_by_identity(&mut self) {
        let challenge = self.challenge(Subject::User(self.user)).await;
        let session: Session = self.post(path::LOGIN, &self.answer_by_identity(&challenge)).await.body();
        self.token = Some(hex::encode(session.token.0));
    }

    /// Says statements at once, each signed by this person's identity key, which `roster` takes if the relay does.
    pub(crate) async fn say_in_roster(&self, roster: &mut Roster, statements: &[Statement]) -> Answer {
        let mut grown = roster.clone();
        let signed: Vec<SignedStatement> = statements
            .iter()
            .map(|statement| {
                let signed = grown.next(now_ms(), statement.clone()).sign(&[&self.identity]).unwrap();
                let _ = grown.append(&signed);
                signed
            })
            .collect();
        let answer = self.post(path::ROSTER, &statements_of(&signed)).await;
        if answer.status == 200 {
            *roster = grown;
        }
        answer
    }

    /// A version of this person's vault, signed by `device` with `key`.
    pub(crate) fn vault_by(&self, (device, key): (DeviceId, &Ed25519Key), version: u64, vault: &[u8]) -> StoredVault {
        let signature = key.sign(&StoredVault::to_be_signed(self.workspace, self.user, version, vault)).unwrap();
        StoredVault { version, vault: Bytes(vault.to_vec()), device, signature: Bytes(signature) }
    }

    /// The same by this person's own device.
    pub(crate) fn vault(&self, version: u64, vault: &[u8]) -> StoredVault {
        self.vault_by((self.device, &self.message_key), version, vault)
    }

    /// A wrapped epoch key, signed by `key`.
    pub(crate) fn epoch_key_by(&self, key: &Ed25519Key, conversation: ConversationId, wrapped: &[u8]) -> SignedEpochKeys {
        let keys = vec![WrappedEpochKey { conversation, epoch: 0, wrapped: Bytes(wrapped.to_vec()) }];
        let signature = key.sign(&SignedEpochKeys::to_be_signed(self.workspace, self.user, &keys)).unwrap();
        SignedEpochKeys { keys, signature: Bytes(signature) }
    }

    pub(crate) fn header(&self, conversation: ConversationId, epoch: u64) -> EnvelopeHeader {
        EnvelopeHeader {
            algorithm: Algorithm::Aes256Gcm,
            conversation,
            epoch,
            device: self.device,
            message: MessageId::new(now_ms(), random()),
            counter: self.counter.fetch_add(1, Ordering::Relaxed),
            sent_at_ms: now_ms(),
            previous: Hash::ZERO,
            seen: Place::START,
            roster: RosterHead { sequence: 0, hash: self.genesis },
            epoch_authenticator: Hash::ZERO,
        }
    }

    pub(crate) fn envelope(&self, header: &EnvelopeHeader) -> NewMessages {
        let key = self.message_key.posing_as(header.device.as_bytes());
        let envelope = envelope::build(header, random(), random::<64>().to_vec(), &key).unwrap();
        NewMessages { kind: MessageKind::Stored, envelopes: vec![Bytes(envelope)] }
    }

    pub(crate) async fn send(&self, conversation: ConversationId, message: &NewMessages) -> Answer {
        self.post(&path::of(path::MESSAGES, conversation), message).await
    }

    pub(crate) async fn say(&self, conversation: ConversationId, epoch: u64) -> Answer {
        self.send(conversation, &self.envelope(&self.header(conversation, epoch))).await
    }

    pub(crate) async fn read(&self, conversation: ConversationId, first: u64, last: u64) -> Answer {
        self.get(&format!("{}?first={first}&last={last}", path::of(path::MESSAGES, conversation))).await
    }
}
