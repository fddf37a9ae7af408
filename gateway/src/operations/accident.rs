//! [`Accident`]: what a municipality's accident record asks, as far as it names nobody. Pure; the step that it goes with holds what
//! happened, in words.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

/// Characters of a text of it.
const TEXT_MAX: usize = 2_000;
/// Witnesses that one record counts.
const WITNESSES_MAX: u16 = 999;

/// An accident on or at a piece of equipment. Nobody is named: neither who was hurt, nor parents, nor witnesses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accident {
    /// When it happened, by the city's clock.
    pub happened: DateTime,
    /// Where on the equipment or beside it.
    pub place: String,
    /// The gravest injury.
    pub injury: Injury,
    /// What was done for who was hurt.
    pub first_aid: FirstAid,
    /// How many saw it; none where nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witnesses: Option<u16>,
    /// How the equipment and the ground under it were found afterwards.
    pub state: String,
    /// What was done about the equipment.
    pub measures: String,
}

/// The kind of an injury.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Injury {
    /// None.
    None,
    /// A graze or a bruise.
    Bruise,
    /// A wound that bleeds.
    Wound,
    /// A sprain or a dislocation.
    Sprain,
    /// A broken bone.
    Fracture,
    /// To the head, the neck or the back.
    Head,
    /// Another one.
    Other,
    /// It is not known.
    Unknown,
}

/// What was done for who was hurt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstAid {
    /// Nothing was needed.
    None,
    /// On the spot.
    OnTheSpot,
    /// By a doctor, or taken to one by their own people.
    Doctor,
    /// The ambulance came.
    Ambulance,
    /// It is not known.
    Unknown,
}

/// What is wrong with a record of an accident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It has not happened yet.
    #[error("it has not happened yet")]
    Future,
    /// Where it happened is missing.
    #[error("where it happened is missing")]
    Place,
    /// A text is too long.
    #[error("a text is too long")]
    Text,
    /// More witnesses than one record counts.
    #[error("too many witnesses")]
    Witnesses,
}

impl Accident {
    /// Whether that can be, at a moment by the city's clock.
    ///
    /// # Errors
    /// [`Invalid`].
    pub fn check(&self, now: DateTime) -> Result<(), Invalid> {
        if self.happened > now {
            return Err(Invalid::Future);
        }
        if self.place.trim().is_empty() {
            return Err(Invalid::Place);
        }
        if [&self.place, &self.state, &self.measures].into_iter().any(|text| text.chars().count() > TEXT_MAX) {
            return Err(Invalid::Text);
        }
        if self.witnesses.is_some_and(|witnesses| witnesses > WITNESSES_MAX) {
            return Err(Invalid::Witnesses);
        }
        Ok(())
    }
}

impl Injury {
    /// All of them, as forms offer them.
    pub const ALL: [Injury; 8] =
        [Self::None, Self::Bruise, Self::Wound, Self::Sprain, Self::Fracture, Self::Head, Self::Other, Self::Unknown];

    /// Its name in files and forms.
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bruise => "bruise",
            Self::Wound => "wound",
            Self::Sprain => "sprain",
            Self::Fracture => "fracture",
            Self::Head => "head",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }

    /// The one of that name.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|injury| injury.code() == code)
    }
}

impl FirstAid {
    /// All of them, as forms offer them.
    pub const ALL: [FirstAid; 5] = [Self::None, Self::OnTheSpot, Self::Doctor, Self::Ambulance, Self::Unknown];

    /// Its name in files and forms.
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::OnTheSpot => "on_the_spot",
            Self::Doctor => "doctor",
            Self::Ambulance => "ambulance",
            Self::Unknown => "unknown",
        }
    }

    /// The one of that name.
    pub fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|aid| aid.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;

    use super::*;

    #[test]
    fn what_cannot_be_is_told() {
        let now = datetime(2026, 11, 23, 14, 20, 0, 0);
        let sound = Accident {
            happened: datetime(2026, 11, 23, 11, 5, 0, 0),
            place: "στη βάση της τσουλήθρας".into(),
            injury: Injury::Bruise,
            first_aid: FirstAid::OnTheSpot,
            witnesses: Some(2),
            state: String::new(),
            measures: String::new(),
        };
        assert_eq!(sound.check(now), Ok(()));
        for (wrong, why) in [
            (Accident { happened: datetime(2026, 11, 23, 14, 21, 0, 0), ..sound.clone() }, Invalid::Future),
            (Accident { place: " ".into(), ..sound.clone() }, Invalid::Place),
            (Accident { measures: "ψ".repeat(2_001), ..sound.clone() }, Invalid::Text),
            (Accident { witnesses: Some(1_000), ..sound.clone() }, Invalid::Witnesses),
        ] {
            assert_eq!(wrong.check(now), Err(why));
        }
    }

    #[test]
    fn names_in_forms_are_those_in_files() {
        for injury in Injury::ALL {
            assert_eq!(serde_json::json!(injury), injury.code());
            assert_eq!(Injury::named(injury.code()), Some(injury));
        }
        for aid in FirstAid::ALL {
            assert_eq!(serde_json::json!(aid), aid.code());
            assert_eq!(FirstAid::named(aid.code()), Some(aid));
        }
    }
}
