//! Templates: JSON text in which `<name>` or `<name:n>` stands for something that is drawn.

use crate::random::Random;
use crate::rhythm::iso;

const BASE62: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// Systems that things are named after.
pub(crate) const SYSTEMS: [&str; 18] = [
    "orders",
    "basket",
    "catalogue",
    "search",
    "ledger",
    "payout",
    "identity",
    "mailer",
    "media",
    "exports",
    "metrics",
    "gateway",
    "inventory",
    "pricing",
    "returns",
    "support",
    "warehouse",
    "fleet",
];
/// Parts of systems.
pub(crate) const PARTS: [&str; 10] =
    ["api", "worker", "batch", "sync", "index", "cache", "reader", "writer", "scheduler", "agent"];

/// Ids of resources, which come again and again: the first ones most.
pub(crate) struct Pools {
    ids: Vec<String>,
    keys: Vec<String>,
}

impl Pools {
    /// The pools of a seed.
    pub(crate) fn new(random: &mut Random) -> Pools {
        let drawn = |push: fn(&mut String, &mut Random), random: &mut Random| {
            let mut out = String::new();
            push(&mut out, random);
            out
        };
        Pools {
            ids: (0..700).map(|_| drawn(|out, random| push_text(out, random, HEX, 17), random)).collect(),
            keys: (0..250).map(|_| drawn(push_uuid, random)).collect(),
        }
    }
}

/// What a template is filled from.
pub(crate) struct Scene<'a> {
    /// The pools of ids.
    pub(crate) pools: &'a Pools,
    /// Twelve digits.
    pub(crate) account: &'a str,
    /// Such as `eu-west-1`.
    pub(crate) region: &'a str,
    /// The ARN or the name of the caller.
    pub(crate) caller: &'a str,
    /// When it happens, in seconds since 1970.
    pub(crate) time: i64,
}

/// Adds the template to `out`, with every placeholder filled.
pub(crate) fn fill(out: &mut String, template: &str, scene: &Scene<'_>, random: &mut Random) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        let Some((placeholder, tail)) = after.split_once('>') else { break };
        let (name, size) = placeholder.split_once(':').unwrap_or((placeholder, "0"));
        place(out, (name, size.parse().unwrap_or(0)), scene, random);
        rest = tail;
    }
    out.push_str(rest);
}

fn place(out: &mut String, (name, size): (&str, usize), scene: &Scene<'_>, random: &mut Random) {
    match name {
        "account" => out.push_str(scene.account),
        "region" => out.push_str(scene.region),
        "caller" => out.push_str(scene.caller),
        "system" => out.push_str(SYSTEMS[random.early(SYSTEMS.len())]),
        "part" => out.push_str(PARTS[random.early(PARTS.len())]),
        "id" => out.push_str(&scene.pools.ids[random.early(scene.pools.ids.len())]),
        "key" => out.push_str(&scene.pools.keys[random.early(scene.pools.keys.len())]),
        "uuid" => push_uuid(out, random),
        "hex" => push_text(out, random, HEX, size),
        "base32" => push_text(out, random, BASE32, size),
        "base62" => push_text(out, random, BASE62, size),
        "below" => out.push_str(&random.below(size).to_string()),
        "time" => out.push_str(&iso(scene.time, "Z")),
        other => out.push_str(other),
    }
}

/// Adds a version 4 UUID.
pub(crate) fn push_uuid(out: &mut String, random: &mut Random) {
    let mut bits = (u128::from(random.bits()) << 64) | u128::from(random.bits());
    bits = (bits & !(0xf << 76) & !(0xc << 60)) | (4 << 76) | (8 << 60);
    for digit in 0..32 {
        if matches!(digit, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(char::from(HEX[(bits >> (124 - 4 * digit)) as usize & 15]));
    }
}

/// Adds so many letters of an alphabet.
fn push_text(out: &mut String, random: &mut Random, alphabet: &[u8], letters: usize) {
    let mut left = letters;
    while left > 0 {
        let mut bits = random.bits();
        for _ in 0..left.min(8) {
            out.push(char::from(alphabet[((bits & 0xff) as usize * alphabet.len()) >> 8]));
            bits >>= 8;
        }
        left = left.saturating_sub(8);
    }
}
