//! What needs doing about equipment, the worst first: ordered and not yet barred, locked out, overdue, due, lapsing, decisions.

use std::sync::Arc;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;

use super::super::Pages;
use super::super::text::Lang;
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::Sight;
use super::row::{self, Mark, Row};
use crate::catalogue::Catalogue;
use crate::operations::book::Held;
use crate::operations::case::{DefectState, Status};
use crate::operations::certificate::Standing;
use crate::operations::duty;

/// Lines of a group; the lists hold all.
const ROWS: usize = 50;

/// A group of lines.
pub(super) struct Group {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) says: &'static str,
    pub(super) lines: Vec<Line>,
    pub(super) more: usize,
}

/// A line: an asset and what is with it.
pub(super) struct Line {
    pub(super) row: Row,
    pub(super) what: String,
    pub(super) state: Mark,
    pub(super) href: String,
}

#[derive(Template)]
#[template(path = "equipment.html")]
struct TodayPage {
    t: Lang,
    v: View,
    answer: String,
    total: String,
    is_empty: bool,
    may_add: bool,
    groups: Vec<Group>,
}

/// `GET /equipment`.
pub(in crate::pages) async fn page(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    show(pages, visitor, render).await
}

fn render(pages: &Pages, visitor: &Visitor) -> Result<String, PageError> {
    let (t, local) = (visitor.lang, pages.local(visitor));
    let sight = Sight::new(pages, visitor)?;
    let inspects = visitor.offers(pages, "GET", "/equipment/{id}/inspect/{of_type}");
    let found = Found::look(&sight, pages, inspects, t);
    let (ordered, overdue, due) = (found.ordered.len(), found.overdue.len(), found.due.len());
    let answer = match (ordered, overdue + due) {
        (0, 0) => t.eq_all_in_order().to_owned(),
        (0, _) => t.duties_counted(overdue, due),
        _ => t.ordered_counted(ordered),
    };
    let total = sight.all().count();
    let page = TodayPage {
        v: View::new(pages, visitor, &local, Tab::Equipment, t.equipment()),
        answer,
        total: super::super::format::count(total as u64, t),
        is_empty: total == 0,
        may_add: visitor.offers(pages, "POST", "/equipment/new"),
        groups: found.groups(t),
        t,
    };
    Ok(page.render()?)
}

/// What was found, each group in its order.
#[derive(Default)]
struct Found {
    ordered: Vec<Line>,
    vehicles: Vec<Line>,
    locked_out: Vec<Line>,
    overdue: Vec<(u32, Line)>,
    due: Vec<Line>,
    orders: Vec<Line>,
    lapsed: Vec<Line>,
    lapsing: Vec<(u32, Line)>,
    decisions: Vec<Line>,
    proposals: Vec<Line>,
}

impl Found {
    fn look(sight: &Sight, pages: &Pages, inspects: bool, t: Lang) -> Self {
        let day = pages.gateway.book.day();
        let (catalogue, today) = (day.catalogue, day.date);
        let mut found = Self::default();
        for held in sight.all() {
            let Held { asset, dossier } = held;
            let href = format!("/equipment/{}", asset.id);
            let line = |what: String, state: Mark, href: String| Line {
                row: row::row(sight, held, catalogue, t),
                what,
                state,
                href,
            };
            let status = dossier.case.status();
            let why = || causes(held, catalogue, t);
            match status {
                Status::Ordered => found.ordered.push(line(why(), row::status(status, t), href.clone())),
                Status::LockedOut => found.locked_out.push(line(why(), row::status(status, t), href.clone())),
                _ => {}
            }
            let lapsed = duty::needed(asset, dossier, catalogue, today).filter(|needed| !needed.standing.is_in_force());
            let lapsed: Vec<_> = lapsed.collect();
            let vehicle = (&*asset.kind == "vehicle").then(|| super::depot::stays(held, catalogue, today, t));
            if let Some((what, state)) = vehicle.flatten() {
                found.vehicles.push(line(what, state, href.clone()));
            }
            for needed in duty::needed(asset, dossier, catalogue, today) {
                let (name, mark) = (t.pick(&needed.of_type.name).to_owned(), row::certificate(needed.standing, t));
                let href = format!("{href}#certificates");
                match needed.standing {
                    Standing::Lapsed { .. } | Standing::Pending { .. } => found.lapsed.push(line(name, mark, href)),
                    Standing::ToRenew { days_left } => found.lapsing.push((days_left, line(name, mark, href))),
                    Standing::InForce { .. } | Standing::Renewing { .. } => {}
                }
            }
            if dossier.automatic_from.is_none() && lapsed.iter().any(|needed| needed.of_type.locks_out) {
                let mark = Mark { mark: "attention", word: t.not_yet().to_owned() };
                found.decisions.push(line(t.do_takeover().to_owned(), mark, format!("{href}/do/takeover")));
            }
            for (uid, order) in dossier.case.open_orders() {
                if let Some(due) = order.due.filter(|due| *due < today) {
                    let mark = Mark { mark: "barred", word: format!("{} {}", t.due_on(), row::day(due, t)) };
                    found.orders.push(line(order.text.clone(), mark, format!("{href}#w-{uid}")));
                }
            }
            for (uid, defect) in dossier.case.open_defects() {
                if matches!(defect.state, DefectState::Proposed { .. }) {
                    let mark = row::severity(defect.severity, t);
                    found.proposals.push(line(defect.text.clone(), mark, format!("{href}#d-{uid}")));
                }
            }
            for duty in day.duties(sight.shelf(), held).into_iter().filter(duty::Duty::is_due) {
                let name = t.pick(&duty.name);
                let why = |(_, why): &(_, String)| format!("{name}: {}", row::reason(why, day, t));
                let what = duty.call.as_ref().map_or_else(|| name.to_owned(), why);
                let of_type = &duty.of_type;
                let href = if inspects { format!("{href}/inspect/{of_type}") } else { format!("{href}#inspections") };
                let line = line(what, row::duty(duty.standing, t), href);
                match duty.overdue() {
                    Some(days) => found.overdue.push((days, line)),
                    None => found.due.push(line),
                }
            }
        }
        found.overdue.sort_by_key(|(days, _)| std::cmp::Reverse(*days));
        found.lapsing.sort_by_key(|(days, _)| *days);
        found
    }

    fn groups(self, t: Lang) -> Vec<Group> {
        let plain = |lines: Vec<(u32, Line)>| lines.into_iter().map(|(_, line)| line).collect::<Vec<_>>();
        let groups = [
            ("ordered", t.eq_ordered(), "", self.ordered),
            ("vehicles", t.eq_vehicles(), "", self.vehicles),
            ("overdue", t.eq_overdue(), "", plain(self.overdue)),
            ("due", t.eq_due_today(), "", self.due),
            ("orders", t.eq_orders_due(), "", self.orders),
            ("proposals", t.eq_proposals(), "", self.proposals),
            ("lapsed", t.eq_lapsed(), "", self.lapsed),
            ("decisions", t.eq_decisions(), t.eq_decisions_says(), self.decisions),
            ("lapsing", t.eq_lapsing(), "", plain(self.lapsing)),
            ("locked", t.eq_locked_out(), "", self.locked_out),
        ];
        let groups = groups.into_iter().filter(|(.., lines)| !lines.is_empty());
        groups
            .map(|(id, title, says, mut lines)| {
                let more = lines.len().saturating_sub(ROWS);
                lines.truncate(ROWS);
                Group { id, title, says, lines, more }
            })
            .collect()
    }
}

/// Why it is locked out, in words.
pub(super) fn causes(held: &Held, catalogue: &Catalogue, t: Lang) -> String {
    use crate::operations::step::LockoutCause as Cause;
    let case = &held.dossier.case;
    let told = case.lockout.iter().flat_map(|lockout| &lockout.causes).map(|cause| match cause {
        Cause::Defect(uid) => {
            case.defects.get(uid).map_or_else(|| t.sev_urgent().to_owned(), |defect| defect.text.clone())
        }
        Cause::Certificate(code) => {
            let of_type = catalogue.certificates.iter().find(|known| *known.code == **code);
            let name = of_type.map_or(&**code, |of_type| t.pick(&of_type.name));
            format!("{name}: {}", t.public_not_in_force())
        }
        Cause::Decision(reason) => reason.clone(),
    });
    told.collect::<Vec<_>>().join(" · ")
}
