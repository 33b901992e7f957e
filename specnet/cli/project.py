"""What a project says of its specs: `[tool.specnet]` in the pyproject.toml that is nearest above a spec."""

from __future__ import annotations

from pathlib import Path

from specnet.cli.failure import Failure

TABLE = "tool.specnet"


def allowed_by_project(spec: str) -> frozenset[str]:
    """The codes of `allow = ["N503"]`; raises Failure where the file cannot be understood."""
    file = _nearest(Path(spec))
    try:
        text = file.read_text(encoding="utf-8") if file else ""
    except (OSError, ValueError) as error:
        raise Failure(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    return _allowed(file, text) if file and TABLE in text else frozenset()


def _nearest(spec: Path) -> Path | None:
    """Looked for from the folder of the spec upwards; for standard input from the current one."""
    try:
        folders = spec.resolve().parents
        return next((file for folder in folders if (file := folder / "pyproject.toml").is_file()), None)
    except (OSError, ValueError):
        return None


def _allowed(file: Path, text: str) -> frozenset[str]:
    """The list; tomllib is imported only for a file that has one."""
    import tomllib

    try:
        table = tomllib.loads(text).get("tool", {}).get("specnet", {})
    except tomllib.TOMLDecodeError as error:
        raise Failure(f"{file}: {error}") from None
    codes = table.get("allow", []) if isinstance(table, dict) else None
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise Failure(f'{file}: [{TABLE}] allow is a list of codes, as ["N503"]')
    return frozenset(codes)
