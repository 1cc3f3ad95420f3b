//! A write-ahead log with native histograms, made record by record: what Prometheus 2.42 replays when it starts.

use super::START;

/// A log of one segment, one record a page fragment, nothing packed.
#[derive(Default)]
pub struct Log {
    bytes: Vec<u8>,
    n_series: u64,
}

/// One sample, in whole numbers.
#[derive(Clone, Default)]
pub struct Histogram {
    /// A power of two holds `2^schema` buckets.
    pub schema: i64,
    /// Observations around zero.
    pub zero: u64,
    /// Indexes and counts of the buckets above zero, rising.
    pub positive: Vec<(i64, u64)>,
    /// The same below zero.
    pub negative: Vec<(i64, u64)>,
    /// Sum of the observations.
    pub sum: f64,
}

impl Log {
    /// The bytes of its segment.
    pub fn segment(&self) -> &[u8] {
        &self.bytes
    }

    /// Names a new series and gives its reference.
    pub fn series(&mut self, labels: &[(&str, &str)]) -> u64 {
        self.n_series += 1;
        let mut record = vec![1];
        record.extend(self.n_series.to_be_bytes());
        record.push(labels.len() as u8);
        for text in labels.iter().flat_map(|(name, value)| [name, value]) {
            record.push(text.len() as u8);
            record.extend(text.as_bytes());
        }
        self.record(&record);
        self.n_series
    }

    /// A sample of a series, `ms` after the start.
    pub fn sample(&mut self, series: u64, ms: i64, one: &Histogram) {
        let mut record = vec![7];
        record.extend(series.to_be_bytes());
        record.extend((START * 1000 + ms).to_be_bytes());
        record.extend([0, 0, 0]); // the same series and time; no hint at a reset
        varint(&mut record, one.schema);
        record.extend(0.001_f64.to_be_bytes());
        let n = one.zero + one.positive.iter().chain(&one.negative).map(|(_, count)| count).sum::<u64>();
        uvarint(&mut record, one.zero);
        uvarint(&mut record, n);
        record.extend(one.sum.to_be_bytes());
        for side in [&one.positive, &one.negative] {
            uvarint(&mut record, side.len() as u64);
            let mut next = 0;
            for (index, _) in side {
                varint(&mut record, index - next);
                uvarint(&mut record, 1);
                next = index + 1;
            }
        }
        for side in [&one.positive, &one.negative] {
            uvarint(&mut record, side.len() as u64);
            let mut before = 0;
            for (_, count) in side {
                varint(&mut record, *count as i64 - before);
                before = *count as i64;
            }
        }
        self.record(&record);
    }

    /// Records are far shorter than a page; one that would reach over its end begins the next.
    fn record(&mut self, record: &[u8]) {
        const PAGE_BYTES: usize = 32 << 10;
        let room = PAGE_BYTES - self.bytes.len() % PAGE_BYTES;
        if room < record.len() + 7 {
            self.bytes.resize(self.bytes.len() + room, 0);
        }
        self.bytes.push(1);
        self.bytes.extend((record.len() as u16).to_be_bytes());
        self.bytes.extend(crc32c(record).to_be_bytes());
        self.bytes.extend(record);
    }
}

fn uvarint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn varint(out: &mut Vec<u8>, number: i64) {
    uvarint(out, ((number << 1) ^ (number >> 63)) as u64);
}

/// Castagnoli's checksum, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |sum: u32| if sum & 1 == 1 { (sum >> 1) ^ 0x82f6_3b78 } else { sum >> 1 };
    !bytes.iter().fold(!0, |sum: u32, byte| (0..8).fold(sum ^ u32::from(*byte), |sum, _| step(sum)))
}
