import gzip
import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest

from nalm.errors import DataError, InputError
from nalm.tasks.images import load_images, mnist


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with four small files in the format, made the published ones."""
    generator = np.random.default_rng(0)
    files = []
    for file, count in zip(mnist.FILES, (12, 12, 5, 5), strict=True):
        shape = (count, *file.shape[1:])
        high = 256 if len(shape) == 3 else 10
        sized = replace(file, shape=shape)
        content = sized.header + generator.integers(0, high, shape, dtype=np.uint8).tobytes()
        packed = gzip.compress(content, mtime=0)
        (tmp_path / f"{file.name}.gz").write_bytes(packed)
        hashes = [hashlib.sha256(data).hexdigest() for data in (content, packed)]
        files.append(replace(sized, sha256=hashes[0], packed_sha256=hashes[1]))
    monkeypatch.setattr(mnist, "FILES", tuple(files))
    monkeypatch.delenv(mnist.FOLDER_VARIABLE, raising=False)
    return tmp_path


def test_folder(small: Path) -> None:
    data = mnist.load(small)
    assert data.training_images.shape == (12, 28, 28)
    assert data.training_images.dtype == np.uint8
    assert data.test_labels.shape == (5,)
    assert data.training_labels.max() < 10
    with pytest.raises(ValueError, match="read-only"):
        data.test_images[0] = 0


def test_environment_variable(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(mnist.FOLDER_VARIABLE, str(small))
    np.testing.assert_array_equal(load_images("mnist").test_images, mnist.load(small).test_images)


def test_unpacked_files(small: Path) -> None:
    packed = mnist.load(small)
    for path in list(small.glob("*.gz")):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    np.testing.assert_array_equal(mnist.load(small).training_images, packed.training_images)


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent' is no folder; set NALM_MNIST to a folder with the files"):
        mnist.load(tmp_path / "absent")


def test_missing_file(small: Path) -> None:
    (small / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match=r"lacks t10k-labels-idx1-ubyte \(with or without \.gz\)"):
        mnist.load(small)


def test_truncated_packed_file(small: Path) -> None:
    path = small / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz' is truncated"):
        mnist.load(small)


def test_truncated_unpacked_file(small: Path) -> None:
    path = small / "train-labels-idx1-ubyte.gz"
    path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes())[:15])
    path.unlink()
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte' is truncated: 15 of 20 bytes"):
        mnist.load(small)


def test_wrong_content(small: Path) -> None:
    path = small / "t10k-labels-idx1-ubyte.gz"
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[-1] ^= 1
    path.write_bytes(gzip.compress(bytes(content)))
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte\.gz' is not the published file: SHA-256"):
        mnist.load(small)


def test_not_packed_at_all(small: Path) -> None:
    (small / "t10k-labels-idx1-ubyte.gz").write_bytes(b"<html>not found</html>")
    with pytest.raises(DataError, match=r"cannot read .*t10k-labels-idx1-ubyte\.gz'"):
        mnist.load(small)


class Mirrors:
    """Stands in for the network: the second mirror has the files."""

    def __init__(self, source: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
        import pooch

        self.source = source
        self.mirrors = mnist.MIRRORS
        self.asked: list[str] = []
        monkeypatch.setattr(platformdirs, "user_cache_path", lambda project: cache / project)
        monkeypatch.setattr(pooch.core, "choose_downloader", lambda url, progressbar=False: self.download)
        pooch.get_logger().setLevel("ERROR")

    def download(self, url: str, output: Any, pooch: Any, check_only: bool = False) -> None:
        self.asked.append(url)
        mirror, name = url.rsplit("/", 1)
        if f"{mirror}/" == self.mirrors[0]:
            raise OSError("no route to host")
        if f"{mirror}/" == self.mirrors[1]:
            Path(output).write_bytes((self.source / name).read_bytes())
        else:
            Path(output).write_bytes(b"something else")


def test_download_once_from_the_first_mirror_that_answers(
    small: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    mirrors = Mirrors(small, monkeypatch, tmp_path_factory.mktemp("cache"))
    data = load_images("mnist")
    np.testing.assert_array_equal(data.training_images, mnist.load(small).training_images)
    assert len(mirrors.asked) == 8
    load_images("mnist")
    assert len(mirrors.asked) == 8


def test_offline(small: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path_factory.mktemp("cache")
    Mirrors(small, monkeypatch, cache)
    monkeypatch.setattr(mnist, "MIRRORS", (mnist.MIRRORS[0], mnist.MIRRORS[2]))
    with pytest.raises(DataError) as raised:
        load_images("mnist")
    message = str(raised.value)
    assert "cannot download train-images-idx3-ubyte.gz" in message
    assert "storage.googleapis.com: OSError; raw.githubusercontent.com: ValueError" in message
    assert "set NALM_MNIST to a folder" in message
    assert "\n" not in message
    assert not list((cache / "nalm" / "mnist").iterdir())


def test_unknown_data_set() -> None:
    with pytest.raises(InputError, match="dataset 'mnits': give 'mnist' or 'digits'; did you mean 'mnist'"):
        load_images("mnits")


@pytest.mark.skipif("NALM_MNIST" not in os.environ, reason="NALM_MNIST names no folder with the MNIST files")
def test_published_files() -> None:
    data = load_images("mnist")
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(data.training_labels).tolist() == counts
    assert data.training_images.mean() / 255 == pytest.approx(0.13066, abs=1e-5)
    assert data.test_images.std() / 255 == pytest.approx(0.31048, abs=1e-5)
