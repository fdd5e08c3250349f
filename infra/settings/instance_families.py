"""Which families and sizes of instances does SageMaker have?"""

from difflib import get_close_matches

FAMILIES = frozenset(
    [
        "c4",
        "c5",
        "c5d",
        "c5n",
        "c6g",
        "c6gd",
        "c6gn",
        "c6i",
        "c6in",
        "c7g",
        "c7i",
        "c7i-flex",
        "c8g",
        "c8i",
        "c8i-flex",
        "dl1",
        "g4dn",
        "g5",
        "g6",
        "g6e",
        "g7",
        "g7e",
        "inf1",
        "inf2",
        "m4",
        "m5",
        "m5d",
        "m6g",
        "m6gd",
        "m6i",
        "m7i",
        "m7i-flex",
        "m8g",
        "m8i",
        "m8i-flex",
        "p2",
        "p3",
        "p3dn",
        "p4d",
        "p4de",
        "p5",
        "p5e",
        "p5en",
        "p6-b200",
        "p6-b300",
        "p6e-gb200",
        "r5",
        "r5d",
        "r6g",
        "r6gd",
        "r6i",
        "r7gd",
        "r7i",
        "r8g",
        "r8i",
        "r8i-flex",
        "t2",
        "t3",
        "trn1",
        "trn1n",
        "trn2",
    ]
)
"""What SageMaker's API names for jobs and endpoints (botocore of November 2026)."""

_MULTIPLES = (2, 4, 6, 8, 9, 10, 12, 16, 18, 24, 32, 36, 48, 96)
SIZES = frozenset(["medium", "large", "xlarge", *(f"{multiple}xlarge" for multiple in _MULTIPLES)])


def of_a_known_family(value: str) -> str:
    """The instance type, if there can be one. Raises ValueError with the families that come close."""
    _, family, size = value.split(".")
    if family not in FAMILIES or size not in SIZES:
        close = get_close_matches(family, sorted(FAMILIES), n=3) or ["m5", "c5", "g5"]
        raise ValueError(
            f"ml.<family>.<size> with a family of SageMaker's, such as {', '.join(close)}, "
            "and a size such as large, xlarge, 2xlarge"
        )
    return value
