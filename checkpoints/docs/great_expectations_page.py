"""Great Expectations' own page of a validation result, made safe to open.

GX's pages fetch scripts and styles from a dozen hosts of others, look broken without them, and let values
and column names through as HTML. So this page stands beside ours, not in its place: nothing that HTML gives
a meaning reaches GX's renderer, every script and remote part is cut out, and a content policy forbids both.
"""

from __future__ import annotations

import copy
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any  # Any: what GX holds in results

if TYPE_CHECKING:
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.render.view.view import DefaultJinjaPageView

# Look-alikes, and no entities: GX escapes some places itself, where an entity would be escaped twice.
_PLAIN = str.maketrans({"<": "‹", ">": "›", "&": "＆", '"': "”", "'": "’", "`": "‘"})
_SCRIPT = re.compile(r"<script\b.*?</script\s*>|<script\b[^>]*/>", re.DOTALL | re.IGNORECASE)
_REMOTE = re.compile(r"<(?:link|img|iframe)\b[^>]*>", re.IGNORECASE)
# What calls the scripts that were cut out; and links into GX's own site, which is not built.
_HANDLER = re.compile(r"""\son[a-z]+=(["']).*?\1""", re.IGNORECASE | re.DOTALL)
_ELSEWHERE = re.compile(r"""\shref=(["'])(?!#).*?\1""", re.IGNORECASE | re.DOTALL)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render_gx_page(result: ExpectationSuiteValidationResult, ours: str) -> bytes:
    """Return GX's page of one validation result, without scripts, remote parts and live markup.

    Args:
        result: of one domain, its samples masked.
        ours: the URL of our page of the same result, to go back to.
    """
    from great_expectations import RunIdentifier
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    plain = copy.deepcopy(result)
    # GX takes a run's name for a time if it can, and fails at one like 20260101T000000Z-6536ad.
    run = plain.meta["run_id"]
    named = RunIdentifier(run_name=_plain(f"run {run.run_name}"), run_time=run.run_time)
    plain.meta = {**_plain({**plain.meta, "run_id": None}), "run_id": named}
    for each in plain.results:
        each.result = _plain(each.result)
        configuration = each.expectation_config
        if configuration is not None:
            configuration._kwargs = _plain(configuration.kwargs)
            configuration.meta = _plain(configuration.meta)
            configuration.description = _plain(configuration.description)
    view, styles = _view()
    html: str = view.render(ValidationResultsPageRenderer().render(plain))  # type: ignore[no-untyped-call]
    for cut in (_SCRIPT, _REMOTE, _HANDLER, _ELSEWHERE):
        html = cut.sub("", html)
    back = f'<p><a href="{ours}">Back to the verdict</a></p>'
    html = re.sub(r"<body\b[^>]*>", lambda body: body.group() + back, html, count=1)
    head = f'<head><meta http-equiv="Content-Security-Policy" content="{_POLICY}"><style>{styles}</style>'
    return re.sub(r"<head\b[^>]*>", lambda _: head, html, count=1).encode("utf-8", "replace")


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Return the same value with nothing in its texts that HTML gives a meaning."""
    if isinstance(value, str):
        return value.translate(_PLAIN)
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(each) for each in value)
    return value


@lru_cache(maxsize=1)
def _view() -> tuple[DefaultJinjaPageView, str]:
    """Return one view for all pages, since it compiles its templates once, and the styles."""
    from importlib.resources import files

    from great_expectations.render.view.view import DefaultJinjaPageView

    styles = files("checkpoints.docs").joinpath("templates", "gx.css").read_text("utf-8")
    return DefaultJinjaPageView(), styles
