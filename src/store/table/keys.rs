//! Where things lie in the table.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use lapwing_detectors::entity::{Entity, Family};
use lapwing_detectors::time::{Hour, Minute};
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::port::Place;

/// The sort key of an entity's ledger: before all of its cells.
pub(super) const LEDGER: &str = "a";
/// After the last cell.
pub(super) const END: &str = "c~";
/// Where an instance notes how far ticks have come.
pub(super) const TICK: &str = "tick";
/// Names longer than this are cut, and told apart by their hash: a key takes at most 2,048 bytes.
const LONGEST: usize = 1_024;
/// Minutes in a bucket of work: what waits is judged this much later at most.
pub(super) const BUCKET: i32 = 5;
/// Partitions of a bucket of work, so that none takes more than a table allows.
pub(super) const WORK_PARTS: u64 = 4;

/// The partition key of an entity.
#[must_use]
pub fn key_of(entity: &Entity) -> Arc<str> {
    let family = match entity.family {
        Family::Principal => "p",
        Family::Api => "i",
        Family::Function => "f",
        Family::User => "u",
        Family::Address => "d",
        Family::Trail => "t",
        Family::Log => "l",
        Family::Account => "o",
        Family::Denial => "r",
        Family::Download => "b",
        Family::ErrorCode => "e",
    };
    let key = &*entity.key;
    if key.len() <= LONGEST {
        return format!("{family}{key}").into();
    }
    let mut end = LONGEST;
    while !key.is_char_boundary(end) {
        end -= 1;
    }
    format!("{family}{}{:032x}", &key[..end], xxh3_128(key.as_bytes())).into()
}

/// Where the functions of an account lie that failed in an hour.
pub(super) fn enrolled_key(home: &Entity, hour: Hour) -> Arc<str> {
    format!("j{}.{}", home.account(), hour.0).into()
}

/// The sort key of a cell's part. Newer hours come first, so that a ledger and the newest cells lie side by side.
pub(super) fn cell_sort(hour: Hour, part: u8) -> Arc<str> {
    format!("c{:010}.{part:02}", i64::from(i32::MAX) - i64::from(hour.0)).into()
}

/// The hour and part of a cell's sort key.
#[must_use]
pub fn hour_of(sort: &str) -> Option<(Hour, u8)> {
    let (hour, part) = sort.strip_prefix('c')?.split_once('.')?;
    let hour = i64::from(i32::MAX) - hour.parse::<i64>().ok()?;
    Some((Hour(i32::try_from(hour).ok()?), part.parse().ok()?))
}

/// The last sort key of an hour and all newer ones.
pub(super) fn back_to(hour: Hour) -> Arc<str> {
    cell_sort(hour, 99)
}

/// A bucket of work: minutes since 1970, by fives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub(super) struct Bucket(pub(super) i32);

impl Bucket {
    /// The first bucket that begins at or after `time`.
    pub(super) fn from(time: DateTime<Utc>) -> Bucket {
        let minute = Minute::of(time + TimeDelta::minutes(1) - TimeDelta::nanoseconds(1));
        Bucket(minute.0.div_euclid(BUCKET) + i32::from(minute.0.rem_euclid(BUCKET) != 0))
    }

    /// The last bucket that began at or before `now`.
    pub(super) fn at(now: DateTime<Utc>) -> Bucket {
        Bucket(Minute::of(now).0.div_euclid(BUCKET))
    }

    /// When it begins: what is in it may be done from then on.
    pub(super) fn start(self) -> DateTime<Utc> {
        Minute(self.0.saturating_mul(BUCKET)).start()
    }

    pub(super) fn next(self) -> Bucket {
        Bucket(self.0 + 1)
    }

    pub(super) fn key(self, part: u64) -> Arc<str> {
        format!("w{}.{part}", self.0).into()
    }

    /// Where a row of work lies.
    pub(super) fn place(self, row: &[u8]) -> Place {
        let hash = xxh3_128(row);
        Place { key: self.key(hash as u64 % WORK_PARTS), sort: format!("{hash:032x}").into() }
    }
}

/// The short form of a delivery's id, as cells remember it.
pub(super) fn short(delivery: u128) -> u64 {
    xxh3_64(&delivery.to_le_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newer_cells_come_first_and_keys_come_back() {
        let sorts: Vec<_> = [Hour(500_001), Hour(500_000), Hour(-3)].map(|hour| cell_sort(hour, 3)).into();
        assert!(LEDGER < &*sorts[0] && sorts.is_sorted() && &*sorts[2] < END);
        assert_eq!(hour_of(&sorts[2]), Some((Hour(-3), 3)));
        assert!(*sorts[1] <= *back_to(Hour(500_000)) && *sorts[2] > *back_to(Hour(500_000)));
        assert_eq!(hour_of(LEDGER), None);
    }

    #[test]
    fn work_is_due_when_its_bucket_begins() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        assert_eq!((Bucket::from(at(0)), Bucket::at(at(0))), (Bucket(0), Bucket(0)));
        assert_eq!((Bucket::from(at(1)), Bucket::at(at(1))), (Bucket(1), Bucket(0)));
        assert_eq!((Bucket::from(at(299)), Bucket::at(at(299))), (Bucket(1), Bucket(0)));
        assert_eq!((Bucket::from(at(300)), Bucket::at(at(300))), (Bucket(1), Bucket(1)));
        assert_eq!(Bucket(1).start(), at(300));
    }

    #[test]
    fn long_names_stay_apart() {
        let of =
            |end: &str| key_of(&Entity { family: Family::User, key: format!("{}{end}", "ä".repeat(3_000)).into() });
        assert!(of("a").len() < 2_048);
        assert_ne!(of("a"), of("b"));
    }
}
