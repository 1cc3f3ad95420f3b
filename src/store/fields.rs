//! Which fields records have and what stands in them, from a sample: to complete what is typed, to find values by their
//! letters, and to name the nearest field when one is asked for that nobody has.
//!
//! The sample is spread over each log and the same for the same data. A field that is rarer than one record in some
//! hundreds may be missing, so an answer "nobody has it" must come from the records themselves.

use std::collections::{BTreeMap, HashMap};

use crate::model::filter::number;
use crate::model::query::FieldSeen;

use super::events::Events;
use super::log::Log;
use super::{StoreError, Watch, parallel};

/// Records read of one log.
const PER_LOG: u64 = 512;
/// Records read of all logs together; many logs get fewer each, but never none.
const ALL_LOGS: u64 = 16_384;
/// Different values kept of a field while it is sampled; an id has a new one in every record.
const MAX_VALUES: usize = 256;
/// Longer values are no names.
const MAX_VALUE_CHARS: usize = 80;

#[derive(Default)]
struct Tally {
    n_records: u64,
    n_numbers: u64,
    n_durations: u64,
    values: HashMap<String, u64>,
}

impl Events<'_> {
    /// The fields of all logs by name.
    pub fn fields(&self, watch: &Watch<'_>) -> Result<Vec<FieldSeen>, StoreError> {
        let n_each = (ALL_LOGS / self.logs.len().max(1) as u64).clamp(4, PER_LOG);
        let sampled = parallel::map(self.logs, self.jobs, || (), |(), log| sample(log, n_each, watch))?;
        let mut all: BTreeMap<String, Tally> = BTreeMap::new();
        for (name, tally) in sampled.into_iter().flatten() {
            let sum = all.entry(name).or_default();
            sum.n_records += tally.n_records;
            sum.n_numbers += tally.n_numbers;
            sum.n_durations += tally.n_durations;
            for (value, n) in tally.values {
                *sum.values.entry(value).or_default() += n;
            }
        }
        Ok(all.into_iter().map(|(name, tally)| tally.seen(name)).collect())
    }
}

fn sample(log: &Log, n_wanted: u64, watch: &Watch<'_>) -> Result<BTreeMap<String, Tally>, StoreError> {
    let mut fields: BTreeMap<String, Tally> = BTreeMap::new();
    let n = log.n_records();
    let step = n.div_ceil(n_wanted.max(1)).max(1);
    for record in (0..n).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
        watch.check()?;
        let Some(detail) = log.find(record).and_then(|(segment, i)| log.read_detail(segment, i, watch).transpose()).transpose()? else {
            continue;
        };
        for (name, value) in detail.fields {
            let tally = fields.entry(name).or_default();
            tally.n_records += 1;
            let is_number = number(&value).is_some_and(f64::is_finite);
            tally.n_numbers += u64::from(is_number);
            tally.n_durations += u64::from(is_number && value.ends_with(|c: char| c.is_alphabetic()));
            let is_name = !value.is_empty() && value.chars().count() <= MAX_VALUE_CHARS && !value.contains(['\n', '{', '[']);
            if is_name && (tally.values.len() < MAX_VALUES || tally.values.contains_key(&value)) {
                *tally.values.entry(value).or_default() += 1;
            }
        }
    }
    Ok(fields)
}

impl Tally {
    fn seen(self, name: String) -> FieldSeen {
        let mut values: Vec<(String, u64)> = self.values.into_iter().collect();
        values.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        values.truncate(MAX_VALUES);
        FieldSeen { name, n_records: self.n_records, n_numbers: self.n_numbers, n_durations: self.n_durations, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::filter::Selections;
    use crate::store::testing::{log, watch};

    #[test]
    fn fields_and_their_values_are_counted() {
        let logs = [log(0, "a", "1 info s a=1 b=x\n2 info s a=2 b=x\n3 info s b=y\n", 2), log(1, "b", "1 info s b=x\n", 9)];
        let selections = Selections::default();
        let fields = Events { logs: &logs, selections: &selections, jobs: 2 }.fields(&watch()).unwrap();
        let told: Vec<_> =
            fields.iter().filter(|field| field.name != "word").map(|field| (&*field.name, field.n_records, field.n_numbers)).collect();
        assert_eq!(told, [("a", 2, 2), ("b", 4, 0)]);
        assert_eq!(fields[1].values, [("x".to_owned(), 3), ("y".to_owned(), 1)]);
    }
}
