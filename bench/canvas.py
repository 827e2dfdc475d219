"""`python -m bench.canvas`: how long the editor takes to open, what it loads, and how smooth panning its canvas is."""

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Response, sync_playwright

from bench.serving import ROOT, free_port, started, wait_until_answers

OPENINGS = 5
PAN_SECONDS = 4.0
FRAME_LIMIT_MS, OPEN_LIMIT_SECONDS, SIZE_LIMIT_KB = 50.0, 1.5, 100
EMAIL, PASSWORD, ORGANIZATION = "bench@acme.test", "correct horse battery staple", "Bench"
FRAMES = """new Promise(done => {
  const begun = performance.now(), found = [];
  let last = begun;
  const frame = now => {
    found.push(now - last);
    last = now;
    now - begun < %d ? requestAnimationFrame(frame) : done(found.slice(1));
  };
  requestAnimationFrame(frame);
})"""


def main() -> None:
    """Measure and print; needs the built pages and a browser (`make pages .tools/browser`)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=100)
    steps = parser.parse_args().steps
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}, {steps} steps")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home, log, port = Path(folder) / "data", Path(folder) / "product.log", free_port()
        variables = {"INTEGRATIONS_DATA_DIR": str(home)}
        with started(["-m", "integrations_app.cli", "run", "--port", str(port)], ROOT, log, **variables) as process:
            wait_until_answers(process, f"http://localhost:{port}/readyz", log)
            path = _filled(variables, steps)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=os.environ.get("TEST_BROWSER") or (ROOT / ".tools" / "browser").read_text().strip(),
                    args=["--no-sandbox", "--disable-gpu"],
                )
                _measure(browser, f"http://localhost:{port}", path)
                browser.close()


def _filled(variables: dict[str, str], steps: int) -> str:
    """Make a person and the workflow; the workflow's path."""
    person = ["users", "create", "--email", EMAIL, "--organization", ORGANIZATION, "--role", "owner"]
    _told(person, PASSWORD + "\n", variables)
    made = _told(
        ["workflows", "import", "-", "--organization", ORGANIZATION, "--json"], json.dumps(_long(steps)), variables
    )
    return f"/workflows/{json.loads(made)['id']}"


def _told(words: list[str], given: str, variables: dict[str, str]) -> bytes:
    command = [sys.executable, "-m", "integrations_app.cli", *words]
    environment = {**os.environ, **variables}
    done = subprocess.run(command, cwd=ROOT, env=environment, input=given.encode(), check=True, stdout=subprocess.PIPE)
    return done.stdout


def _long(count: int) -> dict[str, Any]:
    """Half of the steps in a row, the others in the branches of a condition."""

    def waits(name: str, number: int) -> list[dict[str, Any]]:
        return [{"key": f"{name}_{one}", "type": "delay", "seconds": 1} for one in range(number)]

    side = count // 4
    branches = [{"when": "true", "steps": waits("left", side)}, {"else": True, "steps": waits("right", side)}]
    decide = {"key": "decide", "type": "condition", "branches": branches}
    steps = [*waits("first", count - 1 - 2 * side), decide]
    return {"format": 1, "name": "A long one", "trigger": {"type": "manual"}, "steps": steps}


def _measure(browser: Browser, server: str, path: str) -> None:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    loaded: dict[str, int] = {}
    page.on("response", lambda response: _weigh(loaded, response))
    page.goto(f"{server}/login")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/integrations")
    page.get_by_role("heading", name="Integrations").first.wait_for()
    before = set(loaded)
    opened = []
    for _ in range(OPENINGS):
        began = time.perf_counter()
        page.goto(server + path)
        page.get_by_role("button", name="Insert a step after Manually", exact=True).wait_for()
        opened.append(time.perf_counter() - began)
    print(f"opened in {statistics.median(opened):.2f} s, at most {max(opened):.2f} s (goal {OPEN_LIMIT_SECONDS} s)")
    added = {url: size for url, size in loaded.items() if url not in before}
    print(f"the editor adds {sum(added.values()) / 1000:.1f} kB gzip in {len(added)} files (goal {SIZE_LIMIT_KB} kB)")
    frames = _panned(page)
    late = sum(one > FRAME_LIMIT_MS for one in frames)
    print(
        f"panned: {len(frames)} frames, median {statistics.median(frames):.1f} ms, longest {max(frames):.1f} ms, "
        f"{late} over {FRAME_LIMIT_MS:.0f} ms (goal none)"
    )


def _weigh(loaded: dict[str, int], response: Response) -> None:
    """Note the compressed size of a script or a style sheet; what the browser kept comes only once."""
    if response.ok and response.request.resource_type in {"script", "stylesheet"}:
        loaded[response.url] = len(gzip.compress(response.body()))


def _panned(page: Page) -> list[float]:
    """The time between frames, in ms, while the mouse drags the canvas about."""
    box = page.get_by_role("region", name="Canvas", exact=True).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] - 60, box["y"] + box["height"] / 3
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": f"window.benchFrames = {FRAMES % (PAN_SECONDS * 1000)}; 0"})
    page.mouse.move(x, y)
    page.mouse.down()
    began, moves = time.perf_counter(), 0
    while time.perf_counter() - began < PAN_SECONDS:
        moves += 1
        page.mouse.move(x - abs(moves % 80 - 40) * 4, y + abs(moves % 120 - 60) * 4)
    page.mouse.up()
    wanted = {"expression": "window.benchFrames", "awaitPromise": True, "returnByValue": True}
    return list(session.send("Runtime.evaluate", wanted)["result"]["value"])


if __name__ == "__main__":
    main()
