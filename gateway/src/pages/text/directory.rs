//! The words of signing in by the city's own directory.

use super::Lang;
use crate::people::directory::DirectoryError;

words! {
    directory_or: "Ή με κωδικό πρόσβασης του συστήματος", "Or with a password of this system";
}

impl Lang {
    /// What the link to the directory says.
    pub(in crate::pages) fn directory_enter(self, name: &str) -> String {
        match self {
            Lang::El => format!("Σύνδεση με: {name}"),
            Lang::En => format!("Sign in with {name}"),
        }
    }

    /// The directory knows who it is, and nobody here does.
    pub(in crate::pages) fn directory_no_account(self, name: &str) -> String {
        match self {
            Lang::El => format!(
                "{name}: σας αναγνώρισε, αλλά δεν έχετε ενεργό λογαριασμό εδώ. Ζητήστε τον από τον διαχειριστή."
            ),
            Lang::En => {
                format!("{name} knows you, but you have no account in force here. Ask an administrator for one.")
            }
        }
    }

    /// Why the directory did not let somebody in, and what to do.
    pub(in crate::pages) const fn directory_error(self, error: &DirectoryError) -> &'static str {
        match (error, self) {
            (DirectoryError::Unreachable(_) | DirectoryError::Secret(_), Lang::El) => {
                "Ο κατάλογος δεν απαντά αυτή τη στιγμή. Δοκιμάστε σε λίγο, ή συνδεθείτε με κωδικό πρόσβασης του συστήματος."
            }
            (DirectoryError::Unreachable(_) | DirectoryError::Secret(_), Lang::En) => {
                "The directory does not answer now. Try again soon, or sign in with a password of this system."
            }
            (DirectoryError::State, Lang::El) => {
                "Η σύνδεση άργησε ή άρχισε σε άλλο πρόγραμμα περιήγησης. Ξεκινήστε την πάλι από εδώ."
            }
            (DirectoryError::State, Lang::En) => {
                "Signing in took too long, or began in another browser. Begin again here."
            }
            (DirectoryError::Refused, Lang::El) => "Ο κατάλογος δεν σας συνέδεσε. Ξεκινήστε πάλι από εδώ.",
            (DirectoryError::Refused, Lang::En) => "The directory did not sign you in. Begin again here.",
            (DirectoryError::Token(_), Lang::El) => {
                "Η απάντηση του καταλόγου δεν είναι αξιόπιστη. Ειδοποιήστε τον διαχειριστή."
            }
            (DirectoryError::Token(_), Lang::En) => {
                "The directory's answer is not to be believed. Tell an administrator."
            }
        }
    }
}
