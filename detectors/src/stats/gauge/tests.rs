use super::*;
use crate::stats::dice::Dice;

fn fed(model: GaugeModel, rows: u32) -> (Gauge, Dice) {
    let (mut gauge, mut dice) = (Gauge::new(model), Dice(3));
    for row in 0..rows {
        gauge.step(f64::from(dice.next(1000)), f64::from(row % 288) / 288.0);
    }
    (gauge, dice)
}

/// A stored gauge goes on as the one in memory, up to rounding.
#[test]
fn a_stored_gauge_goes_on() {
    for (model, most) in [(GaugeModel::Full8, GAUGE_BYTES), (GaugeModel::Core3, 700)] {
        for rows in [0, 1, 19, 100, 5_000] {
            let (mut kept, mut dice) = fed(model, rows);
            let bytes = kept.encode();
            assert!(bytes.len() <= most, "{}", bytes.len());
            let mut stored = Gauge::decode(&bytes).unwrap();
            for row in rows..rows + 500 {
                let (x, day) = (f64::from(dice.next(1300)), f64::from(row % 288) / 288.0);
                let (a, b) = (kept.step(x, day).score, stored.step(x, day).score);
                assert!((a - b).abs() < 0.02, "{model:?} {rows} {row}: {a} {b}");
            }
        }
    }
}

#[test]
fn damaged_bytes_are_no_gauge() {
    let bytes = fed(GaugeModel::Full8, 50).0.encode();
    assert_eq!(Gauge::decode(&[]), None);
    assert_eq!(Gauge::decode(&bytes[..bytes.len() - 1]), None);
    assert_eq!(Gauge::decode(&[&[9], &bytes[1..]].concat()), None);
}

#[test]
fn extreme_values_give_scores() {
    for model in [GaugeModel::Full8, GaugeModel::Core3] {
        let (mut gauge, mut dice) = (Gauge::new(model), Dice(5));
        for _ in 0..3_000 {
            let x = [0.0, -0.0, GAUGE_LIMIT, -GAUGE_LIMIT, 1e-300, 5e-324, 1.0, 1e15][dice.next(8) as usize];
            let score = gauge.step(x, f64::from(dice.next(1000)) / 1000.0).score;
            assert!((0.0..1.0).contains(&score), "{x}: {score}");
        }
    }
}

#[test]
fn a_broken_range_is_named() {
    let mut gauge = fed(GaugeModel::Full8, 2_000).0;
    let score = gauge.step(5_000.0, 0.5);
    let (feature, ranges) = score.worst.unwrap();
    assert!(feature == Feature::Seasonal && ranges > 1.9 && score.score > 0.5, "{score:?}");
}
