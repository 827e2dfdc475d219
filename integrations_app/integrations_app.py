"""Composition root: which pages, routes and wrappers make the product, and what lives as long as the process."""

from collections.abc import Callable
from typing import Any

import reflex as rx
from starlette.applications import Starlette

from integrations_app.ui.pages.not_found import not_found

Wrapper = Callable[[Any], Any]


def api_transformers() -> list[Starlette | Wrapper]:
    """Our routes in front of Reflex, then the wrappers around everything; the last one is outermost."""
    return [Starlette()]


def add_pages(app: rx.App) -> None:
    """Every page of the user interface, one by one."""
    app.add_page(not_found, route="404", title="Page not found · Integrations")


def create_app() -> rx.App:
    """The whole product as one ASGI factory."""
    app = rx.App(api_transformer=api_transformers(), html_lang="en", stylesheets=["/app.css"])
    add_pages(app)
    return app


app = create_app()
