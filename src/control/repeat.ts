// Something done again and again, never twice at once.

export interface Repeated {
  /** Does it at once, or once more when it is being done. */
  now: () => void;
  stop: () => void;
}

export function repeat(
  task: () => Promise<unknown>,
  everyMs: number,
  onError: (error: unknown) => void,
): Repeated {
  let timer: NodeJS.Timeout | null = null;
  let running = false;
  let again = false;
  let stopped = false;
  const run = async () => {
    if (timer) clearTimeout(timer);
    timer = null;
    running = true;
    await task().catch(onError);
    running = false;
    if (stopped) return;
    timer = setTimeout(() => void run(), again ? 0 : everyMs);
    again = false;
  };
  timer = setTimeout(() => void run(), everyMs);
  return {
    now: () => {
      if (stopped) return;
      if (running) again = true;
      else void run();
    },
    stop: () => {
      stopped = true;
      if (timer) clearTimeout(timer);
    },
  };
}
