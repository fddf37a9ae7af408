// The wall's sound: two tones for a new alert that nobody has answered, and again each half minute while an alarm waits.
// A browser makes no sound before somebody has pressed something; until then the button says that it is off.
"use strict";

const AGAIN_MS = 30000;
// Beside what is kept fresh, so that it stays as it was pressed.
const button = document.createElement("button");
const words = document.getElementById("wall").dataset;
Object.assign(button, { id: "sound", type: "button", title: words.says, textContent: words.off });
const [on, off] = [words.on, words.off];
button.setAttribute("aria-pressed", "false");
document.querySelector("main").after(button);
let audio = null;
let known = null;
let soundedAt = 0;

function waiting() {
  return new Set((document.getElementById("wall")?.dataset.waiting ?? "").split(" ").filter(Boolean));
}

function tone(at, hertz) {
  const [oscillator, gain] = [audio.createOscillator(), audio.createGain()];
  oscillator.frequency.value = hertz;
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(0.4, at + 0.02);
  gain.gain.linearRampToValueAtTime(0, at + 0.35);
  oscillator.connect(gain).connect(audio.destination);
  oscillator.start(at);
  oscillator.stop(at + 0.4);
}

function sound() {
  soundedAt = Date.now();
  button.dataset.sounded = String(Number(button.dataset.sounded ?? 0) + 1);
  tone(audio.currentTime, 880);
  tone(audio.currentTime + 0.45, 660);
}

function look() {
  const now = waiting();
  const fresh = known !== null && [...now].some((id) => !known.has(id));
  known = now;
  const alarm = document.getElementById("wall")?.hasAttribute("data-alarm");
  if (audio && (fresh || (alarm && Date.now() - soundedAt > AGAIN_MS))) sound();
}

button.addEventListener("click", async () => {
  if (audio) {
    await audio.close();
    audio = null;
  } else {
    audio = new AudioContext();
    await audio.resume();
    sound();
  }
  button.setAttribute("aria-pressed", String(audio !== null));
  button.textContent = audio ? on : off;
});
look();
new MutationObserver(look).observe(document.getElementById("content"), { attributes: true, subtree: true, childList: true });
setInterval(look, 1000);
