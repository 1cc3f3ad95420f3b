//! A log is the same after its way through bytes, and bytes that were made up stop nothing.

use std::num::NonZeroUsize;
use std::sync::Arc;

use proptest::prelude::*;

use super::columns::{self, Layout};
use super::{Frame, Part, Remembered, Unfit};
use crate::model::query::{GroupBy, HistogramQuery, PageStart, PatternQuery};
use crate::model::{EventFilter, EventQuery, EventRef, SourceId, TimeRange, Timestamp};
use crate::store::derive::derive;
use crate::store::events::Events;
use crate::store::filter::Selections;
use crate::store::late::KeptParts;
use crate::store::log::{Log, LogBuilder};
use crate::store::testing::{builder, watch};

const TEXT: &str = " banner\n5 error order 0.5 status=503\n  in its second line\n7 info - c\n6 warn pay d 12\n- - - e\n9 info order 7 f\n\
    9 info order 8 f\n11 fatal order 9 f\n12 trace pay 10 f\n";

/// All parts; every column that is not empty is apart.
fn parts(log: &LogBuilder) -> Vec<Vec<u8>> {
    let layout = Layout::of(log);
    std::iter::once(Remembered::encode(log, b"note")).chain((1..layout.n_parts()).map(|part| layout.encode(log, part, 0))).collect()
}

/// Parts in memory, whose checksums always match.
#[derive(Debug)]
struct Shelf(Vec<Vec<u8>>);

impl KeptParts for Shelf {
    fn read(&self, part: usize) -> Option<Box<[u8]>> {
        self.0.get(part).map(|part| part.clone().into())
    }

    fn is_lost(&self) -> bool {
        false
    }
}

/// The log whose first `size` bytes were kept.
fn restored(parts: &[Vec<u8>], text: &str, size: usize) -> Result<LogBuilder, Unfit> {
    let remembered = Remembered::decode(&parts[0])?;
    let layout = Layout::of_parts(parts.len())?;
    let kept: Arc<dyn KeptParts> = Arc::new(Shelf(parts.to_vec()));
    let segments = (0..layout.n_segments)
        .map(|index| columns::decode(&parts[layout.segment(index)], &kept, layout.late(index..index + 1)))
        .collect::<Result<_, _>>()?;
    let mut log = builder(0, "logs/web-1.log", text, 0);
    log = LogBuilder::new(SourceId(0), log.snapshot().text, Arc::new(crate::store::testing::detail));
    remembered.fill(&mut log, segments, kept, size as u64)?;
    log.finish();
    Ok(log)
}

/// Asks everything of a log; only that it ends counts.
fn ask(log: &LogBuilder) -> String {
    let logs: [Arc<Log>; 1] = [Arc::new(log.snapshot())];
    let selections = Selections::default();
    let events = Events { logs: &logs, selections: &selections, jobs: 1 };
    let filter = EventFilter::default();
    let query = EventQuery { start: PageStart::AtOrAfter(Timestamp(i64::MIN)), limit: 1000, filter: filter.clone(), range: None };
    let page = events.page(&query, &watch());
    let by = vec![GroupBy::Level, GroupBy::Service, GroupBy::Pattern];
    let range = TimeRange::new(Timestamp(0), Timestamp(100));
    let histogram = events.histogram(&HistogramQuery { filter, range, columns: NonZeroUsize::new(7).unwrap(), by }, &watch());
    let ids: Vec<EventRef> = (0..log.n_records()).map(|record| EventRef { source: SourceId(0), record }).collect();
    let patterns = (events.patterns(&PatternQuery::default(), &watch()), events.patterns_of(&ids, &watch()));
    let derived = derive(&logs, 1, &watch());
    format!("{page:?} {histogram:?} {patterns:?} {derived:?} {:?} {:?}", log.facts(), log.services())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_log_comes_back_as_it_was_and_goes_on_as_it_would_have(
        lines in prop::collection::vec("( more|-|[0-9]{1,3}) (info|error|-) (a|b|-) (x|y) [0-9]{1,3}", 1..40), per_chunk in 1usize..20, kept in 0usize..40,
    ) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let kept = lines.len().min(kept.div_ceil(per_chunk) * per_chunk);
        let first: String = lines[..kept].iter().map(|line| format!("{line}\n")).collect();
        let whole = builder(0, "logs/web-1.log", &first, per_chunk);
        let mut back = restored(&parts(&whole), &text, first.len()).unwrap();
        prop_assert_eq!(parts(&back), parts(&whole));
        // What is appended finds services, messages and late records as they were.
        let all = builder(0, "logs/web-1.log", &text, per_chunk);
        for part in lines[kept..].chunks(per_chunk) {
            let part: String = part.iter().map(|line| format!("{line}\n")).collect();
            let chunk = crate::store::testing::chunk(part.as_bytes());
            let draft = if back.end_byte() == 0 { crate::store::segment::Draft::first } else { crate::store::segment::Draft::later };
            back.append(draft(chunk, part.as_bytes()), part.len() as u64);
        }
        prop_assert_eq!(parts(&back), parts(&all));
        prop_assert_eq!(ask(&back), ask(&all));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn bytes_that_were_made_up_stop_nothing(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte: u8, cut in 0usize..400) {
        let mut parts = parts(&builder(0, "logs/web-1.log", TEXT, 4));
        let mut full: Vec<&mut Vec<u8>> = parts.iter_mut().filter(|part| !part.is_empty()).collect();
        let n = full.len();
        let part = &mut *full[which.index(n)];
        let at = at.index(part.len());
        part[at] = byte;
        if cut < 40 {
            part.truncate(part.len() - cut.min(part.len()));
        }
        if let Ok(log) = restored(&parts, TEXT, TEXT.len()) {
            ask(&log);
        }
    }

    #[test]
    fn a_head_says_only_what_was_written(at in any::<prop::sample::Index>(), byte: u8) {
        let frame = Frame { key: [7; 32], parts: vec![Part { len: 3, checksum: 1 }, Part { len: 9, checksum: 2 }] };
        let mut bytes = frame.encode();
        let size = bytes.len() as u64 + 12;
        prop_assert_eq!(Frame::decode(&bytes, Some(&frame.key), size).unwrap(), frame.clone());
        prop_assert_eq!(Frame::decode(&bytes, Some(&[8; 32]), size), Err(Unfit::Other));
        prop_assert_eq!(Frame::decode(&bytes, None, size).unwrap(), frame.clone());
        prop_assert!(Frame::decode(&bytes, Some(&frame.key), size + 1).is_err());
        let at = at.index(bytes.len());
        if bytes[at] != byte {
            bytes[at] = byte;
            prop_assert!(Frame::decode(&bytes, Some(&frame.key), size).is_err());
        }
    }
}
