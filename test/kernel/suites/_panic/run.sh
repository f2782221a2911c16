#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# MODE says how to go wrong.
# shellcheck source=test/kernel/suites/lab.sh
. /lab.sh

check something true
case ${MODE:-panic} in
panic) echo c >/proc/sysrq-trigger ;;
warning) echo '[    1.000000] WARNING: CPU: 0 PID: 1 at net/core/dev.c:1' >/dev/ttyS0 ;;
silent) poweroff -f ;;
hang) sleep 1000 ;;
status) exit 3 ;;
esac
done_with_checks
