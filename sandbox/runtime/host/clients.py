"""How does any AWS client reach a sandbox? The variables of its environment, and its configuration file.

It imports nothing heavy: the command asks for it at each start.
"""

from __future__ import annotations

from pathlib import Path

CLIENT_CONFIG = "aws.config"
CLIENT_CONFIG_TEXT = "[default]\ns3 =\n    addressing_style = path\n"
"""The client configuration that the host writes into its root: buckets stand in the path, not in the host
name."""
SECRET_KEY = "sandbox"  # noqa: S105 - signatures are not checked on the loopback


def access_key_for(account_id: str) -> str:
    """The access key whose caller is that account: 20 characters, as the services demand of a key id."""
    return f"AKIA0000{account_id}"


def environment(root: Path, endpoint_url: str, account_id: str, region: str) -> dict[str, str]:
    """What leads any AWS client to that cloud, whatever profile the user's own shell names."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": access_key_for(account_id),
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_SESSION_TOKEN": "",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PROFILE": "default",
        "AWS_CONFIG_FILE": str(root / CLIENT_CONFIG),
        "AWS_SHARED_CREDENTIALS_FILE": str(root / CLIENT_CONFIG),
    }
