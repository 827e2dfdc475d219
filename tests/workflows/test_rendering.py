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
