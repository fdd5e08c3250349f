"""Is every source there? The first state of the data workflow that calls anything."""

from infra.data.workflow_states import BUSY, Json, again


def look(case: str, bucket: str) -> Json:
    """Every source is there and holds something, before an instance is paid for.

    A source is one file `<case>/<name>.csv`, or grows in parts below `<case>/<name>/`, of which the first is
    looked at: the preparation judges each.
    """
    folder = f"States.Format('{case}/{{}}/', $.name)"
    states: Json = {
        "LookAtFile": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:headObject",
            "Parameters": {
                "Bucket": bucket,
                "Key.$": f"States.Format('{case}/{{}}.csv', $.name)",
            },
            "ResultSelector": {"size.$": "$.ContentLength"},
            "ResultPath": "$.file",
            "Retry": [again(BUSY)],
            # What a file that is not there is called is the SDK's affair; a refusal meets the parts as well.
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.file", "Next": "LookAtParts"}],
            "Next": "IsFileFilled",
        },
        "IsFileFilled": _if_filled("$.file.size"),
        "LookAtParts": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:listObjectsV2",
            # After the object without a name that the console makes for a folder.
            "Parameters": {
                "Bucket": bucket,
                "Prefix.$": folder,
                "StartAfter.$": folder,
                "MaxKeys": 1,
            },
            "ResultPath": "$.parts",
            "Retry": [again(BUSY)],
            "Next": "IsThere",
        },
        "IsThere": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.parts.KeyCount", "NumericGreaterThan": 0, "Next": "IsPartFilled"}],
            "Default": "Missing",
        },
        "IsPartFilled": _if_filled("$.parts.Contents[0].Size"),
        "Filled": {"Type": "Succeed"},
        "Empty": _unfit("SourceEmpty", f"{case}/{{}} holds nothing"),
        "Missing": _unfit("SourceMissing", f"there is neither {case}/{{}}.csv nor a part of it"),
    }
    return {
        "Type": "Map",
        "ItemsPath": "$.sources",
        "ItemSelector": {"name.$": "$$.Map.Item.Value"},
        "MaxConcurrency": 5,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "LookAtFile",
            "States": states,
        },
        "ResultPath": "$.looked",
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Keep"}],
        "Next": "Prepare",
    }


def _unfit(error: str, cause: str) -> Json:
    return {"Type": "Fail", "Error": error, "CausePath": f"States.Format('{cause}', $.name)"}


def _if_filled(size: str) -> Json:
    return {
        "Type": "Choice",
        "Choices": [{"Variable": size, "NumericGreaterThan": 0, "Next": "Filled"}],
        "Default": "Empty",
    }
