//! The deframer: no panic, every frame it finds encodes and is found again, every error is counted.
#![no_main]

#[path = "../targets/line.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::run(bytes));
