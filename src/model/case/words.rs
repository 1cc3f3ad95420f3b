//! The fixed words of a case: markers, sorts of cause, statuses, relations. Their names are those of the files.

/// The moments that a response is measured by (postmortem §1.0), in their usual order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkerName {
    /// The change that started it went live.
    Trigger,
    /// Users began to be affected.
    ImpactStart,
    /// Someone or something noticed.
    Detected,
    /// A person took it.
    Acknowledged,
    /// Declared an incident.
    Declared,
    /// Others were called in.
    Escalated,
    /// The status page told users.
    StatusPage,
    /// The cause was understood.
    Diagnosed,
    /// The roll-back began.
    RollbackStart,
    /// The roll-back was complete.
    RollbackDone,
    /// User impact ended or was bounded.
    Mitigated,
    /// The cause was removed.
    Resolved,
    /// The fix was proven.
    Verified,
}

impl MarkerName {
    /// All, in their usual order.
    pub const ALL: [Self; 13] = [
        Self::Trigger,
        Self::ImpactStart,
        Self::Detected,
        Self::Acknowledged,
        Self::Declared,
        Self::Escalated,
        Self::StatusPage,
        Self::Diagnosed,
        Self::RollbackStart,
        Self::RollbackDone,
        Self::Mitigated,
        Self::Resolved,
        Self::Verified,
    ];

    /// Name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::ImpactStart => "impact_start",
            Self::Detected => "detected",
            Self::Acknowledged => "acknowledged",
            Self::Declared => "declared",
            Self::Escalated => "escalated",
            Self::StatusPage => "status_page",
            Self::Diagnosed => "diagnosed",
            Self::RollbackStart => "rollback_start",
            Self::RollbackDone => "rollback_done",
            Self::Mitigated => "mitigated",
            Self::Resolved => "resolved",
            Self::Verified => "verified",
        }
    }

    /// The marker of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|marker| marker.name() == name)
    }
}

/// What sort of cause a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum CauseType {
    /// What set it off.
    Trigger,
    /// What was wrong.
    #[default]
    Defect,
    /// What had been wrong for long.
    LatentCondition,
    /// What made it worse.
    Amplifier,
    /// What should have caught it.
    MissingDefence,
    /// What followed.
    Effect,
}

impl CauseType {
    /// All, in the order of a choice list.
    pub const ALL: [Self; 6] = [Self::Trigger, Self::Defect, Self::LatentCondition, Self::Amplifier, Self::MissingDefence, Self::Effect];

    /// Name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Defect => "defect",
            Self::LatentCondition => "latent_condition",
            Self::Amplifier => "amplifier",
            Self::MissingDefence => "missing_defence",
            Self::Effect => "effect",
        }
    }

    /// The type of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// How sure a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum CauseStatus {
    /// Believed, not shown.
    #[default]
    Suspected,
    /// Shown by its evidence.
    Confirmed,
    /// Shown to be wrong.
    Refuted,
}

impl CauseStatus {
    /// All.
    pub const ALL: [Self; 3] = [Self::Suspected, Self::Confirmed, Self::Refuted];

    /// Name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Suspected => "suspected",
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
        }
    }

    /// The status of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// How one cause acts on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Relation {
    /// Makes it happen.
    #[default]
    Causes,
    /// Makes it possible.
    Enables,
    /// Makes it worse.
    Amplifies,
    /// Hides it.
    Masks,
    /// Stops it from spreading.
    Blocks,
    /// Makes it better.
    Mitigates,
    /// Speaks against it.
    Contradicts,
}

impl Relation {
    /// All.
    pub const ALL: [Self; 7] =
        [Self::Causes, Self::Enables, Self::Amplifies, Self::Masks, Self::Blocks, Self::Mitigates, Self::Contradicts];

    /// Name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Causes => "causes",
            Self::Enables => "enables",
            Self::Amplifies => "amplifies",
            Self::Masks => "masks",
            Self::Blocks => "blocks",
            Self::Mitigates => "mitigates",
            Self::Contradicts => "contradicts",
        }
    }

    /// The relation of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|relation| relation.name() == name)
    }
}
