//! Where alerts go: each message may be lost before it is sent, fail, or be sent by an instance that then dies.

use std::cell::RefCell;
use std::rc::Rc;

use chrono::TimeDelta;
use lapwing_detectors::alert::Alert;

use super::world::{Trouble, World};

/// What was handed out to be said, and what was said.
pub(super) struct Sink {
    world: Rc<World>,
    pub(super) handed: RefCell<Vec<Alert>>,
    pub(super) sent: RefCell<Vec<Alert>>,
}

impl Sink {
    pub(super) fn new(world: &Rc<World>) -> Rc<Sink> {
        Rc::new(Sink { world: Rc::clone(world), handed: RefCell::default(), sent: RefCell::default() })
    }

    /// Sends an alert; says whether it is known to have been sent.
    pub(super) async fn send(&self, alert: &Alert) -> bool {
        let world = &self.world;
        let trouble = world.trouble();
        match trouble {
            Trouble::DiesBefore => return world.die().await,
            Trouble::Stalls => world.wait(world.now() + world.stall()).await,
            _ => world.wait(world.now() + world.within(world.weather.get().latency)).await,
        }
        if trouble == Trouble::Throttled {
            return false;
        }
        world.note(|| format!("sends {} {:?} {}", alert.id, alert.status, alert.headline));
        self.sent.borrow_mut().push(alert.clone());
        if trouble == Trouble::DiesAfter {
            return world.die().await;
        }
        world.wait(world.now() + TimeDelta::microseconds(1)).await;
        trouble != Trouble::Lost
    }
}
