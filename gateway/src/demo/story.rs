//! What people do about a swing that was hit: inspect it, lock it out, repair it, look at it again, release it. Made up, and on the
//! demonstration's record as if its people had done it.

use std::sync::Arc;

use anyhow::Context;
use jiff::ToSpan;
use serde_json::json;

use super::equipment::{CAUSE, filled_in, picture};
use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::operations::asset::{AssetId, Tree};
use crate::operations::book::{Book, New};
use crate::operations::step::{Closing, Deed, Evidence, Hand, REINSPECTION, Severity, Step, Uid};
use crate::people::People;
use crate::reading::Timestamp;
use crate::store::records;

/// The swing that the tour hits.
pub(super) const SWING: &str = "swing-kallithea";
/// The node on it.
pub(super) const NODE: &str = "tour-test-8";
/// What is wrong with it then.
const DEFECT: &str = "Ραγισμένη άνω δοκός μετά από κρούση (επίδειξη)";

/// The demonstration's people at work. All calls block.
pub(super) struct Story {
    config: Config,
    book: Arc<Book>,
    people: Arc<People>,
    clock: Arc<Clock>,
}

impl Story {
    /// Opens the record beside the gateway.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn open(config: &Config) -> anyhow::Result<Self> {
        let clock = Arc::new(Clock::new(Timestamp::default()));
        let book = app::book(config, clock.clone())?;
        let people = People::open(&config.data_dir.join(records::FILE), app::people_rules(config), clock.clone())?;
        Ok(Self { config: config.clone(), book, people, clock })
    }

    /// An inspector finds it broken, which orders the lock-out; a technician bars it.
    ///
    /// # Errors
    /// Whoever tries the demonstration out has done something else with it meanwhile.
    pub(super) fn lock_out(&self) -> anyhow::Result<()> {
        let swing = AssetId::new(SWING)?;
        let (inspector, technician) = (self.hand("demo-eleni")?, self.hand("demo-petros")?);
        let photograph = self.book.keep(CAUSE, "demo.png", &picture()?)?.sha256;
        let shelf = self.book.shelf()?;
        let unit =
            shelf.unit_of(&swing, &self.config.catalogue).context("the swing is inspected with its playground")?;
        let called = shelf.get(&unit.id).and_then(|held| held.dossier.calls.values().next().cloned());
        let mut steps = Vec::new();
        if let Some(call) = called {
            let covers = shelf.asset(&unit.id).and_then(|asset| self.config.catalogue.sheet(&asset.kind));
            let covers = covers.and_then(|sheet| sheet.of_type(&call.of_type)).map(|of_type| of_type.covers.clone());
            let covers = covers.unwrap_or_default().iter().map(|code| Box::from(&**code)).collect();
            let deed = Deed::Inspected {
                of_type: call.of_type.clone(),
                covers,
                passed: false,
                found_well: Vec::new(),
                supersedes: None,
            };
            steps.push(self.inspected(&unit.id, &inspector, deed, &call.of_type)?);
        }
        let found = Deed::Found { severity: Severity::Urgent, text: DEFECT.to_owned(), rating: None };
        steps.push(self.step(&swing, &inspector, found, Some(&photograph))?);
        steps.push(self.step(&swing, &technician, Deed::Barred, Some(&photograph))?);
        self.book.take(CAUSE, &steps)?;
        Ok(())
    }

    /// The work is ordered and done, another inspector looks at it again, and it is released.
    ///
    /// # Errors
    /// As [`Self::lock_out`].
    pub(super) fn release(&self) -> anyhow::Result<()> {
        let swing = AssetId::new(SWING)?;
        let (inspector, second) = (self.hand("demo-eleni")?, self.hand("demo-giorgos")?);
        let (technician, operator) = (self.hand("demo-petros")?, self.hand("demo-nikos")?);
        let shelf = self.book.shelf()?;
        let held = shelf.get(&swing).context("the swing is on record")?;
        let defects: Vec<Uid> = held.dossier.case.open_defects().into_iter().map(|(uid, _)| uid.clone()).collect();
        let ordered = Deed::WorkOrdered {
            defects: defects.clone(),
            text: "Αλλαγή άνω δοκού".into(),
            due: Some(self.book.today().saturating_add(1.day())),
            assignee: technician.0.to_string(),
        };
        let ordered = self.step(&swing, &operator, ordered, None)?;
        let order = ordered.step.uid.clone();
        let done = Deed::WorkDone { order, parts: "δοκός".into(), cost_cents: Some(18_000) };
        let photograph = self.book.keep(CAUSE, "demo.png", &picture()?)?.sha256;
        let looked = Deed::Inspected {
            of_type: REINSPECTION.into(),
            covers: Vec::new(),
            passed: true,
            found_well: defects.clone(),
            supersedes: None,
        };
        let done = self.step(&swing, &technician, done, Some(&photograph))?;
        let looked = self.inspected(&swing, &second, looked, REINSPECTION)?;
        let inspection = looked.step.uid.clone();
        let mut steps = vec![ordered, done, looked];
        for defect in defects {
            let closed = Deed::Closed { defect, closing: Closing::Repaired { inspection: inspection.clone() } };
            steps.push(self.step(&swing, &inspector, closed, None)?);
        }
        steps.push(self.step(&swing, &inspector, Deed::Released { inspection: Some(inspection) }, None)?);
        self.book.take(CAUSE, &steps)?;
        Ok(())
    }

    fn hand(&self, login: &str) -> anyhow::Result<Hand> {
        let person = self.people.find(login)?.with_context(|| format!("{login} is not there any more"))?;
        Ok(Hand(person.id.subject().into()))
    }

    fn step(&self, asset: &AssetId, by: &Hand, deed: Deed, photograph: Option<&str>) -> anyhow::Result<New> {
        let uid = Uid::new(&format!("tour-{:016x}", super::random()?))?;
        let evidence =
            Evidence { files: photograph.into_iter().map(Box::from).collect(), text: "επίδειξη".to_owned() };
        Ok(New::of(asset.clone(), Step { uid, at: self.clock.now(), by: by.clone(), deed, evidence }))
    }

    fn inspected(&self, asset: &AssetId, by: &Hand, deed: Deed, of_type: &str) -> anyhow::Result<New> {
        let mut new = self.step(asset, by, deed, None)?;
        new.step.evidence.text.clear();
        let form = filled_in(&self.config.catalogue, &*self.book.shelf()?, asset, of_type, new.step.at);
        new.form = Some(json!(form));
        Ok(new)
    }
}

#[cfg(test)]
mod tests {
    use super::super::equipment::prepare;
    use super::*;
    use crate::operations::case::Status;

    #[test]
    fn the_swing_is_locked_out_and_released_as_often_as_it_is_hit() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = Config::defaults(folder.path());
        config.data_dir = folder.path().to_owned();
        prepare(&config).expect("a year");
        let story = Story::open(&config).expect("opened");
        let status = || {
            let shelf = story.book.shelf().expect("a shelf");
            shelf.get(&AssetId::new(SWING).expect("a code")).expect("there").dossier.case.status()
        };
        for _ in 0..2 {
            story.lock_out().expect("locked out");
            assert_eq!(status(), Status::LockedOut);
            story.release().expect("released");
            assert_eq!(status(), Status::Open);
        }
    }
}
