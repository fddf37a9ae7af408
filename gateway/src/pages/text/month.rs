//! The words of the month's summary.

use super::Lang;

words! {
    mon_summary: "Μηνιαία σύνοψη εξοπλισμού", "Monthly summary of equipment";
    mon_as_pdf: "Σύνοψη του μήνα (PDF)", "The month's summary (PDF)";
    mon_says: "Κάθε βήμα μετρά στον μήνα που καταχωρίστηκε· οι διάρκειες είναι όσο βρίσκονται μέσα στον μήνα.", "Each step counts in the month in which it came on record; durations are as far as they lie within the month.";
    mon_community: "Δημοτική κοινότητα", "Community";
    mon_total: "Σύνολο", "Total";
    mon_inspections: "Επιθεωρήσεις ανά είδος", "Inspections by type";
    mon_due: "Έπρεπε", "Due";
    mon_made: "Έγιναν", "Made";
    mon_late: "Εκπρόθεσμα", "Late";
    mon_missed: "Δεν έγιναν", "Not made";
    mon_inspections_say: "Έπρεπε: να γίνουν μέσα στον μήνα, και όσες είχαν καθυστερήσει ήδη. Έγιναν: όλες, και έκτακτες. Δεν έγιναν: ούτε με άλλη που τις καλύπτει, και πέρασε το περιθώριό τους.", "Due: in the month, and what was overdue already. Made: all of them, those called for too. Not made: nor by another that stands for them, and the days that are allowed are over.";
    mon_defects: "Ευρήματα ανά σοβαρότητα", "Defects by severity";
    mon_found: "Νέα", "Found";
    mon_closed: "Έκλεισαν", "Closed";
    mon_open: "Ανοικτά στο τέλος", "Open at the end";
    mon_lockouts: "Ακινητοποιήσεις", "Lock-outs";
    mon_in_force: "Σε ισχύ", "In force";
    mon_ordered: "Νέες εντολές", "Ordered";
    mon_ended: "Έληξαν", "Ended";
    mon_length: "Συνολική διάρκεια", "Length in all";
    mon_waited: "Από εντολή έως εκτέλεση", "From order to bar";
    mon_waited_longest: "Η μεγαλύτερη", "The longest";
    mon_work: "Εργασίες και ατυχήματα", "Work and accidents";
    mon_certificates: "Πιστοποιητικά", "Certificates";
    mon_work_ordered: "Εντολές εργασίας", "Work ordered";
    mon_work_done: "Εργασίες που έγιναν", "Work done";
    mon_cost: "Κόστος, €", "Cost, €";
    mon_to_renew: "Προς ανανέωση", "To renew";
    mon_renewing: "Με αίτηση", "Applied for";
    mon_lapsed: "Εκτός ισχύος", "Not in force";
    mon_accidents: "Ατυχήματα", "Accidents";
    mon_certificates_say: "Πιστοποιητικά όπως είναι την τελευταία ημέρα: προς ανανέωση είναι όσα λήγουν μέσα στον χρόνο που χρειάζεται η ανανέωσή τους.", "Certificates as they stand on the last day: those to renew end within the time that their renewal takes.";
    mon_nothing: "Τίποτε αυτόν τον μήνα.", "Nothing in this month.";
    mon_prepared: "Ο συντάξας", "Prepared by";
    mon_approved: "Ο προϊστάμενος", "Approved by";
}

impl Lang {
    /// Names of months, as in `Νοέμβριος 2026`.
    pub(in crate::pages) const fn month_names(self) -> [&'static str; 12] {
        match self {
            Lang::El => [
                "Ιανουάριος",
                "Φεβρουάριος",
                "Μάρτιος",
                "Απρίλιος",
                "Μάιος",
                "Ιούνιος",
                "Ιούλιος",
                "Αύγουστος",
                "Σεπτέμβριος",
                "Οκτώβριος",
                "Νοέμβριος",
                "Δεκέμβριος",
            ],
            Lang::En => [
                "January",
                "February",
                "March",
                "April",
                "May",
                "June",
                "July",
                "August",
                "September",
                "October",
                "November",
                "December",
            ],
        }
    }

    /// Until which day a month that is not over is told.
    pub(in crate::pages) fn mon_until(self, day: &str) -> String {
        match self {
            Lang::El => format!("έως και {day}"),
            Lang::En => format!("until and with {day}"),
        }
    }
}
