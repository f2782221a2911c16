# SPDX-License-Identifier: Apache-2.0
"""Turns manifests into an initramfs. A manifest says what goes into the guest:

    include SUITE           another suite's manifest first (base: test/kernel/suites/base)
    module NAME             kernel module, loaded at boot in this order, with what
                            it needs; built-in ones are left out
    module? NAME            the same, if the kernel has it
    bin NAME|PATH           program of this machine, with its shared libraries
    file SRC [DST]          file (or glob) of the repository -> /clearnat/SRC or DST
    tree SRC [DST]          directory, without source maps and declarations
    npm NAME...             installed node packages with what they depend on
    memory MIB              the guest's memory
    timeout SECONDS         for the whole boot, on an idle machine

The guest runs /init (test/kernel/suites/init) and that the suite's run.sh.
"""

import glob
import json
import lzma
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from .cpio import Archive
from .kernels import Kernel, LabError

SKIPPED_SUFFIXES = (".map", ".d.ts", ".d.mts", ".d.cts", ".md", ".tsbuildinfo")


@dataclass
class Manifest:
    """A suite's manifest, read with everything it includes."""

    suite: str
    directory: Path
    lines: list[tuple[str, list[str], str]] = field(default_factory=list)
    memory: int = 512
    timeout: int = 120

    @classmethod
    def read(cls, suites: Path, suite: str) -> "Manifest":
        manifest = cls(suite, suites / suite)
        manifest._read(suites, suite)
        return manifest

    def _read(self, suites: Path, suite: str) -> None:
        path = suites / suite / "manifest"
        if not path.exists():
            known = sorted(p.parent.name for p in suites.glob("*/run.sh"))
            raise LabError(f"no suite '{suite}' (there are {' '.join(known)})")
        for number, line in enumerate(path.read_text().splitlines(), 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            where = f"{path}:{number}"
            verb, arguments = words[0], words[1:]
            if not arguments:
                raise LabError(f"{where}: '{verb}' needs an argument")
            if verb == "include":
                self._read(suites, arguments[0])
            elif verb in ("memory", "timeout"):
                setattr(self, verb, int(arguments[0]))
            elif verb in ("module", "module?", "bin", "file", "tree", "npm"):
                self.lines.append((verb, arguments, where))
            else:
                raise LabError(f"{where}: unknown word '{verb}'")


class Modules:
    """Module files of one kernel in load order, from its modules.dep."""

    def __init__(self, kernel: Kernel):
        self.root = kernel.modules
        self.needs: dict[str, list[str]] = {}
        for line in (self.root / "modules.dep").read_text().splitlines():
            path, _, rest = line.partition(":")
            self.needs[path] = rest.split()
        self.by_name = {self._name(p): p for p in self.needs}
        builtin = self.root / "modules.builtin"
        paths = builtin.read_text().splitlines() if builtin.exists() else []
        self.builtin = {self._name(p) for p in paths}

    @staticmethod
    def _name(path: str) -> str:
        return re.sub(r"\.ko(\.\w+)?$", "", path.rsplit("/", 1)[-1]).replace("-", "_")

    def order(self, name: str) -> list[str] | None:
        """Files to insert for a module, the last being its own; None: no such."""
        name = name.replace("-", "_")
        if name in self.builtin:
            return []
        if name not in self.by_name:
            return None
        path = self.by_name[name]
        return [*reversed(self.needs[path]), path]

    def content(self, path: str) -> bytes:
        data = (self.root / path).read_bytes()
        if path.endswith(".xz"):
            return lzma.decompress(data)
        if path.endswith(".zst"):
            return subprocess.run(["zstd", "-dcq"], input=data, capture_output=True, check=True).stdout
        return data


class Builder:
    """Writes one guest's initramfs."""

    def __init__(self, root: Path, kernel: Kernel, archive: Archive):
        self.root = root
        self.kernel = kernel
        self.archive = archive
        self.modules = Modules(kernel)
        self.load: list[str] = []

    def build(self, manifest: Manifest, variables: dict[str, str]) -> None:
        a = self.archive
        for directory in ("proc", "sys", "dev", "tmp", "run", "etc", "root", "clearnat", "var"):
            a.directory(directory)
        a.device("dev/console", 5, 1)
        a.device("dev/null", 1, 3)
        self._busybox()
        base = manifest.directory.parent
        a.data("init", (base / "init").read_bytes(), 0o755)
        a.data("lab.sh", (base / "lab.sh").read_bytes(), 0o755)
        a.data("run.sh", (manifest.directory / "run.sh").read_bytes(), 0o755)
        for extra in sorted(manifest.directory.iterdir()):
            if extra.name not in ("manifest", "run.sh"):
                a.file(f"suite/{extra.name}", extra)
        for verb, arguments, where in manifest.lines:
            try:
                self._line(verb, arguments)
            except (LabError, OSError, subprocess.CalledProcessError) as problem:
                raise LabError(f"{where}: {problem}") from problem
        a.data("modules/order", "".join(f"{name}\n" for name in self.load).encode())
        settings = "".join(f"{k}='{v}'\n" for k, v in sorted(variables.items()))
        a.data("etc/lab.env", settings.encode())
        a.data("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n")
        a.data("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
        a.data("etc/hosts", b"127.0.0.1 localhost\n::1 localhost\n")
        a.close()

    def _line(self, verb: str, arguments: list[str]) -> None:
        if verb == "npm":
            self._packages(arguments)
        elif verb == "bin":
            for name in arguments:
                self._program(name)
        elif verb in ("module", "module?"):
            for name in arguments:
                self._module(name, optional=verb.endswith("?"))
        elif verb == "file":
            self._files(arguments)
        else:
            self._tree(*arguments)

    def _busybox(self) -> None:
        busybox = shutil.which("busybox")
        if busybox is None:
            raise LabError("no busybox: run scripts/setup kernel")
        self.archive.file("bin/busybox", Path(busybox))
        applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout
        # Debian's busybox shell prefers its own applets to programs of the same
        # name, so the guest's shell is dash; programs come first in its PATH.
        self._shared(Path("/bin/dash"), "bin/sh")
        for applet in applets.split():
            if applet not in ("busybox", "sh"):
                self.archive.symlink(f"bin/{applet}", "busybox")
        self.archive.symlink("sbin", "bin")

    def _module(self, name: str, optional: bool) -> None:
        order = self.modules.order(name)
        if order is None:
            if optional:
                return
            raise LabError(f"kernel {self.kernel.release} has no module {name}")
        for path in order:
            flat = re.sub(r"\.(xz|zst)$", "", path.rsplit("/", 1)[-1])
            if flat not in self.load:
                self.load.append(flat)
                self.archive.data(f"modules/{flat}", self.modules.content(path))

    def _program(self, name: str) -> None:
        found = shutil.which(name) if "/" not in name else name
        if found is None:
            raise LabError(f"no program '{name}' on this machine")
        path = Path(found)
        if not path.is_absolute():
            path = self.root / path
        self._shared(path, f"usr/bin/{path.name}")

    def _shared(self, path: Path, target: str) -> None:
        self.archive.file(target, path.resolve())
        listed = subprocess.run(["ldd", path], capture_output=True, text=True).stdout
        for library in re.findall(r"(/\S+)", listed):
            self.archive.file(library, Path(library).resolve())

    def _files(self, arguments: list[str]) -> None:
        source = arguments[0]
        matches = [Path(p) for p in glob.glob(str(self.root / source))]
        if not matches:
            raise LabError(f"no file {source}: run scripts/build")
        for path in matches:
            relative = path.relative_to(self.root) if path.is_relative_to(self.root) else path
            target = arguments[1] if len(arguments) > 1 else f"clearnat/{relative}"
            if path.suffix == ".node":
                self._shared(path, target)
            else:
                self.archive.file(target, path)

    def _tree(self, source: str, target: str | None = None) -> None:
        top = self.root / source
        if not top.is_dir():
            raise LabError(f"no directory {source}: run scripts/build")
        for path in sorted(top.rglob("*")):
            relative = path.relative_to(top)
            if path.is_file() and not path.name.endswith(SKIPPED_SUFFIXES):
                self.archive.file(f"{target or 'clearnat/' + source}/{relative}", path)

    def _packages(self, names: list[str]) -> None:
        lock = json.loads((self.root / "package-lock.json").read_text())["packages"]
        todo, done = list(names), set()
        while todo:
            name = todo.pop()
            if name in done:
                continue
            done.add(name)
            directory = f"node_modules/{name}"
            if directory not in lock:
                raise LabError(f"no node package '{name}'")
            # Nested copies come along with their parent's directory.
            self._tree(directory)
            todo += [n for n in lock[directory].get("dependencies", {}) if f"{directory}/node_modules/{n}" not in lock]
