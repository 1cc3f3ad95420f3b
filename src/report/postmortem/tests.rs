use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::model::query::ValueAt;
use crate::model::{Catalog, EventFilter, Sample, SeriesId, SeriesMeta, SourceReport};
use crate::report::case_file::tests::{any_annotation, any_meta};
use crate::report::markdown::render;

/// Three samples for every series, whatever is asked.
pub(super) struct Stubborn {
    catalog: Catalog,
    values: [f64; 3],
}

impl Facts for Stubborn {
    fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    fn value_at(&self, _: SeriesId, at: Timestamp) -> Option<ValueAt> {
        Some(ValueAt { value: self.values[0], sample_time: at })
    }

    fn samples(&self, _: SeriesId, range: TimeRange) -> Vec<Sample> {
        let times = [range.start(), Timestamp(i64::midpoint(range.start().0, range.end().0)), range.end().plus_ns(-1)];
        times.into_iter().zip(self.values).map(|(time, value)| Sample { time, value }).collect()
    }

    fn count(&self, _: &EventFilter, _: TimeRange) -> u64 {
        0
    }

    fn sha256(&self, _: &str) -> Option<String> {
        None
    }
}

/// The panels of the case and two counters, from the first to the last moment that can be told.
pub(super) fn facts(meta: &crate::model::case::CaseMeta, values: [f64; 3]) -> Stubborn {
    let whole = TimeRange::new(Timestamp::MIN, Timestamp::MAX);
    let counter = |code: &str| SeriesMeta {
        name: "http_requests_total".into(),
        labels: crate::model::Labels::new(vec![("code".into(), code.into())]),
        kind: crate::model::SeriesKind::Counter,
        ..SeriesMeta::default()
    };
    let panels = meta.panels.iter().map(|panel| SeriesMeta { name: panel.series.clone(), clip: Some(1.0), ..SeriesMeta::default() });
    let mut series: Vec<SeriesMeta> = panels.chain([counter("200"), counter("500")]).collect();
    for (index, meta) in series.iter_mut().enumerate() {
        (meta.id, meta.extent) = (SeriesId(index as u32), Some(whole));
    }
    let catalog = Catalog { sources: vec![SourceReport::default()], series, extent: Some(whole), ..Catalog::default() };
    Stubborn { catalog, values }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_case_and_no_number_makes_it_panic(list in prop::collection::vec(any_annotation(), 0..12), meta in any_meta(), values: [f64; 3]) {
        let annotations: BTreeMap<_, _> = list.into_iter().map(|annotation| (annotation.id.clone(), annotation)).collect();
        let facts = facts(&meta, values);
        let case = CaseDoc { meta, annotations };
        let printed = crate::report::json::print(&gather(&case, &facts, &ReportSettings::default()));
        let objections = crate::report::json::schema::objections(&serde_json::from_str(&printed).unwrap(), crate::report::json::SCHEMA_TEXT);
        prop_assert!(objections.is_empty(), "{objections:#?}");
        let rendered = render(&gather(&case, &facts, &ReportSettings::default()));
        prop_assert!(!rendered.markdown.contains('\x1b'));
        prop_assert_eq!(&render(&gather(&case, &facts, &ReportSettings::default())), &rendered);
    }
}
