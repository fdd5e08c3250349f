"""The model registry: groups, and the versioned model packages in them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from sandbox.runtime.overlay import Caller, Params, ServiceError
from sandbox.runtime.sagemaker import listing
from sandbox.runtime.sagemaker.records import Record, now
from sandbox.runtime.sagemaker.shelves import Shelves

Operation = Callable[[Params, Caller], Params]

_SHOWN = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageDescription",
    "CreationTime",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelLifeCycle",
)


class Packages:
    """Groups and packages; a package of a group is named `<group>/<version>`, one outside by its own name."""

    def __init__(self, shelves: Shelves) -> None:
        self._groups = shelves.groups
        self._packages = shelves.packages
        self._tags = shelves.tags
        self._lock = threading.Lock()
        self.operations: Mapping[str, Operation] = {
            "CreateModelPackageGroup": self._create_group,
            "DescribeModelPackageGroup": self._describe_group,
            "ListModelPackageGroups": self._list_groups,
            "DeleteModelPackageGroup": self._delete_group,
            "PutModelPackageGroupPolicy": self._put_policy,
            "GetModelPackageGroupPolicy": self._get_policy,
            "DeleteModelPackageGroupPolicy": self._delete_policy,
            "CreateModelPackage": self.create_package,
            "DescribeModelPackage": self._describe_package,
            "UpdateModelPackage": self._update_package,
            "ListModelPackages": self._list_packages,
            "DeleteModelPackage": self._delete_package,
        }

    def find(self, name_or_arn: str, caller: Caller) -> Record:
        """The package that an ARN or a name means. Raises ServiceError where there is none."""
        name = name_or_arn.partition(":model-package/")[2] or name_or_arn
        return self._packages.get(name, caller)

    def require_deployable(self, name_or_arn: str, caller: Caller) -> Record:
        """The package, if an endpoint may serve it. Raises ServiceError for one that nobody approved."""
        record = self.find(name_or_arn, caller)
        status = record.fields.get("ModelApprovalStatus", "Approved")
        if status != "Approved":
            raise ServiceError(
                "ValidationException",
                f"ModelPackage {record.arn} cannot be used to create a model: its ModelApprovalStatus is "
                f"{status}; approve it first.",
            )
        return record

    def _create_group(self, params: Params, caller: Caller) -> Params:
        fields = {key: value for key, value in params.items() if key != "Tags"}
        fields |= {"CreationTime": now(), "CreatedBy": {}, "ModelPackageGroupStatus": "Completed"}
        record = self._groups.create(params["ModelPackageGroupName"], caller, fields)
        self._tags.add(record.arn, params.get("Tags") or [])
        return {"ModelPackageGroupArn": record.arn}

    def _describe_group(self, params: Params, caller: Caller) -> Params:
        record = self._group(params, caller)
        return {**record.fields, "ModelPackageGroupArn": record.arn}

    def _list_groups(self, params: Params, caller: Caller) -> Params:
        shown = (
            "ModelPackageGroupName",
            "ModelPackageGroupDescription",
            "CreationTime",
            "ModelPackageGroupStatus",
        )
        records = listing.choose(self._groups.all(caller), params)
        items = [{**listing.summary(r, shown), "ModelPackageGroupArn": r.arn} for r in records]
        return listing.page(items, params, "ModelPackageGroupSummaryList")

    def _delete_group(self, params: Params, caller: Caller) -> Params:
        record = self._group(params, caller)
        with self._lock:
            if self._versions(record.name, caller):
                raise ServiceError(
                    "ConflictException",
                    f"Model Package Group {record.arn} cannot be deleted: it still holds model packages; "
                    "delete them first.",
                )
            self._groups.delete(record.name, caller)
        self._tags.forget(record.arn)
        return {}

    def _put_policy(self, params: Params, caller: Caller) -> Params:
        record = self._group(params, caller)
        self._groups.update(record, private={"policy": params["ResourcePolicy"]})
        return {"ModelPackageGroupArn": record.arn}

    def _get_policy(self, params: Params, caller: Caller) -> Params:
        policy = self._group(params, caller).private.get("policy")
        if policy is None:
            raise ServiceError(
                "ValidationException", "Cannot find resource policy for the model package group"
            )
        return {"ResourcePolicy": policy}

    def _delete_policy(self, params: Params, caller: Caller) -> Params:
        self._get_policy(params, caller)
        self._groups.update(self._group(params, caller), private={"policy": None})
        return {}

    def create_package(self, params: Params, caller: Caller) -> Params:
        fields = {key: value for key, value in params.items() if key not in {"Tags", "ClientToken"}}
        fields |= {
            "CreationTime": now(),
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        }
        group = params.get("ModelPackageGroupName")
        if (group is None) == (params.get("ModelPackageName") is None):
            raise ServiceError(
                "ValidationException",
                "A model package needs exactly one of ModelPackageGroupName and ModelPackageName",
            )
        with self._lock:
            name = params.get("ModelPackageName", "")
            if group is not None:
                shelf = self._group({"ModelPackageGroupName": group}, caller)
                number = int(shelf.private.get("last_version", 0)) + 1
                # A number is never used twice, also not after the newest package was deleted.
                self._groups.update(shelf, private={"last_version": number})
                name = f"{shelf.name}/{number}"
                fields |= {"ModelPackageGroupName": shelf.name, "ModelPackageVersion": number}
                fields.setdefault("ModelApprovalStatus", "PendingManualApproval")
            record = self._packages.create(name, caller, fields)
        self._tags.add(record.arn, params.get("Tags") or [])
        return {"ModelPackageArn": record.arn}

    def _describe_package(self, params: Params, caller: Caller) -> Params:
        record = self.find(params["ModelPackageName"], caller)
        # The service names a version of a group by its group.
        name = record.fields.get("ModelPackageGroupName", record.name)
        return {"ModelPackageName": name, **record.fields, "ModelPackageArn": record.arn}

    def _update_package(self, params: Params, caller: Caller) -> Params:
        record = self.find(params["ModelPackageArn"], caller)
        ignored = {
            "ModelPackageArn",
            "CustomerMetadataProperties",
            "CustomerMetadataPropertiesToRemove",
            "AdditionalInferenceSpecificationsToAdd",
            "ClientToken",
        }
        changes = {key: value for key, value in params.items() if key not in ignored}

        def change(current: Record) -> Record:
            fields = {**current.fields, **changes, "LastModifiedTime": now()}
            metadata = {
                **fields.get("CustomerMetadataProperties", {}),
                **(params.get("CustomerMetadataProperties") or {}),
            }
            for key in params.get("CustomerMetadataPropertiesToRemove") or []:
                metadata.pop(key, None)
            if metadata or "CustomerMetadataProperties" in fields:
                fields["CustomerMetadataProperties"] = metadata
            if added := params.get("AdditionalInferenceSpecificationsToAdd"):
                kept = fields.get("AdditionalInferenceSpecifications", [])
                fields["AdditionalInferenceSpecifications"] = [*kept, *added]
            return Record(current.name, current.arn, current.caller, fields, current.private)

        self._packages.edit(record, change)
        return {"ModelPackageArn": record.arn}

    def _list_packages(self, params: Params, caller: Caller) -> Params:
        group = params.get("ModelPackageGroupName")
        if group is not None:
            records = self._versions(self._group(params, caller).name, caller)
        else:
            records = self._packages.all(caller)
            kind = params.get("ModelPackageType", "Unversioned")
            if kind != "Both":
                records = [r for r in records if ("ModelPackageVersion" in r.fields) == (kind == "Versioned")]
        chosen = listing.choose(records, params, ("ModelApprovalStatus", "ModelApprovalStatus"))
        if params.get("SortBy") != "Name":
            # Two versions of one millisecond keep the order of their numbers.
            chosen.sort(
                key=lambda r: (r.fields["CreationTime"], r.fields.get("ModelPackageVersion", 0)),
                reverse=params.get("SortOrder", "Descending") == "Descending",
            )
        items = [{**listing.summary(r, _SHOWN), "ModelPackageArn": r.arn} for r in chosen]
        return listing.page(items, params, "ModelPackageSummaryList")

    def _delete_package(self, params: Params, caller: Caller) -> Params:
        record = self.find(params["ModelPackageName"], caller)
        self._packages.delete(record.name, caller)
        self._tags.forget(record.arn)
        return {}

    def _group(self, params: Params, caller: Caller) -> Record:
        name = params["ModelPackageGroupName"]
        return self._groups.get(name.rpartition("/")[2], caller)

    def _versions(self, group: str, caller: Caller) -> list[Record]:
        packages = self._packages.all(caller)
        return [r for r in packages if r.fields.get("ModelPackageGroupName") == group]
