// Counts what other thresholds would have made of the last nights, while a slider is moved. The
// server counts; this only asks, once the slider rests, and shows the newest answer.

const form = document.getElementById("tune");
const shown = document.getElementById("consequences");

// Every answer is a row in the log, so a slider that is still moving asks nothing.
const RESTS_MS = 250;

let asking;
let timer;

function sliders() {
  return form.querySelectorAll("input[type=range]");
}

// What the sliders say: in the server's words, which a screen reader reads instead of a number.
function tell() {
  for (const slider of sliders()) {
    const words = shown.querySelector(`[data-says="${slider.name}"]`);
    if (!words) continue;
    slider.setAttribute("aria-valuetext", words.textContent);
    form.querySelector(`[data-value="${slider.name}"]`).textContent = words.textContent;
  }
}

async function count() {
  // Whoever asked before waits for nothing any more, here or at the server.
  asking?.abort();
  const own = new AbortController();
  asking = own;
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (name !== "why" && name !== "place") query.set(name, value);
  }
  query.set("lang", document.documentElement.lang);
  shown.setAttribute("aria-busy", "true");
  let text;
  try {
    const answer = await fetch(`${form.dataset.consequences}?${query}`, { signal: own.signal });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    text = await answer.text();
  } catch {
    text = undefined;
  }
  if (own !== asking) return;
  shown.removeAttribute("aria-busy");
  if (text === undefined) {
    shown.textContent = form.dataset.failed;
    return;
  }
  shown.innerHTML = text;
  tell();
}

if (form && shown) {
  tell();
  form.addEventListener("input", (event) => {
    if (event.target.name === "why") return;
    if (event.target.type === "range") {
      const value = event.target.value;
      form.querySelector(`[data-value="${event.target.name}"]`).textContent = value;
    }
    clearTimeout(timer);
    timer = setTimeout(count, RESTS_MS);
  });
}
