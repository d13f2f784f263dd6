//! Upper tails of the two count distributions as natural logarithms, so that they stay exact far below the smallest
//! `f64` (a flood may well have p = 1e-5000).
//!
//! `ln` of the gamma function comes from `libm` (the port of musl's, within an ulp or two of the truth); its results
//! are the same bits on every platform, which a replay that must equal production needs. General libraries give the
//! tails themselves as plain probabilities, which are 0 where an alert begins to be interesting.

use libm::{lgamma, log, log1p};

/// A factor of the continued fraction this near to 1 ends it.
const CONVERGED: f64 = 1e-9;
/// Steps of the continued fraction at most; it needs about the square root of the larger parameter.
const STEPS: u32 = 200;
/// Instead of 0 as a divisor, as Lentz proposed.
const TINY: f64 = 1e-300;
/// A term of a sum this much smaller than the sum ends it.
const NEGLIGIBLE: f64 = 1e-12;
/// Terms that are added one by one; the rest is a geometric series. Only shares of millions of calls have more.
const TERMS: u32 = 4096;
/// The answer where the mean is 0: nothing was to be expected at all.
const IMPOSSIBLE: f64 = -700.0;

/// The logarithm of the beta function.
#[must_use]
pub fn ln_beta(a: f64, b: f64) -> f64 {
    lgamma(a) + lgamma(b) - lgamma(a + b)
}

fn guarded(v: f64) -> f64 {
    if v.abs() >= TINY { v } else { TINY }
}

/// ln I_x(a, b), the regularised incomplete beta function, for x < (a + 1) / (a + b + 2), given x and ln(1 - x): the continued fraction of
/// DLMF 8.17.22, evaluated by Lentz's method.
#[must_use]
fn ln_incomplete_beta((x, ln_rest): (f64, f64), a: f64, b: f64) -> f64 {
    let (mut c, mut d) = (1.0, 1.0 / guarded(1.0 - (a + b) * x / (a + 1.0)));
    let mut h = d;
    for step in 1..STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut factor = 1.0;
        for term in [even, odd] {
            d = 1.0 / guarded(1.0 + term * d);
            c = guarded(1.0 + term / c);
            factor = d * c;
            h *= factor;
        }
        if (factor - 1.0).abs() < CONVERGED {
            break;
        }
    }
    a * log(x) + b * ln_rest - log(a) - ln_beta(a, b) + log(h)
}

/// ln P(X ≥ k) of a negative binomial X with this mean and size (variance = mean + mean² / size); 0 unless k > mean.
#[must_use]
pub fn neg_binomial_ln_sf(k: f64, mean: f64, size: f64) -> f64 {
    if k <= 0.0 || k <= mean {
        return 0.0;
    }
    let x = mean / (mean + size);
    if x <= 0.0 {
        return IMPOSSIBLE;
    }
    // Of 1 - x, whichever form keeps its digits.
    let ln_rest = if x < 0.5 { log1p(-x) } else { log(size / (mean + size)) };
    ln_incomplete_beta((x, ln_rest), k, size).min(0.0)
}

/// ln P(X ≥ k) of a beta-binomial X: of `n` trials, each succeeds with a probability drawn once from Beta(a, b). The
/// first term, then the ratio of each to the one before.
#[must_use]
pub fn beta_binomial_ln_sf(k: f64, n: f64, a: f64, b: f64) -> f64 {
    if k <= 0.0 {
        return 0.0;
    }
    let ways = lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
    let first = ways + ln_beta(k + a, n - k + b) - ln_beta(a, b);
    let (mut total, mut term, mut j) = (1.0, 1.0, k);
    for step in 0..=TERMS {
        if j >= n || term < NEGLIGIBLE * total {
            break;
        }
        let ratio = (n - j) / (j + 1.0) * (j + a) / (n - j - 1.0 + b);
        if step == TERMS {
            let rest = if ratio < 1.0 { (ratio / (1.0 - ratio)).min(n - j) } else { n - j };
            total += term * rest;
            break;
        }
        term *= ratio;
        total += term;
        j += 1.0;
    }
    (first + log(total)).min(0.0)
}

#[cfg(test)]
mod tests;
