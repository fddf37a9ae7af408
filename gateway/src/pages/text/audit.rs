//! The words of the audit log and of data protection.

use super::Lang;

words! {
    audit_entry: "Εγγραφή", "Entry";
    audit_answer: "Κάθε αλλαγή και κάθε σύνδεση, με το ποιος, πότε, από πού και γιατί. Οι εγγραφές δεν αλλάζουν· καθεμία δένεται με την προηγούμενη.", "Every change and every sign-in: who, when, from where and why. Entries are never changed; each is chained to the one before.";
    audit_text: "Κείμενο", "Text";
    audit_category: "Θέμα", "About";
    audit_all: "όλα", "everything";
    audit_from: "Από", "From";
    audit_until: "Έως και", "Until and with";
    audit_actor: "Ποιος", "Who";
    audit_subject: "Σε τι", "To what";
    audit_source: "Από πού", "From where";
    audit_when: "Πότε", "When";
    audit_what: "Τι", "What";
    audit_refused: "απορρίφθηκε", "refused";
    audit_refused_only: "Μόνο όσα απορρίφθηκαν", "Only what was refused";
    audit_none_match: "Καμία εγγραφή δεν ταιριάζει. Δοκιμάστε με λιγότερα κριτήρια.", "No entry matches. Try with less.";
    audit_empty: "Καμία εγγραφή ακόμη.", "No entry yet.";
    audit_chain: "Η αλυσίδα", "The chain";
    audit_unverified: "Δεν έχει επαληθευθεί από τότε που ξεκίνησε η πύλη.", "Not verified since the gateway started.";
    audit_verify: "Επαλήθευση όλου του αρχείου", "Verify the whole log";
    audit_verifying: "Κάποιος άλλος την επαληθεύει αυτή τη στιγμή. Δοκιμάστε σε λίγο.", "Somebody else is verifying it now. Try again soon.";
    audit_broken_do: "Κρατήστε αντίγραφο του records.db, μη διορθώσετε τίποτε, και βρείτε ποιος μπορούσε να γράψει στο αρχείο.", "Keep a copy of records.db, mend nothing, and find out who could write the file.";
    audit_head: "Κεφαλή", "Head";
    audit_head_says: "Κρατήστε την όπου δεν την αλλάζει όποιος διαχειρίζεται αυτό το μηχάνημα.", "Keep it where whoever runs this machine cannot change it.";
    audit_heads: "Κεφαλές που κρατήσατε", "Heads that you kept";
    audit_heads_says: "Προαιρετικά: μία σε κάθε γραμμή, ή όλο το αρχείο [audit] head_file. Έτσι φαίνεται και μια αλυσίδα που ξαναγράφτηκε ολόκληρη.", "Optional: one to a line, or the whole file of [audit] head_file. With them a chain that was rewritten as a whole shows too.";
    audit_head_wrong: "Μια γραμμή δεν τελειώνει με κεφαλή: αριθμός εγγραφής, άνω και κάτω τελεία, 64 δεκαεξαδικά ψηφία.", "A line does not end with a head: the number of an entry, a colon, 64 hexadecimal digits.";
    audit_export: "Υπογεγραμμένο αντίγραφο", "Signed copy";
    audit_export_says: "Για τον εσωτερικό έλεγχο: ένα αρχείο με υπογραφή ed25519, που ελέγχεται χωρίς την πύλη με την εντολή city-gateway audit check. Και η λήψη του γράφεται εδώ.", "For internal audit: a file signed with ed25519, which city-gateway audit check verifies without the gateway. That it was taken is written here too.";
    audit_export_do: "Λήψη", "Download";
    audit_days_wrong: "Η πρώτη ημέρα είναι μετά την τελευταία, ή μια ημερομηνία δεν διαβάζεται.", "The first day is after the last, or a date cannot be read.";
    audit_changes: "Τι άλλαξε", "What changed";
    audit_part: "Πεδίο", "Field";
    audit_before: "Πριν", "Before";
    audit_after: "Μετά", "After";
    data_answer: "Τι τηρείται για ανθρώπους, γιατί και για πόσο (μητρώο δραστηριοτήτων, ΓΚΠΔ άρθρο 30).", "What is held of people, why, and for how long (record of processing, GDPR article 30).";
    data_what: "Τι", "What";
    data_why: "Γιατί", "Why";
    data_ground: "Νόμιμη βάση", "Ground";
    data_kept: "Τηρείται", "Kept";
    data_asked: "Αν ζητηθεί διαγραφή", "When erasure is asked for";
    data_erased: "Διαγράφεται", "Erased";
    data_elsewhere: "Εκτός της πύλης", "Beside the gateway";
    data_with_node: "Όσο είναι γνωστός ο κόμβος", "As long as its node is known";
    data_stays: "Μένει", "Stays";
    data_retention: "Χρόνοι τήρησης", "How long things are kept";
    data_class: "Είδος", "Class";
    data_days: "Ημέρες", "Days";
    data_last_run: "Τελευταία εκτέλεση", "Last run";
    data_last_removed: "Αφαιρέθηκαν", "Removed";
    data_no_run: "ακόμη καμία", "none yet";
    data_observations: "Μετρήσεις", "Readings";
    data_aggregates: "Συγκεντρωτικές τιμές", "Aggregates";
    data_rejections: "Απορρίψεις με τα δεδομένα τους", "Rejections with their bytes";
    data_accounts: "Ονόματα μετά τη λήξη του δικαιώματος", "Names after their right has ended";
    data_audit: "Αρχείο ενεργειών", "Audit log";
    data_requests: "Αιτήματα διαγραφής", "Requests for erasure";
    data_no_requests: "Κανένα αίτημα ακόμη. Η διαγραφή γίνεται στη σελίδα του κάθε ανθρώπου, από όποιον διαχειρίζεται λογαριασμούς.", "No request yet. Erasing is done on each person's page, by who manages accounts.";
    data_requests_do: "Άνθρωποι και λογαριασμοί", "People and accounts";
    data_found_none: "Τίποτε από όσα διαγράφηκαν δεν ξαναβρέθηκε στα αρχεία.", "Nothing that was erased was found in the files again.";
    data_found_some: "Κάτι από όσα διαγράφηκαν ξαναβρέθηκε στα αρχεία: δείτε την εγγραφή.", "Something that was erased was found in the files again: see the entry.";
}

/// What entries call a deed, in Greek.
const DEEDS: &[(&str, &str)] = &[
    ("accept link", "ορισμός κωδικού μέσω συνδέσμου"),
    ("accident", "ατύχημα"),
    ("acknowledge", "ανάληψη"),
    ("add token", "νέο διακριτικό"),
    ("add", "προσθήκη"),
    ("answer erasure", "απάντηση σε αίτημα διαγραφής"),
    ("application ended", "λήξη αίτησης"),
    ("applied", "βήμα προς πιστοποιητικό"),
    ("backup", "αντίγραφο ασφαλείας"),
    ("barred", "ακινητοποίηση"),
    ("bind secret", "δέσμευση μυστικού"),
    ("bind to directory", "σύνδεση με τον κατάλογο"),
    ("block", "αποκλεισμός"),
    ("calibrate", "βαθμονόμηση"),
    ("called", "έκτακτη επιθεώρηση"),
    ("certified", "πιστοποιητικό"),
    ("change", "αλλαγή"),
    ("clear", "λήξη ειδοποίησης"),
    ("closed", "κλείσιμο ευρήματος"),
    ("closing agreed", "συμφωνία στο κλείσιμο"),
    ("closing refused", "διαφωνία στο κλείσιμο"),
    ("command", "εντολή"),
    ("dismantled", "αποξήλωση"),
    ("drop codes", "απενεργοποίηση κωδικών"),
    ("drop rule", "αφαίρεση κανόνα"),
    ("end maintenance", "λήξη συντήρησης"),
    ("enrol", "εγγραφή"),
    ("erase", "διαγραφή"),
    ("escalate", "ειδοποίηση υπηρεσίας"),
    ("export", "εξαγωγή"),
    ("filed", "αρχειοθέτηση"),
    ("find nobody on call", "κανείς σε υπηρεσία"),
    ("find unanswered", "κανείς δεν απάντησε"),
    ("follow", "συνέπεια κανόνα"),
    ("found", "εύρημα"),
    ("give link", "νέος σύνδεσμος"),
    ("hand over shift", "παράδοση βάρδιας"),
    ("inspected", "επιθεώρηση"),
    ("issue certificate", "έκδοση πιστοποιητικού"),
    ("keep", "νέο αρχείο"),
    ("lockout ordered", "εντολή ακινητοποίησης"),
    ("maintained", "συντήρηση"),
    ("make authority", "δημιουργία αρχής πιστοποίησης"),
    ("merge", "ένταξη σε άλλη ειδοποίηση"),
    ("note shift", "σημείωση βάρδιας"),
    ("note", "σημείωση"),
    ("plan maintenance", "δήλωση συντήρησης"),
    ("put on call", "ορισμός υπηρεσίας"),
    ("raise again", "επανήλθε"),
    ("raise", "ειδοποίηση"),
    ("reclassified", "αλλαγή σοβαρότητας"),
    ("released", "επαναφορά σε χρήση"),
    ("replay", "επανάληψη"),
    ("request", "αίτημα"),
    ("rest rule", "ανάπαυση κανόνα"),
    ("restore", "επαναφορά"),
    ("restricted", "περιορισμός χρήσης"),
    ("retention", "τήρηση"),
    ("revoke certificate", "ανάκληση πιστοποιητικού"),
    ("revoke token", "ανάκληση διακριτικού"),
    ("revoke", "ανάκληση"),
    ("rotate secret", "νέο μυστικό"),
    ("set identity", "αλλαγή στοιχείων"),
    ("set password", "αλλαγή κωδικού"),
    ("set rights", "αλλαγή δικαιωμάτων"),
    ("set rule", "κανόνας"),
    ("set up codes", "ενεργοποίηση κωδικών"),
    ("set", "αλλαγή"),
    ("sign in", "σύνδεση"),
    ("sign in, locked", "σύνδεση, κλειδωμένος λογαριασμός"),
    ("sign out elsewhere", "τερματισμός άλλων συνδέσεων"),
    ("sign out", "αποσύνδεση"),
    ("take off call", "αφαίρεση από υπηρεσία"),
    ("take over shift", "παραλαβή βάρδιας"),
    ("taken over", "απόφαση για αυτόματη ακινητοποίηση"),
    ("tell head", "κοινοποίηση κεφαλής"),
    ("test delivery", "δοκιμή αποστολής"),
    ("trim", "αφαίρεση παλαιών"),
    ("unblock", "άρση αποκλεισμού"),
    ("unrestricted", "άρση περιορισμού"),
    ("unrevoke", "άρση ανάκλησης"),
    ("wake rule", "ξύπνημα κανόνα"),
    ("withdrawn", "απόσυρση πιστοποιητικού"),
    ("work cancelled", "ακύρωση εντολής εργασίας"),
    ("work done", "εργασία ολοκληρώθηκε"),
    ("work ordered", "εντολή εργασίας"),
];

impl Lang {
    /// For how long something is kept.
    pub(in crate::pages) fn days_kept(self, days: u64) -> String {
        match (self, days) {
            (Lang::El, 1) => "1 ημέρα".to_owned(),
            (Lang::El, _) => format!("{days} ημέρες"),
            (Lang::En, 1) => "1 day".to_owned(),
            (Lang::En, _) => format!("{days} days"),
        }
    }

    /// What a category of entries is called.
    pub(in crate::pages) fn category(self, code: &str) -> &'static str {
        match (code, self) {
            ("registry", Lang::El) => "κόμβοι",
            ("registry", Lang::En) => "nodes",
            ("people", Lang::El) => "άνθρωποι",
            ("people", Lang::En) => "people",
            ("access", Lang::El) => "πρόσβαση",
            ("access", Lang::En) => "access",
            ("equipment", Lang::El) => "εξοπλισμός",
            ("equipment", Lang::En) => "equipment",
            ("alerts", Lang::El) => "ειδοποιήσεις",
            ("alerts", Lang::En) => "alerts",
            ("keys", Lang::El) => "πιστοποιητικά",
            ("keys", Lang::En) => "certificates",
            ("data", Lang::El) => "δεδομένα",
            ("data", Lang::En) => "data",
            ("audit", Lang::El) => "το ίδιο το αρχείο",
            ("audit", Lang::En) => "the log itself",
            (_, Lang::El) => "άλλο",
            (_, Lang::En) => "other",
        }
    }

    /// What was done or tried, as an entry calls it.
    pub(in crate::pages) fn deed(self, what: &str) -> &str {
        let greek = || DEEDS.iter().find(|(name, _)| *name == what).map(|(_, greek)| *greek);
        match self {
            Lang::El => greek().unwrap_or(what),
            Lang::En => what,
        }
    }

    /// Why, as an entry says it: what the gateway itself writes there in the reader's language, what people wrote as it is.
    pub(in crate::pages) fn deed_reason(self, reason: &str) -> &str {
        match (reason, self) {
            ("forbidden", Lang::El) => "χωρίς αυτό το δικαίωμα",
            ("forbidden", Lang::En) => "without that right",
            ("code_first", Lang::El) => "πριν οριστούν κωδικοί μιας χρήσης",
            ("code_first", Lang::En) => "before one-time codes were set up",
            ("not_signed_in", Lang::El) => "χωρίς σύνδεση",
            ("not_signed_in", Lang::En) => "without signing in",
            ("origin", Lang::El) => "από σελίδα άλλου διακομιστή",
            ("origin", Lang::En) => "from a page of another host",
            ("host", Lang::El) => "με το όνομα άλλου διακομιστή",
            ("host", Lang::En) => "by the name of another host",
            ("the first administrator", Lang::El) => "ο πρώτος διαχειριστής",
            ("the first secret it showed", Lang::El) => "το πρώτο μυστικό που έδειξε",
            ("open enrolment", Lang::El) => "ανοιχτή εγγραφή",
            ("its time was over", Lang::El) => "έληξε ο χρόνος του",
            ("by the directory", Lang::El) => "από τον κατάλογο",
            (other, _) => other,
        }
    }

    /// That a span is too long for one copy.
    pub(in crate::pages) fn audit_too_many(self, most: usize) -> String {
        match self {
            Lang::El => format!("Το διάστημα έχει πάνω από {most} εγγραφές: πάρτε το σε μέρη."),
            Lang::En => format!("The span holds more than {most} entries: take it in parts."),
        }
    }

    /// When the chain was verified, and what came of it.
    pub(in crate::pages) fn audit_verified(self, whole: bool, entries: u64, heads: usize, when: &str) -> String {
        match (self, whole) {
            (Lang::El, true) => format!("Ακέραιη: {entries} εγγραφές, {heads} κεφαλές, επαληθεύθηκε {when}"),
            (Lang::El, false) => format!("Δεν είναι ό,τι γράφτηκε: {entries} εγγραφές, {heads} κεφαλές, {when}"),
            (Lang::En, true) => format!("Whole: {entries} entries, {heads} heads, verified {when}"),
            (Lang::En, false) => format!("Not what was written: {entries} entries, {heads} heads, {when}"),
        }
    }
}
