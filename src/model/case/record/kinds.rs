//! The fields of each kind as JSON, and back. Keys are those of the files and of `coroner note --set`.

use serde_json::{Map, Value, json};

use super::evidence::{put_evidence, take_evidence};
use super::fields::{Taker, ids, labels_json, number, put_flag, put_ids, put_numbers, put_range, put_text, put_word, time};
use crate::model::case::{
    ActionItem, Attempt, Bucket, BucketName, Cause, CauseStatus, CauseType, Conflict, Factor, FactorGroup, Hypothesis, HypothesisStatus,
    IfRemoved, Lesson, Link, MarkerName, Outcome, Question, QuestionStatus, Quote, RangeEnd, Relation, Resource, Section, Stage, Verdict,
};
use crate::model::{AnnotationId, AnnotationKind, TimeRange, Timestamp};

type Fields = Map<String, Value>;

/// Writes the fields of a kind in their fixed order.
pub(super) fn put_kind(out: &mut Fields, kind: &AnnotationKind) {
    match kind {
        AnnotationKind::Moment { at, service, row_kind, uncertainty_ns } => {
            out.insert("t".into(), time(*at));
            put_number(out, "u_ns", *uncertainty_ns);
            put_text(out, "svc", service.as_deref());
            put_text(out, "rowkind", row_kind.as_deref());
        }
        AnnotationKind::Range { range, end, service, row_kind } => {
            put_stretch(out, *range, *end, (service.as_deref(), row_kind.as_deref()));
        }
        AnnotationKind::Marker { name, at, latest, rule, evidence } => {
            out.insert("t".into(), time(*at));
            if let Some(latest) = latest {
                out.insert("t_latest".into(), time(*latest));
            }
            out.insert("name".into(), json!(name.name()));
            out.insert("rule".into(), json!(rule));
            put_ids(out, "ev", evidence);
        }
        AnnotationKind::Evidence(evidence) => put_evidence(out, evidence),
        AnnotationKind::Hypothesis(hypothesis) => put_hypothesis(out, hypothesis),
        AnnotationKind::Cause(cause) => put_cause(out, cause),
        AnnotationKind::Link(link) => {
            out.insert("from".into(), json!(link.from.0));
            out.insert("to".into(), json!(link.to.0));
            out.insert("rel".into(), json!(link.relation.name()));
            put_number(out, "lag_ns", link.lag_ns);
            put_word(out, "conf", link.confidence.map(CauseStatus::name));
            put_ids(out, "ev", &link.evidence);
        }
        AnnotationKind::Attempt(attempt) => {
            put_range(out, attempt.at);
            put_text(out, "effect", attempt.effect.as_deref());
            put_word(out, "outcome", attempt.outcome.map(Outcome::name));
            put_text(out, "by", attempt.by.as_deref());
            put_ids(out, "ev", &attempt.evidence);
        }
        AnnotationKind::Action(action) => put_action(out, action),
        AnnotationKind::Stage(stage) => put_stage(out, stage),
        AnnotationKind::KeyMoment { at, order } => {
            out.insert("t".into(), time(*at));
            put_number(out, "order", *order);
        }
        AnnotationKind::Question(_)
        | AnnotationKind::Quote(_)
        | AnnotationKind::Bucket(_)
        | AnnotationKind::Lesson(_)
        | AnnotationKind::Section(_)
        | AnnotationKind::Factor(_)
        | AnnotationKind::Resource(_) => put_story(out, kind),
        AnnotationKind::Conflict(conflict) => {
            out.insert("of".into(), json!(conflict.of.0));
            out.insert("field".into(), json!(conflict.field));
            for (key, value) in [("base", &conflict.base), ("a", &conflict.sides[0]), ("b", &conflict.sides[1])] {
                if let Some(value) = value {
                    out.insert(key.into(), value.clone());
                }
            }
        }
        AnnotationKind::Other(_) => {}
    }
}

/// The kinds without a reading of the clock: what people asked, said, felt and learned.
fn put_story(out: &mut Fields, kind: &AnnotationKind) {
    match kind {
        AnnotationKind::Question(question) => {
            out.insert("status".into(), json!(question.status.name()));
            put_text(out, "asked_by", question.asked_by.as_deref());
            put_text(out, "answer", question.answer.as_deref());
            put_flag(out, "blocking", question.is_blocking);
            put_ids(out, "about", &question.about);
        }
        AnnotationKind::Quote(quote) => {
            out.insert("t".into(), time(quote.at));
            put_text(out, "role", quote.role.as_deref());
            put_text(out, "channel", quote.channel.as_deref());
        }
        AnnotationKind::Bucket(bucket) => {
            out.insert("name".into(), json!(bucket.name.name()));
            put_ids(out, "about", &bucket.about);
        }
        AnnotationKind::Lesson(lesson) => {
            put_text(out, "misconception", lesson.misconception.as_deref());
            put_ids(out, "ev", &lesson.evidence);
            put_text(out, "taught_in", lesson.taught_in.as_deref());
        }
        AnnotationKind::Section(section) => {
            out.insert("name".into(), json!(section.name));
        }
        AnnotationKind::Factor(factor) => {
            out.insert("group".into(), json!(factor.group.name()));
            put_ids(out, "ev", &factor.evidence);
            put_ids(out, "causes", &factor.causes);
            put_flag(out, "opinion", factor.is_opinion);
        }
        AnnotationKind::Resource(resource) => {
            put_text(out, "apparent", resource.apparent.as_deref());
            put_text(out, "actual", resource.actual.as_deref());
            put_text(out, "why", resource.why.as_deref());
            put_ids(out, "ev", &resource.evidence);
        }
        _ => {}
    }
}

fn put_number(out: &mut Fields, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        out.insert(key.into(), value.into());
    }
}

fn put_stretch(out: &mut Fields, range: TimeRange, end: RangeEnd, (service, row_kind): (Option<&str>, Option<&str>)) {
    out.insert("t0".into(), time(range.start()));
    if end != RangeEnd::Open || !range.is_empty() {
        out.insert("t1".into(), time(range.end()));
    }
    if end != RangeEnd::Exclusive {
        out.insert("end".into(), json!(end.name()));
    }
    put_text(out, "svc", service);
    put_text(out, "rowkind", row_kind);
}

fn put_hypothesis(out: &mut Fields, hypothesis: &Hypothesis) {
    if let Some(range) = hypothesis.at {
        put_range(out, range);
    }
    out.insert("status".into(), json!(hypothesis.status.name()));
    put_ids(out, "for", &hypothesis.supports);
    put_ids(out, "against", &hypothesis.against);
    put_text(out, "would_disprove", hypothesis.would_disprove.as_deref());
    put_text(out, "closed_by", hypothesis.closed_by.as_ref().map(|id| id.0.as_str()));
}

fn put_cause(out: &mut Fields, cause: &Cause) {
    if let Some(range) = cause.at {
        put_range(out, range);
    }
    out.insert("order".into(), json!(cause.order));
    out.insert("ctype".into(), json!(cause.cause_type.name()));
    out.insert("status".into(), json!(cause.status.name()));
    out.insert("ev".into(), ids(&cause.evidence));
    put_ids(out, "against", &cause.against);
    put_text(out, "svc", cause.service.as_deref());
    put_text(out, "how_we_know", cause.how_we_know.as_deref());
    put_text(out, "would_disprove", cause.would_disprove.as_deref());
    put_word(out, "if_removed", cause.if_removed.map(IfRemoved::name));
    put_text(out, "accepted_because", cause.accepted_because.as_deref());
}

fn put_action(out: &mut Fields, action: &ActionItem) {
    put_text(out, "type", action.action_type.as_deref());
    put_text(out, "owner", action.owner.as_deref());
    put_text(out, "priority", action.priority.as_deref());
    put_text(out, "link", action.link.as_deref());
    put_text(out, "due", action.due.as_deref());
    put_text(out, "done_when", action.done_when.as_deref());
    put_text(out, "done_on", action.done_on.as_deref());
    put_ids(out, "causes", &action.causes);
    put_text(out, "gap", action.gap.as_deref());
    put_text(out, "not_doing_because", action.not_doing_because.as_deref());
}

fn put_stage(out: &mut Fields, stage: &Stage) {
    put_range(out, stage.at);
    if let Some(percent) = stage.percent {
        out.insert("pct".into(), number(percent));
    }
    if stage.selector.iter().next().is_some() {
        out.insert("selector".into(), labels_json(&stage.selector));
    }
    put_numbers(out, "thresholds", &stage.thresholds);
    put_word(out, "verdict", stage.verdict.map(Verdict::name));
    if let Some(flag) = stage.has_rolled_back {
        out.insert("rolled_back".into(), json!(flag));
    }
}

/// Reads and removes the fields of a kind; `None` for a kind that this version does not know.
pub(super) fn take_kind(kind: &str, fields: &mut Fields) -> Result<Option<AnnotationKind>, String> {
    let mut take = Taker { fields };
    Ok(Some(match kind {
        "moment" => AnnotationKind::Moment {
            at: take.time("t")?,
            uncertainty_ns: take.opt_i64("u_ns")?,
            service: take.opt_text("svc")?,
            row_kind: take.opt_text("rowkind")?,
        },
        "range" => take_stretch(&mut take)?,
        "marker" => AnnotationKind::Marker {
            at: take.time("t")?,
            latest: take.opt_time("t_latest")?,
            name: take.named("name", MarkerName::from_name)?,
            rule: take.opt_text("rule")?.unwrap_or_else(|| "manual".to_owned()),
            evidence: take.ids("ev")?,
        },
        "evidence" => AnnotationKind::Evidence(take_evidence(&mut take)?),
        "hypothesis" => AnnotationKind::Hypothesis(Hypothesis {
            at: take.opt_range()?,
            status: take.opt_named("status", HypothesisStatus::from_name)?.unwrap_or_default(),
            supports: take.ids("for")?,
            against: take.ids("against")?,
            would_disprove: take.opt_text("would_disprove")?,
            closed_by: take.opt_id("closed_by")?,
        }),
        "cause" => AnnotationKind::Cause(take_cause(&mut take)?),
        "link" => AnnotationKind::Link(Link {
            from: AnnotationId(take.text("from")?),
            to: AnnotationId(take.text("to")?),
            relation: take.opt_named("rel", Relation::from_name)?.unwrap_or_default(),
            lag_ns: take.opt_i64("lag_ns")?,
            confidence: take.opt_named("conf", CauseStatus::from_name)?,
            evidence: take.ids("ev")?,
        }),
        "attempt" => AnnotationKind::Attempt(Attempt {
            at: take.range()?,
            effect: take.opt_text("effect")?,
            outcome: take.opt_named("outcome", Outcome::from_name)?,
            by: take.opt_text("by")?,
            evidence: take.ids("ev")?,
        }),
        "action" => AnnotationKind::Action(take_action(&mut take)?),
        "stage" => AnnotationKind::Stage(Stage {
            at: take.range()?,
            percent: take.opt_number("pct")?,
            selector: take.opt_labels("selector")?,
            thresholds: take.numbers("thresholds")?,
            verdict: take.opt_named("verdict", Verdict::from_name)?,
            has_rolled_back: take.opt_flag("rolled_back")?,
        }),
        "keymoment" => AnnotationKind::KeyMoment { at: take.time("t")?, order: take.opt_u32("order")? },
        "conflict" => AnnotationKind::Conflict(Conflict {
            of: AnnotationId(take.text("of")?),
            field: take.text("field")?,
            base: take.fields.shift_remove("base"),
            sides: [take.fields.shift_remove("a"), take.fields.shift_remove("b")],
        }),
        _ => return take_story(kind, &mut take),
    }))
}

fn take_story(kind: &str, take: &mut Taker) -> Result<Option<AnnotationKind>, String> {
    Ok(Some(match kind {
        "question" => AnnotationKind::Question(Question {
            status: take.opt_named("status", QuestionStatus::from_name)?.unwrap_or_default(),
            asked_by: take.opt_text("asked_by")?,
            answer: take.opt_text("answer")?,
            is_blocking: take.flag("blocking")?,
            about: take.ids("about")?,
        }),
        "quote" => AnnotationKind::Quote(Quote { at: take.time("t")?, role: take.opt_text("role")?, channel: take.opt_text("channel")? }),
        "bucket" => AnnotationKind::Bucket(Bucket { name: take.named("name", BucketName::from_name)?, about: take.ids("about")? }),
        "lesson" => AnnotationKind::Lesson(Lesson {
            misconception: take.opt_text("misconception")?,
            evidence: take.ids("ev")?,
            taught_in: take.opt_text("taught_in")?,
        }),
        "section" => AnnotationKind::Section(Section { name: take.text("name")? }),
        "factor" => AnnotationKind::Factor(Factor {
            group: take.named("group", FactorGroup::from_name)?,
            evidence: take.ids("ev")?,
            causes: take.ids("causes")?,
            is_opinion: take.flag("opinion")?,
        }),
        "resource" => AnnotationKind::Resource(Resource {
            apparent: take.opt_text("apparent")?,
            actual: take.opt_text("actual")?,
            why: take.opt_text("why")?,
            evidence: take.ids("ev")?,
        }),
        _ => return Ok(None),
    }))
}

fn take_stretch(take: &mut Taker) -> Result<AnnotationKind, String> {
    let (start, until) = (take.time("t0")?, take.opt_time("t1")?);
    let end = take.opt_named("end", RangeEnd::from_name)?;
    let end = end.unwrap_or(if until.is_some() { RangeEnd::Exclusive } else { RangeEnd::Open });
    let until: Timestamp = match until {
        Some(until) if until < start => return Err("\"t1\" is earlier than \"t0\"".into()),
        Some(until) => until,
        None if end == RangeEnd::Open => start,
        None => return Err("\"t1\" is missing".into()),
    };
    let range = TimeRange::new(start, until);
    Ok(AnnotationKind::Range { range, end, service: take.opt_text("svc")?, row_kind: take.opt_text("rowkind")? })
}

fn take_cause(take: &mut Taker) -> Result<Cause, String> {
    Ok(Cause {
        at: take.opt_range()?,
        order: take.opt_u32("order")?.unwrap_or_default(),
        cause_type: take.opt_named("ctype", CauseType::from_name)?.unwrap_or_default(),
        status: take.opt_named("status", CauseStatus::from_name)?.unwrap_or_default(),
        evidence: take.ids("ev")?,
        against: take.ids("against")?,
        service: take.opt_text("svc")?,
        how_we_know: take.opt_text("how_we_know")?,
        would_disprove: take.opt_text("would_disprove")?,
        if_removed: take.opt_named("if_removed", IfRemoved::from_name)?,
        accepted_because: take.opt_text("accepted_because")?,
    })
}

fn take_action(take: &mut Taker) -> Result<ActionItem, String> {
    Ok(ActionItem {
        action_type: take.opt_text("type")?,
        owner: take.opt_text("owner")?,
        priority: take.opt_text("priority")?,
        link: take.opt_text("link")?,
        due: take.opt_text("due")?,
        done_when: take.opt_text("done_when")?,
        done_on: take.opt_text("done_on")?,
        causes: take.ids("causes")?,
        gap: take.opt_text("gap")?,
        not_doing_because: take.opt_text("not_doing_because")?,
    })
}
