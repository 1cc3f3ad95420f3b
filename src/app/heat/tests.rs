use super::*;
use crate::model::{Catalog, Labels, SeriesId, SeriesMeta, SourceId, Timestamp};

fn series(id: u32, name: &str, labels: &[(&str, &str)], source: u32) -> SeriesMeta {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    SeriesMeta {
        id: SeriesId(id),
        name: name.into(),
        labels: Labels::new(labels),
        source: SourceId(source),
        step_ns: Some(10),
        n_samples: 9,
        ..SeriesMeta::default()
    }
}

/// Buckets ≤1 s, ≤2 s and all of them, of two instances, in two sources.
fn catalog() -> Catalog {
    let mut all = vec![series(0, "p99", &[("instance", "a")], 0)];
    all[0].query = Some("histogram_quantile(0.99, sum by (le) (rate(x_seconds_bucket{instance!=\"c\"}[4s])))".into());
    for source in [1, 2] {
        for instance in ["a", "b"] {
            for bound in ["1", "2", "+Inf"] {
                all.push(series(all.len() as u32, "x_seconds_bucket", &[("instance", instance), ("le", bound)], source));
            }
        }
    }
    Catalog { series: all, ..Catalog::default() }
}

fn cells(values: &[Option<(f64, f64, f64)>]) -> Columns {
    let bucket = |(min, max, last): (f64, f64, f64)| Bucket { min, max, mean: min, last, count: 2, n_nan: 0, n_inf: 0 };
    let range = TimeRange::new(Timestamp(0), Timestamp(values.len() as i64 * 10));
    Columns { range, columns: values.iter().map(|value| value.map(bucket)).collect() }
}

/// A counter that has these values at the ends of columns.
fn counter(values: &[f64]) -> Columns {
    cells(&values.iter().map(|value| Some((*value, *value, *value))).collect::<Vec<_>>())
}

fn one(n_bounds: usize) -> Behind {
    let bounds: Vec<f64> = (1..n_bounds).map(|bound| bound as f64).chain([f64::INFINITY]).collect();
    Behind {
        name: "x".into(),
        ids: (0..n_bounds as u32).map(SeriesId).collect(),
        groups: vec![(0..n_bounds).map(|bucket| (bucket, bucket)).collect()],
        bounds,
        unit: Unit::Seconds,
        staleness_ns: 30,
        step_ns: 10,
    }
}

#[test]
fn the_histogram_behind_a_formula_is_that_of_its_labels_in_one_source() {
    let catalog = catalog();
    let found = behind(&catalog.series[0], &catalog).expect("the query names it");
    assert_eq!((found.name.as_str(), found.ids.len(), found.groups.len()), ("x_seconds", 3, 1));
    assert_eq!((found.bounds.as_slice(), found.unit), ([1.0, 2.0, f64::INFINITY].as_slice(), Unit::Seconds));
    let of_bucket = behind(&catalog.series[12], &catalog).expect("its own name");
    assert!(of_bucket.ids.iter().all(|id| catalog.series[id.0 as usize].source == SourceId(2)));
    assert!(behind(&series(0, "up", &[], 0), &catalog).is_none());
    assert_eq!(histograms(&catalog).len(), 2, "one line each, whatever the sources");
}

#[test]
fn a_column_counts_what_was_added_in_it_bucket_by_bucket() {
    let heat = Heat::count(&one(3), &[counter(&[5.0, 6.0, 6.0]), counter(&[5.0, 8.0, 8.0]), counter(&[5.0, 9.0, 9.0])], 1);
    assert_eq!(heat.counted, [Some(vec![1.0, 2.0, 1.0]), Some(vec![0.0; 3])]);
}

#[test]
fn a_restart_counts_on_from_zero_and_never_below() {
    let restarted = cells(&[Some((100.0, 100.0, 100.0)), Some((2.0, 103.0, 4.0)), Some((5.0, 5.0, 5.0))]);
    let heat = Heat::count(&one(1), &[restarted], 1);
    assert_eq!(heat.counted, [Some(vec![7.0]), Some(vec![1.0])]);
}

#[test]
fn between_two_scrapes_the_count_is_spread_and_a_gap_stays_a_gap() {
    let at = |value: f64| Some((value, value, value));
    let heat = Heat::count(&one(1), &[cells(&[at(0.0), None, at(6.0), None, None, None, None, at(9.0)])], 0);
    let shown: Vec<Option<f64>> = heat.counted.iter().map(|counts| counts.as_ref().map(|counts| counts[0])).collect();
    assert_eq!(shown, [Some(0.0), Some(3.0), Some(3.0), None, None, None, None, Some(3.0)]);
}

#[test]
fn a_new_bucket_of_a_native_histogram_was_as_full_as_the_one_below() {
    let first = counter(&[10.0, 12.0]);
    let new = cells(&[None, Some((13.0, 13.0, 13.0))]);
    let all = counter(&[10.0, 13.0]);
    let heat = Heat::count(&one(3), &[first, new, all], 1);
    assert_eq!(heat.counted, [Some(vec![2.0, 1.0, 0.0])]);
}

#[test]
fn a_column_is_explained_with_its_quantiles_and_what_is_clipped() {
    let mut heat = Heat::count(&one(3), &[counter(&[0.0, 60.0]), counter(&[0.0, 60.0]), counter(&[0.0, 100.0])], 1);
    heat.lay(TimeRange::new(Timestamp(10), Timestamp(20)), 1);
    assert_eq!(heat.explain(0, Unit::Seconds), "100 observed   P50 ≤1 s   P99 ≥2 s   most ≤1 s (60 %)");
    assert_eq!(heat.explain(7, Unit::Seconds), "nothing scraped here");
    let mut middle = Heat::count(&one(3), &[counter(&[0.0, 10.0]), counter(&[0.0, 90.0]), counter(&[0.0, 100.0])], 1);
    middle.lay(TimeRange::new(Timestamp(10), Timestamp(20)), 1);
    assert_eq!(middle.explain(0, Unit::Seconds), "100 observed   P50 1 s to 2 s   P99 ≥2 s   most 1 s to 2 s (80 %)");
    let rows = heat.rows(9, Unit::Seconds);
    assert_eq!(rows.iter().map(|row| row.label.as_str()).collect::<Vec<_>>(), ["≤1 s", "≤2 s", ">2 s"]);
    assert_eq!(heat.in_row(0, &rows[2]), Some((40.0, 0.4)));
    assert_eq!(heat.rows(2, Unit::Seconds).iter().map(|row| row.label.as_str()).collect::<Vec<_>>(), ["≤1 s", ">2 s"]);
}
