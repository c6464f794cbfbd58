"""What results were made with: versions and processor, nothing that names a person, a machine or a moment."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path

_PACKAGES = ("nalm", "torch", "numpy", "scipy", "polars", "safetensors")


def environment() -> dict[str, str]:
    """Return versions of Python and of the packages that results depend on, the system and the processor."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = "not installed"
    if versions["nalm"] == "not installed":
        from nalm import __version__

        versions["nalm"] = __version__
    return {
        "python": platform.python_version(),
        **versions,
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
