"""Great Expectations' own page of a validation result, in the clothes of the site."""

from __future__ import annotations

import copy
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any  # Any: values within GX results

from checkpoints.docs.site import MOST_BYTES, render

if TYPE_CHECKING:
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.render.view.view import DefaultJinjaPageView

# Look-alikes instead of entities: GX escapes some places itself, where an entity would be escaped twice.
_PLAIN = str.maketrans({"<": "‹", ">": "›", "&": "＆", '"': "”", "'": "’", "`": "‘"})
_SCRIPT = re.compile(r"<script\b.*?</script\s*>|<script\b[^>]*/>", re.DOTALL | re.IGNORECASE)
_REMOTE = re.compile(r"<(?:link|img|iframe)\b[^>]*>", re.IGNORECASE)
# Calls of the removed scripts, and links into GX's own site, which is not built.
_HANDLER = re.compile(r"""\son[a-z]+=(["']).*?\1""", re.IGNORECASE | re.DOTALL)
_STYLE = re.compile(r"""<style\b.*?</style\s*>|\sstyle=(["']).*?\1""", re.DOTALL | re.IGNORECASE)
_HEADING = re.compile(r"(</?h)([4-6])\b")  # below the page's own h1, without a gap
_NAVIGATION = re.compile(r"(</?)nav\b")  # the page has its own
_BODY = re.compile(r"<body\b[^>]*>(.*)</body\s*>", re.DOTALL | re.IGNORECASE)
_ELSEWHERE = re.compile(r"""\shref=(["'])(?!#).*?\1""", re.IGNORECASE | re.DOTALL)


def render_gx_page(result: ExpectationSuiteValidationResult, page: str, result_page: str) -> bytes:
    """Return GX's page of one validation result, without scripts, remote resources and live markup.

    Of many expectations, it shows as many as a page can hold.

    Args:
        result: of one domain, its samples masked.
        page: path of the page.
        result_page: URL of lakegate's page of the same result, for the link back.
    """
    plain = _plain_result(result)
    whole = len(plain.results)
    while True:
        shown = len(plain.results)
        content = _render(plain, page, result_page, left_out=whole - shown)
        if len(content) <= MOST_BYTES or shown == 1:
            return content
        fitting = int(0.9 * shown * MOST_BYTES / len(content))
        broken_first = sorted(plain.results, key=lambda each: bool(each.success))
        plain.results = broken_first[: max(1, min(fitting, shown - 1))]


def _plain_result(result: ExpectationSuiteValidationResult) -> ExpectationSuiteValidationResult:
    """Return a copy without any text that is markup."""
    from great_expectations import RunIdentifier

    plain = copy.deepcopy(result)
    # GX parses a run's name as a time where it can, and fails at names such as 20260101T000000Z-6536ad.
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
    return plain


def _render(plain: ExpectationSuiteValidationResult, page: str, result_page: str, left_out: int) -> bytes:
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    html: str = _view().render(ValidationResultsPageRenderer().render(plain))  # type: ignore[no-untyped-call]  # in GX
    for unwanted in (_SCRIPT, _REMOTE, _HANDLER, _ELSEWHERE, _STYLE):
        html = unwanted.sub("", html)
    html = _HEADING.sub(lambda found: f"{found[1]}{int(found[2]) - 2}", _NAVIGATION.sub(r"\1div", html))
    found = _BODY.search(html)
    if found is None:
        raise ValueError("Great Expectations rendered a page without a body; lakegate supports version 1.24")
    return render(
        "gx.html.j2",
        page,
        title=plain.meta["run_id"].run_name,
        body=found.group(1),
        result_page=result_page,
        left_out=left_out,
    )


def _plain(value: Any) -> Any:  # noqa: ANN401  (any JSON value)
    """Return the value with all characters of its texts that are special in HTML replaced."""
    if isinstance(value, str):
        return value.translate(_PLAIN)
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(each) for each in value)
    return value


@lru_cache(maxsize=1)
def _view() -> DefaultJinjaPageView:
    """Return GX's view, cached because it compiles its templates once."""
    from great_expectations.render.view.view import DefaultJinjaPageView

    return DefaultJinjaPageView()
