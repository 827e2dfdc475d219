"""Decodes one layer of gzip or deflate while counting, so that a small answer cannot become a large one."""

import zlib
from collections.abc import Iterator

from integrations_app.errors import ResponseRefused

_STEP = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_ZLIB_METHOD = 8
_GZIP_MAGIC = b"\x1f\x8b"


def refused_size(limit: int) -> ResponseRefused:
    """The error for an answer larger than `limit` bytes."""
    return ResponseRefused("response_too_large", f"The answer is larger than {limit} bytes.")


def _broken(why: str) -> ResponseRefused:
    return ResponseRefused("protocol_error", f"The answer's encoding is not acceptable: {why}.")


class Inflater:
    """Turns raw chunks into decoded ones and refuses to hand out more than `limit` bytes in total.

    `encoding` is the Content-Encoding header: nothing, `identity`, `gzip`, `x-gzip` or `deflate`.
    Raises ResponseRefused `protocol_error` for anything else (more layers included) or damaged
    data, and `response_too_large` as soon as the limit is passed.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        name = encoding.strip().lower() or "identity"
        self._name = name
        self._limit = limit
        self._seen = 0
        self._stream = zlib.decompressobj(_GZIP) if name in {"gzip", "x-gzip"} else None
        self._fed = False

    def feed(self, raw: bytes) -> Iterator[bytes]:
        """Yield decoded pieces of at most 64 KiB for one raw chunk."""
        if self._name not in {"identity", "gzip", "x-gzip", "deflate"}:
            raise _broken("only one layer of gzip or deflate is read")
        if self._name == "identity":
            yield self._counted(raw)
            return
        pending = raw
        while pending:
            if self._stream is None:
                self._stream = self._deflate_for(pending)
            self._fed = True
            yield self._counted(self._step(self._stream, pending))
            pending = self._stream.unconsumed_tail or self._next_member(self._stream)

    def finish(self) -> None:
        """Check that the encoded stream came to its end; an empty body is fine."""
        if self._fed and self._stream is not None and not self._stream.eof:
            raise _broken("it ends too early")

    def _step(self, stream: "zlib._Decompress", pending: bytes) -> bytes:
        try:
            return stream.decompress(pending, _STEP)
        except zlib.error as error:
            raise _broken("it is damaged") from error

    def _next_member(self, stream: "zlib._Decompress") -> bytes:
        """A gzip stream may be several files in a row; anything else behind the end is refused."""
        rest = stream.unused_data
        if not stream.eof or not rest:
            return b""
        if self._name == "deflate" or not rest.startswith(_GZIP_MAGIC[: len(rest)]):
            raise _broken("bytes follow its end")
        self._stream = zlib.decompressobj(_GZIP)
        return rest

    @staticmethod
    def _deflate_for(start: bytes) -> "zlib._Decompress":
        """Servers send deflate with the zlib header (RFC 9110) or raw; the low nibble 8 tells the first."""
        return zlib.decompressobj(zlib.MAX_WBITS if start[0] & 0x0F == _ZLIB_METHOD else -zlib.MAX_WBITS)

    def _counted(self, piece: bytes) -> bytes:
        self._seen += len(piece)
        if self._seen > self._limit:
            raise refused_size(self._limit)
        return piece
