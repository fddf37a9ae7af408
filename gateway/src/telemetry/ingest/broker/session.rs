//! What is remembered of the session that the broker keeps: its name, random, which tells messages that are sent again, and
//! the topics it is subscribed to, so that those that are no longer configured are given up.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A session, as its file holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Session {
    /// Random.
    pub(super) id: u64,
    /// Where the broker was and under which name it kept the session.
    pub(super) broker: String,
    /// Topic filters subscribed to.
    pub(super) topics: Vec<String>,
}

/// The file.
pub(super) struct SessionFile(PathBuf);

impl SessionFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The session that was kept with `broker`, if one was. A file that cannot be read is as good as none: then messages
    /// without times of their own that are sent again count twice.
    pub(super) fn load(&self, broker: &str) -> Option<Session> {
        let text = match std::fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(file = %self.0.display(), %error, "the broker's session could not be read");
                return None;
            }
        };
        serde_json::from_str(&text).ok().filter(|session: &Session| session.broker == broker)
    }

    /// Keeps the session in a file that is renamed into place.
    pub(super) fn keep(&self, session: &Session) -> io::Result<()> {
        let partial = self.0.with_extension("partial");
        let file = std::fs::File::create(&partial)?;
        serde_json::to_writer(&file, session)?;
        file.sync_all()?;
        std::fs::rename(&partial, &self.0)?;
        std::fs::File::open(self.0.parent().unwrap_or(Path::new(".")))?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_comes_back_for_its_broker_alone() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = SessionFile::new(folder.path().join("broker-session.json"));
        assert_eq!(file.load("a"), None);
        let session = Session { id: u64::MAX, broker: "a".into(), topics: vec!["#".into()] };
        file.keep(&session).expect("it can be written");
        assert_eq!((file.load("a"), file.load("b")), (Some(session), None));
        std::fs::write(folder.path().join("broker-session.json"), "{").expect("it can be written");
        assert_eq!(file.load("a"), None);
    }
}
