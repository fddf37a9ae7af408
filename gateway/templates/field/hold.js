// One window fills in a form; another one says so, and may take it over. Two that wrote the same draft would lose what the
// other had. By Web Locks, which end with their window; where there are none (plain HTTP) the last tap counts.

const held = new Map();

/**
 * Takes a draft for this window. "held" when it was already, "taken" when it is now, null when another window has it.
 * `lost` is called when another one takes it over.
 */
export async function take(uid, lost, steal = false) {
  if (held.has(uid)) return "held";
  if (!navigator.locks) {
    held.set(uid, () => {});
    return "taken";
  }
  return new Promise((resolve) => {
    const ended = navigator.locks.request(`field-${uid}`, steal ? { steal } : { ifAvailable: true }, (lock) => {
      if (!lock) return resolve(null);
      return new Promise((release) => {
        held.set(uid, release);
        resolve("taken");
      });
    });
    ended.catch(() => {
      held.delete(uid);
      lost();
    });
  });
}

/** Gives up all but one. */
export function leave(but) {
  for (const [uid, release] of held) {
    if (uid === but) continue;
    held.delete(uid);
    release();
  }
}
