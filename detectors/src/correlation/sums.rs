//! Correlations that count more events than are kept one by one: they are judged on sums, minute by minute.

use std::collections::BTreeMap;

use super::plan::{Count, Plan};
use super::search::{Held, Met};
use crate::measure::Slot;
use crate::settings::Minutes;
use crate::window::Window;

/// Events of a minute that are kept to be shown.
pub(super) const SHOWN: u16 = 3;
/// Events that an alert shows.
const EXAMPLES: usize = 30;

/// The group with the largest sum in the window that ends with the minute, where that is a number that is meant.
pub(super) fn search<'a>(plan: &Plan, count: Count, (slot, window): (Slot, &Window<'a>)) -> Option<Met<'a>> {
    let minute = window.minute.of_hour();
    let mut sums: BTreeMap<u32, u64> =
        window.here.sums.of(slot, minute, minute).iter().map(|sum| (sum.group, 0)).collect();
    for (cell, from, to) in window.all_cells(Minutes(plan.span.div_ceil(60))) {
        for sum in cell.sums.of(slot, from, to) {
            if let Some(held) = sums.get_mut(&sum.group) {
                *held += u64::from(sum.n);
            }
        }
    }
    let meant = sums.into_iter().filter(|(_, n)| count.holds(usize::try_from(*n).unwrap_or(usize::MAX)));
    let (group, seen) = meant.max_by_key(|(group, n)| (*n, *group))?;
    let of_group = window.here.minutes_of(slot, 0, minute).iter().filter(|o| (o.value >> 32) as u32 == group);
    let mut held: Vec<Held<'a>> = of_group.map(|occurrence| Held::of(0, occurrence)).collect();
    held.sort_by_key(|held| (&held.occurrence.example, held.occurrence.event));
    held.truncate(EXAMPLES);
    Some(Met { seen, held })
}
