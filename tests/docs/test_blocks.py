"""README.md and the pages of docs/ do what they say: every block of code is run or compared."""

import pytest

from tests.docs.blocks import PAGES, ROOT, blocks
from tests.docs.page_runner import PageRunner, give_files

IDS = [str(page.relative_to(ROOT)) for page in PAGES]


def test_pages_and_blocks_of_every_kind_are_found():
    assert {"README.md", "docs/index.md", "docs/own_data.md"} <= set(IDS)
    languages = {block.language for page in PAGES for block in blocks(page)}
    assert {"sh", "python", "text"} <= languages


def test_no_fence_is_missed():
    for page in PAGES:
        fences = [line for line in page.read_text().splitlines() if line.strip().startswith("```")]
        assert len(fences) == 2 * len(blocks(page)), page


@pytest.mark.filterwarnings("ignore:Trying to infer the `batch_size`:UserWarning")
@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_block_of_a_page_does_what_it_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    give_files(tmp_path)
    runner = PageRunner()
    for block in blocks(page):
        runner.run(block)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("```bash\necho\n```", "nothing runs `bash`"),
        ("```\nplain\n```", "nothing runs ``"),
        ("```sh\nrm my.csv\n```", "nothing runs `rm`"),
        ("```sh\nfocalsweep sweep trails=3\n```", "`trials`"),
        ("```sh\nmake swep\n```", "swep"),
        ("```python\nprint(1 + 1)\n```\n\n```text\n3\n```", "printed was"),
        ("```text\nout of nowhere\n```", "say which run"),
        ("```sh\npip install '.[nothing]'\n```", "page.md"),
    ],
)
def test_a_page_that_is_wrong_fails(page, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "page.md"
    path.write_text(page + "\n")
    *before, last = blocks(path)
    runner = PageRunner()
    for block in before:
        runner.run(block)
    with pytest.raises(AssertionError) as caught:
        runner.run(last)
    assert words in str(caught.value)
