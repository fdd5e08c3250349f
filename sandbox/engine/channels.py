"""Channels of gRPC between the engine and what runs beside it on this machine."""

from __future__ import annotations

from typing import Final

import grpc

_LARGEST_MESSAGE: Final = 400 * 1024 * 1024
"""Bytes: what engines allow themselves (`rpcutil.GrpcChannelOptions`)."""
LARGEST: Final = (
    ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
    ("grpc.max_send_message_length", _LARGEST_MESSAGE),
)
"""How large messages may be, for both sides."""


def channel_to(address: str) -> grpc.Channel:
    """A channel to `address`, `host:port` on this machine."""
    return grpc.insecure_channel(
        address,
        options=[
            *LARGEST,
            # A proxy of the user's environment must not stand between this machine and itself.
            ("grpc.enable_http_proxy", 0),
            # Whoever has ended is not asked again. It also avoids a defect of grpcio 1.84 and 1.85: a call
            # that meets a server's shutdown is repeated without an end, and takes all memory (decision 0148).
            ("grpc.enable_retries", 0),
        ],
    )
