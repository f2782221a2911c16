// Reads plain values against the schema: collects every problem, fills in
// defaults, puts strings into canonical form. List items that are wrong become
// holes (undefined), so that the rest can still be looked at.

import { FORMATS } from './formats.js';
import { type Path, type Problem, problem, quoted } from './problems.js';
import { didYouMean } from './suggest.js';

/** The part of JSON Schema that schema.ts uses. */
interface Schema {
  type?: string;
  enum?: readonly (string | number)[];
  anyOf?: readonly Schema[];
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  items?: Schema;
  format?: string;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  default?: unknown;
}

/** Not a value: the problem has been told. */
const WRONG = Symbol('wrong');

export function readSchema<T>(schema: object, value: unknown, problems: Problem[]): T | null {
  const result = new SchemaReader(problems).read(schema as Schema, value);
  return result === WRONG ? null : (result as T);
}

/** Items of a list that has been read, with their index in the file. */
export function* each<T>(items: readonly T[]): Generator<[number, T]> {
  for (const [index, item] of items.entries()) {
    if (item !== undefined) yield [index, item];
  }
}

class SchemaReader {
  private readonly path: (string | number)[] = [];

  constructor(private readonly problems: Problem[]) {}

  read(schema: Schema, value: unknown): unknown {
    if (schema.anyOf !== undefined) return this.readUnion(schema.anyOf, value);
    if (schema.enum !== undefined) return this.readEnum(schema.enum, value);
    switch (schema.type) {
      case 'object':
        return this.readObject(schema, value);
      case 'array':
        return this.readList(schema, value);
      case 'integer':
        return this.readInteger(schema, value);
      case 'boolean':
        return typeof value === 'boolean' ? value : this.wrong('must be true or false', value);
      case 'null':
        return value === null ? value : this.wrong('must be null', value);
      default:
        return this.readString(schema, value);
    }
  }

  private wrong(message: string, value: unknown): typeof WRONG {
    this.problems.push(problem([...this.path], `${message} (got ${quoted(value)})`));
    return WRONG;
  }

  /** The branch is told by the value's type. */
  private readUnion(branches: readonly Schema[], value: unknown): unknown {
    const type = typeName(value);
    const branch = branches.find((candidate) => candidate.type === type);
    if (branch !== undefined) return this.read(branch, value);
    return this.wrong(`must be ${listed(branches.map(describe))}`, value);
  }

  private readEnum(values: readonly (string | number)[], value: unknown): unknown {
    if (values.includes(value as string)) return value;
    const hint = typeof value === 'string' ? didYouMean(value, values.map(String)) : '';
    return this.wrong(`must be ${listed(values.map(String))}${hint}`, value);
  }

  private readInteger(schema: Schema, value: unknown): unknown {
    const { minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER } = schema;
    if (
      typeof value === 'number' &&
      Number.isInteger(value) &&
      value >= minimum &&
      value <= maximum
    ) {
      return value;
    }
    return this.wrong(`must be ${describe(schema)}`, value);
  }

  private readString(schema: Schema, value: unknown): unknown {
    if (typeof value !== 'string') {
      const hint = typeof value === 'number' || typeof value === 'boolean' ? ' in quotes' : '';
      return this.wrong(`must be text${hint}`, value);
    }
    const check = FORMATS[schema.format ?? ''];
    if (check === undefined) return value;
    const checked = check(value);
    return 'wrong' in checked ? this.wrong(checked.wrong, value) : checked.value;
  }

  private readList(schema: Schema, value: unknown): unknown {
    if (!Array.isArray(value)) return this.wrong('must be a list', value);
    const { items = {}, minItems = 0 } = schema;
    if (value.length < minItems) return this.wrong('must have at least one entry', value);
    const { path } = this;
    const result: unknown[] = new Array(value.length);
    for (let index = 0; index < value.length; index++) {
      path.push(index);
      const item = this.read(items, value[index]);
      result[index] = item === WRONG ? undefined : item;
      path.pop();
    }
    return result;
  }

  private readObject(schema: Schema, value: unknown): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.wrong('must be a mapping', value);
    }
    const given = value as Record<string, unknown>;
    const { properties = {}, required = [] } = schema;
    const result: Record<string, unknown> = {};
    let complete = true;
    for (const key in properties) {
      const property = properties[key] as Schema;
      this.path.push(key);
      let item = Object.hasOwn(given, key) ? this.read(property, given[key]) : undefined;
      if (item === undefined || item === WRONG) {
        const absent = item === undefined;
        item = property.default === undefined ? undefined : this.read(property, property.default);
        if (item === undefined && required.includes(key)) {
          complete = false;
          if (absent) this.wrong('is required', undefined);
        }
      }
      if (item !== undefined) result[key] = item;
      this.path.pop();
    }
    this.refuseUnknown(given, properties);
    return complete ? result : WRONG;
  }

  private refuseUnknown(given: object, properties: Readonly<Record<string, Schema>>): void {
    for (const key of Object.keys(given)) {
      if (Object.hasOwn(properties, key)) continue;
      const free = Object.keys(properties).filter((name) => !Object.hasOwn(given, name));
      const path: Path = [...this.path, key];
      const hint = didYouMean(key, free);
      this.problems.push(problem(path, `is not a known key${hint} (got ${quoted(key)})`, 'key'));
    }
  }
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' ? 'integer' : typeof value;
}

function describe(schema: Schema): string {
  switch (schema.type) {
    case 'integer':
      return `an integer of ${schema.minimum} to ${schema.maximum}`;
    case 'array':
      return 'a list';
    case 'object':
      return 'a mapping';
    case 'null':
      return 'null';
    default:
      return 'text';
  }
}

/** "a, b or c" */
function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
