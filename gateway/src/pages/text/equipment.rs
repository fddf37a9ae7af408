//! The words of equipment: how it stands, what was done about it, what is to be done.

use super::Lang;
use crate::catalogue::exceptions::Exceptions;
use crate::operations::asset::Unsound;
use crate::operations::case::{Refusal, Status};
use crate::operations::certificate;
use crate::operations::inspection::Invalid;
use crate::operations::schedule;
use crate::operations::step::Severity;

words! {
    equipment: "Εξοπλισμός", "Equipment";
    asset: "Εξοπλισμός", "Equipment";
    all_equipment: "Όλος ο εξοπλισμός", "All equipment";
    no_equipment: "Κανένας εξοπλισμός ακόμη", "No equipment yet";
    no_equipment_do: "Εδώ φαίνονται παιδικές χαρές, ανελκυστήρες, οχήματα, μηχανήματα και αθλητικός εξοπλισμός, με τους ελέγχους και τα πιστοποιητικά τους. Προσθέστε ένα, ή φέρτε τα από πίνακα.", "Playgrounds, lifts, vehicles, machinery and sports equipment show here, with their inspections and certificates. Add one, or bring them in from a table.";
    add_asset: "Προσθήκη εξοπλισμού", "Add equipment";
    add_part: "Προσθήκη μέρους", "Add a part";
    edit_asset: "Αλλαγή στοιχείων", "Change particulars";
    asset_saved: "Τα στοιχεία άλλαξαν.", "The particulars are changed.";
    asset_added: "Προστέθηκε. Τυπώστε την ετικέτα του.", "It is added. Print its label.";
    asset_code: "Κωδικός", "Code";
    asset_code_rule: "Όπως στην ετικέτα: 2 έως 40 από a-z 0-9 -, πρώτα γράμμα", "As on its label: 2 to 40 of a-z 0-9 -, a letter first";
    asset_parent: "Μέρος του", "Part of";
    asset_parent_none: "δεν είναι μέρος άλλου", "not a part of another";
    asset_use: "Χρήση", "Use";
    asset_use_none: "χωρίς διάκριση", "makes no difference";
    asset_use_rule: "Ανελκυστήρες, οχήματα και μηχανήματα: ο νόμος διακρίνει κατά χρήση", "Lifts, vehicles and machinery: the law tells uses apart";
    manufacturer: "Κατασκευαστής", "Manufacturer";
    model: "Τύπος", "Model";
    standard: "Πρότυπο και έκδοση", "Standard and edition";
    installed: "Τοποθετήθηκε", "Installed";
    maintainer: "Συντηρητής", "Maintained by";
    maintainer_rule: "Κενό: ο Δήμος. Όπως λέγεται ο εργοδότης όσων τον συντηρούν: δεν τον επιθεωρούν όπου ζητείται ανεξαρτησία", "Empty: the municipality. As the employer of who maintains it is called: they do not inspect it where independence is asked";
    registry_numbers: "Αριθμοί μητρώων", "Registry numbers";
    registry_numbers_rule: "Ένας σε κάθε γραμμή, όνομα: αριθμός (Μητρώο Υπουργείου: 123, Πινακίδα: ΚΗΥ 1234, ΑΦΜ συντηρητή: …)", "One on each line, name: number (Ministry's register: 123, Plate: ΚΗΥ 1234)";
    mounted_nodes: "Κόμβοι πάνω του", "Nodes on it";
    inspected_before: "Τελευταίες επιθεωρήσεις πριν από το μητρώο", "Last inspections before there was a record";
    inspected_before_rule: "Όπως τις λένε τα χαρτιά του. Μία σε κάθε γραμμή, κωδικός είδους: ημέρα", "As its papers say. One on each line, code of the type: day";
    as_papers_say: "κατά τα χαρτιά", "as its papers say";
    mounted_nodes_rule: "Ένας σε κάθε γραμμή, κόμβος: θέση (swing-7: άνω δοκός). Σε πιστοποιημένο εξοπλισμό χρειάζεται η συναίνεση του κατασκευαστή", "One on each line, node: place (swing-7: top beam). On certified equipment the manufacturer's consent is needed";
    consent_missing: "χωρίς συναίνεση του κατασκευαστή στον φάκελο", "no manufacturer's consent on file";
    save: "Αποθήκευση", "Save";
    kind_of: "Είδος", "Kind";
    all_kinds: "Όλα", "All";
    all_sites: "Όλες", "All";
    parts: "Μέρη", "Parts";
    history: "Ιστορικό", "History";
    nothing_done_yet: "Τίποτε δεν έχει καταγραφεί ακόμη.", "Nothing is on record yet.";
    older: "Παλαιότερα", "Older";
    particulars: "Στοιχεία", "Particulars";
    known_from: "Στο μητρώο από", "On record since";
    documents: "Αρχεία", "Documents";
    photograph: "Φωτογραφία", "Photograph";

    st_open: "σε χρήση", "in use";
    st_restricted: "με περιορισμό", "restricted";
    st_ordered: "εντολή ακινητοποίησης, δεν έγινε ακόμη", "lock-out ordered, not yet barred";
    st_locked_out: "ακινητοποιημένο", "locked out";
    st_dismantled: "αποξηλωμένο", "dismantled";

    defects: "Ευρήματα", "Defects";
    no_defects: "Κανένα ανοικτό εύρημα.", "No open defects.";
    work_orders: "Εντολές εργασίας", "Work orders";
    inspections: "Επιθεωρήσεις", "Inspections";
    eq_certificates: "Πιστοποιητικά", "Certificates";
    lockout_because: "Αιτία", "Because of";
    ordered_at: "Εντολή", "Ordered";
    barred_at: "Έγινε", "Barred";
    not_yet: "δεν έγινε ακόμη", "not yet";
    due_on: "Έως", "Due by";
    last_made: "Τελευταία", "Last";
    severity: "Σοβαρότητα", "Severity";
    what_is_wrong: "Τι δεν είναι σε τάξη", "What is wrong";
    awaiting_second: "Προτάθηκε να κλείσει· περιμένει δεύτερο πρόσωπο.", "It was proposed to close it; a second person is awaited.";
    the_gateway: "η πύλη", "the gateway";
    independent: "ανεξάρτητος", "independent";
    called_for: "έκτακτη", "called for";

    do_inspect: "Επιθεώρηση", "Inspect";
    do_inspect_again: "Επανεπιθεώρηση", "Inspect again";
    do_found: "Εύρημα", "Report a defect";
    do_found_says: "Ένα επείγον εύρημα δίνει αμέσως εντολή ακινητοποίησης.", "An urgent defect orders the lock-out at once.";
    do_lockout: "Εντολή ακινητοποίησης", "Order a lock-out";
    do_lockout_says: "Μένει πρώτη σε κάθε σελίδα ώσπου κάποιος να το ακινητοποιήσει και να το δείξει με φωτογραφία.", "It stays on top of every page until somebody bars the equipment and shows it with a photograph.";
    do_bar: "Το ακινητοποίησα", "I barred it";
    do_bar_says: "Δείξτε με φωτογραφία ότι δεν μπορεί πια να χρησιμοποιηθεί: ταινία, αφαίρεση, κλείδωμα, πινακίδα.", "Show with a photograph that it cannot be used any more: tape, removal, lock, sign.";
    do_release: "Επαναφορά σε χρήση", "Release";
    do_release_says: "Στηρίζεται σε επιθεώρηση που έγινε μετά τις εργασίες, από άλλον από όποιον τις έκανε, και δεν βρήκε τίποτε σημαντικό.", "It rests on an inspection that was made after the work, by somebody other than whoever did it, and found nothing important.";
    do_restrict: "Περιορισμός χρήσης", "Restrict its use";
    do_restrict_says: "Τι επιτρέπεται και τι όχι· φαίνεται σε όποιον σαρώσει την ετικέτα.", "What is allowed and what is not; whoever scans the label sees it.";
    do_unrestrict: "Άρση περιορισμού", "Lift the restriction";
    do_reclassify: "Αλλαγή σοβαρότητας", "Judge it anew";
    do_close: "Κλείσιμο ευρήματος", "Close the defect";
    do_close_says: "Ως διπλό ή λάθος κλείνει μόνο όταν συμφωνήσει και δεύτερος. Χωρίς τεκμήριο δεν κλείνει.", "As a duplicate or a mistake it closes when a second person agrees. Without evidence it does not close.";
    do_agree: "Συμφωνώ να κλείσει", "I agree to close it";
    do_disagree: "Δεν συμφωνώ", "I do not agree";
    do_work: "Εντολή εργασίας", "Order work";
    do_done: "Η εργασία έγινε", "The work is done";
    do_done_says: "Όποιος έκανε την εργασία δεν επαναφέρει τον εξοπλισμό σε χρήση: τον επανεπιθεωρεί άλλος.", "Whoever did the work does not release the equipment: somebody else inspects it again.";
    do_cancel: "Ακύρωση εντολής", "Cancel the order";
    do_certify: "Νέο πιστοποιητικό", "New certificate";
    do_stage: "Βήμα προς πιστοποιητικό", "Step towards a certificate";
    do_end: "Η αίτηση έληξε χωρίς αποτέλεσμα", "The application came to nothing";
    do_withdraw: "Απόσυρση πιστοποιητικού", "Withdraw the certificate";
    do_withdraw_says: "Παύει να μετρά· μένει στο ιστορικό. Αν δεν ισχύει άλλο, ο εξοπλισμός μπορεί να ακινητοποιηθεί.", "It counts no more; it stays in the history. Where no other is in force, the equipment may be locked out.";
    do_call: "Έκτακτη επιθεώρηση", "Call for an inspection";
    do_maintained: "Συντήρηση", "Maintenance";
    do_maintained_says: "Μπαίνει στο Βιβλίο Συντήρησης. Όποιος συντηρεί δεν θεωρείται ανεξάρτητος επιθεωρητής του.", "It goes into the maintenance book. Whoever maintains it is not an independent inspector of it.";
    do_file: "Αρχειοθέτηση εγγράφου", "File a document";
    do_file_says: "Το υπογεγραμμένο αντίγραφο, ένα σχέδιο, η συναίνεση του κατασκευαστή. Μένει με το αποτύπωμά του (SHA-256).", "The signed copy, a drawing, the manufacturer's consent. It stays with its fingerprint (SHA-256).";
    do_accident: "Ατύχημα", "Accident";
    do_accident_says: "Πριν γράψετε: ούτε όνομα ούτε άλλο στοιχείο παιδιού, γονέα ή μάρτυρα, και στις φωτογραφίες κανένα πρόσωπο. Μόνο τι συνέβη, πού, πώς, και πόσοι το είδαν. Ό,τι καταχωριστεί δεν σβήνεται.", "Before you write: neither name nor other particular of a child, parent or witness, and no face in photographs. Only what happened, where, how, and how many saw it. What is on record is not erased.";
    do_takeover: "Απόφαση για αυτόματη ακινητοποίηση", "Decide on automatic lock-out";
    do_takeover_says: "Παρελήφθη με κάτι ληγμένο. Από την ημέρα που ορίζετε, ό,τι λήγει ή έχει λήξει το ακινητοποιεί μόνο του, όπου το λέει ο κανόνας.", "It was taken over with something lapsed. From the day that you set, what lapses or has lapsed locks it out by itself, where the rule says so.";
    do_dismantle: "Αποξήλωση", "Dismantle";
    do_dismantle_says: "Για πάντα: τίποτε δεν γράφεται πια γι' αυτό. Το ιστορικό του μένει.", "For good: nothing is written about it any more. Its history stays.";
    document_wrong: "Τα αρχεία είναι JPEG, PNG ή PDF, έως 8 και έως 8 MB όλα μαζί: τίποτε δεν καταχωρίστηκε.", "Files are JPEG, PNG or PDF, 8 at most and of 8 MB in all: nothing is on record.";
    day_wrong: "Γράψτε την ημέρα.", "Write the day.";
    severity_missing: "Επιλέξτε σοβαρότητα.", "Choose how bad it is.";
    cancel: "Άκυρο", "Cancel";
    do_it: "Καταχώριση", "Put on record";
    more_actions: "Άλλες ενέργειες", "Other actions";
    done_do: "Καταχωρίστηκε.", "It is on record.";
    field_text: "Περιγραφή", "Description";
    field_reason: "Αιτία", "Reason";
    field_how: "Πώς", "How";
    field_photos: "Φωτογραφίες ή έγγραφα", "Photographs or documents";
    field_photos_rule: "JPEG, PNG ή PDF. Η θέση και ο χρόνος λήψης αφαιρούνται. Χωρίς πρόσωπα.", "JPEG, PNG or PDF. Where and when they were taken is removed. No faces.";
    field_due: "Έως", "Due by";
    field_assignee: "Σε ποιον", "To whom";
    field_parts: "Ανταλλακτικά", "Parts used";
    field_cost: "Κόστος, €", "Cost, €";
    field_cost_wrong: "Το κόστος είναι ποσό σε ευρώ, όπως 48,50.", "The cost is an amount in euro, such as 48.50.";
    field_number: "Αριθμός ή ΑΔΑ", "Number or ΑΔΑ";
    field_issuer: "Φορέας (αριθμός ΕΣΥΔ)", "Issuer (ΕΣΥΔ number)";
    field_scope: "Αντικείμενο", "Scope";
    field_from: "Ισχύει από", "In force from";
    field_until: "Ισχύει έως", "In force until";
    field_on: "Ημέρα", "Day";
    field_type: "Είδος", "Type";
    field_stage: "Βήμα", "Step";
    field_inspection: "Επιθεώρηση στην οποία στηρίζεται", "The inspection that it rests on";
    field_defects: "Ευρήματα που διορθώνει", "Defects that it is to put right";
    how_repaired: "επισκευάστηκε", "repaired";
    how_removed: "αφαιρέθηκε", "removed";
    how_duplicate: "διπλό", "a duplicate";
    how_mistaken: "λάθος", "a mistake";
    duplicate_of: "Ίδιο με", "The same as";
    because_certified: "χωρίς: το πιστοποιητικό ισχύει πάλι", "none: the certificate is in force again";
    sev_by_scheme: "όπως προτείνει η κλίμακα", "as the scheme proposes";
    sev_by_scheme_says: "εσείς αποφασίζετε: επιλέξτε άλλη σοβαρότητα αν χρειάζεται", "you decide: choose another severity where it is needed";
    sev_mark_missing: "Βαθμολογήστε σε κάθε κλίμακα, ή επιλέξτε τη σοβαρότητα.", "Give a mark on each scale, or choose the severity.";
    sev_rated: "Βαθμολογία", "Rated";
    sev_recommended: "συνιστώμενο", "recommended";
    sev_important: "σημαντικό", "important";
    sev_urgent: "επείγον", "urgent";
    sev_recommended_says: "διορθώνεται όταν βολεύει", "put right when convenient";
    sev_important_says: "διορθώνεται έως μια ημερομηνία", "put right by a date";
    sev_urgent_says: "κίνδυνος: ακινητοποιείται αμέσως", "danger: locked out at once";

    eq_all_in_order: "Τίποτε δεν εκκρεμεί σήμερα", "Nothing is due today";
    eq_ordered: "Εντολές ακινητοποίησης που δεν έγιναν ακόμη", "Ordered, not yet barred";
    eq_locked_out: "Ακινητοποιημένα", "Locked out";
    eq_overdue: "Εκπρόθεσμες επιθεωρήσεις", "Overdue inspections";
    eq_due_today: "Για σήμερα", "For today";
    eq_lapsed: "Πιστοποιητικά που δεν ισχύουν", "Certificates not in force";
    eq_lapsing: "Πιστοποιητικά προς ανανέωση", "Certificates to renew";
    eq_decisions: "Αποφάσεις που περιμένουν", "Decisions that wait";
    eq_decisions_says: "Παρελήφθησαν με κάτι ληγμένο. Ώσπου να αποφασίσει κάποιος από πότε, δεν ακινητοποιούνται μόνα τους.", "They were taken over with something lapsed. Until somebody decides from when, they are not locked out by themselves.";
    eq_orders_due: "Εντολές εργασίας που έληξαν", "Work orders past their day";
    eq_vehicles: "Να μη βγουν", "Not to leave the depot";
    eq_proposals: "Κλεισίματα που περιμένουν δεύτερο πρόσωπο", "Closings that wait for a second person";
    and_so_many_more: "ακόμη", "more";
    n_ordered: "Εντολή ακινητοποίησης που δεν έγινε ακόμη:", "Lock-out ordered and not yet barred:";

    label: "Ετικέτα", "Label";
    label_says: "Σαρώνεται με την κάμερα κάθε τηλεφώνου: δείχνει σε όλους αν επιτρέπεται η χρήση.", "Any phone's camera scans it: it shows everybody whether the equipment may be used.";
    sign_title: "Μη χρησιμοποιείτε τον εξοπλισμό", "Do not use this equipment";
    sign: "Πινακίδα ακινητοποίησης", "Out-of-use sign";
    public_may: "Επιτρέπεται η χρήση", "May be used";
    public_restricted: "Χρήση με περιορισμό", "Restricted use";
    public_must_not: "Μη χρησιμοποιείτε τον εξοπλισμό", "Do not use this equipment";
    public_gone: "Ο εξοπλισμός έχει αποξηλωθεί", "The equipment was taken away";
    public_inspected: "Τελευταίος έλεγχος", "Last inspected";
    public_never: "Δεν έχει καταγραφεί έλεγχος ακόμη", "No inspection on record yet";
    public_in_force: "σε ισχύ έως", "in force until";
    public_not_in_force: "δεν ισχύει σήμερα", "not in force today";
    public_report: "Κάτι δεν είναι σε τάξη; Καλέστε", "Is something wrong? Call";
    for_staff_open: "Άνοιγμα φακέλου", "Open its record";
    changed_meanwhile: "Κάποιος άλλος το άλλαξε στο μεταξύ: ανοίξτε ξανά τη φόρμα.", "Somebody else changed it meanwhile: open the form again.";
    asset_exists: "Υπάρχει ήδη:", "It is there already:";
    too_many_assets: "Το μητρώο έφτασε το όριό του ([limits] assets_max).", "The register is at its bound ([limits] assets_max).";
    public_for_staff: "Για το προσωπικό", "For staff";

    check_title: "Επιθεώρηση", "Inspection";
    check_version: "Έκδοση καταλόγου ελέγχων", "Checklist edition";
    check_ok: "σε τάξη", "in order";
    check_defect: "εύρημα", "defect";
    check_na: "δεν υπάρχει", "not applicable";
    check_else: "Όσα δεν σημειώθηκαν είναι σε τάξη", "What is not marked is in order";
    check_else_says: "Τα είδα όλα. Όσα μετρώνται χρειάζονται πάντα τιμή.", "I looked at all of it. What is measured always needs a value.";
    check_note: "Παρατηρήσεις", "Remarks";
    check_well: "Ανοικτά ευρήματα που τα είδα ξανά και είναι σε τάξη", "Open defects that I looked at again and found well";
    check_paper: "Από χαρτί· το συμπλήρωσε", "From paper; filled in by";
    check_paper_says: "Μόνο για μεταγραφή χάρτινου εντύπου: επισυνάψτε το.", "Only to transcribe a paper form: attach it.";
    check_instead: "Θα σταθεί στη θέση της. Γράψτε το γιατί στις παρατηρήσεις:", "It is to stand instead of this one. Say why in the remarks:";
    check_instead_do: "Αντικατάσταση με νεότερη", "Replace it by a newer one";
    check_sign: "Υπογραφή και ολοκλήρωση", "Sign and finish";
    check_final: "Μετά δεν αλλάζει· μόνο νεότερη μπορεί να την αντικαταστήσει, με αιτία.", "It does not change afterwards; only a newer one can take its place, with a reason.";
    check_field: "Στον δρόμο, και χωρίς σήμα:", "In the street, also without signal:";
    number_wrong: "γράψτε αριθμό.", "write a number.";
    value_measured: "τιμή", "value";
    field_work: "Εργασία στον δρόμο", "Work in the street";

    rec_by: "Από", "By";
    rec_at: "Πότε", "When";
    rec_arrived: "Καταχωρίστηκε", "On record since";
    rec_passed: "χωρίς σημαντικά ευρήματα", "nothing important found";
    rec_failed: "με σημαντικά ευρήματα", "something important found";
    rec_answers: "Απαντήσεις", "Answers";
    rec_took: "Διάρκεια", "Took";
    rec_distance: "Απόσταση από τη θέση", "Distance from the site";
    rec_transcribed: "Μεταγραφή από χαρτί που συμπλήρωσε", "Transcribed from paper filled in by";
    rec_supersedes: "Αντικαθιστά", "Stands instead of";
    rec_audit: "Στο αρχείο ενεργειών", "In the audit log";
    rec_received: "Παρέλαβε", "Received by";
    as_pdf: "Για υπογραφή (PDF)", "To sign (PDF)";
    maintenance_book: "Βιβλίο Συντήρησης", "Maintenance book";
    book_of_lift: "Υπερισχύει το θεωρημένο Βιβλιάριο Παρακολούθησης του ανελκυστήρα.", "The lift's endorsed book prevails.";
    book_what: "Τι έγινε", "What was done";
    book_keeper: "Ο υπεύθυνος τήρησης", "Kept by";
    demonstration_short: "δεδομένα επίδειξης", "demonstration data";
    rec_signature: "Υπογραφή", "Signature";
    import_assets: "Εξοπλισμός από πίνακα", "Equipment from a table";
    import_assets_says: "Ένας πίνακας CSV με επικεφαλίδες. Με ; ή , ή στηλοθέτη· UTF-8 ή Windows-1253. Απαραίτητα: id, kind, name_el, και site ή parent. Στήλες:", "A CSV table with a header. With ; or , or tabs; UTF-8 or Windows-1253. Needed: id, kind, name_el, and site or parent. Columns:";
    assets_added: "Προστέθηκαν:", "Added:";
    reports: "Αναφορές", "Reports";
    this_month: "Αυτός ο μήνας", "This month";
    reports_cut: "Ο μήνας έχει περισσότερα από όσα μετρώνται εδώ: λείπουν τα παλαιότερα.", "The month has more than is counted here: the oldest are missing.";
    by_community: "Ο μήνας ανά δημοτική κοινότητα", "The month by community";
    num_closed: "Έκλεισαν", "Closed";
    num_work: "Εργασίες", "Work done";
    num_locked_out: "Ακινητοποιήσεις", "Locked out";
    num_released: "Επαναφορές", "Released";
    exceptions: "Για να τα δει ο ελεγκτής", "For an auditor to look at";
    no_exceptions: "Τίποτε ασυνήθιστο αυτόν τον μήνα.", "Nothing out of the ordinary in this month.";
    sample: "Τυχαίο δείγμα", "A random sample";
    sample_says: "Δέκα επιθεωρήσεις του μήνα. Ο ίδιος σπόρος δίνει πάντα τις ίδιες: ορίστε τον πριν τις δείτε.", "Ten inspections of the month. The same seed always draws the same ones: set it before you look.";
    sample_seed: "Σπόρος", "Seed";
    sample_draw: "Κλήρωση", "Draw";
    ex_paper: "μεταγραφή από χαρτί", "transcribed from paper";
    ex_photo: "η ίδια φωτογραφία και αλλού", "the same photograph elsewhere too";
    ex_self: "στηρίζεται σε δική του επιθεώρηση", "rests on their own inspection";
    calendar: "Ημερολόγιο επιθεωρήσεων", "Calendar of inspections";
    calendar_overdue: "Φαίνονται στη σημερινή ημέρα.", "They are shown on today.";
    calendar_short: "Ημερολόγιο", "Calendar";
    calendar_empty: "Τίποτε δεν είναι προγραμματισμένο αυτόν τον μήνα.", "Nothing is due in this month.";
    no_work: "Καμία ανοικτή εντολή εργασίας.", "No open work orders.";
    no_certificates: "Κανένας εξοπλισμός δεν χρειάζεται πιστοποιητικό.", "No equipment needs a certificate.";
    export_csv: "Πίνακας CSV", "CSV table";
}

impl Lang {
    /// What is out of the ordinary, and by whose rule.
    pub(in crate::pages) fn exceptions_say(self, known: &Exceptions) -> String {
        let (seconds, metres, hours) = (known.item_s_min.value, known.metres_max.value, known.late_h.value);
        let sources: Vec<&str> = known
            .sources()
            .into_iter()
            .map(|source| if (source, self) == ("house rule", Lang::El) { "κανόνας του Δήμου" } else { source })
            .collect();
        let sources = sources.join(", ");
        match self {
            Lang::El => format!(
                "Δεν είναι κατ' ανάγκη λάθη. Λιγότερο από {seconds} δευτερόλεπτα ανά στοιχείο, πάνω από {metres} μέτρα μακριά, \
                 σταλμένα μετά από {hours} ώρες (όρια: {sources}), η ίδια φωτογραφία δύο φορές, μεταγραφή από χαρτί, έγκριση \
                 πάνω σε δική του επιθεώρηση."
            ),
            Lang::En => format!(
                "They need not be wrong. Less than {seconds} seconds an item, more than {metres} metres away, sent after \
                 {hours} hours (limits: {sources}), one photograph twice, transcribed from paper, approved on the ground of \
                 one's own inspection."
            ),
        }
    }

    /// `8 δευτ. για 12 στοιχεία`.
    pub(in crate::pages) fn ex_quick(self, seconds: i64, items: usize) -> String {
        match self {
            Lang::El => format!("{seconds} δευτ. για {items} στοιχεία"),
            Lang::En => format!("{seconds} s for {items} items"),
        }
    }

    /// `350 m από τη θέση`.
    pub(in crate::pages) fn ex_far(self, metres: u32) -> String {
        match self {
            Lang::El => format!("{metres} m από τη θέση"),
            Lang::En => format!("{metres} m from the site"),
        }
    }

    /// `στάλθηκε μετά από 30 ώρες`.
    pub(in crate::pages) fn ex_late(self, hours: i64) -> String {
        match self {
            Lang::El => format!("στάλθηκε μετά από {hours} ώρες"),
            Lang::En => format!("sent after {hours} hours"),
        }
    }

    /// Names of days, from Monday.
    pub(in crate::pages) const fn weekdays(self) -> [&'static str; 7] {
        match self {
            Lang::El => ["Δευτέρα", "Τρίτη", "Τετάρτη", "Πέμπτη", "Παρασκευή", "Σάββατο", "Κυριακή"],
            Lang::En => ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        }
    }

    /// Whether equipment may be used.
    pub(in crate::pages) const fn status_of(self, status: Status) -> &'static str {
        match status {
            Status::Open => self.st_open(),
            Status::Restricted => self.st_restricted(),
            Status::Ordered => self.st_ordered(),
            Status::LockedOut => self.st_locked_out(),
            Status::Dismantled => self.st_dismantled(),
        }
    }

    /// How bad a defect is.
    pub(in crate::pages) const fn severity_of(self, severity: Severity) -> &'static str {
        match severity {
            Severity::Recommended => self.sev_recommended(),
            Severity::Important => self.sev_important(),
            Severity::Urgent => self.sev_urgent(),
        }
    }

    /// How an inspection stands that is to be made.
    pub(in crate::pages) fn duty(self, standing: schedule::Standing) -> String {
        use schedule::Standing as S;
        match (standing, self) {
            (S::Later, Lang::El) => "αργότερα".into(),
            (S::Later, Lang::En) => "later".into(),
            (S::Open, Lang::El) => "μπορεί να γίνει".into(),
            (S::Open, Lang::En) => "may be made".into(),
            (S::Due, Lang::El) => "για σήμερα".into(),
            (S::Due, Lang::En) => "due".into(),
            (S::Overdue { days: 1 }, Lang::El) => "εκπρόθεσμη 1 ημέρα".into(),
            (S::Overdue { days }, Lang::El) => format!("εκπρόθεσμη {days} ημέρες"),
            (S::Overdue { days: 1 }, Lang::En) => "overdue by 1 day".into(),
            (S::Overdue { days }, Lang::En) => format!("overdue by {days} days"),
        }
    }

    /// How a certificate stands.
    pub(in crate::pages) fn certificate_standing(self, standing: certificate::Standing) -> String {
        use certificate::Standing as S;
        let days = |n: u32| match (self, n) {
            (Lang::El, 1) => "1 ημέρα".to_owned(),
            (Lang::El, _) => format!("{n} ημέρες"),
            (Lang::En, 1) => "1 day".to_owned(),
            (Lang::En, _) => format!("{n} days"),
        };
        match (standing, self) {
            (S::InForce { days_left }, Lang::El) => format!("ισχύει, ακόμη {}", days(days_left)),
            (S::InForce { days_left }, Lang::En) => format!("in force, {} left", days(days_left)),
            (S::ToRenew { days_left }, Lang::El) => format!("προς ανανέωση, ακόμη {}", days(days_left)),
            (S::ToRenew { days_left }, Lang::En) => format!("to renew, {} left", days(days_left)),
            (S::Renewing { days_left }, Lang::El) => format!("ισχύει, η ανανέωση εκκρεμεί, ακόμη {}", days(days_left)),
            (S::Renewing { days_left }, Lang::En) => format!("in force, renewal pending, {} left", days(days_left)),
            (S::Pending { days: None }, Lang::El) => "δεν ισχύει, εκκρεμεί αίτηση".into(),
            (S::Pending { days: None }, Lang::En) => "not in force, applied for".into(),
            (S::Pending { days: Some(n) }, Lang::El) => format!("έληξε πριν {}, εκκρεμεί αίτηση", days(n)),
            (S::Pending { days: Some(n) }, Lang::En) => format!("lapsed {} ago, applied for", days(n)),
            (S::Lapsed { days: None }, Lang::El) => "δεν υπάρχει".into(),
            (S::Lapsed { days: None }, Lang::En) => "there is none".into(),
            (S::Lapsed { days: Some(n) }, Lang::El) => format!("έληξε πριν {}", days(n)),
            (S::Lapsed { days: Some(n) }, Lang::En) => format!("lapsed {} ago", days(n)),
        }
    }

    /// Why a step is not taken, and what to do.
    pub(in crate::pages) const fn refusal(self, refusal: Refusal) -> &'static str {
        use Refusal as R;
        match (refusal, self) {
            (R::Dismantled, Lang::El) => "Ο εξοπλισμός έχει αποξηλωθεί: τίποτε δεν γράφεται πια.",
            (R::Dismantled, Lang::En) => "The equipment is dismantled: nothing is written any more.",
            (R::Unknown, Lang::El) => "Δεν υπάρχει πια εδώ. Φορτώστε ξανά τη σελίδα.",
            (R::Unknown, Lang::En) => "It is not here any more. Load the page again.",
            (R::Used, Lang::El) => "Έχει γίνει ήδη.",
            (R::Used, Lang::En) => "It is done already.",
            (R::Over, Lang::El) => "Έχει κλείσει ήδη.",
            (R::Over, Lang::En) => "It is closed already.",
            (R::Words, Lang::El) => "Γράψτε την περιγραφή ή την αιτία.",
            (R::Words, Lang::En) => "Write the description or the reason.",
            (R::Evidence, Lang::El) => "Χρειάζεται φωτογραφία ή έγγραφο.",
            (R::Evidence, Lang::En) => "A photograph or document is needed.",
            (R::NotLockedOut, Lang::El) => "Δεν είναι ακινητοποιημένο.",
            (R::NotLockedOut, Lang::En) => "It is not locked out.",
            (R::Barred, Lang::El) => "Έχει ακινητοποιηθεί ήδη.",
            (R::Barred, Lang::En) => "It is barred already.",
            (R::UrgentOpen, Lang::El) => "Υπάρχει ανοικτό επείγον εύρημα: κλείστε το πρώτα.",
            (R::UrgentOpen, Lang::En) => "An urgent defect is open: close it first.",
            (R::NotCertified, Lang::El) => "Το πιστοποιητικό του δεν ισχύει.",
            (R::NotCertified, Lang::En) => "Its certificate is not in force.",
            (R::NotWell, Lang::El) => "Χρειάζεται επιθεώρηση που να το βρήκε σε τάξη: κάντε επανεπιθεώρηση.",
            (R::NotWell, Lang::En) => "An inspection that found it well is needed: inspect it again.",
            (R::TooEarly, Lang::El) => "Η επιθεώρηση έγινε πριν από την εργασία ή την ακινητοποίηση: κάντε νέα.",
            (R::TooEarly, Lang::En) => "The inspection came before the work or the lock-out: make another.",
            (R::OwnWork, Lang::El) => "Όποιος έκανε την εργασία δεν την κρίνει: χρειάζεται επιθεώρηση από άλλον.",
            (R::OwnWork, Lang::En) => "Whoever did the work does not judge it: somebody else must inspect.",
            (R::NoWork, Lang::El) => "Δεν έχει γίνει εργασία γι' αυτό το εύρημα.",
            (R::NoWork, Lang::En) => "No work on this defect was done.",
            (R::NoOriginal, Lang::El) => "Το άλλο εύρημα έχει κλείσει, είναι ηπιότερο ή το ίδιο.",
            (R::NoOriginal, Lang::En) => "The other defect is closed, milder, or the same.",
            (R::Dates, Lang::El) => "Λήγει πριν αρχίσει.",
            (R::Dates, Lang::En) => "It ends before it begins.",
            (R::SecondPerson, Lang::El) => "Χρειάζεται δεύτερο πρόσωπο: δεν μπορείτε να συμφωνήσετε με τον εαυτό σας.",
            (R::SecondPerson, Lang::En) => "A second person is needed: you cannot agree with yourself.",
            (R::TooMany, Lang::El) => "Έχει πάρα πολλά ανοικτά: κλείστε πρώτα κάποια.",
            (R::TooMany, Lang::En) => "It has too much open: close some first.",
        }
    }

    /// An inspection that is due by use.
    pub(in crate::pages) fn so_many_uses(self, uses: &str, asset: &str, since: &str) -> String {
        match self {
            Lang::El => format!("{uses} χρήσεις του {asset} από {since}"),
            Lang::En => format!("{uses} uses of {asset} since {since}"),
        }
    }

    /// A re-inspection that work asks for.
    pub(in crate::pages) fn after_repair(self) -> &'static str {
        match self {
            Lang::El => "μετά από επισκευή",
            Lang::En => "after a repair",
        }
    }

    /// Why an inspection is not taken.
    pub(in crate::pages) fn invalid(self, invalid: &Invalid) -> String {
        match (invalid, self) {
            (_, Lang::En) => sentence(&invalid.to_string()),
            (Invalid::NoAsset, _) => "Δεν υπάρχει τέτοιος εξοπλισμός.".into(),
            (Invalid::NotAUnit(unit), _) => format!("Επιθεωρείται μαζί με το {unit}."),
            (Invalid::NoType, _) => "Δεν έχει τέτοια επιθεώρηση.".into(),
            (Invalid::NotAsked(item, asset), _) => format!("Το {item} δεν ζητείται από το {asset}."),
            (Invalid::Unanswered(item, asset), _) => format!("Το {item} του {asset} δεν έχει απάντηση."),
            (Invalid::NoFinding(item, asset), _) => {
                format!("Το {item} του {asset} δεν είναι σε τάξη: γράψτε τι έχει.")
            }
            (Invalid::BeyondLimits(item, asset), _) => {
                format!("Το {item} του {asset} είναι εκτός ορίων: σημειώστε το ως εύρημα.")
            }
            (Invalid::Times, _) => "Οι χρόνοι της δεν γίνεται να ισχύουν: ελέγξτε το ρολόι της συσκευής.".into(),
            (Invalid::Rating, _) => "Η βαθμολογία δεν είναι καμιάς κλίμακας.".into(),
            (Invalid::TooLong, _) => "Είναι πολύ μεγάλη.".into(),
            (Invalid::Dependent(crate::operations::duty::Dependent::Worked), _) => {
                "Ζητείται ανεξαρτησία, και έχετε εργαστεί σε αυτόν τον εξοπλισμό.".into()
            }
            (Invalid::Dependent(crate::operations::duty::Dependent::Employer), _) => {
                "Ζητείται ανεξαρτησία, και ο εργοδότης σας τον συντηρεί.".into()
            }
            (Invalid::AnotherHand, _) => "Τη συμπλήρωσε άλλος: τη στέλνει εκείνος.".into(),
            (Invalid::NoEarlier, _) => "Δεν είναι η τελευταία του είδους της.".into(),
        }
    }

    /// What is wrong with what is said of equipment.
    pub(in crate::pages) fn unsound(self, unsound: &Unsound) -> String {
        match (unsound, self) {
            (_, Lang::En) => sentence(&unsound.to_string()),
            (Unsound::Name, _) => "Γράψτε όνομα στα ελληνικά.".into(),
            (Unsound::Kind(kind), _) => format!("Δεν υπάρχει είδος εξοπλισμού {kind}."),
            (Unsound::Use(used_as), _) if used_as.is_empty() => "Επιλέξτε χρήση: ο νόμος διακρίνει κατά χρήση.".into(),
            (Unsound::Use(used_as), _) => format!("Αυτό το είδος δεν έχει χρήση {used_as}."),
            (Unsound::Site(site), _) => format!("Δεν υπάρχει θέση {site}."),
            (Unsound::Nowhere, _) => "Επιλέξτε θέση, ή τίνος είναι μέρος.".into(),
            (Unsound::Parent(parent), _) => format!("Δεν μπορεί να είναι μέρος του {parent}."),
            (Unsound::Position, _) => "Οι συντεταγμένες δεν είναι τόπος στη Γη.".into(),
            (Unsound::Inspected(of_type), _) => {
                format!("Δεν έχει επιθεώρηση {of_type} πριν γραφτεί εδώ: ελέγξτε το είδος και την ημέρα.")
            }
            (Unsound::Text, _) => "Ένα κείμενο είναι πολύ μεγάλο.".into(),
            (Unsound::TooMany, _) => "Πάρα πολλοί αριθμοί, κόμβοι ή αρχεία.".into(),
        }
    }

    /// `3 κομμάτια εξοπλισμού`.
    pub(in crate::pages) fn assets_counted(self, n: usize) -> String {
        match (self, n) {
            (Lang::El, 1) => "1 στο μητρώο εξοπλισμού".into(),
            (Lang::El, _) => format!("{n} στο μητρώο εξοπλισμού"),
            (Lang::En, 1) => "1 piece of equipment".into(),
            (Lang::En, _) => format!("{n} pieces of equipment"),
        }
    }

    /// `2 εκπρόθεσμες, 3 για σήμερα`.
    pub(in crate::pages) fn duties_counted(self, overdue: usize, due: usize) -> String {
        match (self, overdue) {
            (Lang::El, 0) => format!("Επιθεωρήσεις για σήμερα: {due}"),
            (Lang::En, 0) => format!("Inspections for today: {due}"),
            (Lang::El, _) => format!("Εκπρόθεσμες επιθεωρήσεις: {overdue}, για σήμερα: {due}"),
            (Lang::En, _) => format!("Overdue inspections: {overdue}, for today: {due}"),
        }
    }

    /// `2 εντολές ακινητοποίησης δεν έχουν γίνει ακόμη`.
    pub(in crate::pages) fn ordered_counted(self, n: usize) -> String {
        match (self, n) {
            (Lang::El, 1) => "1 εντολή ακινητοποίησης δεν έγινε ακόμη".into(),
            (Lang::El, _) => format!("{n} εντολές ακινητοποίησης δεν έγιναν ακόμη"),
            (Lang::En, 1) => "1 lock-out is ordered and not yet barred".into(),
            (Lang::En, _) => format!("{n} lock-outs are ordered and not yet barred"),
        }
    }
}

/// With a capital and a stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).chain(['.']).collect()
}
