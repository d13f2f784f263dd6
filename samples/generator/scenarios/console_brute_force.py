"""Passwords are tried at the console until one works."""

from generator.clock import at
from generator.containers import s3_files
from generator.dice import Dice
from generator.identities import iam_user, sso_person
from generator.trail import Trail, nobody, refused, signing_in

ACCOUNT = "111122223333"
DAY = "2026-10-06"
GUESSER = "203.0.113.45"
OFFICE = "198.51.100.23"


def files():
    """The log files of both Regions."""
    dice = Dice("console-brute-force")
    return work(dice) | s3_files(dice, sign_ins(dice), 30)


def sign_ins(dice):
    """Sign-ins of IAM users are logged in us-east-1."""
    trail = Trail(dice, ACCOUNT, "us-east-1")

    def fails(time, user, address=GUESSER):
        return trail.login(at(DAY, time), refused(ACCOUNT, user), address, ok=False)

    out = [fails("08:54:40", "lena.brandt", OFFICE), fails("08:55:12", "lena.brandt", OFFICE)]
    lena = signing_in(iam_user(ACCOUNT, "lena.brandt"))
    out.append(trail.login(at(DAY, "08:58:03"), lena, "198.51.100.77", ok=True, mfa="Yes"))
    for time, user in (
        ("10:02:11", "ines.costa"),
        ("10:04:36", "tom.berg"),
        ("10:07:02", "hanna.falk"),
        ("10:09:48", "piet.vos"),
        ("10:12:25", "lena.brandt"),
    ):
        out.append(fails(time, user))
    for time in ("10:10:51", "10:11:40"):
        hidden = nobody(ACCOUNT)
        out.append(trail.login(at(DAY, time), hidden, GUESSER, ok=False, message="No username found in supplied account"))
    for time in ("10:15:58", "10:16:31", "10:17:09", "10:18:22", "10:19:50", "10:20:47", "10:21:39"):
        out.append(fails(time, "mara.lindt"))
    mara = signing_in(iam_user(ACCOUNT, "mara.lindt"))
    out.append(trail.login(at(DAY, "10:23:14"), mara, GUESSER, ok=True, mfa="No"))
    return out


def work(dice):
    """Three people at work: a few calls in every hour."""
    trail = Trail(dice, ACCOUNT, "eu-west-1")
    apis = ["ec2:DescribeInstances", "s3:ListBuckets", "monitoring:DescribeAlarms", "lambda:ListFunctions20150331", "logs:DescribeLogGroups"]
    people = [
        (sso_person(ACCOUNT, "Operator", "noor.dekker@example.com", at(DAY, "07:31:06")), OFFICE),
        (sso_person(ACCOUNT, "Developer", "ben.arada@example.com", at(DAY, "07:48:52")), "198.51.100.24"),
        (iam_user(ACCOUNT, "lena.brandt", at(DAY, "08:58:03")), "198.51.100.77"),
    ]
    calls = []
    for who, address in people:
        for hour in range(9, 13):
            for time in dice.times(at(DAY, f"{hour:02d}:00"), 3600, dice.between(5, 9)):
                calls.append(trail.call(time, who, dice.pick(apis), (address, "browser"), request={}))
    return s3_files(dice, calls, 60)
