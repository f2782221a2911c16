// What to do with a lab that was left up.
import { commandLine } from '../support/run.js';
import { addresses } from '../support/topology.js';
import { type DemoLab, labName, port } from './lab.js';
import { bold, say } from './screen.js';

export function hints({ lab, gateway, nginx, python, receivers }: DemoLab): void {
  const clearnat = (...verb: string[]) => commandLine(gateway.clientArgv(...verb));
  const on = (host: string, text: string) => `ip netns exec ${labName}-${host} ${text}`;
  const lines = [
    ['ask the VIP, from either client', on('client1', `curl http://${addresses.vip4}/`)],
    ['what is configured, and how it is', clearnat('list')],
    ['connections', clearnat('conns')],
    ['counters', clearnat('stats')],
    ['the wire of a backend', on('backend1', `tcpdump -ni eth0 -v tcp port ${port}`)],
    ["nginx's log", `tail -f ${nginx.definition.accessLog}`],
    ["Python's log", `tail -f ${python.definition.accessLog}`],
    ['a receiver', commandLine(receivers.backend1.argv('status'))],
    ["the gateway's configuration and log", `${gateway.configPath}  ${lab.dir}/gateway.log`],
    ['take everything down', 'scripts/demo --down'],
  ] as const;
  say();
  say(bold('== The lab stays up. To play with it, as root:'));
  for (const [what, text] of lines) {
    say(`   # ${what}`);
    say(`   ${text}`);
  }
}
