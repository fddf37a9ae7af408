//! What a record's name says: `[node:]quantity[.channel]`.

/// A resolved name, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a> {
    /// The node, where it is told.
    pub node: Option<&'a str>,
    /// The quantity's code.
    pub quantity: &'a str,
    /// The channel; 0 when it is not told.
    pub channel: u8,
}

/// A name that says no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidName;

impl core::fmt::Display for InvalidName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a name is [node:]quantity[.channel], the channel from 0 to 255")
    }
}

impl core::error::Error for InvalidName {}

impl<'a> Name<'a> {
    /// Takes a name apart: the node stands before the last `:`, the channel after the last `.` if it is a number.
    ///
    /// # Errors
    /// [`InvalidName`] when there is no quantity, or the channel is above 255.
    pub fn parse(name: &'a str) -> Result<Self, InvalidName> {
        let (node, rest) = match name.rsplit_once(':') {
            Some((node, rest)) => (Some(node).filter(|node| !node.is_empty()), rest),
            None => (None, name),
        };
        let (quantity, channel) = match rest.rsplit_once('.') {
            Some((quantity, digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                (quantity, digits.parse().map_err(|_| InvalidName)?)
            }
            _ => (rest, 0),
        };
        if quantity.is_empty() { Err(InvalidName) } else { Ok(Self { node, quantity, channel }) }
    }
}
