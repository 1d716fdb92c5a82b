// Asks the browser for a key: to sign in with, and to register a new one.
//
// It holds no words: what it says stands on the page, or is the server's answer. It sends only what
// the authenticator says; no key leaves it.

const FETCH_MS = 10_000;
const ASK_MS = 60_000; // as long as WebAuthn recommends somebody is waited for at least

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/=+$/, "");
const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

async function ask(form, fields) {
  const answer = await fetch(form.dataset.ask, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { Accept: "text/plain" },
    signal: AbortSignal.timeout(FETCH_MS),
  });
  if (!answer.ok) throw new Refused(await answer.text());
  return answer.json();
}

/// What the server says why not, in words for people.
class Refused extends Error {}

function assertion(credential) {
  const { response } = credential;
  return JSON.stringify({
    credential: text(credential.rawId),
    authenticator: text(response.authenticatorData),
    client: text(response.clientDataJSON),
    signature: text(response.signature),
  });
}

async function signIn(form) {
  const { challenge, host } = await ask(form, {});
  const credential = await navigator.credentials.get({
    publicKey: {
      challenge: bytes(challenge),
      rpId: host,
      userVerification: "required",
      timeout: ASK_MS,
    },
  });
  form.elements.assertion.value = assertion(credential);
}

async function register(form) {
  const pin = form.elements.pin?.value ?? "";
  const { challenge, host } = await ask(form, { pin });
  const who = form.dataset.who;
  const credential = await navigator.credentials.create({
    publicKey: {
      challenge: bytes(challenge),
      rp: { id: host, name: "Nattsyn" },
      user: { id: new TextEncoder().encode(who), name: who, displayName: who },
      pubKeyCredParams: [{ type: "public-key", alg: -7 }],
      authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
      attestation: "none",
      timeout: ASK_MS,
    },
  });
  const { response } = credential;
  form.elements.registration.value = JSON.stringify({
    credential: text(credential.rawId),
    public: text(response.getPublicKey()),
    authenticator: text(response.getAuthenticatorData()),
    client: text(response.clientDataJSON),
  });
  if (form.elements.pin) form.elements.pin.value = "";
}

function enliven(form, act) {
  if (!form || !self.PublicKeyCredential) return;
  form.hidden = false;
  const said = form.querySelector("[role=status]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    said.textContent = "";
    try {
      await act(form);
      form.submit();
    } catch (error) {
      console.warn(error.name);
      said.textContent = error instanceof Refused ? error.message : form.dataset.failed;
      button.disabled = false;
    }
  });
}

enliven(document.getElementById("key-sign-in"), signIn);
enliven(document.getElementById("key-register"), register);
