//! Everything that is known of a log beside its columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Unfit;
use super::wire::{In, Out};
use crate::model::catalog::Problems;
use crate::model::{Problem, ProblemKind};
use crate::parse::NO_TIME;
use crate::store::late::KeptParts;
use crate::store::log::{LogBuilder, LogFacts};
use crate::store::segment::{Late, LateCount, Segment};

/// What a cache remembers of a log as a whole.
#[derive(Debug, PartialEq)]
pub struct Remembered {
    facts: LogFacts,
    end_byte: u64,
    is_full: bool,
    services: Vec<String>,
    /// Signatures of the messages, by their code.
    signatures: Vec<u64>,
    /// What the loader wants to know again; the store does not look into it.
    pub notes: Vec<u8>,
}

impl Remembered {
    /// Length of the text that it is of.
    pub fn size_bytes(&self) -> u64 {
        self.end_byte
    }

    /// As bytes: the first part of a cache.
    pub fn encode(log: &LogBuilder, notes: &[u8]) -> Vec<u8> {
        let mut out = Out::default();
        out.u64(log.end_byte());
        out.u8(u8::from(log.is_full));
        write_facts(&mut out, &log.facts);
        out.list(log.log.services.iter(), |out, service| out.text(service));
        let mut signatures: Vec<(u32, u64)> = log.messages.iter().map(|(signature, code)| (*code, *signature)).collect();
        signatures.sort_unstable();
        out.list(signatures.into_iter(), |out, (_, signature)| out.u64(signature));
        out.bytes(notes);
        out.0
    }

    /// Reads the first part of a cache.
    pub fn decode(bytes: &[u8]) -> Result<Self, Unfit> {
        let mut part = In(bytes);
        let read = &mut part;
        let remembered = Self {
            end_byte: read.u64()?,
            is_full: read.u8()? != 0,
            facts: read_facts(read)?,
            services: read.list(|read| read.text().map(str::to_owned))?,
            signatures: read.list(In::u64)?,
            notes: read.bytes()?.to_vec(),
        };
        part.end()?;
        if remembered.services.len() > usize::from(u16::MAX) {
            return Err(Unfit::Damaged("it names too many services"));
        }
        Ok(remembered)
    }

    /// Fills an empty log, whose text is `size_bytes` long, with this and the segments, whose late columns are in `kept`.
    pub fn fill(self, log: &mut LogBuilder, segments: Vec<Segment>, kept: Arc<dyn KeptParts>, size_bytes: u64) -> Result<(), Unfit> {
        let (mut n_records, mut n_messages, mut at) = (0u64, 0usize, (0, 0));
        for segment in &segments {
            let is_next = segment.base_record == n_records && segment.base_byte >= at.0 && segment.base_line >= at.1;
            if !is_next || !segment.points_inside(self.services.len(), self.signatures.len()) {
                return Err(Unfit::Damaged("its parts do not fit together"));
            }
            at = (segment.base_byte, segment.base_line);
            n_records += segment.len() as u64;
            n_messages += segment.new_messages.len();
        }
        let levels: u64 = self.facts.level_counts.iter().sum();
        if self.end_byte != size_bytes || at.0 > size_bytes || n_messages != self.signatures.len() || levels != n_records {
            return Err(Unfit::Damaged("its parts do not fit together"));
        }
        log.codes = self.services.iter().enumerate().map(|(code, name)| (name.clone(), code as u16)).collect();
        log.messages = self.signatures.into_iter().enumerate().map(|(code, signature)| (signature, code as u32)).collect();
        log.is_full = self.is_full;
        log.facts = self.facts;
        log.log.services = self.services;
        log.log.segments = segments.into_iter().map(Arc::new).collect();
        log.log.n_records = n_records;
        log.log.end_byte = self.end_byte;
        log.log.kept = Some(kept);
        Ok(())
    }
}

fn write_facts(out: &mut Out, facts: &LogFacts) {
    let LogFacts {
        n_lines,
        n_continuation_lines,
        n_unplaced,
        n_without_pattern,
        n_long_messages,
        span,
        level_counts,
        problems,
        late,
        first_late,
    } = facts;
    for number in [n_lines, n_continuation_lines, n_unplaced, n_without_pattern, n_long_messages] {
        out.u64(*number);
    }
    let (first, last) = span.unwrap_or((NO_TIME, NO_TIME));
    out.i64(first);
    out.i64(last);
    for n in level_counts {
        out.u64(*n);
    }
    write_problems(out, problems);
    let Late { latest, n_placed, n_whole, literal, whole } = *late;
    out.i64(latest.unwrap_or(NO_TIME));
    out.u64(n_placed);
    out.u64(n_whole);
    for count in [literal, whole] {
        out.u64(count.count);
        out.i64(count.max_ns);
        out.u64(count.first.unwrap_or(u64::MAX));
    }
    let (record, line, byte) = first_late.unwrap_or((u64::MAX, 0, 0));
    for number in [record, line, byte] {
        out.u64(number);
    }
}

fn read_facts(read: &mut In<'_>) -> Result<LogFacts, Unfit> {
    let time = |time: i64| (time != NO_TIME).then_some(time);
    let record = |record: u64| (record != u64::MAX).then_some(record);
    let mut facts = LogFacts {
        n_lines: read.u64()?,
        n_continuation_lines: read.u64()?,
        n_unplaced: read.u64()?,
        n_without_pattern: read.u64()?,
        n_long_messages: read.u64()?,
        ..LogFacts::default()
    };
    facts.span = time(read.i64()?).zip(time(read.i64()?));
    for n in &mut facts.level_counts {
        *n = read.u64()?;
    }
    facts.problems = read_problems(read)?;
    facts.late = Late {
        latest: time(read.i64()?),
        n_placed: read.u64()?,
        n_whole: read.u64()?,
        literal: LateCount { count: read.u64()?, max_ns: read.i64()?, first: record(read.u64()?) },
        whole: LateCount { count: read.u64()?, max_ns: read.i64()?, first: record(read.u64()?) },
    };
    let first_late = (record(read.u64()?), read.u64()?, read.u64()?);
    facts.first_late = first_late.0.map(|record| (record, first_late.1, first_late.2));
    Ok(facts)
}

fn write_problems(out: &mut Out, problems: &Problems) {
    out.list(problems.kept().iter(), |out, problem| {
        out.u64(problem.line);
        out.u64(problem.byte);
        out.u8(code_of(problem.kind));
        out.text(&problem.reason);
    });
    out.list(problems.counts().iter(), |out, (kind, n)| {
        out.u8(code_of(*kind));
        out.u64(*n);
    });
}

fn read_problems(read: &mut In<'_>) -> Result<Problems, Unfit> {
    let kept = read
        .list(|read| Ok(Problem { line: read.u64()?, byte: read.u64()?, kind: kind_of(read.u8()?)?, reason: read.text()?.to_owned() }))?;
    let counts = read.list(|read| Ok((kind_of(read.u8()?)?, read.u64()?)))?;
    Ok(Problems::from_parts(kept, BTreeMap::from_iter(counts)))
}

const fn code_of(kind: ProblemKind) -> u8 {
    match kind {
        ProblemKind::Truncated => 0,
        ProblemKind::Encoding => 1,
        ProblemKind::Syntax => 2,
        ProblemKind::Time => 3,
        ProblemKind::Limit => 4,
        ProblemKind::Duplicate => 5,
        ProblemKind::Order => 6,
        ProblemKind::Answer => 7,
        ProblemKind::Unreadable => 8,
    }
}

fn kind_of(code: u8) -> Result<ProblemKind, Unfit> {
    Ok(match code {
        0 => ProblemKind::Truncated,
        1 => ProblemKind::Encoding,
        2 => ProblemKind::Syntax,
        3 => ProblemKind::Time,
        4 => ProblemKind::Limit,
        5 => ProblemKind::Duplicate,
        6 => ProblemKind::Order,
        7 => ProblemKind::Answer,
        8 => ProblemKind::Unreadable,
        _ => return Err(Unfit::Damaged("it tells of an unknown problem")),
    })
}
