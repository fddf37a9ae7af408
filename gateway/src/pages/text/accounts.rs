//! Words of deciding who may do what: people, the review of rights, tokens, and what stands behind "more".

use super::Lang;
use crate::people::Permission;

words! {
    forbidden: "Δεν έχετε αυτό το δικαίωμα", "You may not do this";
    forbidden_do: "Ο ρόλος σας δεν το επιτρέπει, και η προσπάθεια γράφτηκε στο αρχείο ενεργειών. Αν το χρειάζεστε για τη δουλειά σας, ζητήστε το από τον διαχειριστή.", "Your role does not allow it, and the attempt is in the audit log. If your work needs it, ask an administrator.";

    more_city: "Η πύλη", "The gateway";
    more_nodes: "Κόμβοι", "Nodes";
    more_people: "Ποιος επιτρέπεται να κάνει τι", "Who may do what";
    more_proof: "Έλεγχος και τεκμήρια", "Review and evidence";
    more_rejections: "Ό,τι δεν μπόρεσε να χρησιμοποιηθεί, με την αιτία", "What could not be used, and why";
    more_sinks: "Πού προωθούνται οι τιμές, και πόσο πίσω είναι", "Where values are forwarded to, and how far behind it is";
    more_about: "Έκδοση, όρια των δεδομένων, όψη, προσβάσεις για προγράμματα", "Version, limits of the data, look, ways in for programs";
    more_account: "Κωδικός, κωδικοί μιας χρήσης, από πού έχετε συνδεθεί", "Password, one-time codes, where you are signed in";
    add_node: "Προσθήκη κόμβου", "Add a node";
    more_add_node: "Ο κωδικός του εμφανίζεται μία φορά", "Its secret is shown once";
    import_nodes: "Κόμβοι από αρχείο CSV", "Nodes from a CSV file";
    more_import: "Πολλοί μαζί", "Many at a time";
    knocking: "Άγνωστοι κόμβοι", "Unknown nodes";
    more_knocking: "Ποιοι προσπάθησαν να συνδεθούν και γιατί δεν έγιναν δεκτοί", "Who tried to come in, and why they were not let in";
    more_certificates: "Ποιος κόμβος δείχνει ποιο πιστοποιητικό και έως πότε", "Which node shows which certificate, and until when";
    more_accounts: "Λογαριασμοί, ρόλοι, σύνδεσμοι, αποκλεισμός", "Accounts, roles, links, blocking";
    more_tokens: "Κλειδιά άλλων συστημάτων που διαβάζουν μετρήσεις", "Keys of other systems that read";
    more_rights: "Εκτυπώσιμος κατάλογος προς υπογραφή", "A list to be printed and signed";
    audit_log: "Αρχείο ενεργειών", "Audit log";
    more_audit: "Ποιος έκανε τι και πότε, και αν η αλυσίδα είναι ακέραια", "Who did what and when, and whether the chain is whole";
    data_protection: "Προστασία δεδομένων", "Data protection";
    more_data: "Τι τηρείται για πρόσωπα, γιατί και για πόσο", "What is held of people, why, and for how long";

    people: "Άνθρωποι", "People";
    people_alone: "Μόνο εσείς έχετε λογαριασμό. Προσθέστε παρακάτω τον πρώτο συνάδελφο: παίρνει έναν σύνδεσμο, με τον οποίο ορίζει μόνος του τον κωδικό του.", "Only you have an account. Add the first colleague below: they get a link, by which they set their own password.";
    person_state: "Κατάσταση", "State";
    person_invited: "δεν έχει συνδεθεί ακόμη", "invited, not in yet";
    person_active: "ενεργός", "active";
    person_over: "έληξε", "ended";
    person_blocked: "αποκλεισμένος", "blocked";
    person_erased: "διαγραμμένος", "erased";
    person_no_codes: "χωρίς κωδικούς μιας χρήσης", "has no one-time codes";
    last_in: "Τελευταία σύνδεση", "Last signed in";
    codes_short: "Κωδικοί", "Codes";
    yes: "ναι", "yes";
    no: "όχι", "no";
    sites: "Θέσεις", "Sites";
    every_site: "όλες", "all";
    outside: "εκτός δήμου", "from outside";
    pseudonym: "Ψευδώνυμο", "Pseudonym";
    employer: "Εργοδότης", "Employer";
    account_since: "Λογαριασμός από", "Account since";
    add_person: "Προσθήκη ανθρώπου", "Add a person";
    add_person_says: "Δεν ορίζετε κωδικό για κανέναν. Εμφανίζεται μία φορά ένας σύνδεσμος· δώστε τον στον ίδιο.", "You set nobody's password. A link is shown once; hand it to the person.";
    login_rule: "2 έως 64 γράμματα, ψηφία και . - _ @", "2 to 64 letters, digits and . - _ @";
    outside_says: "Δεν ανήκει στον δήμο (χρειάζεται λήξη και θέσεις)", "Not of the municipality (needs an end and sites)";
    if_outside: "Αν δεν είναι ο δήμος", "When it is not the municipality";
    sites_rule: "Κωδικοί χωρισμένοι με κόμμα· κενό για όλες. Όποιος περιορίζεται σε θέσεις βλέπει προς το παρόν μόνο τον λογαριασμό του.", "Codes with commas between; empty for all. Who is held to sites sees only their own account for now.";
    site_codes: "Οι κωδικοί των θέσεων", "The codes of the sites";
    no_such_site: "Δεν υπάρχει τέτοια θέση στον κατάλογο:", "There is no such site in the catalogue:";
    until_rule: "Τελευταία ημέρα· κενό για χωρίς λήξη", "The last day; empty for no end";
    why_asked: "Αιτία", "Reason";
    why_rule: "Μένει στο αρχείο ενεργειών. Μη γράφετε ονόματα.", "Kept in the audit log. Write no names.";
    why_missing: "Γράψτε την αιτία: τίποτε δεν άλλαξε.", "Write the reason: nothing is changed.";
    add_do: "Προσθήκη", "Add";
    link_for: "Σύνδεσμος για", "Link for";
    link_once: "Εμφανίζεται μόνο τώρα και ισχύει μία φορά. Αντιγράψτε τον και δώστε τον στον ίδιο, όχι με μήνυμα που διαβάζουν άλλοι. Ισχύει έως", "It is shown this once and works once. Copy it and hand it to the person, not by a message that others read. It holds until";

    rights_change: "Αλλαγή δικαιωμάτων", "Change the rights";
    rights_says: "Ισχύουν αμέσως, και στις συνδέσεις που έχει ήδη.", "They hold at once, in the sessions that the person has too.";
    rights_do: "Αλλαγή", "Change";
    rights_done: "Τα δικαιώματα άλλαξαν.", "The rights are changed.";
    link_new: "Νέος σύνδεσμος", "New link";
    link_says: "Για όποιον έχασε τον σύνδεσμο, τον κωδικό ή τη συσκευή με τους κωδικούς μιας χρήσης. Ο προηγούμενος σύνδεσμος παύει να ισχύει· ο κωδικός πρόσβασης ισχύει ώσπου να χρησιμοποιηθεί ο νέος.", "For who lost the link, the password, or the device with the one-time codes. The link before works no more; the password holds until the new link is used.";
    link_do: "Έκδοση συνδέσμου", "Make the link";
    block_word: "Αποκλεισμός", "Block";
    block_says: "Οι συνδέσεις του τερματίζονται αμέσως και δεν γίνεται δεκτός. Αναιρείται με την άρση αποκλεισμού· μετά το διάστημα τήρησης διαγράφεται το όνομα.", "Their sessions end at once and they are let in no more. Unblocking undoes it; after the time that accounts are kept the name is erased.";
    block_do: "Ναι, αποκλεισμός", "Yes, block";
    block_done: "Αποκλείστηκε· οι συνδέσεις του τερματίστηκαν.", "Blocked; their sessions have ended.";
    unblock_word: "Άρση αποκλεισμού", "Unblock";
    unblock_says: "Συνδέεται ξανά με τον κωδικό που είχε.", "They come in again with the password they had.";
    unblock_done: "Γίνεται ξανά δεκτός.", "Let in again.";
    erase_word: "Διαγραφή στοιχείων", "Erase who this is";
    erase_offer: "Όταν το ζητήσει ο ίδιος, ή δεν χρειάζεται πια. Πριν γίνει, βλέπετε τι διαγράφεται, τι μένει, έως πότε και γιατί.", "When the person asks for it, or it is no longer needed. Before it is done you see what goes, what stays, until when and why.";
    erase_begin: "Διαγραφή…", "Erase…";
    erase_title: "Διαγραφή των στοιχείων:", "Erase who this is:";
    erase_says: "Δεν αναιρείται. Ο λογαριασμός κλείνει αμέσως. Όσα έκανε μένουν με το ψευδώνυμο, που δεν λέει ποιος είναι.", "This cannot be undone. The account closes at once. What the person did stays under the pseudonym, which does not tell who it is.";
    erase_class: "Στοιχεία", "Data";
    erase_fate: "Τι γίνεται", "What becomes of it";
    erase_ground: "Λόγος", "Ground";
    fate_erased: "διαγράφεται", "is erased";
    fate_gone: "διαγράφηκε", "erased";
    fate_kept: "μένει, το πολύ έως", "kept, at the latest until";
    fate_with_node: "μένει όσο είναι γνωστός ο κόμβος", "kept as long as its node is known";
    fate_with_record: "μένει με το ιστορικό του εξοπλισμού, με το ψευδώνυμο", "kept with the record of equipment, by pseudonym";
    data_with_record: "με το ιστορικό του εξοπλισμού", "with the record of equipment";
    fate_elsewhere: "μένει· δεν το τηρεί η πύλη", "kept; the gateway does not hold it";
    erase_sure: "Το γνωρίζω: δεν αναιρείται", "I know: this cannot be undone";
    erase_unsure: "Επιβεβαιώστε ότι το γνωρίζετε: τίποτε δεν διαγράφηκε.", "Confirm that you know it: nothing is erased.";
    erase_do: "Οριστική διαγραφή", "Erase for good";
    erase_leave: "Χωρίς διαγραφή", "Leave it";
    erased_title: "Τα στοιχεία διαγράφηκαν", "Who this was is erased";
    erased_report: "Αυτή είναι η απάντηση στο αίτημα: τυπώστε την ή κρατήστε την. Είναι και στο αρχείο ενεργειών.", "This is the answer to the request: print or keep it. It is in the audit log too.";
    erased_looked: "Αναζητήθηκαν στα αρχεία κείμενα που τον κατονομάζουν", "Texts that named the person, looked for in the records' bytes";
    erased_found: "βρέθηκαν ξανά", "found again";
    erased_reasons: "Το όνομα γράφτηκε ως αιτία στις εγγραφές του αρχείου ενεργειών", "The name was written as a reason in entries of the audit log";

    rights_review: "Επισκόπηση δικαιωμάτων", "Review of rights";
    rights_review_says: "Ποιος έχει ποια δικαιώματα, από πότε, και πότε συνδέθηκε τελευταία (ISO/IEC 27001, A.5.18). Τυπώστε τη, σημειώστε για τον καθένα αν τα δικαιώματα μένουν, και υπογράψτε.", "Who has which rights, since when, and when they were last in (ISO/IEC 27001 A.5.18). Print it, mark for each whether the rights stay, and sign.";
    rights_since: "Από", "Since";
    rights_stay: "Μένουν", "Stay";
    rights_nobody: "Κανείς.", "Nobody.";
    rights_blocked: "Χωρίς πρόσβαση τώρα (αποκλεισμένοι ή έληξαν)", "Without access now (blocked or ended)";
    rights_roles: "Τι επιτρέπει κάθε ρόλος", "What each role allows";
    rights_token: "κλειδί πρόσβασης", "token";
    rights_held: "Όποιος περιορίζεται σε θέσεις έχει μόνο τον λογαριασμό του, όποιος κι αν είναι ο ρόλος.", "Who is held to sites has their own account alone, whatever the role.";
    rights_machine: "Εκτός από αυτούς, όποιος διαχειρίζεται το μηχάνημα της πύλης μπορεί τα πάντα.", "Besides these, whoever administers the gateway's machine can do everything.";
    rights_print: "Για εκτύπωση: Ctrl+P", "To print: Ctrl+P";
    sign_reviewed: "Έγινε η επισκόπηση", "Reviewed by";
    sign_name: "Ονοματεπώνυμο και ιδιότητα", "Name and office";
    sign_signature: "Υπογραφή", "Signature";
    sign_date: "Ημερομηνία", "Date";
    as_of: "Όπως ίσχυαν", "As of";

    tokens: "Κλειδιά πρόσβασης", "Tokens";
    tokens_none: "Κανένα κλειδί πρόσβασης ακόμη", "No tokens yet";
    tokens_none_do: "Με ένα κλειδί ένα άλλο σύστημα (πύλη ανοικτών δεδομένων, πίνακας, υπηρεσία) διαβάζει μετρήσεις χωρίς λογαριασμό ανθρώπου. Φτιάξτε το πρώτο παρακάτω.", "With a token another system (an open data portal, a dashboard, a service) reads without a person's account. Make the first below.";
    tokens_says: "Ένα κλειδί διαβάζει και δεν αλλάζει τίποτε.", "A token reads, and changes nothing.";
    token_name: "Για ποιο σύστημα", "For which system";
    token_name_rule: "Όπως θα το αναγνωρίσει ο επόμενος διαχειριστής", "As the next administrator will know it";
    token_scope: "Τι επιτρέπει", "What it allows";
    scope_read: "ανάγνωση", "reading";
    token_days: "Ημέρες ισχύος", "Days it holds";
    token_made: "Δημιουργήθηκε", "Made";
    token_used: "Τελευταία χρήση", "Last used";
    token_holds: "ισχύει", "holds";
    token_revoked: "ανακλήθηκε", "revoked";
    token_over: "έληξε", "ended";
    token_new: "Νέο κλειδί", "Make a token";
    token_do: "Δημιουργία", "Make it";
    token_once: "Εμφανίζεται μόνο τώρα και δεν φυλάσσεται πουθενά. Βάλτε το στο σύστημα που θα το χρησιμοποιεί, σε αρχείο που διαβάζει μόνο αυτό.", "It is shown this once and kept nowhere. Put it into the system that will use it, in a file that it alone reads.";
    token_for: "Κλειδί πρόσβασης για", "Token for";
    token_send: "Στέλνεται με κάθε αίτημα:", "It is sent with each request:";
    token_revoke: "Ανάκληση", "Revoke";
    token_revoke_says: "Το σύστημα που το χρησιμοποιεί παύει αμέσως να διαβάζει. Δεν αναιρείται· μπορεί να εκδοθεί νέο.", "The system that uses it stops reading at once. This cannot be undone; another can be made.";
    token_revoke_do: "Ναι, ανάκληση", "Yes, revoke";
    token_revoke_done: "Το κλειδί ανακλήθηκε.", "The token is revoked.";
    token_days_wrong: "Οι ημέρες ισχύος είναι από 1 έως 3650.", "It holds for 1 to 3650 days.";
    token_scope_wrong: "Ένα κλειδί μόνο διαβάζει.", "A token reads, and nothing else.";
    command_line: "γραμμή εντολών", "the command line";
}

impl Lang {
    /// What a permission allows.
    pub(in crate::pages) const fn permission(self, permission: Permission) -> &'static str {
        match (permission, self) {
            (Permission::Account, Lang::El) => "ο λογαριασμός του",
            (Permission::Account, Lang::En) => "own account",
            (Permission::Read, Lang::El) => "ανάγνωση μετρήσεων",
            (Permission::Read, Lang::En) => "reading",
            (Permission::Operate, Lang::El) => "επανάληψη απορρίψεων",
            (Permission::Operate, Lang::En) => "replaying rejections",
            (Permission::Nodes, Lang::El) => "κόμβοι και πιστοποιητικά",
            (Permission::Nodes, Lang::En) => "nodes and certificates",
            (Permission::Equipment, Lang::El) => "εξοπλισμός: ανάγνωση",
            (Permission::Equipment, Lang::En) => "equipment: reading",
            (Permission::Repair, Lang::El) => "ευρήματα, ακινητοποίηση, εργασίες",
            (Permission::Repair, Lang::En) => "defects, lock-outs, work",
            (Permission::Inspect, Lang::El) => "επιθεωρήσεις, επαναφορά σε χρήση",
            (Permission::Inspect, Lang::En) => "inspections, release",
            (Permission::Assets, Lang::El) => "εξοπλισμός, πιστοποιητικά, εντολές εργασίας",
            (Permission::Assets, Lang::En) => "equipment, certificates, work orders",
            (Permission::Alerts, Lang::El) => "απάντηση σε ειδοποιήσεις",
            (Permission::Alerts, Lang::En) => "answering alerts",
            (Permission::Roster, Lang::El) => "κανόνες ειδοποιήσεων, βάρδιες",
            (Permission::Roster, Lang::En) => "alert rules, roster",
            (Permission::Audit, Lang::El) => "αρχείο ενεργειών, επισκόπηση",
            (Permission::Audit, Lang::En) => "audit log, reviews",
            (Permission::People, Lang::El) => "άνθρωποι, κλειδιά, διαγραφή",
            (Permission::People, Lang::En) => "people, tokens, erasure",
        }
    }

    /// `3 άνθρωποι μπορούν να συνδεθούν`.
    pub(in crate::pages) fn people_counted(self, n: usize) -> String {
        match (self, n) {
            (Lang::El, 1) => "1 άνθρωπος μπορεί να συνδεθεί".into(),
            (Lang::El, _) => format!("{n} άνθρωποι μπορούν να συνδεθούν"),
            (Lang::En, 1) => "1 person can sign in".into(),
            (Lang::En, _) => format!("{n} people can sign in"),
        }
    }

    /// `2 δεν έχουν συνδεθεί ακόμη`.
    pub(in crate::pages) fn invited_counted(self, n: usize) -> String {
        match (self, n) {
            (Lang::El, 1) => "1 δεν έχει ορίσει ακόμη κωδικό".into(),
            (Lang::El, _) => format!("{n} δεν έχουν ορίσει ακόμη κωδικό"),
            (Lang::En, 1) => "1 has not set a password yet".into(),
            (Lang::En, _) => format!("{n} have not set a password yet"),
        }
    }

    /// `3 κλειδιά πρόσβασης ισχύουν`.
    pub(in crate::pages) fn tokens_counted(self, n: usize) -> String {
        match (self, n) {
            (Lang::El, 1) => "1 κλειδί πρόσβασης ισχύει".into(),
            (Lang::El, _) => format!("{n} κλειδιά πρόσβασης ισχύουν"),
            (Lang::En, 1) => "1 token holds".into(),
            (Lang::En, _) => format!("{n} tokens hold"),
        }
    }
}
