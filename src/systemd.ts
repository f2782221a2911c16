// Telling systemd how the service does (sd_notify(3)); does nothing elsewhere.
// Node has no unix datagram sockets: systemd-notify, part of systemd, sends.

import { execFile } from 'node:child_process';

export function notify(...variables: string[]): void {
  if (!process.env.NOTIFY_SOCKET) return;
  // Failures are no reason to stop serving.
  execFile('systemd-notify', [`--pid=${process.pid}`, ...variables], () => {});
}

/** Half of the service's WatchdogSec= in milliseconds, or null. */
export function watchdogInterval(environment: NodeJS.ProcessEnv = process.env): number | null {
  const micros = Number(environment.WATCHDOG_USEC);
  const forUs =
    environment.WATCHDOG_PID === undefined || Number(environment.WATCHDOG_PID) === process.pid;
  return environment.NOTIFY_SOCKET && forUs && micros > 0 ? micros / 2000 : null;
}

/** Sends keep-alives until the returned function is called. */
export function startWatchdog(): () => void {
  const interval = watchdogInterval();
  if (interval === null) return () => {};
  const timer = setInterval(() => notify('WATCHDOG=1'), interval);
  timer.unref();
  return () => clearInterval(timer);
}
