// A reader for the YAML that configuration files are made of: block and flow
// collections, plain and quoted scalars on one line, comments. Many
// times as fast as the full parser. Whatever it does not know for certain it
// leaves (returns null) to full.ts, so the two never disagree; a property test
// holds them against each other.

import { type Problem, problem, quoted } from '../problems.js';
import { type Document, newPlace, type Place, type Places } from './document.js';
import {
  APOSTROPHE,
  CLOSE_LIST,
  CLOSE_MAP,
  COLON,
  COMMA,
  DASH,
  GIVE_UP,
  OPEN_LIST,
  OPEN_MAP,
  QUOTE,
  QuickCursor,
  SPACE,
} from './quick-cursor.js';
import { resolvePlain } from './scalar.js';

const MAX_DEPTH = 64;

export function readQuick(text: string, withPlaces: boolean): Document | null {
  try {
    return new QuickReader(text, withPlaces).read();
  } catch (error) {
    if (error === GIVE_UP) return null;
    throw error;
  }
}

class QuickReader extends QuickCursor {
  private readonly path: (string | number)[] = [];
  private readonly problems: Problem[] = [];
  private readonly places: Places | null;

  constructor(text: string, withPlaces: boolean) {
    super(text);
    this.places = withPlaces ? new Map() : null;
  }

  read(): Document {
    this.nextLine();
    if (this.indent === 0 && this.text.startsWith('---', this.pos)) {
      this.begun = true;
      this.pos += 3;
      this.endLine();
    }
    this.begun = true;
    if (this.indent < 0) throw GIVE_UP;
    const start = this.pos;
    const value = this.blockNode(-1);
    if (this.indent >= 0) throw GIVE_UP;
    return { value, problems: this.problems, broken: false, places: this.places, start };
  }

  /** At a content character; leaves at the next content line's. */
  private blockNode(parent: number): unknown {
    if (this.path.length > MAX_DEPTH) throw GIVE_UP;
    const code = this.text.charCodeAt(this.pos);
    if (code === DASH && this.isBlank(this.pos + 1)) return this.blockList(this.indent);
    if (this.atKey()) return this.blockMap(this.indent);
    const value = this.inlineValue(parent);
    if (this.indent > parent) throw GIVE_UP;
    return value;
  }

  private blockMap(indent: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const place = this.place(result);
    while (this.indent === indent) {
      const keyAt = this.pos;
      const key = this.key();
      if (this.text.charCodeAt(this.pos) !== COLON || !this.isBlank(this.pos + 1)) throw GIVE_UP;
      this.pos++;
      this.skipSpaces();
      this.path.push(key);
      let valueAt = this.pos;
      let value: unknown = null;
      if (this.lineEnds()) {
        valueAt = keyAt;
        this.endLine();
        if (this.indent > indent || (this.indent === indent && this.atListItem())) {
          valueAt = this.pos;
          value = this.blockNode(this.indent > indent ? indent : indent - 1);
        }
      } else {
        value = this.inlineValue(indent);
      }
      if (this.indent > indent) throw GIVE_UP;
      this.add(result, place, key, keyAt, value, valueAt);
      this.path.pop();
    }
    return result;
  }

  private blockList(indent: number): unknown[] {
    const result: unknown[] = [];
    const place = this.place(result);
    while (this.indent === indent && this.atListItem()) {
      this.pos++;
      this.skipSpaces();
      this.path.push(result.length);
      let valueAt = this.pos;
      if (this.lineEnds()) {
        this.endLine();
        if (this.indent <= indent) throw GIVE_UP;
        valueAt = this.pos;
      } else {
        this.indent = this.pos - this.lineStart;
      }
      const value = this.blockNode(indent);
      if (this.indent > indent) throw GIVE_UP;
      place?.values.set(result.length, valueAt);
      result.push(value);
      this.path.pop();
    }
    return result;
  }

  /** A flow collection or scalar that ends its line. */
  private inlineValue(parent: number): unknown {
    const value = this.flowNode(parent, false);
    this.endLine();
    return value;
  }

  private flowNode(parent: number, inFlow: boolean): unknown {
    const code = this.text.charCodeAt(this.pos);
    if (code === OPEN_MAP) return this.flowMap(parent);
    if (code === OPEN_LIST) return this.flowList(parent);
    if (code === QUOTE || code === APOSTROPHE) return this.quotedScalar();
    const value = resolvePlain(this.plainScalar(inFlow));
    if (value === undefined) throw GIVE_UP;
    return value;
  }

  private flowMap(parent: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const place = this.place(result);
    this.pos++;
    this.flowSpace(parent);
    while (this.text.charCodeAt(this.pos) !== CLOSE_MAP) {
      if (this.path.length > MAX_DEPTH) throw GIVE_UP;
      const keyAt = this.pos;
      const key = this.key();
      if (this.text.charCodeAt(this.pos) !== COLON) throw GIVE_UP;
      if (this.text.charCodeAt(this.pos + 1) !== SPACE) throw GIVE_UP;
      this.pos++;
      this.skipSpaces();
      const valueAt = this.pos;
      this.path.push(key);
      this.add(result, place, key, keyAt, this.flowNode(parent, true), valueAt);
      this.path.pop();
      this.flowSeparator(parent, CLOSE_MAP);
    }
    this.pos++;
    return result;
  }

  private flowList(parent: number): unknown[] {
    const result: unknown[] = [];
    const place = this.place(result);
    this.pos++;
    this.flowSpace(parent);
    while (this.text.charCodeAt(this.pos) !== CLOSE_LIST) {
      if (this.path.length > MAX_DEPTH) throw GIVE_UP;
      place?.values.set(result.length, this.pos);
      this.path.push(result.length);
      result.push(this.flowNode(parent, true));
      this.path.pop();
      this.flowSeparator(parent, CLOSE_LIST);
    }
    this.pos++;
    return result;
  }

  private flowSeparator(parent: number, close: number): void {
    this.flowSpace(parent);
    const code = this.text.charCodeAt(this.pos);
    if (code === close) return;
    if (code !== COMMA || !this.isBlank(this.pos + 1)) throw GIVE_UP;
    this.pos++;
    this.flowSpace(parent);
  }

  /** Blanks, comments and line ends between the parts of a flow collection. */
  private flowSpace(parent: number): void {
    this.skipSpaces();
    if (!this.lineEnds()) return;
    this.endLine();
    if (this.indent <= parent) throw GIVE_UP;
  }

  private add(
    target: Record<string, unknown>,
    place: Place | null,
    key: string,
    keyAt: number,
    value: unknown,
    valueAt: number,
  ): void {
    if (Object.hasOwn(target, key)) {
      const found = problem([...this.path], `this key is here twice (got ${quoted(key)})`, 'key');
      this.problems.push({ ...found, offset: keyAt });
      return;
    }
    target[key] = value;
    place?.keys.set(key, keyAt);
    place?.values.set(key, valueAt);
  }

  private place(container: object): Place | null {
    if (this.places === null) return null;
    const place = newPlace(this.pos);
    this.places.set(container, place);
    return place;
  }
}
