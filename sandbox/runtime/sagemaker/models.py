"""Models and endpoint configurations: what would be served, and on which instances."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.runtime.overlay import Caller, Cloud, Params, ServiceError
from sandbox.runtime.sagemaker import listing
from sandbox.runtime.sagemaker.packages import Packages
from sandbox.runtime.sagemaker.records import now
from sandbox.runtime.sagemaker.shelves import Shelves
from sandbox.runtime.sagemaker.surroundings import object_exists, require_role

Operation = Callable[[Params, Caller], Params]


class Models:
    """Create, Describe, List and Delete for models and endpoint configurations."""

    def __init__(self, cloud: Cloud, shelves: Shelves, packages: Packages) -> None:
        self._cloud = cloud
        self._shelves = shelves
        self._packages = packages
        self.operations: Mapping[str, Operation] = {
            "CreateModel": self._create_model,
            "DescribeModel": self._describe_model,
            "ListModels": self._list_models,
            "DeleteModel": self._delete_model,
            "CreateEndpointConfig": self._create_config,
            "DescribeEndpointConfig": self._describe_config,
            "ListEndpointConfigs": self._list_configs,
            "DeleteEndpointConfig": self._delete_config,
        }

    def _create_model(self, params: Params, caller: Caller) -> Params:
        containers = [params["PrimaryContainer"]] if params.get("PrimaryContainer") else []
        containers += params.get("Containers") or []
        if not containers:
            raise ServiceError(
                "ValidationException",
                "CreateModel needs either PrimaryContainer or Containers; it has neither",
            )
        if role := params.get("ExecutionRoleArn"):
            require_role(self._cloud, role, caller)
        for container in containers:
            self._check_container(container, caller)
        fields = {key: value for key, value in params.items() if key != "Tags"}
        fields.setdefault("EnableNetworkIsolation", False)
        fields["CreationTime"] = now()
        record = self._shelves.models.create(params["ModelName"], caller, fields)
        self._shelves.tags.add(record.arn, params.get("Tags") or [])
        return {"ModelArn": record.arn}

    def _check_container(self, container: Params, caller: Caller) -> None:
        if package := container.get("ModelPackageName"):
            self._packages.require_deployable(package, caller)
            return
        if not container.get("Image"):
            raise ServiceError(
                "ValidationException", "A container needs an Image or a ModelPackageName; it has neither"
            )
        source = container.get("ModelDataSource", {}).get("S3DataSource", {})
        data = container.get("ModelDataUrl") or source.get("S3Uri")
        prefix = source.get("S3DataType") == "S3Prefix"
        if data and not prefix and not object_exists(self._cloud, data, caller):
            raise ServiceError("ValidationException", f"Could not find model data at {data}.")

    def _describe_model(self, params: Params, caller: Caller) -> Params:
        record = self._shelves.models.get(params["ModelName"], caller)
        return {**record.fields, "ModelArn": record.arn}

    def _list_models(self, params: Params, caller: Caller) -> Params:
        records = listing.choose(self._shelves.models.all(caller), params)
        items = [{**listing.summary(r, ("ModelName", "CreationTime")), "ModelArn": r.arn} for r in records]
        return listing.page(items, params, "Models")

    def _delete_model(self, params: Params, caller: Caller) -> Params:
        record = self._shelves.models.get(params["ModelName"], caller)
        self._shelves.models.delete(record.name, caller)
        self._shelves.tags.forget(record.arn)
        return {}

    def _create_config(self, params: Params, caller: Caller) -> Params:
        names = [variant["VariantName"] for variant in params["ProductionVariants"]]
        if len(set(names)) != len(names):
            raise ServiceError("ValidationException", f"Production variant names must be unique: {names}")
        for variant in [*params["ProductionVariants"], *(params.get("ShadowProductionVariants") or [])]:
            if model := variant.get("ModelName"):
                self._shelves.models.get(model, caller)
            if not variant.get("ServerlessConfig") and not variant.get("InstanceType"):
                raise ServiceError(
                    "ValidationException",
                    f"Production variant {variant['VariantName']} needs InstanceType or ServerlessConfig",
                )
        fields = {key: value for key, value in params.items() if key != "Tags"}
        fields["ProductionVariants"] = [
            {"InitialVariantWeight": 1.0, **variant} for variant in params["ProductionVariants"]
        ]
        fields["CreationTime"] = now()
        record = self._shelves.endpoint_configs.create(params["EndpointConfigName"], caller, fields)
        self._shelves.tags.add(record.arn, params.get("Tags") or [])
        return {"EndpointConfigArn": record.arn}

    def _describe_config(self, params: Params, caller: Caller) -> Params:
        record = self._shelves.endpoint_configs.get(params["EndpointConfigName"], caller)
        return {**record.fields, "EndpointConfigArn": record.arn}

    def _list_configs(self, params: Params, caller: Caller) -> Params:
        records = listing.choose(self._shelves.endpoint_configs.all(caller), params)
        shown = ("EndpointConfigName", "CreationTime")
        items = [{**listing.summary(r, shown), "EndpointConfigArn": r.arn} for r in records]
        return listing.page(items, params, "EndpointConfigs")

    def _delete_config(self, params: Params, caller: Caller) -> Params:
        record = self._shelves.endpoint_configs.get(params["EndpointConfigName"], caller)
        self._shelves.endpoint_configs.delete(record.name, caller)
        self._shelves.tags.forget(record.arn)
        return {}
