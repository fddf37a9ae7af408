//! See [`city_gateway::hostile::sensorthings`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| city_gateway::hostile::sensorthings(bytes));
