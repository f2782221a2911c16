// The part of a pino logger that the control plane uses.

type Write = (details: object, message: string) => void;

export interface Log {
  debug: Write;
  info: Write;
  warn: Write;
  error: Write;
}
