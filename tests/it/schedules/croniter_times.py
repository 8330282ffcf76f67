"""Says when cron expressions run by croniter. One JSON object a line comes in and goes out.

In: `cron`, `zone`, `after` (seconds since 1970), `count`.
Out (empty for what no day matches): `times`, the next times by the wall clock alone, each with what the clocks of the zone make
of it; `zoned`, the next times as croniter says them of a zone; `is_every_hour`, whether croniter takes it for one of every hour.
A time is [seconds since 1970, kind]; the kind is

- `plain`: it comes once;
- `first`, `second`: the clocks go back, and it comes twice;
- `gap`: the clocks go forward past it; the time is the first moment after the gap.
"""

import json
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from croniter import CroniterBadDateError, croniter

# No clock goes forward or back by more.
LARGEST_CHANGE = timedelta(hours=2)


def instant(wall, zone, fold):
    """Returns the moment when the clocks of a zone show a time."""
    return int(wall.replace(tzinfo=zone, fold=fold).timestamp())


def shown(at, zone):
    """Returns what the clocks of a zone show at a moment."""
    return datetime.fromtimestamp(at, zone).replace(tzinfo=None)


def gap_end(wall, zone):
    """Returns the first moment after the gap in which a time lies."""
    before, after = instant(wall, zone, 1), instant(wall, zone, 0)
    while after - before > 1:
        middle = (before + after) // 2
        if shown(middle, zone) < wall:
            before = middle
        else:
            after = middle
    return after


def kinds(wall, zone):
    """Returns the moments of a time on the wall clock."""
    one, other = instant(wall, zone, 0), instant(wall, zone, 1)
    if one == other:
        return [(one, "plain")]
    if one < other:
        return [(one, "first"), (other, "second")]
    return [(gap_end(wall, zone), "gap")]


def times(cron, zone, after, count):
    """Returns the next times by the wall clock, with what the zone makes of them: some more than are asked for."""
    begin = shown(after, zone) - LARGEST_CHANGE
    walls = croniter(cron, begin.replace(tzinfo=timezone.utc))
    found, end = set(), None
    while end is None or wall < end:
        wall = walls.get_next(datetime).replace(tzinfo=None)
        found.update(moment for moment in kinds(wall, zone) if moment[0] > after)
        sure = sum(kind in ("plain", "first") for _, kind in found)
        if end is None and sure >= count:
            end = wall + 2 * LARGEST_CHANGE
    return sorted(found)


def zoned(cron, zone, after, count):
    """Returns the next times as croniter says them of a zone."""
    walls = croniter(cron, datetime.fromtimestamp(after, zone))
    return [int(walls.get_next(datetime).timestamp()) for _ in range(count)]


for line in sys.stdin:
    case = json.loads(line)
    arguments = case["cron"], ZoneInfo(case["zone"]), case["after"], case["count"]
    try:
        said = {"times": times(*arguments), "zoned": zoned(*arguments)}
    except CroniterBadDateError:
        said = {"times": [], "zoned": []}
    print(json.dumps(said | {"is_every_hour": "*" in croniter.expand(case["cron"])[0][1]}))
