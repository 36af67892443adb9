// The film's samples: from our own plain format (a head of 16 bytes, then rows of 8 or 16 bits), or from a PNG.

const HEAD = 16;
const MAGIC = "TXR1";

/** `{ width, height, bits, most, samples }` */
export async function fetchFilm(address, signal) {
  const answer = await fetch(address, { signal, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`the film could not be had (${answer.status})`);
  return decode(await answer.arrayBuffer());
}

export function decode(buffer) {
  const head = new DataView(buffer);
  const magic = buffer.byteLength >= HEAD ? String.fromCharCode(...new Uint8Array(buffer, 0, 4)) : "";
  if (magic !== MAGIC) throw new Error("the answer is not a film");
  const width = head.getUint32(4, true);
  const height = head.getUint32(8, true);
  const bits = head.getUint16(12, true);
  const count = width * height;
  const size = bits === 16 ? 2 : 1;
  if (!count || ![8, 16].includes(bits) || buffer.byteLength !== HEAD + count * size) throw new Error("the film is cut short");
  // Every browser that runs modules runs on a little-endian machine; the head keeps 16 bits aligned.
  const samples = bits === 16 ? new Uint16Array(buffer, HEAD, count) : new Uint8Array(buffer, HEAD, count);
  return { width, height, bits, most: bits === 16 ? 65535 : 255, samples };
}

/** The grey of a picture that the browser can show. */
export async function fetchPicture(address, signal) {
  const answer = await fetch(address, { signal, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`the picture could not be had (${answer.status})`);
  const bitmap = await createImageBitmap(await answer.blob());
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const colours = context.getImageData(0, 0, width, height).data;
  const samples = new Uint8Array(width * height);
  for (let index = 0; index < samples.length; index += 1) samples[index] = colours[index * 4];
  return { width, height, bits: 8, most: 255, samples };
}

export async function fetchHeat(address, signal) {
  const answer = await fetch(address, { signal, credentials: "same-origin" });
  if (!answer.ok) throw new Error(`the heat map could not be had (${answer.status})`);
  return createImageBitmap(await answer.blob());
}
