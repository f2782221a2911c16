#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=test/kernel/suites/lab.sh
. /lab.sh

bpf_map() {
	bpftool map create /sys/fs/bpf/lab type hash key 4 value 4 entries 8 name lab &&
		bpftool map update pinned /sys/fs/bpf/lab key 1 0 0 0 value 2 0 0 0 &&
		bpftool map lookup pinned /sys/fs/bpf/lab key 1 0 0 0
}

pair() {
	ip netns add a && ip netns add b &&
		ip link add va netns a type veth peer name vb netns b &&
		ip -n a addr add 192.0.2.1/30 dev va && ip -n b addr add 192.0.2.2/30 dev vb &&
		ip -n a link set va up && ip -n b link set vb up &&
		ip netns exec a ping -c 1 -W 10 192.0.2.2
}

check bpffs sh -c "grep -q ' /sys/fs/bpf bpf ' /proc/mounts"
check cgroup2 sh -c "mkdir /sys/fs/cgroup/lab && cat /sys/fs/cgroup/lab/cgroup.procs"
check btf test -s /sys/kernel/btf/vmlinux
check map bpf_map
check veth pair
done_with_checks
