//! The sections `[[serial]]`: ports, and the nodes that hang on them.

use std::collections::HashSet;

use super::super::SerialLine;
use super::super::shape;
use super::Check;
use crate::config::document::Key;
use crate::reading::NodeId;

impl Check<'_> {
    pub(super) fn serial(&mut self, sections: &[Key<shape::Serial>]) -> Vec<SerialLine> {
        let (mut paths, mut names) = (HashSet::new(), HashSet::new());
        let mut lines = Vec::new();
        for (i, section) in sections.iter().enumerate() {
            let Some(shape) = section.get() else { continue };
            let name = |key: &str| format!("serial[{i}].{key}");
            let path = self.required(&name("path"), &shape.path, section.span(), "the port's device file");
            let path = self.folder.join(path);
            if !paths.insert(path.clone()) {
                let found = format!("{} is another line's port", path.display());
                self.report.add(name("path"), shape.path.span(), found, "a port of its own");
            }
            let mut nodes = Vec::new();
            for text in shape.nodes.get().into_iter().flatten() {
                let span = shape.nodes.span();
                match NodeId::new(text) {
                    Ok(node) if names.insert(node.clone()) => nodes.push(node),
                    Ok(node) => {
                        self.report.add(name("nodes"), span, format!("{node} twice"), "each node on one line, once");
                    }
                    Err(error) => {
                        let found = format!("{text:?}: {error}");
                        self.report.add(name("nodes"), span, found, "nodes' names");
                    }
                }
            }
            if shape.nodes.get().is_some_and(Vec::is_empty) {
                let expected = "the nodes that share the line, or no such key when one node speaks unasked";
                self.report.add(name("nodes"), shape.nodes.span(), "no nodes", expected);
            }
            lines.push(SerialLine {
                path,
                baud: self.number(&name("baud"), &shape.baud, 115_200, 300..=4_000_000),
                nodes,
                poll_ms: self.number(&name("poll_ms"), &shape.poll_ms, 1_000, 10..=3_600_000),
                timeout_ms: self.number(&name("timeout_ms"), &shape.timeout_ms, 500, 10..=60_000),
            });
        }
        lines
    }
}
