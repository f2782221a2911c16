// The way in: text or file to a validated configuration, or all its errors.

import { Buffer, isUtf8 } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { InvalidConfigError, messageOf } from '../errors.js';
import { buildConfig } from './build.js';
import { Report } from './checks/report.js';
import type { Config } from './model.js';
import { type ConfigError, formatError, formatPath, type Problem } from './problems.js';
import { readSchema } from './read.js';
import { ConfigSchema, type RawConfig } from './schema.js';
import { type Document, locate } from './yaml/document.js';
import { lineStarts, positionOf, readDocument } from './yaml/read.js';

export type { Config } from './model.js';
export { type ConfigError, formatError } from './problems.js';

export type ParseResult = { ok: true; config: Config } | { ok: false; errors: ConfigError[] };

const MAX_BYTES = 256 * 1024 * 1024;
/** More would only scroll away. */
const MAX_ERRORS = 1000;
const REPLACEMENT = Buffer.from('\ufffd');

/** `file` is what errors call the text. Never throws, whatever the text. */
export function parseConfig(text: string, file: string): ParseResult {
  const body = text.startsWith('\ufeff') ? text.slice(1) : text;
  const document = readDocument(body, false);
  const problems = [...document.problems];
  const config = document.broken ? null : check(document, problems);
  if (problems.length === 0 && config !== null) return { ok: true, config };
  return { ok: false, errors: placed(body, file, document, problems) };
}

/** Like parseConfig; a file that cannot be read is an error at 1:1. */
export async function loadConfig(path: string): Promise<ParseResult> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) return refused(path, `must be at most ${MAX_BYTES} bytes (got ${size})`);
    const bytes = await readFile(path);
    if (!isUtf8(bytes)) return { ok: false, errors: [badEncoding(path, bytes)] };
    return parseConfig(bytes.toString('utf8'), path);
  } catch (error) {
    return refused(path, `cannot be read (got ${messageOf(error)})`);
  }
}

/** Like loadConfig, but throws InvalidConfigError with all the lines. */
export async function requireConfig(path: string): Promise<Config> {
  const result = await loadConfig(path);
  if (result.ok) return result.config;
  throw new InvalidConfigError(result.errors, result.errors.map(formatError));
}

function check(document: Document, problems: Problem[]): Config | null {
  const { value } = document;
  const raw = readSchema<RawConfig>(ConfigSchema, value, problems) ?? readWithoutGateway(value);
  return raw && buildConfig(raw, poolNames(value), new Report(problems));
}

/** With a gateway that is wrong the rest is still looked at. */
function readWithoutGateway(value: unknown): RawConfig | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const { gateway } = value as { gateway?: { snat_addresses?: unknown } | null };
  const substitute = { interfaces: ['eth0'], snat_addresses: gateway?.snat_addresses ?? [] };
  return readSchema<RawConfig>(ConfigSchema, { ...value, gateway: substitute }, []);
}

/** A listener that names a pool with a mistake in it is not itself a mistake. */
function poolNames(value: unknown): Set<string> {
  const names = new Set<string>();
  const pools = (value as { pools?: unknown }).pools;
  if (!Array.isArray(pools)) return names;
  for (const pool of pools) {
    const name: unknown = (pool as { name?: unknown } | null)?.name;
    if (typeof name === 'string') names.add(name);
  }
  return names;
}

/** Gives problems their places, which costs a second reading, and puts them in the file's order. */
function placed(text: string, file: string, first: Document, problems: Problem[]): ConfigError[] {
  const document = first.places === null ? readDocument(text, true) : first;
  const found = problems.map((item) => ({
    item,
    offset: item.offset ?? locate(document, item.path, item.at),
  }));
  found.sort((a, b) => a.offset - b.offset);
  const lines = lineStarts(text);
  const errors = found.slice(0, MAX_ERRORS).map(({ item, offset }) => ({
    file,
    ...positionOf(text, offset, lines),
    path: formatPath(item.path),
    message: item.message,
  }));
  const last = errors.at(-1);
  if (last !== undefined && found.length > MAX_ERRORS) {
    errors.push({ ...last, path: '', message: `${found.length - MAX_ERRORS} more errors` });
  }
  return errors;
}

function refused(file: string, message: string): ParseResult {
  return { ok: false, errors: [{ file, line: 1, column: 1, path: '', message }] };
}

/** The lenient decoder puts U+FFFD where the bytes first go wrong. */
function badEncoding(file: string, bytes: Buffer): ConfigError {
  const text = bytes.toString('utf8');
  let at = text.indexOf('\ufffd');
  let offset = Buffer.byteLength(text.slice(0, at));
  while (bytes.subarray(offset, offset + 3).equals(REPLACEMENT)) {
    const next = text.indexOf('\ufffd', at + 1);
    offset += Buffer.byteLength(text.slice(at, next));
    at = next;
  }
  const byte = (bytes[offset] ?? 0).toString(16);
  const position = positionOf(text, at, lineStarts(text));
  return { file, ...position, path: '', message: `must be UTF-8 (got byte 0x${byte})` };
}
