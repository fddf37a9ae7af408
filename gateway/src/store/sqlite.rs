//! Opening a database: pragmas, the file's format version, and its migrations. A commit is on disk when it returns.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

/// Longest wait for another process.
const BUSY_MAX: Duration = Duration::from_secs(10);

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Written by a newer program.
    #[error(
        "{path} has format {found}, newer than the {known} that this program knows: run the newer program, or restore a backup"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// SQLite's own error.
    #[error("{path}: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: rusqlite::Error,
    },
}

/// Opens `path` for its one writer, creating it and bringing it to the newest format.
///
/// `migrations[n]` takes format `n` to `n + 1`; the format is kept in `PRAGMA user_version`.
///
/// # Errors
/// [`OpenError`]: a newer format is refused, untouched.
pub fn open_writer(path: &Path, migrations: &[&str]) -> Result<Connection, OpenError> {
    let wrap = |source| OpenError::Sqlite { path: path.to_owned(), source };
    let mut connection = Connection::open(path).map_err(wrap)?;
    let known = migrations.len() as i64;
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(wrap)?;
    if found > known {
        return Err(OpenError::Newer { path: path.to_owned(), found, known });
    }
    prepare(&connection).map_err(wrap)?;
    for (migration, format) in migrations.iter().zip(1i64..).filter(|(_, format)| *format > found) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(wrap)?;
        // Another process may have been first.
        let now: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(wrap)?;
        if now >= format {
            continue;
        }
        transaction.execute_batch(migration).map_err(wrap)?;
        transaction.pragma_update(None, "user_version", format).map_err(wrap)?;
        transaction.commit().map_err(wrap)?;
    }
    Ok(connection)
}

/// Opens `path` to read beside its writer.
///
/// # Errors
/// SQLite's own.
pub fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let wrap = |source| OpenError::Sqlite { path: path.to_owned(), source };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(wrap)?;
    connection.busy_timeout(BUSY_MAX).map_err(wrap)?;
    connection.pragma_update(None, "cache_size", -1_024).map_err(wrap)?;
    Ok(connection)
}

fn prepare(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.busy_timeout(BUSY_MAX)?;
    to_wal(connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -4_096)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// SQLite does not wait for its busy timeout here when another process turns a new file to WAL at the same time.
fn to_wal(connection: &Connection) -> Result<(), rusqlite::Error> {
    let start = Instant::now();
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && start.elapsed() < BUSY_MAX => {
                std::thread::sleep(Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_that_create_a_file_at_once_all_open_it() {
        for _ in 0..10 {
            let folder = tempfile::tempdir().expect("a folder");
            let path = &folder.path().join("x.db");
            let open = || open_writer(path, &["CREATE TABLE a(x INTEGER);"]).map(drop);
            std::thread::scope(|scope| {
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
                threads.into_iter().for_each(|thread| thread.join().expect("no panic").expect("opened"));
            });
        }
    }

    #[test]
    fn an_older_file_is_migrated_and_a_newer_one_is_refused_untouched() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.db");
        let first = "CREATE TABLE a(x INTEGER);";
        let second = "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7;";
        let connection = open_writer(&path, &[first]).expect("created");
        connection.execute("INSERT INTO a(x) VALUES (1)", []).expect("inserted");
        drop(connection);

        let connection = open_writer(&path, &[first, second]).expect("migrated");
        let y: i64 = connection.query_row("SELECT y FROM a", [], |row| row.get(0)).expect("a row");
        assert_eq!(y, 7);
        drop(connection);

        let before = std::fs::read(&path).expect("bytes");
        let error = open_writer(&path, &[first]).expect_err("newer");
        assert!(matches!(error, OpenError::Newer { found: 2, known: 1, .. }), "{error}");
        assert_eq!(std::fs::read(&path).expect("bytes"), before);
    }
}
