//! The words of accident records, on the form and on paper.

use super::Lang;
use crate::operations::accident::{FirstAid, Injury, Invalid};

words! {
    acc_record: "Δελτίο ατυχήματος", "Accident record";
    acc_blank: "Κενό δελτίο ατυχήματος (PDF)", "Empty accident record (PDF)";
    acc_no_names: "Δεν γράφονται ονόματα ή άλλα στοιχεία: ούτε παιδιού, ούτε γονέων, ούτε μαρτύρων.", "No names or other particulars are written: neither a child's, nor parents', nor witnesses'.";
    acc_day: "Ημέρα του ατυχήματος", "Day of the accident";
    acc_time: "Ώρα, όπως 17:30", "Time, as 17:30";
    acc_time_wrong: "Γράψτε την ώρα όπως 17:30.", "Write the time as 17:30.";
    acc_when: "Πότε συνέβη", "When it happened";
    acc_place: "Σε ποιο σημείο του εξοπλισμού ή του εδάφους", "Where on the equipment or the ground";
    acc_what: "Τι συνέβη, χωρίς ονόματα", "What happened, without names";
    acc_injury: "Ο σοβαρότερος τραυματισμός", "The gravest injury";
    acc_aid: "Πρώτες βοήθειες", "First aid";
    acc_witnesses: "Πόσοι το είδαν (μόνο αριθμός)", "How many saw it (the number alone)";
    acc_witnesses_wrong: "Πόσοι το είδαν είναι αριθμός έως 999.", "How many saw it is a number up to 999.";
    acc_state: "Κατάσταση του εξοπλισμού και του δαπέδου", "State of the equipment and the ground";
    acc_measures: "Τι έγινε για τον εξοπλισμό", "What was done about the equipment";
    acc_written: "Συντάχθηκε από", "Written by";
    acc_head: "Ο προϊστάμενος της υπηρεσίας", "The head of the service";
    acc_not_told: "δεν αναφέρθηκε", "not told";
}

impl Lang {
    /// The kind of an injury.
    pub(in crate::pages) const fn injury(self, injury: Injury) -> &'static str {
        match (injury, self) {
            (Injury::None, Lang::El) => "κανένας",
            (Injury::None, Lang::En) => "none",
            (Injury::Bruise, Lang::El) => "εκδορά ή μώλωπας",
            (Injury::Bruise, Lang::En) => "graze or bruise",
            (Injury::Wound, Lang::El) => "τραύμα με αιμορραγία",
            (Injury::Wound, Lang::En) => "bleeding wound",
            (Injury::Sprain, Lang::El) => "διάστρεμμα ή εξάρθρωση",
            (Injury::Sprain, Lang::En) => "sprain or dislocation",
            (Injury::Fracture, Lang::El) => "κάταγμα",
            (Injury::Fracture, Lang::En) => "fracture",
            (Injury::Head, Lang::El) => "στο κεφάλι, τον αυχένα ή την πλάτη",
            (Injury::Head, Lang::En) => "to the head, neck or back",
            (Injury::Other, Lang::El) => "άλλος",
            (Injury::Other, Lang::En) => "another",
            (Injury::Unknown, Lang::El) => "άγνωστο",
            (Injury::Unknown, Lang::En) => "not known",
        }
    }

    /// What was done for who was hurt.
    pub(in crate::pages) const fn first_aid(self, aid: FirstAid) -> &'static str {
        match (aid, self) {
            (FirstAid::None, Lang::El) => "δεν χρειάστηκαν",
            (FirstAid::None, Lang::En) => "none were needed",
            (FirstAid::OnTheSpot, Lang::El) => "επί τόπου",
            (FirstAid::OnTheSpot, Lang::En) => "on the spot",
            (FirstAid::Doctor, Lang::El) => "σε γιατρό ή νοσοκομείο με δικά τους μέσα",
            (FirstAid::Doctor, Lang::En) => "at a doctor's or hospital, by their own means",
            (FirstAid::Ambulance, Lang::El) => "ασθενοφόρο (ΕΚΑΒ)",
            (FirstAid::Ambulance, Lang::En) => "ambulance (ΕΚΑΒ)",
            (FirstAid::Unknown, Lang::El) => "άγνωστο",
            (FirstAid::Unknown, Lang::En) => "not known",
        }
    }

    /// What is wrong with a record, and what to do.
    pub(in crate::pages) const fn accident_wrong(self, invalid: Invalid) -> &'static str {
        match (invalid, self) {
            (Invalid::Future, Lang::El) => "Η ώρα του ατυχήματος δεν ήρθε ακόμη.",
            (Invalid::Future, Lang::En) => "The time of the accident has not come yet.",
            (Invalid::Place, Lang::El) => "Γράψτε σε ποιο σημείο συνέβη.",
            (Invalid::Place, Lang::En) => "Write where it happened.",
            (Invalid::Text, Lang::El) => "Ένα κείμενο είναι πολύ μεγάλο: έως 2.000 χαρακτήρες.",
            (Invalid::Text, Lang::En) => "A text is too long: up to 2,000 characters.",
            (Invalid::Witnesses, _) => self.acc_witnesses_wrong(),
        }
    }
}
