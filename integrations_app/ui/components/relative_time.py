"""A time as people say it, exact in the reader's zone on hover."""

import reflex as rx

_asset = rx.asset("relative_time.jsx", shared=True)


class RelativeTime(rx.NoSSRComponent):
    """`at` is an ISO time; `prefix` stands before the words; `empty` is shown without a time."""

    library = _asset.importable_path
    tag = "RelativeTime"
    at: rx.Var[str]
    prefix: rx.Var[str]
    empty: rx.Var[str]


relative_time = RelativeTime.create
