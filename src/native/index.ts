// The front door of the native addon: see types.ts for the surface.
import { checkAddress, checkBytes, checkFunction, checkString, checkUint } from './check.js';
import { loadAddon } from './loader.js';
import { NativeMap } from './map.js';
import { mapFd, NativeObject } from './object.js';
import { NativeProgram, NativeXdpLink } from './program.js';
import type { RawDone } from './raw.js';
import type { Addon } from './types.js';

export { AddonLoadError, errnoName, NativeError } from './errors.js';
export type * from './types.js';

const MAX_TIMEOUT = 0x7fffffff;

const raw = loadAddon();

/** Microseconds that a probe took. */
function finished(start: (done: RawDone) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    start((error, micros) => (error ? reject(error) : resolve(micros)));
  });
}

export const addon: Addon = {
  libbpfVersion: () => raw.libbpfVersion(),
  possibleCpus: () => raw.possibleCpus(),
  openObject: (path) => new NativeObject(raw.openObject(checkString('path', path))),
  openPinnedMap: (path) => new NativeMap(raw.openPinnedMap(checkString('path', path))),
  openPinnedProgram: (path) => new NativeProgram(raw.openPinnedProgram(checkString('path', path))),
  openPinnedLink: (path) => new NativeXdpLink(raw.openPinnedLink(checkString('path', path))),
  createMap: (type, keySize, valueSize, maxEntries, flags) =>
    new NativeMap(
      raw.createMap(
        checkUint('type', type),
        checkUint('keySize', keySize),
        checkUint('valueSize', valueSize),
        checkUint('maxEntries', maxEntries),
        checkUint('flags', flags),
      ),
    ),
  attachXdp: (program, ifindex, mode) =>
    new NativeXdpLink(
      raw.attachXdp(program.fd, checkUint('ifindex', ifindex), checkUint('mode', mode)),
    ),
  xdpProgramId: (ifindex) => raw.xdpProgramId(checkUint('ifindex', ifindex)),
  ringBuffer: (map, onEvent) => raw.ringBuffer(mapFd(map), checkFunction('onEvent', onEvent)),
  ensureBpffs: (path) => raw.ensureBpffs(checkString('path', path)),
  ifindex: (name) => raw.ifindex(checkString('name', name)),
  ifname: (index) => raw.ifname(checkUint('index', index)),
  netlinkMonitor: (onEvents, onOverflow) =>
    raw.netlinkMonitor(
      checkFunction('onEvents', onEvents),
      checkFunction('onOverflow', onOverflow),
    ),
  neighbourUse: (ifindex, address) =>
    raw.neighbourUse(checkUint('ifindex', ifindex), checkAddress('address', address)),
  addressAdd: (ifindex, address, prefixLength) =>
    raw.addressAdd(
      checkUint('ifindex', ifindex),
      checkAddress('address', address),
      checkUint('prefixLength', prefixLength, 128),
    ),
  addressDelete: (ifindex, address, prefixLength) =>
    raw.addressDelete(
      checkUint('ifindex', ifindex),
      checkAddress('address', address),
      checkUint('prefixLength', prefixLength, 128),
    ),
  routeGet: (address) => raw.routeGet(checkAddress('address', address)),
  ping: async (address, timeoutMs) => ({
    rtt: await finished((done) =>
      raw.ping(
        checkAddress('address', address),
        checkUint('timeoutMs', timeoutMs, MAX_TIMEOUT),
        done,
      ),
    ),
  }),
  tcpProbe: async (address, port, timeoutMs) =>
    finished((done) =>
      raw.tcpProbe(
        checkAddress('address', address),
        checkUint('port', port, 65535),
        checkUint('timeoutMs', timeoutMs, MAX_TIMEOUT),
        done,
      ),
    ),
  sendRaw: (packets) => raw.sendRaw(packets.map((packet) => checkBytes('packet', packet))),
};
