use super::*;
use crate::model::series::STALE_BITS;
use proptest::prelude::*;

fn held(source: u32, name: &str, labels: &[(&str, &str)], samples: &[(i64, f64)]) -> Held {
    let sample = |(ms, value): &(i64, f64)| Sample { time: Timestamp(ms * 1_000_000), value: *value };
    let store = SeriesStore::new(samples.iter().map(sample).collect());
    let labels = Labels::new(labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
    let meta = SeriesMeta {
        name: name.to_owned(),
        labels,
        source: SourceId(source),
        n_samples: store.len() as u64,
        extent: store.extent(),
        ..SeriesMeta::default()
    };
    (meta, Arc::new(store))
}

/// `x` of each source: its sources, then its samples as `ms=value`.
fn merged(sources: &[&[(i64, f64)]]) -> Vec<String> {
    let all = (0..).zip(sources).map(|(source, samples)| held(source, "x", &[], samples)).collect();
    let shown = |(meta, store): &Held| {
        let sources: Vec<String> = meta.sources().map(|source| source.0.to_string()).collect();
        let words: Vec<String> = samples(store).iter().map(|sample| format!("{}={}", sample.time.0 / 1_000_000, sample.value)).collect();
        format!("{}: {}", sources.join("+"), words.join(" "))
    };
    merge(all).0.iter().map(shown).collect()
}

#[test]
fn a_dump_and_a_query_of_one_series_are_one() {
    let scraped = [(331, 1.0), (1331, 2.0), (2331, 5.0), (3331, 5.0)];
    let asked = [(1000, 1.0), (2000, 2.0), (3000, 5.0), (4000, 5.0), (5000, 5.0)];
    assert_eq!(merged(&[&asked, &scraped]), ["1+0: 331=1 1331=2 2331=5 3331=5"], "the dump has fewer, but a step of its own");
    assert_eq!(merged(&[&scraped, &scraped, &scraped]), ["0+1+2: 331=1 1331=2 2331=5 3331=5"]);
}

#[test]
fn what_only_one_of_them_covers_is_kept() {
    assert_eq!(merged(&[&[(1, 1.0), (2, 2.0), (3, 3.0)], &[(2, 2.0), (3, 3.0), (4, 9.0)]]), ["0+1: 1=1 2=2 3=3 4=9"]);
    assert_eq!(merged(&[&[(1, 1.0), (2, 2.0)], &[(3, 3.0), (4, 4.0)]]).len(), 2, "nothing says that they are one");
    assert_eq!(merged(&[&[(1, 1.0)], &[(2, 1.0)]]).len(), 2, "two moments are no course");
}

#[test]
fn different_values_stay_apart_and_are_told() {
    let all =
        vec![held(0, "x", &[("a", "b")], &[(1, 1.0), (2, 2.0), (3, 3.0)]), held(1, "x", &[("a", "b")], &[(1, 1.0), (2, 2.5), (3, 3.5)])];
    let (kept, twins) = merge(all);
    assert_eq!(kept.len(), 2);
    let mut reports = [SourceReport { path: "one.prom".into(), ..SourceReport::default() }, SourceReport::default()];
    twins.tell(&mut reports);
    assert_eq!(
        reports[1].remarks,
        ["1 series is in one.prom too, with other values at 2 of 3 moments, such as x{a=\"b\"} at 1970-01-01T00:00:00.002Z; shown apart"]
    );
}

#[test]
fn a_number_in_a_label_may_be_written_in_two_ways_but_not_in_one_source() {
    let of = |source, le| held(source, "x_bucket", &[("le", le)], &[(1, 1.0), (2, 2.0)]);
    assert_eq!(merge(vec![of(0, "1"), of(1, "1.0")]).0.len(), 1);
    assert_eq!(merge(vec![of(0, "1"), of(0, "1.0"), of(1, "1")]).0.len(), 3);
    assert_eq!(merge(vec![of(0, "1"), of(1, "1.5")]).0.len(), 2);
}

#[test]
fn of_two_the_one_that_marks_the_end_is_kept() {
    let (nan, stale) = (f64::NAN, f64::from_bits(STALE_BITS));
    let (kept, _) = merge(vec![held(0, "x", &[], &[(1, 1.0), (2, nan)]), held(1, "x", &[], &[(1, 1.0), (2, stale)])]);
    assert!(kept.len() == 1 && samples(&kept[0].1)[1].is_stale_marker());
}

#[test]
fn a_value_that_comes_back_behind_the_end_of_the_other_is_kept() {
    let (one, two) = ([(1, 2.0), (2, 0.0), (3, 0.0)], [(2, 0.0), (3, 0.0), (4, 1.0), (5, 0.0)]);
    let (kept, _) = merge(vec![held(0, "x", &[], &one), held(1, "x", &[], &two)]);
    let values: Vec<f64> = samples(&kept[0].1).iter().map(|sample| sample.value).collect();
    assert_eq!(values, [2.0, 0.0, 0.0, 1.0, 0.0]);
}

fn values() -> impl Strategy<Value = Vec<Option<u8>>> {
    prop::collection::vec(prop_oneof![4 => (0u8..3).prop_map(Some), 1 => Just(None)], 0..12)
}

proptest! {
    #[test]
    fn no_sample_of_any_source_is_lost_or_changed_by_merging(all in prop::collection::vec(values(), 1..4)) {
        let of = |values: &Vec<Option<u8>>| -> Vec<(i64, f64)> {
            values.iter().enumerate().filter_map(|(i, value)| Some((i as i64 * 1000, f64::from((*value)?)))).collect()
        };
        let held: Vec<Held> = (0..).zip(&all).map(|(source, values)| held(source, "x", &[], &of(values))).collect();
        let (kept, twins) = merge(held.clone());
        for (meta, store) in &held {
            let (_, one) = kept.iter().find(|(kept, _)| kept.sources().any(|source| source == meta.source)).unwrap();
            for sample in samples(store) {
                let value = one.value_at(sample.time, LOOK_BACK_NS).map(|found| found.value);
                prop_assert_eq!(value, Some(sample.value));
            }
        }
        let mut again: Vec<Held> = kept.into_iter().filter(|(meta, _)| meta.also_in.is_empty()).chain(twins.originals).collect();
        again.sort_by_key(|(meta, _)| meta.source);
        for ((meta, store), (before, was)) in again.iter().zip(&held) {
            prop_assert_eq!((meta, samples(store)), (before, samples(was)));
        }
    }
}
