import { readFileSync } from 'node:fs';

/** From package.json, three levels above the compiled file's folder. */
export function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
