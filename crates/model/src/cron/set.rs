//! A set of the small numbers that a field can have.
//!
//! Knows nothing of fields: 0 to 59 is all it must hold.

/// Numbers from 0 to 63, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Set(u64);

impl Set {
    /// The numbers `from`, `from + step`, … up to `to`; a step of 0 counts as 1.
    pub(crate) fn stepped(from: u8, to: u8, step: u8) -> Set {
        (from..=to).step_by(usize::from(step.max(1))).collect()
    }

    /// All numbers of a range.
    pub(crate) fn span(from: u8, to: u8) -> Set {
        Set::stepped(from, to, 1)
    }

    pub(crate) fn contains(self, number: u8) -> bool {
        number < 64 && self.0 >> number & 1 == 1
    }

    pub(crate) fn with(self, other: Set) -> Set {
        Set(self.0 | other.0)
    }

    pub(crate) fn len(self) -> u32 {
        self.0.count_ones()
    }

    pub(crate) fn iter(self) -> impl DoubleEndedIterator<Item = u8> + Clone {
        (0..64).filter(move |number| self.contains(*number))
    }

    /// The smallest number that is `number` or greater.
    pub(crate) fn at_least(self, number: u8) -> Option<u8> {
        let rest = self.0.checked_shr(u32::from(number)).unwrap_or(0);
        // At most 63: the sum fits.
        (rest != 0).then(|| number + rest.trailing_zeros() as u8)
    }

    /// The greatest number that is `number` or smaller.
    pub(crate) fn at_most(self, number: u8) -> Option<u8> {
        let rest = self.0 & (u64::MAX >> (63 - u32::from(number.min(63))));
        (rest != 0).then(|| 63 - rest.leading_zeros() as u8)
    }

    /// The smallest and the greatest number, when all between them are there too.
    pub(crate) fn run(self) -> Option<(u8, u8)> {
        let (first, last) = (self.at_least(0)?, self.at_most(63)?);
        (self == Set::span(first, last)).then_some((first, last))
    }
}

impl FromIterator<u8> for Set {
    fn from_iter<I: IntoIterator<Item = u8>>(numbers: I) -> Set {
        Set(numbers.into_iter().filter(|number| *number < 64).fold(0, |bits, number| bits | 1 << number))
    }
}

#[cfg(test)]
mod tests {
    use super::Set;

    #[test]
    fn neighbours_are_found_at_the_edges_too() {
        let set: Set = [0, 5, 59, 63].into_iter().collect();
        let up = [(0, Some(0)), (1, Some(5)), (6, Some(59)), (60, Some(63)), (64, None), (255, None)];
        let down = [(0, Some(0)), (4, Some(0)), (5, Some(5)), (62, Some(59)), (63, Some(63)), (255, Some(63))];
        up.into_iter().for_each(|(from, want)| assert_eq!(set.at_least(from), want, "at least {from}"));
        down.into_iter().for_each(|(to, want)| assert_eq!(set.at_most(to), want, "at most {to}"));
        assert_eq!(Set::default().at_least(0), None);
        assert_eq!(Set::default().at_most(63), None);
        assert_eq!((set.run(), Set::span(3, 9).run()), (None, Some((3, 9))));
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 5, 59, 63]);
    }
}
