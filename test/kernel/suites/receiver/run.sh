#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# shellcheck source=test/kernel/suites/lab.sh
. /lab.sh

translate() {
	while read -r word rest; do
		echo "$word $rest"
		case "$word $rest" in
		"ok "*" # SKIP "*) skip "${rest%% *}" "${rest#* # SKIP }" ;;
		"ok "*) echo "CLEARNAT-LAB: check ${rest%% *} ok" ;;
		"not ok "*)
			rest=${rest#ok }
			echo "CLEARNAT-LAB: check ${rest%% *} fail ${rest#* }"
			;;
		esac
	done
}

{
	toa-probe --receiver bpf --toactl /usr/bin/toactl 2>&1
	echo $? >/tmp/status
} | translate
exit "$(cat /tmp/status)"
