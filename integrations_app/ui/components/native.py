"""Links and forms that the browser itself follows, for addresses that are no pages of the application."""

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML


class NativeForm(BaseHTML):
    """A form that the browser submits; Reflex's own forms always prevent that."""

    tag = "form"
    action: rx.Var[str]
    method: rx.Var[str]


class NativeLink(BaseHTML):
    """A link that leaves the application; Reflex's own links stay in its router and would find no page."""

    tag = "a"
    href: rx.Var[str]


native_form = NativeForm.create
native_link = NativeLink.create
