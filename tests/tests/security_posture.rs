//! What the service may do on its machine.

use std::process::Command;

/// `systemd-analyze security`'s exposure, of 10, is to be below this: a bound of ours.
const EXPOSURE_MAX: f64 = 2.5;

#[test]
fn the_unit_leaves_the_service_little_to_do_on_its_machine() {
    let unit = tests::gateway::repository("config/city-gateway.service");
    let output = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager"])
        .arg(&unit)
        .output()
        .expect("systemd-analyze; apt-get install systemd");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let told = text.lines().find(|line| line.contains("Overall exposure level")).expect(&text);
    let level = told.split_whitespace().find_map(|word| word.parse::<f64>().ok()).expect(told);
    assert!(level < EXPOSURE_MAX, "{told}");
}
