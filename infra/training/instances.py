"""What does an instance type imply?"""

import re

_TYPE = re.compile(r"^ml\.(?P<letters>[a-z]+)(?P<generation>\d+)(?P<options>[a-z-]*)\.")
_LOCAL_FAMILIES = frozenset(
    {"g4dn", "g5", "g6", "g6e", "gr6", "p5", "p5e", "p5en", "trn1", "trn1n", "i3", "i3en"}
)


_ACCELERATED = re.compile(r"^ml\.(g|gr|p|trn|inf|dl)\d")


def has_accelerator(instance_type: str) -> bool:
    """Whether it has GPUs or the like: families g, gr, p, trn, inf and dl (EC2, "Accelerated computing")."""
    return _ACCELERATED.match(instance_type) is not None


def has_local_storage(instance_type: str) -> bool:
    """Whether its disks are its own: they are encrypted by the hardware, and the API refuses a key for them.

    Source: SageMaker API, `ResourceConfig.VolumeKmsKeyId` ("Certain Nitro-based instances include local
    storage"); EC2 marks them with a `d` among the letters after the generation; some families always have it.
    """
    match = _TYPE.match(instance_type)
    if match is None:
        return False
    family = match["letters"] + match["generation"] + match["options"]
    return family in _LOCAL_FAMILIES or "d" in match["options"]
