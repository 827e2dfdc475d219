"""Digest authentication (RFC 7616) as httpx speaks it, given only challenges that it can answer."""

import re
from collections.abc import Generator, Iterable, Iterator
from http import HTTPStatus
from urllib.request import parse_http_list

import httpx

from integrations_app.errors import ResponseRefused
from integrations_app.kit.secret import Secret

UNSUPPORTED = "challenge_unsupported"
# SHA-512-256 of the RFC is rarely spoken, and not by httpx; what others call SHA is no algorithm of the RFC.
_ALGORITHMS = frozenset({"md5", "md5-sess", "sha-256", "sha-256-sess"})
_ANSWER = re.compile(r'\bresponse="([0-9a-f]+)"')
_PLAIN = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]*")
"""What stands between quotation marks as it is: neither they nor a backslash, which httpx would not escape."""


def fits_digest(username: str) -> bool:
    """Whether a user name can be written into the answer to a challenge."""
    return bool(username) and ":" not in username and _PLAIN.fullmatch(username) is not None


class Digest(httpx.Auth):
    """Answers a 401 with a Digest challenge by sending the request once more; the password itself never leaves.

    Keep one for the calls of a client: later ones answer the last challenge at once. An answer without a Digest
    challenge is handed back as it is, and nothing weaker is ever sent instead. Raises ResponseRefused
    `challenge_unsupported`.
    """

    def __init__(self, username: str, password: Secret) -> None:
        self._flow = httpx.DigestAuth(username, password.reveal("digest authentication"))
        self.answers: set[str] = set()
        """What answered challenges, whatever came of it: enough for guessing the password."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """One request, and a second one after a challenge."""
        flow = self._flow.auth_flow(request)
        response = yield self._noted(next(flow))
        offered = list(_offered(response.headers.get_list("www-authenticate")))
        if response.status_code != HTTPStatus.UNAUTHORIZED or not offered:
            return
        # Written anew: httpx trips over challenges it does not know, and would send the answer's cookies back.
        challenge = {"WWW-Authenticate": _written(_chosen(offered))}
        yield self._noted(flow.send(httpx.Response(HTTPStatus.UNAUTHORIZED, headers=challenge, request=request)))

    def _noted(self, request: httpx.Request) -> httpx.Request:
        self.answers |= set(_ANSWER.findall(request.headers.get("authorization", "")))
        return request


def _offered(headers: Iterable[str]) -> Iterator[dict[str, str]]:
    """The parameters of every Digest challenge, in the server's order; one header may hold several challenges."""
    for header in headers:
        found: list[dict[str, str] | None] = []
        for item in parse_http_list(header):
            scheme, _, rest = item.partition(" ")
            begins = "=" not in scheme and not rest.lstrip().startswith("=")
            if begins:
                found.append({} if scheme.lower() == "digest" else None)
            name, _, value = (rest if begins else item).partition("=")
            if found and (challenge := found[-1]) is not None:
                challenge[name.strip().lower()] = value.strip().removeprefix('"').removesuffix('"')
        yield from (one for one in found if one is not None)


def _chosen(offered: Iterable[dict[str, str]]) -> dict[str, str]:
    """The first challenge that can be answered: servers name the strongest first (RFC 7616 section 3.7)."""
    for one in offered:
        if _answerable(one):
            return one
    message = "The address asks for Digest authentication in a way that is not spoken here: MD5 or SHA-256, qop=auth."
    raise ResponseRefused(UNSUPPORTED, message)


def _answerable(challenge: dict[str, str]) -> bool:
    algorithm, proof = challenge.get("algorithm", "MD5").lower(), _qops(challenge)
    plain = all(_PLAIN.fullmatch(value) for value in challenge.values())
    # Servers of RFC 2069 name no qop; without one no client nonce travels, which -sess needs.
    spoken = "auth" in proof or ("qop" not in challenge and not algorithm.endswith("-sess"))
    return algorithm in _ALGORITHMS and spoken and plain and {"realm", "nonce"} <= challenge.keys()


def _qops(challenge: dict[str, str]) -> set[str]:
    return {one.strip().lower() for one in challenge.get("qop", "").split(",")}


def _written(challenge: dict[str, str]) -> str:
    kept = {**challenge, "qop": "auth"} if "qop" in challenge else challenge
    quoted = ", ".join(f'{name}="{kept[name]}"' for name in ("realm", "nonce", "opaque", "qop") if name in kept)
    return f"Digest {quoted}, algorithm={challenge.get('algorithm', 'MD5')}"
