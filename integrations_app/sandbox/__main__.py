"""`python -m integrations_app.sandbox --port 4100`: the sandbox alone."""

import argparse
import os
import sys

from integrations_app.sandbox.serve import PREFIX, serve


def main() -> None:
    """Read the port and serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m integrations_app.sandbox", description="Emulated vendors.")
    parser.add_argument("--port", type=int, default=4100)
    port = parser.parse_args().port
    sys.stdout.write(f"Sandbox at http://127.0.0.1:{port}{PREFIX}/\n")
    sys.stdout.flush()
    serve(port)
    sys.stdout.flush()
    # The server's own threads may still hold Python objects; taking the interpreter down around them can abort it.
    os._exit(0)


if __name__ == "__main__":
    main()
