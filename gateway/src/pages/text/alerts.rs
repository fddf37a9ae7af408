//! The words of alerts, of those on call and of what goes out to them.

use super::Lang;
use crate::alerts::life::{Deed, State};
use crate::catalogue::alerts::{Severity, Side, Value};
use crate::delivery::Way;

words! {
    alerts: "Ειδοποιήσεις", "Alerts";
    on_call: "Υπηρεσία", "On call";
    shift_log: "Βάρδια", "Shift";
    al_maintenance: "Εργασίες συντήρησης", "Maintenance";
    al_rules: "Κανόνες", "Rules";
    delivery: "Αποστολή", "Delivery";
    wall: "Τοίχος", "Wall";
    more_alerts: "Τι χρειάζεται απάντηση τώρα, ποιος έχει υπηρεσία, οι κανόνες.", "What needs an answer now, who is on call, the rules.";
    al_unanswered: "Χωρίς απάντηση", "Not answered";
    al_answered: "Σε ανάληψη", "Acknowledged";
    al_over: "Έληξαν", "Over";
    al_all_quiet: "Καμία ανοιχτή ειδοποίηση.", "No alert is open.";
    al_quiet_says: "Οι κανόνες παρακολουθούν μετρήσεις, κόμβους, επιθεωρήσεις και πιστοποιητικά. Ό,τι βρεθεί φαίνεται εδώ και φτάνει σε όποιον έχει υπηρεσία.", "Rules watch readings, nodes, inspections and certificates. What they find is shown here and reaches whoever is on call.";
    al_none_over: "Καμία ακόμη.", "None yet.";
    al_older: "Παλαιότερες", "Older";
    al_all_rules: "Όλων των κανόνων", "Of all rules";
    al_about: "Για τι", "About";
    al_value: "Τιμή", "Value";
    al_raised: "Ειδοποίησε", "Raised";
    al_over_at: "Έληξε", "Over";
    al_nobody: "κανείς σε υπηρεσία δεν απάντησε", "nobody on call has answered";
    al_what: "Στοιχεία", "Particulars";
    al_chart: "Διάγραμμα", "Chart";
    al_measured: "Μετρήθηκε", "Measured";
    al_since: "Ισχύει από", "So since";
    al_members: "Αφορά", "Concerned";
    al_again: "Επανήλθε", "Raised again";
    al_times: "φορές", "times";
    al_do: "Τι να κάνετε", "What to do";
    al_call: "Κλήση", "Call";
    al_rule: "Κανόνας", "Rule";
    al_source: "Πηγή", "Source";
    al_history: "Τι έγινε", "What was done";
    al_told: "Ποιοι ειδοποιήθηκαν", "Who was told";
    al_told_none: "Κανείς: δεν υπάρχει τρόπος αποστολής, ή κανείς στην υπηρεσία για αυτό.", "Nobody: there is no way to send, or nobody is on call for it.";
    al_acknowledge: "Αναλαμβάνω", "Acknowledge";
    al_acknowledge_says: "Από εδώ και πέρα απαντάτε εσείς· δεν ειδοποιείται ο επόμενος.", "From now on you answer for it; the next one is not told.";
    al_acknowledge_note: "Ποιον καλέσατε, τι γίνεται (προαιρετικό)", "Whom you called, what is done (optional)";
    al_note: "Σημείωση", "Note";
    al_note_do: "Προσθήκη σημείωσης", "Add note";
    al_clear: "Λήξη", "End";
    al_clear_do: "Λήξη της ειδοποίησης", "End the alert";
    al_clear_says: "Γράψτε τι βρέθηκε. Αν ισχύει ακόμη, η επόμενη μέτρηση την ξαναφέρνει.", "Write what was found. If it is still so, the next reading raises it again.";
    al_latched: "Μένει ώσπου να την κλείσει άνθρωπος.", "It stays until a person ends it.";
    al_maintain: "Εργασίες συντήρησης εδώ…", "Maintenance here…";
    al_sign_in: "Συνδεθείτε για να απαντήσετε.", "Sign in to answer.";
    alert_over_already: "Η ειδοποίηση έληξε στο μεταξύ.", "The alert is over meanwhile.";
    somebody: "άνθρωπος της υπηρεσίας", "a member of staff";
    the_broker: "Μεσίτης μηνυμάτων του Δήμου", "The city's broker";
    whole_city: "Όλη η πόλη", "The whole city";
    other_systems: "άλλα συστήματα", "other systems";

    rule_severity: "Βαρύτητα", "Severity";
    rule_when: "Πότε", "When";
    rule_of: "Μόνο", "Only";
    rule_then: "Ακολουθεί", "Follows";
    rule_rests: "Αναπαύεται", "Rests";
    rule_of_page: "γραμμένος εδώ", "written here";
    rule_history: "όσες έληξαν", "those that are over";
    house_rule: "κανόνας του Δήμου", "house rule";
    rule_try: "Τι θα είχε δώσει τον τελευταίο μήνα", "What it would have raised in the last month";
    rule_rest_do: "Να αναπαυθεί", "Let it rest";
    rule_rest_says: "Δεν θα ειδοποιείται κανείς από αυτόν τον κανόνα ώσπου να ξυπνήσει.", "Nobody is told by this rule until it is woken.";
    rule_wake_do: "Ξύπνημα", "Wake";
    rule_drop_do: "Αφαίρεση όσων γράφτηκαν εδώ", "Remove what was written here";
    rule_drop_says: "Ισχύει πάλι ο κανόνας του καταλόγου, ή κανένας με αυτόν τον κωδικό.", "The catalogue's rule stands again, or none of that code.";
    rule_edit: "Αλλαγή κανόνα", "Change rule";
    rule_new: "Νέος κανόνας", "New rule";
    rules_says: "Οι κανόνες του καταλόγου αλλάζουν στο config/catalogues/alerts.toml ή εδώ. Τα όρια είναι κανόνες του Δήμου, εκτός αν η πηγή λέει άλλο.", "Rules of the catalogue are changed in config/catalogues/alerts.toml or here. Levels are house rules unless the source says otherwise.";
    rule_unsound: "Κανόνες που ο κατάλογος δεν επιτρέπει πια, και αναπαύονται", "Rules that the catalogue no longer allows, which rest";
    rule_code: "Κωδικός", "Code";
    rule_code_rule: "λατινικά, ψηφία, παύλα· κωδικός του καταλόγου τον αντικαθιστά", "letters, digits, hyphen; a code of the catalogue stands in its place";
    rule_name_el: "Όνομα (ελληνικά)", "Name (Greek)";
    rule_name_en: "Όνομα (αγγλικά)", "Name (English)";
    rule_quantity: "Μέγεθος", "Quantity";
    rule_level: "Όριο", "Level";
    rule_level_says: "στη μονάδα του μεγέθους· μεταβολή: ανά ώρα· απόκλιση: 0,5 είναι το μισό επιπλέον", "in the quantity's unit; a change: an hour; a drift: 0.5 is half as much again";
    rule_clear: "Λήγει στο", "Over at";
    rule_clear_says: "κενό: στο ίδιο όριο", "empty: at the same level";
    rule_for: "Επί τόσα λεπτά", "For so many minutes";
    rule_clear_for: "Λήγει αφού μείνει τόσα λεπτά", "Over after so many minutes back";
    rule_over: "Μεταβολή σε τόσα λεπτά", "Change over so many minutes";
    rule_window: "Σε συγκεντρωτικές τιμές", "Of aggregates";
    rule_no_window: "όχι, σε κάθε μέτρηση", "no, of each reading";
    rule_value: "Ποια τιμή", "Which number";
    rule_days: "Ημέρες μάθησης", "Days that are learnt from";
    rule_factor: "Τόσες φορές το συνηθισμένο", "So many times what is usual";
    rule_always: "Πάντα πάνω από", "Always above";
    rule_kinds: "Μόνο για είδη εξοπλισμού", "Only for kinds of equipment";
    rule_zones: "Μόνο για κοινότητες", "Only for communities";
    rule_codes: "κωδικοί με κόμμα· κενό: όλα", "codes with a comma; empty: all";
    rule_show_codes: "Κωδικοί", "Codes";
    rule_one_for: "Μία ειδοποίηση", "One alert";
    rule_each: "για κάθε εξοπλισμό ή κόμβο", "for each piece or node";
    rule_latched: "Μένει ώσπου να την κλείσει άνθρωπος", "It stays until a person ends it";
    rule_calls: "Καλεί επιθεώρηση", "Calls for an inspection";
    rule_defect: "Ανοίγει εύρημα", "Opens a defect";
    rule_nothing: "τίποτε", "nothing";
    rule_instructions_el: "Οδηγίες (ελληνικά)", "Instructions (Greek)";
    rule_instructions_en: "Οδηγίες (αγγλικά)", "Instructions (English)";
    rule_contact: "Ποιος απαντά στο τηλέφωνο", "Who answers the telephone";
    rule_phone: "Τηλέφωνο", "Telephone";
    rule_source: "Πηγή του ορίου", "Source of the level";
    rule_try_do: "Δοκιμή στον τελευταίο μήνα", "Try on the last month";
    rule_keep_do: "Αποθήκευση", "Save";
    rule_problems: "Ο κανόνας δεν διαβάζεται:", "The rule cannot be read:";
    for_at_least: "επί", "for";
    over_at: "λήγει στο", "over at";
    change: "μεταβολή", "change";
    within: "μέσα σε", "within";
    away_from_own: "ωριαία μέση τιμή που απέχει από τη δική του συνήθη", "hourly mean away from its own baseline by";
    silence_says: "ο κόμβος δεν ακούστηκε για τρεις περιόδους του, ανάλογα με την τροφοδοσία του", "the node was not heard for three of its periods, by how it is powered";
    broker_says: "ο μεσίτης μηνυμάτων δεν απαντά", "the broker is away";
    overdue_says: "μια επιθεώρηση είναι εκπρόθεσμη", "an inspection is overdue";
    certificate_says: "ένα πιστοποιητικό δεν ισχύει", "a certificate is not in force";
    stays_until_ended: "μένει ώσπου να την κλείσει άνθρωπος", "stays until a person ends it";
    once_a_day: "μία την ημέρα για κάθε κοινότητα", "one a day for each community";
    opens_defect: "ανοίγει εύρημα", "opens a defect";

    turn_now: "Τώρα", "Now";
    turn_order: "Σειρά", "Order";
    turn_days: "Ημέρες", "Days";
    turn_hours: "Ώρες", "Hours";
    turn_of: "Για", "For";
    turn_ways: "Πώς ειδοποιείται", "Told by";
    turn_add: "Προσθήκη στην υπηρεσία", "Put on call";
    turn_add_says: "Ο πρώτος στη σειρά ειδοποιείται αμέσως· αν δεν αναλάβει, ο επόμενος.", "The first in order is told at once; if they do not acknowledge, the next.";
    turn_person: "Ποιος", "Who";
    turn_from: "Από ώρα", "From";
    turn_until: "Έως ώρα", "Until";
    turn_until_says: "ίδια ώρα: όλο το εικοσιτετράωρο· μικρότερη: έως την επόμενη μέρα", "the same: day and night; earlier: until the next day";
    turn_first: "Από ημέρα", "First day";
    turn_last: "Έως ημέρα", "Last day";
    turn_optional: "προαιρετικό", "optional";
    turn_zone: "Κοινότητα", "Community";
    turn_kind: "Είδος εξοπλισμού", "Kind of equipment";
    turn_any: "όλα", "all";
    turn_order_says: "1: πρώτος", "1: first";
    turn_webhook: "Και με", "And by";
    turn_do: "Προσθήκη", "Add";
    turn_end: "Αφαίρεση", "Remove";
    turn_end_says: "Δεν θα ειδοποιείται πια από αυτή τη σειρά.", "They are not told by this turn any more.";
    turn_nobody: "ο λογαριασμός δεν ισχύει", "the account is not in force";
    turn_no_email: "χωρίς ηλεκτρονική διεύθυνση στον λογαριασμό", "no e-mail address in the account";
    turn_no_phone: "χωρίς τηλέφωνο στον λογαριασμό", "no telephone number in the account";
    turn_no_smtp: "δεν έχει οριστεί διακομιστής αλληλογραφίας ([delivery.smtp])", "no mail server is set up ([delivery.smtp])";
    turn_no_way: "χωρίς τρόπο ειδοποίησης: επιλέξτε e-mail ή άλλον", "no way to tell them: choose e-mail or another";
    turn_times_wrong: "Μια ώρα, ημέρα ή σειρά δεν διαβάζεται, ή η τελευταία ημέρα είναι πριν από την πρώτη.", "A time, a day or the order cannot be read, or the last day is before the first.";
    turn_who_wrong: "Επιλέξτε έναν άνθρωπο, και κοινότητα, είδος και τρόπο που υπάρχουν.", "Choose a person, and a community, kind and way that exist.";
    gaps_title: "Κενά στις επόμενες επτά ημέρες", "Gaps in the next seven days";
    no_gaps: "Κανένα κενό στις επόμενες επτά ημέρες.", "No gap in the next seven days.";
    gaps_says: "Ώρες που ένας συναγερμός γενικού ενδιαφέροντος δεν βρίσκει κανέναν.", "Times in which an alarm in general finds nobody.";
    every_day: "κάθε μέρα", "every day";
    all_day: "όλο το 24ωρο", "day and night";
    for_everything: "όλα", "everything";
    too_many: "Έχουν φτάσει στο όριό τους· αφαιρέστε κάτι πρώτα.", "There are as many as there may be; remove something first.";

    shift_note: "Σημείωση", "Note";
    shift_handed: "Παράδοση βάρδιας", "Shift handed over";
    shift_handed_to: "Παράδοση βάρδιας σε", "Shift handed over to";
    shift_taken: "Παραλαβή βάρδιας", "Shift taken over";
    shift_since: "Από την τελευταία παράδοση", "Since the last handover";
    shift_day: "Τελευταίο εικοσιτετράωρο", "The last 24 hours";
    shift_open: "Ανοιχτές τώρα", "Open now";
    shift_nothing: "Τίποτε ακόμη.", "Nothing yet.";
    shift_older: "Παλαιότερες σημειώσεις", "Older notes";
    shift_write: "Γράψτε στη βάρδια", "Write into the log";
    shift_text: "Τι έγινε, τι μένει", "What happened, what is left";
    shift_note_do: "Σημείωση", "Add note";
    shift_hand_do: "Παράδοση βάρδιας", "Hand over";
    shift_take_do: "Παραλαβή βάρδιας", "Take over";
    shift_to: "Παράδοση σε", "Hand over to";
    shift_to_any: "όποιον έρχεται", "whoever comes";
    shift_print: "Εκτυπώστε τη σελίδα για το βιβλίο της βάρδιας.", "Print the page for the book of the shift.";

    maintenance_says: "Όσο διαρκούν, τίποτε από όσα αφορούν δεν ειδοποιεί κανέναν. Οι μετρήσεις συνεχίζουν να αποθηκεύονται.", "While it lasts nothing of what is concerned tells anybody. Readings are stored all the same.";
    maintenance_none: "Καμία εργασία δεν έχει δηλωθεί.", "No maintenance is planned.";
    maintenance_now: "σε εξέλιξη", "going on";
    maintenance_planned: "προγραμματισμένες", "planned";
    maintenance_add: "Νέες εργασίες", "Plan maintenance";
    maintenance_subject: "Σε τι", "Of what";
    maintenance_subject_says: "όνομα κόμβου, κωδικός εξοπλισμού, ή από τη λίστα", "a node's name, the code of equipment, or one of the list";
    maintenance_from: "Από", "From";
    maintenance_until: "Έως", "Until";
    maintenance_do: "Δήλωση", "Plan";
    maintenance_end: "Λήξη τώρα", "End now";
    maintenance_end_says: "Από τώρα οι κανόνες ειδοποιούν πάλι.", "From now on rules tell again.";
    maintenance_subject_wrong: "Δεν υπάρχει τέτοιος κόμβος, εξοπλισμός, θέση ή κοινότητα.", "There is no such node, equipment, site or community.";
    maintenance_span_wrong: "Οι ώρες δεν διαβάζονται, το τέλος είναι πριν από την αρχή ή έχει περάσει, ή διαρκεί πάνω από έναν χρόνο.", "The times cannot be read, the end is before the beginning or past, or it lasts more than a year.";

    way_unknown: "Αυτός ο τρόπος δεν έχει οριστεί.", "That way is not set up.";
    delivery_none: "Κανένας τρόπος δεν έχει οριστεί: οι ειδοποιήσεις φαίνονται μόνο εδώ. Ορίστε [delivery] στο gateway.toml (docs/delivery.md).", "No way is set up: alerts are shown here alone. Set up [delivery] in gateway.toml (docs/delivery.md).";
    delivery_ways: "Τρόποι", "Ways";
    delivery_test: "Δοκιμή", "Test";
    delivery_test_says: "Η δοκιμή πηγαίνει σε εσάς· το αποτέλεσμα φαίνεται παρακάτω.", "The test goes to you; what becomes of it is shown below.";
    delivery_last: "Τελευταίες αποστολές", "Last notices";
    delivery_no_notice: "Καμία ακόμη.", "None yet.";
    delivery_heart: "Σημείο ζωής", "Sign of life";
    delivery_no_heart: "Δεν στέλνεται: κανείς έξω δεν θα μάθει αν η πύλη σταματήσει ([delivery.heartbeat]).", "None is sent: nobody outside learns when the gateway stops ([delivery.heartbeat]).";
    heart_good: "στέλνεται", "is sent";
    heart_weak: "δεν ακούγεται", "is not heard";
    notice_sent: "στάλθηκε", "sent";
    notice_failed: "εγκαταλείφθηκε", "given up";
    notice_waits: "περιμένει", "waits";
    notice_again: "νέα προσπάθεια", "again";
    notice_to: "Σε", "To";
    notice_way: "Τρόπος", "Way";
    notice_subject: "Μήνυμα", "Message";
    sent_from: "από", "from";
    webhook_sms: "αριθμός και σύντομο κείμενο (πύλη SMS)", "a number and a short text (SMS gateway)";
    webhook_json: "όλα, ως JSON, για όποιον έχει υπηρεσία", "all of it, as JSON, for whoever is on call";
    webhook_every: "κάθε αλλαγή κάθε ειδοποίησης, ως JSON", "each change of each alert, as JSON";
    you_have_no_email: "ο λογαριασμός σας δεν έχει ηλεκτρονική διεύθυνση", "your account has no e-mail address";
    you_have_no_phone: "ο λογαριασμός σας δεν έχει τηλέφωνο", "your account has no telephone number";

    wall_sound: "Ήχος: ανενεργός", "Sound: off";
    wall_sound_on: "Ήχος: ενεργός", "Sound: on";
    wall_sound_says: "Ακούγεται όταν έρθει ειδοποίηση χωρίς απάντηση· το πρόγραμμα περιήγησης τον επιτρέπει μόνο αφού πατηθεί.", "It sounds when an alert comes that nobody has answered; browsers allow it only after it is pressed.";
    wall_on_call: "Υπηρεσία", "On call";
    wall_leave: "Έξοδος από τον τοίχο", "Leave the wall";
    n_alarm: "Συναγερμός χωρίς απάντηση:", "Alarm without an answer:";
    n_alarms: "συναγερμοί χωρίς απάντηση", "alarms without an answer";
}

/// What [`crate::delivery::Trouble`] says, by how it begins.
const TROUBLES: &[(&str, &str)] = &[
    ("not set up in [delivery]", "δεν έχει οριστεί στο [delivery]"),
    ("[delivery] waiting_max: newer ones came first", "[delivery] waiting_max: προηγήθηκαν νεότερες"),
    ("the person has no account any more", "ο άνθρωπος δεν έχει πια λογαριασμό"),
    ("the person has no e-mail address", "ο άνθρωπος δεν έχει ηλεκτρονική διεύθυνση"),
    ("the person's e-mail address cannot be read", "η ηλεκτρονική διεύθυνση δεν διαβάζεται"),
    ("the person has no telephone number", "ο άνθρωπος δεν έχει τηλέφωνο"),
    ("the mail server does not take the name and password", "ο διακομιστής αλληλογραφίας δεν δέχεται όνομα και κωδικό"),
    ("the mail server did not answer in time", "ο διακομιστής αλληλογραφίας δεν απάντησε έγκαιρα"),
    ("the mail server refused it", "ο διακομιστής αλληλογραφίας το αρνήθηκε"),
    ("the mail server put it off", "ο διακομιστής αλληλογραφίας το ανέβαλε"),
    ("no connection to the mail server", "καμία σύνδεση με τον διακομιστή αλληλογραφίας"),
    ("the broker did not answer in time", "ο μεσίτης μηνυμάτων δεν απάντησε έγκαιρα"),
    ("the broker", "ο μεσίτης μηνυμάτων"),
    ("no answer in time", "καμία έγκαιρη απάντηση"),
    ("no connection", "καμία σύνδεση"),
    ("answered", "απάντησε"),
];

impl Lang {
    /// How bad an alert is.
    pub(in crate::pages) const fn alert_severity(self, severity: Severity) -> &'static str {
        match (severity, self) {
            (Severity::Alarm, Lang::El) => "συναγερμός",
            (Severity::Alarm, Lang::En) => "alarm",
            (Severity::Warning, Lang::El) => "προειδοποίηση",
            (Severity::Warning, Lang::En) => "warning",
            (Severity::Notice, Lang::El) => "ενημέρωση",
            (Severity::Notice, Lang::En) => "notice",
        }
    }

    /// How an alert stands.
    pub(in crate::pages) const fn alert_state(self, state: State) -> &'static str {
        match (state, self) {
            (State::Raised, Lang::El) => "χωρίς απάντηση",
            (State::Raised, Lang::En) => "not answered",
            (State::Acknowledged, Lang::El) => "σε ανάληψη",
            (State::Acknowledged, Lang::En) => "acknowledged",
            (State::Cleared, Lang::El) => "έληξε",
            (State::Cleared, Lang::En) => "over",
        }
    }

    /// What was done about an alert.
    pub(in crate::pages) const fn alert_deed(self, deed: &Deed) -> &'static str {
        match (deed, self) {
            (Deed::Raised { .. }, Lang::El) => "ειδοποίηση",
            (Deed::Raised { .. }, Lang::En) => "raised",
            (Deed::Again { .. }, Lang::El) => "επανήλθε",
            (Deed::Again { .. }, Lang::En) => "raised again",
            (Deed::Acknowledged { .. }, Lang::El) => "ανάληψη",
            (Deed::Acknowledged { .. }, Lang::En) => "acknowledged",
            (Deed::Escalated { .. }, Lang::El) => "ειδοποιήθηκε",
            (Deed::Escalated { .. }, Lang::En) => "told",
            (Deed::Uncalled, Lang::El) => "κανείς δεν έχει υπηρεσία",
            (Deed::Uncalled, Lang::En) => "nobody is on call",
            (Deed::Unanswered, Lang::El) => "κανείς δεν απάντησε",
            (Deed::Unanswered, Lang::En) => "nobody has answered",
            (Deed::Followed { .. }, Lang::El) => "ακολούθησε",
            (Deed::Followed { .. }, Lang::En) => "followed",
            (Deed::Noted { .. }, Lang::El) => "σημείωση",
            (Deed::Noted { .. }, Lang::En) => "note",
            (Deed::Cleared { .. }, Lang::El) => "λήξη",
            (Deed::Cleared { .. }, Lang::En) => "over",
            (Deed::Merged { .. }, Lang::El) => "μέρος της ειδοποίησης",
            (Deed::Merged { .. }, Lang::En) => "a part of",
        }
    }

    /// What followed by a rule.
    pub(in crate::pages) fn followed(self, what: &str, now: bool) -> &'static str {
        match (what, now, self) {
            ("inspection", true, Lang::El) => "έκτακτη επιθεώρηση",
            ("inspection", true, Lang::En) => "an inspection was called for",
            ("inspection", false, Lang::El) => "υπήρχε ήδη έκτακτη επιθεώρηση, ή δεν προβλέπεται",
            ("inspection", false, Lang::En) => "it was called for already, or there is none of that type",
            (_, true, Lang::El) => "άνοιξε εύρημα",
            (_, true, Lang::En) => "a defect was opened",
            (_, false, Lang::El) => "δεν μπόρεσε να ανοίξει εύρημα",
            (_, false, Lang::En) => "no defect could be opened",
        }
    }

    /// By which way.
    pub(in crate::pages) const fn way(self, way: Way) -> &'static str {
        match (way, self) {
            (Way::Email, _) => "E-mail",
            (Way::Webhook, _) => "Webhook",
            (Way::Mqtt, Lang::El) => "MQTT στον μεσίτη",
            (Way::Mqtt, Lang::En) => "MQTT to the broker",
        }
    }

    /// On which side of a level.
    pub(in crate::pages) const fn beyond(self, side: Side) -> &'static str {
        match (side, self) {
            (Side::Above, Lang::El) => "πάνω από",
            (Side::Above, Lang::En) => "above",
            (Side::Below, Lang::El) => "κάτω από",
            (Side::Below, Lang::En) => "below",
        }
    }

    /// A number of a window.
    pub(in crate::pages) const fn value_of(self, value: Value) -> &'static str {
        match (value, self) {
            (Value::Mean, Lang::El) => "μέση τιμή",
            (Value::Mean, Lang::En) => "mean",
            (Value::Min, Lang::El) => "ελάχιστο",
            (Value::Min, Lang::En) => "minimum",
            (Value::Max, Lang::El) => "μέγιστο",
            (Value::Max, Lang::En) => "maximum",
            (Value::Sum, Lang::El) => "άθροισμα",
            (Value::Sum, Lang::En) => "sum",
        }
    }

    /// A condition, as the form offers it.
    pub(in crate::pages) fn condition_of(self, code: &str) -> &'static str {
        match (code, self) {
            ("above", Lang::El) => "πάνω από όριο",
            ("above", Lang::En) => "above a level",
            ("below", Lang::El) => "κάτω από όριο",
            ("below", Lang::En) => "below a level",
            ("rise", Lang::El) => "γρήγορη άνοδος",
            ("rise", Lang::En) => "a fast rise",
            ("fall", Lang::El) => "γρήγορη πτώση",
            ("fall", Lang::En) => "a fast fall",
            ("drift", Lang::El) => "απόκλιση από τη δική του συνήθη τιμή",
            ("drift", Lang::En) => "drift from its own baseline",
            (_, Lang::El) => "κρούση",
            (_, Lang::En) => "an impact",
        }
    }

    /// `3 ανοιχτές ειδοποιήσεις, 1 χωρίς απάντηση`.
    pub(in crate::pages) fn alerts_counted(self, open: usize, raised: usize) -> String {
        match (self, open, raised) {
            (Lang::El, 0, _) => "Καμία ανοιχτή ειδοποίηση".to_owned(),
            (Lang::El, 1, 0) => "Μία ανοιχτή ειδοποίηση, σε ανάληψη".to_owned(),
            (Lang::El, 1, _) => "Μία ανοιχτή ειδοποίηση, χωρίς απάντηση".to_owned(),
            (Lang::El, _, 0) => format!("{open} ανοιχτές ειδοποιήσεις, όλες σε ανάληψη"),
            (Lang::El, _, _) => format!("{open} ανοιχτές ειδοποιήσεις, {raised} χωρίς απάντηση"),
            (Lang::En, 0, _) => "No alert is open".to_owned(),
            (Lang::En, 1, 0) => "One alert is open, and acknowledged".to_owned(),
            (Lang::En, 1, _) => "One alert is open, and not answered".to_owned(),
            (Lang::En, _, 0) => format!("{open} alerts are open, all acknowledged"),
            (Lang::En, _, _) => format!("{open} alerts are open, {raised} not answered"),
        }
    }

    /// That no more find room.
    pub(in crate::pages) fn alerts_full(self, refused: u64) -> String {
        match self {
            Lang::El => format!(
                "Είναι ανοιχτές όσες επιτρέπει το [alerts] open_max· {refused} φορές κάτι δεν χώρεσε. Κλείστε ή ομαδοποιήστε ό,τι δεν χρειάζεται."
            ),
            Lang::En => format!(
                "As many are open as [alerts] open_max allows; {refused} times something found no room. End what is not needed, or plan maintenance."
            ),
        }
    }

    /// `12 μαζί`.
    pub(in crate::pages) fn so_many(self, n: usize) -> String {
        match self {
            Lang::El => format!("{n} μαζί"),
            Lang::En => format!("{n} together"),
        }
    }

    /// `15 κανόνες, 1 αναπαύεται`.
    pub(in crate::pages) fn rules_counted(self, all: usize, rest: usize) -> String {
        match (self, rest) {
            (Lang::El, 0) => format!("{all} κανόνες"),
            (Lang::El, 1) => format!("{all} κανόνες, ένας αναπαύεται"),
            (Lang::El, _) => format!("{all} κανόνες, {rest} αναπαύονται"),
            (Lang::En, 0) => format!("{all} rules"),
            (Lang::En, 1) => format!("{all} rules, one rests"),
            (Lang::En, _) => format!("{all} rules, {rest} rest"),
        }
    }

    /// How many alerts of a rule are open.
    pub(in crate::pages) fn rule_open(self, n: usize) -> String {
        match (self, n) {
            (Lang::El, 1) => "μία ανοιχτή".to_owned(),
            (Lang::El, _) => format!("{n} ανοιχτές"),
            (Lang::En, _) => format!("{n} open"),
        }
    }

    /// Where a level comes from. Catalogues cite in English; what rests on our own judgement begins with the same two words.
    pub(in crate::pages) fn source(self, cited: &str) -> String {
        cited.strip_prefix("house rule").map_or_else(|| cited.to_owned(), |rest| format!("{}{rest}", self.house_rule()))
    }

    /// What a dry run found.
    pub(in crate::pages) fn would_have_raised(self, n: usize, days: i64) -> String {
        match (self, n) {
            (Lang::El, 0) => format!("Τις τελευταίες {days} ημέρες δεν θα είχε ειδοποιήσει καμία φορά"),
            (Lang::El, 1) => format!("Τις τελευταίες {days} ημέρες θα είχε ειδοποιήσει μία φορά"),
            (Lang::El, _) => format!("Τις τελευταίες {days} ημέρες θα είχε ειδοποιήσει {n} φορές"),
            (Lang::En, 0) => format!("In the last {days} days it would not have raised anything"),
            (Lang::En, 1) => format!("In the last {days} days it would have raised once"),
            (Lang::En, _) => format!("In the last {days} days it would have raised {n} times"),
        }
    }

    /// How much a dry run looked at.
    pub(in crate::pages) fn looked_at(self, looked: usize, left_out: usize) -> String {
        let all = match (self, looked) {
            (Lang::El, 1) => "σε μία σειρά μετρήσεων".to_owned(),
            (Lang::El, _) => format!("σε {looked} σειρές μετρήσεων"),
            (Lang::En, _) => format!("of {looked} series"),
        };
        match (self, left_out) {
            (_, 0) => all,
            (Lang::El, _) => format!("{all}· {left_out} ακόμη δεν εξετάστηκαν"),
            (Lang::En, _) => format!("{all}; {left_out} more were not looked at"),
        }
    }

    /// What follows: `έκτακτη επιθεώρηση: Λειτουργικός έλεγχος, σε 1 ημέρα`.
    pub(in crate::pages) fn calls_inspection(self, name: &str, days: u16) -> String {
        match (self, days) {
            (Lang::El, 1) => format!("έκτακτη επιθεώρηση σε 1 ημέρα: {name}"),
            (Lang::El, _) => format!("έκτακτη επιθεώρηση σε {days} ημέρες: {name}"),
            (Lang::En, 1) => format!("calls for an inspection within 1 day: {name}"),
            (Lang::En, _) => format!("calls for an inspection within {days} days: {name}"),
        }
    }

    /// Of the days before.
    pub(in crate::pages) fn of_days(self, days: u32) -> String {
        match self {
            Lang::El => format!("(διάμεσος {days} ημερών)"),
            Lang::En => format!("(median of {days} days)"),
        }
    }

    /// When an impact is told.
    pub(in crate::pages) fn impact_says(
        self,
        name: &str,
        factor: &str,
        days: u32,
        level: &str,
        always: &str,
    ) -> String {
        match self {
            Lang::El => format!(
                "{name}: {factor} φορές πάνω από το συνηθισμένο {days} ημερών και πάνω από {level}· πάντα πάνω από {always}"
            ),
            Lang::En => format!(
                "{name}: {factor} times what was usual for {days} days, and above {level}; always above {always}"
            ),
        }
    }

    /// Who is on call now.
    pub(in crate::pages) fn on_call_now(self, first: Option<&str>, nobody: bool) -> String {
        match (self, first, nobody) {
            (Lang::El, Some(name), _) => format!("Τώρα έχει υπηρεσία: {name}"),
            (Lang::El, None, true) => "Κανείς δεν έχει οριστεί σε υπηρεσία".to_owned(),
            (Lang::El, None, false) => "Τώρα κανείς δεν έχει υπηρεσία για όλα".to_owned(),
            (Lang::En, Some(name), _) => format!("On call now: {name}"),
            (Lang::En, None, true) => "Nobody has been put on call".to_owned(),
            (Lang::En, None, false) => "Nobody is on call for everything now".to_owned(),
        }
    }

    /// How long the next one waits.
    pub(in crate::pages) fn escalates_after(self, minutes: u32) -> String {
        match self {
            Lang::El => format!("Συναγερμός χωρίς ανάληψη πηγαίνει στον επόμενο μετά από {minutes} λεπτά."),
            Lang::En => format!("An alarm that is not acknowledged goes to the next one after {minutes} minutes."),
        }
    }

    /// `2 εργασίες συντήρησης`.
    pub(in crate::pages) fn maintenance_counted(self, n: usize) -> String {
        match (self, n) {
            (Lang::El, 0) => "Καμία εργασία συντήρησης".to_owned(),
            (Lang::El, 1) => "Μία εργασία συντήρησης".to_owned(),
            (Lang::El, _) => format!("{n} εργασίες συντήρησης"),
            (Lang::En, 0) => "No maintenance".to_owned(),
            (Lang::En, 1) => "One maintenance".to_owned(),
            (Lang::En, _) => format!("{n} maintenances"),
        }
    }

    /// How delivery goes.
    pub(in crate::pages) fn delivery_counted(self, ways: usize, waiting: u64, failed: u64) -> String {
        let given_up = match (self, failed) {
            (_, 0) => "",
            (Lang::El, 1) => "Μία αποστολή εγκαταλείφθηκε το τελευταίο εικοσιτετράωρο",
            (Lang::El, _) => &format!("{failed} αποστολές εγκαταλείφθηκαν το τελευταίο εικοσιτετράωρο"),
            (Lang::En, 1) => "One notice was given up within the last day",
            (Lang::En, _) => &format!("{failed} notices were given up within the last day"),
        };
        let waits = match (self, waiting, failed) {
            (_, 0, 1..) => "",
            (Lang::El, 0, 0) => "Οι αποστολές φτάνουν",
            (Lang::El, 1, 0) => "Μία αποστολή περιμένει",
            (Lang::El, _, 0) => &format!("{waiting} αποστολές περιμένουν"),
            (Lang::El, 1, _) => "· μία περιμένει",
            (Lang::El, _, _) => &format!("· {waiting} περιμένουν"),
            (Lang::En, 0, 0) => "Notices arrive",
            (Lang::En, 1, 0) => "One notice waits",
            (Lang::En, _, 0) => &format!("{waiting} notices wait"),
            (Lang::En, 1, _) => "; one waits",
            (Lang::En, _, _) => &format!("; {waiting} wait"),
        };
        match (self, ways) {
            (Lang::El, 0) => "Καμία αποστολή έξω από την πύλη".to_owned(),
            (Lang::En, 0) => "Nothing is sent out of the gateway".to_owned(),
            _ => format!("{given_up}{waits}"),
        }
    }

    /// Why a notice was not sent. What others answered stands in their words.
    pub(in crate::pages) fn trouble(self, message: &str) -> String {
        let begins = |(known, _): &&(&str, &str)| message.starts_with(known);
        match (self, TROUBLES.iter().find(begins)) {
            (Lang::El, Some((known, greek))) => format!("{greek}{}", &message[known.len()..]),
            _ => message.to_owned(),
        }
    }

    /// That a field holds no number.
    pub(in crate::pages) fn not_a_number(self, field: &str) -> String {
        match self {
            Lang::El => format!("{field}: δεν είναι αριθμός"),
            Lang::En => format!("{field}: not a number"),
        }
    }
}
