//! A bus with every sensor on it, for tests of the whole node.

use std::collections::VecDeque;

use super::*;

/// What the parts measure.
pub(super) struct Parts {
    /// Sixteenths of a degree, in the air and in the surfacing.
    pub(super) sixteenths: i16,
    /// The supply's register.
    pub(super) supply: u16,
    /// What the accelerometer's buffer holds, in thousandths of g.
    pub(super) samples: VecDeque<[i16; 3]>,
}

/// The bus.
#[derive(Clone)]
pub(super) struct City(pub(super) Rc<RefCell<Parts>>);

impl City {
    pub(super) fn new() -> Self {
        Self(Rc::new(RefCell::new(Parts { sixteenths: 20 * 16, supply: 487, samples: VecDeque::new() })))
    }

    /// The answer of the part at `address` to a read of `register`.
    fn answer(&self, address: u8, register: u8, into: &mut [u8]) {
        let mut parts = self.0.borrow_mut();
        let mut bytes = [0; 6];
        match (address, register) {
            (0x48 | 0x49, _) => bytes[..2].copy_from_slice(&(parts.sixteenths << 4).to_be_bytes()),
            (0x11, 0x88) => bytes[..2].copy_from_slice(&parts.supply.to_le_bytes()),
            (0x10, 0x97) => bytes[..2].copy_from_slice(&316u16.to_le_bytes()),
            (0x19, 0x0f) => bytes[0] = 0x33,
            (0x19, 0x2f) => bytes[0] = parts.samples.len().min(31) as u8,
            (0x19, 0xa8) => {
                let sample = parts.samples.pop_front().unwrap_or([0, 0, 996]);
                for (axis, mg) in sample.iter().enumerate() {
                    // 12 mg a step, 12 bits on the left.
                    bytes[2 * axis..2 * axis + 2].copy_from_slice(&((mg / 12) << 4).to_le_bytes());
                }
            }
            (0x1e, 0x0a) => bytes[..3].copy_from_slice(b"H43"),
            (0x1e, _) => bytes = [0, 220, 1, 144, 0, 10],
            _ => {}
        }
        into.copy_from_slice(&bytes[..into.len()]);
    }
}

impl ErrorType for City {
    type Error = ErrorKind;
}

impl I2c for City {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), ErrorKind> {
        if ![0x48, 0x49, 0x10, 0x11, 0x19, 0x1e].contains(&address) {
            return Err(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address));
        }
        let mut register = 0;
        for operation in operations {
            match operation {
                Operation::Write(bytes) => register = bytes.first().copied().unwrap_or(0),
                Operation::Read(into) => self.answer(address, register, into),
            }
        }
        Ok(())
    }
}

/// A node with every sensor, provisioned, with an EEPROM of so many bytes.
pub(super) fn node_of(city: &City, bytes: usize, fault: Option<Fault>) -> Node<FakeMemory, City> {
    let start = Start { cause: ResetCause::PowerOn, fault: None, seed: 1 };
    let mut node = Node::start(FakeMemory::new(bytes), city.clone(), start);
    node.provision(identity(), 5).expect("the memory works");
    Node::start(node.into_memory(), city.clone(), Start { fault, ..start })
}

/// Everything that waits, acknowledged at once: quantity, time since 1970 and mantissa of each reading.
pub(super) fn delivered(node: &mut Node<FakeMemory, City>, now_ms: u64) -> Vec<(u8, i64, i64)> {
    let mut all = Vec::new();
    while let Some((shipment, batch)) = node.next_batch(now_ms) {
        node.acknowledged(shipment, now_ms);
        let BatchClock::Unix { base_ms } = batch.clock() else { panic!("the clock is set") };
        let readings = batch
            .readings()
            .map(|(_, reading)| (reading.quantity, base_ms + i64::from(reading.offset_ms), reading.value.mantissa()));
        all.extend(readings);
    }
    all
}
