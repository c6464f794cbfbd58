"""Inputs that nobody would write, made of those that somebody wrote; the same seed makes the same inputs."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator

# `make fuzz` asks for more of them, and for others
MORE = int(os.environ.get("NALM_FUZZ", "0"))
SEED = int(os.environ.get("NALM_FUZZ_SEED", "0"))

_TOKENS = [
    b"0", b"-1", b"1e999", b"nan", b"inf", b"9" * 400, b"true", b"[]", b"{}", b"[[", b'""', b"''", b"\x00", b"\xff\xfe",
    b"\n", b"\r", b",", b"=", b"[", b"]", b"{", b"}", b'"', b"'", b"..", b"/", b"\\", b"#", b":", b"1979-05-27",
    b"\xf0\x9f\x98\x80", b"null", b"0x10", b"1_000", b".", b"[" * 2000, b"name", b"unit", b"seeds", b"2" * 20,
]  # fmt: skip


def mutated(content: bytes, generator: random.Random) -> bytes:
    """Return content with one to four changes."""
    changed = bytearray(content)
    for _ in range(generator.choice((1, 1, 1, 2, 4))):
        generator.choice(_CHANGES)(changed, generator)
    return bytes(changed)


def inputs(usual: int, originals: list[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield numbers and changed originals: `usual` of them in the suite; prints what repeats them."""
    count = MORE or usual
    print(f"{count} inputs, NALM_FUZZ={count} NALM_FUZZ_SEED={SEED}")
    for number in range(count):
        generator = random.Random(f"{SEED} {number}")
        yield number, mutated(generator.choice(originals), generator)


def _place(content: bytearray, generator: random.Random) -> tuple[int, int]:
    start = generator.randrange(len(content) + 1)
    return start, min(len(content), start + int(2 ** generator.uniform(0, 8)))


def _flip(content: bytearray, generator: random.Random) -> None:
    if content:
        content[generator.randrange(len(content))] ^= 1 << generator.randrange(8)


def _cut(content: bytearray, generator: random.Random) -> None:
    del content[generator.randrange(len(content) + 1) :]


def _delete(content: bytearray, generator: random.Random) -> None:
    start, end = _place(content, generator)
    del content[start:end]


def _repeat(content: bytearray, generator: random.Random) -> None:
    start, end = _place(content, generator)
    content[start:start] = content[start:end]


def _move(content: bytearray, generator: random.Random) -> None:
    start, end = _place(content, generator)
    part = content[start:end]
    del content[start:end]
    place = generator.randrange(len(content) + 1)
    content[place:place] = part


def _overwrite(content: bytearray, generator: random.Random) -> None:
    start, end = _place(content, generator)
    content[start:end] = generator.randbytes(end - start)


def _insert(content: bytearray, generator: random.Random) -> None:
    start, _ = _place(content, generator)
    content[start:start] = generator.choice(_TOKENS)


def _replace_word(content: bytearray, generator: random.Random) -> None:
    """Put something else in the place of a value or a name."""
    start, _ = _place(content, generator)
    delimiters = b' \n\t,=[]{}"'
    while start < len(content) and content[start] in delimiters:
        start += 1
    end = start
    while end < len(content) and content[end] not in delimiters and end - start < 100:
        end += 1
    content[start:end] = generator.choice(_TOKENS)


_CHANGES: list[Callable[[bytearray, random.Random], None]] = [
    _flip, _flip, _cut, _delete, _repeat, _move, _overwrite, _insert, _replace_word, _replace_word,
]  # fmt: skip
