"""The report page in a real browser: what its script does, on wide and narrow screens.

A probe at the end of the page plays the reader and leaves what it saw in the title, which Chromium prints.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from nalm.report import write
from report.test_report import make_store

BROWSER = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")]

PROBE = """
<script>
window.addEventListener("load", () => {
  const seen = {};
  const all = (selector) => [...document.querySelectorAll(selector)];
  const points = () => all(".chart g[role=button]");
  const rows = (table) => [...table.tBodies[0].rows].filter((row) => !row.hidden);
  const column = (table, n) => rows(table).map((row) => row.cells[n].textContent);
  const table = document.querySelector("table");
  seen.points = points().length;
  points()[1].dispatchEvent(new MouseEvent("mouseenter"));
  seen.said = document.querySelector(".said").textContent;
  points()[1].dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  seen.charts = all(".chart").length;
  seen.lines = all(".pair .chart path[fill=none] title").length;
  all(".key")[0].click();
  seen.pressed = all(".key").map((key) => key.getAttribute("aria-pressed"));
  seen.fewer = points().length;
  const field = document.querySelector("input[type=search]");
  field.value = "nalu [1,2]";
  field.dispatchEvent(new Event("input"));
  seen.filtered = column(table, 0);
  field.value = "";
  field.dispatchEvent(new Event("input"));
  const head = [...table.tHead.rows[0].cells].findIndex((cell) => cell.textContent.startsWith("interpolation"));
  const button = table.tHead.rows[0].cells[head].querySelector("button");
  button.click();
  seen.ascending = column(table, head);
  button.click();
  seen.descending = column(table, head);
  seen.sort = table.tHead.rows[0].cells[head].getAttribute("aria-sort");
  seen.focusable = points().every((point) => point.tabIndex === 0 && point.getAttribute("aria-label"));
  seen.wider = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  seen.labels = all("table").every((one) => one.caption) && all("input, select").every((one) => one.labels.length);
  document.title = JSON.stringify(seen);
});
</script>
"""


def seen(path: Path, *options: str) -> dict[str, Any]:
    page = path.with_name("probed.html")
    page.write_text(path.read_text(encoding="utf-8").replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
    words = [BROWSER or "", "--headless=new", "--no-sandbox", "--disable-gpu", *options, "--dump-dom", page.as_uri()]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300)
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.S)
    assert title is not None, done.stderr[-1000:]
    found: dict[str, Any] = json.loads(unescape(title[1]))
    return found


@pytest.mark.parametrize("width", [1200, 500])
def test_a_reader_finds_runs_hides_models_and_sorts(tmp_path: Path, width: int) -> None:
    found = seen(write([make_store(tmp_path / "results")], tmp_path / "report.html"), f"--window-size={width},900")
    assert (found["points"], found["fewer"]) == (18, 9)
    assert found["pressed"] == ["false", "true"]
    assert re.match(r"NMU, \[.*\]: Success rate, % \d+ \[.*\]\. Seeds: 0 .*, 1 ", found["said"])
    assert found["charts"] >= 2
    assert found["lines"] >= 2
    assert found["filtered"] == ["nalu"]
    lower = [json.loads(text)[0] for text in found["ascending"]]
    assert len(lower) == 18
    assert lower == sorted(lower)
    assert [json.loads(text)[0] for text in found["descending"]] == lower[::-1]
    assert found["sort"] == "descending"
    assert found["focusable"]
    assert found["labels"]
    assert found["wider"] <= 0  # tables scroll within the page


def test_nothing_is_lost_on_paper(tmp_path: Path) -> None:
    path = write([make_store(tmp_path / "results")], tmp_path / "report.html")
    words = [BROWSER or "", "--headless=new", "--no-sandbox", "--disable-gpu", f"--print-to-pdf={tmp_path / 'p.pdf'}"]
    subprocess.run([*words, path.as_uri()], capture_output=True, timeout=300, check=True)
    assert (tmp_path / "p.pdf").read_bytes().startswith(b"%PDF")
