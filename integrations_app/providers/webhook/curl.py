"""Calls as curl commands: written for people to copy, and read from what they paste. No shell takes part."""

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit, urlunsplit

from integrations_app.errors import InvalidInput
from integrations_app.kit.secret import MASK
from integrations_app.providers.webhook.client import Outgoing
from integrations_app.providers.webhook.parameters import FORM
from integrations_app.sdk.actions import Pasted

LONGEST = 200_000
_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_SECRETS = re.compile(r"authorization|cookie|api-?key|token|secret|password", re.IGNORECASE)
_DOLLAR = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_BUNDLE = re.compile(r"-[A-Za-z#]{2,10}")
_TRUST = "{} was left out: put your authority's certificate into the connection instead."
_PLAIN = {"n": "\n", "r": "\r", "t": "\t"}
_IGNORED = frozenset(
    {"-s", "--silent", "-S", "--show-error", "-v", "--verbose", "-i", "--include", "--compressed", "-g", "--globoff"}
    | {"--http1.1", "--http2", "-f", "--fail", "-N", "--no-buffer", "-#", "--progress-bar"}
)
_IGNORED_WITH_VALUE = frozenset({"-o", "--output", "-w", "--write-out", "-m", "--max-time", "--connect-timeout"})


def to_curl(outgoing: Outgoing) -> str:
    """The call as a command for a POSIX shell, its secrets masked."""
    lines = [f"curl -X {outgoing.method} {shlex.quote(outgoing.shown_url)}"]
    answers = bool(outgoing.digest_user)
    lines += [f"--digest -u {shlex.quote(f'{outgoing.digest_user}:{MASK}')}"] if answers else []
    lines += ["--cert client.pem --key client.key"] if outgoing.certified else []
    headers = [pair for pair in outgoing.shown_headers if not (answers and pair[0] == "Authorization")]
    lines += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers]
    if outgoing.content:
        lines.append(f"--data-binary {shlex.quote(outgoing.content.decode('utf-8', 'replace'))}")
    return " \\\n  ".join(lines)


def inputs_from_curl(command: str) -> Pasted:
    """The inputs of a call; what carries a secret is left out and named. Raises InvalidInput `curl_invalid`."""
    read = _Command()
    read.read(command)
    return read.inputs()


def settings_from_curl(command: str) -> Pasted:
    """The settings of a connection: its base URL, how it authenticates and where the key goes; never the secret."""
    read = _Command()
    read.read(command)
    parts = urlsplit(read.url)
    named, _, host = parts.netloc.rpartition("@")
    found: dict[str, Any] = {"base_url": urlunsplit((parts.scheme, host, "", "", ""))}
    user = read.user if read.user is not None else named or None
    kind, left_out = "none", []
    for name, value in read.headers:
        if name.lower() == "authorization":
            scheme = value.partition(" ")[0].lower()
            kind = scheme if scheme in {"bearer", "basic", "digest"} else "api_key"
            found |= {"api_key_name": "Authorization"} if kind == "api_key" else {}
        elif _SECRETS.search(name) and kind == "none" and name.lower() != "cookie":
            kind = "api_key"
            found |= {"api_key_name": name, "api_key_in": "header"}
    if user is not None:
        kind, found["username"] = "digest" if read.digest else "basic", user.partition(":")[0]
    if read.certified and kind == "none":
        kind = "certificate"
    if kind != "none":
        left_out.append("The secret was not taken over: enter it below.")
    return Pasted(found, kind, (*left_out, *read.notes))


def _invalid(why: str) -> InvalidInput:
    return InvalidInput({"curl": why}, f"The command could not be read: it {why}.", "curl_invalid")


def _words(command: str) -> list[str]:
    """Split as a shell would, without running anything; `$'…'` as browsers write it."""
    if len(command) > LONGEST:
        raise _invalid("is too long")
    text = re.sub(r"\\\r?\n|\^\r?\n", " ", command.strip())
    try:
        found = shlex.split(_DOLLAR.sub(lambda quoted: shlex.quote(_whole(_ESCAPE.sub(_unescaped, quoted[1]))), text))
    except ValueError as error:
        raise _invalid("has a quote that is not closed") from error
    if not found or found[0].rpartition("/")[2] not in {"curl", "curl.exe"}:
        raise _invalid("does not begin with curl")
    return found[1:]


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _PLAIN.get(found[3], found[3])


def _whole(text: str) -> str:
    """Characters of two halves put together, as browsers escape them; a half alone is replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass
class _Command:
    """What the options of one command say."""

    url: str = ""
    method: str = ""
    user: str | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    parts: list[dict[str, str]] = field(default_factory=list)
    as_query: bool = False
    head: bool = False
    json: bool = False
    digest: bool = False
    certified: bool = False
    redirects: int = 0
    notes: list[str] = field(default_factory=list)

    def read(self, command: str) -> None:
        words = _words(command)
        while words:
            self._take(words.pop(0), words)
        if not self.url:
            raise _invalid("names no address")
        if "://" not in self.url:
            self.url = f"http://{self.url}"
        try:
            urlsplit(self.url).port  # noqa: B018 - a port that is none is found out only when asked for
        except ValueError as error:
            raise _invalid("names an address that cannot be read") from error

    def _take(self, word: str, rest: list[str]) -> None:
        if _BUNDLE.fullmatch(word) and word[:2] not in _VALUES:
            rest[:0] = [f"-{letter}" for letter in word[1:]]
            return
        name, value = _option(word)
        if name in _IGNORED:
            return
        if name in _FLAGS:
            _FLAGS[name](self)
        elif name in _VALUES or name in _IGNORED_WITH_VALUE:
            if value is None and not rest:
                raise _invalid(f"ends with {name}")
            given = value if value is not None else rest.pop(0)
            if name in _VALUES:
                _VALUES[name](self, given)
        elif name.startswith("-"):
            raise _invalid(f"has the option {name[:40]}, which is not known here")
        elif self.url:
            raise _invalid("names more than one address")
        else:
            self.url = word

    def header(self, text: str) -> None:
        name, colon, value = text.partition(":")
        if colon and name.strip():
            self.headers.append((name.strip(), value.strip()))

    def datum(self, text: str) -> None:
        if text.startswith("@"):
            raise _invalid("sends a file of your machine; paste its text instead")
        self.data.append(text)

    def raw(self, text: str) -> None:
        self.data.append(text)

    def encoded(self, text: str) -> None:
        name, equals, value = text.partition("=")
        self.datum(f"{name}={quote_plus(value)}" if equals and name else quote_plus(value or name))

    def json_datum(self, text: str) -> None:
        self.json = True
        self.datum(text)

    def part(self, text: str) -> None:
        name, _, value = text.partition("=")
        value, *attributes = value.split(";")
        if value.startswith(("@", "<")):
            raise _invalid("sends a file of your machine; put its text or base64 into the parts instead")
        found = {"name": name, "text": value}
        for attribute in attributes:
            key, _, said = attribute.strip().partition("=")
            found |= {"content_type": said} if key == "type" else {"filename": said} if key == "filename" else {}
        self.parts.append(found)

    def inputs(self) -> Pasted:
        """What was read, as the inputs of the action."""
        address = urlsplit(self.url)
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        if self.as_query:
            query |= dict(parse_qsl("&".join(self.data), keep_blank_values=True))
        headers = {name: value for name, value in self.headers if not _SECRETS.search(name)}
        left_out = [
            f"{name} was left out: the connection holds secrets." for name, _ in self.headers if name not in headers
        ]
        if self.user is not None or "@" in address.netloc:
            left_out.append("The user and password were left out: the connection holds secrets.")
        for name in [one for one in query if _SECRETS.search(one)]:
            del query[name]
            left_out.append(f"{name} was left out of the query: the connection holds secrets.")
        url = urlunsplit((address.scheme, address.netloc.rpartition("@")[2], address.path, "", ""))
        kept: dict[str, Any] = {"method": self._method(), "path_or_url": url, "query": query}
        kept |= {"redirects": self.redirects} if self.redirects else {}
        kept |= self._body(headers)
        return Pasted({**kept, "headers": headers}, "", (*left_out, *self.notes))

    def _method(self) -> str:
        method = self.method.upper()
        if not method:
            sends = (self.data or self.parts) and not self.as_query
            method = "HEAD" if self.head else "POST" if sends else "GET"
        if method not in _METHODS:
            raise _invalid(f"uses the method {method[:20]}")
        return method

    def _body(self, headers: dict[str, str]) -> Mapping[str, Any]:
        if self.parts:
            return {"body_kind": "multipart", "parts": self.parts}
        if not self.data or self.as_query:
            return {}
        text = "".join(self.data) if self.json else "&".join(self.data)
        named = next((name for name in headers if name.lower() == "content-type"), "")
        kind = headers.pop(named, "") if named else "application/json" if self.json else FORM
        plain = kind.partition(";")[0].strip().lower()
        if plain == FORM and (pairs := _pairs(text)) is not None:
            return {"body_kind": "form", "form": pairs}
        if plain.endswith("json") and (tree := _tree(text)) is not None:
            return {"body_kind": "json", "body": tree, "content_type": "" if plain == "application/json" else kind}
        return {"body_kind": "text", "text": text, "content_type": kind}


def _option(word: str) -> tuple[str, str | None]:
    """An option and the value that is written with it: `-XPOST`, `--request=POST`."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return name, value if equals else None
    if word.startswith("-") and len(word) > len("-X") and word[:2] in _VALUES:
        return word[:2], word[2:]
    return word, None


def _pairs(text: str) -> dict[str, str] | None:
    """A form's fields; None when a name stands twice, which a mapping cannot hold."""
    found = parse_qsl(text, keep_blank_values=True)
    return dict(found) if found and len(dict(found)) == len(found) else None


def _tree(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _no_verification(command: _Command) -> None:
    command.notes.append(_TRUST.format("-k"))


def _certificate(command: _Command, _file: str) -> None:
    command.certified = True
    command.notes.append("The client certificate was left out: the connection holds it.")


_FLAGS: Mapping[str, Callable[[_Command], None]] = {
    "-G": lambda command: setattr(command, "as_query", True),
    "--get": lambda command: setattr(command, "as_query", True),
    "-I": lambda command: setattr(command, "head", True),
    "--head": lambda command: setattr(command, "head", True),
    "-L": lambda command: setattr(command, "redirects", 3),
    "--location": lambda command: setattr(command, "redirects", 3),
    "--basic": lambda command: setattr(command, "digest", False),
    "--digest": lambda command: setattr(command, "digest", True),
    "-k": _no_verification,
    "--insecure": _no_verification,
}

_VALUES: Mapping[str, Callable[[_Command, str], None]] = {
    **dict.fromkeys(("-X", "--request"), lambda command, value: setattr(command, "method", value)),
    **dict.fromkeys(("-u", "--user"), lambda command, value: setattr(command, "user", value)),
    **dict.fromkeys(("-E", "--cert"), _certificate),
    **dict.fromkeys(("--key", "--pass", "--cert-type", "--key-type"), lambda _command, _value: None),
    "--cacert": lambda command, _value: command.notes.append(_TRUST.format("--cacert")),
    "--url": lambda command, value: setattr(command, "url", value),
    **dict.fromkeys(("-H", "--header"), _Command.header),
    **dict.fromkeys(("-d", "--data", "--data-ascii", "--data-binary"), _Command.datum),
    "--data-raw": _Command.raw,
    "--data-urlencode": _Command.encoded,
    "--json": _Command.json_datum,
    **dict.fromkeys(("-F", "--form", "--form-string"), _Command.part),
    **dict.fromkeys(("-A", "--user-agent"), lambda command, value: command.header(f"User-Agent: {value}")),
    **dict.fromkeys(("-e", "--referer"), lambda command, value: command.header(f"Referer: {value}")),
    **dict.fromkeys(("-b", "--cookie"), lambda command, value: command.header(f"Cookie: {value}")),
}
