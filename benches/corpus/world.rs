//! The invented accounts, who is in them, and which files their records go to.

use crate::arguments::Arguments;
use crate::fill::Pools;
use crate::principals::Principal;
use crate::random::{Random, Zipf};
use crate::rhythm::Rhythm;

/// Regions and their shares of an account's records.
const REGIONS: [(&str, f64); 4] =
    [("eu-west-1", 0.60), ("us-east-1", 0.22), ("ap-southeast-2", 0.11), ("us-west-2", 0.07)];
/// How many records a file has: as many small ones as large ones, in logarithms.
const RECORDS_A_FILE: (f64, f64) = (200.0, 2_000.0);

/// An account and who is in it.
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) principals: Vec<Principal>,
    /// How much each of them does.
    pub(crate) diligence: Zipf,
}

/// A file to write: some records of one account and Region.
pub(crate) struct File {
    /// A number of its own, which seeds its chance.
    pub(crate) number: u64,
    pub(crate) account: usize,
    pub(crate) region: &'static str,
    pub(crate) records: usize,
    /// The share of the load before its first record.
    pub(crate) from: f64,
    /// The share of the load before the next file.
    pub(crate) to: f64,
}

/// All that records are drawn from.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) pools: Pools,
    pub(crate) rhythm: Rhythm,
    pub(crate) accounts: Vec<Account>,
    pub(crate) files: Vec<File>,
}

impl World {
    /// The world of these arguments.
    pub(crate) fn new(arguments: &Arguments) -> World {
        let mut random = Random::new(arguments.seed, 0);
        let pools = Pools::new(&mut random);
        let share = arguments.principals.div_ceil(arguments.accounts);
        let accounts = (0..arguments.accounts)
            .map(|i| {
                let id = account_id(i);
                let principals = (0..share).map(|n| Principal::new(&pools, &id, n, &mut random)).collect();
                Account { id, principals, diligence: Zipf::new(share, 1.1) }
            })
            .collect();
        let files = files(arguments, &mut random);
        World { seed: arguments.seed, pools, rhythm: Rhythm::new(arguments.days), accounts, files }
    }
}

/// The account ids of AWS's own documentation, `111122223333` and so on, then others that look alike.
fn account_id(number: usize) -> String {
    let digit = |i: usize| (number * 3 + i + 1) % 10;
    let groups = format!("{0}{0}{0}{0}{1}{1}{1}{1}{2}{2}{2}{2}", digit(0), digit(1), digit(2));
    if number < 10 { groups } else { format!("{}{number:08}", &groups[..4]) }
}

/// The files of every account and Region, the larger accounts first.
fn files(arguments: &Arguments, random: &mut Random) -> Vec<File> {
    let sizes: Vec<f64> = (1..=arguments.accounts).map(|rank| (rank as f64).powf(-0.7)).collect();
    let total: f64 = sizes.iter().sum();
    let mut out = Vec::new();
    let mut left = arguments.events;
    for (account, size) in sizes.iter().enumerate() {
        for (i, (region, share)) in REGIONS.into_iter().enumerate() {
            let last = account + 1 == arguments.accounts && i + 1 == REGIONS.len();
            let part = (arguments.events as f64 * size / total * share) as usize;
            let records = if last { left } else { part.min(left) };
            left -= records;
            split((account, region, records), &mut out, random);
        }
    }
    out
}

/// Splits the records of an account and Region into files, in the order of time.
fn split((account, region, records): (usize, &'static str, usize), out: &mut Vec<File>, random: &mut Random) {
    let (low, high) = (RECORDS_A_FILE.0.ln(), RECORDS_A_FILE.1.ln());
    let mut done = 0;
    while done < records {
        let mut size = (low + (high - low) * random.unit()).exp() as usize;
        if records - done < size + RECORDS_A_FILE.0 as usize {
            size = records - done;
        }
        let share = |n: usize| n as f64 / records as f64;
        let (from, to) = (share(done), share(done + size));
        out.push(File { number: out.len() as u64, account, region, records: size, from, to });
        done += size;
    }
}
