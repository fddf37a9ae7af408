//! `[[event]]` of a sheet: what calls for an inspection that no plan asks for.

use std::sync::Arc;

use super::super::super::inspections::{Event, Happening, InspectionType, REINSPECTION, Within};
use super::super::super::{Catalogue, Quantity, Rule, shape};
use super::super::{At, Entries};
use crate::config::document::Key;
use crate::config::problem::did_you_mean;

impl Entries {
    pub(super) fn events(
        &mut self,
        shape: &shape::Sheet,
        types: &[InspectionType],
        catalogue: &Catalogue,
    ) -> Vec<Event> {
        let mut repairs = 0;
        let mut events = Vec::new();
        for (i, entry) in shape.event.iter().enumerate() {
            let at = At { path: format!("event[{i}]"), span: entry.span() };
            let shape = entry.get_ref();
            let on = match self.value(&at, "on", &shape.on, "repair or reading") {
                Some(shape::Happening::Reading) => self.reading(&at, shape, catalogue),
                Some(shape::Happening::Repair) => {
                    repairs += 1;
                    Happening::Repair
                }
                None => Happening::Repair,
            };
            if repairs > 1 {
                self.report.add(at.key("on"), shape.on.span(), "repair once more", "one for each sheet");
            }
            let calls = match on {
                Happening::Repair => REINSPECTION.into(),
                Happening::Reading { .. } => self.called(&at, &shape.calls, types),
            };
            if matches!(on, Happening::Repair) && shape.calls.get().is_some_and(|calls| calls != REINSPECTION) {
                self.report.add(at.key("calls"), shape.calls.span(), "another type", REINSPECTION);
            }
            let days = self.days(&at, "days", &shape.days, 0);
            events.push(Event { on, calls, days, source: self.text(&at, "source", &shape.source) });
        }
        events
    }

    fn called(&mut self, at: &At, key: &Key<String>, types: &[InspectionType]) -> Arc<str> {
        let calls = self.text(at, "calls", key);
        let known = || types.iter().map(|of_type| &*of_type.code).chain([REINSPECTION]);
        if !calls.is_empty() && !known().any(|code| code == calls) {
            let expected = format!("of {}", known().collect::<Vec<_>>().join(", "));
            let problem = self.report.add(at.key("calls"), key.span(), format!("unknown {calls}"), expected);
            problem.hint = did_you_mean(&calls, known());
        }
        calls.into()
    }

    /// A reading above a level, of a quantity whose highest value says something.
    fn reading(&mut self, at: &At, shape: &shape::Event, catalogue: &Catalogue) -> Happening {
        let quantity = self.text(at, "quantity", &shape.quantity);
        let has_highest = |quantity: &Quantity| matches!(quantity.rule, Rule::Mean | Rule::Maximum);
        let known = || catalogue.quantities().iter().filter(|known| has_highest(known)).map(|quantity| &*quantity.code);
        if !quantity.is_empty() && !known().any(|code| code == quantity) {
            let expected = "one that has a mean or a highest value";
            let problem = self.report.add(at.key("quantity"), shape.quantity.span(), quantity.clone(), expected);
            problem.hint = did_you_mean(&quantity, known());
        }
        let above = self.value(at, "above", &shape.above, "a level in the quantity's unit").unwrap_or_default();
        if !above.is_finite() {
            self.report.add(at.key("above"), shape.above.span(), above.to_string(), "a number");
        }
        let within = match shape.within.get() {
            Some(shape::Within::Community) => Within::Community,
            Some(shape::Within::Equipment) | None => Within::Equipment,
        };
        Happening::Reading { quantity: quantity.into(), above, within }
    }
}
