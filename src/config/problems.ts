// A problem found in a configuration, first by its place in the document
// (Problem), then by its place in the file (ConfigError).

/** Keys and list indices from the root. */
export type Path = readonly (string | number)[];

export interface Problem {
  path: Path;
  /** Point at the key itself or at its value. */
  at: 'key' | 'value';
  /** What is wrong, and in parentheses what was found. */
  message: string;
  /** UTF-16 offset in the text, when the path alone does not tell the place. */
  offset?: number;
}

export interface ConfigError {
  file: string;
  /** From 1. */
  line: number;
  /** From 1, in characters. */
  column: number;
  /** `loadbalancers[0].listeners[1].protocol`; empty: the document. */
  path: string;
  message: string;
}

export function problem(path: Path, message: string, at: 'key' | 'value' = 'value'): Problem {
  return { path, at, message };
}

export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[\w-]+$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${printable(JSON.stringify(step))}]`;
  }
  return text;
}

export function formatError(error: ConfigError): string {
  const path = error.path === '' ? '' : `${error.path}: `;
  return `${error.file}:${error.line}:${error.column}: ${path}${error.message}`;
}

/** A value as an error message quotes it: short, on one line, without control characters. */
export function quoted(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value !== 'string') return String(value);
  const characters = [...value];
  const shown = characters.length > 60 ? `${characters.slice(0, 60).join('')}…` : value;
  return printable(JSON.stringify(shown));
}

/** Control and format characters that JSON leaves alone would disturb a terminal. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
