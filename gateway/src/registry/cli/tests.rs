use clap::Parser;

use super::*;
use crate::registry::Enrolment;
use crate::registry::tests::catalogue;

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: NodeCommand,
}

/// What the command prints, or why it failed.
fn said(folder: &Path, line: &str) -> Result<String, String> {
    let words = std::iter::once("node").chain(line.split(' '));
    let command = Line::try_parse_from(words).map_err(|error| error.to_string())?.command;
    let config = RegistryConfig {
        mode: Enrolment::Claim,
        nodes_max: 10,
        claim: std::time::Duration::from_secs(60),
        knocks_max: 1_000,
    };
    let mut out = Vec::new();
    run(command, folder, config, &catalogue(), &mut out).map_err(|error| error.to_string())?;
    Ok(String::from_utf8(out).expect("text"))
}

#[test]
fn a_node_is_added_listed_set_calibrated_revoked_and_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = &folder.path().join("data");
    let say = |line: &str| said(folder, line).expect(line);
    assert!(say("list").starts_with("No nodes yet. Add one with"));

    let added = say("add tower-1 --type air --site tower --name-en Tower --reason new");
    let secret = added.lines().find(|line| line.starts_with("    ")).expect("the secret").trim().to_owned();
    assert_eq!(secret.len(), 39);
    let list = say("list");
    let columns = |line: usize| list.lines().nth(line).expect(&list).to_owned();
    assert_eq!(columns(0).find("SITE"), columns(1).find("tower "), "{list}");
    assert!(columns(1).starts_with("tower-1  air   tower  DKA   bound"), "{list}");

    say("set tower-1 --lat -40.5 --lon 22.5 --from 2030-11-22T10:00:00+02:00");
    say("calibrate tower-1 pm25.1 --from 2026-11-01T00:00:00Z --gain 1.1 --offset -0.2 --note co-located");
    let revoked = say("revoke tower-1 --reason stolen");
    assert!(revoked.contains("let in no more"), "{revoked}");
    let shown = say("show tower-1");
    for part in ["-40.50000, 22.50000", "from 2030-11-22T08:00:00.000Z", "pm25.1", "raw · 1.1 + -0.2", "stolen"] {
        assert!(shown.contains(part), "no `{part}` in\n{shown}");
    }
    let again = say("secret tower-1");
    assert!(!again.contains(&secret) && again.contains("the old one no longer holds"), "{again}");

    let json: serde_json::Value = serde_json::from_str(&say("show tower-1 --json")).expect("JSON");
    assert_eq!((&json["revoked"], &json["calibrations"][0]["gain"]), (&true.into(), &1.1.into()));
    assert_eq!(json["changes"][0]["what"], "rotate secret");
    let json: serde_json::Value = serde_json::from_str(&say("list --json")).expect("JSON");
    assert_eq!((&json["nodes"][0]["id"], &json["nodes"][0]["has_secret"]), (&"tower-1".into(), &true.into()));
}

#[test]
fn a_command_is_queued_listed_and_its_answer_told() {
    use protocols::native::{Action, Command, Frame, Outcome, Reply};

    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let say = |line: &str| said(folder, line).expect(line);
    say("add a");
    assert!(say("command a list").contains("Nothing was asked"));
    let asked = say("command a threshold temperature.1 low -2.50");
    assert!(asked.contains("Command 1 for `a`: temperature.1 at once below -2.5."), "{asked}");
    say("command a calibration pm25 --gain 1.1 --offset -0.2 --reason co-located");
    say("command a schedule temperature 60");
    for line in ["identify 5", "reboot", "sample", "status"] {
        say(&format!("command a {line}"));
    }
    let config = RegistryConfig {
        mode: Enrolment::Claim,
        nodes_max: 10,
        claim: std::time::Duration::from_secs(60),
        knocks_max: 1_000,
    };
    let registry = Registry::open(&folder.join(records::FILE), config).expect("the records");
    let node = NodeId::new("a").expect("a name");
    let third = registry.commands_of(&node, 10).expect("commands").into_iter().find(|command| command.id == 3);
    let action = Action::SetSchedule { quantity: protocols::quantity::TEMPERATURE, channel: 0, period_s: 60 };
    assert_eq!(Frame::decode(&third.expect("queued").payload), Ok(Frame::Command(Command { id: 3, action })));
    let reply = |command, outcome| Frame::Reply(Reply { command, outcome }).to_bytes().expect("bytes").to_vec();
    registry.record_reply(&node, 3, &reply(3, Outcome::Done)).expect("kept");
    registry.record_reply(&node, 7, &reply(7, Outcome::Unsupported)).expect("kept");

    let list = say("command a list");
    let line = |id: usize| list.lines().nth(8 - id).expect(&list).to_owned();
    assert!(line(3).contains("temperature every 60 s") && line(3).contains("done"), "{list}");
    assert!(line(7).contains("its firmware does not know this"), "{list}");
    assert!(line(2).contains("pm25 = raw · 1.1 + -0.2") && line(2).contains("queued"), "{list}");
    assert_eq!(say("command a list --top 2").lines().count(), 3);
    let json: serde_json::Value = serde_json::from_str(&say("command a list --json")).expect("JSON");
    assert_eq!((&json["commands"][4]["answer"], &json["commands"][4]["id"]), (&"done".into(), &3.into()));
    assert!(say("show a").contains("start again"));

    let late = said(folder, "command a --wait 1 reboot").expect_err("nobody is there");
    assert!(late.contains("no answer within 1 s; the command is queued and stays"), "{late}");
    assert!(
        said(folder, "command a schedule nonsense 60")
            .expect_err("no such quantity")
            .contains("no quantity `nonsense`")
    );
    assert!(said(folder, "command a threshold pm25 high ten").expect_err("no number").contains("is not a number"));
    assert!(said(folder, "command b reboot").expect_err("no such node").contains("`node list` shows"));
    assert!(said(folder, "command b list").expect_err("no such node").contains("`node list` shows"));
}

#[test]
fn what_cannot_be_done_is_told_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |line: &str| said(folder.path(), line).expect_err(line);
    assert!(refused("add Tower").contains("a node's name is 1 to 64"));
    assert!(refused("add a --site x").contains("there are: tower, port"));
    assert!(refused("show a").contains("`node list` shows"));
    assert!(refused("add a --lat 40.5").contains("--lon"));
    assert!(refused("calibrate a pm25 --from yesterday --note x").contains("a time is written as"));
    assert!(refused("calibrate a pm25.300 --from 2026-11-22T08:00:00Z --note x").contains("not a channel"));
}
