"""The code blocks of a Markdown page, in order, each with its line and what stands before it."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])

_FENCE = re.compile(r"^( *)(`{3,}|:{3,})(.*)$")
_RECORDED = re.compile(r"<!-- (from a run|no output): .+ -->")


@dataclass(frozen=True, kw_only=True)
class Block:
    page: Path
    line: int
    language: str
    text: str
    recorded: bool
    """Whether a comment above says that the block holds a run's output, or none at all."""

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(page: Path) -> list[Block]:
    found: list[Block] = []
    before, inside, end = "", [], None
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if end is None and fence:
            end, language, start, inside = fence[2], fence[3].strip(), number, []
            recorded = bool(_RECORDED.fullmatch(before))
        elif end is not None and line.strip() == end:
            text = "\n".join(inside)
            found.append(
                Block(page=page, line=start, language=language, text=text, recorded=recorded)
            )
            end = None
        elif end is not None:
            inside.append(line)
        if line.strip():
            before = line.strip()
    assert end is None, f"{page} ends inside a block"
    return found
