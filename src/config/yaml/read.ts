import type { Document } from './document.js';
import { readFull } from './full.js';
import { readQuick } from './quick.js';

/** Never throws. Places are there when asked for, or when the full parser was needed. */
export function readDocument(text: string, withPlaces: boolean): Document {
  return readQuick(text, withPlaces) ?? readFull(text);
}

/** Turns ascending or random offsets into line and column, both from 1, columns in characters. */
export function positionOf(text: string, offset: number, lines: readonly number[]) {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lines[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  const start = lines[low] ?? 0;
  return { line: low + 1, column: [...text.slice(start, offset)].length + 1 };
}

/** Offsets at which lines begin. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
