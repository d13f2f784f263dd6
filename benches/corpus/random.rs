//! Chance that is the same for a seed on every machine: xoshiro256++, seeded by splitmix64.

/// A generator of random numbers.
pub(crate) struct Random {
    state: [u64; 4],
}

impl Random {
    /// The generator of a seed and a purpose; other purposes give unrelated numbers.
    pub(crate) fn new(seed: u64, purpose: u64) -> Random {
        let mut z = seed.wrapping_mul(0xA076_1D64_78BD_642F) ^ purpose.wrapping_mul(0xE703_7ED1_A0B4_28DB);
        Random { state: std::array::from_fn(|_| splitmix(&mut z)) }
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// A number from 0 up to, not including, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number from 0 to `n` - 1; 0 if `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of the items, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// A place among so many, the first ones most often.
    pub(crate) fn early(&mut self, n: usize) -> usize {
        (self.unit().powi(3) * n as f64) as usize
    }

    /// A number that is about normal: mean 0, deviation 1.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Ranks from 0 of which the first come far more often: rank *r* in proportion to 1 / (*r* + 1)^*s*.
pub(crate) struct Zipf {
    cumulated: Vec<f64>,
}

impl Zipf {
    /// So many ranks, at least one.
    pub(crate) fn new(ranks: usize, s: f64) -> Zipf {
        let mut sum = 0.0;
        let mut cumulated: Vec<f64> = Vec::with_capacity(ranks.max(1));
        for rank in 1..=ranks.max(1) {
            sum += (rank as f64).powf(-s);
            cumulated.push(sum);
        }
        cumulated.iter_mut().for_each(|c| *c /= sum);
        Zipf { cumulated }
    }

    /// A rank.
    pub(crate) fn draw(&self, random: &mut Random) -> usize {
        let u = random.unit();
        self.cumulated.partition_point(|c| *c < u).min(self.cumulated.len() - 1)
    }
}
