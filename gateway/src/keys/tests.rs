use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::config::{Certificates, TlsFiles};
use crate::registry::{self, Details, Registry, RegistryConfig};

const BY: Cause<'static> = Cause { actor: "person/a", source: "127.0.0.1", reason: "a test" };
const DAY: Duration = Duration::from_secs(86_400);

struct House {
    folder: tempfile::TempDir,
    keys: Arc<Keys>,
    registry: Arc<Registry>,
}

fn house() -> House {
    let folder = tempfile::tempdir().expect("a folder");
    let config = RegistryConfig {
        mode: registry::Enrolment::Claim,
        nodes_max: 10,
        claim: std::time::Duration::from_secs(60),
        knocks_max: 1_000,
    };
    let registry = Registry::open(&folder.path().join(records::FILE), config).expect("records");
    let keys = Keys::open(folder.path(), Arc::new(Clock::new(Timestamp::default()))).expect("records");
    for name in ["a", "b"] {
        registry.add_node(BY, &node(name), &Details::default(), &crate::catalogue::load::embedded()).expect("added");
    }
    House { folder, keys, registry }
}

fn node(name: &str) -> NodeId {
    NodeId::new(name).expect("a name")
}

#[test]
fn the_authority_is_made_once_and_is_its_owners_alone() {
    let House { folder, keys, .. } = house();
    assert!(keys.authority().expect("readable").is_none(), "not before it is needed");
    let first = keys.authority_or_new(BY).expect("made");
    let other = Keys::open(folder.path(), Arc::new(Clock::new(Timestamp::default()))).expect("records");
    assert_eq!(other.authority_or_new(BY).expect("there").fingerprint(), first.fingerprint());
    let mode = |name: &str| {
        std::fs::metadata(folder.path().join(FOLDER).join(name)).expect("a file").permissions().mode() & 0o777
    };
    assert_eq!((mode("ca.key"), mode("."), mode("ca.pem")), (0o600, 0o700, 0o644));
    // A key that is another's is told and not used.
    let stranger = rcgen::KeyPair::generate().expect("a key").serialize_pem();
    std::fs::write(folder.path().join(FOLDER).join("ca.key"), stranger).expect("ours");
    let third = Keys::open(folder.path(), Arc::new(Clock::new(Timestamp::default()))).expect("records");
    assert!(matches!(third.authority(), Err(KeysError::Unusable(..))));
}

#[test]
fn a_certificate_is_its_nodes_until_it_is_revoked_or_has_expired() {
    let House { keys, registry, .. } = house();
    let issued = keys.issue(BY, &node("a"), 30 * DAY).expect("issued");
    let print = issued.certificate.fingerprint;
    assert_eq!(keys.holder(&print).expect("readable"), Ok(node("a")));
    assert!(issued.key_pem.contains("PRIVATE KEY") && issued.certificate_pem.contains("CERTIFICATE"));
    assert_eq!(keys.holder(&Fingerprint::of(b"none")).expect("readable"), Err(NotGood::Unknown));

    let next = keys.renew(BY, &node("a"), 60 * DAY).expect("renewed").certificate.fingerprint;
    assert_eq!(keys.holder(&print).expect("readable"), Ok(node("a")), "both hold");
    let revoked = keys.revoke(BY, &node("a"), &print.short()).expect("revoked");
    assert_eq!(revoked.iter().map(|one| one.fingerprint).collect::<Vec<_>>(), [print]);
    assert_eq!(keys.holder(&print).expect("readable"), Err(NotGood::Revoked));
    assert_eq!(keys.holder(&next).expect("readable"), Ok(node("a")), "the next one stays");
    assert!(matches!(keys.revoke(BY, &node("a"), &print.short()), Err(KeysError::None(_))), "not twice");

    let short = keys.issue(BY, &node("b"), Duration::from_secs(1)).expect("issued").certificate;
    while keys.holder(&short.fingerprint).expect("readable").is_ok() {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(keys.holder(&short.fingerprint).expect("readable"), Err(NotGood::Expired));

    assert!(matches!(keys.issue(BY, &node("nobody"), DAY), Err(KeysError::UnknownNode(_))));
    assert!(matches!(keys.renew(BY, &node("nobody"), DAY), Err(KeysError::None(_))));
    assert!(matches!(keys.issue(BY, &node("a"), Duration::ZERO), Err(KeysError::Life)));
    registry.revoke(BY, &node("b")).expect("revoked");
    assert!(matches!(keys.issue(BY, &node("b"), DAY), Err(KeysError::RevokedNode(_))));
    for _ in 1..CERTIFICATES_OF_NODE_MAX {
        keys.issue(BY, &node("a"), DAY).expect("issued");
    }
    assert!(matches!(keys.issue(BY, &node("a"), DAY), Err(KeysError::Full(..))));
}

#[test]
fn every_step_is_in_the_audit_log_and_no_key_is() {
    let House { folder, keys, .. } = house();
    let issued = keys.issue(BY, &node("a"), 30 * DAY).expect("issued");
    keys.renew(BY, &node("a"), 30 * DAY).expect("renewed");
    keys.revoke(BY, &node("a"), "").expect("revoked");
    let file = locked(&keys.file);
    let found = audit::list(&file, &audit::Search::default(), 100).expect("a log");
    let steps: Vec<_> =
        found.iter().filter(|e| e.category == "keys").map(|e| (e.what.as_str(), e.subject.as_str())).collect();
    let expected = [
        ("revoke certificate", "node/a"),
        ("revoke certificate", "node/a"),
        ("renew certificate", "node/a"),
        ("issue certificate", "node/a"),
        ("make authority", "authority"),
    ];
    assert_eq!(steps, expected);
    assert!(audit::verify(&file, &[]).expect("a log").faults.is_empty());
    let secret: String = issued.key_pem.lines().nth(1).expect("a line").to_owned();
    for name in std::fs::read_dir(folder.path()).expect("ours").flatten().filter(|entry| entry.path().is_file()) {
        let bytes = std::fs::read(name.path()).expect("ours");
        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{:?}", name.path());
    }
}

#[test]
fn who_is_to_renew_is_told_until_they_did() {
    let House { keys, .. } = house();
    keys.issue(BY, &node("a"), 20 * DAY).expect("issued");
    keys.issue(BY, &node("b"), 40 * DAY).expect("issued");
    assert!(keys.refresh().expect("readable"));
    assert_eq!(keys.ending().iter().map(|(node, _)| node.as_str()).collect::<Vec<_>>(), ["a"]);
    let told = keys.warning().expect("a warning");
    // The certificate ends on a whole second, a little less than twenty days from now.
    assert!(told.contains("21 days: 1, the first in 19 days (a)"), "{told}");
    assert!(!keys.refresh().expect("readable"), "nothing changed");
    keys.renew(BY, &node("a"), 40 * DAY).expect("renewed");
    assert!(keys.refresh().expect("readable"));
    assert!(keys.ending().is_empty() && keys.warning().is_none());
}

/// A certificate of its own in two files.
fn write_pair(folder: &Path, name: &str, days: i64) -> TlsFiles {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let now = Duration::from_secs(std::time::UNIX_EPOCH.elapsed().expect("a time").as_secs());
    let start = rcgen::date_time_ymd(1970, 1, 1) + now;
    params.not_before = start - 900 * DAY;
    params.not_after = if days < 0 { start - DAY } else { start + DAY * u32::try_from(days).expect("some days") };
    let files =
        TlsFiles { cert_file: folder.join(format!("{name}.pem")), key_file: folder.join(format!("{name}.key")) };
    std::fs::write(&files.cert_file, params.self_signed(&key).expect("signed").pem()).expect("ours");
    std::fs::write(&files.key_file, key.serialize_pem()).expect("ours");
    files
}

#[test]
fn a_new_certificate_is_taken_and_a_bad_one_is_told_and_not_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = Clock::new(Timestamp::default()).now();
    let shown = write_pair(folder.path(), "shown", 100);
    let served = Served::files(shown.clone()).expect("a pair");
    let first = served.fingerprint();
    assert!(served.warnings(now).is_empty());
    let copy = |from: &Path, to: &Path| std::fs::write(to, std::fs::read(from).expect("ours")).expect("ours");

    let soon = write_pair(folder.path(), "soon", 10);
    copy(&soon.cert_file, &shown.cert_file);
    served.look(now);
    assert_eq!(served.fingerprint(), first, "the certificate without its key");
    assert!(served.warnings(now)[0].contains("is not the key"), "{:?}", served.warnings(now));
    copy(&soon.key_file, &shown.key_file);
    served.look(now);
    let second = served.fingerprint();
    assert_ne!(second, first);
    let warnings = served.warnings(now);
    assert!(
        warnings.len() == 1 && (warnings[0].contains("in 9 days") || warnings[0].contains("in 10 days")),
        "{warnings:?}"
    );

    let over = write_pair(folder.path(), "over", -1);
    for (what, bytes) in [
        ("has expired", std::fs::read(&over.cert_file).expect("ours")),
        ("no certificate", b"not a certificate at all".to_vec()),
        ("no certificate", Vec::new()),
    ] {
        std::fs::write(&shown.cert_file, bytes).expect("ours");
        copy(&over.key_file, &shown.key_file);
        served.look(now);
        assert_eq!(served.fingerprint(), second, "{what}");
        assert!(served.warnings(now)[0].contains(what), "{what}: {:?}", served.warnings(now));
    }
    std::fs::remove_file(&shown.cert_file).expect("ours");
    served.look(now);
    assert!(served.warnings(now)[0].contains("cannot be read"));
    assert_eq!(served.fingerprint(), second);
}

#[test]
fn the_gateways_own_certificate_is_of_its_authority_and_made_anew_in_time() {
    let House { keys, .. } = house();
    let served = Served::own(keys.clone(), vec!["localhost".into(), "127.0.0.1".into()]).expect("made");
    served.for_mqtt(&keys, Certificates::Required).expect("an authority to hold clients to");
    let (first, now) = (served.fingerprint(), keys.now());
    served.look(now);
    assert_eq!(served.fingerprint(), first);
    served.look(Timestamp::from_millis(now.millis() + 340 * DAY_MS));
    assert_ne!(served.fingerprint(), first);
    assert!(served.valid_until().millis_since(now) > 600 * DAY_MS);
}
