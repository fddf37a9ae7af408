//! SenML in JSON: no panic, and no more results than records.
#![no_main]

#[path = "../targets/senml_json.rs"]
mod target;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| target::run(bytes));
