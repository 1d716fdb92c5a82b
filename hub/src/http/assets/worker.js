// Shows what the hub pushes, also on a locked phone, and leads to its page.
//
// It keeps nothing: no cache, and no word on what a page fetches. What is pushed is the hub's fixed
// words, decrypted by the browser; a second line keeps what is about the phone itself apart from
// alerts, so that the one never takes the other's place.

// Only what must be said when no words of the hub's have come.
const SOMETHING = "Nattsyn: att åtgärda / needs action";
const LAPSED = "Nattsyn: öppna sidan, larmen hit har upphört / open the page, alerts have ended";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  event.waitUntil(show(event.data?.text() ?? ""));
});

function show(text) {
  const [words, about = "alert"] = text.split("\n");
  return self.registration.showNotification(words || SOMETHING, {
    tag: about,
    renotify: true, // each is heard, and the newest stands alone
    requireInteraction: about === "alert",
    vibrate: [300, 150, 300, 150, 600],
    icon: "/assets/icon-192.png",
  });
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(lead());
});

/// To tonight's page, if one is open, else to a new one: never to a page of another kind.
async function lead() {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const tonight = windows.find(({ url }) => new URL(url).pathname === "/");
  await (tonight ? tonight.focus() : self.clients.openWindow("/"));
}

// The push service gave the browser another address.
self.addEventListener("pushsubscriptionchange", (event) => {
  event.waitUntil(renew(event).catch(() => show(`${LAPSED}\nphone`)));
});

async function renew({ newSubscription, oldSubscription }) {
  const fresh =
    newSubscription ?? (await self.registration.pushManager.subscribe(oldSubscription.options));
  const answer = await fetch("/phone/renewed", {
    method: "POST",
    body: new URLSearchParams({ subscription: JSON.stringify(fresh) }),
    headers: { Accept: "text/plain" },
  });
  if (!answer.ok) throw new Error(`renewed: ${answer.status}`);
}
