// HTTP and HTTPS: the status must be one of expected_codes. Only the status line
// is read; certificates are not verified (members are addressed by number).

import { connect, isIP, isIPv6, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { HealthMonitor } from '../../config/model.js';
import { measured, type Probe, type ProbeTarget } from './probe.js';

const STATUS_LINE = /^HTTP\/\d(?:\.\d)? (\d{3})(?: |\r?\n)/;
const LONGEST_STATUS_LINE = 1024;

export const httpProbe: Probe = (target) =>
  measured(() => exchange(target, connect({ host: target.address, port: target.port }), 'connect'));

export const httpsProbe: Probe = (target) =>
  measured(() => {
    const { domain_name: name } = target.monitor;
    const socket = connectTls({
      host: target.address,
      port: target.port,
      rejectUnauthorized: false,
      ...(name && isIP(name) === 0 ? { servername: name } : {}),
    });
    return exchange(target, socket, 'secureConnect');
  });

/** "200", "200,202" or "200-299". */
export function isExpected(status: number, expected: string): boolean {
  return expected.split(',').some((part) => {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    return status >= first && status <= last;
  });
}

export function httpRequest(monitor: HealthMonitor, address: string, port: number): string {
  const host = monitor.domain_name ?? `${isIPv6(address) ? `[${address}]` : address}:${port}`;
  const head = `${monitor.http_method} ${monitor.url_path} HTTP/1.1\r\nHost: ${host}\r\n`;
  return `${head}User-Agent: clearnat-healthmonitor\r\nAccept: */*\r\nConnection: close\r\n\r\n`;
}

function exchange(target: ProbeTarget, socket: Socket, ready: string): Promise<string | null> {
  const { monitor, address, port, timeoutMs } = target;
  return new Promise((resolve, reject) => {
    let answer = '';
    const timer = setTimeout(() => finish(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
    const end = () => {
      clearTimeout(timer);
      socket.on('error', () => {});
      socket.destroy();
    };
    const finish = (problem: string | null) => {
      end();
      resolve(problem);
    };
    socket.once(ready, () => socket.write(httpRequest(monitor, address, port)));
    socket.once('error', (error) => {
      end();
      reject(error);
    });
    socket.once('close', () => finish('connection closed before an answer'));
    socket.on('data', (data) => {
      answer += data.toString('latin1');
      const status = STATUS_LINE.exec(answer)?.[1];
      if (status !== undefined) finish(judge(Number(status), monitor.expected_codes));
      else if (answer.length > LONGEST_STATUS_LINE || answer.includes('\n'))
        finish('answer is not HTTP');
    });
  });
}

function judge(status: number, expected: string): string | null {
  return isExpected(status, expected) ? null : `status ${status}, expected ${expected}`;
}
