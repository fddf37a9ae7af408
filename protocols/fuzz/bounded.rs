//! A bounded run of a fuzz target: every seed, and random changes of seeds, with any compiler. `FUZZ_SEED` takes another
//! beginning, `FUZZ_RUNS` more of it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

/// Changed inputs, unless `FUZZ_RUNS` says otherwise.
const RUNS: u64 = 20_000;
/// Longest input.
const BYTES_MAX: usize = 8 * 1024;
/// What parsers look for.
const WORDS: [&[u8]; 16] = [
    b"",
    b"\0",
    b"\xff\xff\xff\xff",
    b"\x80",
    b"\"",
    b"\\",
    b"(",
    b"'",
    b"$filter=",
    b" and ",
    b"[",
    b"{",
    b"1e309",
    b"-0",
    b"\xe2\x80\xa8",
    b"\n",
];

/// Runs `target` on every file of `corpus` and on changes of them.
///
/// # Panics
/// When the target does; shows the input, to be kept as a seed. When there is no corpus.
pub(crate) fn run(corpus: &Path, target: fn(&[u8])) {
    let number = |name: &str, default| std::env::var(name).map_or(default, |text| text.parse().expect("a number"));
    let (mut random, runs) = (Random(number("FUZZ_SEED", 1)), number("FUZZ_RUNS", RUNS));
    let mut seeds: Vec<_> =
        std::fs::read_dir(corpus).expect("a corpus").map(|entry| entry.expect("an entry").path()).collect();
    seeds.sort();
    let seeds: Vec<Vec<u8>> = seeds.iter().map(|path| std::fs::read(path).expect("a seed")).collect();
    assert!(!seeds.is_empty(), "{} has no seed", corpus.display());
    seeds.iter().for_each(|seed| check(target, seed));
    for _ in 0..runs {
        let mut input = seeds[random.below(seeds.len())].clone();
        for _ in 0..=random.below(6) {
            change(&mut input, &seeds, &mut random);
        }
        input.truncate(BYTES_MAX);
        check(target, &input);
    }
}

fn check(target: fn(&[u8]), input: &[u8]) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(input))) {
        eprintln!("the input, as text: {:?}\nin hexadecimal: {}", String::from_utf8_lossy(input), hex(input));
        resume_unwind(panic);
    }
}

fn change(input: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let at = random.below(input.len() + 1);
    let end = (at + random.below(16)).min(input.len());
    match random.below(8) {
        0 if at < input.len() => input[at] ^= 1 << random.below(8),
        1 if at < input.len() => input[at] = random.below(256) as u8,
        2 => drop(input.drain(at..end)),
        3 => drop(input.splice(at..at, WORDS[random.below(WORDS.len())].iter().copied())),
        4 => input.truncate(at),
        5 => {
            let piece = input[at..end].to_vec();
            let times = random.below(200);
            (0..times).for_each(|_| drop(input.splice(at..at, piece.iter().copied())));
        }
        6 => {
            let other = &seeds[random.below(seeds.len())];
            let from = random.below(other.len() + 1);
            drop(input.splice(at..end, other[from..].iter().copied()));
        }
        _ => input.insert(at, random.below(256) as u8),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    }
}
