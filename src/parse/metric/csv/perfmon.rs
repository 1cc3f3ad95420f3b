//! Headers of the performance monitor of Windows (PDH-CSV): the first cell tells the zone of all times, each other one a
//! counter as a path, `\\HOST\Object(instance)\Counter`. Its dates have the month first whatever the country.

use crate::model::{Unit, Zone, ZoneCertainty};

/// The zone that `(PDH-CSV 4.0) (W. Europe Standard Time)(-60)` tells; its number is minutes west of UTC.
pub(super) fn zone(header: &str) -> Option<Zone> {
    let rest = header.trim_start_matches('\u{feff}').strip_prefix("(PDH-")?;
    let (_, west) = rest.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    let east: i32 = -west.parse::<i32>().ok().filter(|minutes| minutes.abs() <= 14 * 60)?;
    let sign = if east < 0 { '-' } else { '+' };
    Some(Zone { name: format!("{sign}{:02}:{:02}", east.abs() / 60, east.abs() % 60), certainty: ZoneCertainty::File })
}

/// Name, labels, factor and unit of a counter; the same counter of two hosts is one metric.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Counter {
    pub name: String,
    pub labels: Vec<(String, String)>,
    pub scale: f64,
    pub unit: Unit,
}

/// Takes the path of a counter apart; `None` for any other header.
pub(super) fn counter(header: &str) -> Option<Counter> {
    let (host, path) = header.strip_prefix(r"\\")?.split_once('\\')?;
    let (object, counter) = path.rsplit_once('\\')?;
    let (object, instance) = match object.strip_suffix(')').and_then(|object| object.split_once('(')) {
        Some((object, instance)) => (object, Some(instance)),
        None => (object, None),
    };
    if host.is_empty() || object.is_empty() || counter.is_empty() {
        return None;
    }
    let mut labels = vec![("host".to_owned(), host.to_owned())];
    labels.extend(instance.map(|instance| ("instance".to_owned(), instance.to_owned())));
    let (scale, unit) = unit(counter);
    Some(Counter { name: format!("{object} {counter}"), labels, scale, unit })
}

/// What the numbers of a counter are, by the words that Windows names them with.
fn unit(counter: &str) -> (f64, Unit) {
    const KIB: f64 = 1024.0;
    let name = counter.trim();
    let bytes = |word: &str| match word {
        "bytes" => Some(1.0),
        "kbytes" | "kilobytes" | "kb" | "(kb)" => Some(KIB),
        "mbytes" | "megabytes" | "mb" | "(mb)" => Some(KIB * KIB),
        _ => None,
    };
    let lower = name.to_lowercase();
    let last = lower.rsplit(' ').next().unwrap_or(&lower);
    if name.starts_with('%') || last == "%" {
        return (0.01, Unit::Ratio);
    }
    if let Some(word) = last.strip_suffix("/sec") {
        return bytes(word).map_or((1.0, Unit::PerSecond), |scale| (scale, Unit::BytesPerSecond));
    }
    if lower.ends_with("persecond") || lower.ends_with("per second") {
        return (1.0, Unit::PerSecond);
    }
    if last == "(ms)" {
        return (1e-3, Unit::Seconds);
    }
    if last == "sec" || last.starts_with("sec/") || last == "(sec)" {
        return (1.0, Unit::Seconds);
    }
    bytes(last).map_or((1.0, Unit::None), |scale| (scale, Unit::Bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_tells_the_zone() {
        let of = |header| zone(header).map(|zone| zone.name);
        assert_eq!(of("(PDH-CSV 4.0) (W. Europe Standard Time)(-60)").as_deref(), Some("+01:00"));
        assert_eq!(of("(PDH-CSV 4.0) (Eastern Daylight Time)(240)").as_deref(), Some("-04:00"));
        assert_eq!((of("time"), of("(PDH-CSV 4.0)"), of("(PDH-CSV 4.0) ()(99999)")), (None, None, None));
    }

    #[test]
    fn a_counter_is_a_metric_with_its_host_and_unit() {
        let of = |header| counter(header).map(|counter| (counter.name, counter.labels.len(), counter.scale, counter.unit));
        assert_eq!(of(r"\\A\Processor(_Total)\% Processor Time"), Some(("Processor % Processor Time".into(), 2, 0.01, Unit::Ratio)));
        assert_eq!(of(r"\\A\Memory\Available MBytes"), Some(("Memory Available MBytes".into(), 1, 1_048_576.0, Unit::Bytes)));
        assert_eq!(of(r"\\A\X:Y\Logins/sec"), Some(("X:Y Logins/sec".into(), 1, 1.0, Unit::PerSecond)));
        assert_eq!(of(r"\\A\N(eth 0)\Bytes Total/sec").map(|counter| counter.3), Some(Unit::PerSecond));
        assert_eq!(of(r"\\A\D(T:)\Avg. Disk sec/Write").map(|counter| counter.3), Some(Unit::Seconds));
        assert_eq!(of(r"\\A\D(a(b))\Disk Bytes/sec").map(|counter| counter.3), Some(Unit::BytesPerSecond));
        assert_eq!(of(r"\\A\.NET(o[5])\# of Threads").map(|counter| counter.3), Some(Unit::None));
        assert_eq!((of("time"), of(r"\\A"), of(r"\\A\B")), (None, None, None));
    }
}
