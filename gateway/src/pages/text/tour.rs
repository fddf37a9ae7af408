//! The words of the demonstration's tour.

use super::Lang;

words! {
    tour_of_the_demo: "Ξενάγηση στην επίδειξη", "A tour of the demonstration";
    tour_take: "Ξενάγηση δύο λεπτών", "Tour of two minutes";
    tour_previous: "Προηγούμενο βήμα", "Previous step";
    tour_steps: "Βήματα της ξενάγησης", "Steps of the tour";
    tour_step: "Βήμα", "Step";
    tour_to_city: "Στις σελίδες της πόλης", "To the city's pages";
    tour_what: "Τι θα δείτε", "What you will see";
    tour_why: "Γιατί έχει σημασία", "Why it matters";
    tour_done: "έγινε", "done";
    tour_running: "σε εξέλιξη", "under way";
    tour_ready: "σας περιμένει", "waits for you";
    tour_failed: "δεν ολοκληρώθηκε", "did not complete";
    tour_lost: "Η επίδειξη δεν απαντά: μάλλον σταμάτησε με Ctrl-C. Βλέπετε όσα ίσχυαν", "The demonstration does not answer: it was probably stopped by Ctrl-C. You see what held";
    tour_busy: "Ένα άλλο βήμα είναι σε εξέλιξη· τελειώνει μέσα σε λίγα δευτερόλεπτα.", "Another step is under way; it ends within seconds.";
    tour_again: "Ξανά", "Again";
    tour_end: "Αυτό ήταν. Όλα όσα είδατε γίνονται και σε μια πραγματική εγκατάσταση.", "That was it. All that you saw happens in a real installation too.";
    tour_begin_again: "Από την αρχή", "From the beginning";

    gateway_word: "Πύλη", "Gateway";
    gateway_runs: "λειτουργεί, διεργασία", "runs, process";
    gateway_dead: "δεν υπάρχει αυτή τη στιγμή· ξεκινά πάλι", "does not exist at this moment; it is starting again";
    nodes_connected: "κόμβοι συνδεδεμένοι", "nodes connected";
    acknowledged_so_far: "μετρήσεις με βεβαίωση", "readings acknowledged";
    a_second: "μετρήσεις το δευτερόλεπτο", "readings a second";
    last_heard: "ακούστηκε τελευταίος", "heard last";

    city_title: "Μια πόλη που ζει", "A living city";
    city_what: "Σταθμοί αέρα και θορύβου, παιδικές χαρές, κάδοι, στάθμευση, φωτιστικά και ανελκυστήρες στέλνουν αυτή τη στιγμή μετρήσεις με MQTT στην πύλη, που τρέχει σε αυτόν τον υπολογιστή.", "Air and sound stations, playgrounds, bins, parking, lamps and lifts are at this moment sending readings by MQTT to the gateway, which runs on this computer.";
    city_why: "Κάθε κόμβος περιμένει τη βεβαίωση ότι η μέτρησή του γράφτηκε στον δίσκο. Όσο δεν την παίρνει, την κρατά και τη στέλνει ξανά.", "Each node waits to be told that its reading is on disk. Until it is told, it keeps the reading and sends it again.";
    city_do: "Δείτε πρώτα την πόλη· κάθε σελίδα της έχει πάνω πάνω τον σύνδεσμο για να γυρίσετε εδώ.", "See the city first; on top of each of its pages a link leads back here.";
    city_look_map: "Ο χάρτης και όσα χρειάζονται προσοχή", "The map, and what needs attention";
    city_look_nodes: "Οι κόμβοι, ένας προς έναν", "The nodes, one by one";
    city_look_series: "Ο θόρυβος σε έναν δρόμο, ώρα με την ώρα", "The noise of a street, hour by hour";
    city_look_ledger: "Το ισοζύγιο: τι έγινε κάθε μέτρηση", "The ledger: what became of every reading";

    kill_title: "Σκοτώστε την πύλη", "Kill the gateway";
    kill_what: "Οκτώ δοκιμαστικοί κόμβοι στέλνουν πάνω από εκατό χιλιάδες μετρήσεις. Την ώρα που στέλνουν, η πύλη σκοτώνεται με SIGKILL: χωρίς προειδοποίηση, όπως σε διακοπή ρεύματος. Ξεκινά πάλι μόνη της, και στο τέλος μετράμε.", "Eight test nodes send more than a hundred thousand readings. While they send, the gateway is killed by SIGKILL: without warning, as in a power cut. It starts again by itself, and in the end we count.";
    kill_why: "Βεβαίωση σημαίνει «είναι στον δίσκο». Αν ένας κόμβος την πήρε, μπορεί να ξεχάσει τη μέτρηση: δεν χάνεται, ό,τι κι αν συμβεί μετά.", "Acknowledged means “it is on disk”. A node that was told so may forget the reading: it is not lost, whatever happens next.";
    kill_do: "Φορτίο, και kill -9", "Load, and kill -9";
    kill_loading: "Οι δοκιμαστικοί κόμβοι στέλνουν. Με βεβαίωση:", "The test nodes are sending. Acknowledged:";
    kill_killed: "SIGKILL στη διεργασία %p. Είχαν βεβαιωθεί %n μετρήσεις.", "SIGKILL to process %p. %n readings had been acknowledged.";
    kill_dead: "Η πύλη δεν υπάρχει. Οι κόμβοι κρατούν ό,τι δεν τους βεβαιώθηκε.", "The gateway does not exist. The nodes keep what was not acknowledged.";
    kill_back: "Η πύλη ξεκίνησε πάλι, ως διεργασία %p, και διάβασε το ημερολόγιό της. Έλειψε %s.", "The gateway is there again, as process %p, and has read its journal. It was away for %s.";
    kill_delivering: "Οι κόμβοι στέλνουν τα υπόλοιπα. Με βεβαίωση:", "The nodes send the rest. Acknowledged:";
    kill_delivered: "Όλα βεβαιώθηκαν. Ό,τι έμεινε χωρίς βεβαίωση στάλθηκε ξανά: %n μετρήσεις.", "All is acknowledged. What had no acknowledgement was sent again: %n readings.";
    kill_counting: "Η πύλη μετρά όσα έλαβε.", "The gateway counts what it received.";
    kill_well: "Τίποτε δεν χάθηκε και τίποτε δεν μέτρησε δύο φορές.", "Nothing was lost, and nothing counted twice.";
    kill_not_well: "Οι αριθμοί δεν συμφωνούν. Κρατήστε τον φάκελο της επίδειξης: αυτό δεν έπρεπε να συμβεί.", "The numbers do not agree. Keep the demonstration's folder: this should not have happened.";
    kill_sum: "Το ισοζύγιο των δοκιμαστικών κόμβων", "The test nodes' balance";
    kill_made: "μέτρησαν οι κόμβοι", "measured by the nodes";
    kill_acknowledged: "με βεβαίωση", "acknowledged";
    kill_stored: "στην αποθήκη της πύλης", "in the gateway's store";
    kill_lost: "χάθηκαν", "lost";
    kill_known: "είχαν ήδη φτάσει πριν από το SIGKILL χωρίς να προλάβουν τη βεβαίωση· η πύλη τις αναγνώρισε και δεν τις μέτρησε ξανά.", "had arrived before the SIGKILL, too late for their acknowledgement; the gateway knew them, and did not count them again.";
    kill_known_none: "Καμία δεν είχε φτάσει πριν από το SIGKILL χωρίς βεβαίωση.", "None had arrived before the SIGKILL without being acknowledged.";

    late_title: "Ο κόμβος που άργησε", "The node that was late";
    late_what: "Ο σταθμός θορύβου %k είχε χθες κακή κάλυψη: περνούσε ένα μήνυμα στα δέκα. Οι χθεσινές ώρες υπολογίστηκαν από όσα είχαν φτάσει. Τώρα ο κόμβος παραδίδει όσα κρατούσε έξι ωρών.", "The sound station %k had poor coverage yesterday: one message in ten came through. Yesterday's hours were computed from what had arrived. Now the node delivers what it kept of six hours.";
    late_why: "Μια ώρα που έκλεισε δεν σβήνεται και δεν μένει λάθος: υπολογίζεται ξανά, από όλες τις μετρήσεις, με τον επόμενο αριθμό αναθεώρησης. Όποιος είχε πάρει την παλιά τιμή παίρνει και τη νέα, και βλέπει ότι αναθεωρήθηκε.", "An hour that was closed is not erased and does not stay wrong: it is computed again, from all readings, under the next revision. Whoever had the old value gets the new one, and sees that it was revised.";
    late_do: "Να παραδώσει όσα κρατούσε", "Have it deliver what it kept";
    late_do_next: "Οι επόμενες έξι ώρες", "The next six hours";
    late_looking: "Διαβάζονται οι χθεσινές ώρες όπως είναι τώρα.", "Yesterday's hours are read as they are now.";
    late_delivering: "Ο κόμβος παραδίδει. Με βεβαίωση:", "The node delivers. Acknowledged:";
    late_settling: "Όλα είναι στον δίσκο. Οι ώρες υπολογίζονται ξανά όταν ο κόμβος σωπάσει για δύο δευτερόλεπτα.", "All is on disk. The hours are computed again once the node has been quiet for two seconds.";
    late_well: "Οι χθεσινές ώρες διορθώθηκαν: νέα τιμή, πλήρη δεδομένα, επόμενη αναθεώρηση.", "Yesterday's hours are corrected: a new value, full data, the next revision.";
    late_all: "Ο κόμβος παρέδωσε όλη τη χθεσινή ημέρα. Αύριο θα έχει πάλι κάτι να διορθώσει.", "The node has delivered all of yesterday. Tomorrow it will have something to correct again.";
    late_hours: "Οι ώρες, πριν και μετά", "The hours, before and after";
    late_hour: "Χθες", "Yesterday";
    late_before: "Πριν, dB", "Before, dB";
    late_after: "Μετά, dB", "After, dB";
    late_revision: "αναθ.", "rev.";
    late_difference: "Διαφορά", "Change";
    late_series: "Η χρονοσειρά στις σελίδες της πόλης", "The series on the city's pages";

    store_title: "Η αποθήκη που έλειψε", "The store that was away";
    store_what: "Οι οριστικές τιμές στέλνονται και σε μια εξωτερική αποθήκη. Εδώ είναι ένας μικρός δέκτης μέσα στην επίδειξη, που μιλά το πρωτόκολλο εγγραφής της InfluxDB και κρατά μόνο στη μνήμη. Αποσύρετέ τον, και φέρτε τον πίσω.", "Settled values are also sent to an external store. Here it is a small receiver inside the demonstration that speaks InfluxDB's write protocol and keeps things in memory alone. Take it away, and bring it back.";
    store_why: "Όσο λείπει η αποθήκη, η πύλη δέχεται κανονικά. Δεν γεμίζει ουρά στη μνήμη: περιμένει μόνο ένας δείκτης, και όταν η αποθήκη γυρίσει συνεχίζει από εκεί.", "While the store is away the gateway takes readings as ever. No queue fills the memory: only a cursor waits, and when the store is back it goes on from there.";
    store_take: "Αποσύρετε την αποθήκη", "Take the store away";
    store_bring: "Φέρτε την πίσω", "Bring it back";
    store_here: "Η αποθήκη δέχεται", "The store takes rows";
    store_away: "Η αποθήκη λείπει", "The store is away";
    store_since: "από", "since";
    store_feeding: "Οι δοκιμαστικοί κόμβοι στέλνουν μετρήσεις έξι ωρών, για να υπάρχει κάτι να προωθηθεί. Η πύλη τις βεβαιώνει κανονικά.", "The test nodes send six hours of readings, so that there is something to hand on. The gateway acknowledges them as ever.";
    store_waits: "Ο δείκτης περιμένει. Αλλαγές που υπολείπονται:", "The cursor waits. Changes behind:";
    store_catching: "Η αποθήκη γύρισε. Η πύλη δοκιμάζει πάλι μέσα σε δύο δευτερόλεπτα και συνεχίζει από τον δείκτη.", "The store is back. The gateway tries again within two seconds and goes on from its cursor.";
    store_well: "Όλα παραδόθηκαν: υπολείπονται 0.", "All is handed over: behind by 0.";
    store_behind: "αλλαγές υπολείπονται", "changes behind";
    store_behind_most: "υπολείπονταν το πολύ", "were behind at most";
    store_rows: "γραμμές δέχτηκε η αποθήκη", "rows the store took";
    store_points: "διαφορετικά σημεία κρατά", "distinct points it holds";
    store_points_says: "Μια τιμή που αναθεωρείται στέλνεται ξανά με το ίδιο κλειδί και παίρνει τη θέση της παλιάς.", "A value that is revised is sent again under the same key, and takes the old one's place.";
    store_page: "Ο αποδέκτης στις σελίδες της πόλης", "The sink on the city's pages";
}
