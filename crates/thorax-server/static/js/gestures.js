// Mouse, pen and fingers on a canvas: one moves or windows, two zoom, the wheel zooms.

/** `handlers`: `move(dx, dy)`, `window(dx, dy)`, `zoom(factor, x, y)`, `isWindowing()`. Points are from the middle. */
export function follow(canvas, handlers) {
  const pointers = new Map();
  const fromMiddle = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2];
  };
  const spreadOf = () => {
    const [a, b] = [...pointers.values()];
    return { distance: Math.hypot(a[0] - b[0], a[1] - b[1]), x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2 };
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button === 1) return;
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, fromMiddle(event));
    canvas.classList.add("dragging");
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = fromMiddle(event);
    if (pointers.size === 2) {
      const old = spreadOf();
      pointers.set(event.pointerId, now);
      const next = spreadOf();
      handlers.move(next.x - old.x, next.y - old.y);
      if (old.distance > 0) handlers.zoom(next.distance / old.distance, next.x, next.y);
      return;
    }
    pointers.set(event.pointerId, now);
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    if (event.buttons & 2 || handlers.isWindowing()) handlers.window(dx, dy);
    else handlers.move(dx, dy);
  });
  const end = (event) => {
    pointers.delete(event.pointerId);
    if (!pointers.size) canvas.classList.remove("dragging");
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", end);
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      handlers.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), ...fromMiddle(event));
    },
    { passive: false },
  );
}
