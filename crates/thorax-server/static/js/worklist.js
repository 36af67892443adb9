// j and k walk the rows, Enter opens one, n and p turn the page, / searches.

import { onKeys, openHelp } from "./shortcuts.js";

const rows = [...document.querySelectorAll("tr[data-row]")];
const links = rows.map((row) => row.querySelector("[data-open]"));

function here() {
  return rows.findIndex((row) => row.classList.contains("here"));
}

function goTo(index) {
  const next = Math.max(0, Math.min(rows.length - 1, index));
  if (!rows[next]) return;
  rows[here()]?.classList.remove("here");
  rows[next].classList.add("here");
  links[next]?.focus({ preventScroll: true });
  rows[next].scrollIntoView({ block: "nearest" });
}

for (const [index, row] of rows.entries()) {
  row.addEventListener("focusin", () => {
    rows[here()]?.classList.remove("here");
    row.classList.add("here");
  });
  row.addEventListener("dblclick", () => links[index]?.click());
}

function follow(relation) {
  const link = document.querySelector(`a[rel="${relation}"]`);
  if (!link) return false;
  link.click();
  return true;
}

onKeys({
  j: () => goTo(here() + 1),
  k: () => goTo(here() - 1),
  n: () => follow("next"),
  p: () => follow("prev"),
  // A focused link or button has its own Enter.
  Enter: (event) => {
    if (event.target !== document.body || here() < 0) return false;
    links[here()]?.click();
    return true;
  },
  "/": () => {
    const search = document.querySelector("[data-search]");
    search?.closest("details")?.setAttribute("open", "");
    search?.focus();
    search?.select();
  },
  "?": () => openHelp("worklist-help"),
});
