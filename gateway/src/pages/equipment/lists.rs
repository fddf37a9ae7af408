//! Work orders and certificates: the same record, looked at by what is due.

use std::sync::Arc;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;
use jiff::civil::Date;

use super::super::Pages;
use super::super::text::Lang;
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::Sight;
use super::row::{self, Mark, Names, Row};
use crate::operations::certificate::Standing;
use crate::operations::duty;
use crate::operations::schedule;
use crate::operations::step::Severity;

/// Lines of a list.
const ROWS: usize = 500;

/// A line: an asset, what is with it, until when.
struct Line {
    row: Row,
    what: String,
    who: String,
    until: String,
    state: Mark,
    href: String,
}

#[derive(Template)]
#[template(path = "equipment_lines.html")]
struct LinesPage {
    t: Lang,
    v: View,
    title: &'static str,
    empty: &'static str,
    heads: [&'static str; 4],
    lines: Vec<Line>,
    more: usize,
}

/// `GET /equipment/work`: open work orders, the most urgent first.
pub(in crate::pages) async fn work(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    show(pages, visitor, |pages, visitor| {
        let (t, catalogue, today) = (visitor.lang, &*pages.gateway.config.catalogue, pages.gateway.book.today());
        let sight = Sight::new(pages, visitor)?;
        let names = Names::read(pages, t)?;
        let mut found = Vec::new();
        for held in sight.all() {
            let case = &held.dossier.case;
            for (uid, order) in case.open_orders() {
                let worst =
                    order.defects.iter().filter_map(|uid| case.defects.get(uid)).map(|defect| defect.severity).max();
                let late = order.due.is_some_and(|due| due < today);
                let state = match worst {
                    _ if late => Mark {
                        mark: "barred",
                        word: t.duty(schedule::Standing::Overdue {
                            days: order.due.map_or(0, |due| schedule::days_between(due, today)),
                        }),
                    },
                    Some(severity) => row::severity(severity, t),
                    None => row::severity(Severity::Recommended, t),
                };
                let line = Line {
                    row: row::row(&sight, held, catalogue, t),
                    what: order.text.clone(),
                    who: names.named(&order.assignee),
                    until: order.due.map(|due| row::day(due, t)).unwrap_or_default(),
                    state,
                    href: format!("/equipment/{}#w-{uid}", held.asset.id),
                };
                found.push((order.due.unwrap_or(Date::MAX), line));
            }
        }
        found.sort_by_key(|(due, _)| *due);
        let lines = found.into_iter().map(|(_, line)| line).collect();
        lines_page(
            pages,
            visitor,
            t.work_orders(),
            t.no_work(),
            [t.asset(), t.field_text(), t.field_assignee(), t.due_on()],
            lines,
        )
    })
    .await
}

/// `GET /equipment/certificates`: those that are needed, the first to end first.
pub(in crate::pages) async fn certificates(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    show(pages, visitor, |pages, visitor| {
        let (t, catalogue, today) = (visitor.lang, &*pages.gateway.config.catalogue, pages.gateway.book.today());
        let sight = Sight::new(pages, visitor)?;
        let mut found = Vec::new();
        for held in sight.all() {
            for needed in duty::needed(&held.asset, &held.dossier, catalogue, today) {
                let papers = held.dossier.papers.get(&*needed.of_type.code);
                let last = papers.into_iter().flat_map(|papers| papers.issued.values()).max_by_key(|paper| paper.until);
                let order = match needed.standing {
                    Standing::Lapsed { days } | Standing::Pending { days } => -i64::from(days.unwrap_or(u32::MAX)),
                    Standing::InForce { days_left }
                    | Standing::ToRenew { days_left }
                    | Standing::Renewing { days_left } => i64::from(days_left),
                };
                let line = Line {
                    row: row::row(&sight, held, catalogue, t),
                    what: t.pick(&needed.of_type.name).to_owned(),
                    who: last.map(|paper| paper.issuer.clone()).unwrap_or_default(),
                    until: last.map(|paper| row::day(paper.until, t)).unwrap_or_default(),
                    state: row::certificate(needed.standing, t),
                    href: format!("/equipment/{}#c-{}", held.asset.id, needed.of_type.code),
                };
                found.push((order, line));
            }
        }
        found.sort_by_key(|(order, _)| *order);
        let lines = found.into_iter().map(|(_, line)| line).collect();
        let heads = [t.asset(), t.field_type(), t.field_issuer(), t.field_until()];
        lines_page(pages, visitor, t.eq_certificates(), t.no_certificates(), heads, lines)
    })
    .await
}

fn lines_page(
    pages: &Pages,
    visitor: &Visitor,
    title: &'static str,
    empty: &'static str,
    heads: [&'static str; 4],
    mut lines: Vec<Line>,
) -> Result<String, PageError> {
    let (t, local) = (visitor.lang, pages.local(visitor));
    let more = lines.len().saturating_sub(ROWS);
    lines.truncate(ROWS);
    let v = View::new(pages, visitor, &local, Tab::Equipment, title);
    Ok(LinesPage { title, empty, heads, lines, more, v, t }.render()?)
}
