"""moto's server with real Glue job runs: ``python -m tests.stand_ins.glue -H 127.0.0.1 -p 5000``.

Also supports `lakegate deploy`: jobs can be updated, and TLS-only buckets are open, as loopback has no TLS.
"""

from __future__ import annotations

from moto.server import main

from tests.stand_ins.glue.runs import install
from tests.stand_ins.moto_additions import moto_additions
from tests.stand_ins.permissions import conditions_evaluated

install()
with conditions_evaluated(), moto_additions():
    main()
