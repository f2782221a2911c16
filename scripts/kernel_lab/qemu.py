# SPDX-License-Identifier: Apache-2.0
"""Boots one guest and judges it by what it said.

The kernel's console and the suite's output are two serial lines, so that
neither can break the other's lines. A run passes when the guest printed
`CLEARNAT-LAB: exit 0` and the kernel printed no splat.
"""

import os
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from .kernels import Kernel

MARK = "CLEARNAT-LAB: "

# Kernel lines (they start with a time stamp) that fail a run.
SPLAT = re.compile(
    r"^\[ *\d+\.\d+\](?:\[[^\]]*\])? .*?("
    r"WARNING: |BUG: |\bOops\b|kernel BUG at|Kernel panic|Call Trace:|general protection fault|"
    r"unable to handle|rcu.*(?:stall|starved)|INFO: task .* blocked|soft lockup|hard LOCKUP|"
    r"UBSAN:|KASAN:|KFENCE:|KCSAN:|kmemleak:|refcount_t:|list_(?:add|del) corruption|"
    r"suspicious RCU|possible (?:circular|recursive) locking|scheduling while atomic|"
    r"sleeping function called|Unaligned|stack-protector|unregister_netdevice: waiting)"
)


@dataclass
class Result:
    """What became of one suite on one kernel."""

    suite: str
    kernel: str
    passed: bool
    reason: str
    seconds: float
    boot_seconds: float | None = None
    checks: list[dict[str, str]] = field(default_factory=list)
    info: dict[str, str] = field(default_factory=dict)
    console: str = ""
    output: str = ""


def splats(console: str) -> list[str]:
    return [line.rstrip() for line in console.splitlines() if SPLAT.search(line)]


def read_output(text: str) -> tuple[int | None, list[dict[str, str]], dict[str, str]]:
    """The guest's exit status (None: it never said), its checks and its facts."""
    status, checks, info = None, [], {}
    for line in text.splitlines():
        if not line.startswith(MARK):
            continue
        word, _, rest = line[len(MARK) :].partition(" ")
        if word == "exit" and rest.strip().isdigit():
            status = int(rest)
        elif word == "check":
            name, state, detail = (rest.split(" ", 2) + ["", ""])[:3]
            checks.append({"name": name, "state": state, "detail": detail})
        elif word == "info":
            key, _, value = rest.partition(" ")
            info[key] = value
    return status, checks, info


def judge(result: Result, status: int | None, timed_out: bool) -> Result:
    failed = [c["name"] for c in result.checks if c["state"] not in ("ok", "skip")]
    found = splats(result.console)
    if found:
        result.reason = f"kernel splat: {found[0]}"
    elif timed_out:
        result.reason = f"no end after {result.seconds:.0f} s"
    elif status is None:
        result.reason = "guest ended without an exit line"
    elif failed:
        result.reason = f"failed: {', '.join(failed)}"
    elif status != 0:
        result.reason = f"exit status {status}"
    elif not any(c["state"] == "ok" for c in result.checks):
        result.reason = "guest made no check"
    result.passed = result.reason == ""
    return result


def command(kernel: Kernel, initramfs: Path, memory: int, logs: Path, cpus: int) -> list[str]:
    cmdline = " ".join(
        [
            "console=ttyS0 loglevel=5 panic=-1 oops=panic rdinit=/init",
            # Emulation on a busy machine is slow without being stuck.
            "rcupdate.rcu_cpu_stall_timeout=120 watchdog_thresh=60 tsc=unstable",
            "random.trust_cpu=on mitigations=off audit=0 net.ifnames=0 cgroup_no_v1=all",
        ]
    )
    # fmt: off
    return [
        # One thread for all CPUs: with a thread each, emulation loses races against
        # the kernel's live patching of its own code (jump labels, as BPF uses them).
        "qemu-system-x86_64", "-accel", "tcg,thread=single", "-cpu", "max", "-smp", str(cpus),
        "-m", f"{memory}M", "-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none",
        "-no-reboot", "-nic", "none",
        "-serial", f"file:{logs / 'console.log'}", "-serial", f"file:{logs / 'output.log'}",
        "-kernel", str(kernel.vmlinuz), "-initrd", str(initramfs), "-append", cmdline,
    ]
    # fmt: on


def wait_for_end(guest: subprocess.Popen[bytes], deadline: float, console: Path) -> bool:
    """False when the guest ran into its deadline. A splat ends the wait early: the
    rest would be the kernel hanging."""
    while True:
        try:
            guest.wait(2)
            return True
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                return False
        if splats(console.read_text(errors="replace")):
            try:
                guest.wait(10)  # the rest of the message
            except subprocess.TimeoutExpired:
                pass
            return True


def boot(kernel: Kernel, suite: str, initramfs: Path, memory: int, timeout: int, logs: Path, cpus: int) -> Result:
    logs.mkdir(parents=True, exist_ok=True)
    for name in ("console.log", "output.log"):
        (logs / name).write_bytes(b"")
    started = time.monotonic()
    timed_out = False
    with open(logs / "qemu.log", "wb") as qemu_log:
        guest = subprocess.Popen(
            command(kernel, initramfs, memory, logs, cpus),
            stdin=subprocess.DEVNULL, stdout=qemu_log, stderr=qemu_log,
            preexec_fn=lambda: os.nice(5),
        )  # fmt: skip
        try:
            timed_out = not wait_for_end(guest, started + timeout, logs / "console.log")
        finally:
            if guest.poll() is None:
                guest.kill()
                guest.wait()
    seconds = time.monotonic() - started
    output = (logs / "output.log").read_text(errors="replace").replace("\r", "")
    console = (logs / "console.log").read_text(errors="replace").replace("\r", "")
    status, checks, info = read_output(output)
    result = Result(suite, kernel.release, False, "", seconds, None, checks, info, console, output)
    if "boot_seconds" in info:
        result.boot_seconds = float(info["boot_seconds"])
    if guest.returncode not in (0, None) and not timed_out and status is None:
        result.console += (logs / "qemu.log").read_text(errors="replace")
    return judge(result, status, timed_out)
