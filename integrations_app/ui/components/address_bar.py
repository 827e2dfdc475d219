"""Keeps the browser's address in step with the filters of a list, so that it can be kept, sent and loaded again."""

import reflex as rx

_asset = rx.asset("address_bar.jsx", shared=True)


class AddressBar(rx.NoSSRComponent):
    """Shows nothing; replaces the address without loading anything."""

    library = _asset.importable_path
    tag = "AddressBar"
    address: rx.Var[str]


def address_bar(address: rx.Var[str]) -> rx.Component:
    """Put it on the page of the list; `address` is a path with its query."""
    return AddressBar.create(address=address)
