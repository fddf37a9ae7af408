//! [`Rating`]: how a defect was rated by a scheme of the catalogue, and the severity that it proposes. The inspector decides.

use serde::{Deserialize, Serialize};

use super::step::Severity;
use crate::catalogue::severity::{MARKS_MAX, SCALES_MAX, Scheme};

/// Marks given by a scheme. It stays as it was given when the scheme changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// The scheme's code.
    pub scheme: Box<str>,
    /// A mark of each of its scales, counted from 1.
    pub marks: Vec<u8>,
}

impl Rating {
    /// Whether it could have been given by any scheme.
    pub fn is_sound(&self) -> bool {
        let marks = 1..=SCALES_MAX;
        let known = |code: &str| code.len() <= 64 && !code.chars().any(char::is_control);
        known(&self.scheme)
            && marks.contains(&self.marks.len())
            && self.marks.iter().all(|mark| (1..=MARKS_MAX).contains(&usize::from(*mark)))
    }

    /// The severity that it proposes by its scheme; none where the scheme is another one by now.
    pub fn proposes(&self, scheme: &Scheme) -> Option<Severity> {
        let scales = scheme.scales.iter();
        let fits = *self.scheme == *scheme.code
            && self.marks.len() == scheme.scales.len()
            && scales.zip(&self.marks).all(|(scale, mark)| (1..=scale.marks.len()).contains(&usize::from(*mark)));
        let product: u32 = self.marks.iter().map(|mark| u32::from(*mark)).product();
        if !fits || self.marks.is_empty() {
            return None;
        }
        Some(match product {
            _ if product >= scheme.urgent_from => Severity::Urgent,
            _ if product >= scheme.important_from => Severity::Important,
            _ => Severity::Recommended,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::load;

    fn rated(scheme: &str, marks: &[u8]) -> Rating {
        Rating { scheme: scheme.into(), marks: marks.to_vec() }
    }

    #[test]
    fn a_rating_proposes_by_the_product_of_its_marks() {
        let catalogue = load::embedded();
        let cases: [(&str, &[u8], Option<Severity>); 12] = [
            ("risk5", &[2], Some(Severity::Recommended)),
            ("risk5", &[3], Some(Severity::Important)),
            ("risk5", &[4], Some(Severity::Urgent)),
            ("matrix5", &[1, 5], Some(Severity::Recommended)),
            ("matrix5", &[2, 3], Some(Severity::Important)),
            ("matrix5", &[3, 5], Some(Severity::Urgent)),
            ("matrix5", &[5, 5], Some(Severity::Urgent)),
            ("risk5", &[6], None),
            ("risk5", &[0], None),
            ("matrix5", &[3], None),
            ("matrix5", &[3, 3, 3], None),
            ("levels", &[], None),
        ];
        for (code, marks, proposed) in cases {
            let scheme =
                catalogue.schemes.iter().find(|scheme| *scheme.code == *code).expect("a scheme of the catalogue");
            assert_eq!(rated(code, marks).proposes(scheme), proposed, "{code} {marks:?}");
        }
    }

    #[test]
    fn a_rating_of_no_scheme_is_not_sound() {
        assert!(rated("risk5", &[5]).is_sound());
        assert!(rated("gone since", &[1, 20, 3, 4]).is_sound());
        for (scheme, marks) in
            [("risk5", &[][..]), ("risk5", &[0]), ("risk5", &[21]), ("risk5", &[1; 5]), ("a\nb", &[1])]
        {
            assert!(!rated(scheme, marks).is_sound(), "{scheme:?} {marks:?}");
        }
    }
}
