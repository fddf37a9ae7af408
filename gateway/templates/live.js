// Keeps the page fresh: asks for it again every two seconds and puts what changed in place.
const PERIOD_MS = 2000;

async function refresh() {
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(String(answer.status));
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
    const scrolled = document.querySelector(".scroll")?.scrollLeft ?? 0;
    document.getElementById("live").replaceWith(fresh);
    const table = document.querySelector(".scroll");
    if (table) table.scrollLeft = scrolled;
  } catch {
    const age = document.getElementById("age");
    age.textContent = "■ " + age.dataset.lost;
    age.className = "bad";
  }
  setTimeout(refresh, PERIOD_MS);
}

setTimeout(refresh, PERIOD_MS);
