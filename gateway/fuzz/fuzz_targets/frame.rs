//! See [`city_gateway::hostile::frame`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| city_gateway::hostile::frame(bytes));
