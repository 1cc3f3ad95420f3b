//! How far the clocks of sources are apart, from the traces that they share.
//!
//! In one trace the longest event should enclose the others: a caller waits for whom it calls. Each shared trace so
//! gives a window in which the offset between two clocks must lie, and the offset that lies in most windows is taken
//! (Marzullo 1984, as NTP does). Whether a source states when a request began or when it ended is not known, so both
//! are tried, and clocks that agree in either reading agree. The one thing to know: siblings that run one after another
//! look like a skew of about their own length, so nothing near the length of the enclosing events is ever claimed.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::SourceId;
use crate::model::skew::{ClockCheck, ClockSkew, Stamp, Unsure};
use crate::model::time::NS_PER_S;

/// Fewer traces say nothing of a clock.
pub const MIN_TRACES: usize = 5;
/// Smaller offsets are the time it takes to write a line.
const MIN_SKEW_NS: i64 = 10_000_000;
/// And so many times the length of the enclosing event may be siblings, one after another.
const MIN_LENGTHS: i64 = 3;
/// Clocks that are known so many times less exactly than the best one have no say.
const FINE_TIMES: i64 = 8;
/// Part of the windows that an offset must lie in, in percent.
const STEADY_PERCENT: usize = 90;
/// So many windows without any offset are enough for clocks that agree: retries and late work break the others.
const AGREEING_PERCENT: usize = 50;

/// From and to, in ns.
type Window = (i64, i64);

/// What one source shows of one trace: its events read as ends, and as beginnings.
#[derive(Debug, Clone, Copy)]
struct Span {
    as_ends: Window,
    as_starts: Window,
}

impl Span {
    fn of(stamp: &Stamp) -> Self {
        let (at, length) = (stamp.time.0, stamp.length_ns.max(0));
        Self { as_ends: (at.saturating_sub(length), at), as_starts: (at, at.saturating_add(length)) }
    }

    fn with(self, other: Self) -> Self {
        let hull = |a: Window, b: Window| (a.0.min(b.0), a.1.max(b.1));
        Self { as_ends: hull(self.as_ends, other.as_ends), as_starts: hull(self.as_starts, other.as_starts) }
    }

    fn length(self) -> i64 {
        self.as_ends.1.saturating_sub(self.as_ends.0)
    }
}

/// Compares all clocks that share traces. O(n log n).
pub fn check(stamps: &[Stamp]) -> ClockCheck {
    let mut traces: BTreeMap<usize, BTreeMap<SourceId, Span>> = BTreeMap::new();
    for stamp in stamps {
        let span = Span::of(stamp);
        traces.entry(stamp.trace).or_default().entry(stamp.source).and_modify(|known| *known = known.with(span)).or_insert(span);
    }
    traces.retain(|_, spans| spans.len() > 1);
    let sources: BTreeSet<SourceId> = traces.values().flat_map(|spans| spans.keys().copied()).collect();
    let resolutions = resolutions(stamps);
    let mut links = Vec::new();
    let mut unsure: BTreeMap<SourceId, Unsure> = sources.iter().map(|source| (*source, Unsure::Few(0))).collect();
    for ((outer, inner), mut pairs) in enclosures(&traces, &resolutions) {
        let n = pairs.len();
        pairs.sort_by_key(|pair| pair.0.length());
        // Where requests were quick the windows are narrow; those of the jam itself say little.
        pairs.truncate(n.div_ceil(2).max(MIN_TRACES));
        match compare(&pairs, (resolutions[&outer], resolutions[&inner])) {
            Found::Offset(ahead_ns, uncertainty_ns) => links.push(Link { outer, inner, ahead_ns, uncertainty_ns, n_traces: n }),
            Found::Unsteady => drop(unsure.insert(inner, Unsure::Unsteady(n))),
            Found::Few => drop(unsure.entry(inner).and_modify(|why| *why = more(*why, n))),
        }
    }
    let mut check = ClockCheck { n_traces: traces.len(), ..ClockCheck::default() };
    for component in components(links) {
        component.tell(&mut check);
    }
    let is_told = |source: &SourceId| check.agreeing.contains(source) || check.skews.iter().any(|skew| skew.source == *source);
    check.unsure = unsure.into_iter().filter(|(source, _)| !is_told(source)).collect();
    check.skews.sort_by_key(|skew| (std::cmp::Reverse(skew.ahead_ns.unsigned_abs()), skew.source));
    check.agreeing.sort_unstable();
    check
}

fn more(why: Unsure, n: usize) -> Unsure {
    match why {
        Unsure::Few(known) => Unsure::Few(known.max(n)),
        Unsure::Unsteady(_) => why,
    }
}

/// How fine each clock is written: whole seconds, whole milliseconds, or finer.
fn resolutions(stamps: &[Stamp]) -> BTreeMap<SourceId, i64> {
    const STEPS: [i64; 3] = [NS_PER_S, 1_000_000, 1_000];
    let mut out: BTreeMap<SourceId, i64> = BTreeMap::new();
    for stamp in stamps {
        let step = STEPS.into_iter().find(|step| stamp.time.0 % step == 0).unwrap_or(1);
        out.entry(stamp.source).and_modify(|known| *known = step.min(*known)).or_insert(step);
    }
    out
}

/// For each two sources the traces in which the longest event is one's, and what the other shows of them.
///
/// Of a clock of whole seconds nothing fine can be told, so the longest event of the finer clocks encloses as well.
fn enclosures(
    traces: &BTreeMap<usize, BTreeMap<SourceId, Span>>,
    resolutions: &BTreeMap<SourceId, i64>,
) -> BTreeMap<(SourceId, SourceId), Vec<(Span, Span)>> {
    let mut pairs: BTreeMap<(SourceId, SourceId), Vec<(Span, Span)>> = BTreeMap::new();
    for spans in traces.values() {
        let is_fine = |source: &SourceId| resolutions[source] < NS_PER_S;
        let all: Vec<(SourceId, Span)> = spans.iter().map(|(source, span)| (*source, *span)).collect();
        let fine: Vec<(SourceId, Span)> = all.iter().copied().filter(|(source, _)| is_fine(source)).collect();
        let mut told = BTreeSet::new();
        for group in [&all, &fine] {
            let Some((outer, span)) = group.iter().max_by_key(|(_, span)| span.length()).copied() else { continue };
            let n_as_long = group.iter().filter(|(_, other)| other.length() == span.length()).count();
            for (inner, other) in group.iter().filter(|(inner, _)| *inner != outer && n_as_long == 1) {
                if told.insert((outer, *inner)) {
                    pairs.entry((outer, *inner)).or_default().push((span, *other));
                }
            }
        }
    }
    // Who encloses whom more often: the other way round are time-outs and work that went on alone.
    let counts: BTreeMap<(SourceId, SourceId), usize> = pairs.iter().map(|(key, pairs)| (*key, pairs.len())).collect();
    pairs.retain(|(outer, inner), pairs| {
        let reverse = counts.get(&(*inner, *outer)).copied().unwrap_or(0);
        pairs.len() > reverse || (pairs.len() == reverse && outer < inner)
    });
    pairs
}

/// What the traces of two sources tell.
enum Found {
    /// The inner clock is so far ahead, give or take.
    Offset(i64, i64),
    Unsteady,
    Few,
}

/// Compares two clocks; `resolutions` of the outer and the inner one.
fn compare(pairs: &[(Span, Span)], resolutions: (i64, i64)) -> Found {
    if pairs.len() < MIN_TRACES {
        return Found::Few;
    }
    let length = pairs[pairs.len() / 2].0.length();
    let coarse = resolutions.0.max(resolutions.1);
    let readings: [fn(&(Span, Span)) -> (Window, Window); 4] = [
        |pair| (pair.0.as_ends, pair.1.as_ends),
        |pair| (pair.0.as_starts, pair.1.as_starts),
        |pair| (pair.0.as_ends, pair.1.as_starts),
        |pair| (pair.0.as_starts, pair.1.as_ends),
    ];
    // The first reading that fits is told: most write a line at the end. The others widen what is uncertain.
    let mut steady: Vec<Window> = Vec::new();
    for reading in readings {
        let windows: Vec<Window> = pairs
            .iter()
            .map(reading)
            .map(|(outer, inner)| {
                let from = outer.0.saturating_sub(inner.0).saturating_sub(resolutions.1);
                (from, outer.1.saturating_sub(inner.1).saturating_add(resolutions.0))
            })
            .filter(|window| window.0 <= window.1)
            .collect();
        let percent = |n: usize| n * 100 / pairs.len();
        if percent(windows.iter().filter(|window| window.0 <= 0 && window.1 >= 0).count()) >= AGREEING_PERCENT {
            return Found::Offset(0, coarse.max(length / 2));
        }
        steady.extend(deepest(&windows).filter(|(depth, _)| percent(*depth) >= STEADY_PERCENT).map(|(_, window)| window));
    }
    let Some(first) = steady.first() else { return Found::Unsteady };
    let correction = first.0.midpoint(first.1);
    let around = |window: &Window| window.1.saturating_sub(correction).max(correction.saturating_sub(window.0));
    let uncertainty = steady.iter().map(around).max().unwrap_or(0).max(coarse);
    if correction.saturating_abs() <= length.saturating_mul(MIN_LENGTHS).max(coarse).max(MIN_SKEW_NS) {
        return Found::Offset(0, coarse.max(length));
    }
    Found::Offset(correction.saturating_neg(), uncertainty)
}

/// The stretch that lies in the most windows, and in how many. O(n log n).
fn deepest(windows: &[Window]) -> Option<(usize, Window)> {
    let mut borders: Vec<(i64, bool)> = windows.iter().flat_map(|window| [(window.0, false), (window.1, true)]).collect();
    borders.sort_unstable();
    let (mut depth, mut best) = (0usize, None::<(usize, Window)>);
    for (i, (at, is_end)) in borders.iter().enumerate() {
        if *is_end {
            depth -= 1;
        } else {
            depth += 1;
            if best.is_none_or(|(most, _)| depth > most) {
                best = Some((depth, (*at, borders[i + 1].0)));
            }
        }
    }
    best
}

/// Two clocks that were compared.
#[derive(Debug, Clone, Copy)]
struct Link {
    outer: SourceId,
    inner: SourceId,
    ahead_ns: i64,
    uncertainty_ns: i64,
    n_traces: usize,
}

/// Clocks that hang together, by their finest links, and how far each is ahead of the first.
struct Component {
    clocks: BTreeMap<SourceId, i64>,
    links: Vec<Link>,
}

/// Joins clocks by the links with the least uncertainty (Kruskal 1956). O(sources × links).
fn components(mut links: Vec<Link>) -> Vec<Component> {
    links.sort_by_key(|link| (link.uncertainty_ns, std::cmp::Reverse(link.n_traces), link.outer, link.inner));
    let mut components: Vec<Component> = Vec::new();
    for link in links {
        let place = |components: &[Component], source| components.iter().position(|part| part.clocks.contains_key(&source));
        let mut take = |source| match place(&components, source) {
            Some(at) => components.swap_remove(at),
            None => Component { clocks: BTreeMap::from([(source, 0)]), links: Vec::new() },
        };
        let mut whole = take(link.outer);
        if !whole.clocks.contains_key(&link.inner) {
            let part = take(link.inner);
            let shift = whole.clocks[&link.outer].saturating_add(link.ahead_ns).saturating_sub(part.clocks[&link.inner]);
            whole.clocks.extend(part.clocks.into_iter().map(|(source, ahead)| (source, ahead.saturating_add(shift))));
            whole.links.extend(part.links);
            whole.links.push(link);
        }
        components.push(whole);
    }
    components
}

impl Component {
    /// The clock that most agree with is right until something better is known.
    fn tell(&self, check: &mut ClockCheck) {
        let own = |source: SourceId| self.links.iter().filter(move |link| link.outer == source || link.inner == source);
        let around = |source: SourceId| own(source).map(|link| link.uncertainty_ns).min().unwrap_or(0);
        let is_near = |a: SourceId, b: SourceId| {
            self.clocks[&a].saturating_sub(self.clocks[&b]).saturating_abs() <= around(a).saturating_add(around(b)).max(MIN_SKEW_NS)
        };
        let votes = |source: SourceId| self.clocks.keys().filter(|other| is_near(source, **other)).count();
        let enclosed = |source: SourceId| self.links.iter().filter(|link| link.outer == source).count();
        // A coarse clock is near every other one: only the fine ones can say who is right.
        let finest = self.clocks.keys().map(|source| around(*source)).min().unwrap_or(0);
        let fine = self.clocks.keys().copied().filter(|source| around(*source) <= finest.saturating_mul(FINE_TIMES).max(MIN_SKEW_NS));
        let Some(right) = fine.max_by_key(|source| (votes(*source), enclosed(*source))) else { return };
        let is_majority = votes(right) > 1 && votes(right) * 2 > self.clocks.len();
        for source in self.clocks.keys().copied() {
            if is_near(source, right) {
                // A lone clock against which another one was measured agrees with nobody.
                check.agreeing.extend((votes(right) > 1).then_some(source));
                continue;
            }
            let link = own(source).filter(|link| link.ahead_ns != 0).max_by_key(|link| link.n_traces).or_else(|| own(source).next());
            let other = |link: &Link| if link.outer == source { link.inner } else { link.outer };
            check.skews.push(ClockSkew {
                source,
                against: if is_majority { None } else { link.map(other) },
                ahead_ns: self.clocks[&source].saturating_sub(self.clocks[&right]),
                uncertainty_ns: link.map_or(0, |link| link.uncertainty_ns),
                n_traces: link.map_or(0, |link| link.n_traces),
            });
        }
    }
}

#[cfg(test)]
mod tests;
