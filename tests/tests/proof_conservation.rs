//! Nothing acknowledged is lost, nothing is invented, nothing is there twice: every fault of the list once, some of them at
//! once, in an order drawn from a seed, while five producers send.

use tests::faults::Fault;
use tests::mix;
use tests::random::Random;

#[test]
fn what_was_acknowledged_is_there_once_through_every_fault() {
    let run = mix::run(Random::seed(4), 0, &Fault::ALL);
    // An empty run cannot pass.
    assert!(run.acknowledged > 5_000, "{run:?}");
    assert!(run.tally.owed > 10_000 && run.tally.hours > 0 && run.rows > 1_000, "{run:?}");
    assert!(run.starts >= 3 && run.sent_again > 0 && run.duplicates > 100, "{run:?}");
    assert!(Fault::ALL.iter().all(|fault| run.faults.contains_key(fault)), "{run:?}");
}
