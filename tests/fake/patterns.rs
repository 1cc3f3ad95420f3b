//! Message patterns of the invented incident, and clocks that are told to be wrong.

use coroner::model::query::{Pattern, PatternQuery, PatternStatus};
use coroner::model::skew::{ClockCheck, ClockSkew};
use coroner::model::{Event, SourceId, TimeRange};

use super::Fake;

/// What the messages of the incident are made of; one holds an escape sequence, one is longer than any line.
const TEMPLATES: [&str; 4] =
    ["GET /orders/<*> 200 in <*>", "已加载 缓存 cache warmed\u{1b}[31m", "pool wait <*>", "acquire: pool exhausted after <*>, <*> waiting"];

/// Index in `TEMPLATES`.
pub fn pattern_of(event: &Event) -> u32 {
    match event.message.split(' ').next() {
        Some("GET") => 0,
        Some("pool") => 2,
        Some("acquire:") => 3,
        _ => 1,
    }
}

/// One clock is wrong.
pub fn clocks() -> ClockCheck {
    let skew = ClockSkew { source: SourceId(1), against: None, ahead_ns: 1_700_000_000, uncertainty_ns: 6_000_000, n_traces: 412 };
    ClockCheck { skews: vec![skew], n_traces: 412, ..ClockCheck::default() }
}

impl Fake {
    pub fn patterns(&self, query: &PatternQuery) -> Vec<Pattern> {
        let mut found: Vec<Pattern> = TEMPLATES
            .iter()
            .enumerate()
            .map(|(id, template)| Pattern { id: id as u32, template: (*template).into(), ..Pattern::default() })
            .collect();
        for event in self.events.iter().filter(|event| Self::passes(event, &query.filter)) {
            let pattern = &mut found[pattern_of(event) as usize];
            pattern.count += 1;
            pattern.level = event.level;
            pattern.first = pattern.first.or(event.time);
            pattern.last = event.time;
            pattern.services = event.service.iter().cloned().collect();
            let is_in = |range: TimeRange| u64::from(event.time.is_some_and(|at| range.contains(at)));
            if let Some((before, after)) = query.windows {
                pattern.in_windows.0 += is_in(before);
                pattern.in_windows.1 += is_in(after);
            }
        }
        found.retain(|pattern| pattern.count > 0);
        for pattern in &mut found {
            pattern.status = match pattern.in_windows {
                _ if query.windows.is_none() => PatternStatus::Steady,
                (0, _) => PatternStatus::Born,
                _ => PatternStatus::Steady,
            };
        }
        found
    }
}
