"""The lives of ACM's certificates."""

from __future__ import annotations

from lives.lb import a_certificate
from lives.life import Life

LIVES = [
    Life(
        "aws:acm/certificate:Certificate",
        lambda _: {
            "domainName": "example.org",
            "subjectAlternativeNames": ["*.example.org"],
            "validationMethod": "DNS",
        },
        {"tags": {"a": "b"}},
        {"domainName": "example.com"},
        by_code=frozenset({"certificateBody", "certificateChain", "privateKey"}),
    ),
    Life(
        "aws:acm/certificateValidation:CertificateValidation",
        lambda make: {"certificateArn": a_certificate(make)["arn"]},
        None,
        {"validationRecordFqdns": ["_x.example.org"]},
        by_code=frozenset({"certificateArn", "validationRecordFqdns"}),
        gone_after_delete=False,
    ),
]
