"""Where config files live: beside the package's modules in a wheel, at the root of a checkout."""

from __future__ import annotations

from pathlib import Path

from focalsweep.errors import UserError

_PACKAGE = Path(__file__).resolve().parents[1]


def config_dirs(config_dir: Path | None = None) -> tuple[Path, ...]:
    """Return the folders that are searched for config files, first found wins.

    Parameters
    ----------
    config_dir : Path, optional
        The user's own folder with sweeps and with groups (``dataset/``, ``loss/`` and so on);
        searched first.

    Raises
    ------
    UserError
        If `config_dir` is not a folder.
    """
    # The wheel carries both folders inside the package; an editable install has them at the root
    # of the checkout, two levels above src/focalsweep.
    home = _PACKAGE if (_PACKAGE / "conf").is_dir() else _PACKAGE.parents[1]
    if config_dir is None:
        return home / "sweeps", home / "conf"
    own = config_dir.expanduser().absolute()
    if not own.is_dir():
        raise UserError(f"`--config-dir` must be a folder with config files; received `{own}`.")
    return own, home / "sweeps", home / "conf"


def options(group: str, dirs: tuple[Path, ...]) -> list[str]:
    """List the names that a group offers: its YAML files, in all folders."""
    return sorted({file.stem for folder in dirs for file in (folder / group).glob("*.yaml")})


def sweeps(dirs: tuple[Path, ...]) -> list[str]:
    """List the sweeps; `config.yaml` is what they inherit and not one of them."""
    return [name for name in options(".", dirs) if name != "config"]
