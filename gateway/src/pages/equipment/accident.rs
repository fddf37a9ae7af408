//! An accident's record: what its form asks, and the paper with lines to sign, filled in or to be filled in by hand.

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::response::Response;
use jiff::civil::{Date, Time};

use super::super::Pages;
use super::super::text::Lang;
use super::super::time::Local;
use super::super::view::{PageError, Visitor};
use super::row::{self, Names};
use super::typed::Typed;
use super::{Sight, paper};
use crate::operations::accident::{Accident, FirstAid, Injury, Invalid};
use crate::operations::book::{Held, Recorded};
use crate::operations::step::Deed;
use crate::pdf::{Block, Report};

/// A line to write upon, beside the names of fields; on the page's whole width it is one and a half.
const LINE: &str = "____________________________________________________";

/// The record that was typed, or what is wrong with it.
pub(super) fn typed(typed: &Typed, local: &Local) -> Result<Accident, String> {
    let t = local.lang;
    let day: Date = typed.get("on").parse().map_err(|_| t.day_wrong().to_owned())?;
    let (hours, minutes) = typed.get("at").split_once([':', '.']).ok_or(t.acc_time_wrong())?;
    let number = |text: &str| text.trim().parse::<i8>().map_err(|_| t.acc_time_wrong());
    let time = Time::new(number(hours)?, number(minutes)?, 0, 0).map_err(|_| t.acc_time_wrong())?;
    let accident = Accident {
        happened: day.to_datetime(time),
        place: typed.get("place").to_owned(),
        injury: Injury::named(typed.get("injury")).ok_or_else(|| t.bad_request().to_owned())?,
        first_aid: FirstAid::named(typed.get("aid")).ok_or_else(|| t.bad_request().to_owned())?,
        witnesses: match typed.get("witnesses") {
            "" => None,
            count => Some(count.parse().map_err(|_| t.acc_witnesses_wrong().to_owned())?),
        },
        state: typed.get("state").to_owned(),
        measures: typed.get("measures").to_owned(),
    };
    let now = local.zoned(local.now).ok_or_else(|| t.bad_request().to_owned())?.datetime();
    accident.check(now).map_err(|invalid: Invalid| t.accident_wrong(invalid).to_owned())?;
    Ok(accident)
}

/// Injuries to choose from; what is not known first, so that nobody says by oversight that there was none.
pub(super) fn injuries(t: Lang) -> Vec<(String, String)> {
    let all = [Injury::Unknown].into_iter().chain(Injury::ALL.into_iter().filter(|injury| *injury != Injury::Unknown));
    all.map(|injury| (injury.code().to_owned(), t.injury(injury).to_owned())).collect()
}

/// First aid to choose from, in the same way.
pub(super) fn first_aids(t: Lang) -> Vec<(String, String)> {
    let all = [FirstAid::Unknown].into_iter().chain(FirstAid::ALL.into_iter().filter(|aid| *aid != FirstAid::Unknown));
    all.map(|aid| (aid.code().to_owned(), t.first_aid(aid).to_owned())).collect()
}

/// An accident's record, as it is kept beside its step.
pub(super) fn of(recorded: &Recorded) -> Option<Accident> {
    matches!(recorded.step.deed, Deed::Accident { .. })
        .then(|| recorded.form.clone())
        .flatten()
        .and_then(|form| serde_json::from_value(form).ok())
}

/// What it says, by the names of its fields; what happened, in words, is the step's.
pub(super) fn facts(accident: &Accident, t: Lang) -> Vec<(&'static str, String)> {
    let or_not = |text: &str| if text.is_empty() { t.acc_not_told().to_owned() } else { text.to_owned() };
    let witnesses = accident.witnesses.map(|count| count.to_string()).unwrap_or_default();
    vec![
        (t.acc_when(), accident.happened.strftime("%d/%m/%Y %H:%M").to_string()),
        (t.acc_place(), accident.place.clone()),
        (t.acc_injury(), t.injury(accident.injury).to_owned()),
        (t.acc_aid(), t.first_aid(accident.first_aid).to_owned()),
        (t.acc_witnesses(), or_not(&witnesses)),
        (t.acc_state(), or_not(&accident.state)),
        (t.acc_measures(), or_not(&accident.measures)),
    ]
}

/// `GET /equipment/{id}/accident.pdf`: the record with lines to write upon.
pub(in crate::pages) async fn blank(
    Shared(pages): Shared<Arc<Pages>>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    let code: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    paper::answered(pages, visitor, format!("{code}-accident.pdf"), move |pages, visitor| {
        let sight = Sight::new(pages, visitor)?;
        let t = visitor.lang;
        // Room for a hand between them.
        let lines = |count: usize| vec![LINE; count].join("\n\n");
        let choices =
            |names: Vec<&str>| names.iter().map(|name| format!("[   ] {name}")).collect::<Vec<_>>().join("\n");
        let fields = vec![
            (t.acc_when(), "____ /____ /________    ____ :____".to_owned()),
            (t.acc_place(), lines(1)),
            (t.acc_injury(), choices(Injury::ALL.iter().map(|injury| t.injury(*injury)).collect())),
            (t.acc_aid(), choices(FirstAid::ALL.iter().map(|aid| t.first_aid(*aid)).collect())),
            (t.acc_witnesses(), "________".to_owned()),
            (t.acc_state(), lines(2)),
            (t.acc_measures(), lines(2)),
        ];
        let held = sight.get(&id)?;
        Ok(report(
            pages,
            visitor,
            &sight,
            held,
            Record {
                what: lines(4).replace(LINE, &format!("{LINE}{}", &LINE[..LINE.len() / 2])),
                fields,
                by: t.acc_written().to_owned(),
                more: Vec::new(),
            },
        ))
    })
    .await
}

/// A step's record on paper; of a step that came without one, what is known of it.
pub(super) fn of_step(
    pages: &Pages,
    visitor: &Visitor,
    sight: &Sight,
    recorded: &Recorded,
) -> Result<Report, PageError> {
    let (t, local) = (visitor.lang, pages.local(visitor));
    let held = sight.get(recorded.asset.as_str())?;
    let names = Names::read(pages, t)?;
    let told = super::asset::step(recorded, &pages.gateway.book, &names, &local)?;
    let mut fields = of(recorded).map_or_else(Vec::new, |accident| facts(&accident, t));
    fields.push((t.acc_written(), told.by.clone()));
    fields.push((t.rec_at(), told.at.full));
    fields.push((t.rec_arrived(), local.full(recorded.arrived_at)));
    fields.push(("№", format!("{} · {}", recorded.number, told.uid)));
    let more = paper::pictures(pages, recorded);
    Ok(report(pages, visitor, sight, held, Record { what: told.text, fields, by: told.by, more }))
}

/// What stands in a record.
struct Record {
    what: String,
    fields: Vec<(&'static str, String)>,
    by: String,
    more: Vec<Block>,
}

fn report(pages: &Pages, visitor: &Visitor, sight: &Sight, held: &Held, record: Record) -> Report {
    let (t, local, catalogue) = (visitor.lang, pages.local(visitor), &*pages.gateway.config.catalogue);
    let name = held.asset.name(t == Lang::En);
    let mut pairs = vec![
        (t.asset().to_owned(), format!("{name} ({})", held.asset.id)),
        (t.kind_of().to_owned(), row::kind(&held.asset, catalogue, t)),
        (t.site().to_owned(), row::place(sight, &held.asset, catalogue, t)),
    ];
    pairs.extend(record.fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
    let mut blocks = vec![
        Block::Text(t.acc_no_names().to_owned()),
        Block::Pairs(pairs),
        Block::Heading(t.acc_what().to_owned()),
        Block::Text(record.what),
    ];
    blocks.extend(record.more);
    blocks.push(Block::Signatures(vec![record.by, t.acc_head().to_owned(), t.rec_received().to_owned()]));
    paper::frame(pages, visitor, &local, t.acc_record().to_owned(), name.to_owned(), blocks)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::reading::Timestamp;

    #[test]
    fn a_record_is_read_as_people_type_it_or_said_what_is_missing() {
        let now: jiff::Timestamp = "2026-11-23T12:20:00Z".parse().expect("a time");
        let zone = TimeZone::get("Europe/Athens").expect("bundled");
        let local = Local { now: Timestamp::from_millis(now.as_millisecond()), zone, lang: Lang::El };
        let form = |changes: &[(&str, &str)]| {
            let fields =
                [("on", "2026-11-23"), ("at", "9:05"), ("place", "στη βάση"), ("injury", "bruise"), ("aid", "none")];
            let mut typed = Typed::default();
            for (name, value) in fields.iter().chain(changes) {
                typed.values.insert((*name).to_owned(), (*value).to_owned());
            }
            super::typed(&typed, &local)
        };
        let sound = form(&[("witnesses", " 3 ")]).expect("a record");
        assert_eq!((sound.happened.to_string().as_str(), sound.witnesses), ("2026-11-23T09:05:00", Some(3)));
        assert_eq!(form(&[("at", "14.20")]).expect("a point too").happened.time().to_string(), "14:20:00");
        let t = Lang::El;
        for (changes, wrong) in [
            (("at", "14:21"), t.accident_wrong(Invalid::Future)),
            (("at", "noon"), t.acc_time_wrong()),
            (("at", "25:00"), t.acc_time_wrong()),
            (("on", ""), t.day_wrong()),
            (("place", " "), t.accident_wrong(Invalid::Place)),
            (("witnesses", "Ελένη"), t.acc_witnesses_wrong()),
            (("injury", "death"), t.bad_request()),
        ] {
            assert_eq!(form(&[changes]).expect_err(wrong), wrong, "{changes:?}");
        }
    }
}
