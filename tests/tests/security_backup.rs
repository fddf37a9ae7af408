//! A backup is made while readings come in, and restored elsewhere: all that was acknowledged before it began is there,
//! with the people, the nodes and the audit log, and the restored gateway goes on.

use std::collections::BTreeMap;

use tests::senml::{Entry, to_json};
use tests::{Gateway, Node, now_ms, wait_until};

const BEFORE: u64 = 3_000;
const DURING: u64 = 3_000;
const STEP_MS: i64 = 1_000;

fn value(index: u64) -> f64 {
    (index * 37 % 4_001) as f64 / 100.0
}

fn reading(index: u64, base_ms: i64) -> Vec<u8> {
    let unix_ms = base_ms + index as i64 * STEP_MS;
    to_json("", &[Entry { name: "temperature", unit: Some("Cel"), value: value(index), unix_ms }])
}

fn told(output: &std::process::Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn well(gateway: &Gateway, line: &str) -> String {
    let output = gateway.command(line);
    assert!(output.status.success(), "{line}: {}", told(&output));
    String::from_utf8(output.stdout).expect("text")
}

/// Observations of the node by time.
fn stored(gateway: &Gateway) -> BTreeMap<i64, u64> {
    let found = gateway.observations(gateway.datastream("kept", "temperature", None));
    found.iter().map(|observation| (observation.at_ms(), observation.number().to_bits())).collect()
}

#[test]
fn a_backup_made_while_readings_come_in_restores_all_that_was_acknowledged_before_it() {
    let mut gateway = Gateway::start(&[("windows.quiet_s", "1"), ("limits.checkpoint_s", "2")]);
    let base_ms = now_ms() / 1_000 * 1_000 - (BEFORE + DURING) as i64 * STEP_MS - 60_000;
    well(&gateway, "user add eleni --role auditor --config FILE");
    let node = Node::new(&gateway, "kept");
    (0..BEFORE).for_each(|index| node.publish(reading(index, base_ms)));
    node.wait_acknowledged();

    let copy = tempfile::tempdir().expect("a folder");
    let target = copy.path().join("backup");
    let line = format!("backup --config FILE --out {}", target.display());
    std::thread::scope(|scope| {
        scope.spawn(|| (0..DURING).for_each(|index| node.publish(reading(BEFORE + index, base_ms))));
        well(&gateway, &line);
    });
    node.wait_acknowledged();
    // Nothing of it is anybody else's to read.
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: std::path::PathBuf| std::fs::metadata(path).expect("there").permissions().mode() & 0o077;
    assert_eq!((mode(target.clone()), mode(target.join("data/records.db"))), (0, 0));
    let again = gateway.command(&line);
    assert!(!again.status.success() && told(&again).contains("not empty"), "{}", told(&again));
    gateway.settled();
    let original = stored(&gateway);
    gateway.terminate();

    let mut restored = Gateway::prepare(&[("windows.quiet_s", "1")]);
    let from = target.display();
    well(&restored, &format!("restore --verify --from {from} --config FILE"));
    assert!(!restored.data().exists(), "a look restores nothing");
    well(&restored, &format!("restore --from {from} --config FILE"));
    let second = restored.command(&format!("restore --from {from} --config FILE"));
    assert!(!second.status.success() && told(&second).contains("not empty"), "{}", told(&second));
    restored.restart();
    let ledger = restored.settled();
    let found = stored(&restored);
    for index in 0..BEFORE {
        let at = base_ms + index as i64 * STEP_MS;
        assert_eq!(found.get(&at), Some(&value(index).to_bits()), "reading {index} was acknowledged before the backup");
    }
    assert!(found.iter().all(|(at, value)| original.get(at) == Some(value)), "nothing is there that was never sent");
    assert_eq!(ledger.all.stored, found.len() as u64);

    assert!(well(&restored, "user list --config FILE").contains("eleni"));
    assert!(well(&restored, "node list --config FILE").contains("kept"));
    assert!(well(&restored, "audit verify --config FILE").contains("The chain is whole."));
    assert!(well(&restored, "audit list --config FILE").contains("restore data"));
    // The node goes on: what it sends again is known, what is new is stored.
    let node = Node::new(&restored, "kept");
    (0..BEFORE + DURING + 1).for_each(|index| node.publish(reading(index, base_ms)));
    node.wait_acknowledged();
    wait_until("all of it", || (stored(&restored).len() as u64 == BEFORE + DURING + 1).then_some(()));
    restored.settled();
}

#[test]
fn a_damaged_backup_is_refused_and_restores_nothing() {
    let mut gateway = Gateway::start(&[]);
    let node = Node::new(&gateway, "kept");
    node.publish(reading(0, now_ms() - 60_000));
    node.wait_acknowledged();
    let copy = tempfile::tempdir().expect("a folder");
    let target = copy.path().join("backup");
    well(&gateway, &format!("backup --config FILE --out {}", target.display()));
    gateway.terminate();
    let restored = Gateway::prepare(&[]);
    let line = format!("restore --from {} --config FILE", target.display());
    let refused = |part: &str| {
        let output = restored.command(&line);
        assert_eq!(output.status.code(), Some(1));
        assert!(told(&output).contains(part), "{part} in {}", told(&output));
        assert!(!restored.data().exists(), "nothing is restored");
    };

    let records = target.join("data/records.db");
    let mut bytes = std::fs::read(&records).expect("there");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&records, &bytes).expect("ours");
    refused("data/records.db is not what was copied");
    std::fs::remove_file(&records).expect("ours");
    refused("data/records.db: No such file");
    let manifest = target.join("manifest.json");
    let text = std::fs::read_to_string(&manifest).expect("there");
    std::fs::write(&manifest, text.replace("data/records.db", "../outside.db")).expect("ours");
    refused("../outside.db");
    std::fs::remove_file(&manifest).expect("ours");
    refused("no finished backup");
}
