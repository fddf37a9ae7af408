//! The list for the depot's gate, before the day begins: which vehicles must not leave and why, and which may. On a page and on
//! paper.

use std::sync::Arc;

use askama::Template;
use axum::extract::State as Shared;
use axum::response::Response;

use super::super::Pages;
use super::super::format::fold;
use super::super::text::Lang;
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::paper::{answered, column, frame};
use super::row::{self, Mark, Row};
use super::{Sight, today};
use crate::operations::book::Held;
use crate::operations::duty::{self, Stays};
use crate::pdf::{Block, Report, Table};

#[derive(Template)]
#[template(path = "equipment_depot.html")]
struct DepotPage {
    t: Lang,
    v: View,
    answer: String,
    at: String,
    stay: Vec<Line>,
    may: Vec<Line>,
}

/// A vehicle, its plate, and why it stays.
struct Line {
    row: Row,
    plate: String,
    why: String,
    state: Mark,
}

/// The vehicles that a visitor sees: those that must stay, and those that may leave.
fn vehicles(pages: &Pages, sight: &Sight, t: Lang) -> (Vec<Line>, Vec<Line>) {
    let (catalogue, today) = (&*pages.gateway.config.catalogue, pages.gateway.book.today());
    let (mut stay, mut may) = (Vec::new(), Vec::new());
    let of_the_road = |held: &&Held| &*held.asset.kind == "vehicle" && held.dossier.case.dismantled_at.is_none();
    for held in sight.all().filter(of_the_road) {
        let Held { asset, dossier } = held;
        let (why, state) = stays(held, catalogue, today, t).unwrap_or_else(|| {
            let status = dossier.case.status();
            (dossier.case.restriction.clone().unwrap_or_default(), row::status(status, t))
        });
        let plates = asset.numbers.iter().filter(|(name, _)| is_plate(name));
        let plate = plates.map(|(_, number)| number.as_str()).collect::<Vec<_>>().join(", ");
        let line = Line { row: row::row(sight, held, catalogue, t), plate, why, state };
        if duty::stays(asset, dossier, catalogue, today).is_some() { stay.push(line) } else { may.push(line) }
    }
    (stay, may)
}

/// Whether a registry number is the plate, as people call it.
fn is_plate(name: &str) -> bool {
    let name = fold(name);
    ["πινακίδα", "plate"].iter().any(|known| name.contains(&fold(known)))
}

/// Why a vehicle must stay, and how that stands; none where it may leave.
pub(super) fn stays(
    held: &Held,
    catalogue: &crate::catalogue::Catalogue,
    day: jiff::civil::Date,
    t: Lang,
) -> Option<(String, Mark)> {
    Some(match duty::stays(&held.asset, &held.dossier, catalogue, day)? {
        Stays::Certificate(needed) => (t.pick(&needed.of_type.name).to_owned(), row::certificate(needed.standing, t)),
        Stays::LockedOut => (today::causes(held, catalogue, t), row::status(held.dossier.case.status(), t)),
    })
}

/// `GET /equipment/depot`.
pub(in crate::pages) async fn page(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    show(pages, visitor, |pages, visitor| {
        let (t, local) = (visitor.lang, pages.local(visitor));
        let sight = Sight::new(pages, visitor)?;
        let (stay, may) = vehicles(pages, &sight, t);
        let page = DepotPage {
            v: View::new(pages, visitor, &local, Tab::Equipment, t.depot()),
            answer: t.depot_counted(stay.len(), stay.len() + may.len()),
            at: local.full(local.now),
            stay,
            may,
            t,
        };
        Ok(page.render()?)
    })
    .await
}

/// `GET /equipment/depot.pdf`.
pub(in crate::pages) async fn pdf(Shared(pages): Shared<Arc<Pages>>, visitor: Visitor) -> Response {
    answered(pages, visitor, "depot.pdf".to_owned(), |pages, visitor| {
        let (t, local) = (visitor.lang, pages.local(visitor));
        let sight = Sight::new(pages, visitor)?;
        let (stay, may) = vehicles(pages, &sight, t);
        let subtitle = format!("{} · {}", t.depot_counted(stay.len(), stay.len() + may.len()), local.full(local.now));
        let blocks = [(t.eq_vehicles(), stay), (t.depot_may(), may)]
            .into_iter()
            .filter(|(_, lines)| !lines.is_empty())
            .flat_map(|(title, lines)| [Block::Heading(title.to_owned()), table(lines, t)]);
        Ok::<Report, PageError>(frame(pages, visitor, &local, t.depot().to_owned(), subtitle, blocks.collect()))
    })
    .await
}

fn table(lines: Vec<Line>, t: Lang) -> Block {
    let columns = vec![column(t.asset(), 5), column(t.plate(), 3), column(t.field_reason(), 6), column(t.state(), 4)];
    let rows = lines.into_iter().map(|line| vec![line.row.name, line.plate, line.why, line.state.word]).collect();
    Block::Table(Table { columns, rows })
}
