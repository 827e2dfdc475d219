"""Bounded decoding: one layer, counted, complete."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations_app.errors import ResponseRefused
from integrations_app.kit.egress.inflate import Inflater


def decode(encoding: str, chunks: list[bytes], limit: int = 1_000_000) -> bytes:
    inflater = Inflater(encoding, limit)
    pieces = [piece for chunk in chunks for piece in inflater.feed(chunk)]
    inflater.finish()
    return b"".join(pieces)


def raw_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(body) + stream.flush()


ENCODERS = {
    "": lambda body: body,
    "gzip": gzip.compress,
    "X-GZIP": gzip.compress,
    "deflate": zlib.compress,
}


@given(st.binary(max_size=200_000), st.sampled_from(sorted(ENCODERS)), st.integers(1, 5000))
def test_round_trip(body: bytes, encoding: str, step: int) -> None:
    encoded = ENCODERS[encoding](body)
    chunks = [encoded[at : at + step] for at in range(0, len(encoded), step)]
    assert decode(encoding, chunks) == body


def test_raw_deflate_and_several_members() -> None:
    assert decode("deflate", [raw_deflate(b"hello" * 50)]) == b"hello" * 50
    assert decode("gzip", [gzip.compress(b"a") + gzip.compress(b"b")]) == b"ab"


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip,identity", "compress"])
def test_other_encodings_are_refused(encoding: str) -> None:
    with pytest.raises(ResponseRefused) as caught:
        decode(encoding, [b"x"])
    assert caught.value.code == "protocol_error"


def test_no_body_needs_no_encoding() -> None:
    assert decode("br", []) == b""


@pytest.mark.parametrize(
    "damaged",
    [gzip.compress(b"abc")[:-4], b"no gzip at all", gzip.compress(b"a") + b"junk"],
    ids=["cut", "no gzip", "more behind"],
)
def test_damaged_is_refused(damaged: bytes) -> None:
    with pytest.raises(ResponseRefused) as caught:
        decode("gzip", [damaged])
    assert caught.value.code == "protocol_error"


def test_a_bomb_stops_at_the_limit() -> None:
    inflater = Inflater("gzip", 100_000)
    seen = 0

    def swallow(bomb: bytes) -> None:
        nonlocal seen
        for piece in inflater.feed(bomb):
            seen += len(piece)

    with pytest.raises(ResponseRefused) as caught:
        swallow(gzip.compress(bytes(50_000_000)))
    assert caught.value.code == "response_too_large"
    assert seen <= 100_000


def test_limit_is_exact() -> None:
    assert decode("", [b"x" * 10], limit=10) == b"x" * 10
    with pytest.raises(ResponseRefused):
        decode("", [b"x" * 10, b"y"], limit=10)
