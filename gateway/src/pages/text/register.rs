//! The words of the register of equipment beyond one piece: the map, the inspectors' load, the depot's list, files and consents, evidence
//! packs.

use super::Lang;

words! {
    evidence: "Φάκελος τεκμηρίων", "Evidence pack";
    evidence_says: "Ένα αρχείο ZIP για τον ελεγκτή: στοιχεία, βήματα, βιβλία και αναφορές σε PDF, φωτογραφίες και έγγραφα, και οι εγγραφές του αρχείου ενεργειών με υπογραφή. Μέσα του γράφει πώς ελέγχεται. Όποιος το παίρνει, γράφεται στο αρχείο ενεργειών.", "One ZIP file for the auditor: particulars, steps, books and reports as PDF, photographs and documents, and the signed entries of the audit log. It says inside how to check it. That it was taken is written into the audit log.";
    evidence_with: "Μαζί με:", "Together with:";
    evidence_days: "Κενό: από την αρχή", "Empty: from the beginning";
    evidence_do: "Λήψη φακέλου", "Take the pack";
    evidence_why: "Γράψτε γιατί το παίρνετε.", "Say why you take it.";
    map_overdue: "εκπρόθεσμο", "overdue";
    map_due: "για σήμερα", "due today";
    load: "Φόρτος των επιθεωρητών", "The inspectors' load";
    load_own: "Ο φόρτος σας", "Your load";
    load_says: "Οι τελευταίες και οι επόμενες 30 ημέρες. Ό,τι είναι για πολλούς μετριέται στον καθένα κατά το μερίδιό του.", "The last and the next 30 days. What is for several people counts for each by their share.";
    load_who: "Επιθεωρητής", "Inspector";
    load_made: "Έγιναν", "Made";
    load_took: "Διάρκεια", "Took";
    load_due: "Στις θέσεις τους", "At their sites";
    load_share: "Μερίδιο", "Share";
    eq_map: "Χάρτης εξοπλισμού", "Equipment on the map";
    eq_map_label: "Σκαρίφημα της πόλης με τον εξοπλισμό. Η ίδια λίστα είναι δίπλα.", "Sketch of the city with its equipment. The same stands beside it as a list.";
    eq_map_list: "Πρώτα όσα χρειάζονται κάτι", "What needs something first";
    eq_map_none: "Τίποτε δεν ταιριάζει. Αλλάξτε τα φίλτρα.", "Nothing matches. Change the filters.";
    depot: "Κίνηση οχημάτων", "Vehicles at the gate";
    depot_may: "Μπορούν να κυκλοφορήσουν", "May leave";
    depot_all_may: "Κανένα: όλα μπορούν να κυκλοφορήσουν.", "None: all of them may leave.";
    depot_none: "Κανένα όχημα στο μητρώο", "No vehicle on record";
    depot_none_do: "Μόλις γραφτεί όχημα στον εξοπλισμό, εδώ φαίνεται αν μπορεί να κυκλοφορήσει.", "Once a vehicle is on record as equipment, it shows here whether it may leave.";
    plate: "Πινακίδα", "Plate";
    document: "Έγγραφο", "Document";
    files_title: "Αρχεία και συναινέσεις", "Files and consents";
    files_none: "Δεν έχει ακόμη αρχεία: σχέδια, εγχειρίδια, πιστοποιητικά υλικού, φωτογραφίες.", "No files yet: drawings, manuals, certificates of material, photographs.";
    files_add: "Προσθήκη", "Add";
    files_what: "Τι είναι", "What it is";
    files_of_asset: "έγγραφο ή φωτογραφία του εξοπλισμού", "a document or photograph of the equipment";
    files_consent_for: "συναίνεση του κατασκευαστή για τον κόμβο", "the manufacturer's consent to node";
    files_remove: "Αφαίρεση από τον φάκελο", "Take off the file";
    files_saved: "Αποθηκεύτηκε.", "Saved.";
    files_missing: "Επιλέξτε αρχείο.", "Choose a file.";
    files_why: "Γράψτε γιατί αφαιρείται. Μένει στο μητρώο, όπου το αναφέρει κάποιο βήμα.", "Say why it is taken off. It stays on record, where a step names it.";
    consents: "Συναίνεση του κατασκευαστή για τους κόμβους", "The manufacturer's consent to the nodes";
    consents_says: "Ό,τι προσαρμόζεται σε πιστοποιημένο εξοπλισμό μπορεί να αλλάζει την πιστοποίησή του. Κρατήστε εδώ το γράμμα του κατασκευαστή για κάθε κόμβο.", "What is fixed to certified equipment may change its certification. Keep the manufacturer's letter for each node here.";
}

impl Lang {
    /// A pack that would be larger than so many MiB.
    pub(in crate::pages) fn evidence_too_much(self, mib: u64) -> String {
        match self {
            Lang::El => format!(
                "Ο φάκελος θα ξεπερνούσε τα {mib} MiB ([limits] evidence_bytes_max): επιλέξτε λιγότερες ημέρες."
            ),
            Lang::En => {
                format!("The pack would be larger than {mib} MiB ([limits] evidence_bytes_max): choose fewer days.")
            }
        }
    }

    /// What stands in a pack, and how it is checked.
    pub(in crate::pages) fn evidence_readme(self, id: &str) -> String {
        match self {
            Lang::El => format!(
                "Φάκελος τεκμηρίων: {id}\n\n\
                 equipment.json   ο εξοπλισμός και ό,τι επιθεωρείται μαζί του, όπως είναι στο μητρώο\n\
                 steps.ndjson     κάθε βήμα με τη σειρά που έφτασε· τα πρόσωπα με ψευδώνυμο\n\
                 books/           βιβλίο συντήρησης κάθε κομματιού\n\
                 reports/         επιθεωρήσεις, πιστοποιητικά, άρσεις ακινητοποίησης, ατυχήματα· ο αριθμός είναι του βήματος\n\
                 documents/       φωτογραφίες και έγγραφα· το όνομα είναι το SHA-256 τους, όπως το γράφουν τα βήματα\n\
                 audit.ndjson     οι εγγραφές του αρχείου ενεργειών γι' αυτά, υπογεγραμμένες\n\
                 SHA256SUMS       αθροίσματα όλων των παραπάνω\n\n\
                 Έλεγχος:\n\
                 sha256sum -c SHA256SUMS\n\
                 city-gateway audit check audit.ndjson --key ΚΛΕΙΔΙ\n\n\
                 Το δημόσιο κλειδί το δίνει ο Δήμος με άλλον τρόπο (city-gateway audit key). Κάθε εγγραφή γράφει το άθροισμα της προηγούμενής της,\n\
                 από το οποίο προκύπτει το δικό της. Ότι τίποτε άλλο δεν λείπει το δείχνει το ίδιο το αρχείο ενεργειών (city-gateway audit verify), που έχει τα ίδια αθροίσματα.\n"
            ),
            Lang::En => format!(
                "Evidence pack: {id}\n\n\
                 equipment.json   the equipment and what is inspected with it, as it is on record\n\
                 steps.ndjson     every step in the order that it arrived; people by pseudonym\n\
                 books/           the maintenance book of each piece\n\
                 reports/         inspections, certificates, releases, accidents; the number is the step's\n\
                 documents/       photographs and documents; the name is their SHA-256, as steps write it\n\
                 audit.ndjson     the entries of the audit log about them, signed\n\
                 SHA256SUMS       sums of all of the above\n\n\
                 To check it:\n\
                 sha256sum -c SHA256SUMS\n\
                 city-gateway audit check audit.ndjson --key KEY\n\n\
                 The municipality gives the public key by another way (city-gateway audit key). Each entry tells the hash of the one before it,\n\
                 from which its own follows. That nothing else is missing is shown by the log itself (city-gateway audit verify), which has the same hashes.\n"
            ),
        }
    }

    /// Of so many vehicles, so many must stay.
    pub(in crate::pages) fn depot_counted(self, stay: usize, all: usize) -> String {
        match (self, stay) {
            (Lang::El, 0) => format!("Και τα {all} οχήματα μπορούν να κυκλοφορήσουν"),
            (Lang::El, 1) => format!("1 από {all} οχήματα δεν πρέπει να κυκλοφορήσει"),
            (Lang::El, _) => format!("{stay} από {all} οχήματα δεν πρέπει να κυκλοφορήσουν"),
            (Lang::En, 0) => format!("All {all} vehicles may leave"),
            (Lang::En, _) => format!("{stay} of {all} vehicles must not leave"),
        }
    }
}
