"""The table of units in the documentation is that of the code."""

import importlib.util
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location(
    "nalm_docs_capabilities", Path(__file__).parents[2] / "docs" / "capabilities.py"
)
capabilities = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(capabilities)


def test_page_holds_the_present_table():
    text = capabilities.PAGE.read_text()
    assert text == capabilities.with_table(text), "run python docs/capabilities.py"
    assert capabilities.BEGIN in text
    assert capabilities.END in text


def test_marks_tell_exactness_and_signs():
    rows = {line.split(" | ")[0].strip("| `"): line.split(" | ")[2:] for line in capabilities.table().splitlines()}
    assert rows["nmu"][:4] == ["", "", "exact", ""]
    assert rows["nalu"][2] == "near &#124;x&#124;"
    assert rows["realnpu"][5] == "exact x > 0"
    assert "relu" not in rows
