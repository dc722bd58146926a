"""moto's server with truthful Glue runs: ``python -m tests.stand_ins.glue -H 127.0.0.1 -p 5000``."""

from __future__ import annotations

from moto.server import main

from tests.stand_ins.glue.runs import install

install()
main()
