"""Where the emulator (moto 5.2) answers otherwise than AWS, and is put right.

Each hook replaces one method of the emulator's, within its lock and its journal.
"""

from __future__ import annotations

import re
from typing import Any

_OF_SEVERAL_REGIONS = re.compile(r"mrk-[0-9a-f]{32}", re.IGNORECASE)


def install() -> None:
    """Installs every hook. To be called once, before the first request."""
    _key_ids()
    _replicas_of_keys()
    _locks_of_buckets()
    _routes_of_gateways()
    _scans_of_images()


def _key_ids() -> None:
    """`mrk-` and 32 digits, as KMS has it: a ciphertext begins with an id of 36 characters."""
    from moto.kms import models, utils
    from moto.kms.exceptions import NotFoundException
    from moto.kms.responses import KmsResponse

    generated, validated = utils.generate_key_id, KmsResponse._validate_cmk_id

    def generate(multi_region: bool = False) -> str:
        id = generated()
        return f"mrk-{id.replace('-', '')}" if multi_region else id

    def validate(self: Any, key_id: str) -> None:
        if not _OF_SEVERAL_REGIONS.fullmatch(key_id):
            validated(self, key_id)
        elif key_id not in self.kms_backend.keys:
            raise NotFoundException(f"Key '{self._display_arn(key_id)}' does not exist")

    models.generate_key_id = generate  # type: ignore[attr-defined]
    KmsResponse._validate_cmk_id = validate  # type: ignore[method-assign]


def _replicas_of_keys() -> None:
    """A replica shares its primary's material and id, and nothing else: the primary stays the primary, and a
    region takes a second replica only when the first is gone (KMS API, ReplicateKey)."""
    from moto.kms.exceptions import AlreadyExistsException
    from moto.kms.models import KmsBackend, kms_backends

    replicated = KmsBackend.replicate_key

    def replicate(self: Any, key_id: str, replica_region: str) -> Any:
        id = self.get_key_id(key_id)
        if id in kms_backends[self.account_id][replica_region].keys:
            raise AlreadyExistsException(f"Key {id} already exists in {replica_region}.")
        replica = replicated(self, id, replica_region)
        replica.multi_region_configuration = {
            **replica.multi_region_configuration,
            "MultiRegionKeyType": "REPLICA",
        }
        replica.aliases, replica.grants = {}, {}
        return replica

    KmsBackend.replicate_key = replicate  # type: ignore[method-assign]


def _locks_of_buckets() -> None:
    """Object Lock can be turned on, changed and relaxed on a bucket that holds objects (S3 guide, "Enable
    Object Lock on an existing S3 bucket")."""
    from moto.s3.models import S3Backend

    put = S3Backend.put_object_lock_configuration

    def put_on_any(self: Any, bucket_name: str, *given: Any, **named: Any) -> None:
        bucket = self.get_bucket(bucket_name)
        held, bucket.keys = bucket.keys, type(bucket.keys)()
        try:
            put(self, bucket_name, *given, **named)
        finally:
            bucket.keys = held

    S3Backend.put_object_lock_configuration = put_on_any  # type: ignore[method-assign]


def _routes_of_gateways() -> None:
    """A gateway endpoint has a route in each of its tables, whenever they became its own: the emulator makes
    them with the endpoint alone, and then cannot delete it."""
    from moto.ec2.models.vpcs import VPCBackend

    modified = VPCBackend.modify_vpc_endpoint

    def modify(self: Any, vpc_id: str, *given: Any, **named: Any) -> None:
        endpoint = self.describe_vpc_endpoints(vpc_end_point_ids=[vpc_id])[0]
        before = set(endpoint.route_table_ids or ())
        modified(self, vpc_id, *given, **named)
        after, services = set(endpoint.route_table_ids or ()), endpoint.destination_prefix_list_id
        if not services:
            return
        for table in before - after:
            self.delete_route(table, services)
        for table in after - before:
            self.create_route(table, None, gateway_id=endpoint.id, destination_prefix_list_id=services)

    VPCBackend.modify_vpc_endpoint = modify  # type: ignore[method-assign]


def _scans_of_images() -> None:
    """A repository that scans on push has a scan of each image that is put; one that nobody gave findings
    found none, for nothing looks into an image here. The emulator finds a made-up one."""
    from moto.core.utils import utcnow
    from moto.ecr.models import ECRBackend

    put, described = ECRBackend.put_image, ECRBackend.describe_image_scan_findings

    def put_and_scan(self: Any, repository_name: str, *given: Any, **named: Any) -> Any:
        image = put(self, repository_name, *given, **named)
        configuration = self.repositories[repository_name].image_scanning_configuration
        if configuration.get("scanOnPush") and image.last_scan is None:
            image.last_scan = utcnow()
        return image

    def describe(self: Any, *given: Any, **named: Any) -> Any:
        answer = described(self, *given, **named)
        findings = answer.get("imageScanFindings", {})
        if [one.get("name") for one in findings.get("findings", ())] == ["CVE-9999-9999"]:
            found: dict[str, Any] = {**findings, "findings": [], "findingSeverityCounts": {}}
            return {**answer, "imageScanFindings": found}
        return answer

    ECRBackend.put_image = put_and_scan  # type: ignore[method-assign]
    ECRBackend.describe_image_scan_findings = describe  # type: ignore[method-assign]
