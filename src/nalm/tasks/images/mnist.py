"""The MNIST handwritten digits, from a folder or downloaded once.

Y. LeCun, L. Bottou, Y. Bengio, P. Haffner (1998), "Gradient-based learning applied to document recognition",
Proceedings of the IEEE 86 (11).
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from nalm.errors import DataError, missing_package
from nalm.tasks.images._base import DigitImages

FOLDER_VARIABLE = "NALM_MNIST"
"""Environment variable that names a folder with the four files."""

MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)


@dataclass(frozen=True)
class IdxFile:
    """One of the four files.

    Attributes:
        name: Without `.gz`.
        shape: Of the array of bytes in it.
        sha256: Of the unpacked file.
        packed_sha256: Of the file as it is offered, packed.
    """

    name: str
    shape: tuple[int, ...]
    sha256: str
    packed_sha256: str

    @property
    def header(self) -> bytes:
        """Big-endian: magic number (0x08: bytes; number of dimensions), then the sizes."""
        return b"".join(number.to_bytes(4, "big") for number in (0x800 + len(self.shape), *self.shape))

    @property
    def size(self) -> int:
        """Bytes of the unpacked file."""
        return len(self.header) + int(np.prod(self.shape))


FILES = (
    IdxFile(
        "train-images-idx3-ubyte",
        (60_000, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    ),
    IdxFile(
        "train-labels-idx1-ubyte",
        (60_000,),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    ),
    IdxFile(
        "t10k-images-idx3-ubyte",
        (10_000, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    ),
    IdxFile(
        "t10k-labels-idx1-ubyte",
        (10_000,),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    ),
)

_HOW = (
    f"set {FOLDER_VARIABLE} to a folder with the files {', '.join(file.name for file in FILES)}, "
    "each with or without .gz"
)


def load(folder: str | Path | None = None) -> DigitImages:
    """Load MNIST from `folder`, else from the folder named by NALM_MNIST, else from the user's cache.

    The cache is filled by a download where need be. Files may be packed (`.gz`) or not; each is checked
    against the published checksum.

    Args:
        folder: Folder with the four files.

    Raises:
        DataError: a file is missing, truncated or not the published one, or no mirror can be reached.
    """
    chosen = folder if folder is not None else os.environ.get(FOLDER_VARIABLE)
    paths = [_found(Path(chosen), file) for file in FILES] if chosen else _downloaded()
    return DigitImages(*(_read(path, file) for path, file in zip(paths, FILES, strict=True)))


def _found(folder: Path, file: IdxFile) -> Path:
    if not folder.is_dir():
        raise DataError(f"MNIST: {str(folder)!r} is no folder; {_HOW}")
    for name in (f"{file.name}.gz", file.name):
        if (folder / name).is_file():
            return folder / name
    raise DataError(f"MNIST: folder {str(folder)!r} lacks {file.name} (with or without .gz); {_HOW}")


def _read(path: Path, file: IdxFile) -> NDArray[np.uint8]:
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except EOFError:
        raise DataError(f"MNIST: {str(path)!r} is truncated: the packed data end too early; {_HOW}") from None
    except (OSError, zlib.error) as error:
        raise DataError(f"MNIST: cannot read {str(path)!r}: {error}; {_HOW}") from None
    if len(content) < file.size:
        raise DataError(f"MNIST: {str(path)!r} is truncated: {len(content):,} of {file.size:,} bytes; {_HOW}")
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise DataError(
            f"MNIST: {str(path)!r} is not the published file: SHA-256 of its content is {found}, "
            f"not {file.sha256}; {_HOW}"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=len(file.header)).reshape(file.shape)


def _downloaded() -> list[Path]:
    """Paths of the packed files in the user's cache, downloaded where they are not there yet."""
    from platformdirs import user_cache_path

    cache = user_cache_path("nalm") / "mnist"
    return [_download(file, cache) for file in FILES]


def _download(file: IdxFile, cache: Path) -> Path:
    target = cache / f"{file.name}.gz"
    if target.is_file():
        return target
    try:
        import pooch
    except ImportError:
        raise DataError(f"{missing_package('MNIST: its download', 'pooch', 'digits')}; or {_HOW}") from None
    failures = []
    for mirror in MIRRORS:
        try:
            # pooch writes to a temporary name, checks, and renames
            pooch.retrieve(
                f"{mirror}{target.name}",
                f"sha256:{file.packed_sha256}",
                target.name,
                cache,
                progressbar=False,
            )
        except (OSError, ValueError) as error:
            failures.append(f"{urlsplit(mirror).hostname}: {type(error).__name__}")
        else:
            return target
    raise DataError(f"MNIST: cannot download {target.name} ({'; '.join(failures)}); {_HOW}")
