//! Why the registry could not do what was asked.

use crate::reading::NodeId;
use crate::secret::SecretError;
use crate::store::StoreError;

/// Why the registry could not do what was asked. The texts are shown to the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The file could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such node.
    #[error("there is no node `{0}`: `node list` shows those there are")]
    UnknownNode(NodeId),
    /// There is one already.
    #[error("node `{0}` is there already: `node set` changes it, `node secret` gives it a new secret")]
    NodeExists(NodeId),
    /// A name that a page has.
    #[error("no node can be called `{0}`: a page is")]
    Reserved(NodeId),
    /// `[limits] nodes_max` is reached.
    #[error("there are {0} nodes already, as many as `[limits] nodes_max` allows")]
    NodesMax(usize),
    /// A code that the catalogue does not have.
    #[error("there is no {what} `{code}` in the catalogue; there are: {valid}")]
    UnknownCode {
        /// A node type, site, zone or quantity.
        what: &'static str,
        /// As given.
        code: String,
        /// The codes there are.
        valid: String,
    },
    /// A calibration that cannot hold.
    #[error("a calibration's {0}")]
    Calibration(&'static str),
    /// Not a place on Earth.
    #[error("a position is a latitude within ±90 and a longitude within ±180 degrees")]
    Position,
    /// A text longer than is kept.
    #[error("the {what} is longer than {max} characters")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Most characters.
        max: usize,
    },
    /// As many commands wait as may.
    #[error("{max} commands wait for node `{node}` already: it has to take them first")]
    CommandsFull {
        /// The node.
        node: NodeId,
        /// Most that may wait.
        max: usize,
    },
    /// A secret could not be made or hashed.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl From<rusqlite::Error> for RegistryError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(StoreError::Sqlite(error))
    }
}
