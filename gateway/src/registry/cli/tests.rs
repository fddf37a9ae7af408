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
    let config = RegistryConfig { mode: Enrolment::Claim, nodes_max: 10 };
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
