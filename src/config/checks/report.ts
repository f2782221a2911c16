import { type Path, type Problem, problem, quoted } from '../problems.js';

/** Collects problems of relations between settings: `message (got value)`. */
export class Report {
  constructor(readonly problems: Problem[]) {}

  add(path: Path, message: string, got: unknown, at: 'key' | 'value' = 'value'): void {
    this.problems.push(problem(path, `${message} (got ${quoted(got)})`, at));
  }

  /** Has anything been said about what is at or below `path`? */
  concerns(path: Path): boolean {
    return this.problems.some((found) => path.every((step, depth) => found.path[depth] === step));
  }
}

/** Reports every value that came before; `where` gives the path of an item's value. */
export function refuseRepeated<T>(
  report: Report,
  items: Iterable<[number, T]>,
  identity: (item: T) => string | undefined,
  where: (index: number) => Path,
  what: string,
): void {
  const seen = new Map<string, number>();
  for (const [index, item] of items) {
    const value = identity(item);
    if (value === undefined) continue;
    const first = seen.get(value);
    if (first === undefined) seen.set(value, index);
    else report.add(where(index), `${what} is used twice; first by entry ${first}`, value);
  }
}
