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

impl Label {
    /// The label that JSON writes so; CBOR may, too.
    pub(super) fn of_text(text: &str) -> Self {
        match text.as_bytes() {
            b"bver" => Self::BaseVersion,
            b"bn" => Self::BaseName,
            b"bt" => Self::BaseTime,
            b"bu" => Self::BaseUnit,
            b"bv" => Self::BaseValue,
            b"bs" => Self::BaseSum,
            b"n" => Self::Name,
            b"u" => Self::Unit,
            b"v" => Self::Value,
            b"vs" => Self::StringValue,
            b"vb" => Self::BooleanValue,
            b"s" => Self::Sum,
            b"t" => Self::Time,
            b"ut" => Self::UpdateTime,
            b"vd" => Self::DataValue,
            [b'b', .., b'_'] => Self::MandatoryBase,
            [.., b'_'] => Self::Mandatory,
            _ => Self::Ignored,
        }
    }

    /// The label that CBOR writes so.
    pub(super) const fn of_number(number: i64) -> Self {
        match number {
            -1 => Self::BaseVersion,
            -2 => Self::BaseName,
            -3 => Self::BaseTime,
            -4 => Self::BaseUnit,
            -5 => Self::BaseValue,
            -6 => Self::BaseSum,
            0 => Self::Name,
            1 => Self::Unit,
            2 => Self::Value,
            3 => Self::StringValue,
            4 => Self::BooleanValue,
            5 => Self::Sum,
            6 => Self::Time,
            7 => Self::UpdateTime,
            8 => Self::DataValue,
            _ => Self::Ignored,
        }
    }

    /// Its text in JSON and its number in CBOR; those that are not known have none and are never written.
    pub(super) const fn spelled(self) -> (&'static str, i64) {
        match self {
            Self::BaseVersion => ("bver", -1),
            Self::BaseName => ("bn", -2),
            Self::BaseTime => ("bt", -3),
            Self::BaseUnit => ("bu", -4),
            Self::BaseValue => ("bv", -5),
            Self::BaseSum => ("bs", -6),
            Self::Name => ("n", 0),
            Self::Unit => ("u", 1),
            Self::Value => ("v", 2),
            Self::StringValue => ("vs", 3),
            Self::BooleanValue => ("vb", 4),
            Self::Sum => ("s", 5),
            Self::Time => ("t", 6),
            Self::UpdateTime => ("ut", 7),
            Self::DataValue => ("vd", 8),
            Self::Ignored | Self::Mandatory | Self::MandatoryBase => ("", i64::MAX),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_the_same_label() {
        for number in -6..=8 {
            let label = Label::of_number(number);
            assert_eq!(label.spelled().1, number);
            assert_eq!(Label::of_text(label.spelled().0), label);
        }
        assert_eq!([-7, 9, i64::MAX].map(Label::of_number), [Label::Ignored; 3]);
        assert_eq!(["", "V", "bx", "x"].map(Label::of_text), [Label::Ignored; 4]);
        assert_eq!(["_", "v_", "xb_"].map(Label::of_text), [Label::Mandatory; 3]);
        assert_eq!(["b_", "bn_"].map(Label::of_text), [Label::MandatoryBase; 2]);
    }
}
