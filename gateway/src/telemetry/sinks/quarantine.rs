//! Finding the lines that a store refuses: the batch is halved until each bad line stands alone.
//!
//! Pure: [`Halving`] says which part to send next and is told what became of it. A line counts as bad only when
//! the store took another one: a store that refuses everything (a proxy with an opinion, a wrong port) says
//! something about the configuration, not about the lines.

use std::ops::Range;

/// The search for the bad lines of one batch.
#[derive(Debug)]
pub struct Halving {
    /// Parts not sent yet, the next one last.
    pending: Vec<Range<usize>>,
    refused: Vec<Refusal>,
    accepted: usize,
}

/// A line that was refused when sent alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its place in the batch.
    pub line: usize,
    /// The store's words.
    pub message: String,
}

/// What was found when every part was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// So many lines were taken and these, possibly none, were not.
    Found {
        /// Lines taken.
        accepted: usize,
        /// Lines refused, in the batch's order.
        refused: Vec<Refusal>,
    },
    /// Not one line was taken.
    EverythingRefused {
        /// Lines refused: all.
        refused: Vec<Refusal>,
    },
}

impl Halving {
    /// The search in a batch of `lines` lines, to be sent as a whole at first.
    pub fn new(lines: usize) -> Self {
        let whole = 0..lines;
        Self { pending: if whole.is_empty() { Vec::new() } else { vec![whole] }, refused: Vec::new(), accepted: 0 }
    }

    /// The part to send next; none when every line is known. The same part until its fate is told.
    pub fn next_part(&self) -> Option<Range<usize>> {
        self.pending.last().cloned()
    }

    /// The store took the part.
    pub fn accepted(&mut self) {
        if let Some(part) = self.pending.pop() {
            self.accepted += part.len();
        }
    }

    /// The store refused the part, with these words.
    pub fn refused(&mut self, message: &str) {
        if self.pending.last().is_some_and(|part| part.len() > 1) {
            self.split();
        } else if let Some(part) = self.pending.pop() {
            self.refused.push(Refusal { line: part.start, message: message.to_owned() });
        }
    }

    /// Sends the part in two halves, without blame; a single line stays as it is.
    pub fn split(&mut self) {
        if let Some(part) = self.pending.pop_if(|part| part.len() > 1) {
            let middle = part.start + part.len() / 2;
            self.pending.push(middle..part.end);
            self.pending.push(part.start..middle);
        }
    }

    /// What was found, once [`Halving::next_part`] gives none.
    pub fn outcome(self) -> Outcome {
        debug_assert!(self.pending.is_empty(), "every part was sent");
        if self.accepted == 0 && !self.refused.is_empty() {
            Outcome::EverythingRefused { refused: self.refused }
        } else {
            Outcome::Found { accepted: self.accepted, refused: self.refused }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Runs the search against a store that refuses any part with one of `bad` in it; gives the requests it took too.
    fn search(lines: usize, bad: &BTreeSet<usize>) -> (Outcome, usize) {
        let mut halving = Halving::new(lines);
        let mut requests = 0;
        while let Some(part) = halving.next_part() {
            requests += 1;
            match bad.range(part).next() {
                Some(line) => halving.refused(&format!("line {line}")),
                None => halving.accepted(),
            }
        }
        (halving.outcome(), requests)
    }

    #[test]
    fn a_good_batch_is_one_request() {
        assert_eq!(search(5_000, &BTreeSet::new()), (Outcome::Found { accepted: 5_000, refused: vec![] }, 1));
    }

    #[test]
    fn an_empty_batch_is_none() {
        assert_eq!(search(0, &BTreeSet::new()), (Outcome::Found { accepted: 0, refused: vec![] }, 0));
    }

    #[test]
    fn a_store_that_refuses_everything_is_not_a_batch_of_bad_lines() {
        let (outcome, _) = search(3, &BTreeSet::from([0, 1, 2]));
        assert!(matches!(outcome, Outcome::EverythingRefused { refused } if refused.len() == 3));
    }

    #[test]
    fn a_part_that_took_too_long_is_split_without_blame() {
        let mut halving = Halving::new(5);
        for part in [0..5, 0..2, 0..1, 0..1] {
            assert_eq!(halving.next_part(), Some(part));
            halving.split();
        }
        for part in [0..1, 1..2, 2..5] {
            assert_eq!(halving.next_part(), Some(part));
            halving.accepted();
        }
        assert_eq!(halving.outcome(), Outcome::Found { accepted: 5, refused: vec![] });
    }

    proptest! {
        #[test]
        fn exactly_the_bad_lines_are_found(
            lines in 1usize..600,
            seeds in prop::collection::btree_set(0usize..600, 0..12),
        ) {
            let bad: BTreeSet<usize> = seeds.into_iter().filter(|line| *line < lines).collect();
            let (outcome, requests) = search(lines, &bad);
            let found = match &outcome {
                Outcome::Found { accepted, refused } => {
                    prop_assert_eq!(*accepted, lines - bad.len());
                    refused
                }
                Outcome::EverythingRefused { refused } => {
                    prop_assert_eq!(bad.len(), lines);
                    refused
                }
            };
            prop_assert_eq!(found.iter().map(|refusal| refusal.line).collect::<Vec<_>>(), bad.iter().copied().collect::<Vec<_>>());
            for refusal in found {
                prop_assert_eq!(&refusal.message, &format!("line {}", refusal.line));
            }
            let depth = lines.next_power_of_two().ilog2() as usize;
            prop_assert!(requests <= 1 + 2 * depth * bad.len(), "{} requests", requests);
        }
    }
}
