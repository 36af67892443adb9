// Single keys as shortcuts. They can be switched off (WCAG 2.1.4), never fire while somebody types, and stay away from keys
// that belong to the browser.

const STORED = "thorax.shortcuts";

export function areOn() {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    return true;
  }
}

function remember(on) {
  try {
    localStorage.setItem(STORED, on ? "on" : "off");
  } catch {
    // A browser that keeps nothing still works, with shortcuts on.
  }
}

function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  return target instanceof HTMLInputElement && !["radio", "checkbox", "button", "submit", "range"].includes(target.type);
}

/** Calls `actions[key](event)`; the action may return `false` where the key is not for it. */
export function onKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!areOn() || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const action = actions[event.key];
    if (action && action(event) !== false) event.preventDefault();
  });
}

/** Opens a dialog by the buttons that name it, and keeps its switch for shortcuts in step. */
export function followHelp() {
  for (const button of document.querySelectorAll("[data-help]")) {
    button.hidden = false;
    button.addEventListener("click", () => openHelp(button.dataset.help));
  }
  for (const box of document.querySelectorAll("[data-shortcuts]")) {
    box.checked = areOn();
    box.addEventListener("change", () => remember(box.checked));
  }
}

export function openHelp(id) {
  const dialog = document.getElementById(id);
  if (dialog instanceof HTMLDialogElement && !dialog.open) dialog.showModal();
}
