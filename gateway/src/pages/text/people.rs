//! The words of signing in and of one's own account.

use super::Lang;
use crate::people::{PeopleError, Role, Weakness};

words! {
    sign_in: "Σύνδεση", "Sign in";
    sign_out: "Αποσύνδεση", "Sign out";
    login: "Όνομα σύνδεσης", "Login";
    password: "Κωδικός πρόσβασης", "Password";
    new_password: "Νέος κωδικός πρόσβασης", "New password";
    old_password: "Ο κωδικός που έχετε", "The password you have";
    password_rule: "Τουλάχιστον 12 χαρακτήρες. Μια φράση που θυμάστε είναι καλύτερη από λίγα σύμβολα.", "At least 12 characters. A phrase that you remember is better than a few symbols.";
    no_account: "Λογαριασμό δίνει ο διαχειριστής. Αν ξεχάσατε τον κωδικό σας, ζητήστε του νέο σύνδεσμο.", "An administrator gives accounts. If you forgot your password, ask for a new link.";
    your_name: "Ονοματεπώνυμο", "Name";
    welcome_title: "Ορίστε τον κωδικό σας", "Set your password";
    welcome_first: "Κανείς δεν έχει οριστεί ακόμη διαχειριστής. Όποιος συμπληρώσει αυτή τη σελίδα γίνεται ο πρώτος.", "Nobody is an administrator yet. Whoever fills in this page becomes the first.";
    welcome_says: "Ο σύνδεσμος ισχύει μία φορά. Με τον κωδικό αυτό θα συνδέεστε από εδώ και πέρα.", "The link works once. From now on you sign in with this password.";
    set_it: "Ορισμός", "Set it";
    code_title: "Ο κωδικός της συσκευής σας", "The code of your device";
    code_says: "Έξι ψηφία από την εφαρμογή κωδικών του τηλεφώνου σας, ή ένας εφεδρικός κωδικός.", "Six digits of the authenticator on your phone, or a recovery code.";
    six_digits: "Κωδικός", "Code";
    go_on: "Συνέχεια", "Go on";
    account: "Ο λογαριασμός μου", "My account";
    role_word: "Ρόλος", "Role";
    valid_until: "Ισχύει έως", "Valid until";
    without_end: "χωρίς λήξη", "without an end";
    held_to: "Μόνο για τις θέσεις", "Only for the sites";
    codes_title: "Κωδικοί μιας χρήσης", "One-time codes";
    codes_needed: "Ως διαχειριστής συνδέεστε και με κωδικό μιας χρήσης. Ορίστε τον τώρα· ως τότε δεν ανοίγει καμία άλλη σελίδα.", "As an administrator you sign in with a one-time code too. Set it up now; until then no other page opens.";
    codes_off: "Συνδέεστε μόνο με κωδικό πρόσβασης. Ένας κωδικός μιας χρήσης προστατεύει τον λογαριασμό ακόμη κι αν κλαπεί ο κωδικός πρόσβασης.", "You sign in with a password alone. A one-time code protects the account even when the password is stolen.";
    codes_on: "Σε κάθε σύνδεση ζητείται και κωδικός μιας χρήσης. Εφεδρικοί κωδικοί που απομένουν:", "A one-time code is asked for at each sign-in. Recovery codes left:";
    codes_how: "Σαρώστε την εικόνα με την εφαρμογή κωδικών του τηλεφώνου σας, ή πληκτρολογήστε εκεί το κλειδί. Μετά γράψτε εδώ τον κωδικό που δείχνει.", "Scan the picture with the authenticator on your phone, or type the key there. Then enter here the code that it shows.";
    codes_key: "Κλειδί", "Key";
    codes_qr: "Εικόνα QR με το ίδιο κλειδί", "QR picture with the same key";
    codes_confirm: "Ενεργοποίηση", "Turn on";
    codes_drop: "Απενεργοποίηση", "Turn off";
    recovery_title: "Εφεδρικοί κωδικοί", "Recovery codes";
    recovery_says: "Φαίνονται μόνο τώρα. Τυπώστε τους ή γράψτε τους και φυλάξτε τους χωριστά από το τηλέφωνο· καθένας ισχύει μία φορά.", "They are shown this once. Print them or write them down, and keep them apart from the phone; each works once.";
    to_account: "Στον λογαριασμό μου", "To my account";
    sessions: "Από πού έχετε συνδεθεί", "Where you are signed in";
    session_here: "εδώ", "here";
    session_from: "Από", "From";
    session_browser: "Πρόγραμμα", "Browser";
    session_seen: "Τελευταία χρήση", "Last used";
    end_others: "Τερματισμός όλων των άλλων", "End all the others";
    end_others_says: "Όπου αλλού είστε συνδεδεμένοι θα ζητηθεί ξανά ο κωδικός.", "Wherever else you are signed in the password is asked for again.";
    password_set: "Ο κωδικός άλλαξε. Οι άλλες συνδέσεις σας τερματίστηκαν.", "The password is changed. Your other sessions have ended.";
    codes_dropped: "Οι κωδικοί μιας χρήσης απενεργοποιήθηκαν.", "One-time codes are turned off.";
    others_ended: "Οι άλλες συνδέσεις σας τερματίστηκαν.", "Your other sessions have ended.";
    link_over: "Ο σύνδεσμος έχει χρησιμοποιηθεί ή έληξε", "The link was used, or its time is over";
    link_over_do: "Ζητήστε από τον διαχειριστή νέο σύνδεσμο.", "Ask an administrator for another.";
}

impl Lang {
    /// The role's name.
    pub(in crate::pages) const fn role(self, role: Role) -> &'static str {
        match (role, self) {
            (Role::Technician, Lang::El) => "τεχνικός",
            (Role::Technician, Lang::En) => "technician",
            (Role::Operator, Lang::El) => "χειριστής",
            (Role::Operator, Lang::En) => "operator",
            (Role::Inspector, Lang::El) => "επιθεωρητής",
            (Role::Inspector, Lang::En) => "inspector",
            (Role::Auditor, Lang::El) => "ελεγκτής",
            (Role::Auditor, Lang::En) => "auditor",
            (Role::Administrator, Lang::El) => "διαχειριστής",
            (Role::Administrator, Lang::En) => "administrator",
        }
    }

    /// What went wrong and what to do, for the person before the page.
    pub(in crate::pages) fn people_error(self, error: &PeopleError) -> String {
        let greek = self == Lang::El;
        let text = match error {
            PeopleError::Wrong if greek => "Το όνομα ή ο κωδικός δεν είναι σωστά.",
            PeopleError::Wrong => "The login or the password is wrong.",
            PeopleError::TooOften(seconds) => {
                let minutes = seconds.div_ceil(60);
                return if greek {
                    format!(
                        "Πολλές αποτυχημένες προσπάθειες. Δοκιμάστε ξανά σε {minutes} λεπτά, ή ζητήστε σύνδεσμο από τον διαχειριστή."
                    )
                } else {
                    format!(
                        "Too many attempts failed. Try again in {minutes} minutes, or ask an administrator for a link."
                    )
                };
            }
            PeopleError::Code if greek => {
                "Ο κωδικός δεν είναι σωστός ή έχει ήδη χρησιμοποιηθεί. Περιμένετε τον επόμενο."
            }
            PeopleError::Code => "The code is wrong or was used already. Wait for the next one.",
            PeopleError::Password(weakness) => return self.weakness(*weakness).to_owned(),
            PeopleError::Login if greek => "Το όνομα σύνδεσης έχει 2 έως 64 γράμματα, ψηφία και . - _ @",
            PeopleError::Login => "A login is 2 to 64 letters, digits and . - _ @",
            PeopleError::LoginTaken(_) if greek => "Το όνομα σύνδεσης το έχει άλλος.",
            PeopleError::LoginTaken(_) => "Somebody else has that login.",
            PeopleError::Text(_) if greek => "Λείπει ένα πεδίο ή είναι μεγαλύτερο από 200 χαρακτήρες.",
            PeopleError::Text(_) => "A field is missing or longer than 200 characters.",
            PeopleError::Site if greek => "Μια θέση γράφεται με τον κωδικό της στον κατάλογο, έως 200 θέσεις.",
            PeopleError::Site => "A site is written by its code in the catalogue; 200 sites at most.",
            PeopleError::Until if greek => "Η λήξη είναι στο παρελθόν, ή δεν είναι ημερομηνία.",
            PeopleError::Until => "The end lies in the past, or is no date.",
            PeopleError::External if greek => {
                "Όποιος δεν ανήκει στον δήμο έχει λήξη και θέσεις στις οποίες περιορίζεται."
            }
            PeopleError::External => {
                "Someone from outside the municipality has an end and the sites that they are held to."
            }
            PeopleError::LastAdministrator if greek => {
                "Είναι ο τελευταίος διαχειριστής που μπορεί να συνδεθεί. Ορίστε πρώτα άλλον, και περιμένετε να συνδεθεί."
            }
            PeopleError::LastAdministrator => {
                "This is the last administrator who can sign in. Make another first, and wait until they have signed in."
            }
            PeopleError::Unknown(_) if greek => "Δεν υπάρχει πια. Κάποιος άλλος το άλλαξε στο μεταξύ.",
            PeopleError::Unknown(_) => "It is no longer there. Somebody else changed it meanwhile.",
            PeopleError::Full(most) if greek => return format!("Υπάρχουν ήδη {most}, όσα επιτρέπονται."),
            PeopleError::Full(most) => return format!("There are {most} already, as many as may be."),
            PeopleError::Link => return self.link_over().to_owned(),
            PeopleError::CodeNeeded if greek => "Ο διαχειριστής συνδέεται πάντα με κωδικό μιας χρήσης.",
            PeopleError::CodeNeeded => "An administrator always signs in with a one-time code.",
            other => return other.to_string(),
        };
        text.to_owned()
    }

    const fn weakness(self, weakness: Weakness) -> &'static str {
        match (weakness, self) {
            (Weakness::Short, Lang::El) => "Ο κωδικός έχει λιγότερους από 12 χαρακτήρες.",
            (Weakness::Short, Lang::En) => "The password has fewer than 12 characters.",
            (Weakness::Long, Lang::El) => "Ο κωδικός είναι πολύ μεγάλος.",
            (Weakness::Long, Lang::En) => "The password is too long.",
            (Weakness::Plain, Lang::El) => "Ο κωδικός επαναλαμβάνει λίγους χαρακτήρες ή ακολουθεί το πληκτρολόγιο.",
            (Weakness::Plain, Lang::En) => "The password repeats a few characters, or follows the keyboard.",
            (Weakness::Common, Lang::El) => "Ο κωδικός είναι από αυτούς που δοκιμάζονται πρώτοι.",
            (Weakness::Common, Lang::En) => "The password is one of those that are tried first.",
        }
    }
}
