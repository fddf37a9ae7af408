//! The latest value of a series, ready to be shown: number, unit, flag, age.

use std::sync::Arc;

use super::Pages;
use super::census::State;
use super::format;
use super::text::Lang;
use super::time::{Local, When};
use crate::catalogue::{Quantity, Rule};
use crate::reading::{DatastreamKey, Flag};
use crate::store::StoreError;
use crate::store::model::{Datastream, JudgedObservation, Order, Page, Span};

/// A row of a table of latest values.
#[derive(Clone, Debug)]
pub(super) struct Latest {
    pub(super) id: u32,
    pub(super) node: String,
    pub(super) name: String,
    pub(super) value: String,
    pub(super) unit: String,
    pub(super) flag: FlagShown,
    pub(super) measured: Option<When>,
}

/// A flag as shape and word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FlagShown {
    pub(super) state: State,
    pub(super) word: &'static str,
}

/// A flag as shape and word.
pub(super) fn flag(flag: Flag, t: Lang) -> FlagShown {
    let (state, word) = match flag {
        Flag::Good => (State::Good, t.flag_good()),
        Flag::NotEvaluated => (State::Silent, t.flag_none()),
        Flag::Suspect => (State::Attention, t.flag_suspect()),
        Flag::Fail => (State::Barred, t.flag_fail()),
        Flag::Missing => (State::Silent, t.flag_missing()),
    };
    FlagShown { state, word }
}

impl Pages {
    /// The quantity of a series, where the catalogue still has it.
    pub(super) fn quantity(&self, key: &DatastreamKey) -> Option<&Quantity> {
        let catalogue = self.gateway.reader.catalogue();
        Some(catalogue.quantity(catalogue.find(&key.quantity)?))
    }

    /// What a series is called: its quantity, and the channel where there are several.
    pub(super) fn series_name(&self, key: &DatastreamKey, t: Lang) -> String {
        let name = self.quantity(key).map_or(&*key.quantity, |quantity| t.pick(&quantity.name));
        if key.channel == 0 { name.to_owned() } else { format!("{name} · {}", key.channel) }
    }

    /// The latest observation of a series, judged among its neighbours.
    pub(super) fn last(&self, datastream: &Datastream) -> Result<Option<JudgedObservation>, StoreError> {
        let page = Page { skip: 0, top: 1 };
        Ok(self.gateway.reader.observations(datastream.id, Span::ALL, Order::Descending, page)?.pop())
    }

    /// The row of a series.
    pub(super) fn latest(&self, datastream: &Arc<Datastream>, local: &Local) -> Result<Latest, StoreError> {
        let t = local.lang;
        let quantity = self.quantity(&datastream.key);
        let last = self.last(datastream)?;
        Ok(Latest {
            id: datastream.id.0,
            node: datastream.key.node.to_string(),
            name: self.series_name(&datastream.key, t),
            value: last.map_or_else(|| t.none().to_owned(), |o| value(quantity, o.value, t)),
            unit: quantity.map_or_else(String::new, |quantity| format::unit(&quantity.unit)),
            flag: flag(last.map_or(Flag::Missing, |o| o.flag()), t),
            measured: last.map(|o| local.when(o.measured_at)),
        })
    }
}

/// A value in the quantity's resolution; a state by its name.
pub(super) fn value(quantity: Option<&Quantity>, value: f64, t: Lang) -> String {
    if let Some(Rule::State { states }) = quantity.map(|quantity| &quantity.rule)
        && let Some(state) = states.iter().find(|state| f64::from(state.value) == value)
    {
        return t.pick(&state.name).to_owned();
    }
    format::number(value, decimals(quantity), t)
}

/// How many decimals the quantity's values are shown with.
pub(super) fn decimals(quantity: Option<&Quantity>) -> usize {
    quantity.map_or(2, |quantity| usize::from(quantity.decimals))
}
