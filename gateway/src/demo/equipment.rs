//! The demonstration's equipment: some pieces of it and a year of records, all made up, the same each time but for the days.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::Crc;
use flate2::write::ZlibEncoder;
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::json;

use crate::app;
use crate::audit::Cause;
use crate::catalogue::Catalogue;
use crate::clock::Clock;
use crate::config::Config;
use crate::operations::asset::{Asset, AssetId, Tree};
use crate::operations::book::{Book, New, Shelf};
use crate::operations::duty;
use crate::operations::inspection::{Answer, Form, Outcome};
use crate::operations::step::{Closing, Deed, Evidence, Hand, Paper, REINSPECTION, Severity, Step, Uid};
use crate::people::{Identity, NewPerson, People, Person, Role};
use crate::reading::Timestamp;
use crate::store::records;

/// How far back the records go.
const DAYS: i32 = 365;
pub(super) const CAUSE: Cause<'static> = Cause::gateway("demonstration", "made up");
/// Code, kind, use, site, name.
const TOPS: [(&str, &str, &str, &str, &str, &str); 11] = [
    ("pg-toumba", "playground", "", "toumba", "Παιδική χαρά Τούμπας", "Toumba playground"),
    ("pg-nea-paralia", "playground", "", "nea-paralia", "Παιδική χαρά Νέας Παραλίας", "Nea Paralia playground"),
    ("pg-xirokrini", "playground", "", "xirokrini", "Παιδική χαρά Ξηροκρήνης", "Xirokrini playground"),
    ("pg-kallithea", "playground", "", "kallithea", "Παιδική χαρά Καλλιθέας", "Kallithea playground"),
    ("lift-town-hall", "lift", "public", "white-tower", "Ανελκυστήρας Δημαρχείου", "Town hall lift"),
    ("lift-library", "lift", "public", "panepistimio", "Ανελκυστήρας Βιβλιοθήκης", "Library lift"),
    ("van-1", "vehicle", "light", "dimokratias", "Ημιφορτηγό ΚΗΥ 0001", "Van ΚΗΥ 0001"),
    ("truck-1", "vehicle", "heavy", "dimokratias", "Απορριμματοφόρο ΚΗΥ 0002", "Refuse lorry ΚΗΥ 0002"),
    ("crane-1", "machinery", "lifting", "dimokratias", "Καλαθοφόρο 1", "Lifting platform 1"),
    ("goal-toumba", "sports_goal", "", "toumba", "Τέρμα γηπέδου Τούμπας", "Goal, Toumba pitch"),
    ("gym-paralia", "outdoor_gym", "", "nea-paralia", "Όργανα γυμναστικής παραλίας", "Seafront gym"),
];
/// Parts of each playground.
const PARTS: [(&str, &str, &str, &str); 4] = [
    ("swing", "swing", "Κούνια δύο θέσεων", "Swing, two seats"),
    ("slide", "slide", "Τσουλήθρα", "Slide"),
    ("rocker", "spring_rocker", "Ελατήριο", "Spring rocker"),
    ("floor", "surfacing", "Δάπεδο ασφαλείας", "Impact surfacing"),
];

/// Puts the equipment and its year on record, unless there is some already.
pub(super) fn prepare(config: &Config) -> anyhow::Result<()> {
    let clock = Arc::new(Clock::new(Timestamp::default()));
    let book = app::book(config, clock.clone())?;
    if !book.shelf()?.is_empty() {
        return Ok(());
    }
    let people = People::open(&config.data_dir.join(records::FILE), app::people_rules(config), clock)?;
    let add = |login: &str, name: &str, role| -> anyhow::Result<Hand> {
        let (email, phone, employer) = (None, None, None);
        let identity =
            Identity { login: login.into(), name: format!("{name} (επίδειξη)"), email, phone, employer };
        let new = NewPerson { identity, role, external: false, valid_until: None, sites: Vec::new() };
        Ok(Hand(people.add(CAUSE, &new)?.0.subject().into()))
    };
    let year = Year {
        inspector: add("demo-eleni", "Ελένη Παράδειγμα", Role::Inspector)?,
        second: add("demo-giorgos", "Γιώργος Υπόδειγμα", Role::Inspector)?,
        technician: add("demo-petros", "Πέτρος Δείγμα", Role::Technician)?,
        operator: add("demo-nikos", "Νίκος Πρότυπος", Role::Operator)?,
        photograph: book.keep(CAUSE, "demo.png", &picture()?)?.sha256.into(),
        today: book.today(),
        names: 0,
        book: &book,
        config,
    };
    year.live()
}

/// Links by which whoever tries it out comes in, as an operator and as an inspector, as far as those are still there; links of an
/// earlier start no longer work.
pub(super) fn links(config: &Config) -> anyhow::Result<Vec<(&'static str, String)>> {
    let clock = Arc::new(Clock::new(Timestamp::default()));
    let people = People::open(&config.data_dir.join(records::FILE), app::people_rules(config), clock)?;
    let everybody = people.everybody()?;
    let wanted = [
        ("demo-nikos", "as its operator; you choose a password, once"),
        ("demo-eleni", "as its inspector; in the street too: /field"),
    ];
    let mut links = Vec::new();
    for (login, says) in wanted {
        let of_that_login = |one: &&Person| one.identity.as_ref().is_some_and(|identity| identity.login == login);
        if let Some(person) = everybody.iter().find(of_that_login) {
            links.push((says, people.link(CAUSE, &person.id)?.path()));
        }
    }
    Ok(links)
}

fn assets(from: Date) -> anyhow::Result<Vec<Asset>> {
    let mut assets = Vec::new();
    for (id, kind, used_as, site, el, en) in TOPS {
        let used_as = Some(used_as).filter(|used_as| !used_as.is_empty());
        let nodes = mounted(id);
        let asset = json!({
            "id": id, "kind": kind, "used_as": used_as, "site": site, "name_el": el, "name_en": en, "nodes": nodes,
            "known_from": from,
        });
        assets.push(serde_json::from_value(asset)?);
        for (part, kind, el, en) in PARTS.iter().filter(|_| kind == "playground") {
            let code = format!("{part}-{}", &id[3..]);
            let asset = json!({
                "nodes": mounted(&code), "id": code, "parent": id, "kind": kind, "name_el": el, "name_en": en,
                "standard": "EN 1176-1:2017", "manufacturer": "Υπόδειγμα ΑΕ", "known_from": from,
            });
            assets.push(serde_json::from_value(asset)?);
        }
    }
    Ok(assets)
}

/// The nodes of the simulated city that are on a piece of equipment.
fn mounted(id: &str) -> serde_json::Value {
    match id {
        "swing-toumba" => json!([{ "node": "swing-toumba", "place": "άνω δοκός" }]),
        "swing-nea-paralia" => json!([{ "node": "swing-nea-paralia-1", "place": "άνω δοκός" }]),
        super::story::SWING => json!([{ "node": super::story::NODE, "place": "άνω δοκός" }]),
        "lift-library" => json!([{ "node": "lift-panepistimio-1", "place": "οροφή θαλάμου" }]),
        _ => json!([]),
    }
}

/// A year that was not.
struct Year<'a> {
    book: &'a Book,
    config: &'a Config,
    today: Date,
    inspector: Hand,
    second: Hand,
    technician: Hand,
    operator: Hand,
    photograph: Box<str>,
    names: u64,
}

impl Year<'_> {
    fn live(mut self) -> anyhow::Result<()> {
        let first = self.today.saturating_sub(DAYS.days());
        self.book.add(CAUSE, &assets(first)?)?;
        for back in (0..=DAYS).rev() {
            let day = self.today.saturating_sub(back.days());
            let mut steps = Vec::new();
            if back == DAYS {
                self.certificates(&mut steps, day)?;
            }
            // Today's rounds are left to whoever tries it out.
            if back > 0 {
                self.inspections(&mut steps, day)?;
                self.defects(&mut steps, day, back)?;
            }
            if !steps.is_empty() {
                let evening = self.at(day, 20)?;
                self.book.take_at(evening, CAUSE, &steps)?;
            }
        }
        Ok(())
    }

    fn at(&self, day: Date, hour: i8) -> anyhow::Result<Timestamp> {
        let zoned = day.at(hour, 0, 0, 0).to_zoned(self.config.time_zone.clone())?;
        Ok(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
    }

    fn uid(&mut self) -> anyhow::Result<Uid> {
        self.names += 1;
        Ok(Uid::new(&format!("demo-{:06}", self.names))?)
    }

    fn step(&mut self, day: Date, hour: i8, by: &Hand, deed: Deed, photograph: bool) -> anyhow::Result<Step> {
        let files = photograph.then(|| self.photograph.clone()).into_iter().collect();
        let evidence = Evidence { files, text: "επίδειξη".to_owned() };
        Ok(Step { uid: self.uid()?, at: self.at(day, hour)?, by: by.clone(), deed, evidence })
    }

    /// Certificates of a year and a day, but for a playground's, which lapsed, and a vehicle's, which ends soon.
    fn certificates(&mut self, steps: &mut Vec<New>, day: Date) -> anyhow::Result<()> {
        let operator = self.operator.clone();
        for (id, kind, used_as, ..) in TOPS {
            let used_as = Some(used_as).filter(|used_as| !used_as.is_empty());
            let types: Vec<Box<str>> = self
                .config
                .catalogue
                .certificates_for(kind, used_as)
                .map(|of_type| Box::from(&*of_type.code))
                .collect();
            for certificate in types {
                let days = match id {
                    "pg-xirokrini" => DAYS - 6,
                    "van-1" => DAYS + 12,
                    _ => DAYS + 150,
                };
                let (issuer, scope) = ("Φορέας επίδειξης (ΕΣΥΔ 000)".to_owned(), String::new());
                let paper = Paper {
                    number: format!("ΕΠΙΔ-{id}"),
                    issuer,
                    scope,
                    from: day,
                    until: day.saturating_add(days.days()),
                };
                let step = self.step(day, 9, &operator, Deed::Certified { certificate, paper }, false)?;
                steps.push(New::of(AssetId::new(id)?, step));
            }
            // One still waits for its decision.
            if id != "pg-kallithea" {
                let deed = Deed::TakenOver { automatic_from: day, reason: "απόφαση επίδειξης".into() };
                let step = self.step(day, 9, &operator, deed, false)?;
                steps.push(New::of(AssetId::new(id)?, step));
            }
        }
        Ok(())
    }

    /// What is due is made, but for a day now and then.
    fn inspections(&mut self, steps: &mut Vec<New>, day: Date) -> anyhow::Result<()> {
        let shelf = self.book.shelf()?;
        let catalogue = self.config.catalogue.clone();
        let on = duty::Day { date: day, zone: self.book.zone(), catalogue: &catalogue };
        for held in shelf.all().filter(|held| shelf.is_unit(&held.asset, &catalogue)) {
            let Some(sheet) = catalogue.sheet(&held.asset.kind) else { continue };
            let number = i64::from(day.day_of_year()) * 31 + held.asset.id.as_str().len() as i64;
            if number % 17 == 0
                || (held.asset.id.as_str() == "gym-paralia" && day >= self.today.saturating_sub(20.days()))
            {
                continue;
            }
            // The widest of what is due stands for the others.
            let mut due: Vec<_> =
                on.duties(&shelf, held).into_iter().filter(|duty| duty.is_due() && duty.call.is_none()).collect();
            due.sort_by_key(|duty| {
                std::cmp::Reverse(sheet.of_type(&duty.of_type).map_or(0, |of_type| of_type.covers.len()))
            });
            let mut covered: Vec<Box<str>> = Vec::new();
            for duty in due {
                if covered.contains(&duty.of_type) {
                    continue;
                }
                let covers: Vec<Box<str>> = sheet
                    .of_type(&duty.of_type)
                    .map(|t| t.covers.iter().map(|code| Box::from(&**code)).collect())
                    .unwrap_or_default();
                covered.extend(covers.iter().cloned());
                let by = if duty.independent { self.second.clone() } else { self.inspector.clone() };
                steps.push(self.inspection(
                    &shelf,
                    &held.asset.id,
                    (day, 10),
                    &by,
                    (&duty.of_type, covers),
                    Vec::new(),
                )?);
            }
        }
        Ok(())
    }

    fn inspection(
        &mut self,
        shelf: &Shelf,
        id: &AssetId,
        (day, hour): (Date, i8),
        by: &Hand,
        (of_type, covers): (&str, Vec<Box<str>>),
        found_well: Vec<Uid>,
    ) -> anyhow::Result<New> {
        let deed = Deed::Inspected { of_type: of_type.into(), covers, passed: true, found_well, supersedes: None };
        let mut step = self.step(day, hour, by, deed, false)?;
        step.evidence.text.clear();
        let form = filled_in(&self.config.catalogue, shelf, id, of_type, step.at);
        Ok(New { asset: id.clone(), step, form: Some(json!(form)), metres: None })
    }

    /// A defect now and then: found, work ordered and done, looked at again, closed. The last ones are open still.
    fn defects(&mut self, steps: &mut Vec<New>, day: Date, back: i32) -> anyhow::Result<()> {
        const STORIES: [(&str, Severity, &str); 6] = [
            ("swing-toumba", Severity::Urgent, "Κομμένος κρίκος αλυσίδας"),
            ("rocker-xirokrini", Severity::Important, "Χαλαρό ελατήριο"),
            ("slide-nea-paralia", Severity::Recommended, "Ξεθωριασμένη σήμανση"),
            ("floor-kallithea", Severity::Important, "Μετατόπιση πλακιδίων"),
            ("goal-toumba", Severity::Urgent, "Χαλαρή αγκύρωση"),
            ("swing-nea-paralia", Severity::Important, "Φθορά καθίσματος"),
        ];
        const EVERY: i32 = 30;
        let story = STORIES[(back / EVERY) as usize % STORIES.len()];
        if back % EVERY != 20 {
            return Ok(());
        }
        let (id, severity, text) = (AssetId::new(story.0)?, story.1, story.2.to_owned());
        let (inspector, second, technician, operator) =
            (self.inspector.clone(), self.second.clone(), self.technician.clone(), self.operator.clone());
        let found = self.step(day, 11, &inspector, Deed::Found { severity, text, rating: None }, true)?;
        let defect = found.uid.clone();
        let mut told = vec![found];
        if severity == Severity::Urgent {
            told.push(self.step(day, 12, &technician, Deed::Barred, true)?);
        }
        let ordered = Deed::WorkOrdered {
            defects: vec![defect.clone()],
            text: "Επισκευή".into(),
            due: Some(day.saturating_add(7.days())),
            assignee: technician.0.to_string(),
        };
        let ordered = self.step(day, 13, &operator, ordered, false)?;
        let order = ordered.uid.clone();
        told.push(ordered);
        if back > EVERY {
            let done = Deed::WorkDone {
                order, parts: "ανταλλακτικό επίδειξης".into(), cost_cents: Some(4_850)
            };
            told.push(self.step(day, 16, &technician, done, true)?);
        }
        steps.extend(told.into_iter().map(|step| New::of(id.clone(), step)));
        if back > EVERY {
            let shelf = self.book.shelf()?;
            let again =
                self.inspection(&shelf, &id, (day, 18), &second, (REINSPECTION, Vec::new()), vec![defect.clone()])?;
            let inspection = again.step.uid.clone();
            steps.push(again);
            let closed = Deed::Closed { defect, closing: Closing::Repaired { inspection: inspection.clone() } };
            let closed = self.step(day, 19, &inspector, closed, false)?;
            steps.push(New::of(id.clone(), closed));
            if severity == Severity::Urgent {
                let released =
                    self.step(day, 19, &inspector, Deed::Released { inspection: Some(inspection) }, false)?;
                steps.push(New::of(id, released));
            }
        }
        Ok(())
    }
}

/// The form of an inspection that found all in order, item by item.
pub(super) fn filled_in(catalogue: &Catalogue, shelf: &Shelf, id: &AssetId, of_type: &str, at: Timestamp) -> Form {
    let unit = if of_type == REINSPECTION { shelf.get(id).into_iter().collect() } else { shelf.unit(id, catalogue) };
    let sheet = shelf.asset(id).and_then(|asset| catalogue.sheet(&asset.kind));
    let version = sheet.map(|sheet| sheet.version.clone()).unwrap_or_default();
    let items = unit.iter().flat_map(|held| {
        let items = sheet.map(|sheet| duty::items(sheet, &held.asset, of_type)).unwrap_or_default();
        items.into_iter().map(|item| Answer {
            asset: held.asset.id.clone(),
            item: (*item.code).into(),
            result: Outcome::Ok,
            value: item.unit.as_ref().and(item.min.map(|min| min * 1.05).or(item.max.map(|max| max * 0.9))),
        })
    });
    let answers: Vec<Answer> = items.collect();
    let started_at = at.plus_millis(-(answers.len() as i64) * 9_000 - 60_000);
    Form { version, newer: None, started_at, answered: 0, answers, defects: Vec::new(), transcribed_of: None }
}

/// A picture that is plainly none: stripes, as PNG (ISO/IEC 15948), 96 × 64 greys.
pub(super) fn picture() -> std::io::Result<Vec<u8>> {
    const SIDES: (u32, u32) = (96, 64);
    let mut rows = Vec::new();
    for y in 0..SIDES.1 {
        rows.push(0); // no filter
        rows.extend((0..SIDES.0).map(|x| if (x + y) / 8 % 2 == 0 { 0xd5 } else { 0xb8 }));
    }
    let mut pixels = ZlibEncoder::new(Vec::new(), Compression::default());
    pixels.write_all(&rows)?;
    let pixels = pixels.finish()?;
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let head = [&SIDES.0.to_be_bytes()[..], &SIDES.1.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    for (of_type, bytes) in [(b"IHDR", head), (b"IDAT", pixels), (b"IEND", Vec::new())] {
        let mut sum = Crc::new();
        sum.update(of_type);
        sum.update(&bytes);
        out.extend((bytes.len() as u32).to_be_bytes());
        out.extend(of_type);
        out.extend(&bytes);
        out.extend(sum.sum().to_be_bytes());
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::case::Status;

    #[test]
    fn a_year_is_made_once_and_holds_together() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config::defaults(folder.path());
        config.data_dir = folder.path().to_owned();
        prepare(&config).expect("a year");
        let book = app::book(&config, Arc::new(Clock::new(Timestamp::default()))).expect("opened");
        let shelf = book.shelf().expect("a shelf");
        assert_eq!(shelf.len(), TOPS.len() + 4 * PARTS.len());
        assert!(shelf.all().any(|held| held.dossier.case.open_defects().len() == 1), "something is open");
        assert!(shelf.all().all(|held| held.dossier.case.status() != Status::Ordered), "nobody left it so");
        assert_eq!(book.lapse().expect("looked"), 1, "a certificate lapsed");
        assert_eq!(book.compare().expect("compared"), []);
        let steps = book.steps(&AssetId::new("pg-toumba").expect("a code"), None, 1_000).expect("steps").len();
        assert!(steps > 300, "{steps}");
        prepare(&config).expect("nothing to do");
        assert_eq!(book.shelf().expect("a shelf").len(), shelf.len());
    }
}
