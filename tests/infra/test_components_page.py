"""Does the page of components name every component that there is, and no other?"""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "components.md").read_text()


def _components() -> set[str]:
    found = re.compile(r"^class (\w+)\(pulumi\.ComponentResource\)", re.MULTILINE)
    return {name for file in (ROOT / "infra").rglob("*.py") for name in found.findall(file.read_text())}


def test_every_component_has_a_row_and_every_row_a_component() -> None:
    firsts = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| ") and "`" in line]
    rows = {name for first in firsts for name in re.findall(r"`([A-Z]\w+)`", first)}
    assert rows == _components()


def test_every_link_of_the_pages_leads_to_a_page() -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    broken = [
        f"{page.relative_to(ROOT)}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#:\s]+\.md)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / link).is_file()
    ]
    assert broken == []
