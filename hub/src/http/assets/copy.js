// Copies a text, where there is a script to do it with; without one it can be marked by hand.

for (const button of document.querySelectorAll("[data-copy]")) {
  const text = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    text.select();
    // Only on encrypted connections and on this machine; elsewhere it stays marked.
    if (!navigator.clipboard) return;
    try {
      await navigator.clipboard.writeText(text.value);
      button.textContent = button.dataset.copied;
    } catch {
      text.focus();
    }
  });
}
