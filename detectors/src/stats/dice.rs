//! Numbers for tests: the same on every machine.

/// Knuth's linear congruential generator (MMIX).
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// 0 to `sides` - 1.
    pub(super) fn next(&mut self, sides: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(sides)) as u32
    }
}
