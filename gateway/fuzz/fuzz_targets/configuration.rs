//! See [`city_gateway::hostile::configuration`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| city_gateway::hostile::configuration(bytes));
