"""Which values may be typed for an argument: numbers within bounds, pairs."""

import argparse


def positive(text: str) -> int:
    """A whole number from 1 on."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from 1 on")
    return number


def port(text: str) -> int:
    """A port of TCP."""
    number = positive(text)
    if number > 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port; ports go from 1 to 65535")
    return number


def above_zero(text: str) -> float:
    """A finite number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e12:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number above 0")
    return number


def percent(text: str) -> int:
    """A whole percentage from 1 to 100."""
    number = int(text) if text.isdigit() else 0
    if not 1 <= number <= 100:
        raise argparse.ArgumentTypeError(f"'{text}' is not a percentage from 1 to 100")
    return number


def amount(text: str) -> float:
    """US dollars, from 0 on."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e12:
        raise argparse.ArgumentTypeError(f"'{text}' is not an amount of dollars from 0 on")
    return number


def pair(text: str) -> tuple[str, str]:
    """`NAME=VALUE`, taken apart at the first sign."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, value
