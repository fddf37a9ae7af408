//! SenML in JSON: no panic, and no more results than records.

use protocols::senml::{Name, json};

/// One input.
pub(crate) fn run(bytes: &[u8]) {
    if let Ok(pack) = json::parse(bytes) {
        let records = pack.len();
        let mut results = 0;
        for (index, resolved) in pack.resolve(1_795_348_800_000) {
            assert!(index < records);
            results += 1;
            if let Ok(resolved) = resolved {
                let _ = Name::parse(&resolved.name);
            }
        }
        assert!(results <= records);
    }
}
