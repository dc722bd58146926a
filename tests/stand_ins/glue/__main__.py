"""moto's server with truthful Glue runs: ``python -m tests.stand_ins.glue -H 127.0.0.1 -p 5000``.

It also takes what `lakegate deploy` says: jobs can be updated, and a bucket that refuses whoever comes
without TLS is open here, as nobody on loopback comes with it.
"""

from __future__ import annotations

from moto.server import main

from tests.stand_ins.glue.runs import install
from tests.stand_ins.glue_jobs import jobs_can_be_updated
from tests.stand_ins.permissions import tls_understood

install()
with tls_understood(), jobs_can_be_updated():
    main()
