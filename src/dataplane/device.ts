// What kind of device an interface is, as the kernel's link information says.
import { execFileSync } from 'node:child_process';

/** False also when it cannot be told (no `ip`, no such interface). */
export function isVeth(interfaceName: string): boolean {
  try {
    const text = execFileSync('ip', ['-j', '-d', 'link', 'show', 'dev', interfaceName], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [link] = JSON.parse(text) as { linkinfo?: { info_kind?: string } }[];
    return link?.linkinfo?.info_kind === 'veth';
  } catch {
    return false;
  }
}
