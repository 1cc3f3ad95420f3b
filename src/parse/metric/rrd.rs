//! `rrdtool dump`: a round robin database as XML, every archive of it with its rows.
//!
//! `rrdtool` writes the time of each row into a comment; without comments the last row of an archive ends at the last
//! multiple of its step before the last update. What was measured as a counter is kept as a rate.

use crate::model::time::NS_PER_S;
use crate::model::{ProblemKind, SeriesKind, Timestamp, Unit, ZoneCertainty};
use crate::parse::document::json;
use crate::parse::{Context, Document};

use super::gather::{Gather, Identity};
use super::{Place, stem, value_of};

/// Name of the format.
pub(crate) const FORMAT: &str = "rrd-xml";

/// Whether a text is one, and why.
pub(crate) fn recognise(head: &str) -> Option<(f32, String)> {
    let is_xml = head.trim_start().starts_with("<?xml") || head.trim_start().starts_with("<rrd>");
    (is_xml && head.contains("<rrd>") && head.contains("<ds>"))
        .then(|| (0.98, "a round robin database, as rrdtool dump writes it".to_owned()))
}

/// A tag or comment and the text behind it up to the next.
struct Piece<'t> {
    tag: &'t str,
    text: &'t str,
    place: Place,
}

/// The pieces of a text, in its order.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let (mut at, mut place, mut counted) = (0, Place { line: 1, byte: 0 }, 0);
    std::iter::from_fn(move || {
        let open = at + text[at..].find('<')?;
        let is_comment = text[open..].starts_with("<!--");
        let end =
            if is_comment { text[open..].find("-->").map(|len| open + len + 3) } else { text[open..].find('>').map(|len| open + len + 1) };
        let end = end?;
        let next = text[end..].find('<').map_or(text.len(), |len| end + len);
        place.line += memchr::memchr_iter(b'\n', &text.as_bytes()[counted..open]).count() as u64;
        (place.byte, counted) = (open as u64, open);
        at = next;
        Some(Piece { tag: text[open..end].trim_matches(['<', '>']), text: text[end..next].trim(), place })
    })
}

#[derive(Default)]
struct Archive {
    function: String,
    per_row: i64,
    /// Time that a comment tells, values, and place of each row.
    rows: Vec<(Option<i64>, Vec<Option<f64>>, Place)>,
}

/// Reads a database; records are rows.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    let name = stem(&context.path).to_owned();
    let (mut step, mut updated) = (0, 0);
    let mut sources: Vec<(String, bool)> = Vec::new();
    let (mut archive, mut told, mut is_in_archive, mut is_closed): (Archive, Option<i64>, bool, bool) = Default::default();
    for Piece { tag, text, place } in pieces(&text) {
        match tag {
            "step" => step = text.parse().unwrap_or(0),
            "lastupdate" => updated = text.parse().unwrap_or(0),
            "name" if !is_in_archive => sources.push((text.to_owned(), false)),
            // A counter is kept as what it rose a second.
            "type" if !is_in_archive => {
                if let Some(source) = sources.last_mut() {
                    source.1 = matches!(text, "COUNTER" | "DERIVE" | "DCOUNTER" | "DDERIVE" | "ABSOLUTE");
                }
            }
            "rra" => (archive, is_in_archive) = (Archive::default(), true),
            "cf" => text.clone_into(&mut archive.function),
            "pdp_per_row" => archive.per_row = text.parse().unwrap_or(0),
            "row" => {
                archive.rows.push((told.take(), Vec::new(), place));
                gather.n_records += 1;
            }
            "v" => {
                let value = match value_of(text) {
                    Ok(value) => Some(value).filter(|value| !value.is_nan()),
                    Err(reason) => {
                        gather.refuse(place, reason);
                        None
                    }
                };
                if let Some((_, values, _)) = archive.rows.last_mut() {
                    values.push(value);
                }
            }
            "/rra" => {
                finish(&mut gather, std::mem::take(&mut archive), (step, updated), (&name, &sources));
                is_in_archive = false;
            }
            "/rrd" => is_closed = true,
            // `2026-11-22 03:20:00 UTC / 1795317600`
            comment if comment.starts_with("!--") => {
                told = comment.rsplit_once('/').and_then(|(_, epoch)| epoch.trim_matches([' ', '-']).parse().ok());
            }
            _ => {}
        }
    }
    if !is_closed {
        finish(&mut gather, archive, (step, updated), (&name, &sources));
        let reason = format!("cut at byte {}: the database is not closed; its rows so far are kept", bytes.len());
        gather.problems.push(Place { line: 0, byte: bytes.len() as u64 }.problem(ProblemKind::Truncated, reason));
    }
    gather.finish(bytes)
}

/// Adds the rows of an archive.
fn finish(gather: &mut Gather<'_>, archive: Archive, (step, updated): (i64, i64), (name, sources): (&str, &[(String, bool)])) {
    let step = step.saturating_mul(archive.per_row.max(1));
    let last = if step > 0 { updated - updated.rem_euclid(step) } else { 0 };
    let n = archive.rows.len() as i64;
    let every = crate::model::text::whole_duration(step.unsigned_abs());
    for (index, (told, values, place)) in (0..).zip(archive.rows) {
        let counted = (last > 0).then(|| last.saturating_sub((n - 1 - index).saturating_mul(step)));
        let Some(time) = told.or(counted).and_then(|secs: i64| secs.checked_mul(NS_PER_S)).filter(|ns| *ns > 0) else {
            gather.unplaced(place, "the row has no time, and the database no step or last update");
            continue;
        };
        gather.certainty = Some(ZoneCertainty::Offset);
        if values.len() != sources.len() {
            gather.refuse(place, format!("the row has {} values, the database {} sources", values.len(), sources.len()));
        }
        for ((source, is_rate), value) in sources.iter().zip(values).filter_map(|(source, value)| Some((source, value?))) {
            let labels = [("rrd", name), ("cf", archive.function.as_str()), ("step", every.as_str())];
            let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
            let (unit, kind) = if *is_rate { (Unit::PerSecond, SeriesKind::Rate) } else { (Unit::None, SeriesKind::Gauge) };
            let identity = Identity { unit, kind: Some(kind), ..Identity::new(source.clone(), labels) };
            gather.push(place, identity, Timestamp(time), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::metric::told;

    const DUMP: &str = "<?xml version=\"1.0\"?>\n<rrd>\n<version>0003</version><step>300</step> <!-- Seconds -->\n\
        <lastupdate>1795318250</lastupdate> <!-- 2026-11-22 03:30:50 UTC -->\n\
        <ds><name> in </name><type> COUNTER </type></ds><ds><name> load </name><type> GAUGE </type></ds>\n\
        <rra><cf>AVERAGE</cf><pdp_per_row>1</pdp_per_row> <!-- 300 seconds -->\n<cdp_prep><ds><value>7</value></ds></cdp_prep><database>\n\
        <!-- 2026-11-22 03:25:00 UTC / 1795317900 --> <row><v>1.2e+01</v><v>3</v></row>\n\
        <!-- 2026-11-22 03:30:00 UTC / 1795318200 --> <row><v>NaN</v><v>x</v></row>\n</database></rra>\n\
        <rra><cf>MAX</cf><pdp_per_row>2</pdp_per_row><database>\n<row><v>1</v><v>2</v></row>\n<row><v>3</v><v>4</v></row></database></rra>\n</rrd>\n";

    #[test]
    fn archives_are_series_by_function_and_step() {
        assert!(recognise(DUMP).is_some());
        let context = Context { path: "a/router.xml".into(), ..Context::default() };
        let document = parse(DUMP.as_bytes(), &context);
        assert_eq!(
            told(&document),
            [
                "in{cf=AVERAGE,rrd=router,step=5m} 1/s 12@03:25:00",
                "load{cf=AVERAGE,rrd=router,step=5m} 1 3@03:25:00",
                "in{cf=MAX,rrd=router,step=10m} 1/s 1@03:20:00 3@03:30:00",
                "load{cf=MAX,rrd=router,step=10m} 1 2@03:20:00 4@03:30:00",
            ]
        );
        assert_eq!((document.n_records, document.problems.total(), document.problems.kept()[0].line), (4, 1, 9));
        let cut = parse(DUMP.split("<row><v>3").next().unwrap_or_default().as_bytes(), &context);
        assert_eq!((cut.n_records, cut.problems.kept().iter().filter(|problem| problem.kind == ProblemKind::Truncated).count()), (3, 1));
    }
}
