"""Route 53: hosted zones."""

from __future__ import annotations

from typing import Any, Final

from sandbox.aws.cloud import Cloud
from sandbox.aws.invokes import Functions
from sandbox.engine.values import PropertyMap


def _zone(cloud: Cloud, arguments: PropertyMap) -> PropertyMap:
    named = str(arguments.get("name") or "").rstrip(".") + "."
    found: list[dict[str, Any]] = []
    for page in cloud.pages("route53", "ListHostedZones", "HostedZones"):
        for zone in page["HostedZones"]:
            bare = zone["Id"].rsplit("/", 1)[-1]
            private = bool(zone.get("Config", {}).get("PrivateZone"))
            wanted = bare == arguments["zoneId"] if arguments.get("zoneId") else zone["Name"] == named
            if wanted and (arguments.get("zoneId") or private == bool(arguments.get("privateZone"))):
                found.append({**zone, "Id": bare})
    if len(found) != 1:
        name = arguments.get("zoneId") or arguments.get("name")
        raise LookupError(f"{len(found)} hosted zones match {name}, and one is needed")
    zone = found[0]
    details = cloud.call("route53", "GetHostedZone", {"Id": zone["Id"]})
    servers = list(details.get("DelegationSet", {}).get("NameServers") or ())
    return {
        "arn": f"arn:{cloud.partition}:route53:::hostedzone/{zone['Id']}",
        "callerReference": zone.get("CallerReference") or "",
        "comment": zone.get("Config", {}).get("Comment") or "",
        "enableAcceleratedRecovery": False,
        "id": zone["Id"],
        "linkedServiceDescription": "",
        "linkedServicePrincipal": "",
        "name": str(zone["Name"]).rstrip("."),
        "nameServers": servers,
        "primaryNameServer": servers[0] if servers else "",
        "privateZone": bool(zone.get("Config", {}).get("PrivateZone")),
        "resourceRecordSetCount": zone.get("ResourceRecordSetCount", 2),
        "tags": {},
        "vpcId": arguments.get("vpcId") or "",
        "zoneId": zone["Id"],
    }


FUNCTIONS: Final[Functions] = {"aws:route53/getZone:getZone": _zone}
