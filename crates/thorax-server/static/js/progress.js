// Follows a reading: by events, or by asking again and again where events do not come through; shows the result when done.

const EVERY = 1500;
const root = document.querySelector("[data-progress]");
const ENDED = ["completed", "refused", "failed", "cancelled"];

function show({ status, stage, done, total, ahead }) {
  if (ENDED.includes(status)) {
    location.reload();
    return true;
  }
  const bar = root.querySelector("progress");
  if (total > 0) bar.max = total;
  bar.value = done ?? 0;
  const text = root.querySelector("[data-stage-text]");
  const words = ahead > 0 ? `${stage} · ${ahead} before it` : stage;
  if (words && text.textContent !== words) text.textContent = words;
  const head = root.querySelector("h2");
  const title = status === "running" ? "Being read" : "Waiting";
  if (head.textContent !== title) head.textContent = title;
  return false;
}

async function ask() {
  try {
    const answer = await fetch(root.dataset.progress, { headers: { accept: "application/json" } });
    if (answer.ok && show(await answer.json())) return;
    if (answer.status === 401 || answer.status === 404) {
      location.reload();
      return;
    }
  } catch {
    // The network comes back, or it does not; asking again is all there is.
  }
  setTimeout(ask, EVERY);
}

function listen() {
  const source = new EventSource(root.dataset.events);
  let heard = false;
  const hear = (event) => {
    heard = true;
    if (show(JSON.parse(event.data))) source.close();
  };
  source.addEventListener("message", hear);
  source.addEventListener("progress", hear);
  source.addEventListener("error", () => {
    // A connection that worked comes back by itself; one that never did is not tried again.
    if (heard && source.readyState !== EventSource.CLOSED) return;
    source.close();
    ask();
  });
}

if (root) {
  if ("EventSource" in globalThis) listen();
  else ask();
}
