//! See [`city_gateway::hostile::journal_segment`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| city_gateway::hostile::journal_segment(bytes));
