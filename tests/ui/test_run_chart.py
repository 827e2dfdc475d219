"""The chart of the last day: shares of the tallest hour, and the same in words."""

from datetime import UTC, datetime, timedelta

from integrations_app.ui.pages.run_chart import chart_of, summary_of
from integrations_app.workflows.run_statistics import HourCount

HOUR = datetime(2026, 11, 23, 17, tzinfo=UTC)


def hour(back: int, **by_status: int) -> HourCount:
    return HourCount(HOUR - timedelta(hours=back), by_status)


def test_bars_are_shares_of_the_tallest_hour() -> None:
    chart = chart_of([hour(1, succeeded=3, failed=1), hour(0, succeeded=1, held=1, running=1, cancelled=5)])
    first, last = chart.bars
    assert (first.succeeded, first.failed, first.held, first.other) == ("37.50%", "12.50%", "", "")
    assert (last.succeeded, last.failed, last.held, last.other) == ("12.50%", "", "12.50%", "75.00%")
    assert (chart.succeeded, chart.failed, chart.held, chart.other, chart.tallest) == (4, 1, 1, 6, 8)


def test_every_bar_says_its_hour_and_numbers() -> None:
    chart = chart_of([hour(2, failed=2), hour(1), hour(0, succeeded=1200)])
    assert [bar.title for bar in chart.bars] == [
        "2 hours ago: 2 failed",
        "1 hour ago: no runs",
        "This hour: 1,200 succeeded",
    ]


def test_the_summary_is_one_sentence() -> None:
    assert summary_of((1, 0, 0, 0)) == "1 run in the last 24 hours: 1 succeeded."
    assert summary_of((2, 1, 1, 3)) == (
        "7 runs in the last 24 hours: 2 succeeded, 1 failed, 1 held, 3 under way or cancelled."
    )
    assert summary_of((0, 0, 0, 0)) == "No runs in the last 24 hours."


def test_no_hours_make_an_empty_chart() -> None:
    assert chart_of([]).summary == "No runs in the last 24 hours."
