//! How much SQL a rule may become with all that it draws in: counted while it grows, so that too much is never built.
//!
//! Knows comparisons, bytes and parts; not what they are for.

use super::super::select::Weight;
use super::Compiler;

/// So many comparisons may there be, those counted that an expression repeats and those of all segments that are drawn in.
const MOST_COMPARISONS: usize = 5_000;

/// So many bytes may the SQL have.
const LARGEST: usize = 2_000_000;

/// So many parts may the SQL have: conditions on behaviours and lists, limits and references.
const MOST_PARTS: usize = 200;

/// Of what there is too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TooLarge {
    Comparisons,
    Bytes,
    Parts,
}

impl TooLarge {
    /// The message and the hint.
    pub(super) fn told(self) -> (&'static str, &'static str) {
        match self {
            TooLarge::Comparisons => (
                "has more than 5,000 comparisons, with those that expressions repeat and those of segments it refers to",
                "compute some of them in SQL, and join the result as an attribute",
            ),
            TooLarge::Bytes => (
                "would be more than 2 MB of SQL, with what expressions repeat and the segments it refers to",
                "put long lists of values into a table, and join it as an attribute or a behavior",
            ),
            TooLarge::Parts => (
                "has more than 200 conditions on behaviours, lists and segments, and limits",
                "compute some of them in SQL, and join the result as an attribute",
            ),
        }
    }
}

/// What there is so far.
#[derive(Debug, Default)]
pub(super) struct Size {
    weight: Weight,
    too_large: Option<TooLarge>,
}

impl Size {
    /// Of what there is too much, if of anything. Once it is, nothing more need be compiled.
    pub(super) fn too_large(&self) -> Option<TooLarge> {
        self.too_large
    }

    /// The SQL as it was written has so many bytes.
    pub(super) fn written(&mut self, bytes: usize) {
        if bytes > LARGEST {
            self.too_large.get_or_insert(TooLarge::Bytes);
        }
    }

    /// One more is about to be added to so many parts.
    pub(super) fn part_after(&mut self, parts: usize) {
        if parts >= MOST_PARTS {
            self.too_large.get_or_insert(TooLarge::Parts);
        }
    }
}

impl Compiler<'_> {
    /// Counts what is about to be added; false when it would be too much.
    pub(super) fn spend(&mut self, more: Weight) -> bool {
        let size = &mut self.size;
        size.weight = size.weight + more;
        size.written(size.weight.bytes);
        if size.weight.comparisons > MOST_COMPARISONS {
            size.too_large.get_or_insert(TooLarge::Comparisons);
        }
        size.too_large.is_none()
    }
}
