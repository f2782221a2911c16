// All of YAML 1.2, by the `yaml` package: anchors, merge keys, block scalars,
// and messages for what is not YAML.

import {
  type Alias,
  Composer,
  type CST,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Parser,
  type YAMLMap,
  type YAMLSeq,
  type Document as YamlDocument,
} from 'yaml';
import { type Problem, problem, quoted } from '../problems.js';
import { type Document, newPlace, type Place, type Places, setKey } from './document.js';

/** Values that aliases may unfold to. */
const MAX_UNFOLDED = 200_000;
const MAX_DEPTH = 100;
/** A collection and its item are two levels of tokens. */
const MAX_TOKEN_DEPTH = 2 * MAX_DEPTH + 10;

export function readFull(text: string): Document {
  const tokens = [...new Parser().parse(text)];
  // The composer recurses, and an overflow of its stack can end the process.
  if (isDeep(tokens)) return tooDeep(text);
  const options = { prettyErrors: false, uniqueKeys: false, stringKeys: false };
  const [parsed, second] = [...new Composer(options).compose(tokens, true, text.length)];
  if (parsed === undefined) return broken([]);
  const faults = [...parsed.errors, ...parsed.warnings].map(({ message, pos }) =>
    fault(text, message, pos),
  );
  if (second !== undefined) {
    const message = 'Source contains multiple documents';
    faults.push(fault(text, message, [second.range[0], second.range[0]]));
  }
  return faults.length > 0 ? broken(faults) : new Converter(parsed).convert();
}

type Token = CST.Token | CST.CollectionItem;

/** Without recursion, for the reason above. */
function isDeep(tokens: readonly CST.Token[]): boolean {
  let level: Token[] = [...tokens];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_TOKEN_DEPTH) return true;
    const below: Token[] = [];
    for (const token of level) {
      if ('items' in token) for (const item of token.items) below.push(item);
      if ('key' in token && token.key) below.push(token.key);
      if ('value' in token && typeof token.value === 'object') below.push(token.value);
    }
    level = below;
  }
  return false;
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
  private readonly anchors = new Map<string, unknown>();
  private readonly targets = new Map<Alias, unknown>();
  /** How many aliases deep. */
  private unfolding = 0;
  /** Values that aliases have made. */
  private unfolded = 0;

  constructor(private readonly source: YamlDocument.Parsed) {}

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
    if (this.path.length + this.unfolding > MAX_DEPTH) {
      throw new TooMuch(`is nested too deeply (got over ${MAX_DEPTH} levels)`);
    }
    this.noteAnchor(node);
    if (isAlias(node)) return this.unfold(node, start);
    if (this.unfolding > 0 && ++this.unfolded > MAX_UNFOLDED) {
      throw new TooMuch(`unfolds to too many values (got over ${MAX_UNFOLDED})`);
    }
    if (isMap(node)) return this.map(node, start);
    if (isSeq(node)) return this.list(node, start);
    return isScalar(node) ? node.value : null;
  }

  private unfold(alias: Alias, start: number): unknown {
    const target = this.target(alias);
    this.unfolding++;
    const value = this.value(target, start);
    this.unfolding--;
    return value;
  }

  /** An alias means the last node of that name before it. */
  private target(alias: Alias): unknown {
    const node = this.targets.get(alias) ?? this.anchors.get(alias.source);
    if (node === undefined) throw new TooMuch(`has an unknown anchor (got "*${alias.source}")`);
    this.targets.set(alias, node);
    return node;
  }

  private noteAnchor(node: unknown): void {
    const anchor = (node as { anchor?: string } | null)?.anchor;
    if (anchor !== undefined && this.unfolding === 0) this.anchors.set(anchor, node);
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
      this.noteAnchor(key);
      const name = isScalar(key) ? String(key.value) : '?';
      if (name === '<<' && this.merge(result, place, value)) continue;
      const valueAt = isEmpty(value) ? keyAt : (startOf(value) ?? keyAt);
      this.path.push(name);
      const converted = this.value(value, valueAt);
      this.path.pop();
      if (place.keys.has(name)) {
        const message = `this key is here twice (got ${quoted(name)})`;
        const found = problem([...this.path, name], message, 'key');
        this.problems.push({ ...found, offset: keyAt });
        continue;
      }
      setKey(result, name, converted);
      place.keys.set(name, keyAt);
      place.values.set(name, valueAt);
    }
    return result;
  }

  /** `<<: *anchor`, also a list of them: keys of the map itself win. */
  private merge(result: Record<string, unknown>, place: Place, value: unknown): boolean {
    const sources = isSeq(value) ? value.items : [value];
    const maps = sources.map((source) => this.value(source, startOf(source) ?? place.start));
    if (!maps.every((map) => typeof map === 'object' && map !== null && !Array.isArray(map))) {
      return false;
    }
    for (const map of maps as object[]) {
      const places = this.places.get(map);
      for (const [key, item] of Object.entries(map)) {
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
