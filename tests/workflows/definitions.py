"""Definitions as hypothesis makes them: every kind of step, nested, with any text that people can write."""

from typing import Any

from hypothesis import strategies as st

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(lambda text: "{{" not in text)
names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(str.strip)
scalars = texts | st.integers(-(2**53), 2**53) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | st.none(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
connections = st.sampled_from(["c" * 32, "d" * 32, "e" * 32, "", "a name of elsewhere"])


def definitions() -> st.SearchStrategy[dict[str, Any]]:
    """A definition that parses."""
    return st.builds(_numbered, _triggers(), names, st.lists(_steps(), max_size=4))


def _triggers() -> st.SearchStrategy[dict[str, Any]]:
    return st.one_of(
        st.just({"type": "manual"}),
        st.fixed_dictionaries({"type": st.just("schedule"), "config": st.just({"cron": "0 9 * * 1"})}),
        st.fixed_dictionaries(
            {"type": st.just("webhook"), "config": st.fixed_dictionaries({"endpoint": st.just("f" * 32)})}
        ),
        st.fixed_dictionaries({"type": st.just("probe.said"), "connection": connections}),
    )


def _steps() -> st.SearchStrategy[dict[str, Any]]:
    own = {"name": names, "when": st.none() | st.just("trigger.a == 'b'")}
    action = st.fixed_dictionaries(
        {
            "type": st.just("action"),
            "action": st.sampled_from(["probe.put", "probe.tell", ""]),
            "connection": connections,
            "inputs": st.dictionaries(texts, values, max_size=3),
            "retry": st.fixed_dictionaries({"attempts": st.integers(1, 20)}),
            "timeout_seconds": st.floats(1, 600),
        },
        optional=own,
    )
    delay = st.fixed_dictionaries({"type": st.just("delay"), "seconds": st.floats(0, 100) | st.none()}, optional=own)
    stop = st.fixed_dictionaries({"type": st.just("stop"), "message": texts}, optional=own)
    answer = st.fixed_dictionaries(
        {"type": st.just("respond_to_webhook"), "headers": st.dictionaries(texts, texts, max_size=2), "body": values},
        optional=own | {"status": st.integers(0, 999) | texts},
    )
    return st.recursive(action | delay | stop | answer, _around, max_leaves=6)


def _around(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    some = st.lists(inner, max_size=2)
    loop = st.fixed_dictionaries({"type": st.just("for_each"), "items": texts | st.lists(values), "steps": some})
    ways = st.lists(st.fixed_dictionaries({"when": st.just("true == true"), "steps": some}), max_size=2)
    return loop | st.fixed_dictionaries({"type": st.just("condition"), "branches": ways})


def _numbered(trigger: dict[str, Any], name: str, steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Keys that differ, also where one step was put in twice."""
    count = 0

    def with_keys(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        nonlocal count
        made = []
        for step in listed:
            count += 1
            copy = {"key": f"step_{count}", **step}
            if "steps" in copy:
                copy["steps"] = with_keys(copy["steps"])
            if "branches" in copy:
                copy["branches"] = [{**way, "steps": with_keys(way["steps"])} for way in copy["branches"]]
            made.append(copy)
        return made

    return {"format": 1, "name": name, "trigger": trigger, "steps": with_keys(steps)}
