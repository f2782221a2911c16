// A packet of the member side, made readable.
import { findToa, type Packet } from '../support/pcap.js';
import { say } from './screen.js';

const flagNames: Record<string, string> = { S: 'SYN', '.': 'ACK', P: 'PSH', F: 'FIN', R: 'RST' };

export function showPacket({ source, destination, tcp }: Packet): void {
  if (tcp === null) return;
  const flags = [...tcp.flags].map((flag) => flagNames[flag] ?? flag).join(',');
  const from = `${source}:${tcp.sourcePort}`;
  say(
    `   ${from} -> ${destination}:${tcp.destinationPort}  ${flags}  ${tcp.payloadLength} bytes of data`,
  );
  const toa = findToa(tcp);
  if (toa === null) return;
  const bytes = toa.hex.split(' ');
  const [kind, length, port, address] = [
    bytes[0],
    bytes[1],
    bytes.slice(2, 4).join(' '),
    bytes.slice(4).join(' '),
  ];
  say(`      first TCP option   ${kind}        ${length}       ${port}       ${address}`);
  say(
    `                         kind ${toa.kind}  len ${toa.length}   port ${toa.port}  address ${toa.address}`,
  );
}
