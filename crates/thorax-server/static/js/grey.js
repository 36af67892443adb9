// From samples to greys: the window (centre and width, as DICOM defines them), and inversion.

/** The grey of every possible sample. */
export function table(most, center, width, invert) {
  const greys = new Uint8Array(most + 1);
  const span = Math.max(1, width) - 1;
  const low = center - 0.5 - span / 2;
  for (let value = 0; value <= most; value += 1) {
    const share = span === 0 ? Number(value > low) : (value - low) / span;
    const grey = Math.round(255 * Math.min(1, Math.max(0, share)));
    greys[value] = invert ? 255 - grey : grey;
  }
  return greys;
}

/** Paints samples through a table into the pixels of an image. */
export function paint(samples, greys, pixels) {
  const words = new Uint32Array(pixels.data.buffer);
  const colours = new Uint32Array(greys.length);
  for (let value = 0; value < greys.length; value += 1) colours[value] = 0xff000000 | (greys[value] * 0x010101);
  for (let index = 0; index < samples.length; index += 1) words[index] = colours[samples[index]];
}

/** The window that shows all but the darkest and the brightest half per cent. */
export function spread(film) {
  const counts = new Uint32Array(film.most + 1);
  for (let index = 0; index < film.samples.length; index += 1) counts[film.samples[index]] += 1;
  const left = film.samples.length * 0.005;
  let low = 0;
  for (let sum = counts[0]; sum < left && low < film.most; sum += counts[low]) low += 1;
  let high = film.most;
  for (let sum = counts[high]; sum < left && high > low; sum += counts[high]) high -= 1;
  return { center: Math.round((low + high + 1) / 2), width: Math.max(1, high - low + 1) };
}
