"""The lives of the types of `resourcegroups`."""

from __future__ import annotations

import json

from lives.life import Life

_QUERY = {"ResourceTypeFilters": ["AWS::AllSupported"], "TagFilters": [{"Key": "Project", "Values": ["x"]}]}

LIVES = [
    Life(
        "aws:resourcegroups/group:Group",
        lambda _: {"resourceQuery": {"query": json.dumps(_QUERY), "type": "TAG_FILTERS_1_0"}},
        {"description": "of the platform", "tags": {"a": "b"}},
        {"name": "other"},
    ),
]
