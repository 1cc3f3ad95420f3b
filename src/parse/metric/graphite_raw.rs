//! Graphite's render API with `format=raw`: `target,start,end,step|value,value,None`.
//!
//! A target may hold commas of its own (`sumSeries(a.b,c.d)`): the three numbers before the bar are found from behind.

use crate::model::ZoneCertainty;
use crate::model::time::NS_PER_S;
use crate::model::when;
use crate::parse::document::json;
use crate::parse::{Context, Document};

use super::gather::{Gather, Identity, lines};
use super::value_of;

struct Line<'a> {
    target: &'a str,
    start: i64,
    step_s: i64,
    values: &'a str,
}

fn read(line: &str) -> Option<Line<'_>> {
    let (head, values) = line.split_once('|').filter(|(head, _)| !head.is_empty())?;
    let mut parts = head.rsplitn(4, ',');
    let (step, end, start, target) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let step_s: i64 = step.trim().parse().ok().filter(|step| (1..=366 * 86_400).contains(step))?;
    when::epoch(end.trim())?;
    let start = when::epoch(start.trim()).filter(|at| at.0 > 0)?;
    Some(Line { target: target.trim(), start: start.0, step_s, values })
}

/// How sure a stretch of lines is such an answer, 0 … 1, and why.
pub(crate) fn recognise(head: &str) -> Option<(f32, String)> {
    let all: Vec<&str> = head.lines().filter(|line| !line.trim().is_empty()).take(50).collect();
    let n = all.iter().filter(|line| read(line).is_some()).count();
    (n > 0 && n * 10 >= all.len() * 8).then(|| (0.96, format!("{n} of {} lines are a target, start, end and step, then values", all.len())))
}

/// Reads such an answer; records are values, `None` is a gap.
pub(crate) fn parse(bytes: &[u8], context: &Context) -> Document {
    let mut gather = Gather::new(context);
    let text = json::text(bytes, &mut gather.problems);
    for (place, line) in lines(&text).filter(|(_, line)| !line.trim().is_empty()) {
        let Some(one) = read(line) else {
            gather.refuse(place, "the line is not a target, start, end and step before a bar");
            continue;
        };
        gather.certainty = Some(ZoneCertainty::Offset);
        for (index, value) in (0_i64..).zip(one.values.split(',').map(str::trim)) {
            gather.n_records += 1;
            if value.eq_ignore_ascii_case("none") || value.is_empty() {
                continue;
            }
            let time = one.start.saturating_add(index.saturating_mul(one.step_s).saturating_mul(NS_PER_S));
            match value_of(value) {
                Ok(value) => gather.push(place, Identity::new(one.target, Vec::new()), crate::model::Timestamp(time), value),
                Err(reason) => gather.refuse(place, format!("{}: {reason}", one.target)),
            }
        }
    }
    gather.finish(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_a_step_apart_and_none_is_a_gap() {
        let text = "sumSeries(a.b,c.d),1700000000,1700000030,10|1.5,None,2.5\nweb.cpu,1700000000,1700000020,10|3,x\n";
        assert!(recognise(text).is_some() && recognise("a|b\n").is_none() && recognise("{\"a\":1}|x\n").is_none());
        let document = parse(text.as_bytes(), &Context::default());
        let told: Vec<String> = document
            .series
            .iter()
            .flat_map(|one| {
                one.samples.iter().map(|sample| format!("{} {}@{}", one.name, sample.value, sample.time.0 / NS_PER_S - 1_700_000_000))
            })
            .collect();
        assert_eq!(told, ["sumSeries(a.b,c.d) 1.5@0", "sumSeries(a.b,c.d) 2.5@20", "web.cpu 3@0"]);
        assert_eq!((document.n_records, document.problems.total()), (5, 1));
    }
}
