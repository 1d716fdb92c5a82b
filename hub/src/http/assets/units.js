// Counts a code's time down, and goes on as soon as the unit has been let in. Every word is the
// page's.

const sheet = document.getElementById("unit");
const on = document.getElementById("go-on");
const clock = sheet?.querySelector("[data-left-s]");
const ASKED_EVERY_MS = 2000;
const began = performance.now();

function tick() {
  const left = Math.max(0, clock.dataset.leftS - Math.floor((performance.now() - began) / 1000));
  clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}

async function ask() {
  try {
    const answer = await fetch(`/units/${sheet.dataset.unit}/stage`, { cache: "no-store" });
    if (answer.ok && (await answer.text()) !== sheet.dataset.stage) location.assign(on.href);
  } catch {
    // No answer is no news.
  }
}

if (on && clock) {
  setInterval(tick, 1000);
  setInterval(ask, ASKED_EVERY_MS);
}
