"""Chance that is the same on every machine and under every version of Python."""

import hashlib

MASK = (1 << 64) - 1
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Dice:
    """A splitmix64 generator, seeded by a text."""

    def __init__(self, seed):
        self.state = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")

    def next(self):
        """The next 64 bits."""
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def below(self, n):
        """A whole number from 0 to n - 1."""
        return self.next() % n

    def between(self, low, high):
        """A whole number from low to high, both possible."""
        return low + self.below(high - low + 1)

    def chance(self, percent):
        """True in so many of a hundred cases."""
        return self.below(10_000) < percent * 100

    def pick(self, items):
        """One of the items."""
        return items[self.below(len(items))]

    def hex(self, digits):
        """So many hexadecimal digits."""
        text = ""
        while len(text) < digits:
            text += f"{self.next():016x}"
        return text[:digits]

    def base32(self, letters):
        """So many capital letters and digits, as in the ids of IAM."""
        return "".join(BASE32[self.below(32)] for _ in range(letters))

    def uuid(self):
        """A version 4 UUID."""
        h = self.hex(32)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{'89ab'[int(h[16], 16) % 4]}{h[17:20]}-{h[20:]}"

    def times(self, start, seconds, count):
        """So many instants in order, spread over the seconds after start without regular gaps."""
        slot = seconds / count
        return [int(start + slot * i + self.below(max(1, int(slot)))) for i in range(count)]
