//! Any bytes after a gzip header: inflating ends, within its cap, and a head is the beginning of the whole.
#![no_main]

use lapwing::decode::gzip::Inflater;
use libfuzzer_sys::fuzz_target;

const CAP: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    for packed in [bytes.to_vec(), [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], bytes].concat()] {
        let mut out = Vec::new();
        let whole = Inflater::new().inflate(&packed, &mut out, CAP);
        assert!(out.len() <= CAP.max(packed.len()));
        let head = Inflater::head(&packed, 64);
        assert!(head.len() <= 64);
        if whole.is_ok() {
            assert!(out.starts_with(&head));
        }
    }
});
