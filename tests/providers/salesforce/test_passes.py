"""The cursor over changes: nothing that was there is told, nothing that comes is lost, in whatever order it is seen."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from integrations_app.providers.salesforce.passes import ANSWERING, LATE, Key, Progress, overlapped
from tests.examples import many

BEGAN = datetime(2026, 11, 29, 12, tzinfo=UTC)
QUIET = timedelta(minutes=7)


@dataclass(frozen=True)
class Version:
    """A record as one transaction wrote it: stamped then, seen later. Times in seconds from the beginning."""

    identifier: str
    stamped: int
    seen: int

    @property
    def key(self) -> Key:
        return stamp(self.stamped), self.identifier

    @property
    def name(self) -> str:
        return f"{self.identifier}/{self.stamped}"


@dataclass(frozen=True)
class Look:
    """One page: asked after a pause, its answer on the way for a while, and then kept, unless it is lost."""

    pause: int
    answering: int
    kept: bool


def stamp(seconds: int) -> str:
    return f"{BEGAN + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.000+0000"


def visible(versions: list[Version], now: int) -> list[Version]:
    """The newest version of each record that can be seen, in the order of time and id."""
    newest: dict[str, Version] = {}
    for one in sorted((one for one in versions if one.seen <= now), key=lambda one: (one.seen, one.stamped)):
        newest[one.identifier] = one
    return sorted(newest.values(), key=lambda one: one.key)


@dataclass
class Looking:
    """What the framework does with the cursor: keep it together with what it brought, each name once."""

    versions: list[Version]
    size: int
    remembered: int
    now: int = 0

    def __post_init__(self) -> None:
        since = overlapped(BEGAN)
        near = [one for one in reversed(visible(self.versions, 0)) if one.key[0] >= since][: self.remembered]
        whole = len(near) < self.remembered
        self.cursor = Progress.begun(since, [(one.key, one.name) for one in near], whole=whole).written()
        self.told: list[str] = []

    def look(self, look: Look) -> bool:
        """Whether there is more."""
        self.now += look.pause
        progress, asked = Progress.read(self.cursor), self.now
        page = [one for one in visible(self.versions, asked) if self._behind(one, progress.at)][: self.size]
        more = len(page) == self.size
        self.now += look.answering
        if not look.kept:
            return True
        told_at = BEGAN + timedelta(seconds=self.now)
        fresh = [one.name for one in page if one.name not in progress.known]
        self.told += [name for name in fresh if name not in self.told]
        self.cursor = progress.behind([one.key for one in page], told_at, more=more).written()
        return more

    @staticmethod
    def _behind(one: Version, at: Key) -> bool:
        return one.key > at if at[1] else one.key[0] >= at[0]

    def finish(self) -> None:
        """Look on until everything has been seen for a while."""
        latest = max((one.seen for one in self.versions), default=0)
        self.now = max(self.now, latest)
        while self.look(Look(1, 0, kept=True)):
            pass
        while self.look(Look(1, 0, kept=True)):
            pass


VERSIONS = st.lists(
    st.builds(
        lambda number, stamped, late: Version(f"{number:03}", stamped, stamped + late),
        st.integers(0, 30),
        st.integers(-900, 3600),
        st.integers(0, int(LATE.total_seconds())),
    ),
    max_size=60,
    unique_by=lambda one: one.name,
)
LOOKS = st.lists(
    st.builds(Look, st.integers(0, 1500), st.integers(0, int(ANSWERING.total_seconds())), st.booleans()), max_size=30
)


@settings(max_examples=many(400))
@given(VERSIONS, LOOKS, st.integers(2, 7), st.integers(1, 40))
def test_nothing_is_lost_and_nothing_that_was_there_is_told(
    versions: list[Version], looks: list[Look], size: int, remembered: int
) -> None:
    looking = Looking(versions, size, remembered)
    there = {one.name for one in visible(versions, 0)}
    floor = Progress.read(looking.cursor).floor
    for look in looks:
        looking.look(look)
    looking.finish()
    latest = max((one.seen for one in versions), default=0)
    came = [one for one in visible(versions, latest) if one.name not in there]
    # With more there than is remembered, what is behind the oldest that is remembered counts as there, too.
    expected = {one.name for one in came if remembered > len(there) or one.key > floor}
    assert expected <= set(looking.told)
    assert not set(looking.told) & there


def test_a_pass_that_was_interrupted_for_a_day_loses_nothing() -> None:
    """What is seen late while a page is all that was read stays in reach, however new the rest of the pass is."""
    late = Version("late", 100, 130)
    versions = [Version(f"{number}", 101, 101) for number in range(3)] + [late, Version("next", 86_000, 86_000)]
    looking = Looking(versions, 2, 10)
    looking.look(Look(110, 0, kept=True))
    looking.look(Look(86_400, 0, kept=True))
    looking.finish()
    assert late.name in looking.told


def test_a_quiet_object_costs_one_short_page() -> None:
    """What was told long ago is not read again and again, although nothing newer has come."""
    versions = [Version(f"{number:02}", 60, 60) for number in range(40)]
    looking = Looking(versions, 10, 10)
    looking.finish()
    looking.look(Look(int(QUIET.total_seconds()), 0, kept=True))
    looking.finish()
    assert Progress.read(looking.cursor).at[0] > stamp(60)
    assert Progress.read(looking.cursor).known == frozenset()


def test_the_cursor_is_small_json_that_reads_as_it_was_written() -> None:
    begun = Progress.begun(stamp(0), [((stamp(5), "b"), "b"), ((stamp(1), "a"), "a")], whole=True)
    assert Progress.read(begun.written()) == begun
    assert begun.floor == (stamp(0), "")
    assert Progress.begun(stamp(0), [((stamp(5), "b"), "b")], whole=False).floor == (stamp(5), "b")
