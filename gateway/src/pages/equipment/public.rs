//! What anybody sees who scans an asset's label: whether it may be used. And what is printed for the street: the label, and the
//! sign that says it may not. No person is named.

use std::fmt::Write;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, State as Shared};
use axum::response::Response;
use qrcodegen::{QrCode, QrCodeEcc};

use super::super::Pages;
use super::super::text::Lang;
use super::super::view::{PageError, Tab, View, Visitor, show};
use super::Sight;
use super::row::{self, Mark};
use crate::operations::asset::Tree;
use crate::operations::case::Status;
use crate::operations::duty;

#[derive(Template)]
#[template(path = "equipment_public.html")]
struct PublicPage {
    t: Lang,
    v: View,
    id: String,
    name: String,
    kind: String,
    place: String,
    verdict: Mark,
    restriction: Option<String>,
    /// Parts of it that must not be used.
    barred: Vec<String>,
    inspected: Option<(String, String)>,
    certificates: Vec<(String, Mark)>,
    staff: bool,
}

/// `GET /e/{id}`: for everybody.
pub(in crate::pages) async fn status(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    show(pages, visitor, move |pages, visitor| {
        let (t, local, catalogue) = (visitor.lang, pages.local(visitor), &*pages.gateway.config.catalogue);
        // Whoever scans a label stands before it: they see that one, whichever sites they are held to.
        let sight = Sight::of(pages, None)?;
        let held = sight.get(&id)?;
        let asset = &held.asset;
        // What is inspected with another is inspected when that is; what that must not, it must not.
        let way = sight.shelf().upwards(&asset.id);
        let worst =
            way.iter().filter_map(|above| sight.shelf().get(&above.id)).map(|held| held.dossier.case.status()).max();
        let status = worst.unwrap_or(Status::Open);
        let (mark, word) = match status {
            Status::Open => ("good", t.public_may()),
            Status::Restricted => ("attention", t.public_restricted()),
            Status::Ordered | Status::LockedOut => ("barred", t.public_must_not()),
            Status::Dismantled => ("unheard", t.public_gone()),
        };
        let unit =
            sight.shelf().unit_of(&asset.id, catalogue).and_then(|unit| sight.shelf().get(&unit.id)).unwrap_or(held);
        let last = held.dossier.last.iter().chain(&unit.dossier.last).max_by_key(|(_, made)| made.on);
        let sheet = catalogue.sheet(&asset.kind);
        let inspected = last.map(|(code, made)| {
            let name = sheet.and_then(|sheet| sheet.of_type(code)).map(|of_type| t.pick(&of_type.name).to_owned());
            (row::day(made.on, t), name.unwrap_or_else(|| t.pick(&duty::reinspection()).to_owned()))
        });
        let today = pages.gateway.book.today();
        let certificates = duty::needed(&unit.asset, &unit.dossier, catalogue, today).map(|needed| {
            let name = t.pick(&needed.of_type.name).to_owned();
            let papers = unit.dossier.papers.get(&*needed.of_type.code);
            let until = papers.into_iter().flat_map(|papers| papers.issued.values()).map(|paper| paper.until).max();
            let mark = match until.filter(|_| needed.standing.is_in_force()) {
                Some(until) => Mark { mark: "good", word: format!("{} {}", t.public_in_force(), row::day(until, t)) },
                None => Mark { mark: "attention", word: t.public_not_in_force().to_owned() },
            };
            (name, mark)
        });
        let page = PublicPage {
            v: View::new(pages, visitor, &local, Tab::None, asset.name(t == Lang::En)),
            id: id.clone(),
            name: asset.name(t == Lang::En).to_owned(),
            kind: row::kind(asset, catalogue, t),
            place: row::place(&sight, asset, catalogue, t),
            verdict: Mark { mark, word: word.to_owned() },
            restriction: way
                .iter()
                .filter_map(|above| sight.shelf().get(&above.id))
                .find_map(|held| held.dossier.case.restriction.clone()),
            barred: sight
                .shelf()
                .unit(&asset.id, catalogue)
                .into_iter()
                .filter(|part| part.asset.id != asset.id)
                .filter(|part| matches!(part.dossier.case.status(), Status::Ordered | Status::LockedOut))
                .map(|part| part.asset.name(t == Lang::En).to_owned())
                .collect(),
            inspected,
            certificates: certificates.collect(),
            staff: visitor.offers(pages, "GET", "/equipment/{id}"),
            t,
        };
        Ok(page.render()?)
    })
    .await
}

#[derive(Template)]
#[template(path = "equipment_label.html")]
struct LabelPage {
    t: Lang,
    v: View,
    id: String,
    name_el: String,
    name_en: String,
    kind: String,
    address: String,
    qr: String,
    side: i32,
    sign: bool,
}

/// `GET /equipment/{id}/label`.
pub(in crate::pages) async fn label(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    show(pages, visitor, move |pages, visitor| printed(pages, visitor, &id, false)).await
}

/// `GET /equipment/{id}/sign`.
pub(in crate::pages) async fn sign(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    show(pages, visitor, move |pages, visitor| printed(pages, visitor, &id, true)).await
}

fn printed(pages: &Pages, visitor: &Visitor, id: &str, sign: bool) -> Result<String, PageError> {
    let (t, local) = (visitor.lang, pages.local(visitor));
    let sight = Sight::new(pages, visitor)?;
    let asset = &sight.get(id)?.asset;
    let address = format!("{}/e/{id}", crate::app::base_url(&pages.gateway.config));
    let (qr, side) = squares(&address);
    let page = LabelPage {
        v: View::new(pages, visitor, &local, Tab::Equipment, if sign { t.sign() } else { t.label() }),
        id: id.to_owned(),
        name_el: asset.name(false).to_owned(),
        name_en: asset.name(true).to_owned(),
        kind: row::kind(asset, &pages.gateway.config.catalogue, t),
        address,
        qr,
        side,
        sign,
        t,
    };
    Ok(page.render()?)
}

/// The dark squares of a QR code, as a path in units of one square, and how many make a side with a margin.
pub(in crate::pages) fn squares(text: &str) -> (String, i32) {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return (String::new(), 0) };
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{x} {y}h1v1h-1z");
        }
    }
    (path, code.size() + 2)
}
