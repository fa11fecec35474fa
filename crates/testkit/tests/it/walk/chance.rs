//! What happens next, by a seed.

/// `splitmix64`: the same walk for the same seed on every machine.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    /// Whether something happens that happens once in `times`.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let at = self.below(of.len());
        of.get(at).copied()
    }

    /// One of these, by their weights.
    pub(crate) fn weigh<T: Copy>(&mut self, of: &[(u16, T)]) -> Option<T> {
        let mut at = self.below(of.iter().map(|(weight, _)| usize::from(*weight)).sum());
        for (weight, one) in of {
            match at.checked_sub(usize::from(*weight)) {
                Some(left) => at = left,
                None => return Some(*one),
            }
        }
        None
    }
}
