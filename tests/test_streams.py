import numpy as np
import pytest
import torch

from nalm.streams import DataStream, FastStream, PaperStream, fast_uniforms, philox, weight_generator


def streams() -> list[tuple[DataStream, DataStream]]:
    return [(PaperStream(7), PaperStream(7)), (FastStream(7, "data"), FastStream(7, "data"))]


@pytest.mark.parametrize(("one", "other"), streams())
def test_chunks_equal_single_draws(one: DataStream, other: DataStream) -> None:
    whole = [one.random((6, 5)), one.exponential((6, 5)), one.integers(0, 2, (7,)), one.random((4,))]
    parts = [
        np.concatenate([other.random((2, 5)), other.random((4, 5))]),
        np.concatenate([other.exponential((5, 5)), other.exponential((1, 5))]),
        np.concatenate([other.integers(0, 2, (3,)), other.integers(0, 2, (4,))]),
        np.concatenate([other.random((1,)), other.random((3,))]),
    ]
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(a, b)


def test_paper_stream_is_the_legacy_one() -> None:
    stream, legacy = PaperStream(3), np.random.RandomState(3)
    np.testing.assert_array_equal(stream.integers(0, 63, (2,)), legacy.randint(0, 63, 2))
    np.testing.assert_array_equal(stream.random((2, 3)), legacy.uniform(0, 1, (2, 3)))
    np.testing.assert_array_equal(500 * stream.exponential((4,)), legacy.exponential(500, 4))
    np.testing.assert_array_equal(stream.permutation(9), legacy.permutation(9))


def test_fast_streams_differ_by_seed_and_purpose() -> None:
    values = {FastStream(seed, purpose).random((1,))[0] for seed in range(3) for purpose in ("a", "b")}
    assert len(values) == 6


def test_fast_stream_is_the_same_on_every_machine() -> None:
    stream = FastStream(0, "training data")
    np.testing.assert_array_equal(stream.random((2,)), [0.24438496180618696, 0.5706966294997933])
    assert 0.9 < stream.exponential((100_000,)).mean() < 1.1


def test_paper_weights_come_from_torchs_generator() -> None:
    generator = weight_generator(0, "paper")
    torch.manual_seed(0)
    assert torch.equal(torch.rand(3, generator=generator), torch.rand(3))


def test_fast_weights_have_a_stream_of_their_own() -> None:
    first, again = (torch.rand(3, generator=weight_generator(5, "fast")) for _ in range(2))
    assert torch.equal(first, again)
    assert not torch.equal(first, torch.rand(3, generator=weight_generator(6, "fast")))
    assert not torch.equal(first, torch.rand(3, generator=weight_generator(5, "paper")))


# the known answers that Salmon et al. publish with their library: counter, key, result
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN)
def test_philox_gives_the_known_answers(counter: str, key: str, result: str) -> None:
    words, keys, expected = ([int(word, 16) for word in text.split()] for text in (counter, key, result))
    a, b, c, d = (np.array([word], dtype=np.uint64) for word in words)
    assert [int(word[0]) for word in philox((a, b, c, d), (keys[0], keys[1]))] == expected


def test_fast_uniforms_are_uniform_and_named_by_their_step() -> None:
    u = fast_uniforms(2**63 + 5, 7, (400, 3, 37))
    assert u.dtype == np.float32
    assert u.min() >= 0
    assert u.max() < 1
    counts = np.histogram(u, bins=64, range=(0, 1))[0]
    expected = u.size / 64
    assert ((counts - expected) ** 2 / expected).sum() < 110  # chi-square of 63 degrees, 0.9998
    np.testing.assert_allclose(np.corrcoef(u[:, 0].reshape(-1), u[:, 1].reshape(-1))[0, 1], 0, atol=0.03)
    np.testing.assert_array_equal(u[100:110], fast_uniforms(2**63 + 5, 107, (10, 3, 37)))
    assert not np.array_equal(u[:1], fast_uniforms(2**63 + 6, 7, (1, 3, 37)))
    # step numbers beyond 32 bits are other steps
    assert not np.array_equal(fast_uniforms(5, 2**32, (1, 3, 37)), fast_uniforms(5, 0, (1, 3, 37)))
