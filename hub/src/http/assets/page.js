// Keeps the page of tonight in step with the hub.
//
// It holds no words and no rules: the server renders every text, and this module only swaps
// sections that differ. Whether the hub is heard is for `contact.js`, once what an event announced
// is on the page.

import { FETCH_MS, RETRY_MS, follow, heard, latest } from "./contact.js";
import { keep as remember } from "./kept.js";
import "./menu.js";
import { alarm } from "./sound.js";

const PRESS_MS = 5_000; // longer than a finger rests, in case its lifting is never told
const TWICE_MS = 700; // longer than a thumb that taps twice, shorter than one that reads

const main = document.querySelector("main");
const announcer = document.getElementById("announcer");
const told = document.getElementById("told");

let wanted = false;
let fetching = false;
let pressedAt = -Infinity;
let pressedLast = null;
let tapped = { at: -Infinity };
let shown = sectionsOf(main);
let refused = null;

function sectionsOf(root) {
  return new Map(Array.from(root.children, (section) => [section.id, section.outerHTML]));
}

function exceptionsOf(root) {
  return new Map(
    Array.from(root.querySelectorAll("[data-alarm]"), (row) => [
      row.dataset.alarm,
      row.dataset.say,
    ]),
  );
}

// Fetching and swapping.

async function refresh() {
  if (fetching || pressed()) return;
  fetching = true;
  wanted = false;
  const announced = latest;
  const before = refused;
  try {
    const answer = await fetch(main.dataset.fragment, { signal: AbortSignal.timeout(FETCH_MS) });
    // The shift is over: the server leads to the sign-in, and back here.
    if (answer.status === 401) location.reload();
    if (!answer.ok) throw new Error(`fragment: ${answer.status}`);
    const text = await answer.text();
    if (pressed()) {
      wanted = true;
    } else {
      swap(new DOMParser().parseFromString(`<main>${text}</main>`, "text/html").body.firstChild);
      // Which rows this tab has shown, for its other pages.
      if (announced !== null) remember("seen", announced.alarms);
      if (refused === before) letGoIfChanged();
      heard();
    }
  } catch (error) {
    // Tried again by the timer; if it goes on, the banner says so.
    console.warn(error);
    wanted = true;
  } finally {
    fetching = false;
  }
  // What was refused meanwhile is read at once: its row may be another one before the next try.
  if (wanted) setTimeout(refresh, refused === before ? RETRY_MS : 0);
}

function swap(next) {
  const fresh = sectionsOf(next);
  const before = exceptionsOf(main);
  const keep = anchor();
  for (const section of Array.from(next.children)) {
    if (fresh.get(section.id) !== shown.get(section.id)) exchange(section);
  }
  shown = fresh;
  keep();
  announce(before, exceptionsOf(main));
}

function exchange(section) {
  const old = document.getElementById(section.id);
  for (const opened of old.querySelectorAll("details[open]")) {
    section.querySelector(`#${CSS.escape(opened.id)}`)?.setAttribute("open", "");
  }
  for (const chosen of old.querySelectorAll("input:checked")) {
    const again = section.querySelector(`#${CSS.escape(chosen.id)}`);
    // Chosen for the row as it was: whoever chose reads it anew if it has changed.
    if (again && seen(again) === seen(chosen)) again.checked = true;
  }
  const focused = [document.activeElement, pressedLast].find((it) => old.contains(it));
  const row = focused?.closest("li[id]");
  old.replaceWith(section);
  if (focused) focusAgain([focused, row, row?.nextElementSibling], section);
  if (section.dataset.title) document.title = section.dataset.title;
}

/// Keeps whoever uses a keyboard where they were: at the same field, or else at its row or the
/// next, or else at the top. Never at another button: whoever presses twice would press that.
function focusAgain(places, section) {
  const again = places.map((place) => document.getElementById(place?.id || "-")).find(Boolean);
  const target = again ?? section;
  if (target.matches("li")) target.tabIndex = -1;
  target.focus({ preventScroll: true });
  pressedLast = null;
}

/// A row as the form around a field has seen it.
function seen(field) {
  return hiddenIn(field.form);
}

function hiddenIn(form) {
  return Array.from(form.querySelectorAll("[type=hidden]"), ({ value }) => value).join();
}

// The row at the top of the screen stays where it is, whatever grows above it.
function anchor() {
  if (scrollY < 8) return () => {};
  const rows = Array.from(main.querySelectorAll("[id]"));
  const row = rows.find((row) => {
    const { top, height } = row.getBoundingClientRect();
    return height > 0 && top >= 0;
  });
  if (!row) return () => {};
  const { id } = row;
  const { top } = row.getBoundingClientRect();
  return () => {
    const moved = document.getElementById(id);
    if (moved) scrollBy({ top: moved.getBoundingClientRect().top - top, behavior: "instant" });
  };
}

function announce(before, after) {
  const added = Array.from(after.keys()).filter((id) => !before.has(id));
  if (added.length === 0) return;
  alarm([660, 880]);
  announcer.textContent = [announcer.dataset.text, ...added.map((id) => after.get(id))].join(" ");
}

// What somebody does about a row: said at once where it cannot be done, shown at once where it is.

main.addEventListener("submit", async (event) => {
  const form = event.target;
  // It leads to a page of its own.
  if ("leave" in form.dataset) return;
  event.preventDefault();
  if (isSecondTap(form, event.submitter)) return;
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  // It is read at the top of the page, and the row may stand anywhere.
  const about = form.closest("li[id]")?.querySelector(".who strong")?.textContent;
  const buttons = form.querySelectorAll("button");
  // A button that is switched off loses the focus.
  pressedLast = form.contains(document.activeElement) ? event.submitter : null;
  for (const button of buttons) button.disabled = true;
  letGo();
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: fields,
      headers: { Accept: "text/plain" },
      signal: AbortSignal.timeout(FETCH_MS),
    });
    if (!answer.ok) refuse((about ? `${about}: ` : "") + (await answer.text()), form);
  } catch (error) {
    console.warn(error);
    refuse(told.dataset.text, form);
  } finally {
    for (const button of buttons) button.disabled = false;
    pressedLast?.focus({ preventScroll: true });
    wanted = true;
    refresh();
  }
});

// Why it was refused stands until somebody has read it, or the row is another one.

function refuse(text, form) {
  const said = document.createElement("p");
  said.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.textContent = told.dataset.close;
  close.addEventListener("click", letGo);
  told.replaceChildren(said, close);
  refused = { id: form.closest("li[id]")?.id, row: null };
}

function letGo() {
  told.replaceChildren();
  refused = null;
}

/// The first look at the row after a refusal shows why; the next that differs is news.
function letGoIfChanged() {
  if (!refused?.id) return;
  const form = document.getElementById(refused.id)?.querySelector("form");
  const row = form ? hiddenIn(form) : "gone";
  refused.row ??= row;
  if (refused.row !== row) letGo();
}

/// Whether this is the second tap of two: a row's main button is another by then.
function isSecondTap(form, button) {
  const turn = form.elements.turn?.value;
  const isSoon = form.action === tapped.action && performance.now() - tapped.at < TWICE_MS;
  if (isSoon && turn !== tapped.turn && button?.matches(".main")) return true;
  tapped = { action: form.action, turn, at: performance.now() };
  return false;
}

// A finger that is down must find under it what it came for.

function pressed() {
  return performance.now() - pressedAt < PRESS_MS;
}

addEventListener("pointerdown", () => {
  pressedAt = performance.now();
});
for (const end of ["pointerup", "pointercancel", "blur"]) {
  addEventListener(end, () => {
    // The click that follows comes first.
    setTimeout(() => {
      pressedAt = -Infinity;
      if (wanted) refresh();
    }, 0);
  });
}

follow({
  changed() {
    wanted = true;
    refresh();
  },
  beat() {
    if (!wanted && !fetching) heard();
  },
  // The next fetch tells why.
  failed() {
    wanted = true;
  },
});

setInterval(() => {
  if (wanted) refresh();
}, RETRY_MS);
