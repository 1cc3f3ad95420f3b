//! Numbers and texts one after another, the lowest byte first; lists with their length before them.

use super::Unfit;

/// Writes.
#[derive(Debug, Default)]
pub struct Out(pub Vec<u8>);

impl Out {
    pub fn u8(&mut self, number: u8) {
        self.0.push(number);
    }

    pub fn u16(&mut self, number: u16) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub fn u32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub fn u64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub fn i64(&mut self, number: i64) {
        self.u64(number as u64);
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub fn list<T>(&mut self, items: impl ExactSizeIterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.u64(items.len() as u64);
        items.for_each(|item| write(self, item));
    }
}

/// Reads what [`Out`] wrote. Never takes memory for more than is there.
#[derive(Debug)]
pub struct In<'a>(pub &'a [u8]);

impl<'a> In<'a> {
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], Unfit> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(Unfit::Damaged("a part ends early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unfit> {
        self.take(N).map(|bytes| bytes.try_into().expect("as many bytes as were taken"))
    }

    pub fn u8(&mut self) -> Result<u8, Unfit> {
        Ok(self.array::<1>()?[0])
    }

    pub fn u16(&mut self) -> Result<u16, Unfit> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, Unfit> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, Unfit> {
        self.array().map(u64::from_le_bytes)
    }

    pub fn i64(&mut self) -> Result<i64, Unfit> {
        self.array().map(i64::from_le_bytes)
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], Unfit> {
        let n = self.u64()?;
        self.take(usize::try_from(n).unwrap_or(usize::MAX))
    }

    pub fn text(&mut self) -> Result<&'a str, Unfit> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Unfit::Damaged("a name is no text"))
    }

    /// A list of items, each of which takes a byte at least.
    pub fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Result<T, Unfit>) -> Result<Vec<T>, Unfit> {
        let n = self.u64()?;
        if n > self.0.len() as u64 {
            return Err(Unfit::Damaged("a list ends early"));
        }
        (0..n).map(|_| read(self)).collect()
    }

    /// Everything must have been read.
    pub fn end(self) -> Result<(), Unfit> {
        if self.0.is_empty() { Ok(()) } else { Err(Unfit::Damaged("a part is too long")) }
    }
}
