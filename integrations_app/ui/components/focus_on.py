"""Puts the keyboard at a field that the server names, such as the one that a problem is about."""

import reflex as rx

_asset = rx.asset("focus_on.jsx", shared=True)


class FocusOn(rx.NoSSRComponent):
    """`target` is an id, `#` and a number that makes every wish another one."""

    library = _asset.importable_path
    tag = "FocusOn"
    target: rx.Var[str]


focus_on = FocusOn.create
