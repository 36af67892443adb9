// The viewer: puts film, heat map and window together and follows buttons, keys and gestures. Without it the page shows the
// film as a plain picture.

import { fetchFilm, fetchHeat, fetchPicture } from "./film.js";
import { paint, spread, table } from "./grey.js";
import { follow } from "./gestures.js";
import { onKeys, openHelp } from "./shortcuts.js";
import { View } from "./view.js";

class Viewer {
  constructor(root) {
    this.root = root;
    this.stage = root.querySelector("[data-stage]");
    this.view = new View();
    this.films = {};
    this.heats = new Map();
    this.heat = null;
    this.invert = false;
    this.windowing = false;
    this.panes = [];
    this.zoomText = root.querySelector("[data-zoom]");
    this.fields = {
      center: root.querySelector('[data-window="center"]'),
      width: root.querySelector('[data-window="width"]'),
    };
    this.select = root.querySelector("[data-heat]");
    this.opacity = root.querySelector("[data-opacity]");
  }

  async start() {
    const { pixels, image } = this.root.dataset;
    this.films.plain = await fetchFilm(pixels).catch(() => fetchPicture(image));
    this.addPane(this.root.querySelector('[data-pane="film"]'), "Chest X-ray");
    this.root.querySelector("[data-still]").hidden = true;
    for (const bar of this.root.querySelectorAll("[data-tools]")) bar.hidden = false;
    this.show("plain", this.ownWindow());
    this.listen();
    this.root.dataset.ready = "yes";
  }

  /** The whole range, or of a 16-bit film what there is in it: the file's own window is in the samples already. */
  ownWindow() {
    const film = this.films.plain;
    return film.bits === 16 ? spread(film) : { center: 128, width: 256 };
  }

  addPane(pane, label) {
    const canvas = document.createElement("canvas");
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `${label}; + and − zoom, arrow keys move, question mark lists the keys`);
    const caption = document.createElement("span");
    caption.className = "caption";
    caption.hidden = true;
    pane.append(canvas, caption);
    this.panes.push({ pane, canvas, caption });
    follow(canvas, {
      move: (x, y) => this.change(() => this.view.move(x, y)),
      zoom: (factor, x, y) => this.change(() => this.view.zoomAt(factor, x, y)),
      window: (x, y) => this.dragWindow(x, y),
      isWindowing: () => this.windowing,
    });
    new ResizeObserver(() => this.draw()).observe(canvas);
    return canvas;
  }

  /** Shows one of the films (`plain`, `clahe`) through a window. */
  show(name, window) {
    this.name = name;
    const film = this.films[name];
    this.base = new OffscreenCanvas(film.width, film.height);
    this.pixels = new ImageData(film.width, film.height);
    this.setWindow(window);
  }

  setWindow({ center, width }) {
    const { most } = this.films[this.name];
    this.window = {
      center: Math.round(Math.min(most, Math.max(0, center))),
      width: Math.round(Math.min(2 * (most + 1), Math.max(1, width))),
    };
    this.fields.center.value = this.window.center;
    this.fields.width.value = this.window.width;
    this.isStale = true;
    this.draw();
  }

  dragWindow(x, y) {
    const step = this.films[this.name].most / 600;
    this.setWindow({ center: this.window.center + y * step, width: this.window.width + x * step });
  }

  change(act) {
    act();
    this.draw();
  }

  draw() {
    if (this.isWaiting) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      this.drawNow();
    });
  }

  drawNow() {
    const film = this.films[this.name];
    if (this.isStale) {
      paint(film.samples, table(film.most, this.window.center, this.window.width, this.invert), this.pixels);
      this.base.getContext("2d").putImageData(this.pixels, 0, 0);
      this.isStale = false;
    }
    const plain = [{ image: this.base, opacity: 1 }];
    const overlay = this.heat ? [...plain, { image: this.heat, opacity: Number(this.opacity.value) / 100 }] : plain;
    for (const [index, { canvas }] of this.panes.entries()) {
      const alone = this.panes.length === 1;
      this.view.draw(canvas, film, alone || index === 1 ? overlay : plain);
      canvas.classList.toggle("windowing", this.windowing);
    }
    const text = `${Math.round(this.view.zoom * 100)} %`;
    if (this.zoomText.textContent !== text) this.zoomText.textContent = text;
  }

  press(name, isOn) {
    this.root.querySelector(`[data-do="${name}"]`).setAttribute("aria-pressed", String(isOn));
  }

  toggleInvert() {
    this.invert = !this.invert;
    this.press("invert", this.invert);
    this.isStale = true;
    this.draw();
  }

  toggleWindowing() {
    this.windowing = !this.windowing;
    this.press("window-mode", this.windowing);
    this.draw();
  }

  async toggleClahe() {
    if (this.name === "clahe") {
      this.show("plain", this.plainWindow);
    } else {
      this.films.clahe ??= await this.tried(fetchPicture(this.root.dataset.clahe));
      if (!this.films.clahe) return;
      this.plainWindow = this.window;
      this.show("clahe", { center: 128, width: 256 });
    }
    this.press("clahe", this.name === "clahe");
  }

  toggleSides() {
    if (this.panes.length === 1) {
      const pane = document.createElement("div");
      pane.className = "pane";
      this.stage.append(pane);
      this.addPane(pane, "Chest X-ray with heat map");
    } else {
      this.panes.pop().pane.remove();
    }
    const both = this.panes.length === 2;
    this.stage.classList.toggle("side-by-side", both);
    this.press("side-by-side", both);
    this.caption();
    this.draw();
  }

  caption() {
    const heat = this.select?.value ? this.select.selectedOptions[0].textContent : "no heat map chosen";
    const both = this.panes.length === 2;
    for (const [index, { caption }] of this.panes.entries()) {
      caption.textContent = index === 1 ? `Heat map: ${heat}` : both ? "Film" : `Heat map: ${heat}`;
      caption.hidden = !(both || this.select?.value);
    }
  }

  async chooseHeat() {
    const option = this.select.selectedOptions[0];
    const source = option.dataset.source;
    if (source && !this.heats.has(source)) {
      const heat = await this.tried(fetchHeat(source));
      if (heat) this.heats.set(source, heat);
    }
    // Meanwhile somebody may have chosen another.
    if (this.select.selectedOptions[0] !== option) return;
    this.heat = source ? (this.heats.get(source) ?? null) : null;
    if (source && !this.heat) this.select.value = "";
    this.caption();
    this.draw();
  }

  nextHeat(step) {
    if (!this.select) return false;
    const count = this.select.options.length;
    this.select.selectedIndex = (this.select.selectedIndex + step + count) % count;
    this.chooseHeat();
    return true;
  }

  changeOpacity(step) {
    if (!this.opacity) return false;
    this.opacity.value = Number(this.opacity.value) + step;
    this.draw();
    return true;
  }

  toggleFullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.();
  }

  /** What a promise brings; a failure is told, and nothing is changed by it. */
  async tried(promise) {
    this.root.querySelector(".message")?.remove();
    try {
      return await promise;
    } catch (error) {
      const message = document.createElement("p");
      message.className = "message";
      message.setAttribute("role", "alert");
      message.textContent = `Sorry, ${error.message}.`;
      this.stage.append(message);
      return undefined;
    }
  }

  reset() {
    this.view.reset();
    if (this.invert) this.toggleInvert();
    this.setWindow(this.name === "clahe" ? { center: 128, width: 256 } : this.ownWindow());
  }

  actions() {
    return {
      "zoom-in": () => this.change(() => this.view.zoomAt(1.25)),
      "zoom-out": () => this.change(() => this.view.zoomAt(0.8)),
      reset: () => this.reset(),
      rotate: () => this.change(() => this.view.rotate()),
      invert: () => this.toggleInvert(),
      clahe: () => this.toggleClahe(),
      help: () => openHelp("viewer-help"),
      "window-mode": () => this.toggleWindowing(),
      "auto-window": () => this.setWindow(this.name === "clahe" ? { center: 128, width: 256 } : this.ownWindow()),
      "side-by-side": () => this.toggleSides(),
      "full-screen": () => this.toggleFullScreen(),
    };
  }

  listen() {
    const actions = this.actions();
    for (const button of this.root.querySelectorAll("[data-do]")) {
      button.addEventListener("click", () => actions[button.dataset.do]());
    }
    for (const field of Object.values(this.fields)) {
      field.addEventListener("change", () => {
        const [center, width] = [this.fields.center, this.fields.width].map((one) => one.valueAsNumber);
        if (Number.isFinite(center) && Number.isFinite(width)) this.setWindow({ center, width });
        else this.setWindow(this.window);
      });
    }
    this.select?.addEventListener("change", () => this.chooseHeat());
    this.opacity?.addEventListener("input", () => this.draw());
    document.addEventListener("fullscreenchange", () => {
      this.press("full-screen", document.fullscreenElement === this.root);
      this.draw();
    });
    this.listenToKeys(actions);
  }

  listenToKeys(actions) {
    const moves = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
    const keys = {
      "+": actions["zoom-in"],
      "=": actions["zoom-in"],
      "-": actions["zoom-out"],
      0: actions.reset,
      w: actions["window-mode"],
      a: actions["auto-window"],
      i: actions.invert,
      r: actions.rotate,
      c: actions.clahe,
      s: actions["side-by-side"],
      f: actions["full-screen"],
      "?": actions.help,
      h: () => this.nextHeat(1),
      H: () => this.nextHeat(-1),
      "[": () => this.changeOpacity(-10),
      "]": () => this.changeOpacity(10),
    };
    // Arrows scroll the page unless the film has the focus.
    for (const [key, by] of Object.entries(moves)) {
      keys[key] = () => {
        if (!this.panes.some(({ canvas }) => canvas === document.activeElement)) return false;
        this.change(() => this.view.move(...by));
        return true;
      };
    }
    onKeys(keys);
  }
}

const root = document.getElementById("viewer");
// A film that cannot be had stays a picture, which the page shows anyway.
if (root) new Viewer(root).start().catch((error) => console.warn(error));
