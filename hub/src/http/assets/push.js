// Lets the browser be told: asks for permission on a press and never before, subscribes, and says
// what became of it.
//
// It holds no words: what it says stands on the page, or is the server's answer.

const FETCH_MS = 40_000; // the server asks the push service first, for 24 s at most

const said = document.getElementById("said");
let form = null;

function say(text) {
  said.textContent = text;
  said.scrollIntoView({ block: "nearest" });
}

/// Why this browser cannot be told at all, or nothing.
function obstacle() {
  if (!isSecureContext) return form.dataset.insecure;
  if ("PushManager" in self && "Notification" in self && navigator.serviceWorker) return "";
  // Safari on a phone has no push outside the home screen, and says whether it is there.
  return navigator.standalone === false ? form.dataset.iphone : form.dataset.unsupported;
}

async function subscription(key) {
  await navigator.serviceWorker.register("/assets/worker.js", { scope: "/" });
  const { pushManager } = await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: key };
  try {
    return await pushManager.subscribe(options);
  } catch (error) {
    // The hub has a new key since.
    if (error.name !== "InvalidStateError") throw error;
    await (await pushManager.getSubscription())?.unsubscribe();
    return pushManager.subscribe(options);
  }
}

async function send(address, fields) {
  try {
    const answer = await fetch(address, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { Accept: "text/plain" },
      signal: AbortSignal.timeout(FETCH_MS),
    });
    say(await answer.text());
    return answer.ok;
  } catch (error) {
    console.warn(error);
    say(form.dataset.gone);
    return false;
  }
}

async function begin() {
  const chosen = form.querySelector("input:checked");
  if (!chosen) return say(form.dataset.choose);
  const why = obstacle();
  if (why) return say(why);
  say(form.dataset.ask);
  if ((await Notification.requestPermission()) !== "granted") return say(form.dataset.denied);
  let fresh;
  try {
    fresh = await subscription(chosen.dataset.key);
  } catch (error) {
    console.warn(error);
    return say(error.name === "NotAllowedError" ? form.dataset.denied : form.dataset.failed);
  }
  const { value } = chosen;
  await send(form.action, { recipient: value, subscription: JSON.stringify(fresh) });
  await refresh();
}

async function stop(address) {
  if (await send(address, {})) {
    const registration = await navigator.serviceWorker?.getRegistration("/");
    await (await registration?.pushManager?.getSubscription())?.unsubscribe();
  }
  await refresh();
}

/// The page as the hub has it now; what was said stays.
async function refresh() {
  try {
    const answer = await fetch(location.href, { signal: AbortSignal.timeout(FETCH_MS) });
    // The shift is over: the sign-in leads back here.
    if (answer.redirected || !answer.ok) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("phone");
    fresh.querySelector("#said").replaceWith(said);
    document.getElementById("phone").replaceWith(fresh);
    begun();
  } catch (error) {
    console.warn(error);
    say(form.dataset.gone);
  }
}

function act(form, doing) {
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      await doing();
    } finally {
      button.disabled = false;
    }
  });
}

function begun() {
  form = document.getElementById("choose-phone");
  if (!form) return;
  const stopping = document.getElementById("stop-phone");
  act(form, begin);
  act(stopping, () => stop(stopping.action));
}

/// What the hub does not know: the browser can have stopped by itself.
async function examine() {
  if (!form) return;
  const why = obstacle();
  if (why) return say(why);
  if (!("told" in form.dataset)) return;
  const registration = await navigator.serviceWorker.getRegistration("/");
  const own = await registration?.pushManager.getSubscription();
  if (!own || Notification.permission !== "granted") say(form.dataset.lapsed);
}

begun();
examine();
