//! The labels of RFC 8428, as JSON and CBOR write them.

/// What a field of a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    BaseVersion,
    BaseName,
    BaseTime,
    BaseUnit,
    BaseValue,
    BaseSum,
    Name,
    Unit,
    Value,
    StringValue,
    BooleanValue,
    Sum,
    Time,
    UpdateTime,
    DataValue,
    /// Not known, and to be ignored.
    Ignored,
    /// Not known, and the record means nothing to who does not know it: it ends in `_`.
    Mandatory,
    /// The same, and it holds for the records that follow: it starts with `b`.
    MandatoryBase,
}

/// Every label that is known: its text in JSON, its number in CBOR.
const KNOWN: [(&str, i64, Label); 15] = [
    ("bver", -1, Label::BaseVersion),
    ("bn", -2, Label::BaseName),
    ("bt", -3, Label::BaseTime),
    ("bu", -4, Label::BaseUnit),
    ("bv", -5, Label::BaseValue),
    ("bs", -6, Label::BaseSum),
    ("n", 0, Label::Name),
    ("u", 1, Label::Unit),
    ("v", 2, Label::Value),
    ("vs", 3, Label::StringValue),
    ("vb", 4, Label::BooleanValue),
    ("s", 5, Label::Sum),
    ("t", 6, Label::Time),
    ("ut", 7, Label::UpdateTime),
    ("vd", 8, Label::DataValue),
];

impl Label {
    /// The label that JSON writes so; CBOR may, too.
    pub(super) fn of_text(text: &str) -> Self {
        match KNOWN.iter().find(|(known, ..)| *known == text) {
            Some((.., label)) => *label,
            None if !text.ends_with('_') => Self::Ignored,
            None if text.starts_with('b') => Self::MandatoryBase,
            None => Self::Mandatory,
        }
    }

    /// The label that CBOR writes so.
    pub(super) fn of_number(number: i64) -> Self {
        KNOWN.iter().find(|(_, known, _)| *known == number).map_or(Self::Ignored, |(.., label)| *label)
    }

    /// Its text in JSON and its number in CBOR; those that are not known have none and are never written.
    pub(super) fn spelled(self) -> (&'static str, i64) {
        KNOWN.iter().find(|(.., label)| *label == self).map_or(("", i64::MAX), |(text, number, _)| (*text, *number))
    }

    /// Whether it holds for the records that follow, too.
    pub(super) const fn is_base(self) -> bool {
        use Label::*;
        matches!(self, BaseVersion | BaseName | BaseTime | BaseUnit | BaseValue | BaseSum | MandatoryBase)
    }

    /// A bit of its own, to find labels that come twice.
    pub(super) const fn bit(self) -> u32 {
        1 << self as u32
    }
}
