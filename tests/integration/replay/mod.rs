//! Replays through the library: what they say must not depend on how the logs lie on the disk, nor on the machine.

mod files;
mod laws;
mod rules;
mod silence;
mod state;

use std::path::PathBuf;
use std::sync::Arc;

use lapwing::replay::{Failed, Order, Plan, Replay, Stats, Strictness, Teller, Telling, Unsaid};
use lapwing::report::json;
use lapwing::settings::Settings;
use lapwing::source::find;
use lapwing_detectors::alert::Alert;
use lapwing_detectors::stage::Stage;

/// What a replay said.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) alerts: Vec<Alert>,
    pub(crate) stats: Stats,
    /// Inputs that could not be read as they should be.
    pub(crate) failures: u64,
    /// What went wrong with records and inputs.
    pub(crate) failed: Vec<String>,
}

impl Heard {
    /// The alerts as they are printed.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.alerts.iter().map(json::line).collect()
    }
}

impl Teller for Heard {
    fn alert(&mut self, alert: &Alert) {
        self.alerts.push(alert.clone());
    }

    fn failed(&mut self, input: &str, failed: Failed) {
        self.failed.push(format!("{input}: {failed:?}"));
    }

    fn progress(&mut self, _: u64) {}
}

/// How to replay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    pub(crate) order: Order,
    pub(crate) threads: usize,
    /// In kilobytes.
    pub(crate) memory: usize,
    pub(crate) telling: Telling,
}

/// As it is done where nothing is set.
pub(crate) const USUAL: How = How { order: Order::Event, threads: 2, memory: 32 << 10, telling: Telling::Stories };

pub(crate) fn replay(paths: &[PathBuf], how: How) -> Heard {
    let mut replay = planned(how, Settings::default());
    heard(&mut replay, paths)
}

/// Goes on where another replay ended, and gives what the next needs.
fn resumed(paths: &[PathBuf], how: How, kept: Option<&[u8]>) -> (Heard, Vec<u8>) {
    let mut replay = planned(how, Settings::default());
    replay.resume(kept).unwrap();
    let heard = heard(&mut replay, paths);
    (heard, replay.keep().unwrap().unwrap())
}

fn planned(how: How, settings: Settings) -> Replay {
    let plan = Plan {
        order: how.order,
        memory: how.memory << 10,
        threads: how.threads,
        strictness: Strictness::Skip,
        unsaid: Unsaid::default(),
        stage: Stage::Digest,
        telling: how.telling,
    };
    Replay::new(plan, &Arc::new(settings)).unwrap()
}

fn heard(replay: &mut Replay, paths: &[PathBuf]) -> Heard {
    let mut heard = Heard::default();
    replay.run(find(paths), &mut heard).unwrap();
    (heard.stats, heard.failures) = (replay.stats, replay.failures);
    heard
}
