#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=test/kernel/suites/lab.sh
. /lab.sh

for object in /clearnat/dist/bpf/*.bpf.o; do
	name=$(basename "$object" .bpf.o)
	check "$name" bpf-load "$object" && while read -r _ program insns; do
		info "insns:$name:$program $insns"
	done <"/tmp/check.$name"
done
done_with_checks
