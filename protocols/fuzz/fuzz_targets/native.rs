//! Native frames: no panic, and what decodes encodes to a frame that decodes to the same.
#![no_main]

#[path = "../targets/native.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::run(bytes));
