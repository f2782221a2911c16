// What every part of a plan works with.

import type { HealthView } from './compile.js';
import type { DrainBook } from './drain-book.js';
import type { Identities } from './identities.js';
import type { Plan } from './ops.js';
import type { Tables } from './tables.js';

export interface PlanContext {
  readonly tables: Tables;
  readonly ids: Identities;
  readonly book: DrainBook;
  readonly health: HealthView;
  readonly plan: Plan;
  /** Room in the schedule; given back when the plan fails. */
  readonly allocate: (length: number) => number;
  /** Runs when the whole plan has been applied. */
  readonly after: (action: () => void) => void;
}
