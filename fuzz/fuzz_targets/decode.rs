//! Any bytes: decoding ends without a panic, and every record is an event or a reject.
#![no_main]

use lapwing::decode::{Origin, Reject, Sink, decode, first_time};
use lapwing_detectors::event::Event;
use libfuzzer_sys::fuzz_target;

#[derive(Default)]
struct Tally {
    events: u64,
    rejects: u64,
}

impl Sink for Tally {
    fn event(&mut self, event: &Event<'_>) {
        assert!(event.weight > 0);
        self.events += 1;
    }

    fn reject(&mut self, reject: Reject) {
        self.rejects += 1;
        assert_eq!(reject.record, self.events + self.rejects);
        assert!(!reject.what.is_empty());
    }
}

fuzz_target!(|bytes: &[u8]| {
    let _ = first_time(bytes);
    let mut tally = Tally::default();
    match decode(bytes, &Origin::default(), &mut tally) {
        Ok(found) => {
            assert_eq!((found.events, found.rejects), (tally.events, tally.rejects));
            assert_eq!(found.records, found.events + found.rejects);
        }
        Err(_) => assert_eq!(tally.events + tally.rejects, 0),
    }
});
