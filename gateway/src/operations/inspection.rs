//! [`Submission`]: an inspection as a phone or a page sends it, and the steps that it becomes.
//!
//! Every item that was not in order is a defect; a measurement beyond its limits is not in order whatever is said; what was not
//! looked at is said. The answers stay with the inspection's step as [`Form`], with the edition of the checklist.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::asset::{Asset, AssetId};
use super::book::{Held, New, Shelf};
use super::duty::{self, Dependent};
use super::rating::Rating;
use super::step::{Deed, Evidence, Hand, REINSPECTION, Severity, Step, Uid};
use crate::catalogue::Catalogue;
use crate::catalogue::inspections::Item;
use crate::reading::Timestamp;

/// Answers of one form at most; a playground with all its equipment has some two hundred.
pub const ANSWERS_MAX: usize = 2_000;
/// A phone's clock may be so far ahead of ours.
const AHEAD_MAX_MS: i64 = 10 * 60_000;
/// A form may be sent so long after it was filled in.
const AGE_MAX_MS: i64 = 60 * 86_400_000;
/// Characters of a text.
const TEXT_MAX: usize = 4_000;

/// An inspection as it is sent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// Its name, made by whoever filled it in.
    pub uid: Uid,
    /// Who filled it in: it is theirs alone to send.
    pub by: Box<str>,
    /// What was inspected: a unit, or one asset again.
    pub asset: AssetId,
    /// The type, as the catalogue calls it, or [`REINSPECTION`].
    pub of_type: Box<str>,
    /// The edition of the checklist that was filled in.
    pub version: String,
    /// Milliseconds since 1970, by the clock of whoever filled it in.
    pub started_at: i64,
    /// As `started_at`.
    pub ended_at: i64,
    /// What was answered.
    pub answers: Vec<Answer>,
    /// Whether every item without an answer is in order. Else every item needs one.
    #[serde(default)]
    pub all_else_in_order: bool,
    /// Defects that were found.
    #[serde(default)]
    pub defects: Vec<NewDefect>,
    /// Open defects of `asset` that were looked at again and found well.
    #[serde(default)]
    pub found_well: Vec<Uid>,
    /// Remarks.
    #[serde(default)]
    pub note: String,
    /// Photographs and documents of the inspection as a whole, by SHA-256.
    #[serde(default)]
    pub files: Vec<Box<str>>,
    /// An earlier inspection that it stands instead of; the note says why.
    #[serde(default)]
    pub supersedes: Option<Uid>,
    /// Written down from paper by `by`; who filled in the paper. The paper is among `files`.
    #[serde(default)]
    pub transcribed_of: Option<String>,
    /// Metres from the site, as the phone knew.
    #[serde(default)]
    pub metres: Option<u32>,
}

/// What was answered to an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Of which asset.
    pub asset: AssetId,
    /// The item's code.
    pub item: Box<str>,
    /// What was found.
    pub result: Outcome,
    /// What was measured, in the item's unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is in order.
    Ok,
    /// It is not.
    Defect,
    /// There is none here.
    NotApplicable,
}

/// A defect as it is sent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDefect {
    /// Its name.
    pub uid: Uid,
    /// Of which asset.
    pub asset: AssetId,
    /// The item's code; empty for something that no item asks for.
    #[serde(default)]
    pub item: Box<str>,
    /// How bad it is: the inspector decides.
    pub severity: Severity,
    /// How it was rated, where the sheet's scheme asks for it.
    #[serde(default)]
    pub rating: Option<Rating>,
    /// What is wrong.
    pub text: String,
    /// Photographs, by SHA-256.
    #[serde(default)]
    pub files: Vec<Box<str>>,
}

/// The answers, as they stay with the inspection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Form {
    /// The edition of the checklist.
    pub version: String,
    /// The edition that was in force when it arrived, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newer: Option<String>,
    /// When it was begun.
    pub started_at: Timestamp,
    /// Every item: what was answered, or [`Outcome::Ok`] where all else was in order.
    pub answers: Vec<Answer>,
    /// How many of these were answered one by one.
    pub answered: usize,
    /// Defects that it found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub defects: Vec<Uid>,
    /// Who filled in the paper that it was written down from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcribed_of: Option<String>,
}

/// Why an inspection is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// There is no such asset.
    #[error("there is no such equipment")]
    NoAsset,
    /// It is inspected with what it is a part of.
    #[error("it is inspected together with {0}")]
    NotAUnit(AssetId),
    /// The type is not one of its kind and use.
    #[error("there is no such inspection of it")]
    NoType,
    /// An answer to something that is not asked.
    #[error("{0} is not asked of {1}")]
    NotAsked(String, AssetId),
    /// Something was not looked at.
    #[error("{0} of {1} has no answer")]
    Unanswered(String, AssetId),
    /// Not in order, and no defect says what is wrong.
    #[error("{0} of {1} is not in order: a finding must say what is wrong")]
    NoFinding(String, AssetId),
    /// A measurement beyond its limits that is said to be in order.
    #[error("{0} of {1} is beyond its limits")]
    BeyondLimits(String, AssetId),
    /// Ends before it begins, ahead of time, or too long ago.
    #[error("its times cannot be")]
    Times,
    /// A rating that no scheme can have given.
    #[error("the rating is of no scheme")]
    Rating,
    /// A text that is too long, or too many answers.
    #[error("it is too long")]
    TooLong,
    /// Who made it is not independent.
    #[error(transparent)]
    Dependent(#[from] Dependent),
    /// Somebody else filled it in.
    #[error("somebody else filled it in")]
    AnotherHand,
    /// What it is to stand instead of is not the last of that type there.
    #[error("there is no such inspection to stand instead of")]
    NoEarlier,
}

impl Invalid {
    /// Its name for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoAsset => "no_asset",
            Self::NotAUnit(_) => "not_a_unit",
            Self::NoType => "no_type",
            Self::NotAsked(..) => "not_asked",
            Self::Unanswered(..) => "unanswered",
            Self::NoFinding(..) => "no_finding",
            Self::BeyondLimits(..) => "beyond_limits",
            Self::Times => "times",
            Self::Rating => "rating",
            Self::TooLong => "too_long",
            Self::Dependent(_) => "dependent",
            Self::AnotherHand => "another_hand",
            Self::NoEarlier => "no_earlier",
        }
    }
}

/// Makes the steps of an inspection: the defects it found, then the inspection itself. `hand` sent it, whose employer is `employer`.
///
/// # Errors
/// [`Invalid`].
pub fn steps(
    form: &Submission,
    shelf: &Shelf,
    catalogue: &Catalogue,
    (hand, employer): (&Hand, &str),
    now: Timestamp,
) -> Result<Vec<New>, Invalid> {
    if *form.by != *hand.0 {
        return Err(Invalid::AnotherHand);
    }
    let top = shelf.get(&form.asset).ok_or(Invalid::NoAsset)?;
    let sheet = catalogue.sheet(&top.asset.kind).ok_or(Invalid::NoType)?;
    let again = *form.of_type == *REINSPECTION;
    let of_type = sheet.types_for(top.asset.used_as.as_deref()).find(|known| *known.code == *form.of_type);
    if of_type.is_none() && !again {
        return Err(Invalid::NoType);
    }
    if !again && !shelf.is_unit(&top.asset, catalogue) {
        let unit = super::asset::Tree::unit_of(shelf, &form.asset, catalogue);
        return Err(Invalid::NotAUnit(unit.map_or_else(|| form.asset.clone(), |unit| unit.id.clone())));
    }
    if !is_sound(form.started_at, form.ended_at, now) {
        return Err(Invalid::Times);
    }
    let unit: Vec<&Held> = if again { vec![top] } else { shelf.unit(&form.asset, catalogue) };
    if of_type.is_some_and(|of_type| of_type.independent) {
        for held in &unit {
            duty::independence(hand, employer, &held.asset, &held.dossier)?;
        }
    }
    let asked: Vec<(&Asset, &Item)> = unit
        .iter()
        .flat_map(|held| duty::items(sheet, &held.asset, &form.of_type).into_iter().map(|item| (&held.asset, item)))
        .collect();
    let answers = answers(form, &asked)?;
    if let Some(earlier) = &form.supersedes
        && top.dossier.last.get(&form.of_type).is_none_or(|last| last.uid != *earlier)
    {
        return Err(Invalid::NoEarlier);
    }
    lengths(form)?;

    let at = Timestamp::from_millis(form.ended_at);
    let mut steps = Vec::new();
    for defect in &form.defects {
        if !unit.iter().any(|held| held.asset.id == defect.asset) {
            return Err(Invalid::NotAsked(defect.text.chars().take(40).collect(), defect.asset.clone()));
        }
        if defect.rating.as_ref().is_some_and(|rating| !rating.is_sound()) {
            return Err(Invalid::Rating);
        }
        let (severity, rating) = (defect.severity, defect.rating.clone());
        let deed = Deed::Found { severity, text: defect.text.trim().to_owned(), rating };
        let evidence = Evidence { files: defect.files.clone(), text: defect.item.to_string() };
        let step = Step { uid: defect.uid.clone(), at, by: hand.clone(), deed, evidence };
        steps.push(New::of(defect.asset.clone(), step));
    }
    let kept = Form {
        version: form.version.chars().take(40).collect(),
        newer: (form.version != sheet.version).then(|| sheet.version.clone()),
        started_at: Timestamp::from_millis(form.started_at),
        answered: form.answers.len(),
        answers,
        defects: form.defects.iter().map(|defect| defect.uid.clone()).collect(),
        transcribed_of: form.transcribed_of.clone(),
    };
    let deed = Deed::Inspected {
        of_type: form.of_type.clone(),
        covers: of_type
            .map(|of_type| of_type.covers.iter().map(|code| Box::from(&**code)).collect())
            .unwrap_or_default(),
        passed: form.defects.iter().all(|defect| defect.severity < Severity::Important),
        found_well: form.found_well.clone(),
        supersedes: form.supersedes.clone(),
    };
    let evidence = Evidence { files: form.files.clone(), text: form.note.trim().to_owned() };
    let step = Step { uid: form.uid.clone(), at, by: hand.clone(), deed, evidence };
    steps.push(New { asset: form.asset.clone(), step, form: Some(json!(kept)), metres: form.metres });
    Ok(steps)
}

/// Whether something may have been begun and ended then, in milliseconds since 1970, that arrives now.
pub fn is_sound(started_at: i64, ended_at: i64, now: Timestamp) -> bool {
    let now = now.millis();
    started_at <= ended_at && ended_at <= now.saturating_add(AHEAD_MAX_MS) && started_at >= now - AGE_MAX_MS
}

fn lengths(form: &Submission) -> Result<(), Invalid> {
    let texts = form.defects.iter().map(|defect| &defect.text).chain([&form.note]).chain(&form.transcribed_of);
    let files = form.defects.iter().map(|defect| defect.files.len()).chain([form.files.len()]);
    let sound = form.answers.len() <= ANSWERS_MAX
        && form.defects.len() <= ANSWERS_MAX
        && texts.into_iter().all(|text| text.chars().count() <= TEXT_MAX)
        && files.into_iter().all(|files| files <= 64);
    if sound { Ok(()) } else { Err(Invalid::TooLong) }
}

/// Every item that is asked with its answer, held against its limits and the findings.
fn answers(form: &Submission, asked: &[(&Asset, &Item)]) -> Result<Vec<Answer>, Invalid> {
    let told = |item: &str, asset: &AssetId| (item.to_owned(), asset.clone());
    let keys: BTreeSet<(&AssetId, &str)> = asked.iter().map(|(asset, item)| (&asset.id, &*item.code)).collect();
    for answer in &form.answers {
        if !keys.contains(&(&answer.asset, &*answer.item)) {
            let (item, asset) = told(&answer.item, &answer.asset);
            return Err(Invalid::NotAsked(item, asset));
        }
    }
    let finding =
        |asset: &AssetId, item: &str| form.defects.iter().any(|defect| defect.asset == *asset && *defect.item == *item);
    asked
        .iter()
        .map(|(asset, item)| {
            let given = form.answers.iter().find(|answer| answer.asset == asset.id && *answer.item == *item.code);
            let (name, id) = told(&item.code, &asset.id);
            let answer = match given {
                Some(given) => given.clone(),
                // What was found there answers it.
                None if finding(&asset.id, &item.code) => {
                    Answer { asset: id.clone(), item: (*item.code).into(), result: Outcome::Defect, value: None }
                }
                None if form.all_else_in_order && item.unit.is_none() => {
                    Answer { asset: id.clone(), item: (*item.code).into(), result: Outcome::Ok, value: None }
                }
                None => return Err(Invalid::Unanswered(name, id)),
            };
            if answer.value.is_some_and(|value| !value.is_finite()) {
                return Err(Invalid::NotAsked(name, id));
            }
            if item.unit.is_some() && answer.value.is_none() && answer.result == Outcome::Ok {
                return Err(Invalid::Unanswered(name, id));
            }
            let low = |value| item.min.is_some_and(|min| value < min);
            let high = |value| item.max.is_some_and(|max| value > max);
            if answer.result == Outcome::Ok && answer.value.is_some_and(|value| low(value) || high(value)) {
                return Err(Invalid::BeyondLimits(name, id));
            }
            if answer.result == Outcome::Defect && !finding(&asset.id, &item.code) {
                return Err(Invalid::NoFinding(name, id));
            }
            Ok(answer)
        })
        .collect()
}
