//! What `city-gateway node …` prints.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{CliError, command};
use crate::reading::{DatastreamKey, NodeId, Timestamp};
use crate::registry::{
    Calibration, CommandRecord, CommandState, Knock, Node, Registry, RegistryError, Secret, Snapshot, describe,
};

/// How many commands and changes of a node are shown.
const SHOWN: usize = 10;
/// How many of those who knocked are shown.
const KNOCKS_SHOWN: usize = 10;

/// A secret and what to do with it.
pub(super) fn secret(out: &mut impl Write, id: &NodeId, secret: &Secret) -> io::Result<()> {
    writeln!(out, "Its secret, shown this once and kept nowhere in clear:\n\n    {}\n", secret.reveal())?;
    writeln!(out, "Enter it in the node, dashes included, as its MQTT password; the user name is `{id}`.")?;
    writeln!(out, "If it is lost: `city-gateway node secret {id}` makes another.")
}

pub(super) fn calibrated(out: &mut impl Write, key: &DatastreamKey, calibration: &Calibration) -> io::Result<()> {
    writeln!(out, "Node `{}`, {}: {}.", key.node, stream(key), formula(calibration))?;
    writeln!(out, "It holds for what was measured {}.", span(calibration))?;
    writeln!(out, "A gateway that is running takes it up within seconds.")
}

pub(super) fn list(out: &mut impl Write, registry: &Registry) -> Result<(), CliError> {
    let snapshot = registry.snapshot();
    let mut rows = vec![["NODE", "TYPE", "SITE", "ZONE", "SECRET", "ENROLLED", "NAME"].map(str::to_owned)];
    for node in sorted(&snapshot) {
        let now = node.placements.last();
        rows.push([
            node.id.to_string(),
            or_dash(node.node_type.as_deref()),
            or_dash(now.and_then(|placement| placement.site.as_deref())),
            or_dash(now.and_then(|placement| placement.zone.as_deref())),
            secret_state(node, registry).to_owned(),
            minute(node.enrolled_at),
            or_dash(node.name.as_ref().map(|name| &*name.en)),
        ]);
    }
    if snapshot.nodes.is_empty() {
        writeln!(out, "No nodes yet. Add one with `city-gateway node --config FILE add ID`.")?;
    } else {
        table(out, &rows)?;
    }
    knocks(out, &registry.knocks()?)?;
    Ok(())
}

fn knocks(out: &mut impl Write, knocks: &[Knock]) -> io::Result<()> {
    if knocks.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nKnocked without being let in, latest first:\n")?;
    let mut rows = vec![["NODE", "WHY", "LAST", "TIMES"].map(str::to_owned)];
    for knock in knocks.iter().take(KNOCKS_SHOWN) {
        let why = knock.reason.replace('_', " ");
        rows.push([knock.node.to_string(), why, minute(knock.last_at), knock.count.to_string()]);
    }
    table(out, &rows)?;
    match knocks.len().saturating_sub(KNOCKS_SHOWN) {
        0 => Ok(()),
        more => writeln!(out, "and {more} more"),
    }
}

pub(super) fn list_json(out: &mut impl Write, registry: &Registry) -> Result<(), CliError> {
    let snapshot = registry.snapshot();
    let nodes: Vec<_> = sorted(&snapshot).map(|node| describe::node(node, registry.has_secret(&node.id))).collect();
    let knocks = registry.knocks()?.into_iter().map(|knock| {
        let last_at = knock.last_at.to_string();
        json!({ "node": knock.node, "reason": knock.reason, "last_at": last_at, "count": knock.count })
    });
    print_json(out, &json!({ "nodes": nodes, "knocks": knocks.collect::<Vec<_>>() }))
}

pub(super) fn show(out: &mut impl Write, registry: &Registry, id: &NodeId) -> Result<(), CliError> {
    let snapshot = registry.snapshot();
    let node = find(&snapshot, id)?;
    let name = node.name.as_ref().map(|name| format!("{} / {}", name.el, name.en));
    let rows = [
        ["node", id.as_str()],
        ["name", &or_dash(name.as_deref())],
        ["type", &or_dash(node.node_type.as_deref())],
        ["serial", &or_dash(node.serial.as_deref())],
        ["enrolled", &node.enrolled_at.to_string()],
        ["secret", secret_state(node, registry)],
    ];
    table(out, &rows.map(|row| row.map(str::to_owned)))?;

    section(out, "Where it stood", "Nobody said. `node set` does, with --site or --lat and --lon.", {
        let stood = node.placements.iter().enumerate().map(|(i, placement)| {
            let position = placement.position.map(|p| format!("{:.5}, {:.5}", p.lat, p.lon));
            let from = if i == 0 { "from the beginning".into() } else { format!("from {}", placement.from) };
            let site = or_dash(placement.site.as_deref());
            [from, site, or_dash(placement.zone.as_deref()), or_dash(position.as_deref())]
        });
        stood.collect()
    })?;
    section(out, "Calibrations", "None: values are taken as they come.", {
        let lines = calibrations(&snapshot, id)
            .into_iter()
            .map(|(key, calibration)| [stream(key), span(calibration), formula(calibration), calibration.note.clone()]);
        lines.collect()
    })?;
    section(out, "Commands, latest first", "None.", {
        let commands = registry.commands_of(id, SHOWN)?.into_iter().map(|command| {
            [command.id.to_string(), minute(command.created_at), command::asked(&command), command::became(&command)]
        });
        commands.collect()
    })?;
    section(out, "Changes, latest first", "None.", {
        let changes = registry.changes(id, SHOWN)?.into_iter();
        changes.map(|change| [minute(change.at), change.what, change.actor, change.reason]).collect()
    })?;
    Ok(())
}

pub(super) fn show_json(out: &mut impl Write, registry: &Registry, id: &NodeId) -> Result<(), CliError> {
    let snapshot = registry.snapshot();
    let mut value = describe::node(find(&snapshot, id)?, registry.has_secret(id));
    let calibrations = calibrations(&snapshot, id).into_iter().map(|(key, c)| describe::calibration(key, c));
    value["calibrations"] = calibrations.collect();
    let commands = registry.commands_of(id, SHOWN)?;
    value["commands"] = commands.iter().map(command::json_of).collect();
    let parsed = |text: Option<String>| text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let changes = registry.changes(id, SHOWN)?.into_iter().map(|change| {
        json!({
            "id": change.id,
            "at": change.at.to_string(),
            "actor": change.actor,
            "what": change.what,
            "before": parsed(change.before_json),
            "after": parsed(change.after_json),
            "reason": change.reason,
        })
    });
    value["changes"] = changes.collect();
    print_json(out, &value)
}

fn find<'a>(snapshot: &'a Snapshot, id: &NodeId) -> Result<&'a Node, RegistryError> {
    snapshot.nodes.get(id).map(|node| &**node).ok_or_else(|| RegistryError::UnknownNode(id.clone()))
}

fn sorted(snapshot: &Snapshot) -> impl Iterator<Item = &Node> {
    let mut nodes: Vec<_> = snapshot.nodes.values().map(|node| &**node).collect();
    nodes.sort_by(|a, b| a.id.cmp(&b.id));
    nodes.into_iter()
}

fn calibrations<'a>(snapshot: &'a Snapshot, id: &NodeId) -> Vec<(&'a DatastreamKey, &'a Calibration)> {
    let of_node = snapshot.calibrations.iter().filter(|(key, _)| key.node == *id);
    let mut all: Vec<_> = of_node.flat_map(|(key, list)| list.iter().map(move |c| (key, c))).collect();
    all.sort_by(|(a, x), (b, y)| a.cmp(b).then(x.from.cmp(&y.from)));
    all
}

fn secret_state(node: &Node, registry: &Registry) -> &'static str {
    match (node.revoked, registry.has_secret(&node.id)) {
        (true, _) => "revoked",
        (false, true) => "bound",
        (false, false) => "none",
    }
}

/// The last `top` commands of a node that is known.
pub(super) fn commands(registry: &Registry, id: &NodeId, top: usize) -> Result<Vec<CommandRecord>, CliError> {
    find(&registry.snapshot(), id)?;
    Ok(registry.commands_of(id, top)?)
}

pub(super) fn command_list(out: &mut impl Write, id: &NodeId, commands: &[CommandRecord]) -> Result<(), CliError> {
    if commands.is_empty() {
        writeln!(out, "Nothing was asked of `{id}` yet.")?;
        return Ok(());
    }
    let mut rows = vec![["COMMAND", "QUEUED", "WHAT", "BECAME", "ANSWERED"].map(str::to_owned)];
    rows.extend(commands.iter().map(|one| {
        let answered = one.answered_at.map(minute);
        [
            one.id.to_string(),
            minute(one.created_at),
            command::asked(one),
            command::became(one),
            or_dash(answered.as_deref()),
        ]
    }));
    Ok(table(out, &rows)?)
}

pub(super) fn state(command: &CommandRecord) -> &'static str {
    match command.state {
        CommandState::Queued => "queued",
        CommandState::Delivered => "delivered",
        CommandState::Answered => "answered",
    }
}

fn stream(key: &DatastreamKey) -> String {
    if key.channel == 0 { key.quantity.to_string() } else { format!("{}.{}", key.quantity, key.channel) }
}

fn formula(calibration: &Calibration) -> String {
    let unsound = if calibration.unsound { ", unsound" } else { "" };
    format!("value = raw · {} + {}{unsound}", calibration.gain, calibration.offset)
}

fn span(calibration: &Calibration) -> String {
    match calibration.until {
        Some(until) => format!("from {} until {until}", calibration.from),
        None => format!("from {} on", calibration.from),
    }
}

fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}

/// To the minute, in UTC: `2026-11-22 21:57Z`.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    match text.get(..16) {
        Some(minute) if text.ends_with('Z') => format!("{}Z", minute.replace('T', " ")),
        _ => text,
    }
}

fn section(out: &mut impl Write, title: &str, empty: &str, rows: Vec<[String; 4]>) -> io::Result<()> {
    writeln!(out, "\n{title}")?;
    if rows.is_empty() { writeln!(out, "  {empty}") } else { table(out, &rows) }
}

/// Columns as wide as their widest text.
fn table<const N: usize>(out: &mut impl Write, rows: &[[String; N]]) -> io::Result<()> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

pub(super) fn print_json(out: &mut impl Write, value: &Value) -> Result<(), CliError> {
    Ok(writeln!(out, "{value:#}")?)
}
