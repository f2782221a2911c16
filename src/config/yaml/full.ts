// All of YAML 1.2, by the `yaml` package: anchors, merge keys, block scalars,
// and messages for what is not YAML.

import {
  type Alias,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  parseDocument,
  type YAMLMap,
  type YAMLSeq,
  type Document as YamlDocument,
} from 'yaml';
import { type Problem, problem } from '../problems.js';
import { type Document, newPlace, type Places, setKey } from './document.js';

/** Nodes an alias-ridden document may unfold to. */
const MAX_NODES = 2_000_000;
const MAX_DEPTH = 100;

export function readFull(text: string): Document {
  let parsed: YamlDocument;
  try {
    parsed = parseDocument(text, { prettyErrors: false, uniqueKeys: false, stringKeys: false });
  } catch (error) {
    // The parser recurses: some hundred brackets overflow its stack.
    if (error instanceof RangeError) return tooDeep(text);
    return broken([{ ...problem([], `not YAML (got ${String(error)})`), offset: 0 }]);
  }
  const faults = [...parsed.errors, ...parsed.warnings];
  if (faults.some(({ code }) => code === 'RESOURCE_EXHAUSTION')) return tooDeep(text);
  if (faults.length > 0) {
    return broken(faults.map(({ message, pos }) => fault(text, message, pos)));
  }
  return new Converter(parsed).convert();
}

function tooDeep(text: string): Document {
  return broken([
    { ...problem([], `is nested too deeply (got ${text.length} characters)`), offset: 0 },
  ]);
}

function broken(problems: Problem[]): Document {
  return { value: null, problems, broken: true, places: new Map(), start: 0 };
}

function fault(text: string, message: string, [from, to]: [number, number]): Problem {
  const line = text.slice(from, Math.max(to, from + 1)).split('\n', 1)[0] ?? '';
  const first = message.split('\n', 1)[0] ?? '';
  const got = line.trim() === '' ? 'the end of the line' : JSON.stringify(line.trim().slice(0, 40));
  return { path: [], at: 'value', message: `not YAML: ${first} (got ${got})`, offset: from };
}

class TooMuch extends Error {}

class Converter {
  private readonly places: Places = new Map();
  private readonly problems: Problem[] = [];
  private readonly path: (string | number)[] = [];
  private nodes = 0;

  constructor(private readonly source: YamlDocument) {}

  convert(): Document {
    const start = startOf(this.source.contents) ?? 0;
    try {
      const value = this.value(this.source.contents, start);
      return { value, problems: this.problems, broken: false, places: this.places, start };
    } catch (error) {
      if (!(error instanceof TooMuch)) throw error;
      return broken([{ ...problem(this.path.slice(0, 4), error.message), offset: start }]);
    }
  }

  private value(node: unknown, start: number): unknown {
    if (++this.nodes > MAX_NODES) throw new TooMuch(`has too many values (got over ${MAX_NODES})`);
    if (this.path.length > MAX_DEPTH)
      throw new TooMuch(`is nested too deeply (got over ${MAX_DEPTH} levels)`);
    if (isAlias(node)) return this.value(this.target(node), start);
    if (isMap(node)) return this.map(node, start);
    if (isSeq(node)) return this.list(node, start);
    return isScalar(node) ? node.value : null;
  }

  private target(alias: Alias): unknown {
    const node = alias.resolve(this.source);
    if (node === undefined) throw new TooMuch(`has an unknown anchor (got "*${alias.source}")`);
    return node;
  }

  private list(node: YAMLSeq, start: number): unknown[] {
    const result: unknown[] = [];
    const place = newPlace(start);
    this.places.set(result, place);
    for (const [index, item] of node.items.entries()) {
      const at = startOf(item) ?? start;
      place.values.set(index, at);
      this.path.push(index);
      result.push(isPair(item) ? null : this.value(item, at));
      this.path.pop();
    }
    return result;
  }

  private map(node: YAMLMap, start: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const place = newPlace(start);
    this.places.set(result, place);
    for (const { key, value } of node.items) {
      const keyAt = startOf(key) ?? start;
      const name = isScalar(key) ? String(key.value) : '?';
      if (name === '<<' && this.merge(result, place, value)) continue;
      if (Object.hasOwn(result, name) && place.keys.has(name)) {
        const found = problem([...this.path, name], 'this key is here twice', 'key');
        this.problems.push({ ...found, offset: keyAt });
        continue;
      }
      const valueAt = isEmpty(value) ? keyAt : (startOf(value) ?? keyAt);
      this.path.push(name);
      setKey(result, name, this.value(value, valueAt));
      this.path.pop();
      place.keys.set(name, keyAt);
      place.values.set(name, valueAt);
    }
    return result;
  }

  /** `<<: *anchor`, also a list of them: keys of the map itself win. */
  private merge(
    result: Record<string, unknown>,
    place: ReturnType<typeof newPlace>,
    value: unknown,
  ): boolean {
    const sources = isSeq(value) ? value.items : [value];
    const maps = sources.map((source) => (isAlias(source) ? this.target(source) : source));
    if (!maps.every(isMap)) return false;
    for (const map of maps) {
      const merged = this.map(map as YAMLMap, startOf(map) ?? place.start);
      const places = this.places.get(merged);
      for (const [key, item] of Object.entries(merged)) {
        if (Object.hasOwn(result, key)) continue;
        setKey(result, key, item);
        place.values.set(key, places?.values.get(key) ?? place.start);
      }
    }
    return true;
  }
}

function startOf(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] | null } | null)?.range?.[0];
}

/** `key:` with nothing after it. */
function isEmpty(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null && (node.source ?? '') === '');
}
