//! The words of adding nodes, of those that knock, and of tables of nodes.

use super::Lang;
use crate::reading::NodeId;
use crate::registry::RegistryError;

words! {
    add_node_says: "Το όνομα λέει πού βρίσκεται ο κόμβος, όχι ποια συσκευή είναι: μένει όταν αλλάξει η συσκευή.", "The name tells where the node is, not which hardware: it stays when the hardware is replaced.";
    node_name: "Όνομα κόμβου", "Node's name";
    node_name_rule: "1 έως 64 από a-z 0-9 - _ .", "1 to 64 of a-z 0-9 - _ .";
    name_greek: "Ονομασία στα ελληνικά", "What people call it, in Greek";
    name_english: "Ονομασία στα αγγλικά", "What people call it, in English";
    latitude: "Γεωγραφικό πλάτος", "Latitude";
    longitude: "Γεωγραφικό μήκος", "Longitude";
    position_rule: "Μόνο όπου διαφέρει από της θέσης, σε μοίρες: 40,6264", "Only where it differs from the site's, in degrees: 40.6264";
    no_such_position: "Πλάτος και μήκος μαζί, σε μοίρες: 40,6264 και 22,9484.", "Latitude and longitude together, in degrees: 40.6264 and 22.9484.";
    no_site_yet: "χωρίς θέση ακόμη", "no site yet";
    no_kind_yet: "χωρίς είδος ακόμη", "no type yet";
    your_name_of_node: "Ονομασία", "Name";
    add_node_do: "Προσθήκη και μυστικό", "Add and show the secret";
    add_node_many: "Για πολλούς μαζί:", "For many at once:";
    secret_of: "Μυστικό του κόμβου", "Secret of node";
    secret_once: "Φαίνεται μόνο τώρα. Γράψτε το στον κόμβο ή τυπώστε τη σελίδα· εδώ φυλάσσεται μόνο αποτύπωμά του.", "It is shown this once. Enter it in the node or print this page; only a hash of it is kept here.";
    secret_enter: "Τι γράφεται στον κόμβο", "What to enter in the node";
    enter_host: "Διακομιστής", "Host";
    enter_port: "Θύρα", "Port";
    enter_port_tls: "Θύρα με TLS", "Port with TLS";
    enter_user: "Όνομα χρήστη και client id", "User name and client id";
    enter_password: "Κωδικός", "Password";
    enter_topic: "Θέμα", "Topic";
    enter_ca: "Με TLS βάλτε στον κόμβο και το ca.pem της πύλης.", "With TLS put the gateway's ca.pem into the node too.";
    enter_loopback: "Χωρίς TLS η πύλη ακούει μόνο σε αυτό το μηχάνημα.", "Without TLS the gateway listens on this machine alone.";
    to_node: "Στον κόμβο", "To the node";
    add_another: "Προσθήκη άλλου", "Add another";
    access_of_node: "Πρόσβαση", "Access";
    node_awaited: "Έγινε δεκτός· ο κωδικός που θα δείξει πρώτα θα μείνει δικός του, έως", "Let in; the password that it shows first becomes its own, until";
    node_awaited_over: "Δεν ήρθε εγκαίρως μετά την αποδοχή του. Δώστε του νέο μυστικό.", "It did not come in time after it was let in. Give it a new secret.";
    revoke_node: "Ανάκληση", "Revoke";
    revoke_node_says: "Αποσυνδέεται αμέσως και δεν γίνεται ξανά δεκτός. Όσα μέτρησε μένουν. Μπορεί να γίνει πάλι δεκτός με το ίδιο μυστικό.", "It is disconnected at once and not let in again. What it measured stays. It can be let in again with the same secret.";
    revoke_node_confirm: "Ναι, ανάκληση", "Yes, revoke";
    unrevoke_node: "Να γίνεται πάλι δεκτός", "Let in again";
    unrevoke_node_says: "Θα γίνεται δεκτός με το μυστικό που είχε. Αν το μυστικό μπορεί να έχει διαρρεύσει, δώστε του νέο.", "It is let in with the secret that it had. If that may have leaked, give it a new one.";
    unrevoke_node_confirm: "Ναι, να γίνεται δεκτός", "Yes, let it in";
    new_secret: "Νέο μυστικό", "New secret";
    new_secret_says: "Το παλιό παύει αμέσως να ισχύει και ο κόμβος αποσυνδέεται, ώσπου κάποιος να γράψει σε αυτόν το νέο.", "The old one ends at once and the node is disconnected, until somebody enters the new one in it.";
    new_secret_confirm: "Ναι, νέο μυστικό", "Yes, a new secret";
    done_revoked: "Ανακλήθηκε και αποσυνδέθηκε.", "Revoked and disconnected.";
    done_unrevoked: "Γίνεται πάλι δεκτός.", "It is let in again.";
    done_reason: "Δεν έγινε: γράψτε γιατί.", "Not done: say why.";
    is_revoked: "Έχει ανακληθεί: δεν γίνεται δεκτός.", "Revoked: it is not let in.";
    nobody_knocks: "Κανένας άγνωστος δεν έχει χτυπήσει", "Nobody unknown has knocked";
    nobody_knocks_do: "Ένας κόμβος που προσπαθεί να συνδεθεί χωρίς να τον έχει προσθέσει κάποιος φαίνεται εδώ μέσα σε ένα δευτερόλεπτο.", "A node that tries to come in and was added by nobody shows here within a second.";
    knocking_says: "Προσπάθησαν να συνδεθούν και δεν έγιναν δεκτοί. Αποδεχθείτε μόνο όσους ξέρετε ότι τοποθετήθηκαν: ένα όνομα το λέει ο καθένας.", "They tried to come in and were not let in. Let in only those that you know were put up: anybody can use a name.";
    knocking_open: "Η εγγραφή είναι ανοιχτή ([enrolment] mode): κάθε νέος κόμβος γίνεται δεκτός χωρίς να ρωτηθεί κανείς.", "Enrolment is open ([enrolment] mode): every new node is let in without asking anybody.";
    knock_let_in: "Αποδοχή", "Let in";
    knock_address: "Από", "From";
    knock_count: "Φορές", "Times";
    knock_last: "Τελευταία", "Last";
    knock_with_secret: "με νέο μυστικό", "with a new secret";
    import_says: "Ένας πίνακας CSV με επικεφαλίδες: id, type, name_el, name_en, site, zone, lat, lon, serial. Με ; ή , ή στηλοθέτη· UTF-8 ή Windows-1253. Μόνο το id είναι απαραίτητο.", "A CSV table with a header: id, type, name_el, name_en, site, zone, lat, lon, serial. With ; or , or tabs; UTF-8 or Windows-1253. Only id is needed.";
    import_file: "Αρχείο CSV", "CSV file";
    import_paste: "Ή επικόλληση", "Or paste it";
    import_check: "Έλεγχος", "Check";
    import_nothing_yet: "Δεν προστίθεται τίποτε πριν το δείτε.", "Nothing is added before you have seen it.";
    import_sound: "Θα προστεθούν", "To be added";
    import_wrong: "Δεν θα προστεθούν", "Not to be added";
    import_line: "Γραμμή", "Line";
    import_do: "Προσθήκη", "Add";
    import_changed: "Κάτι άλλαξε από τότε που το είδατε. Δείτε το ξανά.", "Something changed since you saw it. Look again.";
    import_none: "Καμία γραμμή δεν μπορεί να προστεθεί.", "No line can be added.";
    import_other: "Άλλο αρχείο", "Another file";
    import_done: "Προστέθηκαν. Τα μυστικά φαίνονται μόνο τώρα:", "Added. The secrets are shown this once:";
    import_download: "Λήψη των μυστικών (CSV)", "Download the secrets (CSV)";
    import_no_id: "Λείπει η στήλη id (ή «κόμβος»).", "There is no column id (or node).";
    import_empty: "Ο πίνακας δεν έχει γραμμές.", "The table has no lines.";
    import_unreadable: "Δεν είναι πίνακας CSV.", "It is no CSV table.";
    import_twice: "υπάρχει δύο φορές στον πίνακα", "stands in the table twice";
    import_there: "υπάρχει ήδη", "is there already";
    import_left: "Όσα δεν προστέθηκαν", "Those that were not added";
}

impl Lang {
    /// Why a node was not let in, and what to do about it.
    pub(in crate::pages) fn knock_reason(self, reason: &str) -> (&'static str, &'static str) {
        match (reason, self) {
            ("unknown_node", Lang::El) => ("άγνωστος", "αποδεχθείτε τον, αν τον τοποθέτησε κάποιος δικός σας"),
            ("unknown_node", Lang::En) => ("unknown", "let it in, if one of yours put it up"),
            ("wrong_secret", Lang::El) => ("λάθος κωδικός", "γράψτε στον κόμβο το μυστικό του, ή δώστε του νέο"),
            ("wrong_secret", Lang::En) => ("wrong password", "enter its secret in the node, or give it a new one"),
            ("wrong_certificate", Lang::El) => ("λάθος πιστοποιητικό", "εκδώστε του νέο πιστοποιητικό"),
            ("wrong_certificate", Lang::En) => ("wrong certificate", "issue it another certificate"),
            ("revoked", Lang::El) => ("έχει ανακληθεί", "βρείτε τον, ή επιτρέψτε του πάλι την είσοδο"),
            ("revoked", Lang::En) => ("revoked", "find it, or let it in again"),
            ("limit_reached", Lang::El) => ("πάρα πολλοί κόμβοι", "αυξήστε το [limits] nodes_max"),
            ("limit_reached", Lang::En) => ("too many nodes", "raise [limits] nodes_max"),
            (_, Lang::El) => ("άλλος λόγος", "δείτε το ημερολόγιο"),
            (_, Lang::En) => ("another reason", "see the log"),
        }
    }

    /// How many knocked.
    pub(in crate::pages) fn knocks_counted(self, n: usize) -> String {
        match (self, n) {
            (Lang::El, 1) => "1 κόμβος δεν έγινε δεκτός".to_owned(),
            (Lang::El, _) => format!("{n} κόμβοι δεν έγιναν δεκτοί"),
            (Lang::En, 1) => "1 node was not let in".to_owned(),
            (Lang::En, _) => format!("{n} nodes were not let in"),
        }
    }

    /// What follows when a node that knocked is let in.
    pub(in crate::pages) fn let_in(self, id: &NodeId) -> String {
        match self {
            Lang::El => format!(
                "Ο {id} γίνεται δεκτός: την επόμενη φορά που θα έρθει, ο κωδικός που θα δείξει μένει δικός του."
            ),
            Lang::En => format!("{id} is let in: when it comes next, the password that it shows becomes its own."),
        }
    }

    /// How long that holds.
    pub(in crate::pages) fn let_in_for(self, hours: u64) -> String {
        match self {
            Lang::El => format!(
                "Ο κόμβος κρατά τον κωδικό που έχει: όποιον δείξει πρώτα μέσα σε {hours} ώρες. Κανείς δεν χρειάζεται να ξαναπάει εκεί."
            ),
            Lang::En => format!(
                "The node keeps the password that it has: the one it shows first within {hours} hours. Nobody has to go there again."
            ),
        }
    }

    /// What a table may hold.
    pub(in crate::pages) fn import_bounds(self, lines: usize, kilobytes: usize) -> String {
        match self {
            Lang::El => format!("Έως {lines} γραμμές και {kilobytes} kB."),
            Lang::En => format!("Up to {lines} lines and {kilobytes} kB."),
        }
    }

    /// That a table holds more than that.
    pub(in crate::pages) fn import_too_much(self, lines: usize, kilobytes: usize) -> String {
        match self {
            Lang::El => format!("Ο πίνακας είναι μεγαλύτερος από {lines} γραμμές ή {kilobytes} kB. Χωρίστε τον."),
            Lang::En => format!("The table is larger than {lines} lines or {kilobytes} kB. Divide it."),
        }
    }

    /// What is wrong with what was to be changed of a node, and what to do.
    pub(in crate::pages) fn registry_error(self, error: &RegistryError) -> String {
        if self == Lang::En {
            return match error {
                RegistryError::UnknownNode(id) => format!("There is no node {id}."),
                RegistryError::NodeExists(id) => format!("Node {id} is there already: its page gives it a new secret."),
                other => other.to_string(),
            };
        }
        match error {
            RegistryError::UnknownNode(id) => format!("Δεν υπάρχει κόμβος {id}."),
            RegistryError::NodeExists(id) => format!("Ο κόμβος {id} υπάρχει ήδη: νέο μυστικό του δίνει η σελίδα του."),
            RegistryError::Reserved(id) => {
                format!("Κανένας κόμβος δεν μπορεί να λέγεται {id}: έτσι λέγεται μια σελίδα.")
            }
            RegistryError::NodesMax(most) => {
                format!("Υπάρχουν ήδη {most} κόμβοι, όσοι επιτρέπει το [limits] nodes_max.")
            }
            RegistryError::UnknownCode { what, code, valid } => {
                let what = match *what {
                    "node type" => "είδος κόμβου",
                    "site" => "θέση",
                    "zone" => "κοινότητα",
                    _ => "μέγεθος",
                };
                format!("Ο κατάλογος δεν έχει {what} «{code}». Υπάρχουν: {valid}")
            }
            RegistryError::Position => "Το πλάτος είναι έως ±90 και το μήκος έως ±180 μοίρες.".to_owned(),
            RegistryError::TooLong { max, .. } => format!("Ένα κείμενο έχει πάνω από {max} χαρακτήρες."),
            other => other.to_string(),
        }
    }
}
