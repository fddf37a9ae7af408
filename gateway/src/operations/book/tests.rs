use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::audit::{self, Cause, Search};
use crate::catalogue::load;
use crate::operations::case::Status;
use crate::operations::inspection::{self, Invalid, Submission};
use crate::operations::step::{Closing, Deed, Evidence, Hand, Paper, Severity, Step};

const ELENI: &str = "person/eleni";
const NIKOS: &str = "person/nikos";

struct House {
    folder: TempDir,
    catalogue: Arc<Catalogue>,
    book: Arc<Book>,
}

fn cause<'a>(actor: &'a str) -> Cause<'a> {
    Cause { actor, source: "192.0.2.1", reason: "" }
}

fn id(code: &str) -> AssetId {
    AssetId::new(code).expect("a code")
}

fn uid(name: &str) -> Uid {
    Uid::new(&format!("{name:-<8}")).expect("a name")
}

fn asset(code: &str, kind: &str, parent: Option<&str>) -> Asset {
    let site = parent.is_none().then_some("white-tower");
    let json = json!({
        "id": code, "kind": kind, "parent": parent, "site": site, "name_el": "Όνομα", "known_from": "2026-03-01",
    });
    serde_json::from_value(json).expect("an asset")
}

impl House {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut catalogue = load::embedded();
        let site = crate::catalogue::Site {
            code: "white-tower".into(),
            name: crate::catalogue::Text::default(),
            zone: "DKA".into(),
            position: crate::catalogue::Position { lat: 40.6, lon: 22.9 },
        };
        if catalogue.site("white-tower").is_none() {
            catalogue.sites.push(site);
        }
        let catalogue = Arc::new(catalogue);
        let book = open(&folder, &catalogue);
        let playground = [asset("pg-1", "playground", None), asset("sw-1", "swing", Some("pg-1"))];
        // In any order: what one is a part of may come after it.
        book.add(cause(ELENI), &[playground[1].clone(), playground[0].clone()]).expect("added");
        Self { folder, catalogue, book }
    }

    fn take(&self, by: &str, code: &str, name: &str, deed: Deed, files: &[&str]) -> Result<Taken, BookError> {
        let files = files.iter().map(|file| Box::from(*file)).collect();
        let evidence = Evidence { files, text: "seen".into() };
        let at = self.book.clock.now();
        let step = Step { uid: uid(name), at, by: Hand(by.into()), deed, evidence };
        Ok(self.book.take(cause(by), &[New::of(id(code), step)])?[0])
    }

    fn photo(&self) -> String {
        self.book.keep(cause(ELENI), "chain.jpg", JPEG).expect("kept").sha256
    }

    fn status(&self, code: &str) -> Status {
        self.book.shelf().expect("a shelf").get(&id(code)).expect("an asset").dossier.case.status()
    }

    fn submit(&self, by: &str, form: serde_json::Value) -> Result<(), String> {
        let form: Submission = serde_json::from_value(form).map_err(|error| error.to_string())?;
        let (shelf, hand) = (self.book.shelf().expect("a shelf"), Hand(by.into()));
        let steps = inspection::steps(&form, &shelf, &self.catalogue, (&hand, ""), self.book.clock.now());
        let steps = steps.map_err(|invalid| format!("{invalid:?}"))?;
        self.book.take(cause(by), &steps).map(drop).map_err(|error| error.to_string())
    }

    fn form(&self, by: &str, name: &str, code: &str, of_type: &str) -> serde_json::Value {
        let now = self.book.clock.now().millis();
        json!({
            "uid": uid(name), "by": by, "asset": code, "of_type": of_type, "version": "2026-11-23",
            "started_at": now - 60_000, "ended_at": now, "answers": [], "all_else_in_order": true,
        })
    }
}

const JPEG: &[u8] = b"\xff\xd8\xff\xe1\x00\x06GPS!\xff\xda\x00\x02pixels\xff\xd9";

fn open(folder: &TempDir, catalogue: &Arc<Catalogue>) -> Arc<Book> {
    let zone = TimeZone::get("Europe/Athens").expect("bundled");
    let clock = Arc::new(Clock::new(Timestamp::default()));
    Book::open(folder.path(), catalogue.clone(), zone, 5, clock).expect("opened")
}

fn found(severity: Severity) -> Deed {
    Deed::Found { severity, text: "the chain is worn".into(), rating: None }
}

#[test]
fn what_was_done_is_there_after_a_restart_and_in_the_audit_log_and_is_taken_once() {
    let house = House::new();
    assert_eq!(house.take(ELENI, "sw-1", "chain", found(Severity::Urgent), &[]).expect("taken"), Taken::Now);
    assert_eq!(house.status("sw-1"), Status::Ordered);
    let photo = house.photo();
    house.take(NIKOS, "sw-1", "barred", Deed::Barred, &[&photo]).expect("taken");
    // The same name with another content is no repetition.
    let other = house.take(ELENI, "sw-1", "chain", found(Severity::Recommended), &[]);
    assert!(matches!(other, Err(BookError::Refused { refusal: Refusal::Used, .. })), "{other:?}");

    let steps = house.book.steps(&id("sw-1"), None, 10).expect("steps");
    let again = New::of(id("sw-1"), steps[0].step.clone());
    assert_eq!(house.book.take(cause(NIKOS), &[again]).expect("taken"), [Taken::Before]);

    let second = open(&house.folder, &house.catalogue);
    let shelf = second.shelf().expect("a shelf");
    assert_eq!(shelf.get(&id("sw-1")), house.book.shelf().expect("a shelf").get(&id("sw-1")));
    assert_eq!(second.compare().expect("compared"), []);
    // What another process does is seen.
    let gone = Deed::Dismantled { reason: "worn".into() };
    let step = Step {
        uid: uid("gone"),
        at: second.clock.now(),
        by: Hand(ELENI.into()),
        deed: gone,
        evidence: Evidence { files: vec![photo.as_str().into()], text: String::new() },
    };
    second.take(cause(ELENI), &[New::of(id("sw-1"), step)]).expect("taken");
    assert_eq!(house.status("sw-1"), Status::Dismantled);

    let file = records::open(&house.folder.path().join(records::FILE)).expect("records");
    let entries =
        audit::list(&file, &Search { subject: "asset/sw-1".into(), ..Search::default() }, 10).expect("entries");
    let told: Vec<(&str, &str)> = entries.iter().rev().map(|e| (e.what.as_str(), e.actor.as_str())).collect();
    assert_eq!(told, [("add", ELENI), ("found", ELENI), ("barred", NIKOS), ("dismantled", ELENI)]);
    assert!(entries[2].after_json.as_ref().is_some_and(|after| after.contains("ordered")), "{:?}", entries[2]);
    // Nobody changes a step, not with SQL either.
    assert!(file.execute("UPDATE step SET json = '{}'", []).is_err() && file.execute("DELETE FROM step", []).is_err());
}

#[test]
fn steps_are_taken_together_or_not_at_all() {
    let house = House::new();
    let step = |name: &str, deed| {
        let (at, evidence) = (house.book.clock.now(), Evidence::default());
        New::of(id("sw-1"), Step { uid: uid(name), at, by: Hand(ELENI.into()), deed, evidence })
    };
    let both = [step("chain", found(Severity::Urgent)), step("barred", Deed::Barred)];
    let refused = house.book.take(cause(ELENI), &both);
    assert!(matches!(refused, Err(BookError::Refused { refusal: Refusal::Evidence, .. })), "{refused:?}");
    assert_eq!(house.status("sw-1"), Status::Open);
    assert_eq!(house.book.steps(&id("sw-1"), None, 10).expect("steps"), []);
    let unknown = house.take(ELENI, "sw-1", "barred", Deed::Barred, &["../../etc/passwd"]);
    assert!(matches!(unknown, Err(BookError::NoDocument(_))), "{unknown:?}");
}

#[test]
fn a_round_of_a_playground_is_all_in_order_or_says_what_is_not() {
    let house = House::new();
    house.submit(ELENI, house.form(ELENI, "round-1", "pg-1", "routine_visual")).expect("in order");
    let shelf = house.book.shelf().expect("a shelf");
    assert!(shelf.get(&id("pg-1")).expect("an asset").dossier.last.contains_key("routine_visual"));
    let recorded = house.book.step(&uid("round-1")).expect("read").expect("a step");
    let answers = recorded.form.expect("a form")["answers"].as_array().expect("answers").len();
    assert_eq!(answers, 4, "litter, and three of the swing");

    let with = |form: serde_json::Value, more: serde_json::Value| {
        let mut form = form;
        form.as_object_mut().expect("a form").extend(more.as_object().expect("more").clone());
        form
    };
    let chain = json!({ "uid": "defect-01", "asset": "sw-1", "item": "chain", "severity": "urgent", "text": "worn" });
    let round = house.form(ELENI, "round-2", "pg-1", "routine_visual");
    house.submit(ELENI, with(round.clone(), json!({ "defects": [chain] }))).expect("taken");
    assert_eq!(house.status("sw-1"), Status::Ordered, "a failed item opens a defect, an urgent one locks out");
    assert_eq!(house.status("pg-1"), Status::Open);

    let part = house.submit(ELENI, house.form(ELENI, "round-3", "sw-1", "routine_visual"));
    assert!(part.is_err_and(|told| told.contains("NotAUnit")));
    let another = house.submit(NIKOS, house.form(ELENI, "round-4", "pg-1", "routine_visual"));
    assert!(another.is_err_and(|told| told.contains("AnotherHand")));
    let silent = json!({ "answers": [{ "asset": "sw-1", "item": "chain", "result": "defect" }] });
    let round = house.form(ELENI, "round-5", "pg-1", "routine_visual");
    assert!(house.submit(ELENI, with(round, silent)).is_err_and(|told| told.contains("NoFinding")));
    let round = house.form(ELENI, "round-6", "pg-1", "routine_visual");
    let unanswered = house.submit(ELENI, with(round, json!({ "all_else_in_order": false })));
    assert!(unanswered.is_err_and(|told| told.contains("Unanswered")));
    let round = house.form(ELENI, "round-7", "pg-1", "routine_visual");
    let late = house.submit(ELENI, with(round, json!({ "started_at": 0 })));
    assert!(late.is_err_and(|told| told.contains("Times")));
}

#[test]
fn who_repaired_it_neither_inspects_it_yearly_nor_releases_it() {
    let house = House::new();
    let photo = house.photo();
    house.take(ELENI, "sw-1", "chain", found(Severity::Urgent), &[]).expect("found");
    house.take(NIKOS, "sw-1", "barred", Deed::Barred, &[&photo]).expect("barred");
    let ordered =
        Deed::WorkOrdered { defects: vec![uid("chain")], text: String::new(), due: None, assignee: String::new() };
    house.take(ELENI, "sw-1", "order", ordered, &[]).expect("ordered");
    let done = Deed::WorkDone { order: uid("order"), parts: String::new(), cost_cents: None };
    house.take(NIKOS, "sw-1", "work", done, &[&photo]).expect("done");

    let annual = house.submit(NIKOS, house.form(NIKOS, "annual", "pg-1", "annual_main"));
    assert_eq!(annual, Err(format!("{:?}", Invalid::Dependent(crate::operations::duty::Dependent::Worked))));
    let again = |by: &str, name: &str| {
        let mut form = house.form(by, name, "sw-1", "reinspection");
        form["found_well"] = json!([uid("chain")]);
        let sheet = house.catalogue.sheet("swing").expect("a sheet");
        let items = sheet.items.iter().filter(|item| item.unit.is_some() && item.kinds.iter().any(|k| &**k == "swing"));
        let measured = items.map(|item| {
            let value = item.min.or(item.max).unwrap_or(1.0);
            json!({ "asset": "sw-1", "item": *item.code, "result": "ok", "value": value })
        });
        form["answers"] = measured.collect();
        house.submit(by, form)
    };
    let release = |by: &str, inspection: &str, name: &str| {
        let closing = Closing::Repaired { inspection: uid(inspection) };
        house.take(by, "sw-1", &format!("c-{name}"), Deed::Closed { defect: uid("chain"), closing }, &[])?;
        house.take(by, "sw-1", name, Deed::Released { inspection: Some(uid(inspection)) }, &[])
    };
    again(NIKOS, "own-look").expect("it may be looked at");
    assert!(matches!(release(ELENI, "own-look", "free-1"), Err(BookError::Refused { refusal: Refusal::OwnWork, .. })));
    again(ELENI, "look").expect("taken");
    release(ELENI, "look", "free-2").expect("released");
    assert_eq!(house.status("sw-1"), Status::Open);
    assert_eq!(house.book.compare().expect("compared"), []);
}

#[test]
fn a_lapse_locks_out_once_it_was_decided_and_by_the_clock() {
    let house = House::new();
    assert_eq!(house.book.lapse().expect("looked"), 0, "what was taken over waits for a decision");
    let decided = Deed::TakenOver { automatic_from: house.book.today(), reason: "as decided".into() };
    house.take(ELENI, "pg-1", "decided", decided, &[]).expect("decided");
    assert_eq!(house.book.lapse().expect("looked"), 1);
    assert_eq!(house.book.lapse().expect("looked"), 0, "once");
    assert_eq!(house.status("pg-1"), Status::Ordered);
    let today = house.book.today();
    let paper = Paper {
        number: "Β/12".into(),
        issuer: String::new(),
        scope: String::new(),
        from: today,
        until: today.saturating_add(jiff::ToSpan::days(365)),
    };
    let certified = Deed::Certified { certificate: "suitability_mark".into(), paper };
    house.take(ELENI, "pg-1", "mark", certified, &[]).expect("certified");
    house.take(ELENI, "pg-1", "free", Deed::Released { inspection: None }, &[]).expect("released");
    assert_eq!(house.status("pg-1"), Status::Open);
}

#[test]
fn a_tree_has_no_rings_and_a_bound() {
    let house = House::new();
    let add = |assets: &[Asset]| house.book.add(cause(ELENI), assets).map_err(|error| error.to_string());
    assert!(add(&[asset("pg-1", "playground", None)]).is_err_and(|told| told.contains("already")));
    assert!(add(&[asset("sw-2", "swing", Some("sw-2"))]).is_err());
    assert!(add(&[asset("sw-2", "swing", Some("sw-3")), asset("sw-3", "swing", Some("sw-2"))]).is_err());
    assert!(add(&[asset("sw-2", "rocket", Some("pg-1"))]).is_err_and(|told| told.contains("rocket")));
    let lift = asset("lift-1", "lift", None);
    assert!(add(&[lift]).is_err_and(|told| told.contains("use")), "a lift's law depends upon its use");
    let before = house.book.shelf().expect("a shelf").get(&id("pg-1")).expect("an asset").asset.clone();
    let ring = Asset { parent: Some(id("sw-1")), ..before.clone() };
    assert!(house.book.set(cause(ELENI), &before, &ring).is_err());
    let named = Asset { name_el: "Άλλο".into(), ..before.clone() };
    house.book.set(cause(ELENI), &before, &named).expect("changed");
    assert!(matches!(house.book.set(cause(NIKOS), &before, &named), Err(BookError::Changed(_))));
    let many: Vec<Asset> = (2..8).map(|n| asset(&format!("sw-{n}"), "swing", Some("pg-1"))).collect();
    assert!(matches!(house.book.add(cause(ELENI), &many), Err(BookError::TooMany)));
    assert_eq!(house.book.shelf().expect("a shelf").len(), 2, "all or none");
    let wrong = house.book.could_add(&many).expect("looked");
    assert_eq!(wrong.len(), 3, "{wrong:?}");
}

#[test]
fn a_document_is_kept_without_what_it_tells_and_found_by_its_sum() {
    let house = House::new();
    let sum = house.photo();
    let (document, bytes) = house.book.document(&sum).expect("there");
    assert_eq!((document.media, document.name.as_str()), (Media::Jpeg, "chain.jpg"));
    assert!(!bytes.windows(3).any(|three| three == b"GPS"));
    assert_eq!(house.photo(), sum, "kept once");
    let script = house.book.keep(cause(ELENI), "x.html", b"<script>");
    assert!(matches!(script, Err(BookError::Document)));
    std::fs::write(house.folder.path().join(DOCUMENTS_FOLDER).join(&sum[..2]).join(&sum), b"other").expect("written");
    assert!(matches!(house.book.document(&sum), Err(BookError::NoDocument(_))), "what was altered is not shown");
}

#[test]
fn inspections_are_counted_for_whoever_made_them() {
    let house = House::new();
    let mut long = house.form(ELENI, "round-1", "pg-1", "routine_visual");
    let ended = long["ended_at"].as_i64().expect("a time");
    long["started_at"] = (ended - 90_000).into();
    let mut short = house.form(ELENI, "round-2", "pg-1", "routine_visual");
    short["started_at"] = short["ended_at"].clone();
    house.submit(ELENI, long).expect("taken");
    house.submit(ELENI, short).expect("taken");
    house.take(NIKOS, "sw-1", "chain", found(Severity::Important), &[]).expect("taken");
    let counted = house.book.inspected_since(Timestamp::default()).expect("read");
    assert_eq!(counted, [(Hand(ELENI.into()), 2, 90_000)]);
    let later = Timestamp::from_millis(i64::MAX / 2);
    assert_eq!(house.book.inspected_since(later).expect("read"), []);
}

#[test]
fn the_last_of_each_type_is_known_and_steps_are_read_by_kind() {
    let house = House::new();
    house.submit(ELENI, house.form(ELENI, "round-1", "pg-1", "routine_visual")).expect("in order");
    let shelf = house.book.shelf().expect("a shelf");
    let made_at = shelf.get(&id("pg-1")).and_then(|held| house.book.steps(&held.asset.id, None, 1).ok()).expect("read")
        [0]
    .step
    .at;
    let hand = Hand(ELENI.into());
    let (at, covers) = (house.book.clock.now(), vec!["routine_visual".into(), "operational".into()]);
    let deed =
        Deed::Inspected { of_type: "annual_main".into(), covers, passed: true, found_well: vec![], supersedes: None };
    let step = Step { uid: uid("annual"), at, by: hand, deed, evidence: Evidence::default() };
    let after = house.book.clock.now().plus_millis(1);
    let told = |before: Timestamp| {
        let last = house.book.last_made(before).expect("read");
        last.into_iter().map(|last| (last.asset.to_string(), last.of_type.to_string(), last.at)).collect::<Vec<_>>()
    };
    assert_eq!(told(after), [("pg-1".to_owned(), "routine_visual".to_owned(), made_at)]);
    assert_eq!(told(Timestamp::from_millis(1)), []);
    house.book.take(cause(ELENI), &[New::of(id("pg-1"), step)]).expect("taken");
    let after = house.book.clock.now().plus_millis(1);
    let of_types: Vec<String> = told(after).into_iter().map(|(_, of_type, _)| of_type).collect();
    assert_eq!(of_types, ["annual_main", "operational", "routine_visual"]);
    assert!(told(after).iter().all(|(_, _, last)| *last == at));

    house.take(ELENI, "sw-1", "chain", found(Severity::Important), &[]).expect("found");
    let always = (Timestamp::default(), house.book.clock.now().plus_millis(1));
    let kinds = |kinds: &[&str], after| {
        let arrived = house.book.arrived(kinds, always, after, 10).expect("read");
        arrived.iter().map(|one| (one.number, one.step.deed.code())).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&["inspected", "found"], 0), [(1, "inspected"), (2, "inspected"), (3, "found")]);
    assert_eq!(kinds(&["found"], 0), [(3, "found")]);
    assert_eq!(kinds(&["inspected", "found"], 2), [(3, "found")]);
}

#[test]
fn a_document_that_nothing_names_goes_when_its_time_is_over_and_is_told() {
    let house = House::new();
    let keep = |name: &str| {
        let bytes = [b"%PDF-1.7 ", name.as_bytes()].concat();
        house.book.keep(cause(ELENI), name, &bytes).expect("kept").sha256
    };
    let (of_step, of_form, of_asset, of_nobody) = (keep("step"), keep("form"), keep("asset"), keep("nobody"));
    let once_of_asset = keep("taken off again");
    let maintained = Deed::Maintained { text: "oiled".into() };
    house.take(ELENI, "sw-1", "oiled", maintained.clone(), &[&of_step]).expect("taken");
    let step = Step {
        uid: uid("again"),
        at: house.book.clock.now(),
        by: Hand(ELENI.into()),
        deed: maintained,
        evidence: Evidence::default(),
    };
    let new = New { form: Some(json!({ "plan": of_form })), ..New::of(id("sw-1"), step) };
    house.book.take(cause(ELENI), &[new]).expect("taken");
    let before = house.book.shelf().expect("a shelf").get(&id("pg-1")).expect("an asset").asset.clone();
    let both = Asset { files: vec![once_of_asset.as_str().into(), of_asset.as_str().into()], ..before.clone() };
    house.book.set(cause(ELENI), &before, &both).expect("changed");
    let with = Asset { files: vec![of_asset.as_str().into()], ..before };
    house.book.set(cause(ELENI), &both, &with).expect("changed");

    let path = |sum: &str| house.folder.path().join(DOCUMENTS_FOLDER).join(&sum[..2]).join(sum);
    let tomorrow = house.book.clock.now().plus_millis(86_400_000);
    assert_eq!(house.book.forget_documents(Timestamp::from_millis(1)).expect("looked"), 0, "its time is not over");
    // Sent again since: a phone tries once more.
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(2 * 86_400);
    std::fs::File::open(path(&of_nobody)).and_then(|file| file.set_modified(later)).expect("its time is set");
    assert_eq!(house.book.forget_documents(tomorrow).expect("looked"), 0);
    assert_eq!(keep("nobody"), of_nobody);
    assert_eq!(house.book.forget_documents(tomorrow).expect("looked"), 1);
    assert_eq!(house.book.forget_documents(tomorrow).expect("looked"), 0, "once");
    for sum in [&of_step, &of_form, &of_asset, &once_of_asset] {
        house.book.document(sum).expect("it is named");
    }
    assert!(matches!(house.book.document(&of_nobody), Err(BookError::NoDocument(_))) && !path(&of_nobody).exists());
    let file = records::open(&house.folder.path().join(records::FILE)).expect("records");
    let entry = &audit::list(&file, &Search::default(), 1).expect("entries")[0];
    assert_eq!((entry.what.as_str(), entry.reason.as_str()), ("retention", "[retention] documents_days"));
    assert!(entry.after_json.as_ref().is_some_and(|after| after.contains(&of_nobody)), "{entry:?}");
    // It can come again.
    assert_eq!(keep("nobody"), of_nobody);
    house.book.document(&of_nobody).expect("there again");
}
