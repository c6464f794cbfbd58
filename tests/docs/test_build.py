"""The documentation is built without a warning, and every page is reachable."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
MISSING = [name for name in ("sphinx", "myst_parser", "furo") if importlib.util.find_spec(name) is None]


@pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} not installed (the extra 'docs' of pyproject.toml)")
def test_documentation_builds_without_warnings(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-E", "-q", "-b", "html", DOCS, tmp_path / "html"]
    built = subprocess.run([*map(str, command)], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    for page in DOCS.rglob("*.md"):
        html = (tmp_path / "html" / page.relative_to(DOCS)).with_suffix(".html").read_text()
        # a line indented below another is a definition to reStructuredText, which docstrings never mean
        assert '<dl class="simple">' not in html, page.name
    assert "gated_sign_nmru" in (tmp_path / "html" / "choosing.html").read_text()
    assert 'id="nalm.units.SNMU"' in (tmp_path / "html" / "api" / "units.html").read_text()
