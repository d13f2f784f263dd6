//! What the reports of a function measured in an hour: how many readings of each step, by blocks; and the memory of a
//! few log streams.

use super::unite::{in_order, is_small};
use super::{Arrival, Cell};
use crate::measure::Measure;
use crate::meter::{BLOCKS, Meter, QUARTER, Reading, Sketch, Steps, TRACKS, Track, block_of};

impl Reading {
    pub(super) fn arriving(mut self, arrival: Arrival) -> Reading {
        if arrival == Arrival::Late {
            self.late = self.late.saturating_add(self.on_time);
            self.on_time = 0;
        }
        self
    }

    fn join(&mut self, other: Reading) {
        self.on_time = self.on_time.saturating_add(other.on_time);
        self.late = self.late.saturating_add(other.late);
    }
}

impl Cell {
    /// Adds what a report measured in a minute.
    pub(crate) fn read(&mut self, minute: u8, steps: &Steps) {
        for (meter, step) in Meter::ALL.into_iter().zip(*steps).filter(|(_, step)| *step > 0) {
            self.add_reading(Reading { meter, block: block_of(minute), step, on_time: 1, late: 0 });
        }
    }

    /// Follows the memory of a log stream.
    pub(crate) fn track(&mut self, minute: u8, stream: u32, used: u16) {
        let mut track = Track { stream, quarters: [(0, 0); 4] };
        track.quarters[usize::from(minute / QUARTER).min(3)] = (used, 1);
        self.add_track(&track);
    }

    pub(super) fn take_readings(&mut self, readings: Vec<Reading>, tracks: &[Track]) {
        if is_small(readings.len(), self.readings.len()) {
            readings.into_iter().for_each(|reading| self.add_reading(reading));
        } else {
            let held = std::mem::take(&mut self.readings);
            self.readings = in_order((held, readings), Reading::place, Reading::join);
        }
        tracks.iter().for_each(|track| self.add_track(track));
    }

    fn add_reading(&mut self, reading: Reading) {
        match self.readings.binary_search_by_key(&reading.place(), Reading::place) {
            Ok(at) => self.readings[at].join(reading),
            Err(at) => self.readings.insert(at, reading),
        }
    }

    fn add_track(&mut self, track: &Track) {
        match self.tracks.binary_search_by_key(&track.stream, |held| held.stream) {
            Ok(at) => self.tracks[at].add(track),
            Err(at) if at < TRACKS => {
                self.tracks.insert(at, *track);
                self.tracks.truncate(TRACKS);
            }
            Err(_) => {}
        }
    }

    /// The readings of a meter in the blocks `from..=to` of the hour, by block and step.
    pub fn readings(&self, meter: Meter, from: u8, to: u8) -> impl Iterator<Item = &Reading> {
        let first = self.readings.partition_point(|held| (held.meter, held.block) < (meter, from));
        self.readings[first..].iter().take_while(move |held| (held.meter, held.block) <= (meter, to))
    }

    /// How often each step of a meter was read in time in the blocks `from..=to` of the hour.
    pub(crate) fn sketch_in_time(&self, meter: Meter, from: u8, to: u8) -> Sketch {
        self.readings(meter, from, to).map(|reading| (reading.step, u64::from(reading.on_time))).collect()
    }

    /// The blocks of the hour with any reading of a meter, a bit for each.
    pub(crate) fn blocks(&self, meter: Meter) -> u16 {
        self.readings(meter, 0, BLOCKS - 1).fold(0, |bits, reading| bits | 1 << reading.block)
    }

    /// The log streams whose memory is followed.
    pub(crate) fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Has it anything that was read in time?
    pub(crate) fn has_readings(&self) -> bool {
        self.readings.iter().any(|reading| reading.on_time > 0)
    }

    /// How often a measure and its part came in time in each minute that has any of either.
    pub(crate) fn shares(&self, part: Measure, whole: Measure) -> Vec<(u8, (u32, u32))> {
        let mut minutes: [(u32, u32); 60] = [(0, 0); 60];
        for each in self.on_time_of(part, 0, 59) {
            let held = &mut minutes[usize::from(each.minute.min(59))];
            held.0 = held.0.saturating_add(each.n);
        }
        for each in self.on_time_of(whole, 0, 59) {
            let held = &mut minutes[usize::from(each.minute.min(59))];
            held.1 = held.1.saturating_add(each.n);
        }
        // Of what died no other trace may be left, so that there are at least as many of the whole as of the part.
        let all = (0..).zip(minutes).map(|(minute, (part, whole))| (minute, (part, whole.max(part))));
        all.filter(|(_, (_, whole))| *whole > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Report;
    use crate::meter::steps;

    /// A hundred reports a minute, of durations from 50 ms to 5 s and inits now and then, in the bytes of a table that
    /// deflates them further.
    #[test]
    fn readings_of_a_busy_hour_are_small() {
        let mut cell = Cell::default();
        for n in 0..6_000_u32 {
            let drawn = f64::from(n.wrapping_mul(2_654_435_761) >> 16) / 65_536.0;
            let report = Report {
                duration_ms: Some(50.0 * libm::exp2(drawn * drawn * 6.6)),
                init_ms: n.is_multiple_of(50).then_some(300.0 + 100.0 * drawn),
                memory_mb: Some(512),
                memory_used_mb: Some(200 + (40.0 * drawn) as u32),
                ..Report::default()
            };
            let minute = (n / 100) as u8;
            cell.read(minute, &steps(&report, None).unwrap());
            cell.track(minute, n % 20, 200 + n as u16 % 40);
        }
        let bytes = postcard::to_stdvec(&(&cell.readings, &cell.tracks)).unwrap().len();
        assert!(cell.readings.len() < 1_100 && bytes < 6_500, "{} readings, {bytes} bytes", cell.readings.len());
    }

    #[test]
    fn the_same_streams_are_followed_in_any_order() {
        let (mut up, mut down) = (Cell::default(), Cell::default());
        for n in 0..40_u32 {
            up.track(7, n.wrapping_mul(0x9e37_79b9), n as u16);
            down.track(7, (39 - n).wrapping_mul(0x9e37_79b9), (39 - n) as u16);
        }
        assert_eq!((up.tracks.len(), up.tracks == down.tracks), (TRACKS, true));
    }
}
