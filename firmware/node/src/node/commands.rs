//! What the gateway asks: done once, answered as often as it is asked.

use embedded_hal::i2c::I2c;
use protocols::native::{Action, Outcome, Refusal, Reply};

use super::{Kept, Node};
use crate::channels::{self, KeptSettings, OutOfRange, SPECS, Settings, Spec};
use crate::memory::Memory;
use crate::trace::Event;

/// A period longer than this is a mistake: 30 days.
const PERIOD_S_MAX: u32 = 30 * 86_400;

impl<M: Memory, I: I2c> Node<M, I> {
    /// Does what is asked, unless it was done already, and leaves the answer to be sent.
    pub(super) fn obey(&mut self, id: u32, action: Action, now_ms: u64) {
        let known = self.answered.iter().find(|(answered, _)| *answered == id).map(|(_, outcome)| *outcome);
        let outcome = known.unwrap_or_else(|| {
            self.trace.note(now_ms, Event::Command, number(action));
            let outcome = self.act(id, action, now_ms);
            if self.answered.is_full() {
                self.answered.pop_front();
            }
            self.answered.push_back((id, outcome)).ok();
            outcome
        });
        if self.replies.is_full() {
            // The gateway asks again for an answer that it does not get.
            self.replies.pop_front();
        }
        self.replies.push_back(Reply { command: id, outcome }).ok();
    }

    fn act(&mut self, id: u32, action: Action, now_ms: u64) -> Outcome {
        match action {
            Action::SetSchedule { quantity, channel, period_s } => self.change(quantity, channel, |_, settings| {
                if period_s > PERIOD_S_MAX {
                    return Err(OutOfRange);
                }
                settings.period_s = period_s;
                Ok(())
            }),
            Action::SetThreshold { quantity, channel, kind, value } => {
                self.change(quantity, channel, |spec, settings| settings.set_threshold(spec, kind, value))
            }
            Action::SetCalibration { quantity, channel, gain, offset } => {
                self.change(quantity, channel, |spec, settings| settings.set_calibration(spec, gain, offset))
            }
            Action::Identify { seconds } => {
                self.identify_until_ms = now_ms + u64::from(seconds) * 1_000;
                Outcome::Done
            }
            Action::Reboot => {
                let kept = Kept { restarted_by: Some(id), ..self.kept };
                if self.kept_cell.store(&kept, &mut self.memory).is_err() {
                    return refused(Refusal::StorageFailed);
                }
                self.kept = kept;
                self.restart_soon(now_ms);
                Outcome::Done
            }
            Action::SampleNow => {
                self.sample_now();
                Outcome::Done
            }
            Action::SendStatus => {
                self.status_due = true;
                Outcome::Done
            }
            Action::Unknown => Outcome::Unsupported,
        }
    }

    /// Changes one channel's settings: in memory first, then here.
    fn change(
        &mut self,
        quantity: u8,
        channel: u8,
        change: impl FnOnce(&Spec, &mut Settings) -> Result<(), OutOfRange>,
    ) -> Outcome {
        let Some(index) = channels::find(quantity, channel).filter(|index| self.sensors.has(SPECS[*index].source))
        else {
            return refused(Refusal::NoSuchSensor);
        };
        let before = self.channels[index].settings;
        let mut settings = before;
        if change(&SPECS[index], &mut settings).is_err() {
            return refused(Refusal::OutOfRange);
        }
        self.channels[index].settings = settings;
        if self.settings_cell.store(&KeptSettings::of(&self.channels), &mut self.memory).is_err() {
            self.channels[index].settings = before;
            return refused(Refusal::StorageFailed);
        }
        Outcome::Done
    }
}

const fn refused(reason: Refusal) -> Outcome {
    Outcome::Refused { reason }
}

const fn number(action: Action) -> u32 {
    match action {
        Action::SetSchedule { .. } => 0,
        Action::SetThreshold { .. } => 1,
        Action::SetCalibration { .. } => 2,
        Action::Identify { .. } => 3,
        Action::Reboot => 4,
        Action::SampleNow => 5,
        Action::SendStatus => 6,
        Action::Unknown => 7,
    }
}
