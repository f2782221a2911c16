// One TCP connection through the gateway, both ends played by the test.

import { CLIENT, MAC, type TestGateway, VIP } from './gateway.js';
import { ACK, type Ipv4Tcp, SYN, tcp4 } from './packet.js';

export const SYN_OPTIONS = Buffer.from('020405b40402080a0000000100000000' + '01030307', 'hex');
export const TIMESTAMP = Buffer.from('0101080a0000000200000001', 'hex');

export class Connection {
  /** What the member saw of the SYN. */
  atMember: Ipv4Tcp | null = null;

  constructor(
    readonly gateway: TestGateway,
    readonly sport: number,
    readonly dport: number,
    readonly client: string = CLIENT,
  ) {}

  fromClient(fields: Partial<Ipv4Tcp>): Buffer {
    return tcp4({
      smac: MAC.client,
      dmac: MAC.clientSide,
      src: this.client,
      dst: VIP,
      sport: this.sport,
      dport: this.dport,
      ...fields,
    });
  }

  fromMember(fields: Partial<Ipv4Tcp>): Buffer {
    const at = this.atMember;
    if (!at) throw new Error('no SYN has reached a member yet');
    return tcp4({
      smac: at.dmac,
      dmac: MAC.memberSide,
      src: at.dst,
      dst: at.src,
      sport: at.dport,
      dport: at.sport,
      ...fields,
    });
  }

  syn(fields: Partial<Ipv4Tcp> = {}): Ipv4Tcp {
    this.atMember = this.gateway.forward(
      this.fromClient({ flags: SYN, seq: 1000, options: SYN_OPTIONS, ...fields }),
      'cl0',
    );
    return this.atMember;
  }

  synAck(fields: Partial<Ipv4Tcp> = {}): Ipv4Tcp {
    return this.gateway.forward(
      this.fromMember({ flags: SYN | ACK, seq: 5000, ack: 1001, options: SYN_OPTIONS, ...fields }),
      'mb0',
    );
  }

  ack(fields: Partial<Ipv4Tcp> = {}): Ipv4Tcp {
    return this.gateway.forward(
      this.fromClient({ seq: 1001, ack: 5001, options: TIMESTAMP, ...fields }),
      'cl0',
    );
  }

  /** Member's packets after the handshake. */
  reply(fields: Partial<Ipv4Tcp> = {}): Ipv4Tcp {
    return this.gateway.forward(
      this.fromMember({ seq: 5001, ack: 1001, options: TIMESTAMP, ...fields }),
      'mb0',
    );
  }

  /** Handshake, a request and the member's acknowledgment of it. */
  establish(): this {
    this.syn();
    this.synAck();
    this.ack();
    this.ack({ payload: Buffer.from('hello') });
    this.reply({ ack: 1006 });
    return this;
  }
}
