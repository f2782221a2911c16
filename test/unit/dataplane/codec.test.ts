import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as abi from '../../../src/dataplane/abi.js';
import {
  addressToBytes,
  bytesToAddress,
  ipv4ToNumber,
  ipv4ToString,
} from '../../../src/dataplane/address.js';
import { decode, encode } from '../../../src/dataplane/codec.js';
import { AddressFilter, filterHash } from '../../../src/dataplane/filter.js';
import { sumPerCpu } from '../../../src/dataplane/typed-map.js';

test('a structure comes back as it was written', () => {
  const written = {
    saddr: ipv4ToNumber('192.0.2.1'),
    daddr: 1,
    sport: 80,
    dport: 65535,
    csum_ip: 1,
    csum_l4: 2,
    dmac: Uint8Array.of(1, 2, 3, 4, 5, 6),
    smac: Uint8Array.of(6, 5, 4, 3, 2, 1),
    ifindex: 7,
    last_seen: 0xffffffff,
    ack: 9,
    packets: 10,
    fib_gen: 11,
    state: 3,
    flags: 1,
    bytes: 2 ** 40,
    member: 13,
    listener: 14,
    snat: 15,
  };
  const buffer = encode(abi.flow4, written);
  assert.equal(buffer.length, 64);
  assert.deepEqual([...buffer.subarray(0, 4)], [192, 0, 2, 1], 'network byte order');
  assert.deepEqual(decode(abi.flow4, buffer), written);
});

test('fields that do not exist are refused', () => {
  assert.throws(() => encode(abi.pool, { nonsense: 1 } as never), /no field nonsense/);
});

test('addresses', () => {
  for (const address of ['192.0.2.1', '2001:db8::1'])
    assert.equal(bytesToAddress(addressToBytes(address)), address);
  assert.equal(
    Buffer.from(addressToBytes('192.0.2.1')).toString('hex'),
    '00000000000000000000ffffc0000201',
  );
  assert.equal(ipv4ToString(ipv4ToNumber('203.0.113.254')), '203.0.113.254');
  assert.throws(() => addressToBytes('192.0.2'), /./);
});

test('the address filter keeps a class while one address of that hash needs it', () => {
  const filter = new AddressFilter();
  const address = addressToBytes('203.0.113.10');
  const bits = () => {
    const hash = filterHash(address);
    return ((filter.encode()[hash >> 2] as number) >> ((hash & 3) * 2)) & 3;
  };
  filter.change(address, abi.addr_class.ADDR_OURS, 1);
  filter.change(address, abi.addr_class.ADDR_OURS, 1);
  filter.change(address, abi.addr_class.ADDR_SOURCE, 1);
  assert.equal(bits(), 3);
  filter.change(address, abi.addr_class.ADDR_OURS, -1);
  assert.equal(bits(), 3);
  filter.change(address, abi.addr_class.ADDR_OURS, -1);
  assert.equal(bits(), 2);
});

test('per-CPU values are added up', () => {
  const one = encode(abi.traffic, { packets_in: 1, bytes_in: 100 });
  const two = encode(abi.traffic, { packets_in: 2, bytes_out: 5 });
  assert.deepEqual(sumPerCpu(abi.traffic, Buffer.concat([one, two])), {
    packets_in: 3,
    bytes_in: 100,
    packets_out: 0,
    bytes_out: 5,
  });
});
