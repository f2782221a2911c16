// `clearnat run`: configuration -> control -> data plane, health and API. Ends
// without touching the traffic: programs, maps and links are pinned.

import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { basename, join } from 'node:path';
import { type Logger, pino } from 'pino';
import type { ReloadResult } from './api/runtime.js';
import { startApi } from './api/server.js';
import { type OwnedSocket, ownSocket } from './api/socket.js';
import { formatError, loadConfig } from './config/index.js';
import type { Config } from './config/model.js';
import { unsupported } from './config/unsupported.js';
import { BpfPort } from './control/bpf-port.js';
import { roomFor } from './control/capacity.js';
import { Control } from './control/control.js';
import { Interfaces } from './control/interfaces.js';
import { DEFAULT_STATE_FILE } from './control/state-file.js';
import { Dataplane } from './dataplane/dataplane.js';
import { AlreadyRunningError, InvalidConfigError, messageOf, SystemError } from './errors.js';
import { addon } from './native/index.js';
import { DaemonRuntime } from './runtime/runtime.js';
import { notify, startWatchdog } from './systemd.js';
import { version } from './version.js';

export const DEFAULT_PIN_PATH = '/sys/fs/bpf/clearnat';
const RUN_DIR = '/run/clearnat';

export interface DaemonOptions {
  configPath: string;
  pinPath?: string;
  /** Default: one per pin path below /run/clearnat. */
  statePath?: string;
  logLevel?: string;
  /** Lines for people instead of JSON. */
  logPretty?: boolean;
  /** Another gateway object than the built one. */
  objectPath?: string;
}

export interface Daemon {
  reload(): Promise<ReloadResult>;
  /** Leaves the traffic running. */
  stop(): Promise<void>;
}

/** Throws InvalidConfigError, AlreadyRunningError or SystemError before anything is changed. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const log = makeLog(options);
  const config = await readConfig(options.configPath);
  requireInterfaces(config.gateway.interfaces);
  warnOfUnsupported(config, log);
  const pinPath = options.pinPath ?? DEFAULT_PIN_PATH;
  const closing: (() => unknown)[] = [];
  const closeAll = async () => {
    for (const close of closing.reverse()) await close();
    closing.length = 0;
  };
  try {
    const lock = await lockPins(pinPath);
    closing.push(() => lock.release());
    const dataplane = await openDataplane(config, pinPath, options.objectPath);
    closing.push(() => dataplane.close());
    const port = new BpfPort(dataplane);
    closing.push(() => port.close());
    const interfaces = new Interfaces(dataplane, addon, log);
    const statePath = options.statePath ?? stateFileFor(pinPath);
    const control = await Control.start({
      config,
      port,
      addon,
      log,
      statePath,
      onLink: () => interfaces.check(),
    });
    closing.push(() => control.stop());
    interfaces.set(config);
    dataplane.commit();
    const reload = () => reloadFrom(options.configPath, control, interfaces, log);
    const runtime = new DaemonRuntime(control, port, options.configPath, reload);
    const api = await startApi({ socket: config.gateway.api.socket, runtime, logger: log });
    closing.push(() => api.close());
    closing.push(startWatchdog(), onHangup(reload, log));
    log.info(
      { version: version(), config: options.configPath, pins: pinPath },
      'clearnat is running',
    );
    notify('READY=1', `STATUS=${control.config.loadbalancers.length} load balancers`);
    return {
      reload,
      async stop() {
        notify('STOPPING=1');
        await closeAll();
        log.info({}, 'clearnat stopped; traffic goes on');
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function makeLog({ logLevel = 'info', logPretty = false }: DaemonOptions): Logger {
  const settings = { level: logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return logPretty
    ? pino(settings, { write: (line) => process.stderr.write(pretty(line)) })
    : pino(settings);
}

/** `12:34:56.789 info message key=value ...` */
function pretty(line: string): string {
  const { level, time, msg, ...rest } = JSON.parse(line) as {
    level: number;
    time: string;
    msg: string;
  };
  const details = Object.entries(rest).map(
    ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${time.slice(11, 23)} ${(pino.levels.labels[level] ?? String(level)).padEnd(5)} ${msg}${details.join('')}\n`;
}

async function readConfig(path: string): Promise<Config> {
  const result = await loadConfig(path);
  if (result.ok) return result.config;
  throw new InvalidConfigError(result.errors, result.errors.map(formatError));
}

/** Before anything is changed: an interface that does not exist is no reason to end half applied. */
function requireInterfaces(names: string[]): void {
  const missing = names.filter((name) => {
    try {
      return addon.ifindex(name) === 0;
    } catch {
      return true;
    }
  });
  if (missing.length === 0) return;
  const present = Object.keys(networkInterfaces()).join(', ');
  throw new SystemError(
    'no_interface',
    `gateway.interfaces: no such interface: ${missing.map((name) => `"${name}"`).join(', ')} (with an address here: ${present})`,
  );
}

function warnOfUnsupported(config: Config, log: Logger): void {
  for (const what of unsupported(config)) log.warn({}, what);
}

async function openDataplane(
  config: Config,
  pinPath: string,
  objectPath?: string,
): Promise<Dataplane> {
  const sizes = { ...roomFor(config), connections: config.gateway.max_connections };
  try {
    return await Dataplane.open({ sizes, pinPath, ...(objectPath ? { objectPath } : {}) });
  } catch (error) {
    const { code, verifierLog } = error as { code?: string; verifierLog?: string };
    const advice =
      code === 'EPERM'
        ? ': run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (before Linux 5.11 also without a memlock limit)'
        : '';
    const detail = verifierLog ? `\n${verifierLog.slice(-2000)}` : '';
    throw new SystemError(
      'dataplane',
      `cannot load the data plane: ${messageOf(error)}${advice}${detail}`,
      error,
    );
  }
}

/** One daemon per pin path; the lock is a socket, so that it dies with its owner. */
async function lockPins(pinPath: string): Promise<OwnedSocket> {
  const server = createServer((socket) => socket.destroy());
  const name = createHash('sha256').update(pinPath).digest('hex').slice(0, 12);
  try {
    const owned = await ownSocket(join(RUN_DIR, `lock-${name}`), (path) => {
      return new Promise<void>((resolve, reject) =>
        server.once('error', reject).listen(path, resolve),
      );
    });
    return {
      async release() {
        await owned.release();
        server.close();
      },
    };
  } catch (error) {
    server.close();
    if (!(error instanceof AlreadyRunningError)) throw error;
    throw new SystemError(
      'already_running',
      `another clearnat runs with the pins at ${pinPath}: stop it first, or use another --pin-path`,
    );
  }
}

function stateFileFor(pinPath: string): string {
  if (pinPath === DEFAULT_PIN_PATH) return DEFAULT_STATE_FILE;
  const name = createHash('sha256').update(pinPath).digest('hex').slice(0, 12);
  return join(RUN_DIR, `state-${basename(pinPath)}-${name}.json`);
}

/** The new file is checked completely first; whatever fails leaves the old one in force. */
async function reloadFrom(
  path: string,
  control: Control,
  interfaces: Interfaces,
  log: Logger,
): Promise<ReloadResult> {
  const config = await readConfig(path);
  const had = control.config.gateway.interfaces; // one that is gone for now may stay configured
  requireInterfaces(config.gateway.interfaces.filter((name) => !had.includes(name)));
  warnOfUnsupported(config, log);
  for (const key of ['max_connections', 'api', 'metrics'] as const)
    if (JSON.stringify(config.gateway[key]) !== JSON.stringify(control.config.gateway[key]))
      log.warn({ key: `gateway.${key}` }, 'takes effect at the next start');
  const ops = await control.apply(config);
  interfaces.set(config);
  const summary = ops.length === 0 ? 'nothing to change' : `${ops.length} changes`;
  return { changed: ops.length > 0, summary };
}

function onHangup(reload: () => Promise<ReloadResult>, log: Logger): () => void {
  const listener = () => {
    reload().catch((error) =>
      log.error({ error: messageOf(error) }, 'reload failed; the old configuration stays in force'),
    );
  };
  process.on('SIGHUP', listener);
  return () => process.off('SIGHUP', listener);
}
