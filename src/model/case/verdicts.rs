//! The fixed words of the records that tell what people thought, tried and learned. Their names are those of the files.

/// Who may read a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Visibility {
    /// Only those inside; left out of a `public` export.
    #[default]
    Internal,
    /// Everybody.
    Public,
}

impl Visibility {
    /// All, in the order of a choice list.
    pub const ALL: [Self; 2] = [Self::Internal, Self::Public];

    /// Name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Public => "public",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.name() == name)
    }
}

/// What the end of a range means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum RangeEnd {
    /// The first moment after it.
    #[default]
    Exclusive,
    /// The last moment of it.
    Inclusive,
    /// It had not ended; the end is the last moment at which it was seen to last.
    Open,
}

impl RangeEnd {
    /// All, in the order of a choice list.
    pub const ALL: [Self; 3] = [Self::Exclusive, Self::Inclusive, Self::Open];

    /// Name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exclusive => "exclusive",
            Self::Inclusive => "inclusive",
            Self::Open => "open",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.name() == name)
    }
}

/// What became of a hypothesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum HypothesisStatus {
    /// Not settled.
    #[default]
    Open,
    /// Shown by its evidence.
    Confirmed,
    /// Shown to be wrong.
    Refuted,
    /// Another one took its place.
    Superseded,
}

impl HypothesisStatus {
    /// All, in the order of a choice list.
    pub const ALL: [Self; 4] = [Self::Open, Self::Confirmed, Self::Refuted, Self::Superseded];

    /// Name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Confirmed => "confirmed",
            Self::Refuted => "refuted",
            Self::Superseded => "superseded",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.name() == name)
    }
}

/// What would have happened without a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IfRemoved {
    /// No impact at all.
    Prevented,
    /// Less impact.
    Reduced,
    /// The same impact.
    NoEffect,
}

impl IfRemoved {
    /// All, in the order of a choice list.
    pub const ALL: [Self; 3] = [Self::Prevented, Self::Reduced, Self::NoEffect];

    /// Name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prevented => "prevented",
            Self::Reduced => "reduced",
            Self::NoEffect => "no_effect",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.name() == name)
    }
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It helped.
    Worked,
    /// Nothing changed.
    NoEffect,
    /// It made things worse.
    Worse,
}

impl Outcome {
    /// All, in the order of a choice list.
    pub const ALL: [Self; 3] = [Self::Worked, Self::NoEffect, Self::Worse];

    /// Name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Worked => "worked",
            Self::NoEffect => "no effect",
            Self::Worse => "worse",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.name() == name)
    }
}

/// What an action item is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActionType {
    /// It cannot happen again.
    Prevent,
    /// It hurts less or ends sooner.
    Mitigate,
    /// It is noticed sooner.
    Detect,
    /// People work in another way.
    Process,
    /// It is written down.
    Document,
}

impl ActionType {
    /// All, in the order of a choice list.
    pub const ALL: [Self; 5] = [Self::Prevent, Self::Mitigate, Self::Detect, Self::Process, Self::Document];

    /// Name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prevent => "prevent",
            Self::Mitigate => "mitigate",
            Self::Detect => "detect",
            Self::Process => "process",
            Self::Document => "document",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.name() == name)
    }
}

/// What became of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum QuestionStatus {
    /// No answer yet.
    #[default]
    Open,
    /// It has an answer.
    Answered,
    /// Nobody needs the answer any more.
    Dropped,
}

impl QuestionStatus {
    /// All, in the order of a choice list.
    pub const ALL: [Self; 3] = [Self::Open, Self::Answered, Self::Dropped];

    /// Name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Dropped => "dropped",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.name() == name)
    }
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BucketName {
    /// It went well.
    Well,
    /// It went badly.
    Badly,
    /// We were lucky.
    Lucky,
    /// We were surprised.
    Surprised,
}

impl BucketName {
    /// All, in the order of a choice list.
    pub const ALL: [Self; 4] = [Self::Well, Self::Badly, Self::Lucky, Self::Surprised];

    /// Name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Badly => "badly",
            Self::Lucky => "lucky",
            Self::Surprised => "surprised",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.name() == name)
    }
}

/// Where a contributing factor lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactorGroup {
    /// What was written.
    Code,
    /// What was tested.
    Test,
    /// What was looked at.
    Review,
    /// How it went out.
    Release,
    /// How it was set.
    Config,
    /// How much there was.
    Capacity,
    /// What could be seen.
    Observability,
    /// What it stood on.
    Dependency,
    /// How people worked.
    Process,
    /// What people knew.
    Knowledge,
}

impl FactorGroup {
    /// All, in the order of a choice list.
    pub const ALL: [Self; 10] = [
        Self::Code,
        Self::Test,
        Self::Review,
        Self::Release,
        Self::Config,
        Self::Capacity,
        Self::Observability,
        Self::Dependency,
        Self::Process,
        Self::Knowledge,
    ];

    /// Name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Test => "test",
            Self::Review => "review",
            Self::Release => "release",
            Self::Config => "config",
            Self::Capacity => "capacity",
            Self::Observability => "observability",
            Self::Dependency => "dependency",
            Self::Process => "process",
            Self::Knowledge => "knowledge",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.name() == name)
    }
}

/// What a stage of a rollout showed, as a person sees it; a derived verdict needs no word here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Within its thresholds.
    Pass,
    /// Beyond a threshold.
    Fail,
    /// Too few requests or samples to tell.
    Inconclusive,
}

impl Verdict {
    /// All, in the order of a choice list.
    pub const ALL: [Self; 3] = [Self::Pass, Self::Fail, Self::Inconclusive];

    /// Name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.name() == name)
    }
}

/// What a row of the timeline tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    /// Something was changed.
    Change,
    /// Something called.
    Alert,
    /// Something went wrong.
    Symptom,
    /// Somebody did something.
    Action,
    /// Somebody decided.
    Decision,
    /// Somebody told.
    Communication,
    /// Something got better.
    Recovery,
    /// Somebody saw.
    Observation,
}

impl RowKind {
    /// All, in the order of a choice list.
    pub const ALL: [Self; 8] =
        [Self::Change, Self::Alert, Self::Symptom, Self::Action, Self::Decision, Self::Communication, Self::Recovery, Self::Observation];

    /// Name in files and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Alert => "alert",
            Self::Symptom => "symptom",
            Self::Action => "action",
            Self::Decision => "decision",
            Self::Communication => "communication",
            Self::Recovery => "recovery",
            Self::Observation => "observation",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.name() == name)
    }
}
