//! The series that were derived from logs: they follow from the columns, but counting takes longer than reading.

use super::Unfit;
use super::wire::{In, Out};
use crate::model::{Sample, SourceId, Timestamp};
use crate::store::derive::{self, DerivedSeries};

/// As bytes.
pub fn encode(series: &[DerivedSeries]) -> Vec<u8> {
    let mut out = Out::default();
    out.list(series.iter(), |out, series| {
        let DerivedSeries { name, service, source, formula, samples, .. } = series;
        out.text(name);
        out.text(service);
        out.u32(source.0);
        out.text(formula);
        out.list(samples.iter(), |out, sample| {
            out.i64(sample.time.0);
            out.u64(sample.value.to_bits());
        });
    });
    out.0
}

/// Reads them back; they must be of the first `n_sources` sources.
pub fn decode(bytes: &[u8], n_sources: usize) -> Result<Vec<DerivedSeries>, Unfit> {
    const ODD: Unfit = Unfit::Damaged("its series do not fit together");
    let mut part = In(bytes);
    let series = part.list(|read| {
        let name = read.text()?;
        let name = derive::names().find(|known| *known == name).ok_or(ODD)?;
        let (unit, kind) = derive::sort_of(name);
        let (service, source, formula) = (read.text()?.to_owned(), SourceId(read.u32()?), read.text()?.to_owned());
        let samples = read.list(|read| Ok(Sample { time: Timestamp(read.i64()?), value: f64::from_bits(read.u64()?) }))?;
        let is_rising = samples.windows(2).all(|pair| pair[0].time < pair[1].time);
        let fits = is_rising && !samples.is_empty() && (source.0 as usize) < n_sources;
        if fits { Ok(DerivedSeries { name, service, source, unit, kind, formula, samples }) } else { Err(ODD) }
    })?;
    part.end()?;
    Ok(series)
}
