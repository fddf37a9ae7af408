//! See [`city_gateway::hostile::mqtt_session`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| city_gateway::hostile::mqtt_session(bytes));
