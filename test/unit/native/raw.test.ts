import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { it } from 'node:test';
import { addon } from '../../../src/native/index.js';
import { enterNamespace, noNamespace, suiteUnless, until } from './support.js';

enterNamespace(import.meta.url);

const PROTO_UDP = 17;

function udp(port: number, payload: string): Buffer {
  const out = Buffer.alloc(8 + payload.length);
  out.writeUInt16BE(5353, 0);
  out.writeUInt16BE(port, 2);
  out.writeUInt16BE(out.length, 4);
  out.write(payload, 8);
  return out;
}

/** From 127.0.0.9; the kernel fills the header's checksum, UDP needs none. */
function ipv4(body: Buffer): Buffer {
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + body.length, 2);
  header[8] = 64;
  header[9] = PROTO_UDP;
  header.set([127, 0, 0, 9], 12);
  header.set([127, 0, 0, 1], 16);
  return Buffer.concat([header, body]);
}

function sum16(data: Buffer): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 2) sum += data.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

/** From ::1 to ::1. */
function ipv6(body: Buffer): Buffer {
  const header = Buffer.alloc(40);
  header[0] = 0x60;
  header.writeUInt16BE(body.length, 4);
  header[6] = PROTO_UDP;
  header[7] = 64;
  header[23] = 1;
  header[39] = 1;
  const pseudo = Buffer.concat([header.subarray(8), Buffer.from([0, body.length, 0, PROTO_UDP])]);
  body.writeUInt16BE(0xffff - sum16(Buffer.concat([pseudo, body])), 6);
  return Buffer.concat([header, body]);
}

async function bind(type: 'udp4' | 'udp6', address: string): Promise<Socket> {
  const socket = createSocket(type);
  await new Promise<void>((resolve) => socket.bind(0, address, resolve));
  return socket;
}

suiteUnless(noNamespace, 'sendRaw', () => {
  it('sends IPv4 and IPv6 packets and counts what was taken', async () => {
    const got: string[] = [];
    const v4 = await bind('udp4', '127.0.0.1');
    const v6 = await bind('udp6', '::1');
    for (const socket of [v4, v6]) {
      socket.on('message', (message, from) => got.push(`${message} ${from.address} ${from.port}`));
    }
    const sent = addon.sendRaw([
      ipv4(udp(v4.address().port, 'even')),
      ipv6(udp(v6.address().port, 'six!')),
      Buffer.from('not a packet'),
      Buffer.alloc(0),
    ]);
    assert.equal(sent, 2);
    await until(() => got.length === 2, 'both packets');
    assert.deepEqual(got.sort(), ['even 127.0.0.9 5353', 'six! ::1 5353']);
    v4.close();
    v6.close();
  });

  it('sends nothing when there is nothing', () => {
    assert.equal(addon.sendRaw([]), 0);
  });
});
