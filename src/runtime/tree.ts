// Load balancers with everything below them, as the API shows them.

import type {
  ListenerView,
  LoadBalancerView,
  MemberView,
  PoolView,
  ProvisioningStatus,
} from '../api/runtime.js';
import type { Listener, LoadBalancer, Member, Pool } from '../config/model.js';
import type { Control } from '../control/control.js';
import type { DataplanePort } from '../control/dataplane-port.js';
import { memberKey } from '../control/names.js';
import { listenerStatus, loadBalancerStatus, memberStatus, poolStatus, portText } from './words.js';

export function loadBalancerViews(control: Control, port: DataplanePort): LoadBalancerView[] {
  return new TreeBuilder(control, port).all();
}

class TreeBuilder {
  private readonly pools: Map<string, Pool>;
  private readonly provisioning: ProvisioningStatus;

  constructor(
    private readonly control: Control,
    private readonly port: DataplanePort,
  ) {
    this.pools = new Map(control.config.pools.map((pool) => [pool.name, pool]));
    this.provisioning = control.provisioningStatus;
  }

  all(): LoadBalancerView[] {
    return this.control.config.loadbalancers.map((lb) => this.loadBalancer(lb));
  }

  private loadBalancer(lb: LoadBalancer): LoadBalancerView {
    const listeners = lb.listeners.map((listener) => this.listener(listener));
    return {
      name: lb.name,
      vip_addresses: lb.vip_addresses,
      operating_status: loadBalancerStatus(
        lb,
        listeners.map((listener) => listener.operating_status),
      ),
      provisioning_status: this.provisioning,
      admin_state_up: lb.admin_state_up,
      listeners,
    };
  }

  private listener(listener: Listener): ListenerView {
    const pool = this.pool(this.pools.get(listener.pool) as Pool, listener);
    return {
      name: listener.name,
      protocol: listener.protocol,
      protocol_port: portText(listener.protocol_port),
      forwarding_mode: listener.forwarding_mode,
      operating_status: listenerStatus(listener, pool.operating_status),
      provisioning_status: this.provisioning,
      admin_state_up: listener.admin_state_up,
      pool,
    };
  }

  private pool(pool: Pool, { protocol }: Listener): PoolView {
    const members = pool.members.map((member) => this.member(pool, member, protocol));
    return {
      name: pool.name,
      lb_algorithm: pool.lb_algorithm,
      operating_status: poolStatus(
        pool,
        members.map((member) => member.operating_status),
      ),
      members,
    };
  }

  private member(pool: Pool, member: Member, protocol: Listener['protocol']): MemberView {
    const key = memberKey(member);
    const id = this.control.memberId(protocol, pool.name, key);
    const conns = id === undefined ? null : this.port.memberConns(id);
    const reason = this.control.health.target(pool.name, key)?.last?.reason;
    return {
      name: member.name,
      address: member.address,
      protocol_port: member.protocol_port,
      weight: member.weight,
      operating_status: memberStatus(pool, member, this.control.health.state(pool.name, key)),
      provisioning_status: this.provisioning,
      admin_state_up: member.admin_state_up,
      active_connections: Math.max(conns?.active ?? 0, 0),
      inactive_connections: Math.max(conns?.inactive ?? 0, 0),
      ...(reason ? { reason } : {}),
    };
  }
}
