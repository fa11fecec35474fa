//! What a person's device does with real groups: a client in small, which believes the relay.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bezel_crypto::group::{Change, CommitEntry, Group, Judge, KeyPackage, MadeKeyPackage, NewCommit, Observer, Welcome};
use bezel_protocol::cose::Signer as _;
use bezel_protocol::log::{Begin, Place, SignedCommit, SignedHead, Spine, SpineEntry};
use bezel_protocol::roster::Roster;
use bezel_protocol::wire::{
    Bytes, CommitUpload, Commits, GroupState, MAX_SPINE, NewConversation, RosterPage, StoredCommit, WelcomeUpload, Welcomes, path,
};
use bezel_protocol::{ConversationId, Hash, Role, SignedCertificate, Suite};
use mls_rs::MlsMessage;

use super::{Answer, Person, now_ms, random};

/// The suite of every conversation here.
pub(crate) const SUITE: Suite = Suite::P384Aes256;

/// What a device keeps of its groups.
#[derive(Clone, Default)]
pub(crate) struct Groups {
    states: Arc<Mutex<HashMap<ConversationId, Vec<u8>>>>,
    /// Key packages that were given away; a welcome names one of them.
    key_packages: Arc<Mutex<Vec<Arc<MadeKeyPackage>>>>,
}

/// The roster as the relay hands it out, as of any statement.
pub(crate) struct History(Vec<Bytes>);

impl History {
    pub(crate) fn at(&self, sequence: u64) -> Arc<Roster> {
        let statements = &self.0[..=usize::try_from(sequence).unwrap()];
        let genesis = Hash::of(&statements[0].0);
        Arc::new(Roster::replay(genesis, statements.iter().map(AsRef::as_ref)).unwrap())
    }

    pub(crate) fn newest(&self) -> Arc<Roster> {
        self.at(self.0.len() as u64 - 1)
    }

    /// By what the relay judged a commit that it stored.
    fn judge_of(&self, stored: &StoredCommit, commit: &CommitEntry) -> Judge {
        Judge::new(self.at(commit.header().roster.sequence), stored.stored_at_ms)
    }
}

/// A commit as it is sent.
pub(crate) fn upload(commit: &NewCommit) -> CommitUpload {
    let welcome = |(device, welcome): &(_, Vec<u8>)| WelcomeUpload { device: *device, welcome: Bytes(welcome.clone()) };
    CommitUpload {
        entry: Bytes(commit.entry.clone()),
        group_info: Bytes(commit.group_info.clone()),
        welcomes: commit.welcomes.iter().map(welcome).collect(),
    }
}

impl Person {
    pub(crate) async fn history(&self) -> History {
        History(self.get(path::ROSTER).await.body::<RosterPage>().statements)
    }

    pub(crate) async fn judge(&self) -> Judge {
        Judge::new(self.history().await.newest(), now_ms())
    }

    /// The certificate of this device that the roster holds.
    pub(crate) fn certified(&self, roster: &Roster) -> SignedCertificate {
        roster.device(self.device).unwrap().current().unwrap().clone()
    }

    /// A key package for whoever lets this device in.
    pub(crate) async fn key_package(&self) -> KeyPackage {
        let judge = self.judge().await;
        let made = MadeKeyPackage::make(&self.keys, &self.certified(judge.roster()), SUITE, false, &judge).unwrap();
        let offered = KeyPackage::parse(&made.public).unwrap();
        self.groups.key_packages.lock().unwrap().push(Arc::new(made));
        offered
    }

    /// The same, as the library takes it.
    pub(crate) async fn message_of_key_package(&self) -> MlsMessage {
        self.key_package().await;
        let made = self.groups.key_packages.lock().unwrap().last().cloned().unwrap();
        MlsMessage::from_bytes(&made.public).unwrap()
    }

    /// The conversation that this device begins with a random number.
    pub(crate) fn conversation_of(&self, random: &[u8; 32]) -> ConversationId {
        Begin::conversation_of(self.device, random, SUITE)
    }

    /// Entry 1 of a log with whatever group info, signed by this device.
    pub(crate) fn begin_of(&self, group_info: &[u8], random: &[u8; 32]) -> Begin {
        let signature = self.keys.sign(&Begin::to_be_signed(self.device, random, SUITE, group_info)).unwrap();
        let group_info = Bytes(group_info.to_vec());
        Begin { device: self.device, random: *random, suite: SUITE, group_info, signature: Bytes(signature) }
    }

    /// A group of this person alone, and entry 1 of its log, which nobody has seen yet.
    pub(crate) async fn new_group(&self, random: &[u8; 32]) -> (Group, Begin) {
        let judge = self.judge().await;
        let certificate = self.certified(judge.roster());
        Group::create(random, SUITE, &self.keys, &certificate, judge).unwrap()
    }

    /// A conversation of this person alone.
    pub(crate) async fn begin(&self) -> ConversationId {
        let (mut group, begin) = self.new_group(&random()).await;
        assert_eq!(self.post(path::CONVERSATIONS, &NewConversation { begin: Bytes(begin.encode()) }).await.status, 200);
        self.keep(&mut group);
        group.conversation()
    }

    /// A conversation of this person and others, in epoch 1.
    pub(crate) async fn begin_with(&self, others: &[(&Self, Role)]) -> ConversationId {
        let conversation = self.begin().await;
        let mut change = Change::default();
        for (person, role) in others {
            change = change.add_user(person.user, *role, [person.key_package().await]);
        }
        assert_eq!(self.commit(conversation, change).await.status, 200);
        conversation
    }

    /// The group in the epoch that the relay has: as it was kept, or joined by the welcome that waits, with every commit since.
    pub(crate) async fn group(&self, conversation: ConversationId) -> Group {
        let history = self.history().await;
        let newest = Judge::new(history.newest(), now_ms());
        let kept = self.groups.states.lock().unwrap().get(&conversation).cloned();
        let mut group = match kept {
            Some(state) => Group::load(&state, conversation, newest.clone()).unwrap(),
            None => self.join(conversation).await,
        };
        for stored in self.commits(conversation, group.epoch()).await {
            let commit = CommitEntry::parse(stored.entry.as_ref()).unwrap();
            let state = group.state().unwrap();
            group = Group::load(state.expose(), conversation, history.judge_of(&stored, &commit)).unwrap();
            group.process(&commit).unwrap();
        }
        let state = self.keep(&mut group);
        Group::load(&state, conversation, newest).unwrap()
    }

    /// A commit that was built and not sent, behind the end of the log.
    pub(crate) async fn build(&self, conversation: ConversationId, change: Change<'_>) -> NewCommit {
        let seen = self.end_of_log(conversation).await;
        self.group(conversation).await.commit(change, &self.keys, seen).unwrap()
    }

    /// Sends a commit that was built, and takes it up if the relay does.
    pub(crate) async fn send_commit(&self, commit: &NewCommit) -> Answer {
        let answer = self.upload(commit.conversation, &upload(commit)).await;
        if answer.status == 200 {
            let state = self.groups.states.lock().unwrap()[&commit.conversation].clone();
            let mut group = Group::load(&state, commit.conversation, self.judge().await).unwrap();
            group.accept_new(commit).unwrap();
            self.keep(&mut group);
        }
        answer
    }

    pub(crate) async fn commit(&self, conversation: ConversationId, change: Change<'_>) -> Answer {
        self.send_commit(&self.build(conversation, change).await).await
    }

    /// Sends whatever is said to be a commit.
    pub(crate) async fn upload(&self, conversation: ConversationId, upload: &CommitUpload) -> Answer {
        self.post(&path::of(path::COMMITS, conversation), upload).await
    }

    /// The group as somebody without its keys sees it, followed from its beginning up to an epoch.
    pub(crate) async fn follow(&self, conversation: ConversationId, to_epoch: u64) -> Observer {
        let history = self.history().await;
        let begin: Bytes = self.get(&path::of(path::BEGIN, conversation)).await.body();
        let first = self.spine(conversation).await[0];
        let judge = Judge::new(history.at(first.roster), first.stored_at_ms);
        let mut observer = Observer::begin(begin.as_ref(), judge).unwrap();
        for stored in self.commits(conversation, 0).await.iter().filter(|stored| stored.epoch < to_epoch) {
            let commit = CommitEntry::parse(stored.entry.as_ref()).unwrap();
            observer.apply(&commit, history.judge_of(stored, &commit)).unwrap();
        }
        observer
    }

    /// An external commit by which this device comes (back) in, and the group that it leads to.
    pub(crate) async fn build_rejoin(&self, conversation: ConversationId) -> (Group, NewCommit) {
        let published: GroupState = self.get(&path::of(path::GROUP, conversation)).await.body();
        let observer = self.follow(conversation, published.epoch).await;
        let (seen, judge) = (self.end_of_log(conversation).await, self.judge().await);
        let certificate = self.certified(judge.roster());
        Group::rejoin(&observer, published.group_info.as_ref(), &self.keys, &certificate, judge, seen).unwrap()
    }

    /// Comes (back) in by an external commit.
    pub(crate) async fn rejoin(&self, conversation: ConversationId) -> Answer {
        let (mut group, commit) = self.build_rejoin(conversation).await;
        let answer = self.upload(conversation, &upload(&commit)).await;
        if answer.status == 200 {
            self.keep(&mut group);
        }
        answer
    }

    /// The entry of a commit, signed by this device.
    pub(crate) fn entry(&self, commit: &[u8], group_info: &[u8]) -> Bytes {
        let group_info = Hash::of(group_info);
        let signature = self.keys.sign(&SignedCommit::to_be_signed(commit, group_info)).unwrap();
        Bytes(SignedCommit { commit: Bytes(commit.to_vec()), group_info, signature: Bytes(signature) }.encode())
    }

    /// Where a log ends, and in which epoch, as the relay signs it.
    pub(crate) async fn log_head(&self, conversation: ConversationId) -> (Place, u64) {
        let head: SignedHead = self.get(&path::of(path::HEAD, conversation)).await.body();
        (head.place, head.epoch)
    }

    /// Where a log ends by its spine: also for a device that is not in.
    pub(crate) async fn end_of_log(&self, conversation: ConversationId) -> Place {
        self.spine(conversation).await.iter().fold(Place::START, |place, entry| place.next(entry))
    }

    pub(crate) async fn spine(&self, conversation: ConversationId) -> Vec<SpineEntry> {
        let stretch = format!("{}?first=1&last={MAX_SPINE}", path::of(path::SPINE, conversation));
        self.get(&stretch).await.body::<Spine>().entries().unwrap()
    }

    pub(crate) async fn commits(&self, conversation: ConversationId, from: u64) -> Vec<StoredCommit> {
        self.get(&format!("{}?from={from}", path::of(path::COMMITS, conversation))).await.body::<Commits>().commits
    }

    async fn join(&self, conversation: ConversationId) -> Group {
        let waiting: Welcomes = self.get(path::WELCOMES).await.body();
        let welcome = waiting.welcomes.iter().find(|welcome| welcome.conversation == conversation).expect("a welcome");
        let observer = self.follow(conversation, welcome.epoch).await;
        let welcome = Welcome::parse(welcome.welcome.as_ref()).unwrap();
        let given = self.groups.key_packages.lock().unwrap().clone();
        let named = given.iter().find(|made| welcome.key_packages().contains(&made.reference)).expect("a key package of this device");
        Group::join(&welcome, &observer, named.private.expose(), &self.keys, self.judge().await).unwrap()
    }

    /// Keeps a group, and returns its state.
    pub(crate) fn keep(&self, group: &mut Group) -> Vec<u8> {
        let state = group.state().unwrap().expose().to_vec();
        self.groups.states.lock().unwrap().insert(group.conversation(), state.clone());
        state
    }
}
