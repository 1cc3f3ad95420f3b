//! Samples of one chunk: XOR (Gorilla), XOR2, integer and float native histograms, with or without start times.
//!
//! Layouts are those of Prometheus' `tsdb/docs/format/chunks.md`. Start times are stepped over: no panel shows them.
//! A chunk that ends early gives the samples before its end and `false`.

use super::super::native::{Bucket, Histogram, Layout, Span};
use super::bits::{Bits, Xor};
use super::bytes::Cursor;

/// What a chunk holds.
#[derive(Debug, Default)]
pub struct Chunk {
    /// Times in ms and values.
    pub floats: Vec<(i64, f64)>,
    /// Histograms, times in ms.
    pub histograms: Vec<Histogram>,
    /// Whether all samples that its head states are here.
    pub is_whole: bool,
}

/// The bit pattern of the value that says "this series has ended".
const STALE: f64 = f64::from_bits(crate::model::series::STALE_BITS);

/// Decodes a chunk; `None` when its encoding is not known.
pub fn decode(encoding: u8, data: &[u8]) -> Option<Chunk> {
    let mut chunk = Chunk::default();
    let done = match encoding {
        1 => xor(data, &mut chunk.floats),
        4 => xor2(data, &mut chunk.floats),
        2 | 3 | 5 | 6 => histograms(encoding, data, &mut chunk.histograms),
        _ => return None,
    };
    chunk.is_whole = done.is_some();
    Some(chunk)
}

fn xor(data: &[u8], samples: &mut Vec<(i64, f64)>) -> Option<()> {
    let mut head = Cursor::new(data);
    let n = head.be16()?;
    let mut bits = Bits::new(head.rest());
    if n == 0 {
        return Some(());
    }
    samples.reserve(n.into());
    let (mut time, mut delta) = (bits.varint()?, 0_i64);
    let mut value = Xor::starting(bits.float()?);
    samples.push((time, value.value));
    for index in 1..n {
        delta = if index == 1 {
            bits.uvarint()? as i64
        } else {
            let change = match bits.ones(4)? {
                0 => 0,
                1 => bits.signed(14)?,
                2 => bits.signed(17)?,
                3 => bits.signed(20)?,
                _ => bits.signed(64)?,
            };
            delta.wrapping_add(change)
        };
        time = time.wrapping_add(delta);
        value.read(&mut bits)?;
        samples.push((time, value.value));
    }
    Some(())
}

/// Where the start times of samples are, which is all that is read of them.
#[derive(Clone, Copy)]
struct StartTimes {
    is_first_known: bool,
    changes_on: u16,
}

impl StartTimes {
    fn of(byte: u8) -> Self {
        Self { is_first_known: byte & 0x80 != 0, changes_on: (byte & 0x7f).into() }
    }

    /// Steps over the start time of sample `index`.
    fn skip(self, index: u16, bits: &mut Bits<'_>) -> Option<()> {
        if index == 0 {
            return if self.is_first_known { bits.varint().map(|_| ()) } else { Some(()) };
        }
        if self.changes_on > 0 && index >= self.changes_on { bits.varbit_int().map(|_| ()) } else { Some(()) }
    }
}

fn xor2(data: &[u8], samples: &mut Vec<(i64, f64)>) -> Option<()> {
    let mut head = Cursor::new(data);
    let (n, starts) = (head.be16()?, StartTimes::of(head.byte()?));
    let mut bits = Bits::new(head.rest());
    if n == 0 {
        return Some(());
    }
    let (mut time, mut delta) = (bits.varint()?, 0_i64);
    let first = bits.float()?;
    let is_stale = first.to_bits() == STALE.to_bits();
    // A stale marker is told by its own code: the next value builds on the last that was none.
    let mut value = Xor::starting(if is_stale { 0.0 } else { first });
    samples.push((time, first));
    starts.skip(0, &mut bits)?;
    for index in 1..n {
        let said = if index == 1 {
            delta = bits.uvarint()? as i64;
            changed_or_stale(&mut value, &mut bits)?
        } else {
            let code = bits.ones(5)?;
            let width = match code {
                2 => 13,
                3 => 20,
                4 => 64,
                _ => 0,
            };
            delta = delta.wrapping_add(twos_complement(bits.bits(width)?, width));
            match code {
                0 => value.value,
                1 => {
                    if bits.bit()? {
                        value.read_window(&mut bits)?;
                    } else {
                        value.read_same_window(&mut bits)?;
                    }
                    value.value
                }
                5 => STALE,
                _ => changed_or_stale(&mut value, &mut bits)?,
            }
        };
        time = time.wrapping_add(delta);
        samples.push((time, said));
        starts.skip(index, &mut bits)?;
    }
    Some(())
}

fn twos_complement(bits: u64, width: u32) -> i64 {
    if width == 0 || width == 64 {
        return bits as i64;
    }
    ((bits << (64 - width)) as i64) >> (64 - width)
}

fn changed_or_stale(value: &mut Xor, bits: &mut Bits<'_>) -> Option<f64> {
    match bits.ones(3)? {
        0 => {}
        1 => value.read_same_window(bits)?,
        2 => value.read_window(bits)?,
        _ => return Some(STALE),
    }
    Some(value.value)
}

/// More buckets than any histogram has; a larger number is damage.
const MAX_BUCKETS: u64 = 1 << 20;

fn histograms(encoding: u8, data: &[u8], samples: &mut Vec<Histogram>) -> Option<()> {
    let mut head = Cursor::new(data);
    let (n, flags) = (head.be16()?, head.byte()?);
    let (n, starts) = if encoding >= 5 { (n & 0x3fff, StartTimes::of(flags)) } else { (n, StartTimes::of(0)) };
    let mut bits = Bits::new(head.rest());
    if n == 0 {
        return Some(());
    }
    let layout = layout(&mut bits)?;
    let n_buckets = (layout.n_positive(), layout.n_negative());
    if n_buckets.0 + n_buckets.1 > MAX_BUCKETS {
        return None;
    }
    let n_buckets = (n_buckets.0 as usize, n_buckets.1 as usize);
    if matches!(encoding, 2 | 5) {
        told::<Second>(&mut bits, &layout, n_buckets, (n, starts), samples)
    } else {
        told::<Xor>(&mut bits, &layout, n_buckets, (n, starts), samples)
    }
}

fn layout(bits: &mut Bits<'_>) -> Option<Layout> {
    let zero_threshold = match bits.bits(8)? {
        0 => 0.0,
        255 => bits.float()?,
        exponent => 2_f64.powi(exponent as i32 - 244),
    };
    let schema = i32::try_from(bits.varbit_int()?).ok()?;
    let (positive, negative) = (spans(bits)?, spans(bits)?);
    let mut custom = Vec::new();
    if schema == super::super::native::CUSTOM_SCHEMA {
        for _ in 0..bits.varbit_uint()? {
            custom.push(match bits.varbit_uint()? {
                0 => bits.float()?,
                thousandths => (thousandths - 1) as f64 / 1000.0,
            });
        }
    }
    Some(Layout { schema, zero_threshold, positive, negative, custom })
}

fn spans(bits: &mut Bits<'_>) -> Option<Vec<Span>> {
    let mut spans = Vec::new();
    for _ in 0..bits.varbit_uint()? {
        let length = u32::try_from(bits.varbit_uint()?).ok()?;
        spans.push(Span { offset: i32::try_from(bits.varbit_int()?).ok()?, length });
    }
    Some(spans)
}

/// A whole number that is told as the change of its change.
#[derive(Clone, Copy, Default)]
struct Second {
    value: i64,
    delta: i64,
}

impl Second {
    fn read(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        self.delta = self.delta.wrapping_add(bits.varbit_int()?);
        self.value = self.value.wrapping_add(self.delta);
        Some(())
    }
}

/// How a chunk tells its counts: whole numbers by the change of their change, floats by what differs from the last.
trait Told: Copy {
    /// The first count of observations.
    fn count(bits: &mut Bits<'_>) -> Option<Self>;
    /// The first of a bucket.
    fn bucket(bits: &mut Bits<'_>) -> Option<Self>;
    /// The next.
    fn next(&mut self, bits: &mut Bits<'_>) -> Option<()>;
    /// What a count says.
    fn counted(self) -> f64;
    /// What buckets hold.
    fn held(buckets: &[Self]) -> Vec<f64>;
}

impl Told for Second {
    fn count(bits: &mut Bits<'_>) -> Option<Self> {
        Some(Self { value: bits.varbit_uint()? as i64, delta: 0 })
    }

    fn bucket(bits: &mut Bits<'_>) -> Option<Self> {
        Some(Self { value: bits.varbit_int()?, delta: 0 })
    }

    fn next(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        self.read(bits)
    }

    fn counted(self) -> f64 {
        self.value as u64 as f64
    }

    /// Buckets tell what they hold more than the one before.
    fn held(buckets: &[Self]) -> Vec<f64> {
        let mut total = 0_i64;
        let add = |bucket: &Self| {
            total = total.wrapping_add(bucket.value);
            total as f64
        };
        buckets.iter().map(add).collect()
    }
}

impl Told for Xor {
    fn count(bits: &mut Bits<'_>) -> Option<Self> {
        bits.float().map(Self::starting)
    }

    fn bucket(bits: &mut Bits<'_>) -> Option<Self> {
        Self::count(bits)
    }

    fn next(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        self.read(bits)
    }

    fn counted(self) -> f64 {
        self.value
    }

    fn held(buckets: &[Self]) -> Vec<f64> {
        buckets.iter().map(|bucket| bucket.value).collect()
    }
}

fn told<T: Told>(
    bits: &mut Bits<'_>,
    layout: &Layout,
    n_buckets: (usize, usize),
    (n, starts): (u16, StartTimes),
    samples: &mut Vec<Histogram>,
) -> Option<()> {
    let mut time = Second { value: bits.varbit_int()?, delta: 0 };
    let (mut count, mut zero) = (T::count(bits)?, T::count(bits)?);
    let mut sum = Xor::starting(bits.float()?);
    let mut buckets = Vec::with_capacity(n_buckets.0 + n_buckets.1);
    for _ in 0..n_buckets.0 + n_buckets.1 {
        buckets.push(T::bucket(bits)?);
    }
    for index in 0..n {
        if index > 0 {
            time.read(bits)?;
            count.next(bits)?;
            zero.next(bits)?;
            sum.read(bits)?;
            if sum.value.to_bits() != STALE.to_bits() {
                buckets.iter_mut().try_for_each(|bucket| bucket.next(bits))?;
            }
        }
        let (positive, negative) = buckets.split_at(n_buckets.0);
        let counts = (T::held(positive), T::held(negative));
        samples.push(sample(layout, time.value, (count.counted(), zero.counted(), sum.value), &counts));
        starts.skip(index, bits)?;
    }
    Some(())
}

fn sample(layout: &Layout, time_ms: i64, (count, zero, sum): (f64, f64, f64), counts: &(Vec<f64>, Vec<f64>)) -> Histogram {
    if sum.to_bits() == STALE.to_bits() {
        return Histogram::stale(time_ms);
    }
    let buckets: Vec<Bucket> = layout.buckets(zero, &counts.0, &counts.1);
    Histogram { time_ms, count, sum, buckets }
}
