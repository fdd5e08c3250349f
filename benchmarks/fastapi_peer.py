"""The serving path's peer: the same model behind FastAPI, pydantic and XGBoost, written as it usually is.

`python -m benchmarks.fastapi_peer MODEL_DIR PORT` serves it with uvicorn on uvloop and httptools, one worker.
"""

import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, create_model

from ml.serving.inference import native_model, predict_fn


class Prediction(BaseModel):
    probability: float


class Answer(BaseModel):
    predictions: list[Prediction]


def application(folder: Path) -> FastAPI:
    """`POST /invocations` and `GET /ping`, with the same requests and answers as the image's server."""
    model = native_model(folder, threads=1)
    fields: dict[str, Any] = {
        feature.name: (float | None if feature.codes is None else Literal[tuple(feature.codes)] | None, ...)
        for feature in model.features
    }
    strict = ConfigDict(extra="forbid", allow_inf_nan=False)
    row_type = create_model("Row", __config__=strict, **fields)
    request_type = create_model("Request", instances=(list[row_type], ...))  # type: ignore[valid-type]
    codes = {feature.name: feature.codes for feature in model.features}
    app = FastAPI()

    def value(name: str, given: Any) -> float:
        known = codes[name]
        if given is None:
            return float("nan")
        return known[given] if known is not None else given

    @app.get("/ping")
    async def ping() -> dict[str, str]:
        return {}

    @app.post("/invocations")
    async def invocations(request: request_type) -> Answer:  # type: ignore[valid-type]
        rows = np.array(
            [[value(name, getattr(row, name)) for name in codes] for row in request.instances],  # type: ignore[attr-defined]
            dtype=np.float32,
        )
        return Answer(predictions=[Prediction(probability=one) for one in predict_fn(rows, model).tolist()])

    return app


if __name__ == "__main__":
    uvicorn.run(
        application(Path(sys.argv[1])),
        host="127.0.0.1",
        port=int(sys.argv[2]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
