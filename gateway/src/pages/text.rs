//! What the pages say, in Greek and in English, side by side: a line without its translation does not compile.

use crate::catalogue::Text;
use crate::reading::RejectReason;
use crate::store::model::{Status, WindowLength};

/// The language of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    /// Greek, the first language.
    El,
    /// English.
    En,
}

macro_rules! words {
    ($($name:ident: $el:literal, $en:literal;)*) => {
        impl Lang {
            $(pub(in crate::pages) const fn $name(self) -> &'static str {
                match self { Lang::El => $el, Lang::En => $en }
            })*
        }
    };
}

mod accident;
mod accounts;
mod alerts;
mod audit;
mod directory;
mod enrol;
mod equipment;
mod field;
mod keys;
mod month;
mod people;
mod register;
mod tour;

words! {
    code: "el", "en";
    skip: "Στο περιεχόμενο", "Skip to the content";
    sections: "Ενότητες", "Sections";
    today: "Σήμερα", "Today";
    nodes: "Κόμβοι", "Nodes";
    node: "Κόμβος", "Node";
    rejections: "Απορρίψεις", "Rejections";
    sinks: "Αποδέκτες", "Sinks";
    about: "Σχετικά", "About";
    more: "Περισσότερα", "More";
    search: "Αναζήτηση", "Search";
    search_hint: "Κόμβος, μέγεθος, εξοπλισμός", "Node, quantity, equipment";
    other_language: "English", "Ελληνικά";
    other_code: "en", "el";
    dark: "Σκούρα όψη", "Dark look";
    light: "Φωτεινή όψη", "Light look";
    system_look: "Όψη συστήματος", "The system's look";
    look: "Όψη", "Look";
    attention: "Χρειάζεται προσοχή", "Needs attention";
    lost: "Η σύνδεση με την πύλη χάθηκε. Βλέπετε όσα ίσχυαν", "The connection to the gateway is lost. You see what held";
    lost_retry: "Νέα προσπάθεια κάθε δευτερόλεπτο.", "Trying again every second.";
    back: "Η σύνδεση με την πύλη αποκαταστάθηκε.", "The connection to the gateway is back.";
    demonstration: "Δεδομένα επίδειξης: πραγματικές μετρήσεις πολιτών (Sensor.Community, 2019) μεταφερμένες στο σήμερα, και προσομοιωμένοι κόμβοι.", "Demonstration data: real citizens' measurements (Sensor.Community, 2019) shifted to today, and simulated nodes.";
    printed: "Εκτυπώθηκε", "Printed";
    phone: "τηλ.", "tel.";
    just_now: "μόλις τώρα", "just now";
    today_at: "σήμερα", "today";
    yesterday_at: "χθες", "yesterday";
    tomorrow_at: "αύριο", "tomorrow";
    never: "ποτέ", "never";
    none: "–", "–";
    and_more: "ακόμη", "more";

    takes_no_readings: "Η πύλη δεν δέχεται μετρήσεις", "The gateway takes no readings";
    all_heard: "Όλοι οι κόμβοι ακούγονται", "All nodes are heard";
    no_nodes_yet: "Η πύλη είναι έτοιμη· κανένας κόμβος ακόμη", "The gateway is ready; no node yet";
    first_since: "ο πρώτος από", "the first since";
    map: "Χάρτης", "Map";
    map_label: "Χάρτης της Θεσσαλονίκης με τους κόμβους. Ο πίνακας των ζωνών λέει τα ίδια.", "Map of Thessaloniki with the nodes. The table of zones says the same.";
    gulf: "Θερμαϊκός κόλπος", "Thermaic Gulf";
    zones: "Ζώνες", "Zones";
    zone: "Ζώνη", "Zone";
    site: "Θέση", "Site";
    no_place: "Χωρίς θέση", "No place";
    off_map: "εκτός χάρτη ή χωρίς θέση", "off the map or without a place";
    position: "Συντεταγμένες", "Position";
    last_readings: "Τελευταίες μετρήσεις", "Last readings";
    quantity: "Μέγεθος", "Quantity";
    value: "Τιμή", "Value";
    unit: "Μονάδα", "Unit";
    flag: "Σήμανση", "Flag";
    measured: "Μετρήθηκε", "Measured";
    received: "Ελήφθη", "Received";
    ledger: "Ισοζύγιο μετρήσεων", "Ledger";
    ledger_frames: "Μηνύματα", "Frames";
    ledger_readings: "Μετρήσεις", "Readings";
    l_received: "ελήφθησαν", "received";
    l_decoded: "αναγνώστηκαν", "decoded";
    l_rejected: "απορρίφθηκαν", "rejected";
    l_pending: "εκκρεμούν", "pending";
    l_found: "βρέθηκαν", "found";
    l_stored: "αποθηκεύτηκαν", "stored";
    l_duplicate: "διπλές", "duplicate";
    l_corrected: "διορθώσεις", "corrected";
    balances: "Κλείνει: τίποτε δεν χάθηκε.", "It balances: nothing was lost.";
    balances_not: "Δεν κλείνει. Κρατήστε το ημερολόγιο και ενημερώστε τον υπεύθυνο.", "It does not balance. Keep the journal and tell whoever answers for the gateway.";
    windows_due: "Όσα εκκρεμούν γράφονται μέσα σε λίγα δευτερόλεπτα.", "What is pending is written within seconds.";
    disk: "Δίσκος", "Disk";
    disk_used: "Δεδομένα της πύλης", "The gateway's data";
    disk_free: "Ελεύθερος χώρος", "Free space";
    journal: "Ημερολόγιο", "Journal";
    journal_size: "Μέγεθος", "Size";
    journal_records: "Εγγραφές στον δίσκο", "Records on disk";
    journal_waits: "Περιμένουν αποθήκευση", "Waiting for the store";
    of: "από", "of";
    no_sink: "Κανένας: οι τιμές μένουν στην πύλη.", "None: the values stay in the gateway.";
    running_since: "Λειτουργεί από", "Running since";
    nothing_yet: "Καμία μέτρηση ακόμη.", "No readings yet.";
    nothing_yet_do: "Ένας κόμβος τη δημοσιεύει με MQTT, για παράδειγμα:", "A node publishes one by MQTT, for example:";

    state: "Κατάσταση", "State";
    in_order: "σε τάξη", "in order";
    needs_look: "προσοχή", "attention";
    barred: "αποκλεισμένος", "barred";
    silent: "σιωπηλός", "silent";
    unheard: "δεν ακούστηκε ακόμη", "not heard yet";
    all_states: "Όλες οι καταστάσεις", "All states";
    all_zones: "Όλες οι ζώνες", "All zones";
    all_types: "Όλοι οι τύποι", "All types";
    kind: "Τύπος", "Type";
    heard: "Ακούστηκε", "Heard";
    heard_last: "Τελευταία φορά", "Last heard";
    series_count: "Χρονοσειρές", "Series";
    sort: "Σειρά", "Order";
    by_name: "όνομα", "name";
    by_state: "κατάσταση", "state";
    by_heard: "πιο πρόσφατα", "heard last";
    by_silence: "πιο παλιά", "heard first";
    filter: "Φίλτρο", "Filter";
    filter_text: "Όνομα περιέχει", "Name contains";
    show: "Εμφάνιση", "Show";
    clear: "Καθαρισμός", "Clear";
    none_match: "Κανένας κόμβος δεν ταιριάζει.", "No node matches.";
    previous: "Προηγούμενα", "Previous";
    next: "Επόμενα", "Next";
    pages: "Σελίδες", "Pages";
    connected: "συνδεδεμένος", "connected";
    not_connected: "χωρίς σύνδεση", "not connected";
    connection: "Σύνδεση", "Connection";
    since: "από", "since";
    power: "Τροφοδοσία", "Power";
    power_mains: "ρεύμα", "mains";
    power_night: "ρεύμα νύχτας", "mains at night";
    power_battery: "μπαταρία", "battery";
    power_solar: "ηλιακή", "solar";
    indicative: "ενδεικτικές τιμές", "indicative values";
    serial: "Αριθμός σειράς", "Serial number";
    enrolled: "Εγγραφή", "Enrolled";
    status_message: "Τελευταίο μήνυμα κατάστασης", "Last status message";
    firmware: "λογισμικό", "firmware";
    boots: "εκκινήσεις", "boots";
    dropped: "χάθηκαν στον κόμβο", "lost on the node";
    queued: "περιμένουν στον κόμβο", "waiting on the node";
    online: "σε λειτουργία", "online";
    offline: "εκτός λειτουργίας", "offline";
    trend: "Πορεία έως 24 ωρών", "Course, up to 24 hours";
    gaps: "Κενά της εβδομάδας", "Gaps of the week";
    gaps_none: "χωρίς κενά", "no gaps";
    gap_full: "πλήρης", "full";
    gap_partial: "ελλιπής", "partial";
    gap_missing: "κενό", "gap";
    gap_neutral: "δεν αναμενόταν", "not expected";
    no_series_yet: "Ο κόμβος δεν έχει στείλει μετρήσεις ακόμη.", "The node has sent no readings yet.";
    what_rejected: "Τι απορρίφθηκε", "What was rejected";
    nothing_rejected: "Τίποτε: όσα ήρθαν χρησιμοποιήθηκαν.", "Nothing: all that came was used.";
    all_rejections_of: "Όλες οι απορρίψεις του κόμβου", "All rejections of the node";
    for_machines: "Για μηχανές", "For machines";
    details: "Στοιχεία", "Details";

    span: "Διάστημα", "Span";
    day: "24 ώρες", "24 hours";
    week: "7 ημέρες", "7 days";
    month: "30 ημέρες", "30 days";
    year: "1 έτος", "1 year";
    from: "Από", "From";
    until: "Έως", "Until";
    earlier: "Νωρίτερα", "Earlier";
    later: "Αργότερα", "Later";
    window: "Ανά", "Per";
    raw: "κάθε μέτρηση", "each reading";
    mean: "Μέση", "Mean";
    least: "Ελάχιστη", "Least";
    greatest: "Μέγιστη", "Greatest";
    sum: "Άθροισμα", "Sum";
    count: "Πλήθος", "Count";
    capture: "Πληρότητα", "Capture";
    finality: "Οριστικότητα", "Finality";
    revision: "Αναθεώρηση", "Revision";
    open: "ανοικτή", "open";
    provisional: "προσωρινή", "provisional";
    settled: "οριστική", "settled";
    flag_good: "καλή", "good";
    flag_none: "χωρίς έλεγχο", "not evaluated";
    flag_suspect: "ύποπτη", "suspect";
    flag_fail: "άκυρη", "fail";
    flag_missing: "ελλιπής", "missing";
    chart: "Διάγραμμα", "Chart";
    chart_keys: "Με τα βέλη διαβάζετε τιμές· σύρετε για να διαλέξετε διάστημα.", "Arrow keys read values; drag to choose a span.";
    legend_mean: "μέση τιμή", "mean";
    legend_value: "τιμή", "value";
    legend_band: "ελάχιστη έως μέγιστη", "least to greatest";
    legend_suspect: "ύποπτες", "suspect";
    legend_fail: "άκυρες, εκτός μέσης", "failed, not in the mean";
    legend_open: "όχι ακόμη οριστική", "not settled yet";
    limit_suspect: "όριο ύποπτης", "suspect beyond";
    limit_fail: "όριο άκυρης", "fail beyond";
    outside_suspect: "Ύποπτη εκτός", "Suspect outside";
    outside_fail: "άκυρη εκτός", "fail outside";
    same_numbers: "Οι ίδιοι αριθμοί", "The same numbers";
    nothing_in_span: "Καμία μέτρηση σε αυτό το διάστημα.", "No reading in this span.";
    last_measured: "Η τελευταία μέτρηση:", "The last reading:";
    download: "Λήψη CSV", "Download CSV";
    separator: "Διαχωριστικό", "Separator";
    semicolon: "ερωτηματικό ( ; )", "semicolon ( ; )";
    comma: "κόμμα ( , )", "comma ( , )";
    decimal: "Υποδιαστολή", "Decimal mark";
    decimal_comma: "κόμμα 3,5", "comma 3,5";
    decimal_point: "τελεία 3.5", "point 3.5";
    explain: "Τι σημαίνουν ανοικτή, προσωρινή, οριστική και αναθεώρηση", "What open, provisional, settled and revision mean";
    explain_open: "Ανοικτή: το διάστημα δεν έχει τελειώσει· ο αριθμός αλλάζει με κάθε μέτρηση.", "Open: the window has not ended; the number changes with each reading.";
    explain_provisional: "Προσωρινή: το διάστημα τελείωσε και περιμένουμε όσες μετρήσεις είναι ακόμη στον δρόμο.", "Provisional: the window has ended, and readings may still be on their way.";
    explain_settled: "Οριστική: υπολογίστηκε από όλες τις μετρήσεις που είχαν φτάσει και στάλθηκε στους αποδέκτες.", "Settled: computed from all readings that had arrived, and handed on to the sinks.";
    explain_revision: "Αναθεώρηση: μέτρηση που έφτασε αργότερα, διόρθωση ή βαθμονόμηση άλλαξε οριστική τιμή· υπολογίστηκε ξανά και ο αριθμός της αναθεώρησης ανέβηκε κατά ένα.", "Revision: a reading that came later, a correction or a calibration changed a settled value; it was computed again and its revision rose by one.";
    explain_capture: "Πληρότητα: πόσες από τις αναμενόμενες μετρήσεις ήρθαν και ισχύουν. Κάτω από 75 % η τιμή δεν θεωρείται έγκυρη.", "Capture: how many of the readings expected came and count. Below 75 % the value is not held valid.";
    coarser: "Για τόσο μεγάλο διάστημα οι τιμές δίνονται ανά", "For a span this long the values are given per";
    too_many_rows: "Το διάστημα έχει περισσότερες γραμμές από όσες δίνονται μαζί. Διαλέξτε μικρότερο.", "The span has more rows than are given at once. Choose a shorter one.";
    not_valid: "χαμηλή", "low";
    external_series: "Ημερήσιες τιμές άλλου δικτύου· δεν έχει δικές μας μετρήσεις.", "Daily values of another network; no readings of our own.";

    why: "Λόγος", "Reason";
    detail: "Τι ακριβώς", "What exactly";
    replayed: "Επαναλήφθηκε", "Played again";
    not_replayed: "όχι", "no";
    no_rejections: "Καμία απόρριψη: όσα ήρθαν χρησιμοποιήθηκαν.", "No rejections: all that came was used.";
    rejections_answer: "Όσα δεν χρησιμοποιήθηκαν κρατιούνται με τα bytes τους και μπορούν να επαναληφθούν όταν διορθωθεί η αιτία.", "What could not be used is kept with its bytes and can be played again once its cause is mended.";
    rejection: "Απόρριψη", "Rejection";
    whole_frame: "ολόκληρο το μήνυμα", "the whole frame";
    reading_no: "μέτρηση αρ.", "reading no.";
    what_to_do: "Τι να κάνετε", "What to do";
    replay: "Επανάληψη…", "Play again…";
    replay_confirm: "Ναι, να επαναληφθεί", "Yes, play it again";
    replay_says: "Το μήνυμα θα εξεταστεί ξανά με τους καταλόγους και τους κόμβους όπως είναι τώρα. Όσα χρησιμοποιηθούν προστίθενται στις χρονοσειρές και οι συγκεντρωτικές τιμές υπολογίζονται ξανά. Όσα δεν χρησιμοποιηθούν γίνονται νέα απόρριψη. Δεν αναιρείται.", "The frame will be looked at again with the catalogues and nodes as they are now. What can be used is added to its series, and aggregates are computed again. What cannot becomes a new rejection. This cannot be undone.";
    replay_done: "Δόθηκε εντολή επανάληψης και είναι γραμμένη στον δίσκο. Το αποτέλεσμα φαίνεται στο ισοζύγιο και στη λίστα.", "It is to be played again; the order is on disk. What became of it shows in the ledger and in the list.";
    replay_before: "Έχει ήδη επαναληφθεί.", "It was played again before.";
    bytes_as_came: "Τα bytes όπως ήρθαν", "The bytes as they came";
    as_text: "Ως κείμενο", "As text";
    topic: "Θέμα MQTT", "MQTT topic";
    cut: "Φαίνονται τα πρώτα", "Shown: the first";
    of_node: "του κόμβου", "of the node";
    show_all: "Όλων των κόμβων", "Of all nodes";
    journal_position: "Θέση στο ημερολόγιο", "Position in the journal";

    sinks_answer: "Οι οριστικές τιμές στέλνονται και σε εξωτερική αποθήκη. Αν λείψει, τίποτε δεν χάνεται: ο δείκτης περιμένει.", "Settled values are also sent to an external store. When it is away nothing is lost: a cursor waits.";
    sink_none: "Δεν έχει οριστεί εξωτερική αποθήκη.", "No external store is configured.";
    sink_none_do: "Ορίζεται με την ενότητα [influxdb] του αρχείου ρυθμίσεων:", "The section [influxdb] of the configuration names one:";
    phase_starting: "ξεκινά", "starting";
    phase_idle: "όλα στάλθηκαν", "all is sent";
    phase_sending: "στέλνει", "sending";
    phase_waiting: "περιμένει την αποθήκη", "waiting for the store";
    phase_misconfigured: "χρειάζεται ρύθμιση", "needs to be configured";
    address: "Διεύθυνση", "Address";
    cursor: "Δείκτης", "Cursor";
    newest: "Νεότερη αλλαγή", "Newest change";
    behind: "Υπολείπονται", "Behind by";
    changes: "αλλαγές", "changes";
    last_success: "Τελευταία επιτυχία", "Last success";
    last_error: "Τελευταίο σφάλμα", "Last error";
    next_try: "Νέα προσπάθεια", "Next attempt";
    rows_sent: "Γραμμές που δέχτηκε", "Rows it took";
    bytes_sent: "Όγκος που δέχτηκε", "Volume it took";
    failures: "Αιτήματα που απέτυχαν", "Requests that failed";
    quarantine: "Σε καραντίνα", "In quarantine";
    quarantine_says: "γραμμές που η αποθήκη αρνήθηκε οριστικά", "lines that the store refused for good";

    about_says: "Η πύλη δέχεται όσα στέλνουν οι αισθητήρες της πόλης, τα φυλάει πριν βεβαιώσει τη λήψη τους, τα ελέγχει, τα συνοψίζει και τα παραδίδει σε όποιον τα χρειάζεται.", "The gateway takes what the city's sensors send, keeps it safe before it confirms it, checks it, sums it up and hands it on to those who need it.";
    version: "Έκδοση", "Version";
    licence: "Άδεια", "Licence";
    data_and_limits: "Τα δεδομένα και τα όριά τους", "The data and its limits";
    limit_indicative: "Οι αισθητήρες χαμηλού κόστους δίνουν ενδεικτικές τιμές και δεν αντικαθιστούν τους σταθμούς αναφοράς.", "Low-cost sensors give indicative values and do not stand in for reference stations.";
    limit_flags: "Κάθε μέτρηση σημαίνεται κατά QARTOD: καλή, ύποπτη ή άκυρη. Οι άκυρες δεν μετρούν στις συγκεντρωτικές τιμές.", "Each reading is flagged by QARTOD: good, suspect or fail. Those that fail do not count in aggregates.";
    limit_retention: "Οι μετρήσεις κρατιούνται %o ημέρες, οι συγκεντρωτικές τιμές %a, οι απορρίψεις %r.", "Readings are kept for %o days, aggregates for %a, rejections for %r.";
    limit_safety: "Οι μετρήσεις σε εξοπλισμό παιδικής χαράς δεν είναι έλεγχος κατά EN 1177 και δεν αντικαθιστούν την επιθεώρηση.", "Readings from playground equipment are no test by EN 1177 and do not stand in for an inspection.";
    limit_map: "Ο χάρτης είναι σκαρίφημα: ακτή, κύριοι δρόμοι και όρια κοινοτήτων κατά προσέγγιση.", "The map is a sketch: coast, main streets and community limits are approximate.";
    catalogue_from: "Κατάλογοι", "Catalogues";
    embedded: "οι ενσωματωμένοι του προγράμματος", "the program's own";
    about_api: "Μετρήσεις κατά OGC SensorThings 1.1", "Readings by OGC SensorThings 1.1";
    about_openapi: "Περιγραφή της διεπαφής (OpenAPI)", "Description of the interface (OpenAPI)";
    about_ledger: "Ισοζύγιο σε JSON", "The ledger in JSON";
    about_rejections: "Απορρίψεις σε JSON", "Rejections in JSON";
    about_metrics: "Μετρικές λειτουργίας (Prometheus)", "Metrics of the service (Prometheus)";
    about_ready: "Ετοιμότητα", "Readiness";
    accessibility: "Προσβασιμότητα", "Accessibility";
    accessibility_says: "Οι σελίδες σχεδιάστηκαν κατά WCAG 2.2 ΑΑ: πληκτρολόγιο (το / πηγαίνει στην αναζήτηση), αναγνώστες οθόνης, μεγέθυνση, κινητά.", "The pages are made to WCAG 2.2 AA: keyboard (/ goes to the search), screen readers, zoom, phones.";

    results_for: "Αποτελέσματα για", "Results for";
    no_results: "Τίποτε δεν βρέθηκε. Δοκιμάστε μέρος του ονόματος ενός κόμβου ή ένα μέγεθος, π.χ. θερμοκρασία.", "Nothing found. Try part of a node's name or a quantity, such as temperature.";
    search_empty: "Γράψτε μέρος του ονόματος ενός κόμβου, μιας θέσης ή ενός μεγέθους.", "Type part of the name of a node, a site or a quantity.";
    series: "Χρονοσειρές", "Series";
    only_first: "Εμφανίζονται τα πρώτα", "Only the first are shown:";

    not_found: "Δεν υπάρχει τέτοια σελίδα", "There is no such page";
    not_found_do: "Ίσως ο σύνδεσμος είναι παλιός. Αναζητήστε τον κόμβο ή πηγαίνετε στη σελίδα «Σήμερα».", "The link may be old. Search for the node, or go to Today.";
    failed: "Η σελίδα δεν μπόρεσε να γίνει", "The page could not be made";
    failed_do: "Τίποτε δεν χάθηκε: όσα ελήφθησαν είναι στον δίσκο. Η αιτία είναι γραμμένη στο αρχείο λειτουργίας της πύλης.", "Nothing was lost: what was received is on disk. The gateway's log says why.";
    bad_request: "Η διεύθυνση της σελίδας έχει κάτι που δεν διαβάζεται", "The page's address has something that cannot be read";

    n_cap: "Το ημερολόγιο έφτασε στο όριό του: δεν βεβαιώνεται η λήψη μέχρι να προλάβει η αποθήκευση. Οι κόμβοι κρατούν τις μετρήσεις τους.", "The journal is at its bound: nothing is confirmed until the store catches up. The nodes keep their readings.";
    n_disk_full: "Ο δίσκος είναι γεμάτος: δεν βεβαιώνεται η λήψη μέχρι να ελευθερωθεί χώρος. Οι κόμβοι κρατούν τις μετρήσεις τους.", "The disk is full: nothing is confirmed until there is room. The nodes keep their readings.";
    n_disk_failed: "Ο δίσκος του ημερολογίου απέτυχε: η πύλη σταματά.", "The journal's disk failed: the gateway is stopping.";
    n_clock: "Το ρολόι του συστήματος είναι πίσω από την τελευταία εγγραφή: οι χρόνοι δεν κρίνονται μέχρι να ρυθμιστεί.", "The system's clock is behind the last entry: times are not judged until it is set.";
    n_sink: "Η εξωτερική αποθήκη δεν απαντά· υπολείπονται αλλαγές:", "The external store does not answer; changes behind:";
}

impl Lang {
    /// The text in this language.
    pub(super) fn pick(self, text: &Text) -> &str {
        match self {
            Lang::El => &text.el,
            Lang::En => &text.en,
        }
    }

    /// `3 κόμβοι`: the number with the word in its form.
    pub(super) fn nodes_counted(self, n: usize) -> String {
        let word = match (self, n) {
            (Lang::El, 1) => "κόμβος",
            (Lang::El, _) => "κόμβοι",
            (Lang::En, 1) => "node",
            (Lang::En, _) => "nodes",
        };
        format!("{} {word}", super::format::count(n as u64, self))
    }

    /// `3 κόμβοι σιωπηλοί`.
    pub(super) fn nodes_silent(self, n: usize) -> String {
        let word = match (self, n) {
            (Lang::El, 1) => "σιωπηλός",
            (Lang::El, _) => "σιωπηλοί",
            (Lang::En, _) => "silent",
        };
        format!("{} {word}", self.nodes_counted(n))
    }

    /// `3 κόμβοι χρειάζονται προσοχή`.
    pub(super) fn nodes_to_look_at(self, n: usize) -> String {
        let words = match (self, n) {
            (Lang::El, 1) => "χρειάζεται προσοχή",
            (Lang::El, _) => "χρειάζονται προσοχή",
            (Lang::En, 1) => "needs attention",
            (Lang::En, _) => "need attention",
        };
        format!("{} {words}", self.nodes_counted(n))
    }

    /// `3 συνδεδεμένοι`.
    pub(super) fn connected_counted(self, n: usize) -> String {
        let word = match (self, n) {
            (Lang::El, 1) => "συνδεδεμένος",
            (Lang::El, _) => "συνδεδεμένοι",
            (Lang::En, _) => "connected",
        };
        format!("{} {word}", super::format::count(n as u64, self))
    }

    /// `3 χρονοσειρές`.
    pub(super) fn series_counted(self, n: usize) -> String {
        let word = match (self, n) {
            (Lang::El, 1) => "χρονοσειρά",
            (Lang::El, _) => "χρονοσειρές",
            (Lang::En, _) => "series",
        };
        format!("{} {word}", super::format::count(n as u64, self))
    }

    /// `3 απορρίψεις`.
    pub(super) fn rejections_counted(self, n: u64) -> String {
        let word = match (self, n) {
            (Lang::El, 1) => "απόρριψη",
            (Lang::El, _) => "απορρίψεις",
            (Lang::En, 1) => "rejection",
            (Lang::En, _) => "rejections",
        };
        format!("{} {word}", super::format::count(n, self))
    }

    /// What a state of an aggregate is called.
    pub(super) fn status(self, status: Status) -> &'static str {
        match status {
            Status::Open => self.open(),
            Status::Provisional => self.provisional(),
            Status::Settled => self.settled(),
        }
    }

    /// What a window is called: `15 λεπτά`, `ώρα`, `ημέρα`.
    pub(super) fn window_length(self, length: WindowLength) -> String {
        match (self, length) {
            (Lang::El, WindowLength::LocalDay) => "ημέρα".into(),
            (Lang::En, WindowLength::LocalDay) => "day".into(),
            (Lang::El, WindowLength::Minutes(60)) => "ώρα".into(),
            (Lang::En, WindowLength::Minutes(60)) => "hour".into(),
            (Lang::El, WindowLength::Minutes(m)) if m % 60 == 0 => format!("{} ώρες", m / 60),
            (Lang::En, WindowLength::Minutes(m)) if m % 60 == 0 => format!("{} hours", m / 60),
            (Lang::El, WindowLength::Minutes(m)) => format!("{m} λεπτά"),
            (Lang::En, WindowLength::Minutes(m)) => format!("{m} min"),
        }
    }

    /// Short names of months.
    pub(super) const fn months(self) -> [&'static str; 12] {
        match self {
            Lang::El => ["Ιαν", "Φεβ", "Μαρ", "Απρ", "Μαΐ", "Ιουν", "Ιουλ", "Αυγ", "Σεπ", "Οκτ", "Νοε", "Δεκ"],
            Lang::En => ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
        }
    }

    /// Why something was rejected, and what a person does about it.
    pub(super) const fn reason(self, reason: RejectReason) -> (&'static str, &'static str) {
        match self {
            Lang::El => reason_el(reason),
            Lang::En => reason_en(reason),
        }
    }
}

const fn reason_el(reason: RejectReason) -> (&'static str, &'static str) {
    match reason {
        RejectReason::UnknownFormat => ("άγνωστη μορφή", "Ρυθμίστε τον κόμβο να στέλνει SenML ή τη μορφή της πύλης."),
        RejectReason::Malformed => ("κακοσχηματισμένο μήνυμα", "Ελέγξτε το λογισμικό του κόμβου και τη γραμμή."),
        RejectReason::Oversized => {
            ("πολύ μεγάλο μήνυμα", "Στείλτε μικρότερα μηνύματα ή αυξήστε το [limits] packet_bytes_max.")
        }
        RejectReason::WrongTopic => ("λάθος θέμα", "Ο κόμβος δημοσιεύει μόνο στα θέματα city/{κόμβος}/…"),
        RejectReason::ForeignTopic => ("θέμα άλλου κόμβου", "Ελέγξτε το όνομα του κόμβου στις ρυθμίσεις του."),
        RejectReason::ForeignNode => ("μιλά για άλλον κόμβο", "Ελέγξτε το όνομα μέσα στο μήνυμα."),
        RejectReason::Retained => ("με σήμανση RETAIN", "Αφαιρέστε το RETAIN από τις μετρήσεις του κόμβου."),
        RejectReason::UnknownQuantity => {
            ("άγνωστο μέγεθος", "Προσθέστε το μέγεθος στον κατάλογο και επαναλάβετε το μήνυμα.")
        }
        RejectReason::UnitMismatch => {
            ("ασύμβατη μονάδα", "Προσθέστε τη μετατροπή στον κατάλογο ή διορθώστε τη μονάδα του κόμβου.")
        }
        RejectReason::UnsupportedValue => ("είδος τιμής που δεν ταιριάζει", "Ελέγξτε τι στέλνει ο κόμβος."),
        RejectReason::NotANumber => ("δεν είναι αριθμός", "Ο αισθητήρας μάλλον δεν απαντά: ελέγξτε τον."),
        RejectReason::ClockAhead => ("χρόνος στο μέλλον", "Ρυθμίστε το ρολόι του κόμβου."),
        RejectReason::TooOld => {
            ("πιο παλιά από όσο κρατάμε", "Αυξήστε το [retention] observations_days αν χρειάζεται.")
        }
        RejectReason::ImpossibleDate => ("αδύνατη ημερομηνία", "Ρυθμίστε το ρολόι του κόμβου."),
        RejectReason::Conflict => {
            ("ίδιο όνομα, άλλο περιεχόμενο", "Ο κόμβος ίσως έχασε τη μνήμη του: δώστε του νέα ταυτότητα.")
        }
        RejectReason::LimitReached => ("πέρα από το όριο", "Αυξήστε το όριο στην ενότητα [limits] των ρυθμίσεων."),
        RejectReason::UnknownNode => ("άγνωστος κόμβος", "Προσθέστε τον κόμβο και επαναλάβετε το μήνυμα."),
    }
}

const fn reason_en(reason: RejectReason) -> (&'static str, &'static str) {
    match reason {
        RejectReason::UnknownFormat => ("unknown format", "Have the node send SenML or the gateway's own format."),
        RejectReason::Malformed => ("malformed message", "Look at the node's firmware and at the line."),
        RejectReason::Oversized => ("message too large", "Send smaller messages, or raise [limits] packet_bytes_max."),
        RejectReason::WrongTopic => ("wrong topic", "A node publishes on the topics city/{node}/… only."),
        RejectReason::ForeignTopic => ("another node's topic", "Look at the node's name in its settings."),
        RejectReason::ForeignNode => ("speaks for another node", "Look at the name inside the message."),
        RejectReason::Retained => ("sent with RETAIN", "Take RETAIN off the node's readings."),
        RejectReason::UnknownQuantity => {
            ("unknown quantity", "Add the quantity to the catalogue and play the message again.")
        }
        RejectReason::UnitMismatch => {
            ("unit does not fit", "Add the conversion to the catalogue, or mend the node's unit.")
        }
        RejectReason::UnsupportedValue => ("a kind of value that does not fit", "Look at what the node sends."),
        RejectReason::NotANumber => ("not a number", "The sensor probably does not answer: look at it."),
        RejectReason::ClockAhead => ("a time in the future", "Set the node's clock."),
        RejectReason::TooOld => ("older than what is kept", "Raise [retention] observations_days if it must be kept."),
        RejectReason::ImpossibleDate => ("an impossible date", "Set the node's clock."),
        RejectReason::Conflict => {
            ("same name, other content", "The node may have lost its memory: give it a new incarnation.")
        }
        RejectReason::LimitReached => ("beyond the limit", "Raise the bound in [limits] of the configuration."),
        RejectReason::UnknownNode => ("unknown node", "Add the node, and play the message again."),
    }
}
