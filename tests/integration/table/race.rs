//! Many writers on one item.

use std::rc::Rc;

use lapwing::store::table::{Item, Outlook, Put, Table, TableError};
use tokio::task::LocalSet;

use super::{Freshness, Span, item};

/// How many writers add to one counter, and how often each does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Race {
    pub(crate) writers: u8,
    pub(crate) rounds: u8,
}

/// What came of a race.
#[derive(Debug, Default)]
pub(crate) struct Run {
    race: Option<Race>,
    /// How often each writer's part was added to, as the item says at the end.
    counts: Vec<u8>,
    /// The item's version at the end.
    version: u64,
    /// Attempts that somebody else overtook.
    pub(crate) overtaken: u64,
    /// Attempts that were done although the table did not say so.
    pub(crate) recognised: u64,
    /// Calls that failed.
    pub(crate) failed: u64,
}

impl Run {
    /// What the counter has kept.
    pub(crate) fn kept(&self) -> u64 {
        self.counts.iter().map(|n| u64::from(*n)).sum()
    }

    /// Nothing was lost, nothing was done twice: each writer's part is whole, and there were as many versions as
    /// additions.
    #[track_caller]
    pub(crate) fn assert_exact(&self) {
        let Race { writers, rounds } = self.race.unwrap();
        assert_eq!(self.counts, vec![rounds; writers.into()], "{self:?}");
        assert_eq!(self.version, u64::from(writers) * u64::from(rounds), "{self:?}");
    }
}

const KEY: &str = "race";
const SORT: &str = "c#1";

/// Lets every writer add one to its part of one item, again and again, all at once. A writer knows by its part whether
/// what it wrote is there; a call that fails and may pass is made again.
pub(crate) async fn race<T: Table + 'static>(table: Rc<T>, race: Race) -> Run {
    let set = LocalSet::new();
    let writer = |writer| {
        let table = Rc::clone(&table);
        set.spawn_local(async move { Writer { table: &*table, place: writer, run: Run::default() }.write(race).await })
    };
    let writers: Vec<_> = (0..race.writers).map(writer).collect();
    let mut total = set
        .run_until(async {
            let mut total = Run { race: Some(race), ..Run::default() };
            for writer in writers {
                let run = writer.await.unwrap();
                total.overtaken += run.overtaken;
                total.recognised += run.recognised;
                total.failed += run.failed;
            }
            total
        })
        .await;
    let mut reader = Writer { table: &*table, place: 0, run: Run::default() };
    let last = reader.read().await.unwrap();
    (total.counts, total.version) = (last.body.to_vec(), last.version);
    total
}

struct Writer<'t, T> {
    table: &'t T,
    /// Which part of the item is this writer's.
    place: u8,
    run: Run,
}

impl<T: Table> Writer<'_, T> {
    async fn write(mut self, race: Race) -> Run {
        for round in 1..=race.rounds {
            let mut now = self.read().await;
            while let Some(next) = self.next(now.as_ref(), race, round) {
                let before = now.as_ref().map_or(0, |item| item.version);
                now = match self.table.replace(&next, before).await {
                    Ok(Put::Done) => break,
                    Ok(Put::Overtaken(item)) => {
                        self.run.overtaken += 1;
                        item
                    }
                    Err(error) => {
                        self.passes(&error);
                        self.read().await
                    }
                };
                let part = |item: &Item| item.body[usize::from(self.place)] == round;
                self.run.recognised += u64::from(now.as_ref().is_some_and(part));
            }
        }
        self.run
    }

    /// The item with this round added, or nothing where it is there already.
    fn next(&self, now: Option<&Item>, race: Race, round: u8) -> Option<Item> {
        let mut body = now.map_or_else(|| vec![0; race.writers.into()], |item| item.body.to_vec());
        let part = &mut body[usize::from(self.place)];
        if *part == round {
            return None;
        }
        *part += 1;
        Some(item(KEY, SORT, 1 + now.map_or(0, |item| item.version), &body))
    }

    async fn read(&mut self) -> Option<Item> {
        loop {
            let span = Span { key: KEY, from: SORT, to: SORT, freshness: Freshness::Strong };
            match self.table.query(span).await {
                Ok(items) => return items.into_iter().next(),
                Err(error) => self.passes(&error),
            }
        }
    }

    fn passes(&mut self, error: &TableError) {
        assert_eq!(error.outlook, Outlook::Passing, "{error}");
        self.run.failed += 1;
        assert!(self.run.failed < 100, "it does not pass: {error}");
    }
}
