//! Tried as a new user would, by a script that knows only the public names.

use std::process::{Command, Stdio};

use tests::gateway::{binary, repository};

#[test]
fn a_new_user_publishes_kills_restarts_and_reads_it_all_back() {
    let output = Command::new(repository("tests/new_user.sh")).arg(binary()).stdin(Stdio::null()).output();
    let output = output.expect("the script starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("30 readings read back"), "{}", text(&output.stdout));
}
