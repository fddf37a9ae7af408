//! Alerts kept in a file: raised, joined, over, and the same after a restart.

use std::collections::BTreeSet;

use super::super::life::{Deed, Facts};
use super::super::roster::Turn;
use super::*;
use crate::audit::Cause;
use crate::catalogue::load;
use crate::operations::step::Hand;

const CAUSE: Cause<'static> = Cause { actor: "person/a", source: "10.0.0.1", reason: "" };

struct City {
    folder: tempfile::TempDir,
    alerts: Arc<Alerts>,
    config: AlertsConfig,
}

fn config(open_max: usize, reopen_ms: i64) -> AlertsConfig {
    let ways = Ways { broker: true, every: vec!["chat".into()], url: Some("https://g.example".into()) };
    AlertsConfig { open_max, escalate_ms: 0, reopen_ms, ways }
}

fn open(folder: &Path, config: AlertsConfig) -> Arc<Alerts> {
    let zone = TimeZone::get("Europe/Athens").expect("the zone is bundled");
    let clock = Arc::new(Clock::new(Timestamp::default()));
    let mut file = records::open(&folder.join(records::FILE)).expect("records");
    crate::audit::adopt(&mut file).expect("adopted");
    Alerts::open(folder, Arc::new(load::embedded()), zone, config, clock).expect("opened")
}

impl City {
    fn new() -> Self {
        Self::of(config(100, 3_600_000))
    }

    fn of(config: AlertsConfig) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let alerts = open(folder.path(), config.clone());
        Self { folder, alerts, config }
    }

    /// As after a stop, whatever state alerts are in.
    fn restart(&mut self) {
        let before: Vec<_> = self.alerts.board().listed().iter().map(|alert| Alert::clone(alert)).collect();
        self.alerts = open(self.folder.path(), self.config.clone());
        let after: Vec<_> = self.alerts.board().listed().iter().map(|alert| Alert::clone(alert)).collect();
        assert_eq!(after, before, "a restart changes nothing");
    }

    fn rule(&self, code: &str) -> Arc<AlertRule> {
        self.alerts.board().rules().find(code).expect("a rule").rule.clone()
    }

    fn finding(&self, rule: &str, subject: Subject, value: f64, at: i64) -> Finding {
        let at = Timestamp::from_millis(at);
        let facts = Facts {
            since: at,
            value: Some(value),
            at: Some(at),
            last: Some(at),
            node: Some("n".into()),
            ..Facts::default()
        };
        Finding { rule: self.rule(rule), subject, zone: Some("DKA".into()), facts }
    }

    fn found(&self, findings: Vec<Finding>) -> Settled {
        self.alerts.settle(Look { findings, ..Look::default() }).expect("settled")
    }

    fn clear(&self, rule: &str, subject: &Subject) -> Settled {
        let clear = vec![(Arc::from(rule), subject.clone())];
        self.alerts.settle(Look { clear, ..Look::default() }).expect("settled")
    }

    fn shown(&self) -> Vec<(String, &'static str)> {
        self.alerts.board().listed().iter().map(|alert| (alert.subject.to_string(), alert.state.code())).collect()
    }

    fn deeds(&self, id: u64) -> Vec<&'static str> {
        self.alerts.steps(id).expect("steps").iter().map(|step| step.deed.code()).collect()
    }
}

fn turn(person: &str, rung: u8) -> Turn {
    Turn {
        person: person.into(),
        days: BTreeSet::new(),
        from_min: 0,
        until_min: 0,
        first: None,
        last: None,
        zones: BTreeSet::new(),
        kinds: BTreeSet::new(),
        rung,
        email: true,
        webhooks: BTreeSet::new(),
    }
}

#[test]
fn an_alert_is_raised_once_answered_and_over_and_the_same_after_a_restart_in_every_state() {
    let mut city = City::new();
    let bin = Subject::node("bin-1");
    assert_eq!(city.found(vec![city.finding("bin-full", bin.clone(), 91.0, 1)]).raised, 1);
    assert_eq!(city.found(vec![city.finding("bin-full", bin.clone(), 95.0, 2)]), Settled::default());
    city.restart();
    assert_eq!(city.shown(), [("node/bin-1".to_owned(), "raised")]);
    assert_eq!(city.alerts.alert(1).expect("there").facts.value, Some(95.0), "the worst of it");
    city.alerts.acknowledge(CAUSE, 1, "κάλεσα τον οδηγό").expect("acknowledged");
    city.restart();
    assert_eq!(city.shown(), [("node/bin-1".to_owned(), "acknowledged")]);
    assert_eq!(city.clear("bin-full", &bin).cleared, 1);
    city.restart();
    assert_eq!(city.shown(), []);
    let over = city.alerts.alert(1).expect("there");
    assert_eq!((over.state, over.answered_by), (State::Cleared, Some(Hand("person/a".into()))));
    assert_eq!(city.deeds(1), ["raise", "acknowledge", "clear"]);
    let refused = city.alerts.acknowledge(CAUSE, 1, "").expect_err("over");
    assert!(matches!(refused, AlertsError::Refused(Refusal::Over)), "{refused}");
}

#[test]
fn what_trembles_is_one_alert_and_whoever_answered_still_does() {
    let city = City::new();
    let bin = Subject::node("bin-1");
    for n in 0..20 {
        city.found(vec![city.finding("bin-full", bin.clone(), 91.0, n)]);
        if n == 0 {
            city.alerts.acknowledge(CAUSE, 1, "").expect("acknowledged");
        }
        city.clear("bin-full", &bin);
    }
    assert_eq!(city.alerts.list(&Listing::default(), 100).expect("listed").len(), 1);
    assert_eq!(city.alerts.alert(1).expect("there").facts.again, 19);
    city.found(vec![city.finding("bin-full", bin, 91.0, 30)]);
    assert_eq!(city.shown(), [("node/bin-1".to_owned(), "acknowledged")]);
}

#[test]
fn a_blow_stays_until_a_person_ends_it_and_is_not_told_again_by_what_was_known_then() {
    let mut city = City::new();
    let swing = Subject::asset("sw-1");
    city.found(vec![city.finding("impact", swing.clone(), 64.0, 10), city.finding("impact", swing.clone(), 50.0, 20)]);
    assert_eq!(city.clear("impact", &swing).cleared, 0);
    city.alerts.clear(CAUSE, 1, "δεν έπαθε τίποτε").expect("ended");
    city.restart();
    // The same readings, looked at again after a start.
    assert_eq!(city.found(vec![city.finding("impact", swing.clone(), 64.0, 10)]).raised, 0);
    assert_eq!(city.found(vec![city.finding("impact", swing.clone(), 50.0, 20)]).raised, 0);
    assert_eq!(city.found(vec![city.finding("impact", swing, 33.0, 21)]).raised, 1);
    assert_eq!(city.shown().len(), 1);
    assert_eq!(city.alerts.board().listed()[0].id, 2, "another one, since a person had ended the first");
}

#[test]
fn a_hot_surface_is_one_notice_a_day_and_community() {
    let city = City::new();
    let finding = |subject: &Subject, node: &str| {
        let mut finding = city.finding("hot-surface", subject.clone(), 55.0, 1);
        (finding.facts.members, finding.facts.members_count) = (vec![node.into()], 1);
        finding
    };
    let (one, other) = (Subject::zone("DKA"), Subject::zone("DKB"));
    let settled = city.found(vec![finding(&one, "a"), finding(&one, "b"), finding(&other, "c")]);
    assert_eq!(settled.raised, 2);
    assert_eq!(city.alerts.alert(1).expect("there").facts.members_count, 2);
    // It cools down, a person ends it, it gets hot again: told for today.
    assert_eq!(city.clear("hot-surface", &one).cleared, 1);
    assert_eq!(city.found(vec![finding(&one, "a")]).raised, 0);
}

#[test]
fn nodes_that_fail_together_become_a_part_of_one_alert_and_the_bound_holds() {
    let city = City::of(config(10, 0));
    let silent = |names: &[&str]| -> Vec<Finding> {
        let each = names.iter().map(|name| Finding {
            facts: Facts { members: vec![(*name).into()], members_count: 1, ..Facts::default() },
            ..city.finding("silent", Subject::node(name), 0.0, 1)
        });
        each.collect()
    };
    let look = |findings| Look { findings, whole: [Arc::from("silent")].into(), ..Look::default() };
    city.alerts.settle(look(silent(&["a", "b"]))).expect("settled");
    let mut zone = city.finding("silent", Subject::zone("DKA"), 0.0, 1);
    zone.facts.members = vec!["a".into(), "b".into(), "c".into()];
    city.alerts.settle(look(vec![zone])).expect("settled");
    assert_eq!(city.shown(), [("zone/DKA".to_owned(), "raised")]);
    assert_eq!(city.deeds(1), ["raise", "merge"]);
    city.alerts.settle(look(Vec::new())).expect("settled");
    assert_eq!(city.shown(), []);

    let names: Vec<String> = (0..30).map(|n| format!("n-{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let settled = city.alerts.settle(look(silent(&names))).expect("settled");
    assert_eq!((settled.raised, settled.refused), (10, 20));
    assert_eq!(city.alerts.refused(), 20, "and that is counted");
}

#[test]
fn maintenance_raises_nothing_and_ends() {
    let city = City::new();
    let now = city.alerts.clock.now();
    let span = (now.plus_millis(-1), now.plus_millis(60_000));
    for bad in [(now, now), (now, now.plus_millis(400 * 86_400_000)), (now.plus_millis(-9), now.plus_millis(-5))] {
        assert!(city.alerts.add_maintenance(CAUSE, Subject::city(), bad, "").is_err());
    }
    let bin = || city.finding("bin-full", Subject::node("bin-1"), 99.0, 1);
    for under in [Subject::zone("DKA"), Subject::node("n"), Subject::node("bin-1"), Subject::city()] {
        let id = city.alerts.add_maintenance(CAUSE, under.clone(), span, "αλλαγή κάδων").expect("planned");
        assert_eq!(city.found(vec![bin()]).rested, 1, "{under}");
        city.alerts.end_maintenance(CAUSE, id).expect("ended");
        assert!(city.alerts.end_maintenance(CAUSE, id).is_err(), "once");
    }
    let id = city.alerts.add_maintenance(CAUSE, Subject::zone("DKB"), span, "").expect("planned");
    assert_eq!(city.found(vec![bin()]).raised, 1, "another community's is no matter");
    assert_eq!(city.alerts.board().maintenance().iter().map(|one| one.id).collect::<Vec<_>>(), [id]);
    assert_eq!(city.alerts.rested(), 4);
}

#[test]
fn an_alarm_goes_from_one_to_the_next_and_then_nobody_has_answered() {
    let mut city = City::new();
    city.found(vec![city.finding("bin-fire", Subject::node("bin-1"), 80.0, 1)]);
    let kind = |_: &Alert| None;
    assert_eq!(city.alerts.escalate(kind).expect("told"), 1);
    assert_eq!(city.alerts.escalate(kind).expect("told"), 0, "nobody is on call, which is said once");
    assert!(city.alerts.board().listed()[0].unanswered);

    city.alerts.add_turn(CAUSE, &turn("person/b", 2)).expect("added");
    city.alerts.add_turn(CAUSE, &turn("person/a", 1)).expect("added");
    city.found(vec![
        city.finding("bin-fire", Subject::node("bin-2"), 80.0, 1),
        city.finding("bin-full", Subject::node("bin-2"), 95.0, 1),
        city.finding("tilt", Subject::asset("sw-1"), 12.0, 1),
    ]);
    for _ in 0..6 {
        city.alerts.escalate(kind).expect("told");
        city.restart();
    }
    let told = |id: u64| city.alerts.alert(id).expect("there").told;
    assert_eq!(told(2), ["person/a".into(), "person/b".into()]);
    assert_eq!(city.deeds(2), ["raise", "escalate", "escalate", "find unanswered"]);
    assert_eq!((told(3).len(), told(4).len()), (0, 1), "of a notice nobody, of a warning the first alone");

    city.found(vec![city.finding("bin-fire", Subject::node("bin-3"), 80.0, 1)]);
    city.alerts.acknowledge(CAUSE, 5, "").expect("acknowledged");
    assert_eq!(city.alerts.escalate(kind).expect("told"), 0, "somebody answers for it");
}

#[test]
fn rules_are_written_rest_and_are_dropped() {
    let mut city = City::new();
    let toml = "[[rule]]\ncode = \"mine\"\nname = { el = \"α\", en = \"a\" }\nseverity = \"alarm\"\nsource = \"x\"\n\
                instructions = { el = \"α\", en = \"a\" }\non = \"silence\"\n";
    city.alerts.set_rule(CAUSE, "mine", toml).expect("written");
    city.found(vec![city.finding("mine", Subject::node("a"), 0.0, 1)]);
    city.alerts.rest_rule(CAUSE, "mine", true).expect("rests");
    city.restart();
    city.alerts.settle(Look::default()).expect("settled");
    assert_eq!(city.shown(), [], "what no rule asks about any more is over");
    city.alerts.drop_rule(CAUSE, "mine").expect("dropped");
    assert!(city.alerts.board().rules().find("mine").is_none());
    assert!(city.alerts.drop_rule(CAUSE, "mine").is_err() && city.alerts.rest_rule(CAUSE, "mine", true).is_err());
}

#[test]
fn what_is_over_is_forgotten_in_time_and_what_is_open_is_not() {
    let city = City::new();
    city.found(vec![
        city.finding("bin-full", Subject::node("a"), 95.0, 1),
        city.finding("bin-full", Subject::node("b"), 95.0, 1),
    ]);
    city.alerts.clear(CAUSE, 1, "").expect("ended");
    city.alerts.add_shift_note(CAUSE, shift::ShiftKind::Note, "ήσυχη νύχτα").expect("noted");
    assert_eq!(city.alerts.forget(city.alerts.clock.now().plus_millis(1)).expect("forgotten"), 1);
    assert!(city.alerts.alert(1).is_err() && city.alerts.alert(2).is_ok());
    assert_eq!(city.alerts.shift_notes(None, 9).expect("read"), []);
    let file = locked(&city.alerts.file);
    let error = file.execute("DELETE FROM alert_step WHERE alert = 2", []).expect_err("it is open");
    assert!(error.to_string().contains("goes with its alert"), "{error}");
    let error = file.execute("UPDATE alert_step SET at = 0", []).expect_err("append-only");
    assert!(error.to_string().contains("never changed"), "{error}");
}

#[test]
fn every_step_is_in_the_audit_log() {
    let city = City::new();
    city.found(vec![city.finding("bin-fire", Subject::node("a"), 80.0, 1)]);
    city.alerts.acknowledge(CAUSE, 1, "199").expect("acknowledged");
    city.alerts.note(CAUSE, 1, "έρχονται").expect("noted");
    city.alerts.clear(CAUSE, 1, "σβήστηκε").expect("ended");
    let search = crate::audit::Search { subject: "alert/1".into(), ..Default::default() };
    let entries = crate::audit::list(&locked(&city.alerts.file), &search, 9).expect("listed");
    let told: Vec<_> = entries.iter().rev().map(|entry| (entry.what.as_str(), entry.actor.as_str())).collect();
    assert_eq!(told, [("raise", "gateway"), ("acknowledge", "person/a"), ("note", "person/a"), ("clear", "person/a")]);
    assert!(matches!(city.alerts.steps(1).expect("steps")[2].deed, Deed::Noted { .. }));
}

#[test]
fn whoever_is_to_hear_of_it_has_a_notice_in_the_same_transaction() {
    let city = City::new();
    let clock = Arc::new(Clock::new(Timestamp::default()));
    let patience = crate::delivery::Patience { delay_min_ms: 0, delay_max_ms: 0, most_ms: 9, waiting_max: 9 };
    let outbox = crate::delivery::Outbox::open(city.folder.path(), patience, clock).expect("opened");
    city.alerts.add_turn(CAUSE, &Turn { webhooks: ["sms".into()].into(), ..turn("person/a", 1) }).expect("added");
    let mut finding = city.finding("bin-fire", Subject::node("bin-1"), 80.0, 1);
    finding.facts.quantity = Some("bin_temperature".into());
    city.found(vec![finding]);
    city.alerts.escalate(|_| None).expect("told");
    city.alerts.escalate(|_| None).expect("told");
    city.alerts.acknowledge(CAUSE, 1, "").expect("acknowledged");
    let notices = outbox.of_alert(1).expect("read");
    let told: Vec<_> = notices
        .iter()
        .map(|sent| {
            let notice = &sent.notice;
            (notice.person.as_deref().unwrap_or("-"), notice.way.code(), &*notice.target, &notice.body["state"])
        })
        .collect();
    let (raised, answered) = (&serde_json::json!("raised"), &serde_json::json!("acknowledged"));
    assert_eq!(
        told,
        [
            ("-", "mqtt", "", raised),
            ("-", "webhook", "chat", raised),
            ("person/a", "email", "", raised),
            ("person/a", "webhook", "sms", raised),
            ("person/a", "email", "", raised),
            ("person/a", "webhook", "sms", raised),
            ("-", "mqtt", "", raised),
            ("-", "webhook", "chat", raised),
            ("-", "mqtt", "", answered),
            ("-", "webhook", "chat", answered),
        ]
    );
    let first = &notices[2].notice;
    assert_eq!(first.subject, "ΣΥΝΑΓΕΡΜΟΣ: Φωτιά σε κάδο – bin-1 · 80.0 Cel · https://g.example/alerts/1");
    assert!(
        first.text.contains("Fire service: 199") && first.text.contains("Καλέστε την Πυροσβεστική"),
        "{}",
        first.text
    );
    assert!(notices[4].notice.subject.starts_with("ΚΑΝΕΙΣ ΔΕΝ ΑΠΑΝΤΗΣΕ"));
}
