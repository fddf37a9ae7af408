//! The queue against a model: what was pushed and not acknowledged is there, in order, whatever happened to the power.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::memory::fake::FakeMemory;

const CELL: Cell = Cell::new(0, 64, 4, 1);
const RINGS_AT: u32 = 256;

fn record(sequence: u32) -> Record {
    Record {
        boot: 3,
        sequence,
        measured_at: if sequence.is_multiple_of(2) {
            MeasuredAt::Unix(1_795_348_800_000 + i64::from(sequence))
        } else {
            MeasuredAt::Uptime(u64::from(sequence))
        },
        quantity: 14,
        channel: 1,
        value: Decimal::new(-2345 + i64::from(sequence), -2).expect("in range"),
    }
}

fn memory(slots: u32) -> FakeMemory {
    FakeMemory::new((RINGS_AT + slots * SLOT_BYTES) as usize)
}

fn all(queue: &mut Queue, class: Class, memory: &mut FakeMemory) -> Vec<u32> {
    let (tail, head) = queue.span(class);
    (0..head.wrapping_sub(tail))
        .filter_map(|k| queue.get(class, tail.wrapping_add(k), memory).expect("the memory works"))
        .map(|record| record.sequence)
        .collect()
}

#[test]
fn a_slot_comes_back_as_it_was_and_only_at_its_position() {
    for sequence in [0, 1, u32::MAX / 4] {
        let bytes = encode(9, 77, &record(sequence));
        assert_eq!(decode(9, 77, &bytes), Some(record(sequence)));
        assert_eq!(decode(9, 78, &bytes), None);
        for bit in 0..bytes.len() * 8 {
            let mut altered = bytes;
            altered[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(9, 77, &altered), None, "bit {bit}");
        }
    }
}

#[test]
fn routine_readings_never_push_out_a_safety_event() {
    let mut memory = memory(320);
    let mut queue = Queue::open(CELL, RINGS_AT, 9, &mut memory);
    assert_eq!(queue.capacity(), (40, 280));
    queue.push(Class::Safety, record(1), &mut memory);
    for sequence in 2..602 {
        queue.push(Class::Routine, record(sequence), &mut memory);
    }
    assert_eq!(all(&mut queue, Class::Safety, &mut memory), [1]);
    assert_eq!(all(&mut queue, Class::Routine, &mut memory), (322..602).collect::<Vec<_>>());
    assert_eq!(queue.dropped(), Dropped { safety: 0, routine: 320 });
}

#[test]
fn a_full_safety_ring_gives_up_its_oldest_and_counts() {
    let mut memory = memory(320);
    let mut queue = Queue::open(CELL, RINGS_AT, 9, &mut memory);
    for sequence in 0..43 {
        queue.push(Class::Safety, record(sequence), &mut memory);
    }
    assert_eq!(all(&mut queue, Class::Safety, &mut memory), (3..43).collect::<Vec<_>>());
    assert_eq!(queue.dropped().safety, 3);
}

#[test]
fn without_memory_readings_wait_in_ram() {
    let mut memory = memory(320);
    let mut queue = Queue::open(CELL, RINGS_AT, 9, &mut memory);
    memory.power = Some(0);
    for sequence in 0..RAM_READINGS as u32 + 2 {
        queue.push(Class::Routine, record(sequence), &mut memory);
    }
    assert_eq!(all(&mut queue, Class::Volatile, &mut memory), (2..RAM_READINGS as u32 + 2).collect::<Vec<_>>());
    assert_eq!(queue.dropped().routine, 2);
    assert!(queue.memory_failures() > 0);
    let (tail, _) = queue.span(Class::Volatile);
    queue.acknowledge(Class::Volatile, tail + 2, &mut memory);
    assert_eq!(all(&mut queue, Class::Volatile, &mut memory)[0], 4);
}

#[test]
fn another_incarnation_begins_with_nothing() {
    let mut memory = memory(320);
    let mut queue = Queue::open(CELL, RINGS_AT, 9, &mut memory);
    for sequence in 0..40 {
        queue.push(Class::Routine, record(sequence), &mut memory);
    }
    assert_eq!(Queue::open(CELL, RINGS_AT, 9, &mut memory).len(), 40);
    assert!(Queue::open(CELL, RINGS_AT, 10, &mut memory).is_empty());
}

#[test]
fn a_damaged_slot_is_given_up_and_counted() {
    let mut memory = memory(320);
    let mut queue = Queue::open(CELL, RINGS_AT, 9, &mut memory);
    for sequence in 0..3 {
        queue.push(Class::Routine, record(sequence), &mut memory);
    }
    let at = queue.routine.place(0) as usize;
    memory.bytes[at + 9] ^= 4;
    assert_eq!(queue.get(Class::Routine, 0, &mut memory), Ok(None));
    queue.give_up(Class::Routine, 0, &mut memory);
    assert_eq!(all(&mut queue, Class::Routine, &mut memory), [1, 2]);
    assert_eq!(queue.dropped().routine, 1);
}

#[test]
fn an_acknowledgement_of_what_was_pushed_out_changes_nothing() {
    let mut memory = memory(320);
    let mut queue = Queue::open(CELL, RINGS_AT, 9, &mut memory);
    for sequence in 0..285 {
        queue.push(Class::Routine, record(sequence), &mut memory);
    }
    queue.acknowledge(Class::Routine, 3, &mut memory);
    assert_eq!(queue.span(Class::Routine), (5, 285));
}

#[derive(Debug, Clone)]
enum Step {
    Push(bool),
    Acknowledge(bool, u32),
    /// Power goes after so many more bytes, in the middle of whatever comes, and comes back.
    Cut(usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => any::<bool>().prop_map(Step::Push),
        2 => (any::<bool>(), 0u32..6).prop_map(|(safety, count)| Step::Acknowledge(safety, count)),
        1 => (0usize..80).prop_map(Step::Cut),
    ]
}

#[test]
fn a_memory_too_small_for_two_rings_is_not_used() {
    let mut memory = memory(255);
    let mut queue = Queue::open(CELL, RINGS_AT, 9, &mut memory);
    queue.push(Class::Routine, record(0), &mut memory);
    assert_eq!((queue.capacity(), queue.len(), memory.written), ((0, 0), 1, 0));
}

proptest! {
    #[test]
    fn what_was_not_acknowledged_is_there_after_any_power_cut(steps in proptest::collection::vec(any_step(), 1..600)) {
        let mut memory = memory(288);
        let mut queue = Queue::open(CELL, RINGS_AT, 9, &mut memory);
        let (safety_max, routine_max) = queue.capacity();
        let mut models = [VecDeque::new(), VecDeque::new()];
        let mut sequence = 0;
        for step in steps {
            match step {
                Step::Push(safety) => {
                    let (class, model, most) = if safety {
                        (Class::Safety, &mut models[0], safety_max)
                    } else {
                        (Class::Routine, &mut models[1], routine_max)
                    };
                    if model.len() as u32 == most {
                        // The ring is full: its oldest gives way, whether or not the new one gets there whole.
                        model.pop_front();
                    }
                    queue.push(class, record(sequence), &mut memory);
                    if memory.power == Some(0) {
                        // Power went during this push: the reading may be there or not.
                        memory.power = None;
                        queue = Queue::open(CELL, RINGS_AT, 9, &mut memory);
                        let found = all(&mut queue, class, &mut memory);
                        if found.last() == Some(&sequence) {
                            model.push_back(sequence);
                        }
                    } else {
                        model.push_back(sequence);
                    }
                    sequence += 1;
                }
                Step::Acknowledge(safety, count) => {
                    let (class, model) = if safety { (Class::Safety, &mut models[0]) } else { (Class::Routine, &mut models[1]) };
                    let (tail, _) = queue.span(class);
                    let count = count.min(model.len() as u32);
                    queue.acknowledge(class, tail.wrapping_add(count), &mut memory);
                    model.drain(..count as usize);
                }
                Step::Cut(bytes) => memory.power = Some(bytes),
            }
            if memory.power.is_none() || memory.power > Some(0) {
                let power = memory.power.take();
                for (class, model) in [(Class::Safety, &models[0]), (Class::Routine, &models[1])] {
                    // After a cut, readings acknowledged since the last mark may be back, before the rest.
                    let found = all(&mut queue, class, &mut memory);
                    let kept = &found[found.len() - model.len().min(found.len())..];
                    let model: Vec<u32> = model.iter().copied().collect();
                    prop_assert_eq!(kept, &model[..]);
                }
                memory.power = power;
            }
        }
    }
}
