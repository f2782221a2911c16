#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
#     client                     gateway                      backend
#   192.0.2.11 ──── outside 192.0.2.1 · inside 10.0.2.1 ──── 10.0.2.11:8080
#                  VIP 203.0.113.10:80   SNAT 10.0.2.240
#
# shellcheck source=test/kernel/suites/lab.sh
. /lab.sh
cd /clearnat || exit 1

wire() { # NAMESPACE DEVICE ADDRESS GATEWAY-DEVICE GATEWAY-ADDRESS
	ip netns add "$1" && ip -n "$1" link set lo up &&
		ip link add "$4" netns gateway type veth peer name "$2" netns "$1" &&
		ip -n "$1" addr add "$3" dev "$2" && ip -n gateway addr add "$5" dev "$4" &&
		ip -n "$1" link set "$2" up && ip -n gateway link set "$4" up
	# XDP sees the bytes as on a wire. A veth takes redirected packets only while
	# its GRO is on; before Linux 5.13: while it has an XDP program.
	ip netns exec "$1" ethtool -K "$2" tx off tso off gso off gro on &&
		ip netns exec gateway ethtool -K "$4" tx off tso off gso off gro on &&
		nsenter "--net=/run/netns/$1" bpftool net attach xdpdrv pinned /sys/fs/bpf/pass dev "$2"
}

network() {
	bpftool prog load dist/xdp-pass.o /sys/fs/bpf/pass type xdp && ip netns add gateway && ip -n gateway link set lo up &&
		wire client eth0 192.0.2.11/24 outside 192.0.2.1/24 &&
		wire backend eth0 10.0.2.11/24 inside 10.0.2.1/24 &&
		ip -n client route add 203.0.113.10 via 192.0.2.1
}

backend() {
	mkdir -p /tmp/www && echo "hello from the backend" >/tmp/www/index.html
	nsenter --net=/run/netns/backend httpd -f -vv -p 10.0.2.11:8080 -h /tmp/www 2>/tmp/httpd.log &
	toactl load --trust 10.0.2.240/32
}

configuration() {
	cat >/tmp/clearnat.yaml <<-YAML
		gateway:
		  interfaces: [outside, inside]
		  max_connections: 4096
		  snat_addresses: [10.0.2.240]
		  api: { socket: /run/api.sock }
		  metrics: { listen: null }
		loadbalancers:
		  - name: lab
		    vip_addresses: [203.0.113.10]
		    listeners:
		      - name: http
		        protocol: TCP
		        protocol_port: 80
		        pool:
		          lb_algorithm: ROUND_ROBIN
		          healthmonitor: { type: TCP, delay: 1, timeout: 1, max_retries: 1, max_retries_down: 3 }
		          members:
		            - { name: a, address: 10.0.2.11, protocol_port: 8080 }
	YAML
}

daemon() {
	nsenter --net=/run/netns/gateway node dist/src/cli/main.js run --config /tmp/clearnat.yaml \
		--log-level debug >/tmp/daemon.log 2>&1 &
	daemon_pid=$!
	tries=0
	while [ ! -S /run/api.sock ]; do
		tries=$((tries + 1))
		if [ $tries -gt 1000 ] || [ ! -d /proc/$daemon_pid ]; then
			cat /tmp/daemon.log
			return 1
		fi
		sleep 0.1
	done
}

request() { nsenter --net=/run/netns/client curl -sS --max-time 3 http://203.0.113.10/; }

# The member takes no connection before its first health check.
first_request() {
	tries=0
	until request | grep "hello from the backend"; do
		tries=$((tries + 1))
		if [ $tries -gt 12 ]; then
			tail -n 15 /tmp/daemon.log
			bpftool map dump name drops | grep -B3 '"value": [1-9]'
			ip -n gateway -s link
			return 1
		fi
		sleep 1
	done
}

true_address() {
	cat /tmp/httpd.log
	grep -q '192\.0\.2\.11' /tmp/httpd.log
}

# Programs, maps and links are pinned.
without_daemon() {
	kill -9 "$daemon_pid"
	request | grep "hello from the backend"
}

now() { cut -d' ' -f1 /proc/uptime; }

check network network || exit 1
check receiver backend
started=$(now)
configuration
check daemon daemon || exit 1
info daemon_seconds "$(echo "$(now) $started" | awk '{ print $1 - $2 }')"
check request first_request
check client-address true_address
check daemon-killed without_daemon
done_with_checks
