//! Merging two versions of the records of a case that began as one: by record, then by field.
//!
//! Swapping the two sides never changes the answer. A field that one side changed takes that change; lists of ids and
//! labels are united; what both changed differently becomes a `conflict` record beside the record, which holds one of
//! the two values: nothing is lost. What this version does not know is merged as fields without a meaning.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    Annotation, AnnotationId, AnnotationKind, Conflict, FieldSort, KindFields, Visibility, annotation_from_json, annotation_to_json,
};
use crate::model::time::Timestamp;

/// Field of a conflict in which one side removed the record that the other one changed.
pub(super) const REMOVED: &str = "del";
/// Field of a conflict between whole records: two kinds, or fields that do not go together.
pub(super) const WHOLE: &str = "*";

/// Fields that count changes: they follow from the two versions and never conflict.
const COUNTS: [&str; 3] = ["rev", "created", "updated"];

type Records = BTreeMap<AnnotationId, Annotation>;
type Fields = Map<String, Value>;

/// One version of the records.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// What there is.
    pub records: &'a Records,
    /// Ids of records that are known to have been removed.
    pub removed: &'a BTreeSet<AnnotationId>,
}

impl Side<'_> {
    fn has_settled(&self, id: &AnnotationId, base: &Self) -> bool {
        !self.records.contains_key(id) && (self.removed.contains(id) || base.records.contains_key(id))
    }
}

/// What came of a merge.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MergedRecords {
    /// All records, the new conflicts among them.
    pub records: Records,
    /// Conflicts that this merge made, or found again.
    pub conflicts: Vec<AnnotationId>,
}

/// Merges two versions that both began with `base`. O(records).
pub fn merge_records(base: Side<'_>, ours: Side<'_>, theirs: Side<'_>) -> MergedRecords {
    let ids: BTreeSet<&AnnotationId> = [base, ours, theirs].into_iter().flat_map(|side| side.records.keys()).collect();
    let mut merge = Merge { base, sides: [ours, theirs], out: MergedRecords::default() };
    // Conflicts come last, so that one that is made again meets the one that is there.
    let (conflicts, others): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| {
        let is_conflict = |side: &Side<'_>| side.records.get(id).is_some_and(|record| matches!(record.kind, AnnotationKind::Conflict(_)));
        [base, ours, theirs].iter().any(is_conflict)
    });
    for id in others.into_iter().chain(conflicts) {
        merge.record(id);
    }
    merge.out.conflicts.sort();
    merge.out.conflicts.dedup();
    merge.out
}

struct Merge<'a> {
    base: Side<'a>,
    sides: [Side<'a>; 2],
    out: MergedRecords,
}

/// The record that both sides changed.
struct Contest<'a> {
    of: &'a AnnotationId,
    /// Revision and time of each side: the newer one stands.
    ranks: [(u32, Timestamp); 2],
}

/// What both sides made of one field.
#[derive(Clone, Copy)]
struct Clash<'a> {
    field: &'a str,
    base: Option<&'a Value>,
    values: [Option<&'a Value>; 2],
}

impl Merge<'_> {
    fn record(&mut self, id: &AnnotationId) {
        let base = self.base.records.get(id);
        let [a, b] = self.sides.map(|side| side.records.get(id));
        // A record that one side has and that the other one knows as removed, without a common version.
        let is_removal = |at: usize| base.is_none() && self.sides[at].removed.contains(id) && !self.base.removed.contains(id);
        let merged = match (a, b) {
            (a, b) if a == b => a.cloned(),
            (None, Some(kept)) if is_removal(0) => self.against_removal(id, base, kept, 1),
            (Some(kept), None) if is_removal(1) => self.against_removal(id, base, kept, 0),
            (a, b) if a == base => b.cloned(),
            (a, b) if b == base => a.cloned(),
            (Some(a), Some(b)) => Some(self.both(base, [a, b])),
            (None, Some(kept)) => self.against_removal(id, base, kept, 1),
            (Some(kept), None) => self.against_removal(id, base, kept, 0),
            (None, None) => None,
        };
        if let Some(record) = merged {
            self.out.records.entry(id.clone()).or_insert(record);
        }
    }

    /// One side changed what the other one removed: it stays until somebody decides.
    fn against_removal(&mut self, id: &AnnotationId, base: Option<&Annotation>, kept: &Annotation, at: usize) -> Option<Annotation> {
        let [base, kept_fields] = [base, Some(kept)].map(|record| record.map(|record| Value::Object(fields(record))));
        let contest = Contest { of: id, ranks: [(kept.revision, kept.updated); 2] };
        let mut values = [None, None];
        values[at] = kept_fields.as_ref();
        let clash = Clash { field: REMOVED, base: base.as_ref(), values };
        (self.clash(&contest, clash) == at).then(|| kept.clone())
    }

    fn both(&mut self, base: Option<&Annotation>, sides: [&Annotation; 2]) -> Annotation {
        let [first, second] = sides;
        let contest = Contest { of: &first.id, ranks: sides.map(|side| (side.revision, side.updated)) };
        let n_before = self.out.conflicts.len();
        if first.kind.name() == second.kind.name()
            && let Some(merged) = self.by_field(&contest, base, [first, second])
        {
            return merged;
        }
        // Fields of two kinds, or that mean nothing together: one of the two whole records.
        for made in self.out.conflicts.drain(n_before..) {
            self.out.records.remove(&made);
        }
        let [base, one, other] =
            [base, Some(first), Some(second)].map(|record| record.map(|record| Value::Object(annotation_to_json(record))));
        let taken = self.clash(&contest, Clash { field: WHOLE, base: base.as_ref(), values: [one.as_ref(), other.as_ref()] });
        [first, second][taken].clone()
    }

    /// `None`: what came out is no record of its kind.
    fn by_field(&mut self, contest: &Contest<'_>, base: Option<&Annotation>, [first, second]: [&Annotation; 2]) -> Option<Annotation> {
        let before = base.filter(|base| base.kind.name() == first.kind.name()).map(fields);
        let (one, other) = (fields(first), fields(second));
        let mut keys: Vec<&String> = before.iter().flat_map(|fields| fields.keys()).collect();
        let more: BTreeSet<&String> = one.keys().chain(other.keys()).filter(|key| !keys.contains(key)).collect();
        keys.extend(more);
        let mut merged = Fields::new();
        for key in keys {
            let clash =
                Clash { field: key, base: before.as_ref().and_then(|before| before.get(key)), values: [one.get(key), other.get(key)] };
            let value = match (sort_of(first.kind.name(), key), three_way(clash, before.is_some())) {
                (_, Ok(value)) => value.cloned(),
                (Sort::Set, Err(BothChanged)) => match united(clash) {
                    Some(members) => (!members.is_empty()).then(|| json!(members)),
                    None => clash.values[self.clash(contest, clash)].cloned(),
                },
                (Sort::Table, Err(BothChanged)) => self.table(contest, clash),
                (Sort::One, Err(BothChanged)) => clash.values[self.clash(contest, clash)].cloned(),
            };
            merged.extend(value.map(|value| (key.clone(), value)));
        }
        merged.insert("rev".into(), json!(first.revision.max(second.revision)));
        let (merged, surprise) = annotation_from_json(&merged).ok()?;
        let was_strange = [first, second].iter().any(|side| matches!(side.kind, AnnotationKind::Other(_)));
        if surprise.is_some() && !was_strange {
            return None;
        }
        Some(Annotation { created: first.created.min(second.created), updated: first.updated.max(second.updated), ..merged })
    }

    /// Objects by their keys: thresholds, labels.
    fn table(&mut self, contest: &Contest<'_>, whole: Clash<'_>) -> Option<Value> {
        let object = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
        let (before, [one, other]) = (object(whole.base), whole.values.map(object));
        let names: BTreeSet<&String> = before.keys().chain(one.keys()).chain(other.keys()).collect();
        let mut merged = Fields::new();
        for name in names {
            let field = format!("{}.{name}", whole.field);
            let clash = Clash { field: &field, base: before.get(name), values: [one.get(name), other.get(name)] };
            let value = match three_way(clash, true) {
                Ok(value) => value,
                Err(BothChanged) => clash.values[self.clash(contest, clash)],
            };
            merged.extend(value.map(|value| (name.clone(), value.clone())));
        }
        (!merged.is_empty()).then_some(Value::Object(merged))
    }

    /// Makes the conflict unless somebody has settled it. Which of the two values stands in the record.
    fn clash(&mut self, contest: &Contest<'_>, clash: Clash<'_>) -> usize {
        let text = |at: usize| clash.values[at].map(ToString::to_string).unwrap_or_default();
        let stands = usize::from((contest.ranks[1], text(1)) > (contest.ranks[0], text(0)));
        // Settled on both sides, in two ways: the next round is another conflict.
        for round in 0..8u8 {
            let id = conflict_id(contest.of, clash, round);
            match self.sides.map(|side| side.has_settled(&id, &self.base)) {
                [true, true] => {}
                [true, false] => return 0,
                [false, true] => return 1,
                [false, false] => {
                    let record = conflict(contest, clash, stands, id.clone());
                    // One that is there may carry words of somebody.
                    let known =
                        self.sides.iter().filter_map(|side| side.records.get(&id)).max_by_key(|known| (known.revision, known.updated));
                    self.out.records.insert(id.clone(), known.cloned().unwrap_or(record));
                    self.out.conflicts.push(id);
                    return stands;
                }
            }
        }
        stands
    }
}

fn fields(annotation: &Annotation) -> Fields {
    let mut fields = annotation_to_json(annotation);
    fields.retain(|key, _| !COUNTS.contains(&key.as_str()));
    fields
}

/// The value, if any, when at most one side changed it; an error when both did. Without a common version what only
/// one side has stays.
fn three_way(clash: Clash<'_>, has_base: bool) -> Result<Option<&Value>, BothChanged> {
    match (clash.values[0], clash.values[1]) {
        (a, b) if a == b => Ok(a),
        (one, None) | (None, one) if !has_base => Ok(one),
        (a, b) if a == clash.base && has_base => Ok(b),
        (a, b) if b == clash.base && has_base => Ok(a),
        _ => Err(BothChanged),
    }
}

/// Both sides changed a value, each in its way.
struct BothChanged;

/// How a field is merged.
enum Sort {
    One,
    Set,
    Table,
}

fn sort_of(kind: &str, key: &str) -> Sort {
    match KindFields::of(kind).and_then(|form| form.field(key)).map(|field| field.sort) {
        Some(FieldSort::Ids(_)) => Sort::Set,
        Some(FieldSort::Labels | FieldSort::Numbers) => Sort::Table,
        _ if key == "tags" => Sort::Set,
        _ => Sort::One,
    }
}

/// Members that neither side took out and those that either put in, in the order of the base, new ones by name.
/// `None`: one of them is no list of names.
fn united(clash: Clash<'_>) -> Option<Vec<String>> {
    let list = |value: Option<&Value>| -> Option<Vec<String>> {
        let Some(value) = value else { return Some(Vec::new()) };
        value.as_array()?.iter().map(|member| member.as_str().map(str::to_owned)).collect()
    };
    let (base, a, b) = (list(clash.base)?, list(clash.values[0])?, list(clash.values[1])?);
    let mut united: Vec<String> = Vec::new();
    for member in base.iter().filter(|member| a.contains(member) && b.contains(member)) {
        if !united.contains(member) {
            united.push(member.clone());
        }
    }
    let new: BTreeSet<&String> = a.iter().chain(&b).filter(|member| !base.contains(member)).collect();
    united.extend(new.into_iter().cloned());
    Some(united)
}

/// The same for the same conflict, whoever merges: 26 letters like other ids, after all of them.
fn conflict_id(of: &AnnotationId, clash: Clash<'_>, round: u8) -> AnnotationId {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    // Which side is newer may change by a later merge; the two values do not.
    let mut texts = clash.values.map(|value| value.map(ToString::to_string));
    texts.sort();
    let seed = json!([of.0, clash.field, texts, round]).to_string();
    let digest = Sha256::digest(seed.as_bytes());
    let letters = digest.iter().take(25).map(|byte| char::from(DIGITS[usize::from(byte & 31)]));
    AnnotationId(std::iter::once('Z').chain(letters).collect())
}

fn conflict(contest: &Contest<'_>, clash: Clash<'_>, stands: usize, id: AnnotationId) -> Annotation {
    let kind = Conflict {
        of: contest.of.clone(),
        field: clash.field.to_owned(),
        base: clash.base.cloned(),
        sides: [stands, 1 - stands].map(|at| clash.values[at].cloned()),
    };
    let updated = contest.ranks[0].1.max(contest.ranks[1].1);
    Annotation {
        id,
        kind: AnnotationKind::Conflict(kind),
        text: String::new(),
        tags: Vec::new(),
        visibility: Visibility::default(),
        is_pinned: false,
        author: String::new(),
        created: updated,
        updated,
        revision: 1,
        unknown: Map::new(),
    }
}
