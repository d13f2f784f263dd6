//! Files on the disk, written by as many threads as there are cores; the bytes do not depend on them.

use std::fs::{self, File as Handle};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use xxhash_rust::xxh3::xxh3_64;

use crate::arguments::{Arguments, Format};
use crate::lambda_logs;
use crate::random::Random;
use crate::record::records;
use crate::rhythm::date;
use crate::world::{File, World};

/// What was written.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) records: usize,
    pub(crate) files: usize,
    /// Bytes before compression.
    pub(crate) inflated: usize,
    /// Bytes on the disk.
    pub(crate) stored: usize,
    /// A hash of all bytes before compression, in the order of the files.
    pub(crate) digest: u64,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.records += other.records;
        self.files += other.files;
        self.inflated += other.inflated;
        self.stored += other.stored;
        self.digest = self.digest.rotate_left(7) ^ other.digest;
    }
}

/// Writes the whole corpus.
pub(crate) fn write(arguments: &Arguments, world: &World) -> io::Result<Tally> {
    fs::create_dir_all(&arguments.out)?;
    let mut tally = match arguments.format {
        Format::S3Gz => each(&world.files, |file| s3_file(&arguments.out, world, file))?,
        Format::JsonLines => json_lines(&arguments.out.join("events.jsonl"), world)?,
    };
    let shares = lambda_logs::shares(arguments.functions, arguments.invocations, arguments.seed);
    let functions: Vec<(usize, usize)> = shares.into_iter().enumerate().collect();
    tally.add(&each(&functions, |(number, share)| log_group(arguments, world, (*number, *share)))?);
    Ok(tally)
}

/// Does the work for every item, on all cores, and sums up in the order of the items.
fn each<T: Sync>(items: &[T], work: impl Fn(&T) -> io::Result<Tally> + Sync) -> io::Result<Tally> {
    let mut tally = Tally::default();
    for done in in_parallel(items, work) {
        tally.add(&done?);
    }
    Ok(tally)
}

/// The results of the work in the order of the items.
fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let share = items.len().div_ceil(cores).max(1);
    let work = &work;
    thread::scope(|scope| {
        let parts: Vec<_> =
            items.chunks(share).map(|part| scope.spawn(move || part.iter().map(work).collect::<Vec<R>>())).collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

fn s3_file(out: &Path, world: &World, file: &File) -> io::Result<Tally> {
    let (text, ends) = records(world, file);
    let mut body = String::with_capacity(text.len() + ends.len() + 16);
    body.push_str("{\"Records\":[");
    let mut start = 0;
    for end in &ends {
        if start > 0 {
            body.push(',');
        }
        body.push_str(&text[start..*end]);
        start = *end;
    }
    body.push_str("]}");
    let stored = write_gz(&out.join(key(world, file)), body.as_bytes())?;
    Ok(Tally { records: ends.len(), files: 1, inflated: body.len(), stored, digest: xxh3_64(body.as_bytes()) })
}

/// The key of a file as CloudTrail delivers it to S3: it arrives at the next full five minutes.
fn key(world: &World, file: &File) -> PathBuf {
    let (account, region) = (&world.accounts[file.account].id, file.region);
    let time = (world.rhythm.instant(file.to) / 300 + 1) * 300;
    let (year, month, day) = date(time);
    let (hour, minute) = (time / 3_600 % 24, time / 60 % 60);
    let token = Random::new(world.seed, file.number ^ (1 << 63)).bits();
    let name =
        format!("{account}_CloudTrail_{region}_{year}{month:02}{day:02}T{hour:02}{minute:02}Z_{token:016X}.json.gz");
    PathBuf::from(format!("AWSLogs/{account}/CloudTrail/{region}/{year}/{month:02}/{day:02}/{name}"))
}

fn json_lines(path: &Path, world: &World) -> io::Result<Tally> {
    /// So many files are held in memory at once.
    const HELD: usize = 16;
    let mut out = BufWriter::new(Handle::create(path)?);
    let mut tally = Tally { files: 1, ..Tally::default() };
    for files in world.files.chunks(HELD) {
        for (text, ends) in in_parallel(files, |file| records(world, file)) {
            let mut start = 0;
            for end in &ends {
                out.write_all(&text.as_bytes()[start..*end])?;
                out.write_all(b"\n")?;
                start = *end;
            }
            let inflated = text.len() + ends.len();
            let digest = xxh3_64(text.as_bytes());
            tally.add(&Tally { records: ends.len(), files: 0, inflated, stored: inflated, digest });
        }
    }
    out.flush()?;
    Ok(tally)
}

fn log_group(arguments: &Arguments, world: &World, (number, share): (usize, usize)) -> io::Result<Tally> {
    let (name, text) = lambda_logs::payloads(world, number, share);
    let path = arguments.out.join("lambda").join(name);
    let stored = match arguments.format {
        Format::S3Gz => write_gz(&path.with_extension("jsonl.gz"), text.as_bytes())?,
        Format::JsonLines => {
            fs::create_dir_all(arguments.out.join("lambda"))?;
            fs::write(&path, &text)?;
            text.len()
        }
    };
    Ok(Tally { records: 0, files: 1, inflated: text.len(), stored, digest: xxh3_64(text.as_bytes()) })
}

/// Writes a gzip file and says how large it is.
fn write_gz(path: &Path, bytes: &[u8]) -> io::Result<usize> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 6), Compression::new(6));
    encoder.write_all(bytes)?;
    let packed = encoder.finish()?;
    fs::write(path, &packed)?;
    Ok(packed.len())
}
