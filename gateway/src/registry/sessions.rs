//! MQTT sessions that outlive a connection and a restart.
//!
//! A session's time runs from when it was last kept, or from the start of this process when that is later: a node
//! that was connected when the gateway died finds its session. Too long does no harm; too short would make readings
//! that are sent again look new.

use rusqlite::OptionalExtension;

use super::Registry;
use crate::reading::NodeId;
use crate::secret::locked;
use crate::telemetry::ingest::{Command, Session, Sessions};

/// MQTT 5: such a session does not expire.
const NEVER: u32 = u32::MAX;

impl Sessions for Registry {
    fn find(&self, node: &NodeId) -> Option<Session> {
        self.find_session(node).unwrap_or_else(|error| {
            self.failed(node, "find its session", &error);
            None
        })
    }

    fn keep(&self, node: &NodeId, session: &Session) {
        let sql = "INSERT INTO session(node, id, commands_qos, expiry_s, kept_at) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET id = excluded.id, commands_qos = excluded.commands_qos,
                expiry_s = excluded.expiry_s, kept_at = excluded.kept_at";
        let now = self.clock.now().millis();
        let row = (node.as_str(), session.id as i64, session.commands_qos, session.expiry_s, now);
        let file = locked(&self.file);
        if let Err(error) = file.connection.prepare_cached(sql).and_then(|mut statement| statement.execute(row)) {
            self.failed(node, "keep its session", &error);
        }
    }

    fn forget(&self, node: &NodeId) {
        let file = locked(&self.file);
        let sql = "DELETE FROM session WHERE node = ?1";
        if let Err(error) = file.connection.prepare_cached(sql).and_then(|mut s| s.execute([node.as_str()])) {
            self.failed(node, "forget its session", &error);
        }
    }

    fn commands(&self, node: &NodeId) -> Vec<Command> {
        self.waiting_commands(node).unwrap_or_else(|error| {
            self.failed(node, "read its commands", &error);
            Vec::new()
        })
    }

    fn delivered(&self, command: u64) {
        if let Err(error) = self.mark_delivered(command) {
            self.counters.count_failure();
            tracing::error!(command, %error, "the registry could not mark a command as delivered");
        }
    }
}

impl Registry {
    fn find_session(&self, node: &NodeId) -> Result<Option<Session>, rusqlite::Error> {
        let now = self.clock.now();
        let file = locked(&self.file);
        let sql = "SELECT id, commands_qos, expiry_s, kept_at FROM session WHERE node = ?1";
        let found = file
            .connection
            .prepare_cached(sql)?
            .query_row([node.as_str()], |row| {
                let session =
                    Session { id: row.get::<_, i64>(0)? as u64, commands_qos: row.get(1)?, expiry_s: row.get(2)? };
                Ok((session, row.get::<_, i64>(3)?))
            })
            .optional()?;
        Ok(found.filter(|(session, kept_at)| lives(session, *kept_at.max(&self.opened_at.millis()), now.millis())))
            .map(|found| found.map(|(session, _)| session))
    }
}

/// Whether the session still holds, its connection having ended at `ended_ms` at the latest.
fn lives(session: &Session, ended_ms: i64, now_ms: i64) -> bool {
    session.expiry_s == NEVER || now_ms < ended_ms.saturating_add(i64::from(session.expiry_s) * 1_000)
}

impl Registry {
    fn failed(&self, node: &NodeId, what: &str, error: &dyn std::fmt::Display) {
        self.counters.count_failure();
        tracing::error!(%node, %error, "the registry could not {what}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_lives_for_its_seconds_after_the_end_of_its_connection() {
        let session = |expiry_s| Session { id: 1, commands_qos: None, expiry_s };
        assert!(lives(&session(60), 1_000, 60_999));
        assert!(!lives(&session(60), 1_000, 61_000));
        assert!(!lives(&session(0), 1_000, 1_000));
        assert!(lives(&session(NEVER), 1_000, i64::MAX));
        assert!(lives(&session(60), 1_000_000, 0), "a clock that was set back ends nothing");
    }
}
