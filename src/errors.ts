// The errors the project throws on purpose. Everything else is a bug.

import type { ConfigError } from './config/problems.js';

/** Base: `code` is for machines, `exitCode` is what the CLI ends with. */
export class ClearnatError extends Error {
  readonly code: string;
  readonly exitCode: number;

  constructor(code: string, message: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The command line is wrong: exit status 2. */
export class UsageError extends ClearnatError {
  constructor(message: string) {
    super('usage', message, { exitCode: 2 });
  }
}

/** The configuration file is not valid; `message` has one line per error. */
export class InvalidConfigError extends ClearnatError {
  readonly errors: ConfigError[];

  constructor(errors: ConfigError[], lines: string[]) {
    super('invalid_config', lines.join('\n'));
    this.errors = errors;
  }
}

/** Nobody listens at the API socket. */
export class NotRunningError extends ClearnatError {
  constructor(message: string, cause?: unknown) {
    super('not_running', message, { cause });
  }
}

/** The API socket belongs to a daemon that is alive. */
export class AlreadyRunningError extends ClearnatError {
  constructor(socket: string) {
    super('already_running', `another clearnat answers at ${socket}; stop it first`);
  }
}

/** The daemon answered with an HTTP error. */
export class ApiError extends ClearnatError {
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(code, message);
    this.status = status;
  }
}

/** A system call or the kernel refused; `message` says what to do about it. */
export class SystemError extends ClearnatError {
  constructor(code: string, message: string, cause?: unknown) {
    super(code, message, { cause });
  }
}

/** What to show a person for anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
