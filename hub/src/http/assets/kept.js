// What this tab remembers from page to page, until it is closed: no name, and no row.

const PREFIX = "nattsyn.";

/// What was kept under a word, or `null`.
export function kept(word) {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + word));
  } catch (error) {
    // A browser that keeps nothing still shows everything.
    console.warn(error);
    return null;
  }
}

export function keep(word, value) {
  try {
    sessionStorage.setItem(PREFIX + word, JSON.stringify(value));
  } catch (error) {
    console.warn(error);
  }
}
