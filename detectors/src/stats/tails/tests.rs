//! Tails against values computed with 40 digits: sums of the hypergeometric series, and of the terms.

use super::*;

fn agree(found: f64, wanted: f64, what: &str) {
    assert!((found - wanted).abs() <= 1e-9 * wanted.abs().max(1.0), "{what}: {found}, wanted {wanted}");
}

#[test]
fn negative_binomial() {
    for ((k, mean, size), wanted) in [
        ((1.0, 0.01, 0.5), -4.6200344109117),
        ((3.0, 0.1, 2.0), -7.7836405962213),
        ((20.0, 5.0, 3.0), -5.7616643947269),
        ((15.0, 5.0, 1e6), -8.3938068153546),
        ((60.0, 0.05, 0.03), -34.7360640894122),
        ((500.0, 100.0, 50.0), -94.0252078509299),
        ((5_000.0, 100.0, 20.0), -823.1073175573),
        ((1e5, 100.0, 10.0), -9461.7831858912),
        ((2_000.0, 1_000.0, 1e5), -385.3873755932),
        ((1e6, 1e5, 1e3), -6663.757054669),
        ((4.0, 1e-6, 3e-8), -16.7404688302986),
    ] {
        agree(neg_binomial_ln_sf(k, mean, size), wanted, &format!("{k} {mean} {size}"));
    }
    // Here the gamma function of a billion has only six digits left after the point, which is plenty.
    assert!((neg_binomial_ln_sf(121.0, 100.0, 1e9) + 3.78674216472).abs() < 1e-5);
    assert_eq!(neg_binomial_ln_sf(0.0, 5.0, 1.0), 0.0);
    assert_eq!(neg_binomial_ln_sf(5.0, 5.0, 1.0), 0.0);
}

#[test]
fn beta_binomial() {
    for ((k, n, a, b), wanted) in [
        ((1.0, 5.0, 0.5, 20.0), -2.2378291487206),
        ((2.0, 40.0, 0.2, 40.0), -3.164051303318),
        ((15.0, 300.0, 1.0, 500.0), -14.9361676420257),
        ((30.0, 30.0, 2.0, 98.0), -64.0388619686886),
        ((400.0, 2_000.0, 5.0, 995.0), -160.0348524485),
        ((300.0, 300.0, 0.01, 500.0), -535.4953634513),
        ((50.0, 1_000.0, 0.05, 0.95), -1.9451088041997),
        ((2_000.0, 20_000.0, 2.0, 198.0), -17.7271601525964),
    ] {
        agree(beta_binomial_ln_sf(k, n, a, b), wanted, &format!("{k} {n} {a} {b}"));
    }
    assert_eq!(beta_binomial_ln_sf(0.0, 5.0, 1.0, 1.0), 0.0);
}

/// Whatever is asked, the answer is a logarithm of a probability, and comes soon.
#[test]
fn extreme_arguments() {
    for k in [1.0, 3.0, 1e3, 1e6, 6e10] {
        for mean in [1e-12, 1e-3, 1.0, 1e5, 5.9e10] {
            for size in [1e-9, 1e-3, 1.0, 1e6, 1e12] {
                let ln = neg_binomial_ln_sf(k, mean, size);
                assert!(ln <= 0.0 && ln.is_finite(), "{k} {mean} {size}: {ln}");
            }
        }
        for (n, p, m) in [(k, 1e-9, 1.0), (k, 0.95, 1.0), (2.0 * k, 0.1, 1e6), (6e10, 0.5, 1.0), (6e10, 1e-9, 1e9)] {
            let ln = beta_binomial_ln_sf(k, n, p * m, (1.0 - p) * m);
            assert!(ln <= 0.0 && ln.is_finite(), "{k} {n} {p} {m}: {ln}");
        }
    }
}
