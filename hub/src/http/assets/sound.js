// Sound and vibration, for whoever has asked for them, and a line that says whether they work.
//
// A browser makes no sound on a page that nobody has touched. So the wish is kept from page to
// page, and where it cannot be met yet the line says so until somebody touches anything.

import { keep, kept } from "./kept.js";

const GESTURES = ["pointerup", "click", "keydown"]; // what browsers take for a touch

const bell = document.getElementById("sound");
let sound = null;

export function alarm(tones) {
  if (sound === null) return;
  navigator.vibrate?.(tones.map(() => 200));
  // What waits for a touch would all sound at once, and late.
  if (sound.state !== "running") return;
  tones.forEach((pitch, place) => {
    const begins = sound.currentTime + place * 0.25;
    const tone = new OscillatorNode(sound, { frequency: pitch });
    const level = new GainNode(sound, { gain: 0.3 });
    tone.connect(level).connect(sound.destination);
    tone.start(begins);
    tone.stop(begins + 0.2);
  });
}

async function begin() {
  if (sound === null) {
    sound = new AudioContext();
    // A phone call takes it away too.
    sound.addEventListener("statechange", show);
  }
  show();
  await sound.resume();
  show();
}

async function end() {
  const ended = sound;
  sound = null;
  show();
  await ended.close();
}

function show() {
  const state = sound === null ? "off" : sound.state === "running" ? "on" : "waiting";
  if (bell.dataset.state === state) return;
  bell.dataset.state = state;
  bell.textContent = bell.dataset[state];
  bell.setAttribute("aria-pressed", String(state === "on"));
}

async function press() {
  if (bell.dataset.state === "on") {
    keep("sound", false);
    await end();
  } else {
    keep("sound", true);
    await begin();
    alarm([660]);
  }
}

if (bell && "AudioContext" in self) {
  bell.hidden = false;
  bell.addEventListener("click", press);
  show();
  if (kept("sound")) begin();
  for (const gesture of GESTURES) {
    addEventListener(gesture, (event) => {
      // The line's own press is told apart: it would switch off what this has just switched on.
      if (bell.dataset.state === "waiting" && !bell.contains(event.target)) begin();
    });
  }
}
