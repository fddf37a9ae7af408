//! See [`city_gateway::hostile::line_protocol`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| city_gateway::hostile::line_protocol(bytes));
