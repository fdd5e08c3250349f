"""The contract of the one source, after the data set `Phishing` that river ships (UCI, 1,250 websites)."""

from ml.quality.contract import Column, Source

SIGNS = (
    "empty_server_form_handler",
    "popup_window",
    "https",
    "request_from_other_domain",
    "anchor_from_other_domain",
    "is_popular",
    "long_url",
)
"""What was seen of a website: 0 looks sound, 1 does not, 0.5 is between."""

SITES = Source(
    name="sites",
    columns=(
        Column(name="number", kind="integer", minimum=0),
        *(Column(name=name, kind="number", minimum=0, maximum=1) for name in SIGNS),
        Column(name="age_of_domain", kind="integer", minimum=0, maximum=1),
        Column(name="ip_in_url", kind="integer", minimum=0, maximum=1),
        Column(name="is_phishing", kind="integer", minimum=0, maximum=1),
    ),
    key=("number",),
)
