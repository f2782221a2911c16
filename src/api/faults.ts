// Errors as HTTP answers.

import { AlreadyRunningError, InvalidConfigError, messageOf, UsageError } from '../errors.js';
import type { Fault } from './schemas.js';

export interface Answer {
  status: number;
  fault: Fault;
}

export function faultOf(error: unknown): Answer {
  const message = messageOf(error);
  if (error instanceof InvalidConfigError) {
    return { status: 422, fault: { code: error.code, message, errors: error.errors } };
  }
  if (error instanceof UsageError) return { status: 400, fault: { code: 'bad_request', message } };
  if (error instanceof AlreadyRunningError) {
    return { status: 409, fault: { code: error.code, message } };
  }
  const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
    return { status: statusCode, fault: { code: 'bad_request', message } };
  }
  return { status: 500, fault: { code: typeof code === 'string' ? code : 'internal', message } };
}
