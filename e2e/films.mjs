// Files to upload: the samples, made unlike any other by a comment, since the same file is not kept twice.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SAMPLES } from './site.mjs';

let number = 0;

/** A JPEG of its own with the pixels of a sample. */
export function film(sample = 'normal-1.jpeg') {
  const bytes = readFileSync(join(SAMPLES, sample));
  const words = Buffer.from(`e2e ${process.pid} ${(number += 1)}`);
  const length = Buffer.from([0, words.length + 2]);
  const buffer = Buffer.concat([bytes.subarray(0, 2), Buffer.from([0xff, 0xfe]), length, words, bytes.subarray(2)]);
  return { name: `film-${number}.jpeg`, mimeType: 'image/jpeg', buffer };
}

export const dicom = join(SAMPLES, 'chest-cr.dcm');
export const noFilm = { name: 'letter.txt', mimeType: 'text/plain', buffer: Buffer.from('Dear colleague, ') };
