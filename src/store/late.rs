//! A column that stays where it was kept until somebody asks for it.
//!
//! A log that was read before has most of its columns in the file of its index; few of them are needed to show it. Each
//! is read, checked and kept when it is first touched, on whatever thread that is. One that turns out not to be what was
//! written says "nothing" of every record, and [`KeptParts::is_lost`] is true from then on: who asks tells the user.

use std::fmt::Debug;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use super::column::Column;

/// Bytes that were put away in parts, each with a checksum.
pub trait KeptParts: Debug + Send + Sync {
    /// A part, if it is what was written.
    fn read(&self, part: usize) -> Option<Box<[u8]>>;
    /// Whether a part could not be read or was not what was written.
    fn is_lost(&self) -> bool;
}

/// A column in memory, or the way to it.
#[derive(Debug, Clone, Default)]
pub struct Late {
    column: OnceLock<Column>,
    place: Option<Place>,
}

/// Where a column is.
#[derive(Debug, Clone)]
struct Place {
    parts: Arc<dyn KeptParts>,
    part: usize,
    /// Number of records.
    len: usize,
    /// The column but for its bytes.
    frame: Column,
    /// The number of a record that has none.
    nothing: i64,
}

impl Late {
    /// A column of `len` records whose bytes are `part` of `parts`; `nothing` stands for no number at all.
    pub fn new(frame: Column, (parts, part): (&Arc<dyn KeptParts>, usize), len: usize, nothing: i64) -> Self {
        Self { column: OnceLock::new(), place: Some(Place { parts: Arc::clone(parts), part, len, frame, nothing }) }
    }

    /// Bytes in memory besides the constant part.
    pub fn memory_bytes(&self) -> usize {
        self.column.get().map_or(0, Column::memory_bytes)
    }
}

impl Place {
    fn read(&self) -> Option<Column> {
        let Column { base, step, slope, width, .. } = self.frame;
        let column = Column::from_parts(base, step, slope, width, self.parts.read(self.part)?);
        column.holds(self.len).then_some(column)
    }
}

impl Deref for Late {
    type Target = Column;

    #[inline]
    fn deref(&self) -> &Column {
        self.column.get_or_init(|| {
            let read = |place: &Place| place.read().unwrap_or_else(|| Column::of(&[place.nothing], |nothing| nothing));
            self.place.as_ref().map(read).unwrap_or_default()
        })
    }
}

impl From<Column> for Late {
    fn from(column: Column) -> Self {
        Self { column: OnceLock::from(column), place: None }
    }
}

impl PartialEq for Late {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Late {}
