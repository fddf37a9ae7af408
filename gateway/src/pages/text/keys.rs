//! Words of certificates: who is known by which, and until when.

use super::Lang;

words! {
    certificates: "Πιστοποιητικά", "Certificates";
    n_cert_own: "Το πιστοποιητικό που δείχνει η πύλη χρειάζεται ανανέωση ή δεν διαβάζεται: δείτε Κόμβοι, Πιστοποιητικά.", "The certificate that the gateway shows is to be renewed or cannot be read: see Nodes, Certificates.";
    n_cert_nodes: "Πιστοποιητικά κόμβων λήγουν σύντομα ή έληξαν:", "Nodes whose last certificate ends soon or has lapsed:";
    certificates_none: "Κανένα πιστοποιητικό κόμβου ακόμη", "No node has a certificate yet";
    certificates_none_do: "Με πιστοποιητικό ένας κόμβος συνδέεται μέσω TLS χωρίς κωδικό. Εκδώστε το πρώτο παρακάτω.", "With a certificate a node comes in over TLS without a password. Issue the first below.";
    certificates_no_tls: "Δεν έχει οριστεί MQTT μέσω TLS: προσθέστε τη διεύθυνση [listen] mqtts στις ρυθμίσεις.", "MQTT over TLS is not set up: add the address [listen] mqtts to the configuration.";
    certificates_required: "Μέσω TLS κόμβος χωρίς πιστοποιητικό δεν γίνεται δεκτός.", "Over TLS a node without a certificate is not let in.";
    certificates_optional: "Μέσω TLS ένας κόμβος δείχνει πιστοποιητικό ή δίνει τον κωδικό του.", "Over TLS a node shows a certificate or gives its password.";
    authority: "Αρχή πιστοποίησης της πύλης", "The gateway's own authority";
    authority_none: "Δημιουργείται με το πρώτο πιστοποιητικό.", "It is made with the first certificate.";
    authority_download: "Λήψη ca.pem", "Download ca.pem";
    authority_says: "Το ca.pem μπαίνει στους κόμβους, για να εμπιστεύονται την πύλη. Δεν είναι μυστικό.", "ca.pem is put into the nodes, so that they trust the gateway. It is no secret.";
    cert_fingerprint: "Αποτύπωμα SHA-256", "SHA-256 fingerprint";
    cert_shown_http: "Πιστοποιητικό σελίδων (HTTPS)", "Certificate of the pages (HTTPS)";
    cert_shown_mqtt: "Πιστοποιητικό προς τους κόμβους (MQTT)", "Certificate shown to nodes (MQTT)";
    cert_in_clear: "χωρίς TLS από την ίδια την πύλη", "no TLS by the gateway itself";
    cert_not_spoken: "δεν έχει οριστεί", "not set up";
    cert_holds_until: "Ισχύει έως", "Holds until";
    cert_issued_on: "Εκδόθηκε", "Issued";
    certificate_state: "Κατάσταση", "State";
    cert_expired: "έληξε", "lapsed";
    cert_revoked: "ανακλήθηκε", "revoked";
    cert_replaced: "υπάρχει νεότερο", "there is a newer one";
    cert_issue: "Έκδοση πιστοποιητικού", "Issue a certificate";
    cert_issue_do: "Έκδοση", "Issue";
    cert_issue_says: "Για ανανέωση εκδώστε το επόμενο: το προηγούμενο ισχύει μέχρι να λήξει ή να ανακληθεί.", "To renew, issue the next one: the one before holds until it ends or is revoked.";
    cert_days: "Ημέρες ισχύος", "Days it holds";
    cert_reason: "Αιτία (μένει στο αρχείο ενεργειών)", "Reason (kept in the audit log)";
    cert_issued_told: "Εκδόθηκε. Το κλειδί εμφανίζεται μόνο τώρα και δεν φυλάσσεται πουθενά:", "Issued. The key is shown this once and kept nowhere:";
    cert_issued_for: "Πιστοποιητικό του κόμβου", "Certificate of node";
    cert_key: "Κλειδί", "Key";
    cert_word: "Πιστοποιητικό", "Certificate";
    cert_download: "Λήψη", "Download";
    cert_revoke: "Ανάκληση", "Revoke";
    cert_revoke_says: "Ο κόμβος αποσυνδέεται αμέσως και δεν γίνεται ξανά δεκτός με αυτό το πιστοποιητικό. Δεν αναιρείται· μπορεί να εκδοθεί νέο.", "The node is disconnected at once and is not let in with this certificate again. This cannot be undone; another can be issued.";
    cert_revoke_confirm: "Ναι, ανάκληση", "Yes, revoke";
    cert_revoke_done: "Το πιστοποιητικό ανακλήθηκε.", "The certificate is revoked.";
    cert_none_such: "Δεν υπάρχει τέτοιο πιστοποιητικό σε ισχύ.", "There is no such certificate that holds.";
    cert_no_node: "Δεν υπάρχει τέτοιος κόμβος. Προσθέστε τον πρώτα.", "There is no such node. Add it first.";
    cert_node_revoked: "Ο κόμβος έχει ανακληθεί: δεν γίνεται δεκτός με κανέναν τρόπο.", "The node is revoked: it is let in by no way.";
    cert_too_many: "Ο κόμβος έχει ήδη όσα πιστοποιητικά επιτρέπονται: ανακαλέστε ένα.", "The node has as many certificates as may be: revoke one.";
    cert_days_wrong: "Οι ημέρες ισχύος είναι από 1 έως 3650.", "It holds for 1 to 3650 days.";
}

impl Lang {
    /// `3 ημέρες ακόμη`.
    pub(in crate::pages) fn days_more(self, n: i64) -> String {
        match (self, n) {
            (Lang::El, 1) => "1 ημέρα ακόμη".into(),
            (Lang::El, _) => format!("{n} ημέρες ακόμη"),
            (Lang::En, 1) => "1 day left".into(),
            (Lang::En, _) => format!("{n} days left"),
        }
    }

    /// `3 κόμβοι έχουν πιστοποιητικό`.
    pub(in crate::pages) fn nodes_certified(self, n: usize) -> String {
        let words = match (self, n) {
            (Lang::El, 1) => "έχει πιστοποιητικό σε ισχύ",
            (Lang::El, _) => "έχουν πιστοποιητικό σε ισχύ",
            (Lang::En, 1) => "has a certificate that holds",
            (Lang::En, _) => "have a certificate that holds",
        };
        format!("{} {words}", self.nodes_counted(n))
    }

    /// `3 κόμβοι χρειάζονται νέο`.
    pub(in crate::pages) fn nodes_to_renew(self, n: usize) -> String {
        let words = match (self, n) {
            (Lang::El, 1) => "χρειάζεται νέο",
            (Lang::El, _) => "χρειάζονται νέο",
            (Lang::En, 1) => "needs the next one",
            (Lang::En, _) => "need the next one",
        };
        format!("{} {words}", self.nodes_counted(n))
    }
}
