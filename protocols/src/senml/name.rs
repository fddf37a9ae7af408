//! What a resolved name says: `[node:]quantity[.channel]`.

/// A SenML name in its parts. Whether the quantity is known, and the node the one that sent it, is left to the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// What stands before the last `:`, if there is one; never empty.
    pub node: Option<&'a str>,
    /// The quantity; never empty.
    pub quantity: &'a str,
    /// What stands behind the last `.`, if that is a number; else 0.
    pub channel: u8,
}

/// A name that says no quantity, or no channel that there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// Nothing before the `:`.
    EmptyNode,
    /// No quantity.
    EmptyQuantity,
    /// A channel above 255.
    Channel,
}

impl<'a> Name<'a> {
    /// Takes a resolved name apart.
    ///
    /// # Errors
    /// [`NameError`] when a part is empty or the channel is above 255.
    pub fn parse(name: &'a str) -> Result<Self, NameError> {
        let (node, rest) = match name.rsplit_once(':') {
            Some(("", _)) => return Err(NameError::EmptyNode),
            Some((node, rest)) => (Some(node), rest),
            None => (None, name),
        };
        let (quantity, channel) = match rest.rsplit_once('.') {
            Some((quantity, digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                (quantity, digits.parse().map_err(|_| NameError::Channel)?)
            }
            _ => (rest, 0),
        };
        if quantity.is_empty() {
            return Err(NameError::EmptyQuantity);
        }
        Ok(Self { node, quantity, channel })
    }
}

impl core::fmt::Display for NameError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::EmptyNode => "no node before the colon",
            Self::EmptyQuantity => "no quantity",
            Self::Channel => "a channel above 255",
        })
    }
}

impl core::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart_at_the_last_colon_and_the_last_number() {
        let name = |node, quantity, channel| Ok(Name { node, quantity, channel });
        let table = [
            ("pm25", name(None, "pm25", 0)),
            ("pm25.1", name(None, "pm25", 1)),
            ("pm25.255", name(None, "pm25", 255)),
            ("pm25.007", name(None, "pm25", 7)),
            ("swing-3.toumba:impact", name(Some("swing-3.toumba"), "impact", 0)),
            ("swing-3.toumba:impact.2", name(Some("swing-3.toumba"), "impact", 2)),
            ("urn:dev:ow:10e2073a01080063:temperature", name(Some("urn:dev:ow:10e2073a01080063"), "temperature", 0)),
            ("a.b", name(None, "a.b", 0)),
            ("a.", name(None, "a.", 0)),
            ("a.1x", name(None, "a.1x", 0)),
            ("a.1.2", name(None, "a.1", 2)),
            ("pm25.256", Err(NameError::Channel)),
            ("pm25.99999999999999999999", Err(NameError::Channel)),
            (":pm25", Err(NameError::EmptyNode)),
            ("node:", Err(NameError::EmptyQuantity)),
            ("node:.1", Err(NameError::EmptyQuantity)),
            ("", Err(NameError::EmptyQuantity)),
        ];
        for (text, expected) in table {
            assert_eq!(Name::parse(text), expected, "{text}");
        }
    }
}
