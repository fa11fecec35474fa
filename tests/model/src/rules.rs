//! The rules of the protocol that the model can switch off, to show that a property needs them.

/// One rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// An entry counts only if its `seen` is an earlier place of the reader's own chain.
    SeenInLog,
    /// An envelope counts only between the commits of its epoch.
    EnvelopeInEpoch,
    /// So does a leave.
    LeaveInEpoch,
    /// An envelope of somebody who is shut out doesn't count.
    ShutOutEnvelope,
    /// Nor does any other entry of theirs.
    ShutOutStatement,
    /// Shut out is who is so at the highest head, not at any head that was ever named.
    HighestHead,
    /// The relay chains its roster head to each entry, so that the judgement needs no contents.
    StampedHead,
    /// Of several attempts the first counts.
    FirstAttempt,
    /// A commit by somebody without the right to it doesn't count.
    CommitRight,
    /// Nothing of somebody who left counts.
    Left,
    /// Who can't open a commit comes back by an external commit.
    Return,
    /// An external commit takes the place of its author's leaf alone.
    ReturnOwnLeaf,
    /// A chain that contradicts one's own is an alarm and is not followed.
    OwnChain,
    /// A client never goes back behind a commit that it verified.
    NeverBehindCommit,
    /// Sealed again only when the epoch is over.
    SameAttempt,
    /// `seen` of a device never falls.
    SeenNeverFalls,
    /// Members offer what a restored relay has lost.
    Offer,
    /// What has not come back is sent again by its author.
    SendAgain,
    /// Others keep what has not come back.
    KeepLost,
    /// A commit that a restored relay has lost may be appended at a later place.
    CommitAgain,
    /// A lost branch is reported beside the log, for those who act as owner there.
    ReportLost,
    /// Who answers a report and has nothing else to do commits new keys.
    RotateForBranch,
    /// The holder of a lost branch who acts as owner on both sides goes on from there by themselves.
    HolderGoesOn,
    /// Who goes on from a lost branch acts as owner at its end.
    OwnerOnBranch,
    /// Who goes on from a lost branch acts as owner in the log that the relay has.
    OwnerHere,
    /// Who goes on from a lost branch had seen the log behind the place where it parts.
    GoesOnKnowing,
    /// A lost branch is left only once those are out whom it put out.
    StaysOut,
    /// Who left on a lost branch counts as put out by it.
    LeaverStaysOut,
    /// Whom an owner of both sides put in again since stays.
    PutInAgain,
    /// In a new generation only who acts as owner puts somebody out of whom no device follows the log yet.
    AbsentByOwner,
}

/// The rules in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules(u32);

impl Rules {
    /// All of them.
    #[must_use]
    pub const fn all() -> Self {
        Self(u32::MAX)
    }

    /// All of these but one.
    #[must_use]
    pub const fn without(self, rule: Rule) -> Self {
        Self(self.0 & !(1 << rule as u32))
    }

    /// Whether a rule is in force.
    #[must_use]
    pub const fn has(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u32) != 0
    }
}
