//! What is named in the settings and goes quiet is found, however its events come.

use std::fs;

use chrono::TimeDelta;
use lapwing::replay::Order;
use lapwing::settings::Settings;
use lapwing::settings::catalog::Catalog;

use super::{How, USUAL, heard, planned};
use crate::logs::{Dice, Record, Who, call, delivery, invocation, noon};

const SETTINGS: &str = "[[silence]]
account = '111122223333'
region = 'eu-west-1'
after = '1h'
[[silence]]
account = '111122223333'
function = 'nightly'
after = '3h'";

/// Calls at these minutes after noon.
fn calls(dice: &mut Dice, minutes: impl IntoIterator<Item = i64>) -> Vec<Record> {
    let at = |minute| call(dice, noon() + TimeDelta::minutes(minute), Who::User("ann"), ("s3:GetObject", ""));
    minutes.into_iter().map(at).collect()
}

fn lines(dice: &mut Dice, minutes: impl IntoIterator<Item = i64>) -> Vec<Record> {
    let at = |minute| invocation(dice, noon() + TimeDelta::minutes(minute), "nightly", ("success", ""));
    minutes.into_iter().flat_map(at).collect()
}

/// `status subject seen` of each alert about silence in these files.
fn said(files: &[Vec<Record>], how: How) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    for (number, records) in files.iter().enumerate() {
        fs::write(folder.path().join(format!("{number:03}.json")), delivery(records)).unwrap();
    }
    let settings = Settings::read("x", SETTINGS, &Catalog::built_in()).unwrap();
    let heard = heard(&mut planned(how, settings), &[folder.path().to_owned()]);
    let of_silence = heard.alerts.iter().filter(|alert| alert.detector == "silence");
    let told = |alert: &lapwing_detectors::alert::Alert| {
        format!(
            "{:?} {} {} from {}",
            alert.status,
            alert.subject.name(),
            alert.seen,
            alert.window.start.format("%H:%M")
        )
    };
    of_silence.map(told).collect()
}

#[test]
fn a_trail_that_stops_is_found_and_ends_when_it_goes_on() {
    let mut dice = Dice::new(1);
    let (before, after) = (calls(&mut dice, (0..=120).step_by(30)), calls(&mut dice, (300..=480).step_by(30)));
    let wanted = ["Open 111122223333 150 from 14:01", "Resolved 111122223333 150 from 14:01"];
    let small = How { memory: 1, threads: 1, ..USUAL };
    for files in [
        vec![[before.clone(), after.clone()].concat()],
        vec![after.clone(), before.clone()],
        vec![after.clone(), before.clone(), before.clone()],
    ] {
        assert_eq!(said(&files, USUAL), wanted);
        assert_eq!(said(&files, small), wanted, "with little memory");
    }
    let mut other = lines(&mut dice, (0..=480).step_by(10));
    other.extend([before, after].concat());
    other.sort_by_key(|record| record.time);
    let one_by_one: Vec<Vec<Record>> = other.into_iter().map(|record| vec![record]).collect();
    let delivered = said(&one_by_one, How { order: Order::Delivery, ..USUAL });
    assert_eq!(delivered, ["Open 111122223333 60 from 14:01", "Resolved 111122223333 150 from 14:01"]);
}

#[test]
fn a_function_that_stops_is_found_while_others_go_on() {
    let mut dice = Dice::new(2);
    let files = [lines(&mut dice, [0, 100]), calls(&mut dice, (0..=400).step_by(20))];
    assert_eq!(said(&files, USUAL), ["Open nightly 270 from 13:41"]);
}

#[test]
fn what_speaks_in_time_and_what_nobody_named_is_not_silent() {
    let mut dice = Dice::new(3);
    let files = [lines(&mut dice, (0..=600).step_by(170)), calls(&mut dice, (0..=600).step_by(59))];
    assert_eq!(said(&files, USUAL), [""; 0]);
    assert_eq!(said(&[calls(&mut dice, [600])], USUAL), [""; 0], "what was never heard is not silent");
}
