"""The scripts of the components: each lies in this folder, beside the component that draws with it."""

from concurrent.futures import ThreadPoolExecutor

import reflex as rx


def component_script(name: str, *beside: str) -> str:
    """The path by which pages import the script `name`; it may import the files named `beside` from `./`.

    Raises FileNotFoundError. Reflex reads the source of every frame of the stack for this. While modules import each
    other the stack is some hundred frames deep, in a new thread it is not: that saves a second at each start.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_shared, (name, *beside)).result()


def _shared(names: tuple[str, ...]) -> str:
    script, *_ = [rx.asset(name, shared=True) for name in names]
    return script.importable_path
