# SPDX-License-Identifier: Apache-2.0
"""Finds, fetches and unpacks Debian's kernel packages.

An apt root of its own (lists, state, cache under .cache/kernel-lab/apt) knows the
kernels of every release on the mirror that this machine already uses; the
machine's own apt is not touched.
"""

import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

SUITES = ["bullseye", "bookworm", "bookworm-backports", "trixie", "trixie-backports", "forky", "sid"]
SECURITY_SUITES = ["bullseye-security", "bookworm-security", "trixie-security"]
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
LISTS_MAX_AGE = 24 * 3600


class LabError(Exception):
    """Something the person at the keyboard can do something about."""


@dataclass(frozen=True)
class Kernel:
    """A kernel ready to boot: its release and where its files are."""

    release: str
    vmlinuz: Path
    modules: Path

    @property
    def version(self) -> str:
        """Major and minor, as one says it: 6.1."""
        found = re.match(r"\d+\.\d+", self.release)
        return found.group(0) if found else self.release


def version_key(release: str) -> tuple[int, ...]:
    """Orders releases: 5.10.0-32-amd64 before 6.1.0-50-amd64."""
    return tuple(int(n) for n in re.findall(r"\d+", release.split("-amd64")[0].split("-arm64")[0]))


def machine_mirrors() -> tuple[list[str], list[str]]:
    """Mirrors that this machine's apt configuration names: of Debian, of its
    security updates."""
    override = os.environ.get("CLEARNAT_KERNEL_MIRROR")
    out = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    sites = [s.rstrip("/") for s in dict.fromkeys(out.split())]
    main = [override] if override else [s for s in sites if s.endswith("/debian")]
    if not main:
        raise LabError(
            "this machine's apt names no Debian mirror (a URL that ends in /debian): "
            "set CLEARNAT_KERNEL_MIRROR to one that holds Debian's releases"
        )
    return main[:1], [s for s in sites if s.endswith("/debian-security")][:1]


class Store:
    """Kernel packages and what they unpack to, below one directory."""

    def __init__(self, root: Path, arch: str = "amd64"):
        self.root = root
        self.arch = arch
        self.apt_root = root / "apt"

    def _apt(self, *command: str, cwd: Path | None = None, check: bool = True) -> str:
        tool, *arguments = command
        apt = self.apt_root
        options = {
            "Dir::Etc": apt / "etc",
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": apt / "etc/sources.d",
            "Dir::Etc::netrc": "/etc/apt/auth.conf",
            "Dir::Etc::netrcparts": "/etc/apt/auth.conf.d",
            "Dir::State": apt / "state",
            "Dir::State::lists": apt / "lists",
            "Dir::State::status": apt / "status",
            "Dir::Cache": apt / "cache",
            "APT::Architecture": self.arch,
            "APT::Architectures": self.arch,
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled": "false",
            # Old releases no longer renew their signature's date.
            "Acquire::Check-Valid-Until": "false",
        }
        argv = [tool, "-qq"]
        for key, value in options.items():
            argv += ["-o", f"{key}={value}"]
        done = subprocess.run(argv + arguments, capture_output=True, text=True, cwd=cwd)
        if check and done.returncode != 0:
            raise LabError(f"{' '.join(command)} failed: {done.stderr.strip()}")
        return done.stdout

    def update(self, force: bool = False) -> None:
        """Fetches package lists, once a day. Releases the mirror lacks are left out."""
        stamp = self.apt_root / "updated"
        if not force and stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_MAX_AGE:
            return
        if not Path(KEYRING).exists():
            raise LabError(f"{KEYRING} is missing: run scripts/setup kernel")
        for part in ("etc/sources.d", "etc/preferences.d", "state", "lists/partial", "cache/archives/partial"):
            (self.apt_root / part).mkdir(parents=True, exist_ok=True)
        (self.apt_root / "status").touch()
        main, security = machine_mirrors()
        for mirrors, suites in ((main, SUITES), (security, SECURITY_SUITES)):
            for mirror in mirrors:
                for suite in suites:
                    (self.apt_root / "etc/sources.d" / f"{suite}.sources").write_text(
                        f"Types: deb\nURIs: {mirror}\nSuites: {suite}\nComponents: main\nSigned-By: {KEYRING}\n"
                    )
        self._apt("apt-get", "update", check=False)
        if not self.releases():
            raise LabError(f"no kernel packages on {main[0]}")
        stamp.touch()

    def releases(self) -> list[str]:
        """Every kernel there is for this architecture, oldest first."""
        names = self._apt("apt-cache", "pkgnames", "linux-image-").split()
        wanted = re.compile(rf"^linux-image-(\d+\.\d+[^-]*(?:-\d+)?-{self.arch})$")
        found = {m.group(1) for n in names if (m := wanted.match(n))}
        return sorted((r for r in found if self._candidate(r)), key=version_key)

    def _candidate(self, release: str) -> bool:
        # Release candidates carry no patch level: linux-image-7.3-amd64.
        return re.match(r"\d+\.\d+\.\d+", release) is not None

    def resolve(self, spec: str) -> str:
        """'6.1', 'newest' or a full release, to the newest release that fits."""
        releases = self.releases()
        if spec == "newest":
            return releases[-1]
        fits = [r for r in releases if r == spec or re.match(rf"{re.escape(spec)}[.-]", r)]
        if not fits:
            have = " ".join(dict.fromkeys(".".join(map(str, version_key(r)[:2])) for r in releases))
            raise LabError(f"no kernel '{spec}' (there are {have}; or a full release as `list` prints them)")
        return fits[-1]

    def newest_of_each(self) -> list[str]:
        """The newest release of every major.minor."""
        by_minor: dict[tuple[int, ...], str] = {}
        for release in self.releases():
            by_minor[version_key(release)[:2]] = release
        return list(by_minor.values())

    def fetch(self, release: str) -> Kernel:
        """Downloads and unpacks a release, once."""
        target = self.root / "kernels" / release
        if not (target / "done").exists():
            shutil.rmtree(target, ignore_errors=True)
            debs = target / "debs"
            debs.mkdir(parents=True)
            # Since 7.x the image is a shell around linux-binary and linux-modules.
            names = [f"linux-{part}-{release}" for part in ("image", "binary", "modules", "base")]
            known = set(self._apt("apt-cache", "pkgnames", "linux-").split())
            self._apt("apt-get", "download", *(n for n in names if n in known), cwd=debs)
            for deb in debs.glob("*.deb"):
                subprocess.run(["dpkg-deb", "-x", deb, target], check=True)
            shutil.rmtree(debs)
            kernel = self._locate(target, release)
            # modules.dep comes from a maintainer script, which did not run.
            base = kernel.modules.parent.parent.parent
            subprocess.run(["depmod", "-b", base, release], check=True)
            (target / "done").write_text(json.dumps({"release": release}))
        return self._locate(target, release)

    def _locate(self, root: Path, release: str) -> Kernel:
        for modules in (root / "lib/modules" / release, root / "usr/lib/modules" / release):
            for image in (root / "boot" / f"vmlinuz-{release}", modules / "vmlinuz"):
                if modules.is_dir() and image.exists():
                    return Kernel(release, image, modules)
        raise LabError(f"{root}: no vmlinuz or no modules of {release} in the packages")


def from_directory(path: Path, cache: Path) -> Kernel:
    """A kernel built elsewhere: a tree after `make` and `make modules_install
    INSTALL_MOD_PATH=.`, or a directory with vmlinuz and lib/modules/RELEASE."""
    images = [path / p for p in ("vmlinuz", "bzImage", "arch/x86/boot/bzImage", "arch/arm64/boot/Image")]
    image = next((i for i in images + sorted(path.glob("boot/vmlinuz-*")) if i.exists()), None)
    if image is None:
        raise LabError(f"{path}: no kernel image (looked for vmlinuz, bzImage, arch/*/boot/)")
    for base in (path, path / "usr"):
        trees = sorted((base / "lib/modules").glob("*"))
        if len(trees) > 1:
            raise LabError(f"{base}/lib/modules holds {len(trees)} releases (expected one)")
        if trees:
            if not (trees[0] / "modules.dep").exists():
                subprocess.run(["depmod", "-b", base, trees[0].name], check=True)
            return Kernel(trees[0].name, image, trees[0])
    # Everything built in: an empty module tree.
    empty = cache / "no-modules" / path.name
    empty.mkdir(parents=True, exist_ok=True)
    (empty / "modules.dep").touch()
    release = path / "include/config/kernel.release"
    return Kernel(release.read_text().strip() if release.exists() else path.name, image, empty)
