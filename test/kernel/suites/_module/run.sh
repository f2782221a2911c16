#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=test/kernel/suites/lab.sh
. /lab.sh

module=/clearnat/.cache/kernel-lab/toa/$(uname -r).ko
if [ ! -e "$module" ]; then
	echo "CLEARNAT-LAB: check build fail no module for $(uname -r): run kmod/lab-build"
	exit 1
fi
toa-probe --receiver module --module "$module" >/tmp/probe.log 2>&1
status=$?
cat /tmp/probe.log
while read -r word rest; do
	case "$word $rest" in
	"ok "*" # SKIP "*) skip "${rest%% *}" "${rest#* # SKIP }" ;;
	"ok "*) echo "CLEARNAT-LAB: check ${rest%% *} ok" ;;
	"not ok "*)
		rest=${rest#ok }
		echo "CLEARNAT-LAB: check ${rest%% *} fail ${rest#* }"
		;;
	esac
done </tmp/probe.log
exit $status
