"""Take the README's pictures: `python -m screenshots --help`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from playwright.sync_api import Browser, Page

from screenshots import mlflow_pages
from screenshots.browser import chromium

IMAGES = Path("docs/images")
WIDTH, HEIGHT = 1280, 860
SETTLED = 1500
"""Milliseconds for what moves into place after it is there."""


def main() -> None:
    """Photograph the report and the MLflow pages of a finished sweep."""
    parser = argparse.ArgumentParser(prog="python -m screenshots", description=main.__doc__)
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        help="a run folder (default: the newest finished one in runs/)",
    )
    parser.add_argument("--into", type=Path, default=IMAGES, help="default: %(default)s")
    arguments = parser.parse_args()
    folder = arguments.folder or newest(Path("runs"))
    if folder is None or not (folder / "result.json").is_file():
        parser.error(f"no finished sweep in {folder or 'runs'}: run `make sweep` first")
    arguments.into.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for image in take(browser, folder.absolute(), into=arguments.into):
            print(f"{image}  {image.stat().st_size / 1000:.0f} kB")


def newest(runs: Path) -> Path | None:
    """Return the run folder that finished last; None where none has."""
    finished = sorted(runs.glob("*/result.json"), key=lambda file: file.stat().st_mtime)
    return finished[-1].parent if finished else None


def take(browser: Browser, folder: Path, *, into: Path) -> list[Path]:
    """Take the pictures of one sweep, which the store beside its folder mirrors."""
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{folder.parent / 'mlflow.db'}"
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    experiment = MlflowClient(uri).get_experiment_by_name(
        f"{result['name']}/{result['dataset']['name']}"
    )
    if experiment is None:
        raise SystemExit(f"{uri} knows no such sweep: run `focalsweep track {folder}` first")
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto((folder / "report.html").as_uri())
    images = [_save(page, into / "report.png")]
    where, arm = experiment.experiment_id, result["verdict"]["arm"]
    with mlflow_pages.served(uri) as address:
        mlflow_pages.open_charts(page, address, where, arm=arm)
        images.append(_save(page, into / "runs.png"))
        runs = mlflow_pages.arm_runs(address, where)
        others = [name for name in runs if name != arm]
        three = [runs[name] for name in (arm, *others)[:3]]
        mlflow_pages.open_compare(page, address, where, three)
        images.append(_save(page, into / "compare.png"))
    page.close()
    return images


def _save(page: Page, file: Path) -> Path:
    page.wait_for_timeout(SETTLED)
    page.screenshot(path=file)
    return file


if __name__ == "__main__":
    main()
