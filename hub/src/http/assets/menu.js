// Shuts the menu: after a press in it, at a tap beside it, and by Escape.

const menu = document.getElementById("menu");

if (menu) {
  menu.addEventListener("click", (event) => {
    if (event.target.closest("a, button")) menu.open = false;
  });
  addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
