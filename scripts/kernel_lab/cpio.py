# SPDX-License-Identifier: Apache-2.0
"""Writes an initramfs: cpio "newc", as Documentation/driver-api/early-userspace
describes it. No cpio program, no root, no staging directory."""

import os
import stat
from pathlib import Path, PurePosixPath
from typing import BinaryIO


class Archive:
    """One archive being written; parents are made as needed, names are unique."""

    def __init__(self, out: BinaryIO):
        self._out = out
        self._inode = 0
        self._seen: set[str] = set()

    def _entry(self, name: str, mode: int, data: bytes, device: tuple[int, int] = (0, 0)) -> None:
        self._inode += 1
        encoded = name.encode() + b"\0"
        fields = [self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(encoded), 0]
        header = b"070701" + b"".join(b"%08X" % f for f in fields) + encoded
        self._out.write(header + b"\0" * (-len(header) % 4))
        self._out.write(data + b"\0" * (-len(data) % 4))

    def _claim(self, path: str) -> str | None:
        name = str(PurePosixPath(path)).lstrip("/")
        if name in self._seen or name in ("", "."):
            return None
        parent = os.path.dirname(name)
        if parent:
            self.directory(parent)
        self._seen.add(name)
        return name

    def directory(self, path: str, mode: int = 0o755) -> None:
        name = self._claim(path)
        if name is not None:
            self._entry(name, stat.S_IFDIR | mode, b"")

    def data(self, path: str, content: bytes, mode: int = 0o644) -> None:
        name = self._claim(path)
        if name is not None:
            self._entry(name, stat.S_IFREG | mode, content)

    def symlink(self, path: str, target: str) -> None:
        name = self._claim(path)
        if name is not None:
            self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def device(self, path: str, major: int, minor: int) -> None:
        name = self._claim(path)
        if name is not None:
            self._entry(name, stat.S_IFCHR | 0o600, b"", (major, minor))

    def file(self, path: str, source: Path) -> None:
        self.data(path, source.read_bytes(), stat.S_IMODE(source.stat().st_mode) | 0o444)

    def close(self) -> None:
        self._entry("TRAILER!!!", 0, b"")
