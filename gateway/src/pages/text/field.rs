//! The words of the field page. Most are said by its scripts: they are handed over with the page, side by side in both
//! languages as everywhere. `{n}` and its like are filled in there.

use std::collections::BTreeMap;

use super::Lang;

words! {
    field: "Εργασία πεδίου", "Work in the street";
    field_says: "Έλεγχοι, ευρήματα και εργασίες από το κινητό, και χωρίς σήμα", "Inspections, findings and work on a phone, without signal too";
    more_equipment: "Εξοπλισμός", "Equipment";
    field_reading: "Ανάγνωση…", "Reading…";
    field_no_script: "Η σελίδα αυτή χρειάζεται JavaScript: κρατά τα έντυπα στο κινητό όταν δεν υπάρχει σήμα.", "This page needs JavaScript: it keeps forms on the phone when there is no signal.";
    field_to_pages: "Στις σελίδες της πύλης", "To the gateway's pages";
}

macro_rules! said_by_scripts {
    ($($name:ident: $el:literal, $en:literal;)*) => {
        impl Lang {
            /// What the field page's scripts say, by name.
            pub(in crate::pages) fn field_words(self) -> BTreeMap<&'static str, &'static str> {
                BTreeMap::from([$((stringify!($name), match self { Lang::El => $el, Lang::En => $en })),*])
            }
        }
    };
}

said_by_scripts! {
    title: "Η εργασία της ημέρας", "The day's work";
    today: "σήμερα", "today";
    to_list: "Στη λίστα", "To the list";

    not_loaded: "Δεν έχει φορτωθεί εργασία στο κινητό. Προετοιμαστείτε όσο υπάρχει σύνδεση· μετά δουλεύετε και χωρίς σήμα.", "No work is on this phone. Prepare while there is a connection; then you work without signal too.";
    prepare: "Προετοιμασία για το πεδίο", "Prepare for the field";
    prepare_again: "Νέα φόρτωση", "Load again";
    prepared: "Η εργασία της ημέρας είναι στο κινητό.", "The day's work is on the phone.";
    loading: "Φόρτωση…", "Loading…";
    loaded: "Φορτώθηκε {when}", "Loaded {when}";
    loaded_old: "Φορτώθηκε {when}, δεν είναι η σημερινή. Φορτώστε πάλι πριν ξεκινήσετε.", "Loaded {when}, not today's. Load again before you set out.";
    offline_ready: "Η σελίδα ανοίγει και χωρίς σύνδεση.", "The page opens without a connection too.";
    offline_waiting: "Η σελίδα δεν έχει αποθηκευτεί ακόμη για χρήση χωρίς σύνδεση.", "The page is not kept for use without a connection yet.";
    offline_never: "Η σελίδα δεν ανοίγει χωρίς σύνδεση σε αυτό το πρόγραμμα περιήγησης: χρειάζεται HTTPS. Όσα γράφετε κρατιούνται.", "In this browser the page does not open without a connection: it needs HTTPS. What you write is kept.";
    unit_one: "{n} σημείο ελέγχου", "{n} unit";
    unit_many: "{n} σημεία ελέγχου", "{n} units";
    filter: "Εύρεση: όνομα, θέση, κωδικός", "Find: name, site, code";
    filter_more: "Υπάρχουν και άλλα: γράψτε κάτι στην εύρεση.", "There are more: type something to find them.";
    nothing_found: "Δεν βρέθηκε κάτι τέτοιο στην εργασία της ημέρας.", "Nothing like it in the day's work.";
    nothing_due: "Καμία εκκρεμότητα σήμερα.", "Nothing is due today.";
    no_units: "Δεν υπάρχει εξοπλισμός στις θέσεις σας. Τον προσθέτει όποιος τηρεί το μητρώο.", "There is no equipment at your sites. Whoever keeps the register adds it.";
    no_unit: "Δεν είναι στην εργασία της ημέρας", "It is not in the day's work";
    no_site: "Χωρίς θέση", "No site";
    rest: "Χωρίς εκκρεμότητα ({n})", "Nothing due ({n})";
    drafts: "Αρχισμένα", "Begun";
    begun: "άρχισε", "begun";

    bar_now: "Να ακινητοποιηθούν τώρα", "To be barred now";
    status_open: "σε χρήση", "in use";
    status_restricted: "χρήση με περιορισμό", "restricted use";
    status_ordered: "εντολή ακινητοποίησης", "lock-out ordered";
    status_locked_out: "ακινητοποιημένο", "barred";
    status_dismantled: "αποξηλωμένο", "dismantled";
    overdue_one: "εκπρόθεσμο, {n} ημέρα", "{n} day overdue";
    overdue_many: "εκπρόθεσμο, {n} ημέρες", "{n} days overdue";
    due_today: "για σήμερα", "due today";
    due_on: "έως", "by";
    done_here: "έγινε από αυτό το κινητό", "done on this phone";
    here_only: "από αυτό το κινητό", "from this phone";
    order: "Εντολή εργασίας", "Work order";
    order_one: "{n} εντολή εργασίας", "{n} work order";
    order_many: "{n} εντολές εργασίας", "{n} work orders";
    defect_one: "{n} ανοικτό εύρημα", "{n} open finding";
    defect_many: "{n} ανοικτά ευρήματα", "{n} open findings";
    duties: "Έλεγχοι", "Inspections";
    no_duties: "Κανένας προγραμματισμένος.", "None is planned.";
    other_types: "Άλλος έλεγχος", "Another inspection";
    equipment: "Εξοπλισμός", "Equipment";
    inspect: "Έλεγχος", "Inspect";
    round: "Γύρος", "Round";
    reinspection: "Επανεπιθεώρηση", "Re-inspect";
    may_not_role: "Ο ρόλος σας δεν κάνει επιθεωρήσεις.", "Your role does not inspect.";
    may_not_dependent: "Χρειάζεται ανεξάρτητος ελεγκτής: εσείς ή ο εργοδότης σας έχετε εργαστεί στον εξοπλισμό ή τον συντηρείτε.", "An independent inspector is needed: you or your employer worked on the equipment or maintain it.";
    may_not_act: "Ο ρόλος σας βλέπει και δεν καταχωρίζει.", "Your role looks and records nothing.";

    deed_found: "Νέο εύρημα", "Report a defect";
    deed_barred: "Ακινητοποίηση", "Bar it";
    deed_work_done: "Τέλος εργασίας", "End the work";
    barred_how: "Κλείστε τον εξοπλισμό ώστε να μην μπορεί να χρησιμοποιηθεί, και φωτογραφίστε τον κλεισμένο.", "Close the equipment so that it cannot be used, and photograph it closed.";
    photo_barred: "Φωτογραφία της ακινητοποίησης", "Photograph of it barred";
    work_how: "Γράψτε τι έγινε, ή φωτογραφίστε το.", "Write what was done, or photograph it.";
    work_grave: "Το εύρημα ήταν σημαντικό ή επείγον: χρειάζεται φωτογραφία.", "The defect was important or urgent: a photograph is needed.";
    work_text: "Τι έγινε", "What was done";

    kept_here: "κάθε πάτημα φυλάσσεται στο κινητό", "each tap is kept on the phone";
    round_how: "Δείτε κάθε όργανο. Ό,τι δεν έχει εύρημα υπογράφεται σε τάξη.", "Look at each piece. What has no finding is signed as in order.";
    item_by_item: "Σημείο προς σημείο", "Item by item";
    in_order: "σε τάξη", "in order";
    rest_in_order: "Τα υπόλοιπα σε τάξη", "The rest is in order";
    answer_ok: "Σε τάξη", "In order";
    answer_defect: "Εύρημα", "Defect";
    answer_none: "Δεν έχει", "Not there";
    value: "Τιμή", "Value";
    beyond: "Εκτός ορίων: χρειάζεται εύρημα", "Beyond its limits: a finding is needed";
    progress: "Πρόοδος", "Progress";
    progress_n: "{n} από {m}", "{n} of {m}";
    finding: "Εύρημα", "Finding";
    finding_one: "{n} εύρημα", "{n} finding";
    finding_many: "{n} ευρήματα", "{n} findings";
    finding_about: "Σε ποιο σημείο", "About which item";
    finding_else: "Κάτι άλλο", "Something else";
    finding_text: "Τι δεν είναι σε τάξη", "What is wrong";
    finding_remove: "Δεν υπάρχει εύρημα", "There is no finding";
    severity: "Πόσο σοβαρό", "How bad";
    severity_proposed: "Η κλίμακα προτείνει: {word}", "The scheme proposes: {word}";
    severity_recommended: "Σύσταση", "Recommended";
    severity_recommended_means: "διορθώνεται με την ευκαιρία", "to be put right when convenient";
    severity_important: "Σημαντικό", "Important";
    severity_important_means: "διορθώνεται με προθεσμία", "to be put right by a date";
    severity_urgent: "Επείγον", "Urgent";
    severity_urgent_means: "ακινητοποιείται αμέσως", "it is locked out at once";
    again: "Ανοικτά ευρήματα", "Open findings";
    found_well: "το είδα πάλι και είναι σε τάξη", "looked at again, found well";
    note_and_photos: "Παρατήρηση και φωτογραφίες", "Remark and photographs";
    note: "Παρατήρηση", "Remark";

    photos: "Φωτογραφία", "Photograph";
    photo_n: "Φωτογραφία {n}", "Photograph {n}";
    photo_remove: "Αφαίρεση", "Remove";
    photo_title: "Πριν κρατηθεί: πρόσωπα, πινακίδες", "Before it is kept: faces, plates";
    photo_how: "Σύρετε πάνω σε κάθε πρόσωπο ή πινακίδα, ή αγγίξτε το: γίνεται αγνώριστο. Με το πληκτρολόγιο: βέλη και Enter.", "Drag over each face or plate, or tap it: it becomes unrecognisable. By keyboard: arrows and Enter.";
    photo_canvas: "Η φωτογραφία· βέλη για τη θέση, Enter για θόλωση", "The photograph; arrows move, Enter blurs";
    photo_blurred: "Θολώθηκε.", "Blurred.";
    photo_undo: "Πάλι από την αρχή", "Undo all";
    photo_keep: "Κρατήστε τη", "Keep it";
    photo_drop: "Όχι αυτή", "Not this one";
    photo_unreadable: "Η εικόνα δεν διαβάζεται. Δοκιμάστε άλλη, JPEG ή PNG.", "The picture cannot be read. Try another, JPEG or PNG.";
    no_storage: "Το πρόγραμμα περιήγησης δεν αφήνει τη σελίδα να κρατήσει έντυπα στο κινητό (ιδιωτική περιήγηση;). Ανοίξτε την σε κανονικό παράθυρο.", "The browser does not let the page keep forms on the phone (a private window?). Open it in an ordinary one.";
    elsewhere: "Ανοιχτό σε άλλο παράθυρο", "Open in another window";
    elsewhere_says: "Το έντυπο συμπληρώνεται σε άλλο παράθυρο αυτού του κινητού. Όσα γράφτηκαν εκεί είναι φυλαγμένα· αν συνεχίσετε εδώ, εκείνο σταματά.", "The form is being filled in in another window of this phone. What was written there is kept; if you go on here, that one stops.";
    elsewhere_take: "Συνεχίστε εδώ", "Go on here";
    full: "Δεν αποθηκεύτηκε: το κινητό δεν έχει χώρο ή δεν επιτρέπει αποθήκευση. Ελευθερώστε χώρο και δοκιμάστε πάλι· μην κλείσετε τη σελίδα.", "It was not kept: the phone has no room or does not allow it. Make room and try again; do not close the page.";

    signature: "Υπογραφή", "Signature";
    seen_myself: "Το είδα ο ίδιος/η ίδια", "I looked at it myself";
    done_myself: "Έγινε από εμένα ή ήμουν εκεί", "I did it or was there";
    distance: "Σημειώστε την απόστασή μου", "Note my distance";
    distance_is: "{n} μ. από τη θέση· μόνο ο αριθμός κρατιέται", "{n} m from the place; the number alone is kept";
    distance_wait: "Αναμονή για τη θέση…", "Waiting for the place…";
    distance_none: "Η θέση δεν είναι διαθέσιμη· δεν πειράζει.", "The place is not to be had; never mind.";
    sign_all_well: "Όλα σε τάξη, υπογραφή και τέλος", "All in order, sign and finish";
    sign_finish: "Υπογραφή και τέλος", "Sign and finish";
    signed: "Υπογράφηκε και φυλάσσεται στο κινητό. Στέλνεται μόλις υπάρξει σύνδεση.", "Signed and kept on the phone. It is sent as soon as there is a connection.";
    lacks: "Δεν υπογράφηκε. Λείπουν:", "It is not signed. Missing:";
    lacks_mark: "η βαθμολογία του ευρήματος", "the marks of the finding";
    lacks_severity: "πόσο σοβαρό είναι το εύρημα", "how bad the finding is";
    lacks_text: "με λόγια, τι συμβαίνει", "what it is, in words";
    lacks_photo: "μια φωτογραφία", "a photograph";
    lacks_person: "το πρόσωπο που το συμπλήρωσε: τώρα είναι συνδεδεμένο άλλο", "the person who filled it in: somebody else is signed in now";
    lacks_tick: "η επιβεβαίωσή σας", "your confirmation";
    discard: "Διαγραφή προχείρου", "Discard the draft";
    discard_ask: "Το πρόχειρο και οι φωτογραφίες του θα διαγραφούν από το κινητό. Να διαγραφούν;", "The draft and its photographs will be removed from the phone. Remove them?";

    outbox: "Έντυπα", "Forms";
    unsent: "Μη απεσταλμένα", "Unsent";
    unsent_one: "{n} μη απεσταλμένο", "{n} unsent";
    unsent_many: "{n} μη απεσταλμένα", "{n} unsent";
    all_sent: "0 μη απεσταλμένα", "0 unsent";
    send_now: "Αποστολή τώρα", "Send now";
    arrived: "Τα έντυπα έφθασαν στην πύλη.", "The forms have arrived at the gateway.";
    signed_at: "υπογράφηκε", "signed";
    receipts: "Απεσταλμένα", "Sent";
    receipts_kept: "Όσα εστάλησαν μένουν εδώ 7 ημέρες ως απόδειξη, χωρίς τις φωτογραφίες τους.", "What was sent stays here for 7 days as a receipt, without its photographs.";
    put_aside: "Στην άκρη", "Put aside";
    state_waiting: "περιμένει", "waiting";
    state_sending: "στέλνεται", "sending";
    state_sent: "εστάλη", "sent";
    state_refused: "δεν έγινε δεκτό", "refused";
    state_aside: "στην άκρη", "put aside";
    try_again: "Νέα προσπάθεια", "Try again";
    aside_do: "Στην άκρη…", "Put aside…";
    aside_ask: "Το έντυπο δεν θα σταλεί. Μένει στο κινητό, στην άκρη, και μπορείτε να το πάρετε ως αρχείο. Στην άκρη;", "The form will not be sent. It stays on the phone, put aside, and can be taken as a file. Put it aside?";
    export_do: "Λήψη ως αρχείο", "Take as a file";
    others_one: "{n} έντυπο άλλου προσώπου περιμένει. Στέλνεται μόνο όταν συνδεθεί εκείνο.", "{n} form of somebody else waits. It is sent only when they sign in.";
    others_many: "{n} έντυπα άλλου προσώπου περιμένουν. Στέλνονται μόνο όταν συνδεθεί εκείνο.", "{n} forms of somebody else wait. They are sent only when they sign in.";
    sign_in: "Σύνδεση", "Sign in";
    sign_in_none: "Συνδεθείτε ξανά. Τίποτε δεν χάθηκε.", "Sign in again. Nothing is lost.";
    sign_in_one: "Συνδεθείτε ξανά· {n} έντυπο περιμένει. Τίποτε δεν χάθηκε.", "Sign in again; {n} form waits. Nothing is lost.";
    sign_in_many: "Συνδεθείτε ξανά· {n} έντυπα περιμένουν. Τίποτε δεν χάθηκε.", "Sign in again; {n} forms wait. Nothing is lost.";
    trouble_offline: "Χωρίς σύνδεση. Συνεχίστε· όλα φυλάσσονται στο κινητό.", "No connection. Go on; everything is kept on the phone.";
    trouble_signed_out: "Η σύνδεσή σας έληξε. Συνδεθείτε ξανά· τίποτε δεν χάθηκε.", "Your sign-in has ended. Sign in again; nothing is lost.";
    trouble_gateway: "Η πύλη δεν μπορεί να απαντήσει τώρα. Νέα προσπάθεια σε μισό λεπτό.", "The gateway cannot answer now. Trying again in half a minute.";

    reason_other: "Δεν έγινε δεκτό ({code}). Δείξτε το σε όποιον τηρεί το μητρώο.", "Refused ({code}). Show it to whoever keeps the register.";
    reason_photo_lost: "Μια φωτογραφία του δεν είναι πια στο κινητό. Βάλτε το στην άκρη και κάντε το πάλι.", "A photograph of it is no longer on the phone. Put it aside and do it again.";
    reason_no_asset: "Ο εξοπλισμός δεν υπάρχει στο μητρώο ή δεν είναι στις θέσεις σας. Φορτώστε πάλι την εργασία.", "The equipment is not on record, or not at your sites. Load the work again.";
    reason_not_a_unit: "Ελέγχεται μαζί με το σύνολο όπου ανήκει. Φορτώστε πάλι και ξεκινήστε από εκεί.", "It is inspected with what it is a part of. Load again and begin there.";
    reason_no_type: "Δεν προβλέπεται τέτοιος έλεγχος εδώ. Φορτώστε πάλι την εργασία.", "There is no such inspection of it. Load the work again.";
    reason_not_asked: "Ο κατάλογος ελέγχου άλλαξε: απαντά σε κάτι που δεν ζητείται πια. Φορτώστε πάλι και επαναλάβετε.", "The checklist has changed: it answers what is no longer asked. Load again and repeat it.";
    reason_unanswered: "Ο κατάλογος ελέγχου άλλαξε: κάτι έμεινε αναπάντητο. Φορτώστε πάλι και επαναλάβετε.", "The checklist has changed: something has no answer. Load again and repeat it.";
    reason_no_finding: "Κάτι δεν είναι σε τάξη και δεν λέει τι. Επαναλάβετε με εύρημα.", "Something is not in order and nothing says what. Repeat it with a finding.";
    reason_beyond_limits: "Μια τιμή είναι εκτός ορίων και δηλώθηκε σε τάξη. Επαναλάβετε με εύρημα.", "A value is beyond its limits and said to be in order. Repeat it with a finding.";
    reason_times: "Οι ώρες δεν στέκουν: το ρολόι του κινητού πάει μπροστά, ή πέρασαν 60 ημέρες. Διορθώστε το ρολόι και δοκιμάστε σε λίγο πάλι.", "Its times cannot be: the phone's clock is ahead, or 60 days have passed. Put the clock right and try again in a while.";
    reason_rating: "Η βαθμολογία του ευρήματος δεν είναι καμιάς κλίμακας. Φορτώστε πάλι την εργασία και επαναλάβετε.", "The finding's rating is of no scheme. Load the work again and repeat it.";
    reason_too_long: "Κείμενο ή φωτογραφίες πέρα από το όριο. Κάντε το πάλι σε δύο έντυπα.", "Text or photographs beyond the limit. Do it again as two forms.";
    reason_dependent: "Χρειάζεται ανεξάρτητος ελεγκτής: εσείς ή ο εργοδότης σας έχετε εργαστεί στον εξοπλισμό. Να τον κάνει άλλος.", "An independent inspector is needed: you or your employer worked on the equipment. Somebody else is to do it.";
    reason_another_hand: "Το συμπλήρωσε άλλο πρόσωπο. Το στέλνει μόνο εκείνο.", "Somebody else filled it in. Only they can send it.";
    reason_no_earlier: "Ο έλεγχος που αντικαθιστά δεν είναι ο τελευταίος.", "The inspection that it stands instead of is not the last one.";
    reason_dismantled: "Ο εξοπλισμός αποξηλώθηκε. Βάλτε το στην άκρη.", "The equipment was dismantled. Put it aside.";
    reason_unknown: "Το εύρημα, η εντολή ή ο έλεγχος που αναφέρει δεν υπάρχει. Φορτώστε πάλι την εργασία.", "The defect, order or inspection that it names is not there. Load the work again.";
    reason_used: "Υπάρχει ήδη άλλη εγγραφή με αυτό το όνομα. Κάντε το πάλι.", "Another record has that name already. Do it again.";
    reason_over: "Έχει κλείσει ήδη από άλλον. Βάλτε το στην άκρη.", "Somebody else closed it already. Put it aside.";
    reason_words: "Λείπει η περιγραφή. Κάντε το πάλι με λίγα λόγια.", "A description is missing. Do it again with a few words.";
    reason_evidence: "Λείπει φωτογραφία. Κάντε το πάλι με φωτογραφία.", "A photograph is missing. Do it again with one.";
    reason_not_locked_out: "Δεν υπάρχει εντολή ακινητοποίησης. Ίσως δεν έγινε δεκτό το εύρημα που την έδωσε: στείλτε πρώτα εκείνο.", "No lock-out is ordered. Perhaps the finding that ordered it was refused: send that first.";
    reason_barred: "Το ακινητοποίησε ήδη άλλος. Βάλτε το στην άκρη.", "Somebody barred it already. Put it aside.";
    reason_urgent_open: "Υπάρχει ανοικτό επείγον εύρημα.", "An urgent finding is open.";
    reason_not_certified: "Ένα πιστοποιητικό δεν ισχύει.", "A certificate is not in force.";
    reason_not_well: "Ο έλεγχος δεν το βρήκε σε τάξη.", "The inspection did not find it well.";
    reason_too_early: "Ο έλεγχος έγινε πριν από την εργασία ή την ακινητοποίηση. Να γίνει νέος.", "The inspection came before the work or the lock-out. Make a new one.";
    reason_own_work: "Όποιος έκανε την εργασία δεν την εγκρίνει. Να το δει άλλος.", "Whoever did the work may not find it well. Somebody else is to look.";
    reason_no_work: "Δεν έχει γίνει εργασία για αυτό το εύρημα.", "No work on this finding was done.";
    reason_no_original: "Το άλλο εύρημα είναι κλειστό, ηπιότερο ή το ίδιο.", "The other finding is closed, milder, or the same.";
    reason_dates: "Τελειώνει πριν αρχίσει.", "It ends before it begins.";
    reason_second_person: "Χρειάζεται δεύτερο πρόσωπο.", "A second person is needed.";
    reason_too_many: "Ο εξοπλισμός έχει πολλά ανοικτά. Κλείστε όσα τελείωσαν και δοκιμάστε πάλι.", "The equipment has too much open. Close what is over and try again.";
    reason_forbidden: "Ο ρόλος σας δεν το επιτρέπει πια. Μιλήστε με τον διαχειριστή.", "Your role does not allow it any more. Speak to an administrator.";
    reason_unreadable: "Η πύλη δεν το διαβάζει. Πάρτε το ως αρχείο και δείξτε το στον διαχειριστή.", "The gateway cannot read it. Take it as a file and show it to an administrator.";
    reason_no_document: "Μια φωτογραφία του δεν βρίσκεται στην πύλη. Δοκιμάστε πάλι.", "A photograph of it is not at the gateway. Try again.";
    reason_document: "Μια φωτογραφία του δεν γίνεται δεκτή. Κάντε το πάλι με άλλη.", "A photograph of it is not taken. Do it again with another.";
}
