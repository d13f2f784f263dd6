"""Instants as whole seconds since 1970, in UTC."""

from datetime import datetime, timezone


def at(day, time="00:00:00"):
    """The instant of a day (`2026-10-06`) and a time (`10:02` or `10:02:11`)."""
    return int(datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=timezone.utc).timestamp())


def show(seconds, form="%Y-%m-%dT%H:%M:%SZ"):
    """The instant as text, as CloudTrail writes it."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime(form)
