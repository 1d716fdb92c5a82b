// Keeps an open page in step with the hub, and says so when it cannot.
//
// It holds no words and no rules: the server renders every text, and this module only swaps
// sections that differ. Contact means that an event came *and* that what it announced is on the
// page *and* that the hub's moment moves; a server that answers while the service behind it
// hangs is no contact.

const WARN_AFTER_MS = 15_000; // three beats of the hub's 5 s
const STANDSTILL_MS = 60_000; // twice the longest that a healthy service leaves its moment unmoved
const RETRY_MS = 1_000;
const PRESS_MS = 5_000; // longer than a finger rests, in case its lifting is never told
const AGAIN_MS = 20_000; // a sound that never rests is switched off, and one that rests is heard
const TWICE_MS = 700; // longer than a thumb that taps twice, shorter than one that reads
const FETCH_MS = 8_000; // a slow mobile network, and still well inside the warning

const main = document.querySelector("main");
const contact = document.getElementById("contact");
const announcer = document.getElementById("announcer");
const told = document.getElementById("told");

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
let latest = null;
let source = null;
let wanted = false;
let fetching = false;
let pressedAt = -Infinity;
let pressedLast = null;
let tapped = { at: -Infinity };
let shown = sectionsOf(main);
let sound = null;
let warnedAt = -Infinity;

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

// What was heard, and the banner when nothing is.

function heard() {
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
    wanted = true;
    refresh();
  });
  // Why it failed is not told to a script; the next fetch tells.
  source.addEventListener("error", () => {
    wanted = true;
  });
  source.addEventListener("beat", (event) => {
    take(event);
    if (!wanted && !fetching) heard();
  });
}

setInterval(() => {
  if (sinceContact.elapsed() > WARN_AFTER_MS) warn();
  const dead = source.readyState === EventSource.CLOSED && sinceEvent.elapsed() > RETRY_MS;
  // A connection can also hang without ever closing.
  if (dead || sinceEvent.elapsed() > WARN_AFTER_MS) listen();
  if (wanted) refresh();
}, RETRY_MS);

// Back from a locked screen or another page: what stands here may be old.
function wake() {
  if (document.hidden) return;
  if (sinceContact.elapsed() > WARN_AFTER_MS) {
    warn();
    listen();
  }
}
document.addEventListener("visibilitychange", wake);
addEventListener("pageshow", wake);

// Without the hub every other page is gone too, and whoever went there would lose this one.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href^='/']");
  if (link && document.documentElement.dataset.contact === "lost") event.preventDefault();
});

// Fetching and swapping.

async function refresh() {
  if (fetching || pressed()) return;
  fetching = true;
  wanted = false;
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
      heard();
    }
  } catch (error) {
    // Tried again by the timer; if it goes on, the banner says so.
    console.warn(error);
    wanted = true;
  } finally {
    fetching = false;
  }
  if (wanted) setTimeout(refresh, RETRY_MS);
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
  return Array.from(field.form.querySelectorAll("[type=hidden]"), ({ value }) => value).join();
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

// Sound and vibration, for whoever has asked for them: a browser makes none before a press.

const bell = document.getElementById("sound");
bell.hidden = false;
bell.addEventListener("click", async () => {
  if (sound === null) {
    sound = new AudioContext();
    await sound.resume();
    alarm([660]);
  } else {
    await sound.close();
    sound = null;
  }
  bell.setAttribute("aria-pressed", String(sound !== null));
});

function alarm(tones) {
  if (sound === null) return;
  navigator.vibrate?.(tones.map(() => 200));
  tones.forEach((pitch, place) => {
    const begins = sound.currentTime + place * 0.25;
    const tone = new OscillatorNode(sound, { frequency: pitch });
    const level = new GainNode(sound, { gain: 0.3 });
    tone.connect(level).connect(sound.destination);
    tone.start(begins);
    tone.stop(begins + 0.2);
  });
}

// What somebody does about a row: said at once where it cannot be done, shown at once where it is.

main.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  if (isSecondTap(form, event.submitter)) return;
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  // It is read at the top of the page, and the row may stand anywhere.
  const about = form.closest("li[id]")?.querySelector(".who strong")?.textContent;
  const buttons = form.querySelectorAll("button");
  // A button that is switched off loses the focus.
  pressedLast = form.contains(document.activeElement) ? event.submitter : null;
  for (const button of buttons) button.disabled = true;
  told.textContent = "";
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: fields,
      headers: { Accept: "text/plain" },
      signal: AbortSignal.timeout(FETCH_MS),
    });
    if (!answer.ok) told.textContent = (about ? `${about}: ` : "") + (await answer.text());
  } catch (error) {
    console.warn(error);
    told.textContent = told.dataset.text;
  } finally {
    for (const button of buttons) button.disabled = false;
    pressedLast?.focus({ preventScroll: true });
    wanted = true;
    refresh();
  }
});

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

listen();
