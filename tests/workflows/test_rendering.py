"""What a text of the editor comes to with sample values, and what is said where there are none."""

from integrations_app.organizations.hub import Hub
from integrations_app.workflows import service
from integrations_app.workflows.rendering import SHOWN_CHARS
from tests.workflows.probe import ACTOR
from tests.workflows.test_pins import TWO_STEPS


async def test_inputs_are_rendered_with_the_samples_of_a_test(hub: Hub) -> None:
    workflow = (await service.create(hub, ACTOR, TWO_STEPS)).id
    await service.pin(hub, ACTOR, workflow, "trigger", {"who": "Ada", "list": [1, True], "long": "x" * 1000})
    texts = {
        "plain": "no variable",
        "mixed": "By {{ trigger.who | upper }}",
        "typed": "{{ trigger.list }}",
        "missing": "{{ steps.one.output.text }}",
        "unfit": "{{ trigger.list | upper }}",
        "broken": "{{ trigger. }}",
        "long": "{{ trigger.long }}",
    }
    found = await service.render_inputs(
        hub, ACTOR, workflow, "two", {name: (text, None) for name, text in texts.items()}
    )
    assert found["mixed"] == "By ADA"
    assert found["typed"] == "[1,true]"
    assert found["missing"] == "No sample for steps.one.output.text yet."
    assert found["unfit"] == "trigger.list is a list, not a text."
    assert found["broken"].startswith("character")
    assert len(found["long"]) == SHOWN_CHARS + 1
    assert "plain" not in found


async def test_a_step_deep_inside_a_loop_reads_the_first_item(hub: Hub) -> None:
    say = {"key": "say", "type": "stop", "message": "{{ item }}"}
    decide = {"key": "decide", "type": "condition", "branches": [{"when": "true", "steps": [say]}]}
    each = {"key": "each", "type": "for_each", "items": "{{ trigger.list }}", "steps": [decide]}
    workflow = (await service.create(hub, ACTOR, {"format": 1, "name": "Deep", "steps": [each]})).id
    await service.pin(hub, ACTOR, workflow, "trigger", {"list": ["first", "second"]})
    inputs = {"message": ("{{ item }}", None)}
    assert await service.render_inputs(hub, ACTOR, workflow, "say", inputs) == {"message": "first"}
    rows = await service.load_variables(hub, ACTOR, workflow, "say")
    assert {row.path: row.sample for row in rows}["item"] == "first"
