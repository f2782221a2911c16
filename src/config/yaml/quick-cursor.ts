// Where the quick reader stands in the text: lines, blanks, comments, scalars.

import { resolvePlain } from './scalar.js';

const TAB = 9;
const NEWLINE = 10;
export const SPACE = 32;
export const QUOTE = 34;
const HASH = 35;
export const APOSTROPHE = 39;
export const COMMA = 44;
export const DASH = 45;
export const COLON = 58;
export const OPEN_LIST = 91;
const BACKSLASH = 92;
export const CLOSE_LIST = 93;
export const OPEN_MAP = 123;
export const CLOSE_MAP = 125;

const KEY = /^[A-Za-z_][A-Za-z0-9_.-]{0,99}$/;

/** Thrown to give up; never leaves quick.ts. */
export const GIVE_UP = new Error('left to the full parser');

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

export class QuickCursor {
  protected pos = 0;
  protected lineStart = 0;
  /** Column of the content that `pos` stands on; -1 at the end of the text. */
  protected indent = -1;
  /** The first content has been seen. */
  protected begun = false;

  constructor(protected readonly text: string) {}

  /** Goes to the first content character at or after the next line's start. */
  protected nextLine(): void {
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
  protected endLine(): void {
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

  protected lineEnds(): boolean {
    const code = this.text.charCodeAt(this.pos);
    return this.pos >= this.text.length || code === NEWLINE || code === HASH;
  }

  protected isBlank(at: number): boolean {
    const code = this.text.charCodeAt(at);
    return code === SPACE || code === NEWLINE || at >= this.text.length;
  }

  /** Does this line begin with `word:`? */
  protected atKey(): boolean {
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

  protected atListItem(): boolean {
    return this.text.charCodeAt(this.pos) === DASH && this.isBlank(this.pos + 1);
  }

  protected skipSpaces(): void {
    while (this.text.charCodeAt(this.pos) === SPACE) this.pos++;
  }

  protected key(): string {
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

  protected quotedScalar(): string {
    const end = this.quoteEnd(this.pos);
    const value = this.text.slice(this.pos + 1, end);
    this.pos = end + 1;
    return value;
  }

  protected plainScalar(inFlow: boolean): string {
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
