// A reader for the YAML that configuration files are made of: block and flow
// collections, plain and quoted scalars on one line, comments. About fifteen
// times as fast as the full parser. Whatever it does not know for certain it
// leaves (returns null) to full.ts, so the two never disagree; a property test
// holds them against each other.

import { type Problem, problem, quoted } from '../problems.js';
import { type Document, newPlace, type Place, type Places } from './document.js';
import { resolvePlain } from './scalar.js';

const TAB = 9;
const NEWLINE = 10;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const APOSTROPHE = 39;
const COMMA = 44;
const DASH = 45;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_MAP = 123;
const CLOSE_MAP = 125;

const MAX_DEPTH = 64;
const KEY = /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/;

/** Thrown to give up; never leaves this file. */
const GIVE_UP = new Error('left to the full parser');

/** Bit 1: may begin a plain scalar; bit 2: may stand inside one. */
const PLAIN = new Uint8Array(128);
for (let code = 33; code < 127; code++) PLAIN[code] = 2;
for (const character of '[]{},"\'`|>') PLAIN[character.charCodeAt(0)] = 0;
PLAIN[SPACE] = 2;
for (let code = 48; code < 58; code++) PLAIN[code] = 3;
for (let code = 65; code < 91; code++) PLAIN[code] = PLAIN[code + 32] = 3;
for (const character of '_./(+~$^;\\') PLAIN[character.charCodeAt(0)] = 3;

function mayBegin(code: number): boolean {
  return ((PLAIN[code] ?? 0) & 1) !== 0;
}

export function readQuick(text: string, withPlaces: boolean): Document | null {
  try {
    return new QuickReader(text, withPlaces).read();
  } catch (error) {
    if (error === GIVE_UP) return null;
    throw error;
  }
}

class QuickReader {
  private pos = 0;
  private lineStart = 0;
  /** Column of the content that `pos` stands on; -1 at the end of the text. */
  private indent = -1;
  /** The first content has been seen. */
  private begun = false;
  private readonly path: (string | number)[] = [];
  private readonly problems: Problem[] = [];
  private readonly places: Places | null;

  constructor(
    private readonly text: string,
    withPlaces: boolean,
  ) {
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

  /** Goes to the first content character at or after the next line's start. */
  private nextLine(): void {
    const { text } = this;
    for (;;) {
      const start = this.pos;
      let at = start;
      while (text.charCodeAt(at) === SPACE) at++;
      const code = text.charCodeAt(at);
      if (code === HASH) {
        at = this.commentEnd(at);
      } else if (code !== NEWLINE && at < text.length) {
        if (code === TAB) throw GIVE_UP;
        this.lineStart = start;
        this.pos = at;
        this.indent = at - start;
        if (at === start) this.refuseMarker(at);
        return;
      }
      if (at >= text.length) {
        this.pos = at;
        this.indent = -1;
        return;
      }
      this.pos = at + 1;
    }
  }

  /** One document marker may stand in front; any other is the full parser's. */
  private refuseMarker(at: number): void {
    const { text } = this;
    if (text.startsWith('...', at)) throw GIVE_UP;
    if (this.begun && text.startsWith('---', at)) throw GIVE_UP;
  }

  private commentEnd(at: number): number {
    const { text } = this;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === NEWLINE) return at;
      // Control characters and lone carriage returns are the full parser's to judge.
      if (code < SPACE && code !== TAB) throw GIVE_UP;
      if (code >= 127 && (code < 160 || (code >= 0xd800 && code < 0xe000) || code >= 0xfeff)) {
        throw GIVE_UP;
      }
    }
    return at;
  }

  /** After a value: blanks and a comment, then the next content line. */
  private endLine(): void {
    const { text } = this;
    let at = this.pos;
    while (text.charCodeAt(at) === SPACE) at++;
    if (text.charCodeAt(at) === HASH) {
      if (text.charCodeAt(at - 1) !== SPACE) throw GIVE_UP;
      at = this.commentEnd(at);
    }
    if (at < text.length && text.charCodeAt(at) !== NEWLINE) throw GIVE_UP;
    this.pos = at + 1;
    this.nextLine();
  }

  private lineEnds(): boolean {
    const code = this.text.charCodeAt(this.pos);
    return this.pos >= this.text.length || code === NEWLINE || code === HASH;
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

  private isBlank(at: number): boolean {
    const code = this.text.charCodeAt(at);
    return code === SPACE || code === NEWLINE || at >= this.text.length;
  }

  /** Does this line begin with `word:`? */
  private atKey(): boolean {
    const { text } = this;
    let at = this.pos;
    const code = text.charCodeAt(at);
    if (code === OPEN_LIST || code === OPEN_MAP) return false;
    if (code === QUOTE || code === APOSTROPHE) {
      at = this.quoteEnd(at) + 1;
      while (text.charCodeAt(at) === SPACE) at++;
      return text.charCodeAt(at) === COLON;
    }
    for (; at < text.length; at++) {
      const next = text.charCodeAt(at);
      if (next === NEWLINE) return false;
      if (next === COLON && this.isBlank(at + 1)) return true;
      if (next === HASH && text.charCodeAt(at - 1) === SPACE) return false;
    }
    return false;
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

  private atListItem(): boolean {
    return this.text.charCodeAt(this.pos) === DASH && this.isBlank(this.pos + 1);
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

  private skipSpaces(): void {
    while (this.text.charCodeAt(this.pos) === SPACE) this.pos++;
  }

  private key(): string {
    const { text } = this;
    const code = text.charCodeAt(this.pos);
    if (code === QUOTE || code === APOSTROPHE) {
      const key = this.quotedScalar();
      if (key === '__proto__' || key.length > 100) throw GIVE_UP;
      return key;
    }
    let end = this.pos;
    while (end < text.length && text.charCodeAt(end) !== COLON) {
      if ((PLAIN[text.charCodeAt(end)] ?? 0) === 0 || text.charCodeAt(end) === SPACE) break;
      end++;
    }
    const key = text.slice(this.pos, end);
    if (!KEY.test(key) || typeof resolvePlain(key) !== 'string' || key === '__proto__') {
      throw GIVE_UP;
    }
    this.pos = end;
    return key;
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

  /** Offset of the closing quotation mark of a scalar on one line without escapes. */
  private quoteEnd(at: number): number {
    const { text } = this;
    const quote = text.charCodeAt(at);
    for (let end = at + 1; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === quote) {
        if (quote === APOSTROPHE && text.charCodeAt(end + 1) === APOSTROPHE) throw GIVE_UP;
        return end;
      }
      if (code < SPACE || code > 126 || (code === BACKSLASH && quote === QUOTE)) throw GIVE_UP;
    }
    throw GIVE_UP;
  }

  private quotedScalar(): string {
    const end = this.quoteEnd(this.pos);
    const value = this.text.slice(this.pos + 1, end);
    this.pos = end + 1;
    return value;
  }

  private plainScalar(inFlow: boolean): string {
    const { text } = this;
    const start = this.pos;
    const first = text.charCodeAt(start);
    const second = text.charCodeAt(start + 1);
    const signed = first === DASH || first === COLON;
    if (signed ? !mayBegin(second) && second !== COLON : !mayBegin(first)) throw GIVE_UP;
    let end = start + 1;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === NEWLINE) break;
      if (code === COLON && this.endsKey(end + 1, inFlow)) throw GIVE_UP;
      if (code === HASH && text.charCodeAt(end - 1) === SPACE) break;
      if (inFlow && (code === COMMA || code === CLOSE_LIST || code === CLOSE_MAP)) break;
      if (((PLAIN[code] ?? 0) & 2) === 0) throw GIVE_UP;
    }
    while (text.charCodeAt(end - 1) === SPACE) end--;
    this.pos = end;
    return text.slice(start, end);
  }

  private endsKey(at: number, inFlow: boolean): boolean {
    if (this.isBlank(at)) return true;
    if (!inFlow) return false;
    const code = this.text.charCodeAt(at);
    return code === COMMA || code === CLOSE_LIST || code === CLOSE_MAP;
  }
}
