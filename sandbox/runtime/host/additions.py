"""Operations that the emulator (moto 5.2) lacks, or does by halves, beside others of the same resource.

They change the emulator's own objects, within its lock and its journal, as its own operations do.
"""

from __future__ import annotations

import json
from typing import Any


def install() -> None:
    """Adds every operation. To be called once, before the first request."""
    _client_ids()
    _authorizers()
    _detector_features()


def _client_ids() -> None:
    from moto.core.responses import EmptyResult
    from moto.iam.responses import IamResponse

    def provider(self: Any) -> Any:
        return self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))

    def add(self: Any) -> Any:
        clients, wanted = provider(self).client_id_list, self._get_param("ClientID")
        if wanted not in clients:
            clients.append(wanted)
        return EmptyResult()

    def remove(self: Any) -> Any:
        found = provider(self)
        gone = self._get_param("ClientID")
        found.client_id_list = [client for client in found.client_id_list if client != gone]
        return EmptyResult()

    IamResponse.add_client_id_to_open_id_connect_provider = add  # type: ignore[attr-defined]
    IamResponse.remove_client_id_from_open_id_connect_provider = remove  # type: ignore[attr-defined]


def _authorizers() -> None:
    from moto.apigatewayv2.responses import ApiGatewayV2Response

    def listed(self: Any) -> Any:
        api = self.apigatewayv2_backend.get_api(self.path.split("/")[-2])
        return 200, {}, json.dumps({"items": [one.to_json() for one in api.authorizers.values()]})

    ApiGatewayV2Response.get_authorizers = listed  # type: ignore[attr-defined]


def _detector_features() -> None:
    """An update of a detector changes the features that it names, and leaves the others as they were."""
    from moto.guardduty.models import Detector

    updated = Detector.update

    def update(self: Any, enable: Any, frequency: Any, sources: Any, features: Any) -> None:
        if features is not None:
            merged = {one["name"]: one for one in [*self.features, *features]}
            features = list(merged.values())
        updated(self, enable, frequency, sources, features)

    Detector.update = update  # type: ignore[assignment, method-assign]
