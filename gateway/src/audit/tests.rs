//! The log as an auditor meets it: what was tampered with is found, and what was erased elsewhere leaves it whole.

use rusqlite::Connection;
use serde_json::json;

use super::*;
use crate::store::records;

struct Log {
    folder: tempfile::TempDir,
    connection: Connection,
}

const CAUSE: Cause<'static> = Cause { actor: "person/p1", source: "127.0.0.1", reason: "a test" };

impl Log {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut connection = records::open(&folder.path().join(records::FILE)).expect("opened");
        adopt(&mut connection).expect("adopted");
        Self { folder, connection }
    }

    fn with(entries: u64) -> Self {
        let log = Self::new();
        for n in 1..=entries {
            log.append(n as i64 * 1_000);
        }
        log
    }

    fn append(&self, at: i64) {
        let subject = format!("node/n{at}");
        let event = Event::done(Category::Registry, "set", &subject)
            .with(Some(json!({ "name": "α" })), Some(json!({ "name": "β" })));
        append(&self.connection, Timestamp::from_millis(at), CAUSE, event).expect("written");
    }

    fn head(&self) -> Head {
        verify(&self.connection, &[]).expect("read").head
    }

    fn faults(&self, kept: &[Head]) -> Vec<Fault> {
        verify(&self.connection, kept).expect("read").faults
    }

    /// What somebody does who may write the file.
    fn tamper(&self, sql: &str) {
        self.connection
            .execute_batch("DROP TRIGGER audit_is_not_changed; DROP TRIGGER audit_is_not_removed;")
            .and_then(|()| self.connection.execute_batch(sql))
            .expect("tampered");
    }
}

#[test]
fn what_is_written_is_found_and_the_chain_is_whole() {
    let log = Log::with(5);
    let report = verify(&log.connection, &[]).expect("read");
    assert_eq!((report.entries, report.faults.as_slice()), (5, &[][..]));
    let search = Search { subject: "node/n3000".to_owned(), ..Search::default() };
    let found = list(&log.connection, &search, 10).expect("read");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id, found[0].actor.as_str(), found[0].done), (3, "person/p1", true));
    assert_eq!(found[0].after_json.as_deref(), Some(r#"{"name":"β"}"#));
    let search = Search { text: "N4".to_owned(), ..Search::default() };
    assert_eq!(list(&log.connection, &search, 10).expect("read").len(), 1);
}

#[test]
fn an_altered_removed_or_moved_entry_is_found() {
    for (sql, fault) in [
        ("UPDATE audit SET actor = 'person/p2' WHERE id = 3", Fault::Altered(3)),
        ("UPDATE audit SET at = at + 1 WHERE id = 3", Fault::Altered(3)),
        ("UPDATE audit SET done = 0 WHERE id = 3", Fault::Altered(3)),
        ("UPDATE audit SET before_json = NULL WHERE id = 3", Fault::Altered(3)),
        ("UPDATE audit SET reason = 'a tes', subject = 't' || subject WHERE id = 3", Fault::Altered(3)),
        ("DELETE FROM audit WHERE id = 3", Fault::Missing(3, 3)),
        ("DELETE FROM audit WHERE id IN (2, 3)", Fault::Missing(2, 3)),
        ("DELETE FROM audit WHERE id >= 4", Fault::Missing(4, 5)),
    ] {
        let log = Log::with(5);
        log.tamper(sql);
        assert_eq!(log.faults(&[]), [fault], "{sql}");
    }
    let log = Log::with(5);
    log.tamper("UPDATE audit SET id = 9 WHERE id = 2; UPDATE audit SET id = 2 WHERE id = 3; UPDATE audit SET id = 3 WHERE id = 9;");
    assert!(log.faults(&[]).contains(&Fault::Altered(2)), "{:?}", log.faults(&[]));
}

#[test]
fn no_statement_changes_or_removes_an_entry_by_accident() {
    let log = Log::with(2);
    for sql in ["UPDATE audit SET reason = 'x' WHERE id = 1", "DELETE FROM audit WHERE id = 1"] {
        log.connection.execute_batch(sql).expect_err(sql);
    }
    assert_eq!(log.faults(&[]), []);
}

#[test]
fn a_chain_rewritten_as_a_whole_is_found_by_a_head_that_somebody_kept() {
    let log = Log::with(3);
    let kept = log.head();
    log.append(9_000);
    assert_eq!(log.faults(&[kept]), [], "the chain went on");

    // Somebody takes out the second entry and chains the others anew.
    log.tamper("DELETE FROM audit; DELETE FROM sqlite_sequence WHERE name = 'audit';");
    for n in [1, 3, 9] {
        log.append(n * 1_000);
    }
    assert_eq!(log.faults(&[]), [], "nothing to see from inside");
    assert_eq!(log.faults(&[kept]), [Fault::OtherHead(kept)]);

    // Or throws everything away.
    log.tamper_again("DELETE FROM audit; DELETE FROM sqlite_sequence WHERE name = 'audit';");
    assert_eq!(log.faults(&[kept]), [Fault::Missing(1, 3)]);
}

impl Log {
    fn tamper_again(&self, sql: &str) {
        self.connection.execute_batch(sql).expect("tampered");
    }
}

#[test]
fn a_beginning_that_no_run_of_the_retention_tells_of_is_a_fault() {
    let log = Log::with(5);
    log.tamper(
        "UPDATE audit_start SET id = 2, hash = (SELECT hash FROM audit WHERE id = 2); DELETE FROM audit WHERE id <= 2",
    );
    assert_eq!(log.faults(&[]), [Fault::Unvouched(2)]);
}

#[test]
fn trimmed_entries_are_gone_and_the_rest_is_whole() {
    let log = Log::with(5);
    let old = verify(&log.connection, &[]).expect("read").head;
    let transaction = log.connection.unchecked_transaction().expect("begun");
    assert_eq!(trim(&transaction, at(9_000), at(3_000)).expect("trimmed"), 2);
    transaction.commit().expect("committed");
    let report = verify(&log.connection, &[old]).expect("read");
    assert_eq!((report.entries, report.faults.as_slice()), (4, &[][..]), "three of five, and what was done");
    let first = Head { id: 1, hash: [7; 32] };
    assert_eq!(log.faults(&[first]), [Fault::Trimmed(first)]);
    log.append(10_000);
    assert_eq!(log.faults(&[]), []);
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

#[test]
fn a_head_is_written_and_read() {
    let head = Log::with(2).head();
    assert_eq!(head.to_string().parse::<Head>().expect("a head"), head);
    for wrong in ["", "1", "1:", "x:00", "1:zz", &format!("1:{}", "0".repeat(63))] {
        wrong.parse::<Head>().expect_err(wrong);
    }
}

#[test]
fn changes_of_the_time_before_the_chain_are_taken_into_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(records::FILE);
    let connection = Connection::open(&path).expect("made");
    connection.execute_batch(records::REGISTRY).expect("format 1");
    connection.pragma_update(None, "user_version", 1).expect("format 1");
    let sql = "INSERT INTO change(at, actor, what, subject, before_json, after_json, reason)
        VALUES (5, 'eleni', 'add', 'node/a', NULL, '{\"id\":\"a\"}', 'new'), (6, 'eleni', 'revoke', 'node/a', NULL, NULL, '')";
    connection.execute_batch(sql).expect("two changes");
    drop(connection);
    for _ in 0..2 {
        let mut connection = records::open(&path).expect("migrated");
        adopt(&mut connection).expect("adopted");
        let report = verify(&connection, &[]).expect("read");
        assert_eq!((report.entries, report.faults.len()), (2, 0));
        let first = one(&connection, 1).expect("read").expect("there");
        assert_eq!((first.at, first.what.as_str(), first.reason.as_str()), (at(5), "add", "new"));
        assert_eq!(first.after_json.as_deref(), Some(r#"{"id":"a"}"#));
    }
}

#[test]
fn two_processes_that_write_at_once_make_one_chain() {
    let log = Log::new();
    let path = log.folder.path().join(records::FILE);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut connection = records::open(&path).expect("opened");
                for n in 0..20 {
                    let behavior = rusqlite::TransactionBehavior::Immediate;
                    let transaction = connection.transaction_with_behavior(behavior).expect("begun");
                    let event = Event::done(Category::Access, "sign in", "person/p1");
                    append(&transaction, at(n), CAUSE, event).expect("written");
                    transaction.commit().expect("committed");
                }
            });
        }
    });
    let report = verify(&log.connection, &[]).expect("read");
    assert_eq!((report.entries, report.faults.len()), (60, 0));
}

#[test]
fn an_export_is_believed_when_it_is_what_was_signed() {
    let mut log = Log::with(5);
    let signer = export::Signer::open(log.folder.path()).expect("made");
    let again = export::Signer::open(log.folder.path()).expect("the same");
    assert_eq!(signer.public_key(), again.public_key());
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(log.folder.path().join(export::KEY_FILE)).expect("there").permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let mut out = Vec::new();
    let span = (at(2_000), at(5_000));
    let written =
        export::write(&mut log.connection, &signer, "Δήμος", span, (at(9_000), CAUSE), &mut out).expect("written");
    assert_eq!(written, 3);
    let text = String::from_utf8(out).expect("text");
    let checked = export::check(&text, Some(&signer.public_key())).expect("sound");
    assert_eq!((checked.entries, checked.head.id), (3, 4));
    assert_eq!(list(&log.connection, &Search::default(), 1).expect("read")[0].what, "export");

    let refused = |text: &str, key| export::check(text, key).expect_err("not to be believed").to_string();
    assert!(refused(&text.replace("node/n3000", "node/n3001"), None).contains("signature"));
    let without: Vec<&str> = text.lines().filter(|line| !line.contains("node/n3000")).collect();
    assert!(refused(&without.join("\n"), None).contains("signature"));
    let other = export::Signer::open(tempfile::tempdir().expect("a folder").path()).expect("made");
    assert!(refused(&text, Some(&other.public_key())).contains("another key"));
    for nonsense in ["", "\n", "{}", "{}\n{}", "a\nb\nc"] {
        export::check(nonsense, None).expect_err(nonsense);
    }
}

#[test]
fn a_selection_tells_what_it_is_about_and_nothing_else_and_shows_what_was_altered() {
    let mut log = Log::with(6);
    let signer = export::Signer::open(log.folder.path()).expect("made");
    let about = ["node/n1000", "node/n2000", "node/n5000"].map(str::to_owned).into();
    let span = (at(0), at(9_000));
    let (text, entries) =
        selection::write(&mut log.connection, &signer, ("Δήμος", "asset/x"), &about, span, (at(9_000), CAUSE))
            .expect("written");
    assert_eq!(entries, 3, "{text}");
    assert!(!text.contains("n3000"));
    let checked = export::check(&text, Some(&signer.public_key())).expect("sound");
    assert_eq!((checked.entries, checked.is_whole), (3, false));
    let newest = &list(&log.connection, &Search::default(), 1).expect("read")[0];
    assert_eq!((newest.what.as_str(), newest.subject.as_str()), ("export", "asset/x"));
    export::check(&text.replace("n2000", "n2001"), None).expect_err("altered");
    // Signed again by somebody who holds the key: an entry that was changed does not follow from the one before it.
    let body: String = text.lines().take(4).map(|line| format!("{line}\n")).collect();
    let altered = body.replace("n5000", "n5001");
    let again = format!("{altered}{}", signer.signature(&altered));
    assert!(matches!(export::check(&again, None), Err(export::ExportError::Chain(_))));
    let reordered: Vec<&str> = [0, 2, 1, 3].iter().filter_map(|n| body.lines().nth(*n)).collect();
    let reordered = format!("{}\n", reordered.join("\n"));
    assert!(matches!(
        export::check(&format!("{reordered}{}", signer.signature(&reordered)), None),
        Err(export::ExportError::Chain(_))
    ));
}

#[test]
fn the_head_is_told_once_a_day_and_again_an_hour_after_it_failed() {
    use beacon::{Way, due, remember, told};
    let log = Log::with(2);
    let file = log.folder.path().join("heads.txt");
    let hour = |n: i64| at(n * 3_600_000);
    let head = due(&log.connection, Way::File, hour(1)).expect("read").expect("never told");
    remember(&log.connection, Way::File, hour(1), head, Err("no such folder".to_owned())).expect("written");
    assert_eq!(due(&log.connection, Way::File, hour(1)).expect("read"), None);
    assert_eq!(told(&log.connection, Way::File).expect("read").error.as_deref(), Some("no such folder"));
    let head = due(&log.connection, Way::File, hour(2)).expect("read").expect("an hour later");
    beacon::tell_file(&file, &beacon::line(hour(2), "Δήμος Χ", head)).expect("told");
    remember(&log.connection, Way::File, hour(2), head, Ok(())).expect("written");
    assert_eq!(due(&log.connection, Way::File, hour(20)).expect("read"), None);
    assert!(due(&log.connection, Way::File, hour(26)).expect("read").is_some());
    assert!(due(&log.connection, Way::Url, hour(2)).expect("read").is_some(), "each way by itself");

    let line = std::fs::read_to_string(&file).expect("read");
    let kept: Head = line.split_whitespace().last().expect("a head").parse().expect("a head");
    assert_eq!(log.faults(&[kept]), []);
}
