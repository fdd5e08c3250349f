"""Writes the table of personas into docs/components/identity.md: `python -m infra.identity.personas_page`."""

from pathlib import Path

from infra.identity.personas import DEEDS, PERSONAS

PAGE = Path("docs/components/identity.md")
BEGIN, END = "<!-- personas: written by infra.identity.personas_page -->", "<!-- end of personas -->"


def table() -> str:
    """Every deed as a row, every persona as a column, as Markdown."""
    names = [persona.replace("-", " ") for persona in PERSONAS]
    lines = [f"| | request | {' | '.join(names)} |", f"|---|---|{':-:|' * len(names)}"]
    for deed in DEEDS:
        cells = ["yes" if persona in deed.may else "–" for persona in PERSONAS]
        lines.append(f"| {deed.does} | `{deed.action}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def written(page: str) -> str:
    """The page with today's table between its marks."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
