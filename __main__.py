"""The program: what `pulumi up` and `groundplan up` run. A wrong setting ends it without a traceback."""

import pulumi

from infra.foundation.place import Place
from infra.platform import Platform
from infra.settings.loading import load_settings

platform = Platform(load_settings(), Place.of_this_stack())
for name, value in platform.exports.items():
    pulumi.export(name, value)
