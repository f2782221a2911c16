// Columns of text.

export type Align = 'left' | 'right';

/** Rows under a header; no blanks at line ends. Rows may be shorter or longer than the header. */
export function table(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  align: readonly Align[] = [],
): string {
  const lines = [header, ...rows];
  const columns = lines.reduce((most, line) => Math.max(most, line.length), 0);
  const widths = Array.from({ length: columns }, (_, column) =>
    lines.reduce((widest, line) => Math.max(widest, width(line[column] ?? '')), 0),
  );
  return lines.map((line) => `${joined(line, widths, align)}\n`).join('');
}

function joined(
  line: readonly string[],
  widths: readonly number[],
  align: readonly Align[],
): string {
  const cells = line.map((cell, column) => {
    const fill = ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell)));
    return align[column] === 'right' ? fill + cell : cell + fill;
  });
  return cells.join('  ').trimEnd();
}

function width(text: string): number {
  return [...text].length;
}

/** As ipvsadm does: 99999, 100K, 10M. Exact numbers are in the JSON. */
export function short(count: number): string {
  let value = count;
  for (const unit of ['', 'K', 'M', 'G', 'T']) {
    if (value < 100_000 || unit === 'T') return `${Math.floor(value)}${unit}`;
    value /= 1000;
  }
  return String(count);
}
