//! The fields of each kind of record: their keys in files, what they hold and what they are for.
//!
//! One table for the command line, for forms, for merging and for help, so that a new field is written down once.
//! The typed values are in `kinds`; a test of the file forms checks that both agree.

use std::borrow::Cow;

use super::{
    ActionType, BucketName, CauseStatus, CauseType, FactorGroup, HypothesisStatus, IfRemoved, MarkerName, Outcome, QuestionStatus,
    RangeEnd, Relation, RowKind, Verdict,
};

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum FieldSort {
    /// Words.
    Text,
    /// Words, with suggestions.
    Suggested(fn() -> Vec<&'static str>),
    /// One of these words.
    Choice(fn() -> Vec<&'static str>),
    /// A moment.
    Moment,
    /// A time span, held in nanoseconds.
    Span,
    /// A day, `YYYY-MM-DD`.
    Day,
    /// A number.
    Number,
    /// A whole number that is not negative.
    Count,
    /// Yes or no.
    Flag,
    /// Ids of records of these kinds; none named: of any kind.
    Ids(&'static [&'static str]),
    /// One id, as `Ids`.
    Id(&'static [&'static str]),
    /// Label pairs.
    Labels,
    /// Numbers by name.
    Numbers,
}

/// One field of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Key in files.
    pub key: &'static str,
    /// What it holds.
    pub sort: FieldSort,
    /// What it is for, for help and forms.
    pub says: &'static str,
    /// Whether a record cannot be without it.
    pub is_needed: bool,
}

/// One kind.
#[derive(Debug, Clone, Copy)]
pub struct KindFields {
    /// Name in files.
    pub name: &'static str,
    /// What the text of its annotation is.
    pub text: &'static str,
    /// Whether it says nothing without a text.
    pub needs_text: bool,
    /// Its own fields, in the order of the files.
    pub fields: &'static [Field],
}

impl KindFields {
    /// The kind of this name; `None` for one that this version does not know.
    pub fn of(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// The field with this key.
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.key == key)
    }
}

/// What a form calls a field: its key in words.
pub fn title_of(key: &str) -> Cow<'_, str> {
    let word = match key {
        "t" => "at",
        "t0" => "from",
        "t1" => "until",
        "t_latest" => "at the latest",
        "u_ns" => "uncertainty",
        "lag_ns" => "lag",
        "ev" => "evidence",
        "svc" => "service",
        "pct" => "traffic %",
        "rel" => "relation",
        "conf" => "confidence",
        "ctype" => "sort of cause",
        "rowkind" => "sort of row",
        _ => return if key.contains('_') { Cow::Owned(key.replace('_', " ")) } else { Cow::Borrowed(key) },
    };
    Cow::Borrowed(word)
}

const fn may(key: &'static str, sort: FieldSort, says: &'static str) -> Field {
    Field { key, sort, says, is_needed: false }
}

const fn must(key: &'static str, sort: FieldSort, says: &'static str) -> Field {
    Field { key, sort, says, is_needed: true }
}

const EVIDENCE: &[&str] = &["evidence"];
/// What may stand at the ends of a link.
const ACTORS: &[&str] = &["cause", "hypothesis", "attempt", "moment", "range", "factor"];
/// What an action or a factor may answer.
const GAPS: &[&str] = &["cause", "factor", "lesson", "question", "attempt", "hypothesis"];
const ROW: FieldSort = FieldSort::Suggested(|| RowKind::ALL.map(RowKind::name).to_vec());
const START: Field = may("t0", FieldSort::Moment, "start");
const END: Field = may("t1", FieldSort::Moment, "end");
const EV: Field = may("ev", FieldSort::Ids(EVIDENCE), "evidence for it");
const SERVICE: Field = may("svc", FieldSort::Text, "service that it speaks of");

/// All kinds that a person writes, in the order of a choice list. Evidence is pinned and conflicts are made by merging.
pub const KINDS: &[KindFields] = &[
    KindFields {
        name: "moment",
        text: "what happened",
        needs_text: true,
        fields: &[
            must("t", FieldSort::Moment, "when"),
            may("u_ns", FieldSort::Span, "how far the clock may be off"),
            SERVICE,
            may("rowkind", ROW, "kind of row"),
        ],
    },
    KindFields {
        name: "range",
        text: "what went on",
        needs_text: true,
        fields: &[
            must("t0", FieldSort::Moment, "start"),
            END,
            may("end", FieldSort::Choice(|| RangeEnd::ALL.map(RangeEnd::name).to_vec()), "what the end means"),
            SERVICE,
            may("rowkind", ROW, "kind of row"),
        ],
    },
    KindFields {
        name: "marker",
        text: "what it was",
        needs_text: false,
        fields: &[
            must("t", FieldSort::Moment, "when; the earliest moment of an interval"),
            may("t_latest", FieldSort::Moment, "latest moment that it can have been"),
            must("name", FieldSort::Choice(|| MarkerName::ALL.map(MarkerName::name).to_vec()), "which marker"),
            may("rule", FieldSort::Text, "how it was found"),
            EV,
        ],
    },
    KindFields {
        name: "hypothesis",
        text: "the claim",
        needs_text: true,
        fields: &[
            START,
            END,
            may("status", FieldSort::Choice(|| HypothesisStatus::ALL.map(HypothesisStatus::name).to_vec()), "what became of it"),
            may("for", FieldSort::Ids(EVIDENCE), "evidence for it"),
            may("against", FieldSort::Ids(EVIDENCE), "evidence against it"),
            may("would_disprove", FieldSort::Text, "what would show it to be wrong"),
            may("closed_by", FieldSort::Id(&[]), "record that settled it"),
        ],
    },
    KindFields {
        name: "cause",
        text: "the statement, the system as its subject",
        needs_text: true,
        fields: &[
            START,
            END,
            may("order", FieldSort::Count, "place in the chain"),
            may("ctype", FieldSort::Choice(|| CauseType::ALL.map(CauseType::name).to_vec()), "sort of cause"),
            may("status", FieldSort::Choice(|| CauseStatus::ALL.map(CauseStatus::name).to_vec()), "how sure"),
            EV,
            may("against", FieldSort::Ids(EVIDENCE), "evidence against it"),
            SERVICE,
            may("how_we_know", FieldSort::Text, "how we know"),
            may("would_disprove", FieldSort::Text, "what would show it to be wrong"),
            may("if_removed", FieldSort::Choice(|| IfRemoved::ALL.map(IfRemoved::name).to_vec()), "the impact without it"),
            may("accepted_because", FieldSort::Text, "why no action answers it"),
        ],
    },
    KindFields {
        name: "link",
        text: "how the one acts on the other",
        needs_text: false,
        fields: &[
            must("from", FieldSort::Id(ACTORS), "what acts"),
            must("to", FieldSort::Id(ACTORS), "what it acts on"),
            may("rel", FieldSort::Choice(|| Relation::ALL.map(Relation::name).to_vec()), "how"),
            may("lag_ns", FieldSort::Span, "time from the one to the other, if the starts do not tell"),
            may("conf", FieldSort::Choice(|| CauseStatus::ALL.map(CauseStatus::name).to_vec()), "how sure"),
            EV,
        ],
    },
    KindFields {
        name: "attempt",
        text: "what was tried",
        needs_text: true,
        fields: &[
            must("t0", FieldSort::Moment, "start"),
            END,
            may("effect", FieldSort::Suggested(|| Outcome::ALL.map(Outcome::name).to_vec()), "what came of it, in words"),
            may("outcome", FieldSort::Choice(|| Outcome::ALL.map(Outcome::name).to_vec()), "what came of it"),
            may("by", FieldSort::Text, "role of the one who tried"),
            EV,
        ],
    },
    KindFields {
        name: "action",
        text: "what to do, a verb first",
        needs_text: true,
        fields: &[
            may("type", FieldSort::Suggested(|| ActionType::ALL.map(ActionType::name).to_vec()), "what it is good for"),
            may("owner", FieldSort::Text, "team or role"),
            may("priority", FieldSort::Suggested(|| vec!["P0", "P1", "P2", "P3"]), "P0 … P3"),
            may("link", FieldSort::Text, "where it is tracked"),
            may("due", FieldSort::Day, "due date"),
            may("done_when", FieldSort::Text, "how one can tell that it is done"),
            may("done_on", FieldSort::Day, "day on which it was done"),
            may("causes", FieldSort::Ids(GAPS), "causes or gaps that it answers"),
            may("gap", FieldSort::Text, "the gap, when there is no record of it"),
            may("not_doing_because", FieldSort::Text, "considered, and not done because"),
        ],
    },
    KindFields {
        name: "question",
        text: "the question",
        needs_text: true,
        fields: &[
            may("status", FieldSort::Choice(|| QuestionStatus::ALL.map(QuestionStatus::name).to_vec()), "what became of it"),
            may("asked_by", FieldSort::Text, "role of the one who asked"),
            may("answer", FieldSort::Text, "the answer"),
            may("blocking", FieldSort::Flag, "not final without the answer"),
            may("about", FieldSort::Ids(&[]), "records that it is about"),
        ],
    },
    KindFields {
        name: "quote",
        text: "the words",
        needs_text: true,
        fields: &[
            must("t", FieldSort::Moment, "when"),
            may("role", FieldSort::Text, "role of the speaker"),
            may("channel", FieldSort::Text, "where it was said"),
        ],
    },
    KindFields {
        name: "bucket",
        text: "what it was",
        needs_text: true,
        fields: &[
            must("name", FieldSort::Choice(|| BucketName::ALL.map(BucketName::name).to_vec()), "how it went"),
            may("about", FieldSort::Ids(&[]), "records that it is about"),
        ],
    },
    KindFields {
        name: "lesson",
        text: "the correct understanding",
        needs_text: true,
        fields: &[
            may("misconception", FieldSort::Text, "what was believed"),
            EV,
            may("taught_in", FieldSort::Text, "run book, check or test that teaches it"),
        ],
    },
    KindFields {
        name: "stage",
        text: "name of the stage",
        needs_text: false,
        fields: &[
            must("t0", FieldSort::Moment, "start"),
            must("t1", FieldSort::Moment, "end"),
            may("pct", FieldSort::Number, "share of the traffic in percent"),
            may("selector", FieldSort::Labels, "labels of its series"),
            may("thresholds", FieldSort::Numbers, "greatest good values, by series"),
            may("verdict", FieldSort::Choice(|| Verdict::ALL.map(Verdict::name).to_vec()), "over the derived verdict"),
            may("rolled_back", FieldSort::Flag, "the rollback rule fired"),
        ],
    },
    KindFields { name: "section", text: "the prose", needs_text: true, fields: &[must("name", FieldSort::Text, "which section")] },
    KindFields {
        name: "factor",
        text: "what it was",
        needs_text: true,
        fields: &[
            must("group", FieldSort::Choice(|| FactorGroup::ALL.map(FactorGroup::name).to_vec()), "where it lies"),
            EV,
            may("causes", FieldSort::Ids(&["cause"]), "causes that it helped"),
            may("opinion", FieldSort::Flag, "an opinion, without evidence"),
        ],
    },
    KindFields {
        name: "resource",
        text: "name of the resource",
        needs_text: true,
        fields: &[
            may("apparent", FieldSort::Text, "what the dashboard suggested"),
            may("actual", FieldSort::Text, "what it really was"),
            may("why", FieldSort::Text, "why the two differ"),
            EV,
        ],
    },
    KindFields {
        name: "keymoment",
        text: "its label",
        needs_text: false,
        fields: &[must("t", FieldSort::Moment, "when"), may("order", FieldSort::Count, "place among the columns")],
    },
];
