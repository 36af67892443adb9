// How the film lies on the screen: zoom, place, quarter turns; the same for both halves of a side-by-side view.

const LEAST = 0.2;
const MOST = 40;

export class View {
  constructor() {
    this.reset();
  }

  reset() {
    this.zoom = 1;
    this.x = 0;
    this.y = 0;
    this.turns = 0;
  }

  rotate() {
    this.turns = (this.turns + 1) % 4;
    // What was left of the middle is now above it.
    [this.x, this.y] = [-this.y, this.x];
  }

  move(x, y) {
    this.x += x;
    this.y += y;
  }

  /** Zooms so that the point (from the middle of the pane) stays where it is. */
  zoomAt(factor, x = 0, y = 0) {
    const zoom = Math.min(MOST, Math.max(LEAST, this.zoom * factor));
    const change = zoom / this.zoom;
    this.x = x - (x - this.x) * change;
    this.y = y - (y - this.y) * change;
    this.zoom = zoom;
  }

  /** Pixels of the screen for one of the film at zoom 1: the whole film fits. */
  fit(film, width, height) {
    const [across, down] = this.turns % 2 ? [film.height, film.width] : [film.width, film.height];
    return Math.min(width / across, height / down);
  }

  /** Draws layers (`{ image, opacity }`) on a canvas. */
  draw(canvas, film, layers) {
    const ratio = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = canvas;
    if (!width || !height) return;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext("2d");
    const scale = this.fit(film, width, height) * this.zoom;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.setTransform(ratio, 0, 0, ratio, (width / 2 + this.x) * ratio, (height / 2 + this.y) * ratio);
    context.rotate((this.turns * Math.PI) / 2);
    context.scale(scale, scale);
    // Up close, the samples themselves are of interest.
    context.imageSmoothingEnabled = scale < 6;
    context.imageSmoothingQuality = "high";
    for (const { image, opacity } of layers) {
      context.globalAlpha = opacity;
      context.drawImage(image, -film.width / 2, -film.height / 2, film.width, film.height);
    }
    context.globalAlpha = 1;
  }
}
