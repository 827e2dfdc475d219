"""Channels: created, archived, joined, filled, described."""

from typing import Any, ClassVar

import pytest

from integrations_app.errors import InvalidInput, MissingScope, OutcomeUnknown, Rejected
from integrations_app.providers.slack.actions.channels import InviteToChannel


class TestCreateChannel:
    async def test_public_and_private(self, full: Any) -> None:
        for private in (False, True):
            made = await full.run("create_channel", name=f"#release-{private:d}", is_private=private)
            assert (made.name, made.is_private) == (f"release-{private:d}", private)
            await full.run("send_message", f"in-{private}", channel=made.id, text="first")

    async def test_a_lost_answer_is_found(self, full: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="slack", path=r"conversations\.create", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await full.run("create_channel", name="release-2")
        found = await full.find("create_channel", name="release-2")
        assert found.name == "release-2"

    async def test_what_never_arrived_and_channels_of_others_are_not_ours(self, full: Any) -> None:
        assert await full.find("create_channel", name="release-3") is None
        assert await full.find("create_channel", name="general") is None

    async def test_a_taken_name_and_one_that_slack_does_not_take(self, full: Any, sandbox: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await full.run("create_channel", name="general")
        assert refused.value.code == "name_taken"
        for wrong in ("Release Notes", "x" * 81, "a.b", "#"):
            with pytest.raises(InvalidInput, match="name"):
                await full.run("create_channel", name=wrong)
        assert len(sandbox.requests("conversations.create")) == 1

    async def test_needs_its_permission(self, connect: Any, sandbox: Any) -> None:
        slack = connect("slack", access_token=sandbox.token("slack", scopes=["channels:manage"]))
        with pytest.raises(MissingScope, match="groups:write"):
            await slack.run("create_channel", name="secret", is_private=True)


class TestArchiveChannel:
    async def test_twice_is_success(self, full: Any, sandbox: Any) -> None:
        made = await full.run("create_channel", name="short-lived")
        sandbox.fault(vendor="slack", path=r"conversations\.archive", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await full.run("archive_channel", channel=made.id)
        assert (await full.run("archive_channel", channel=made.id)).already_archived

    @pytest.mark.parametrize(
        ("channel", "code"), [("C0GENERAL", "cant_archive_general"), ("C0OPS0001", "not_in_channel")]
    )
    async def test_refusals(self, full: Any, channel: str, code: str) -> None:
        with pytest.raises(Rejected) as refused:
            await full.run("archive_channel", channel=channel)
        assert refused.value.code == code


class TestJoinChannel:
    async def test_joins_once_and_may_write_then(self, full: Any) -> None:
        first, second = [await full.run("join_channel", channel="#ops") for _ in range(2)]
        assert (first.already_in_channel, second.already_in_channel) == (False, True)
        await full.run("send_message", channel="C0OPS0001", text="hello")

    async def test_an_archived_one(self, full: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await full.run("join_channel", channel="C0OLD0001")
        assert refused.value.code == "is_archived"


class TestInviteToChannel:
    async def test_who_is_there_already_is_no_failure(self, full: Any) -> None:
        params = {"channel": "C0TRIAGE", "users": ["U0ADA", "U0KEN", "U0KEN"]}
        first, second = [await full.run("invite_to_channel", **params) for _ in range(2)]
        assert (first.invited, first.already_in_channel) == (["U0KEN"], ["U0ADA"])
        assert (second.invited, second.already_in_channel) == ([], ["U0ADA", "U0KEN"])

    async def test_a_lost_answer_can_be_repeated(self, full: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="slack", path=r"conversations\.invite", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await full.run("invite_to_channel", channel="C0TRIAGE", users=["U0KEN"])
        assert (await full.run("invite_to_channel", channel="C0TRIAGE", users=["U0KEN"])).already_in_channel == [
            "U0KEN"
        ]

    async def test_nobody_and_somebody_unknown(self, full: Any, sandbox: Any) -> None:
        with pytest.raises(InvalidInput, match="nobody"):
            await full.run("invite_to_channel", channel="C0TRIAGE", users=[" "])
        assert sandbox.requests("conversations.invite") == []
        with pytest.raises(Rejected) as refused:
            await full.run("invite_to_channel", channel="C0TRIAGE", users=["U0NOBODY"])
        assert refused.value.code == "user_not_found"

    async def test_its_picker_is_live(self, full: Any) -> None:
        assert [c.value for c in (await full.choices(InviteToChannel, "users", "ken")).choices] == ["U0KEN"]


class TestSetTopic:
    async def test_sets_and_takes_away(self, full: Any) -> None:
        for topic in ("Release on Friday", ""):
            assert (await full.run("set_topic", channel="#triage", topic=topic)).topic == topic

    async def test_refusals(self, full: Any, sandbox: Any) -> None:
        with pytest.raises(InvalidInput, match="250"):
            await full.run("set_topic", channel="C0TRIAGE", topic="x" * 251)
        assert sandbox.requests("conversations.setTopic") == []
        with pytest.raises(Rejected) as refused:
            await full.run("set_topic", channel="C0OPS0001", topic="x")
        assert refused.value.code == "not_in_channel"


class TestSetPurpose:
    async def test_sets_and_takes_away(self, full: Any) -> None:
        for purpose in ("Where releases are made", ""):
            assert (await full.run("set_purpose", channel="#triage", purpose=purpose)).purpose == purpose

    async def test_a_lost_answer_can_be_repeated(self, full: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="slack", path=r"conversations\.setPurpose", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await full.run("set_purpose", channel="C0TRIAGE", purpose="x")
        assert (await full.run("set_purpose", channel="C0TRIAGE", purpose="x")).purpose == "x"

    async def test_refusals(self, full: Any, sandbox: Any) -> None:
        with pytest.raises(InvalidInput, match="250"):
            await full.run("set_purpose", channel="C0TRIAGE", purpose="x" * 251)
        assert sandbox.requests("conversations.setPurpose") == []
        with pytest.raises(Rejected) as refused:
            await full.run("set_purpose", channel="C0OPS0001", purpose="x")
        assert refused.value.code == "not_in_channel"


class TestRenameChannel:
    async def test_renames(self, full: Any) -> None:
        made = await full.run("create_channel", name="before")
        renamed = await full.run("rename_channel", channel="#before", name="#after")
        assert (renamed.id, renamed.name) == (made.id, "after")
        await full.run("send_message", "after", channel="#after", text="x")

    @pytest.mark.parametrize("by_name", [False, True])
    async def test_a_lost_answer_is_found(self, full: Any, sandbox: Any, by_name: bool) -> None:
        made = await full.run("create_channel", name="before")
        params = {"channel": "#before" if by_name else made.id, "name": "after"}
        assert await full.find("rename_channel", **params) is None
        sandbox.fault(vendor="slack", path=r"conversations\.rename", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await full.run("rename_channel", **params)
        found = await full.find("rename_channel", **params)
        assert (found.id, found.name) == (made.id, "after")

    async def test_what_is_neither_here_nor_there_cannot_be_told(self, full: Any) -> None:
        with pytest.raises(Rejected) as refused:
            await full.find("rename_channel", channel="#gone", name="gone-too")
        assert refused.value.code == "channel_not_found"

    async def test_refusals(self, full: Any, sandbox: Any) -> None:
        with pytest.raises(InvalidInput, match="name"):
            await full.run("rename_channel", channel="C0TRIAGE", name="Two Words")
        assert sandbox.requests("conversations.rename") == []
        made = await full.run("create_channel", name="mine")
        for channel, name, code in (("C0TRIAGE", "x", "not_authorized"), (made.id, "general", "name_taken")):
            with pytest.raises(Rejected) as refused:
                await full.run("rename_channel", channel=channel, name=name)
            assert refused.value.code == code


class TestRemoveFromChannel:
    HERE: ClassVar = {"channel": "C0TRIAGE", "user": "U0ADA"}

    async def test_twice_is_success(self, full: Any, sandbox: Any) -> None:
        sandbox.fault(vendor="slack", path=r"conversations\.kick", effect="lose")
        with pytest.raises(OutcomeUnknown):
            await full.run("remove_from_channel", **self.HERE)
        assert (await full.run("remove_from_channel", **self.HERE)).already_outside
        await full.run("invite_to_channel", channel="C0TRIAGE", users=["U0ADA"])
        removed = await full.run("remove_from_channel", channel="#triage", user="U0ADA")
        assert (removed.channel, removed.user, removed.already_outside) == ("C0TRIAGE", "U0ADA", False)

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"channel": "C0OPS0001"}, "not_in_channel"),
            ({"channel": "C0GENERAL"}, "cant_kick_from_general"),
            ({"user": "U0NOBODY"}, "user_not_found"),
        ],
    )
    async def test_refusals(self, full: Any, change: dict[str, str], code: str) -> None:
        with pytest.raises(Rejected) as refused:
            await full.run("remove_from_channel", **(self.HERE | change))
        assert refused.value.code == code

    async def test_needs_its_permission(self, connect: Any, sandbox: Any) -> None:
        slack = connect("slack", access_token=sandbox.token("slack", scopes=["channels:read"]))
        with pytest.raises(MissingScope, match="channels:manage"):
            await slack.run("remove_from_channel", **self.HERE)
