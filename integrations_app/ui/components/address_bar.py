"""Keeps the browser's address in step with the filters of a list, so that it can be kept, sent and loaded again."""

import reflex as rx

from integrations_app.ui.components.component_script import component_script

_SCRIPT = component_script("address_bar.jsx")


class AddressBar(rx.NoSSRComponent):
    """Shows nothing; replaces the address without loading anything."""

    library = _SCRIPT
    tag = "AddressBar"
    address: rx.Var[str]


def address_bar(address: rx.Var[str]) -> rx.Component:
    """Put it on the page of the list; `address` is a path with its query."""
    return AddressBar.create(address=address)
