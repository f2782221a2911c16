// YAML 1.2's core schema for plain scalars, as far as there is no doubt.

const WORDS = new Map<string, boolean | null>([
  ['true', true],
  ['True', true],
  ['TRUE', true],
  ['false', false],
  ['False', false],
  ['FALSE', false],
  ['null', null],
  ['Null', null],
  ['NULL', null],
]);
const INTEGER = /^(?:0|-?[1-9][0-9]{0,14})$/;
/** Every other spelling of a number or of null. */
const UNUSUAL =
  /^(?:~|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+\.?[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

/** The value of a plain scalar; undefined: ask the full parser. */
export function resolvePlain(text: string): string | number | boolean | null | undefined {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (INTEGER.test(text)) return Number(text);
  return UNUSUAL.test(text) ? undefined : text;
}
