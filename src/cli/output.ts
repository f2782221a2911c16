// What every verb prints: a table for people, JSON or YAML for programs.

import { Option } from 'commander';

export type OutputFormat = 'table' | 'json' | 'yaml';

export function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to print')
    .choices(['table', 'json', 'yaml'])
    .default('table');
}

/** `table` is called only when a table is wanted. */
export async function print(
  format: OutputFormat,
  value: unknown,
  table: () => string,
): Promise<void> {
  process.stdout.write(await render(format, value, table));
}

export async function render(
  format: OutputFormat,
  value: unknown,
  table: () => string,
): Promise<string> {
  switch (format) {
    case 'json':
      return `${JSON.stringify(value, null, 2)}\n`;
    case 'yaml': {
      const { stringify } = await import('yaml');
      return stringify(value);
    }
    case 'table':
      return table();
  }
}
