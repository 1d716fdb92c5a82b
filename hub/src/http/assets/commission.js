// Keeps the page of a unit that is being commissioned up to date, moves its bar, and lets corners
// of sleeping places be moved by finger or arrows. Every word is the page's.

const course = document.getElementById("course");
const said = document.getElementById("said");
const ASKED_EVERY_MS = 1000;
const SVG = "http://www.w3.org/2000/svg";
// A quarter of a cell of the grid, as a share of the picture.
const STEP = [1 / 80, 1 / 64];
// As far as a place may reach: nearer to the edge it is cut by it.
const EDGE = 0.01;

let since = performance.now();
let held = null;

function turn() {
  return course.firstElementChild?.dataset.turn;
}

function clamp(value) {
  return Math.min(1 - EDGE, Math.max(EDGE, value));
}

// The corners of the places that are to be agreed to.
function corners() {
  const form = document.getElementById("place");
  const board = document.getElementById("corners");
  if (!form || !board) return;
  const field = form.elements.places;
  const places = JSON.parse(field.value);
  const { width, height } = board.viewBox.baseVal;
  const polygons = board.querySelectorAll("polygon");
  const draw = () => {
    places.forEach((place, at) => {
      const points = place.map(([x, y]) => `${x * width},${y * height}`);
      polygons[at].setAttribute("points", points.join(" "));
    });
    field.value = JSON.stringify(places);
  };
  places.forEach((place, at) => {
    place.forEach((corner, number) => {
      const handle = document.createElementNS(SVG, "circle");
      handle.setAttribute("class", "corner");
      handle.setAttribute("r", "11");
      handle.setAttribute("tabindex", "0");
      handle.setAttribute("role", "button");
      handle.setAttribute("aria-label", `${form.dataset.corner} ${at + 1}.${number + 1}`);
      const move = (x, y) => {
        corner[0] = clamp(x);
        corner[1] = clamp(y);
        handle.setAttribute("cx", corner[0] * width);
        handle.setAttribute("cy", corner[1] * height);
        draw();
      };
      handle.addEventListener("pointerdown", (event) => {
        held = handle;
        handle.setPointerCapture(event.pointerId);
        event.preventDefault();
        handle.focus();
      });
      handle.addEventListener("pointermove", (event) => {
        if (held !== handle) return;
        const box = board.getBoundingClientRect();
        move((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
      });
      for (const end of ["pointerup", "pointercancel"]) {
        handle.addEventListener(end, () => {
          held = null;
        });
      }
      handle.addEventListener("keydown", (event) => {
        const ways = {
          ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1],
        };
        const way = ways[event.key];
        if (!way) return;
        event.preventDefault();
        move(corner[0] + way[0] * STEP[0], corner[1] + way[1] * STEP[1]);
      });
      board.append(handle);
      move(corner[0], corner[1]);
    });
  });
}

// What moves between two answers.
function tick() {
  const gone = Math.floor((performance.now() - since) / 1000);
  const bar = document.getElementById("bar");
  if (bar) bar.value = Math.min(bar.max, Number(bar.dataset.elapsedS) + gone);
  const left = course.querySelector("[data-left-s]");
  if (left) {
    const seconds = Math.max(0, Number(left.dataset.leftS) - gone);
    left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}

function show(text) {
  const before = turn();
  const fresh = document.createElement("template");
  fresh.innerHTML = text;
  if (fresh.content.firstElementChild?.dataset.turn === before || held) return;
  const focused = document.activeElement?.id;
  course.replaceChildren(fresh.content);
  since = performance.now();
  corners();
  if (focused) document.getElementById(focused)?.focus();
  said.textContent = document.getElementById("result")?.textContent
    ?? course.querySelector("h2")?.textContent ?? "";
}

async function ask() {
  try {
    const answer = await fetch(course.dataset.now);
    if (answer.redirected || !answer.ok) throw new Error(answer.status);
    show(await answer.text());
    if (said.textContent === course.dataset.lost) said.textContent = "";
  } catch {
    said.textContent = course.dataset.lost;
  }
  tick();
  setTimeout(ask, ASKED_EVERY_MS);
}

if (course && said) {
  corners();
  tick();
  setTimeout(ask, ASKED_EVERY_MS);
}
