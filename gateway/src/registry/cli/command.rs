//! `city-gateway node command …`: what is asked of a node, and what it answered.
//!
//! A command is kept until its node takes it, which for a node out of reach may be days later. Frames here are the native
//! ones; what a node of another maker makes of them is its own.

use std::io::Write;
use std::time::{Duration, Instant};

use clap::{Subcommand, ValueEnum};
use protocols::native::{Action, Command, Decimal, Frame, Outcome, Refusal, Reply, Threshold};
use protocols::quantity;
use serde_json::json;

use super::{CliError, QuantityArg, text};
use crate::reading::NodeId;
use crate::registry::{Cause, CommandRecord, CommandState, Registry};

/// How often it is looked whether the answer came.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What is asked of a node.
#[derive(Debug, Subcommand)]
pub enum Ask {
    /// Report a quantity every so many seconds; 0: only its alarms
    Schedule {
        /// The quantity's code, with a channel where there are several sensors: `temperature` or `temperature.1`
        #[arg(value_parser = super::quantity)]
        quantity: QuantityArg,
        /// Seconds between readings
        period_s: u32,
    },
    /// Report a quantity at once when it passes a value
    #[command(allow_negative_numbers = true)]
    Threshold {
        /// The quantity's code
        #[arg(value_parser = super::quantity)]
        quantity: QuantityArg,
        /// Below it, from it up, or so far from the value reported last
        kind: Kind,
        /// The value, in the quantity's unit
        #[arg(value_parser = decimal)]
        value: Decimal,
    },
    /// Correct a quantity in the node itself: value = raw · gain + offset. What it measured before stays as it is; `node
    /// calibrate` corrects in the gateway, with dates, and is what to use unless the node's own alarms need it
    #[command(allow_negative_numbers = true)]
    Calibration {
        /// The quantity's code
        #[arg(value_parser = super::quantity)]
        quantity: QuantityArg,
        /// Factor
        #[arg(long, default_value = "1", value_parser = decimal)]
        gain: Decimal,
        /// Added after the factor, in the quantity's unit
        #[arg(long, default_value = "0", value_parser = decimal)]
        offset: Decimal,
    },
    /// Light the node's lamp, so that a person finds it
    Identify {
        /// Seconds
        #[arg(default_value_t = 30)]
        seconds: u16,
    },
    /// Start the node again; what it keeps is not lost
    Reboot,
    /// Measure everything now
    Sample,
    /// Tell its health now
    Status,
    /// List the node's commands, latest first: what waits, what was delivered, what was answered
    List {
        /// How many
        #[arg(long, default_value_t = 20)]
        top: usize,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

/// Which threshold.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Kind {
    /// Below it
    Low,
    /// From it up
    High,
    /// So far from the value reported last
    Delta,
}

impl Ask {
    /// What goes to the node; none for what is only looked up here.
    fn action(&self) -> Result<Option<Action>, CliError> {
        Ok(Some(match self {
            Self::Schedule { quantity, period_s } => {
                Action::SetSchedule { quantity: number(quantity)?, channel: quantity.channel, period_s: *period_s }
            }
            Self::Threshold { quantity, kind, value } => Action::SetThreshold {
                quantity: number(quantity)?,
                channel: quantity.channel,
                kind: match kind {
                    Kind::Low => Threshold::Low,
                    Kind::High => Threshold::High,
                    Kind::Delta => Threshold::Delta,
                },
                value: *value,
            },
            Self::Calibration { quantity, gain, offset } => Action::SetCalibration {
                quantity: number(quantity)?,
                channel: quantity.channel,
                gain: *gain,
                offset: *offset,
            },
            Self::Identify { seconds } => Action::Identify { seconds: *seconds },
            Self::Reboot => Action::Reboot,
            Self::Sample => Action::SampleNow,
            Self::Status => Action::SendStatus,
            Self::List { .. } => return Ok(None),
        }))
    }
}

fn number(quantity: &QuantityArg) -> Result<u8, CliError> {
    quantity::number(&quantity.code).ok_or_else(|| CliError::NoNumber(quantity.code.clone()))
}

/// Queues what is asked, or lists; waits for the answer for `wait`, when it is not zero.
///
/// # Errors
/// The registry refused, the quantity has no number, or the answer was not `done`.
pub(super) fn run(
    out: &mut impl Write,
    registry: &Registry,
    cause: Cause<'_>,
    node: &NodeId,
    ask: &Ask,
    wait: Duration,
) -> Result<(), CliError> {
    let Some(action) = ask.action()? else {
        let Ask::List { top, json } = ask else { return Ok(()) };
        let commands = text::commands(registry, node, *top)?;
        return if *json { list_json(out, &commands) } else { text::command_list(out, node, &commands) };
    };
    let encode = |id: u64| {
        // A node takes the number's low 32 bits, and sends them back.
        let frame = Frame::Command(Command { id: id as u32, action });
        frame.to_bytes().expect("every action that can be asked for has bytes").to_vec()
    };
    let id = registry.queue_command(cause, node, encode)?;
    writeln!(out, "Command {id} for `{node}`: {}.", what(&action))?;
    if wait.is_zero() {
        writeln!(
            out,
            "It goes to the node as soon as the node is there. `node command {node} list` shows what it answers."
        )?;
        return Ok(());
    }
    let until = Instant::now() + wait;
    loop {
        let found = registry.commands_of(node, COMMANDS_LOOKED_AT)?.into_iter().find(|command| command.id == id);
        if let Some(reply) = found.as_ref().and_then(reply) {
            if reply.outcome == Outcome::Done {
                writeln!(out, "The node answered: {}.", outcome(reply.outcome))?;
                return Ok(());
            }
            return Err(CliError::NotDone(outcome(reply.outcome)));
        }
        if Instant::now() >= until {
            let state = found.map_or("gone", |command| text::state(&command));
            return Err(CliError::NoAnswer { seconds: wait.as_secs(), state });
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Newest commands among which the one that was just queued is looked for.
const COMMANDS_LOOKED_AT: usize = 100;

fn list_json(out: &mut impl Write, commands: &[CommandRecord]) -> Result<(), CliError> {
    let rows: Vec<_> = commands.iter().map(json_of).collect();
    text::print_json(out, &json!({ "commands": rows }))
}

/// A command for a machine to read.
pub(super) fn json_of(command: &CommandRecord) -> serde_json::Value {
    json!({
        "id": command.id,
        "what": asked(command),
        "state": text::state(command),
        "answer": reply(command).map(|reply| outcome(reply.outcome)),
        "created_at": command.created_at.to_string(),
        "delivered_at": command.delivered_at.map(|at| at.to_string()),
        "answered_at": command.answered_at.map(|at| at.to_string()),
    })
}

/// What was asked, in words.
pub(super) fn asked(command: &CommandRecord) -> String {
    match Frame::decode(&command.payload) {
        Ok(Frame::Command(Command { action, .. })) => what(&action),
        _ => "not a native command".into(),
    }
}

/// How far it came, and what the node said.
pub(super) fn became(command: &CommandRecord) -> String {
    match (command.state, reply(command)) {
        (CommandState::Answered, Some(reply)) => outcome(reply.outcome),
        _ => text::state(command).into(),
    }
}

fn reply(command: &CommandRecord) -> Option<Reply> {
    match Frame::decode(command.reply.as_deref()?) {
        Ok(Frame::Reply(reply)) => Some(reply),
        _ => None,
    }
}

fn what(action: &Action) -> String {
    let stream = |number: &u8, channel: &u8| {
        let code = quantity::code(*number).map_or_else(|| format!("quantity {number}"), str::to_owned);
        if *channel == 0 { code } else { format!("{code}.{channel}") }
    };
    match action {
        Action::SetSchedule { quantity, channel, period_s: 0 } => {
            format!("{} on events only", stream(quantity, channel))
        }
        Action::SetSchedule { quantity, channel, period_s } => {
            format!("{} every {period_s} s", stream(quantity, channel))
        }
        Action::SetThreshold { quantity, channel, kind, value } => {
            let kind = match kind {
                Threshold::Low => "below",
                Threshold::High => "from",
                Threshold::Delta => "on changes of",
            };
            format!("{} at once {kind} {}", stream(quantity, channel), value.to_f64())
        }
        Action::SetCalibration { quantity, channel, gain, offset } => {
            format!("{} = raw · {} + {}", stream(quantity, channel), gain.to_f64(), offset.to_f64())
        }
        Action::Identify { seconds } => format!("show yourself for {seconds} s"),
        Action::Reboot => "start again".into(),
        Action::SampleNow => "measure now".into(),
        Action::SendStatus => "tell your health".into(),
        Action::Unknown => "an action that this gateway does not know".into(),
    }
}

fn outcome(outcome: Outcome) -> String {
    match outcome {
        Outcome::Done => "done",
        Outcome::Refused { reason: Refusal::NoSuchSensor } => "refused: it has no such sensor",
        Outcome::Refused { reason: Refusal::OutOfRange } => "refused: out of range",
        Outcome::Refused { reason: Refusal::Busy } => "refused: busy, ask again",
        Outcome::Refused { reason: Refusal::StorageFailed } => "refused: its memory could not be written",
        Outcome::Unsupported => "its firmware does not know this",
    }
    .into()
}

/// A number as it is written, to the digit: `-0.25`.
fn decimal(text: &str) -> Result<Decimal, String> {
    let wrong = || format!("`{text}` is not a number like 12 or -0.25");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = part.bytes().all(|byte| byte.is_ascii_digit()) && part.is_empty() != text.contains('.');
    let mantissa: i64 = format!("{whole}{part}").parse().map_err(|_| wrong())?;
    let exponent = i8::try_from(part.len()).ok().filter(|_| digits && !whole.is_empty());
    exponent.and_then(|places| Decimal::new(mantissa, -places)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_taken_to_the_digit() {
        let of = |mantissa, exponent| Ok(Decimal::new(mantissa, exponent).expect("in range"));
        for (text, expected) in
            [("12", of(12, 0)), ("-0.25", of(-25, -2)), ("+1.10", of(110, -2)), ("0.000000001", of(1, -9))]
        {
            assert_eq!(decimal(text), expected, "{text}");
        }
        for text in ["", "-", ".", "1.", ".5", "1.-5", "1,5", "1e3", "0.0000000001", "9999999999999999", "NaN"] {
            assert!(decimal(text).is_err(), "{text}");
        }
    }
}
