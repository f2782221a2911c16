# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by every suite's run.sh.

# check NAME COMMAND...: one row of the result; the suite goes on after a failure.
check() {
	_name=$1
	shift
	if "$@" >"/tmp/check.$_name" 2>&1; then
		echo "CLEARNAT-LAB: check $_name ok"
	else
		echo "--- $_name: $*"
		tail -n 40 "/tmp/check.$_name"
		echo "CLEARNAT-LAB: check $_name fail $(tail -n 1 "/tmp/check.$_name" | cut -c1-200)"
		failures=$((${failures:-0} + 1))
		return 1
	fi
}

skip() { echo "CLEARNAT-LAB: check $1 skip $2"; }
info() { echo "CLEARNAT-LAB: info $*"; }

# done_with_checks: the suite's exit status.
done_with_checks() { [ "${failures:-0}" = 0 ]; }
