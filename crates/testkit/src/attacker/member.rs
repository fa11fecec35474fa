//! A member who joined by a real invitation and has turned: every header, every content, every request.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use bezel_core::{Member, sync};
use bezel_crypto::envelope::seal;
use bezel_crypto::group::EpochKey;
use bezel_crypto::{Secret, SystemRng, rng};
use bezel_protocol::content::{Content, Text};
use bezel_protocol::envelope::{self, Envelope, EnvelopeHeader, RosterHead};
use bezel_protocol::log::{Place, SignedHead};
use bezel_protocol::roster::{Roster, SignedStatement, Statement};
use bezel_protocol::wire::{Bytes, MessageKind, MessagesAccepted, NewMessages, NewStatements, RosterPage, path};
use bezel_protocol::{ConversationId, DeviceId, Hash, MessageId};
use sqlx::Connection as _;

use super::loot::open;
use super::{Answer, Line, Loot, Posing};
use crate::{ShiftedClock, Shop};

/// The attacker: a device with its keys, its session and the keys of every epoch that it learnt.
pub struct Attacker {
    /// The keys.
    pub loot: Loot,
    /// The session.
    pub line: Line,
    name: String,
    clock: Arc<ShiftedClock>,
}

impl Shop {
    /// A member turns: the home is closed, and what lies in it is in the attacker's hand.
    ///
    /// # Errors
    /// When the home does not open, or the relay does not let the device in.
    pub async fn corrupt(&self, member: Member, name: &str) -> Result<Attacker> {
        member.close().await;
        let mut database = open(&self.home(name)).await?;
        let loot = Loot::read(&mut database).await?;
        let line = loot.log_in(&mut database, format!("http://{}", self.relay())).await?;
        database.close().await?;
        Ok(Attacker { loot, line, name: name.to_owned(), clock: Arc::<ShiftedClock>::clone(&self.clock) })
    }
}

impl Attacker {
    /// Lets the honest program come up to date, and takes what it learnt.
    ///
    /// # Errors
    /// When it can't.
    pub async fn come_up_to_date(self, shop: &Shop) -> Result<Self> {
        let member = shop.reopen(&self.name).await?;
        sync::once(&member).await?;
        shop.corrupt(member, &self.name).await
    }

    /// The device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.loot.device.device()
    }

    /// What the clock says.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        use bezel_core::clock::Clock as _;
        self.clock.now_ms()
    }

    /// An id that nobody else uses.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn message_id(&self) -> Result<MessageId> {
        Ok(MessageId::new(self.now_ms(), rng::array(&mut SystemRng)?))
    }

    /// The header that an honest device would sign now; to be changed at will.
    ///
    /// # Errors
    /// When no key of the conversation is here.
    pub async fn header(&self, conversation: ConversationId) -> Result<EnvelopeHeader> {
        let epoch = self.loot.epoch(conversation)?;
        let suite = self.loot.suites.get(&conversation).context("a conversation")?;
        let (counter, previous) = self.loot.chains.get(&conversation).copied().unwrap_or((0, Hash::ZERO));
        Ok(EnvelopeHeader {
            algorithm: suite.algorithm(),
            conversation,
            epoch,
            device: self.device(),
            message: self.message_id()?,
            counter,
            sent_at_ms: self.now_ms(),
            previous,
            seen: self.head(conversation).await.unwrap_or(Place::START),
            roster: self.roster_head().await?,
            epoch_authenticator: self.loot.epochs.get(&(conversation, epoch)).context("an epoch")?.authenticator,
        })
    }

    /// The end of a conversation's log.
    ///
    /// # Errors
    /// When the relay does not say.
    pub async fn head(&self, conversation: ConversationId) -> Result<Place> {
        Ok(self.line.get(&path::of(path::HEAD, conversation)).await?.body::<SignedHead>()?.place)
    }

    /// The roster as the relay hands it out.
    ///
    /// # Errors
    /// When it does not.
    pub async fn roster(&self) -> Result<Roster> {
        let page: RosterPage = self.line.get(path::ROSTER).await?.body()?;
        Ok(Roster::replay(self.loot.genesis, page.statements.iter().map(|statement| statement.0.as_slice()))?)
    }

    async fn roster_head(&self) -> Result<RosterHead> {
        match self.line.get(path::ROSTER).await?.body::<RosterPage>() {
            Ok(page) => Ok(page.head),
            // Whoever was shut out knows the beginning.
            Err(_) => Ok(RosterHead { sequence: 0, hash: self.loot.genesis }),
        }
    }

    /// Seals bytes of any kind under a header of any kind, by the keys that are here. A header that names another device is signed with the
    /// own key all the same.
    ///
    /// # Errors
    /// When the key of the epoch is not here.
    pub fn seal(&self, header: &EnvelopeHeader, content: &[u8]) -> Result<Vec<u8>> {
        if header.device != self.device() {
            let posing = Posing { keys: &self.loot.device, device: header.device };
            return Ok(envelope::build(header, rng::array(&mut SystemRng)?, content.to_vec(), &posing)?);
        }
        let epoch = self.loot.epochs.get(&(header.conversation, header.epoch)).or_else(|| self.loot.epochs.values().next());
        let secret = Secret::from_slice(&epoch.context("an epoch")?.key).context("a key")?;
        let key = EpochKey::new(header.conversation, header.epoch, secret);
        Ok(seal(content, header, &key, &self.loot.device, &mut SystemRng)?)
    }

    /// Seals words.
    ///
    /// # Errors
    /// As [`Self::seal`].
    pub fn seal_text(&self, header: &EnvelopeHeader, text: &str) -> Result<Vec<u8>> {
        self.seal(header, &Content::Text(Text { text: text.into(), reply_to: None }).encode())
    }

    /// Hands envelopes of any kind to the relay.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&self, conversation: ConversationId, kind: MessageKind, envelopes: Vec<Vec<u8>>) -> Result<Answer> {
        let new = NewMessages { kind, envelopes: envelopes.into_iter().map(Bytes).collect() };
        self.line.post(&path::of(path::MESSAGES, conversation), &new).await
    }

    /// Hands one envelope over, to be stored. Where it is, the own chain goes on from it.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn store(&mut self, envelope: Vec<u8>) -> Result<Answer> {
        let header = *Envelope::parse(&envelope)?.header();
        let hash = Hash::of(&envelope);
        let answer = self.post(header.conversation, MessageKind::Stored, vec![envelope]).await?;
        let is_kept = answer.body::<MessagesAccepted>().is_ok_and(|taken| taken.accepted.iter().any(|accepted| accepted.sha256 == hash));
        if is_kept {
            self.loot.chains.insert(header.conversation, (header.counter + 1, hash));
        }
        Ok(answer)
    }

    /// Says words as an honest program would.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn say(&mut self, conversation: ConversationId, text: &str) -> Result<Answer> {
        let header = self.header(conversation).await?;
        self.store(self.seal_text(&header, text)?).await
    }

    /// Says any content under an honest header.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn say_content(&mut self, conversation: ConversationId, content: &Content) -> Result<Answer> {
        let header = self.header(conversation).await?;
        self.store(self.seal(&header, &content.encode())?).await
    }

    /// Signs a statement with the own identity as the next one of the roster, whoever may say it.
    ///
    /// # Errors
    /// When the roster is not there.
    pub async fn sign_statement(&self, statement: Statement) -> Result<SignedStatement> {
        Ok(self.roster().await?.next(self.now_ms(), statement).sign(&[&self.loot.identity])?)
    }

    /// Hands statements to the relay.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn append(&self, statements: &[SignedStatement]) -> Result<Answer> {
        let statements = statements.iter().map(|statement| Bytes(statement.as_bytes().to_vec())).collect();
        self.line.post(path::ROSTER, &NewStatements { statements }).await
    }
}
