"""As much of curl as the README's examples ask for: a machine that runs the tests need not have it."""

import argparse
import sys
import urllib.error
import urllib.request


def main() -> None:
    """Send what the command line says and print the answer; exit 22 for a refusal, as with `--fail-with-body`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-sS", action="store_true")
    parser.add_argument("-H", action="append", default=[])
    parser.add_argument("-d")
    parser.add_argument("-X")
    parser.add_argument("url")
    asked = parser.parse_args()
    headers = dict(line.split(": ", 1) for line in asked.H)
    body = asked.d.encode() if asked.d is not None else None
    request = urllib.request.Request(asked.url, body, headers, method=asked.X)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            sys.stdout.write(answer.read().decode())
    except urllib.error.HTTPError as error:
        sys.stdout.write(error.read().decode())
        sys.exit(22)


if __name__ == "__main__":
    main()
