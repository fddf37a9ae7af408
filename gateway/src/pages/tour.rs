//! The demonstration's tour: five steps, each with what is seen and why it matters. What happens is told by the
//! demonstration in [`Tour`]; here it becomes a page. The demonstration serves it, for it outlives the gateway.

use askama::Template;
use axum::Router;
use axum::http::Uri;
use axum::response::Response;
use axum::routing::get;
use jiff::tz::TimeZone;

use super::census::State;
use super::text::Lang;
use super::time::Local;
use super::view::{Visitor, respond};
use super::{assets, format};
use crate::reading::Timestamp;

/// The steps, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    City,
    Kill,
    Late,
    Store,
    Swing,
}

impl Step {
    pub(crate) const ALL: [Step; 5] = [Step::City, Step::Kill, Step::Late, Step::Store, Step::Swing];

    pub(crate) const fn path(self) -> &'static str {
        match self {
            Step::City => "/",
            Step::Kill => "/kill",
            Step::Late => "/late",
            Step::Store => "/store",
            Step::Swing => "/swing",
        }
    }

    const fn title(self, t: Lang) -> &'static str {
        match self {
            Step::City => t.city_title(),
            Step::Kill => t.kill_title(),
            Step::Late => t.late_title(),
            Step::Store => t.store_title(),
            Step::Swing => t.swing_title(),
        }
    }
}

/// How far a step has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    #[default]
    Ready,
    /// Nodes send; or the hours are read as they are.
    Begun,
    /// The gateway is dead; or the store is away.
    Broken,
    /// Nodes deliver what is left; or the store is back.
    Mending,
    /// What came of it is counted, or computed again.
    Counting,
    Done,
}

/// All that the tour tells.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tour {
    pub(crate) city: City,
    pub(crate) kill: Kill,
    pub(crate) late: Late,
    pub(crate) store: Store,
    pub(crate) swing: Swing,
}

/// The city as its nodes see it.
#[derive(Clone, Debug, Default)]
pub(crate) struct City {
    /// Where the gateway's pages are: known once it has been there.
    pub(crate) pages: Option<String>,
    pub(crate) alive: bool,
    pub(crate) process: Option<u32>,
    pub(crate) connected: u64,
    pub(crate) acknowledged: u64,
    pub(crate) rate: f64,
    pub(crate) last: String,
    /// A series worth a look.
    pub(crate) series: Option<u64>,
}

/// The gateway killed under load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kill {
    pub(crate) phase: Phase,
    pub(crate) made: u64,
    pub(crate) acknowledged: u64,
    pub(crate) acknowledged_before: u64,
    pub(crate) again: u64,
    pub(crate) processes: [u32; 2],
    pub(crate) away_ms: i64,
    pub(crate) stored: u64,
    pub(crate) duplicate: u64,
    pub(crate) trouble: Option<String>,
}

/// A late node's hours.
#[derive(Clone, Debug, Default)]
pub(crate) struct Late {
    pub(crate) phase: Phase,
    pub(crate) node: String,
    pub(crate) acknowledged: u64,
    pub(crate) hours: Vec<Hour>,
    pub(crate) all_delivered: bool,
    pub(crate) series: Option<u64>,
    pub(crate) trouble: Option<String>,
}

/// One hour before and after.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hour {
    pub(crate) from: Timestamp,
    pub(crate) before: Sum,
    pub(crate) after: Option<Sum>,
}

/// The numbers of an hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sum {
    pub(crate) mean: f64,
    pub(crate) capture: f64,
    pub(crate) revision: u64,
}

/// The store that is taken away.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) phase: Phase,
    pub(crate) since: Option<Timestamp>,
    pub(crate) behind: u64,
    pub(crate) behind_most: u64,
    pub(crate) rows: u64,
    pub(crate) points: u64,
    pub(crate) trouble: Option<String>,
}

/// The swing that is hit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Swing {
    pub(crate) phase: Phase,
    pub(crate) struck: bool,
    pub(crate) alert: Option<u64>,
    pub(crate) called: bool,
    pub(crate) barred: bool,
    pub(crate) released: bool,
    pub(crate) trouble: Option<String>,
}

impl Tour {
    fn phase(&self, step: Step) -> Phase {
        match step {
            Step::City => Phase::Done,
            Step::Kill => self.kill.phase,
            Step::Late => self.late.phase,
            Step::Store => self.store.phase,
            Step::Swing => self.swing.phase,
        }
    }

    /// Marks a step as begun; says whether it may begin, for no other is under way.
    pub(crate) fn begin(&mut self, step: Step) -> bool {
        if self.busy() {
            return false;
        }
        match step {
            Step::City => return false,
            Step::Kill => self.kill = Kill { phase: Phase::Begun, ..Kill::default() },
            Step::Late => {
                let node = std::mem::take(&mut self.late.node);
                self.late = Late { phase: Phase::Begun, node, ..Late::default() };
            }
            Step::Swing if self.swing.phase == Phase::Broken => self.swing.phase = Phase::Mending,
            Step::Swing => self.swing = Swing { phase: Phase::Begun, ..Swing::default() },
            Step::Store if self.store.phase == Phase::Broken => self.store.phase = Phase::Mending,
            Step::Store => {
                self.store = Store { phase: Phase::Begun, trouble: None, behind_most: 0, ..self.store.clone() };
            }
        }
        true
    }

    /// Whether a step is under way that others must wait for; a store that is away waits for its visitor.
    pub(crate) fn busy(&self) -> bool {
        let under_way = |phase| phase != Phase::Ready && phase != Phase::Done;
        under_way(self.kill.phase)
            || under_way(self.late.phase)
            || matches!(self.store.phase, Phase::Begun | Phase::Mending)
            || matches!(self.swing.phase, Phase::Begun | Phase::Mending)
    }
}

/// The files of the look, for a server that has no other pages of ours.
pub(crate) fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/assets/style.css", get(assets::style))
        .route("/assets/live.js", get(assets::script))
        .route("/assets/icon.svg", get(assets::icon))
}

/// A step in the header.
struct StepShown {
    path: &'static str,
    title: &'static str,
    number: usize,
    current: bool,
    state: State,
    word: &'static str,
}

/// Something that happened.
struct Fact {
    state: State,
    text: String,
    number: Option<String>,
}

struct HourShown {
    hour: String,
    before: Numbers,
    after: Option<Numbers>,
    difference: String,
}

/// An hour's numbers: the mean, then how it came about.
#[derive(Debug, PartialEq, Eq)]
struct Numbers {
    mean: String,
    rest: String,
}

#[derive(Template)]
#[template(path = "tour.html")]
struct TourPage {
    t: Lang,
    visitor: Visitor,
    version: String,
    token: String,
    now: super::time::When,
    step: Step,
    number: usize,
    steps: Vec<StepShown>,
    previous: Option<&'static str>,
    next: Option<(&'static str, &'static str)>,
    what: String,
    why: &'static str,
    busy: bool,
    facts: Vec<Fact>,
    verdict: Option<(State, &'static str)>,
    hours: Vec<HourShown>,
    rate: String,
    tour: Tour,
}

/// A step's page as things are now.
pub(crate) fn page(tour: Tour, step: Step, visitor: Visitor, token: &str, now: Timestamp, zone: &TimeZone) -> Response {
    let t = visitor.lang;
    let local = Local { now, zone: zone.clone(), lang: t };
    let place = Step::ALL.iter().position(|other| *other == step).unwrap_or_default();
    let (what, why) = match step {
        Step::City => (t.city_what().to_owned(), t.city_why()),
        Step::Kill => (t.kill_what().to_owned(), t.kill_why()),
        Step::Late => (t.late_what().replace("%k", &tour.late.node), t.late_why()),
        Step::Store => (t.store_what().to_owned(), t.store_why()),
        Step::Swing => (t.swing_what().to_owned(), t.swing_why()),
    };
    let shown = TourPage {
        version: format!("{:016x}", assets::VERSION),
        token: token.to_owned(),
        now: local.when(now),
        number: place + 1,
        steps: Step::ALL.iter().enumerate().map(|(n, s)| step_shown(&tour, *s, n + 1, *s == step, t)).collect(),
        previous: place.checked_sub(1).map(|before| Step::ALL[before].path()),
        next: Step::ALL.get(place + 1).map(|after| (after.path(), after.title(t))),
        what,
        why,
        busy: tour.busy(),
        facts: match step {
            Step::City => Vec::new(),
            Step::Kill => kill_facts(&tour.kill, t),
            Step::Late => late_facts(&tour.late, t),
            Step::Store => store_facts(&tour.store, &local),
            Step::Swing => swing_facts(&tour.swing, t),
        },
        verdict: verdict(&tour, step, t),
        hours: tour.late.hours.iter().map(|hour| hour_shown(hour, &local)).collect(),
        rate: format::number(tour.city.rate, if tour.city.rate < 10.0 { 1 } else { 0 }, t),
        step,
        tour,
        t,
        visitor: visitor.clone(),
    };
    match shown.render() {
        Ok(html) => respond(axum::http::StatusCode::OK, html, &visitor),
        Err(_) => respond(axum::http::StatusCode::INTERNAL_SERVER_ERROR, t.failed().to_owned(), &visitor),
    }
}

impl TourPage {
    fn with(&self, name: &str, value: &str) -> String {
        super::view::with(&self.visitor.path, &self.visitor.query, &[(name, value)])
    }

    fn count(&self, n: impl std::borrow::Borrow<u64>) -> String {
        format::count(*n.borrow(), self.t)
    }

    fn is(&self, step: &str) -> bool {
        self.step.path() == step
    }

    fn kill_waits(&self) -> bool {
        matches!(self.tour.kill.phase, Phase::Ready | Phase::Done)
    }

    fn late_waits(&self) -> bool {
        matches!(self.tour.late.phase, Phase::Ready | Phase::Done)
    }

    fn swing_is_barred(&self) -> bool {
        self.tour.swing.phase == Phase::Broken
    }

    fn store_is_away(&self) -> bool {
        self.tour.store.phase == Phase::Broken
    }

    /// The address of one of the city's pages.
    fn city(&self, path: &str) -> String {
        self.tour.city.pages.as_ref().map_or_else(String::new, |pages| format!("{pages}{path}"))
    }

    fn series(&self, id: &u64, query: &str) -> String {
        self.city(&format!("/series/{id}{query}"))
    }

    fn alert(&self, id: &u64) -> String {
        self.city(&format!("/alerts/{id}"))
    }

    fn lost(&self) -> u64 {
        self.tour.kill.acknowledged.saturating_sub(self.tour.kill.stored)
    }
}

fn step_shown(tour: &Tour, step: Step, number: usize, current: bool, t: Lang) -> StepShown {
    let (state, word) = match tour.phase(step) {
        Phase::Ready => (State::Silent, t.tour_ready()),
        Phase::Done if trouble(tour, step).is_some() => (State::Attention, t.tour_failed()),
        Phase::Done => (State::Good, t.tour_done()),
        _ => (State::Attention, t.tour_running()),
    };
    StepShown { path: step.path(), title: step.title(t), number, current, state, word }
}

fn trouble(tour: &Tour, step: Step) -> Option<&String> {
    match step {
        Step::City => None,
        Step::Kill => tour.kill.trouble.as_ref(),
        Step::Late => tour.late.trouble.as_ref(),
        Step::Store => tour.store.trouble.as_ref(),
        Step::Swing => tour.swing.trouble.as_ref(),
    }
}

fn verdict(tour: &Tour, step: Step, t: Lang) -> Option<(State, &'static str)> {
    if step == Step::City || tour.phase(step) != Phase::Done {
        return None;
    }
    if trouble(tour, step).is_some() {
        return Some((State::Attention, t.tour_failed()));
    }
    let balances = tour.kill.stored == tour.kill.acknowledged && tour.kill.made == tour.kill.acknowledged;
    Some(match step {
        Step::Kill if !balances => (State::Barred, t.kill_not_well()),
        Step::Kill => (State::Good, t.kill_well()),
        Step::Late => (State::Good, if tour.late.all_delivered { t.late_all() } else { t.late_well() }),
        Step::Swing => (State::Good, t.swing_well()),
        _ => (State::Good, t.store_well()),
    })
}

fn fact(state: State, text: impl Into<String>) -> Fact {
    Fact { state, text: text.into(), number: None }
}

fn kill_facts(kill: &Kill, t: Lang) -> Vec<Fact> {
    let count = |n: u64| format::count(n, t);
    let mut facts = Vec::new();
    if kill.phase == Phase::Ready {
        return facts;
    }
    if kill.phase == Phase::Begun {
        facts.push(Fact { number: Some(count(kill.acknowledged)), ..fact(State::Good, t.kill_loading()) });
        return facts;
    }
    if kill.processes[0] != 0 {
        let told = t.kill_killed().replace("%p", &kill.processes[0].to_string());
        facts.push(fact(State::Barred, told.replace("%n", &count(kill.acknowledged_before))));
    }
    if kill.phase == Phase::Broken {
        facts.push(fact(State::Attention, t.kill_dead()));
    }
    if kill.processes[1] != 0 {
        let away = format!("{}\u{a0}s", format::number(kill.away_ms as f64 / 1_000.0, 1, t));
        let told = t.kill_back().replace("%p", &kill.processes[1].to_string());
        facts.push(fact(State::Good, told.replace("%s", &away)));
    }
    match kill.phase {
        Phase::Mending => {
            facts.push(Fact { number: Some(count(kill.acknowledged)), ..fact(State::Good, t.kill_delivering()) })
        }
        Phase::Counting | Phase::Done => {
            facts.push(fact(State::Good, t.kill_delivered().replace("%n", &count(kill.again))))
        }
        _ => {}
    }
    if kill.phase == Phase::Counting {
        facts.push(fact(State::Attention, t.kill_counting()));
    }
    facts
}

fn late_facts(late: &Late, t: Lang) -> Vec<Fact> {
    match late.phase {
        Phase::Ready | Phase::Done => Vec::new(),
        Phase::Begun | Phase::Broken => vec![fact(State::Attention, t.late_looking())],
        Phase::Mending => {
            let number = Some(format::count(late.acknowledged, t));
            vec![Fact { number, ..fact(State::Good, t.late_delivering()) }]
        }
        Phase::Counting => vec![fact(State::Attention, t.late_settling())],
    }
}

fn store_facts(store: &Store, local: &Local) -> Vec<Fact> {
    let t = local.lang;
    let since = store.since.map_or_else(String::new, |at| format!(" {} {}", t.store_since(), local.short(at)));
    let away = fact(State::Barred, format!("{}{since}.", t.store_away()));
    match store.phase {
        Phase::Ready | Phase::Done => vec![fact(State::Good, format!("{}.", t.store_here()))],
        Phase::Begun => vec![away, fact(State::Good, t.store_feeding())],
        Phase::Mending | Phase::Counting => vec![fact(State::Good, t.store_catching())],
        Phase::Broken => {
            let number = Some(format::count(store.behind, t));
            vec![away, fact(State::Good, t.store_feeding()), Fact { number, ..fact(State::Attention, t.store_waits()) }]
        }
    }
}

fn swing_facts(swing: &Swing, t: Lang) -> Vec<Fact> {
    let told = [
        (swing.struck, State::Attention, t.swing_struck()),
        (swing.alert.is_some(), State::Barred, t.swing_alert()),
        (swing.called, State::Attention, t.swing_called()),
        (swing.barred, State::Barred, t.swing_barred()),
        (swing.released, State::Good, t.swing_released()),
    ];
    told.into_iter().filter(|(so, _, _)| *so).map(|(_, state, text)| fact(state, text)).collect()
}

fn hour_shown(hour: &Hour, local: &Local) -> HourShown {
    let t = local.lang;
    let time = |at: Timestamp| local.zoned(at).map_or_else(String::new, |zoned| zoned.strftime("%H").to_string());
    let numbers = |sum: &Sum| Numbers {
        mean: format::number(sum.mean, 1, t),
        rest: format!("{} · {} {}", format::percent(sum.capture, t), t.late_revision(), sum.revision),
    };
    let difference = hour.after.map_or_else(String::new, |after| {
        let difference = after.mean - hour.before.mean;
        let sign = if difference > 0.0 { "+" } else { "" };
        format!("{sign}{}", format::number(difference, 1, t))
    });
    HourShown {
        hour: format!("{}–{}", time(hour.from), time(hour.from.plus_millis(3_600_000))),
        before: numbers(&hour.before),
        after: hour.after.as_ref().map(numbers),
        difference,
    }
}

/// The step that an address means.
pub(crate) fn step_of(uri: &Uri) -> Option<Step> {
    Step::ALL.into_iter().find(|step| step.path() == uri.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_is_good_only_when_every_acknowledged_reading_is_stored() {
        let kill = Kill { phase: Phase::Done, made: 100, acknowledged: 100, stored: 100, ..Kill::default() };
        let mut tour = Tour { kill, ..Tour::default() };
        assert_eq!(verdict(&tour, Step::Kill, Lang::En), Some((State::Good, Lang::En.kill_well())));
        tour.kill.stored = 99;
        assert_eq!(verdict(&tour, Step::Kill, Lang::En), Some((State::Barred, Lang::En.kill_not_well())));
        tour.kill.trouble = Some("x".into());
        assert_eq!(verdict(&tour, Step::Kill, Lang::En), Some((State::Attention, Lang::En.tour_failed())));
    }

    #[test]
    fn pages_prints_and_answers_say_the_same_of_the_data() {
        assert_eq!(Lang::En.demonstration(), crate::service::DEMONSTRATION);
        let style = include_str!("../../templates/style.css");
        for lang in [Lang::El, Lang::En] {
            assert!(style.contains(&format!("content: \"{}\"", lang.demonstration())), "{lang:?}");
        }
    }

    #[test]
    fn an_hour_tells_both_values_and_what_changed() {
        let zone = TimeZone::get("Europe/Athens").expect("the zone is bundled");
        let from = Timestamp::from_millis(1_795_327_200_000); // 2026-11-22T06:00:00Z
        let local = Local { now: from.plus_millis(86_400_000), zone, lang: Lang::El };
        let before = Sum { mean: 61.25, capture: 0.1, revision: 1 };
        let after = Some(Sum { mean: 60.04, capture: 1.0, revision: 2 });
        let shown = hour_shown(&Hour { from, before, after }, &local);
        assert_eq!(shown.hour, "08–09");
        assert_eq!(shown.before, Numbers { mean: "61,2".into(), rest: "10\u{a0}% · αναθ. 1".into() });
        assert_eq!(shown.after, Some(Numbers { mean: "60,0".into(), rest: "100\u{a0}% · αναθ. 2".into() }));
        assert_eq!(shown.difference, "\u{2212}1,2");
    }
}
