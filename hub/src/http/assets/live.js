// One live view in one browser: makes the view's key, has the operator confirm it, opens frames.
//
// It holds no words. The private key is made here, cannot be taken out of the browser, and is gone
// with the page. A frame is opened, drawn and overwritten; nothing of it is kept, and when the view
// is over the canvas is emptied before anything else happens.

const FETCH_MS = 40_000; // the hub answers within 15 s what has not changed
const MISSED_MAX = 8; // frames that may fail in a row before the page gives up

const view = document.getElementById("view");
const step = document.getElementById("step");
const trouble = document.getElementById("trouble");
const confirm = document.getElementById("confirm");
const picture = document.getElementById("picture");
const canvas = document.getElementById("canvas");
const left = document.getElementById("left");
const countdown = document.getElementById("countdown");
const end = document.getElementById("end");

const { view: id, lang } = view.dataset;
const text = new TextEncoder();
class Forged extends Error {}

let pair = null;
let own = null;
let over = false;
let asked = null;
let showing = false;
let gaveUp = false;

const toBase64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/=+$/, "");
const fromBase64 = (encoded) => Uint8Array.from(atob(encoded), (sign) => sign.charCodeAt(0));

function joined(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const address = (what) => `/live/${id}/${what}${what.includes("?") ? "&" : "?"}lang=${lang}`;

function ask(what, options = {}) {
  const bounded = { signal: AbortSignal.timeout(FETCH_MS), cache: "no-store", redirect: "error" };
  return fetch(address(what), { ...bounded, ...options });
}

async function tell(what, body) {
  const answer = await ask(what, { method: "POST", body, headers: { Accept: "text/plain" } });
  if (!answer.ok) throw new Error(await answer.text());
}

async function digest(body) {
  const signed = joined(text.encode("nattsyn grant 1\0"), text.encode(body));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", signed));
}

// The operator's own word, for this grant and no other.

async function sign({ body, credential, host }) {
  // What is confirmed is this browser's key and nobody else's.
  if (JSON.parse(body).viewer !== toBase64(own)) throw new Error("another browser's grant");
  const { response, rawId } = await navigator.credentials.get({
    publicKey: {
      challenge: await digest(body),
      rpId: host,
      allowCredentials: [{ type: "public-key", id: fromBase64(credential) }],
      userVerification: "required",
    },
  });
  const assertion = {
    credential: toBase64(rawId),
    authenticator: toBase64(response.authenticatorData),
    client: toBase64(response.clientDataJSON),
    signature: toBase64(response.signature),
  };
  await tell("assertion", JSON.stringify(assertion));
}

async function confirmed(state) {
  confirm.hidden = true;
  trouble.textContent = "";
  try {
    await sign(state);
  } catch (error) {
    // Some browsers ask for a press first, and anybody may mistake their PIN once.
    console.warn(error.name);
    trouble.textContent = view.dataset.notSigned;
    confirm.hidden = over;
    confirm.focus();
  }
}

// Frames.

async function keyFor({ body, key }) {
  const eye = fromBase64(key);
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const theirs = await crypto.subtle.importKey("raw", eye, curve, false, []);
  const shared = await crypto.subtle.deriveBits(
    { name: "ECDH", public: theirs },
    pair.privateKey,
    256,
  );
  const secret = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const salt = await digest(body);
  const info = joined(text.encode("nattsyn live view 1\0"), eye, own);
  const frames = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt, info },
    secret,
    { name: "AES-GCM", length: 256 },
    false,
    ["decrypt"],
  );
  return { frames, salt };
}

/// The number that a frame is sealed under, once it is drawn.
async function draw({ frames, salt }, sealed, from) {
  const number = sealed.slice(0, 8);
  const which = new DataView(number.buffer).getBigUint64(0);
  if (which < from) throw new Error("an older frame");
  const iv = joined(new Uint8Array(4), number);
  const additionalData = joined(text.encode("nattsyn frame 1\0"), salt, number);
  const algorithm = { name: "AES-GCM", iv, additionalData };
  const opened = await crypto.subtle.decrypt(algorithm, frames, sealed.subarray(8)).catch(() => {
    // Nobody but the eye can have sealed one: whatever this is, nothing more is taken.
    throw new Forged();
  });
  const plain = new Uint8Array(opened);
  try {
    const length = new DataView(opened).getUint32(0);
    const jpeg = plain.subarray(4, 4 + length);
    const bitmap = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
    if (!over) {
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
    }
    bitmap.close();
  } finally {
    plain.fill(0);
    sealed.fill(0);
  }
  return which;
}

async function show(state) {
  if (showing) return;
  showing = true;
  end.textContent = end.dataset.done;
  picture.hidden = false;
  count(state.for_ms);
  const keys = await keyFor(state);
  // The private half has done its work.
  pair = null;
  let wanted = 1n;
  let missed = 0;
  while (!over && missed < MISSED_MAX) {
    try {
      const answer = await ask(`frame/${wanted}`);
      if (answer.status === 200) {
        const drawn = await draw(keys, new Uint8Array(await answer.arrayBuffer()), wanted);
        canvas.dataset.frames = Number(canvas.dataset.frames ?? 0) + 1;
        if (wanted === 1n || !canvas.dataset.first) canvas.dataset.first = performance.now();
        wanted = drawn + 1n;
        missed = 0;
      } else if (answer.status === 204) {
        missed += 1;
        wanted += 1n;
      } else {
        throw new Error(`frame: ${answer.status}`);
      }
    } catch (error) {
      if (over) return;
      console.warn(error.message);
      missed = error instanceof Forged ? MISSED_MAX : missed + 1;
    }
  }
  if (!over) giveUp();
}

// Time that is left, on the screen every second and aloud at a few of them.

function count(for_ms) {
  const until = performance.now() + for_ms;
  const at = countdown.dataset.at.split(",").map(Number);
  const said = countdown.dataset.said.split("|");
  const done = new Set();
  const tick = () => {
    if (over) return;
    const seconds = Math.max(0, Math.ceil((until - performance.now()) / 1000));
    left.textContent = seconds;
    const place = at.indexOf(seconds);
    if (place >= 0 && !done.has(seconds)) {
      done.add(seconds);
      countdown.textContent = said[place];
    }
    setTimeout(tick, 200);
  };
  tick();
}

function wipe() {
  // Setting a canvas's width empties it.
  canvas.width = 1;
  canvas.height = 1;
  picture.hidden = true;
}

// What came cannot be shown. The view's last page must not say that the worker ended it.
function giveUp() {
  gaveUp = true;
  wipe();
  trouble.textContent = view.dataset.trouble;
  stop();
}

async function stop() {
  end.disabled = true;
  try {
    await tell("end", "");
  } catch (error) {
    console.warn(error.message);
    end.disabled = false;
  }
}

end.addEventListener("click", stop);
confirm.addEventListener("click", () => confirmed(asked));
addEventListener("pagehide", () => {
  if (over) return;
  over = true;
  wipe();
  navigator.sendBeacon(address("end"));
});

// How the view stands.

function follow(state) {
  step.textContent = state.say;
  if (state.phase === "challenged" && state.body && !asked) {
    asked = state;
    confirmed(state);
  }
  if (state.phase !== "challenged") {
    confirm.hidden = true;
    if (!gaveUp) trouble.textContent = "";
  }
  if (state.phase === "open") {
    show(state).catch((error) => {
      console.warn(error.message);
      giveUp();
    });
  }
  if (state.phase === "over") {
    over = true;
    wipe();
    // The page says why, and asks what was seen. A page that was left would show nothing.
    location.replace(`/live/${id}?lang=${lang}${gaveUp ? "&gave=up" : ""}`);
  }
}

async function run() {
  if (!isSecureContext || !crypto.subtle || !navigator.credentials) {
    trouble.textContent = view.dataset.insecure;
    return stop();
  }
  const curve = { name: "ECDH", namedCurve: "P-256" };
  pair = await crypto.subtle.generateKey(curve, false, ["deriveBits"]);
  own = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  // A view that is over by now takes no key, and says below why it is over.
  await tell("key", toBase64(own)).catch((error) => console.warn(error.message));
  let turn = "";
  while (!over) {
    try {
      const answer = await ask(`state?after=${turn}`);
      if (!answer.ok) throw new Error(await answer.text());
      const state = await answer.json();
      turn = state.turn;
      follow(state);
    } catch (error) {
      if (over) return;
      console.warn(error.message);
      wipe();
      trouble.textContent = view.dataset.gone;
      await new Promise((resume) => setTimeout(resume, 1_000));
    }
  }
}

run().catch((error) => {
  console.warn(error.message);
  giveUp();
});
