//! A person with one device, who speaks to the relay.

use bezel_protocol::cose::Signer as _;
use bezel_protocol::envelope::{self, EnvelopeHeader, RosterHead};
use bezel_protocol::login::Subject;
use bezel_protocol::roster::{Genesis, Roster, SignedStatement, StatementBody};
use bezel_protocol::wire::{
    Bytes, Challenge, ChallengeRequest, CommitUpload, LoginRequest, MemberRole, MessageKind, NewConversation, NewMessage, Session,
    WelcomeUpload, path,
};
use bezel_protocol::{
    Algorithm, Certificate, ConversationId, DeviceId, Hash, InviteId, MessageId, Role, Suite, UserId, WorkspaceId, cbor, wire,
};
use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Ed25519Key, Identity, now_ms, random};

pub(crate) struct Person {
    pub(crate) base: String,
    pub(crate) workspace: WorkspaceId,
    pub(crate) user: UserId,
    pub(crate) device: DeviceId,
    pub(crate) identity: Identity,
    pub(crate) message_key: Ed25519Key,
    pub(crate) token: Option<String>,
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
        Self {
            base,
            workspace,
            user: UserId::new(now_ms(), random()),
            device,
            identity,
            message_key: Ed25519Key::new(device.as_bytes()),
            token: None,
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
        let certificate = Certificate {
            workspace: self.workspace,
            user: self.user,
            device: self.device,
            leaf_key_p384: vec![4; 97],
            leaf_key_ed25519: Ed25519Key::new(b"").public(),
            message_key: self.message_key.public(),
            not_after_ms: now_ms() + 86_400_000,
        };
        certificate.sign(&self.identity).unwrap().as_bytes().to_vec()
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
        let message = challenge.statement.to_be_signed();
        LoginRequest {
            statement: challenge.statement,
            signature: Bytes(self.message_key.sign(&message).unwrap()),
            identity_signature: challenge.identity_required.then(|| Bytes(self.identity.sign(&message).unwrap())),
        }
    }

    pub(crate) async fn log_in(&mut self) {
        let challenge = self.challenge(Subject::Device(self.device)).await;
        let session: Session = self.post(path::LOGIN, &self.answer(&challenge)).await.body();
        self.token = Some(hex::encode(session.token.0));
    }

    pub(crate) async fn log_in_by_invite(&mut self, invite: InviteId, key: &Ed25519Key) {
        let challenge = self.challenge(Subject::Invite(invite)).await;
        let signature = Bytes(key.sign(&challenge.statement.to_be_signed()).unwrap());
        let request = LoginRequest { statement: challenge.statement, signature, identity_signature: None };
        let session: Session = self.post(path::LOGIN, &request).await.body();
        self.token = Some(hex::encode(session.token.0));
    }

    pub(crate) const fn member(&self, role: Role) -> MemberRole {
        MemberRole { user: self.user, role }
    }

    /// A conversation of this person alone.
    pub(crate) async fn begin(&self) -> ConversationId {
        let conversation = ConversationId::new(now_ms(), random());
        let new = NewConversation {
            conversation,
            suite: Suite::P384Aes256,
            group_info: Bytes(b"group info 0".to_vec()),
            ratchet_tree: Bytes(b"tree 0".to_vec()),
            members: vec![self.member(Role::Owner)],
            devices: vec![self.device],
        };
        assert_eq!(self.post(path::CONVERSATIONS, &new).await.status, 200);
        conversation
    }

    /// A conversation of this person and others, in epoch 1.
    pub(crate) async fn begin_with(&self, others: &[(&Self, Role)]) -> ConversationId {
        let conversation = self.begin().await;
        let members: Vec<(&Self, Role)> = std::iter::once((self, Role::Owner)).chain(others.iter().copied()).collect();
        assert_eq!(self.commit(conversation, &upload(0, &members)).await.status, 200);
        conversation
    }

    pub(crate) async fn commit(&self, conversation: ConversationId, upload: &CommitUpload) -> Answer {
        self.post(&path::of(path::COMMITS, conversation), upload).await
    }

    pub(crate) fn header(&self, conversation: ConversationId, epoch: u64) -> EnvelopeHeader {
        EnvelopeHeader {
            algorithm: Algorithm::Aes256Gcm,
            conversation,
            epoch,
            device: self.device,
            message: MessageId::new(now_ms(), random()),
            counter: 0,
            sent_at_ms: now_ms(),
            previous: Hash::ZERO,
            roster: RosterHead { sequence: 0, hash: Hash::ZERO },
            epoch_authenticator: Hash::ZERO,
        }
    }

    pub(crate) fn envelope(&self, header: &EnvelopeHeader) -> NewMessage {
        let key = self.message_key.posing_as(header.device.as_bytes());
        let envelope = envelope::build(header, random(), random::<64>().to_vec(), &key).unwrap();
        NewMessage { kind: MessageKind::Stored, envelope: Bytes(envelope) }
    }

    pub(crate) async fn send(&self, conversation: ConversationId, message: &NewMessage) -> Answer {
        self.post(&path::of(path::MESSAGES, conversation), message).await
    }

    pub(crate) async fn say(&self, conversation: ConversationId, epoch: u64) -> Answer {
        self.send(conversation, &self.envelope(&self.header(conversation, epoch))).await
    }

    pub(crate) async fn read(&self, conversation: ConversationId, first: u64, last: u64) -> Answer {
        self.get(&format!("{}?first={first}&last={last}", path::of(path::MESSAGES, conversation))).await
    }
}

/// A commit after which exactly these are in, welcoming all but the first.
pub(crate) fn upload(epoch: u64, members: &[(&Person, Role)]) -> CommitUpload {
    let welcomes = members.iter().skip(1).map(|(person, _)| WelcomeUpload { device: person.device, welcome: Bytes(b"welcome".to_vec()) });
    CommitUpload {
        epoch,
        commit: Bytes(format!("commit {epoch}").into_bytes()),
        group_info: Bytes(format!("group info {}", epoch + 1).into_bytes()),
        ratchet_tree: Bytes(format!("tree {}", epoch + 1).into_bytes()),
        welcomes: welcomes.collect(),
        members: members.iter().map(|(person, role)| person.member(*role)).collect(),
        devices: members.iter().map(|(person, _)| person.device).collect(),
    }
}
