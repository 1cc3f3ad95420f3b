//! Profiles at their moment: pprof protobufs, dumps of goroutines and of threads, the old text forms.
//!
//! What places a profile on the timeline (kind, total, number of samples, time, length), and its heaviest functions and stacks.

pub mod goroutine;
pub mod legacy;
pub mod pprof;
pub mod threads;
mod top;

use crate::model::catalog::Problems;
use crate::model::when::WallZone;
use crate::model::{ProfileMark, ProfileTop, SourceId, Timestamp, Zone, ZoneCertainty, when};

use super::{Context, Document};

/// Words in file names that name a kind of profile, and the kind.
const KIND_WORDS: [(&str, &str); 25] = [
    ("goroutine", "goroutine"),
    ("goroutines", "goroutine"),
    ("heap", "heap"),
    ("cpu", "cpu"),
    ("profile", "cpu"),
    ("samples", "cpu"),
    ("mutex", "mutex"),
    ("block", "block"),
    ("blocking", "block"),
    ("contentions", "block"),
    ("allocs", "allocs"),
    ("alloc", "allocs"),
    ("inuse", "heap"),
    ("threadcreate", "threadcreate"),
    ("jstack", "threads"),
    ("threads", "threads"),
    ("threaddump", "threads"),
    ("trace", "trace"),
    ("pprof", ""),
    ("prof", ""),
    ("dump", ""),
    ("stacks", ""),
    ("stack", ""),
    ("debug", ""),
    ("pb", ""),
];

/// Words in file names that tell when in an incident a file was taken, not of what.
const PHASE_WORDS: [&str; 15] = [
    "baseline", "before", "during", "after", "peak", "incident", "normal", "healthy", "bad", "good", "start", "end", "base", "phase",
    "snapshot",
];

/// Kind that a file name states.
pub(crate) fn kind_in_name(path: &str) -> Option<&'static str> {
    words(file_name(path)).iter().find_map(|word| kind_of_word(word).filter(|kind| !kind.is_empty()))
}

fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn words(name: &str) -> Vec<String> {
    name.split(['-', '_', '.', ' ', '@']).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn kind_of_word(word: &str) -> Option<&'static str> {
    let bare = word.trim_end_matches(|c: char| c.is_ascii_digit());
    KIND_WORDS.iter().find(|(name, _)| *name == bare).map(|(_, kind)| *kind)
}

/// Service or instance of a profile from the leading words of its file name: before its time, kind and phase.
/// `order-1-during2-heap-20261123T023337Z.pb.gz` → `order-1`. `None` when nothing is left.
pub(crate) fn service_in_name(path: &str) -> Option<String> {
    let name = file_name(path);
    let front = when::in_name(name).map_or(name, |(_, range)| if range.start == 0 { &name[range.end..] } else { &name[..range.start] });
    let start = front.find(|c: char| c.is_alphanumeric())?;
    // `pprof.shop.samples.cpu.001.pb.gz`, as `go tool pprof` saves it: its own word leads.
    let front = &front[start..];
    let front = front.strip_prefix("pprof.").or_else(|| front.strip_prefix("pprof-")).unwrap_or(front);
    let mut end = 0;
    for word in front.split_inclusive(['-', '_', '.', ' ', '@']) {
        let bare = word.trim_end_matches(['-', '_', '.', ' ', '@']).to_lowercase();
        let stem = bare.trim_end_matches(|c: char| c.is_ascii_digit());
        if kind_of_word(&bare).is_some() || PHASE_WORDS.contains(&stem) || matches!(bare.as_str(), "txt" | "gz" | "json" | "out" | "log") {
            break;
        }
        end += word.len();
    }
    let service = front[..end].trim_matches(|c: char| !c.is_alphanumeric());
    (!service.is_empty()).then(|| service.to_owned())
}

/// A profile mark with what the file name tells; the time of the profile itself wins.
pub(crate) fn mark(kind: &str, own_time: Option<Timestamp>, context: &Context) -> (ProfileMark, Zone) {
    let zone = context.zone.as_ref().and_then(|zone| WallZone::from_name(&zone.name)).unwrap_or_default();
    let named = when::in_name(file_name(&context.path)).map(|(written, _)| written);
    let (time, certainty) = match (own_time, named) {
        (Some(time), _) => (Some(time), ZoneCertainty::Offset),
        (None, Some(written)) => {
            let certainty = if written.offset.is_some() || context.zone.is_some() { ZoneCertainty::File } else { ZoneCertainty::Default };
            (Some(written.at(zone)), certainty)
        }
        (None, None) => (None, ZoneCertainty::None),
    };
    let name = if time.is_some() { "UTC".to_owned() } else { String::new() };
    let mark = ProfileMark {
        time,
        kind: kind.to_owned(),
        service: service_in_name(&context.path),
        total: 0.0,
        unit: "count".into(),
        n_samples: 0,
        duration_ns: None,
        top: ProfileTop::default(),
        source: SourceId::default(),
    };
    (mark, Zone { name, certainty })
}

pub(crate) fn document(mark: ProfileMark, zone: Zone, problems: Problems, n_records: u64, n_lines: u64) -> Document {
    let n_unplaced = if mark.time.is_none() { n_records } else { 0 };
    Document { profiles: vec![mark], problems, n_records, n_lines, n_unplaced, zone, ..Document::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_tell_service_and_kind() {
        for (path, service, kind) in [
            ("pprof/order-1-during2-heap-20261123T023517Z.pb.gz", Some("order-1"), Some("heap")),
            ("payment_goroutine-debug2-20261123T023517Z.txt", Some("payment"), Some("goroutine")),
            ("pprof.shopd.samples.cpu.001.pb.gz", Some("shopd"), Some("cpu")),
            ("20261123T023517Z-cart-mutex.pb", Some("cart"), Some("mutex")),
            ("goroutine.txt", None, Some("goroutine")),
            ("api.svc-7f9c-profile.pb.gz", Some("api.svc-7f9c"), Some("cpu")),
            ("baseline.pb.gz", None, None),
        ] {
            assert_eq!((service_in_name(path).as_deref(), kind_in_name(path)), (service, kind), "{path}");
        }
    }
}
