// Lets a page that stands still hear the night go on: a new row, and a hub that is gone.
//
// It shows no row, only that there is one that this tab has not shown, and the way to it. The
// hub's events carry a mark for each row that nobody has; which of them were shown is kept.

import { FETCH_MS, follow, heard, latest } from "./contact.js";
import { keep, kept } from "./kept.js";
import "./menu.js";
import { alarm } from "./sound.js";

const main = document.querySelector("main");
const fresh = document.getElementById("fresh");
const words = document.getElementById("fresh-words");
let said = new Set();
let asking = false;

function hear() {
  const marks = new Set(latest.alarms);
  // A row that was taken and comes back is new again. Whoever came straight here has seen none,
  // and is told of what comes from now on.
  const seen = new Set((kept("seen") ?? latest.alarms).filter((mark) => marks.has(mark)));
  keep("seen", Array.from(seen));
  const unseen = latest.alarms.filter((mark) => !seen.has(mark));
  if (unseen.some((mark) => !said.has(mark))) {
    fresh.replaceChildren(words.content.cloneNode(true));
    alarm([660, 880]);
  } else if (unseen.length === 0 && fresh.childElementCount > 0) {
    fresh.replaceChildren();
  }
  said = new Set(unseen);
  heard();
}

/// Whether the shift is over: the server leads to the sign-in, and back here.
async function ask() {
  if (asking) return;
  asking = true;
  try {
    const answer = await fetch(main.dataset.events, { signal: AbortSignal.timeout(FETCH_MS) });
    await answer.body?.cancel();
    if (answer.status === 401) location.reload();
  } catch (error) {
    // If it goes on, the banner says so.
    console.warn(error);
  } finally {
    asking = false;
  }
}

follow({ changed: hear, beat: hear, failed: ask });
