// Hears the hub on behalf of a page, and says so when nothing is heard.
//
// Every page that listens shares this rule. Contact means that an event came *and* that the page
// has taken it in *and* that the hub's moment moves; a server that answers while the service
// behind it hangs is no contact. It holds no words.

import { alarm } from "./sound.js";

export const RETRY_MS = 1_000;
export const FETCH_MS = 8_000; // a slow mobile network, and still well inside the warning
const WARN_AFTER_MS = 15_000; // three beats of the hub's 5 s
const STANDSTILL_MS = 60_000; // twice the longest that a healthy service leaves its moment unmoved
const AGAIN_MS = 20_000; // a sound that never rests is switched off, and one that rests is heard

const main = document.querySelector("main");
const contact = document.getElementById("contact");

/// A stopwatch that also counts sleep: one of the two clocks stands still while a phone does,
/// and the other may be set back.
function stopwatch() {
  let wall = Date.now();
  let steady = performance.now();
  return {
    restart() {
      wall = Date.now();
      steady = performance.now();
    },
    elapsed: () => Math.max(Date.now() - wall, performance.now() - steady),
  };
}

const sinceContact = stopwatch();
const sinceMoved = stopwatch();
const sinceEvent = stopwatch();
let clock = main.dataset.clock;
let moment = 0;
let source = null;
let page = null;
let warnedAt = -Infinity;

/// The last event's words; `null` before the first.
export let latest = null;

/// Listens from now on. The page is asked to take in what `changed`, hears of each `beat`, and of
/// each time the events `failed`; it calls `heard` once what was announced stands on it.
export function follow(listener) {
  page = listener;
  listen();
  setInterval(look, RETRY_MS);
  // Back from a locked screen or another page: what stands here may be old.
  document.addEventListener("visibilitychange", wake);
  addEventListener("pageshow", wake);
}

export function heard() {
  if (latest === null || sinceMoved.elapsed() > STANDSTILL_MS) return;
  clock = latest.clock;
  sinceContact.restart();
  if (contact.textContent !== "") contact.textContent = "";
  document.documentElement.dataset.contact = "well";
}

function warn() {
  const text = contact.dataset.text.replace("{time}", clock);
  // Said once: setting the same text again would make a screen reader repeat it.
  if (contact.textContent !== text) contact.textContent = text;
  // What is left of tonight stands on the page already, and is all that stands now.
  document.documentElement.dataset.contact = "lost";
  if (performance.now() - warnedAt > AGAIN_MS) {
    warnedAt = performance.now();
    alarm([440, 330, 440, 330]);
  }
}

function take(event) {
  latest = JSON.parse(event.data);
  sinceEvent.restart();
  if (latest.now_ms !== moment) {
    moment = latest.now_ms;
    sinceMoved.restart();
  }
}

function listen() {
  source?.close();
  sinceEvent.restart();
  source = new EventSource(main.dataset.events);
  source.addEventListener("changed", (event) => {
    take(event);
    page.changed();
  });
  source.addEventListener("beat", (event) => {
    take(event);
    page.beat();
  });
  // Why it failed is not told to a script; a fetch tells.
  source.addEventListener("error", () => page.failed());
}

function look() {
  if (sinceContact.elapsed() > WARN_AFTER_MS) warn();
  const dead = source.readyState === EventSource.CLOSED && sinceEvent.elapsed() > RETRY_MS;
  // A connection can also hang without ever closing.
  if (dead || sinceEvent.elapsed() > WARN_AFTER_MS) listen();
}

function wake() {
  if (document.hidden || sinceContact.elapsed() <= WARN_AFTER_MS) return;
  warn();
  listen();
}

// Without the hub every other page is gone too, and whoever went there would lose this one.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='/']");
  if (link && document.documentElement.dataset.contact === "lost") event.preventDefault();
});
