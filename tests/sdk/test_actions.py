"""How an async function becomes an action."""

from datetime import UTC, datetime
from typing import Any

import pytest

from integrations_app.sdk.actions import Effect, Params, Repeat, Result, action
from integrations_app.sdk.context import ActionContext
from integrations_app.sdk.waiting import Later, Waited


class Ask(Params):
    text: str = ""


class Told(Result):
    said: str


async def look(params: Ask, ctx: ActionContext[Any]) -> Told | None:
    return None


async def say(params: Ask, ctx: ActionContext[Any]) -> Told:
    """Say something.

    Aloud.
    """
    return Told(said=params.text)


def test_everything_is_read_off_the_function() -> None:
    made = action(repeat=Repeat.RECONCILABLE, find=look, scopes=("speak",))(say)
    assert (made.key, made.title, made.description) == ("say", "Say something", "Aloud.")
    assert (made.params, made.result, made.find) == (Ask, Told, look)
    assert (made.scopes, made.effect) == (("speak",), Effect.WRITE)


async def test_it_runs() -> None:
    made = action(repeat=Repeat.IDEMPOTENT)(say)
    result = await made.run(Ask(text="hi"), ActionContext(None, "op", None))
    assert result == Told(said="hi")


async def later(params: Ask, ctx: ActionContext[Any]) -> Told | Later:
    """Say something later."""
    return Later({"text": params.text}, datetime(2026, 1, 1, tzinfo=UTC))


async def go_on(params: Ask, waited: Waited, ctx: ActionContext[Any]) -> Told:
    return Told(said=waited.state["text"])


def test_an_action_that_waits_needs_something_to_go_on_with() -> None:
    assert action(repeat=Repeat.IDEMPOTENT, resume=go_on)(later).result is Told
    with pytest.raises(TypeError, match="Result model"):
        action(repeat=Repeat.IDEMPOTENT)(later)


def test_looking_belongs_to_reconcilable() -> None:
    with pytest.raises(TypeError, match="find"):
        action(repeat=Repeat.RECONCILABLE)(say)
    with pytest.raises(TypeError, match="find"):
        action(repeat=Repeat.IDEMPOTENT, find=look)(say)


def test_repetition_may_depend_on_the_parameters() -> None:
    def judge(params: Ask, settings: Any) -> Repeat:
        return Repeat.IDEMPOTENT if params.text == settings else Repeat.UNKNOWABLE

    made = action(repeat=Repeat.UNKNOWABLE, repeat_for=judge)(say)
    assert made.repeat_of(Ask(text="x"), "x") is Repeat.IDEMPOTENT
    assert made.repeat_of(Ask(text="x"), "y") is Repeat.UNKNOWABLE
    assert action(repeat=Repeat.IDEMPOTENT)(say).repeat_of(Ask(), None) is Repeat.IDEMPOTENT


def test_what_is_no_action() -> None:
    async def no_title(params: Ask, ctx: ActionContext[Any]) -> Told:
        return Told(said="")

    async def no_params(params: str, ctx: ActionContext[Any]) -> Told:
        """Title."""
        return Told(said="")

    async def no_result(params: Ask, ctx: ActionContext[Any]) -> str:
        """Title."""
        return ""

    for function, word in ((no_title, "docstring"), (no_params, "Params"), (no_result, "Result")):
        with pytest.raises(TypeError, match=word):
            action(repeat=Repeat.IDEMPOTENT)(function)


def test_unknown_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="extra"):
        Ask.model_validate({"txt": "x"})
