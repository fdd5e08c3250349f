"""What does an operator choose for the front door?"""

from typing import Literal, Self

from pydantic import Field, model_validator

from infra.settings.block import Settings


class FrontDoorSettings(Settings):
    """`groundplan:frontDoor`: an API before the endpoint, for callers outside the account's roles."""

    enabled: bool = Field(default=False, description="Whether there is one; it comes with the first release.")
    authorisation: Literal["iam", "jwt"] = Field(
        default="iam",
        description="`iam`: signed requests, a REST API; `jwt`: tokens of an OpenID provider, an HTTP API.",
    )
    issuer: str | None = Field(
        default=None,
        pattern=r"^https://[!-~]+[!-.0-~]$",
        description="URL of the tokens' issuer, with `jwt`.",
    )
    audience: tuple[str, ...] = Field(
        default=(), max_length=10, description="Audiences of which a token must name one, with `jwt`."
    )
    rate_per_second: int = Field(
        default=50, ge=1, le=10_000, description="Requests a second that all callers together may make."
    )
    burst: int = Field(default=100, ge=1, le=5_000, description="Requests that may come at once.")
    requests_per_address: int = Field(
        default=2_000,
        ge=10,
        le=2_000_000_000,
        description="Requests in five minutes after which WAF blocks an address.",
    )
    waf: bool = Field(
        default=True, description="Whether AWS WAF stands before it; with `jwt` it cannot, so say false."
    )
    most_instances: int = Field(
        default=1_000, ge=1, le=10_000, description="Rows that one request may ask about."
    )

    @model_validator(mode="after")
    def _fits_the_authorisation(self) -> Self:
        if not self.enabled:
            return self
        if self.authorisation == "jwt":
            if self.issuer is None or not self.audience:
                raise ValueError("with jwt, an issuer (https://…) and one audience or more")
            if self.waf:
                raise ValueError("with jwt, waf: false, for AWS WAF attaches to no HTTP API; or iam with waf")
        elif self.issuer is not None or self.audience:
            raise ValueError("issuer and audience with jwt alone; iam needs neither")
        return self
