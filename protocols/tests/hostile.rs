//! The fuzz targets over their seeds and random changes of them, with any compiler.

#[path = "../fuzz/bounded.rs"]
mod bounded;
#[path = "../fuzz/targets/line.rs"]
mod line;
#[path = "../fuzz/targets/native.rs"]
mod native;
#[path = "../fuzz/targets/senml_cbor.rs"]
mod senml_cbor;
#[path = "../fuzz/targets/senml_json.rs"]
mod senml_json;

fn run(name: &str, target: fn(&[u8])) {
    bounded::run(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(name), target);
}

#[test]
fn native_frames() {
    run("native", native::run);
}

#[test]
fn serial_lines() {
    run("line", line::run);
}

#[test]
fn senml_in_json() {
    run("senml_json", senml_json::run);
}

#[test]
fn senml_in_cbor() {
    run("senml_cbor", senml_cbor::run);
}
