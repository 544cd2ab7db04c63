"""The documentation site: links of the repository hold, a broken one fails the build, nothing comes from elsewhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = f"""
site_name: Small
theme: {{name: null, custom_dir: theme}}
plugins: []
use_directory_urls: false
hooks: [{ROOT}/scripts/site/links.py]
validation: {{links: {{not_found: warn, anchors: warn, unrecognized_links: warn}}}}
not_in_nav: /repository/
nav: [index.md, Decisions: [decisions/README.md]]
"""
PAGES = {
    "docs/index.md": "[code](../lib/code.lua) [readme](../lib/README.md#part) [dir](../lib) [decided](decisions/)\n",
    "docs/decisions/README.md": "# Decisions\n",
    "docs/decisions/0001-first.md": "# First\n\n```sh plant\n[no link](../nowhere.md)\n```\n",
    "lib/README.md": "# Part\n\n[back](../docs/index.md) [schema](schema.json) [dot](../.env)\n",
    "lib/code.lua": "local a = {}\n",
    "lib/schema.json": "{}\n",
    ".env": "NAME=value\n",
    "theme/main.html": "{{ page.content }}",
}


def build(directory: Path, pages: dict[str, str]) -> subprocess.CompletedProcess[str]:
    for name, text in pages.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (directory / "mkdocs.yml").write_text(CONFIG, encoding="utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)


def check(site: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "scripts/site/check.py", site]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_links_out_of_the_documents_lead_to_copies_on_the_site(tmp_path):
    done = build(tmp_path, PAGES)
    assert done.returncode == 0, done.stderr
    index = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    linked = [f"repository/lib{end}" for end in ("/code.lua.html", "/readme.html#part", ".html")]
    assert all(f'href="{address}"' in index for address in [*linked, "decisions/index.html"]), index
    listing = (tmp_path / "site/repository/lib/code.lua.html").read_text(encoding="utf-8")
    assert "local a = {}" in listing
    assert (tmp_path / "site/repository/lib/schema.json").read_text(encoding="utf-8") == "{}\n"
    assert "NAME=value" in (tmp_path / "site/repository/env.html").read_text(encoding="utf-8")
    assert (tmp_path / "site/decisions/0001-first.html").exists()
    decided = (tmp_path / "site/decisions/index.html").read_text(encoding="utf-8")
    assert '<a href="0001-first.html">First</a>' in decided
    assert "<pre><code" in (tmp_path / "site/decisions/0001-first.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("broken", ["[x](nowhere.md)", "[x](../lib/nowhere.lua)", "[x](decisions/README.md#nowhere)"])
def test_a_broken_link_fails_the_build_and_is_named(tmp_path, broken):
    done = build(tmp_path, {**PAGES, "docs/index.md": f"# Start\n\n{broken}\n"})
    assert done.returncode != 0
    assert "nowhere" in done.stderr


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://unpkg.com/x.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/css">',
        '<img src="http://example.org/pixel.gif">',
        '<p style="background: url(https://example.org/a.png)">',
    ],
)
def test_what_would_be_loaded_from_elsewhere_is_named(tmp_path, html):
    (tmp_path / "page.html").write_text(f'<a href="https://example.org">fine</a>{html}', encoding="utf-8")
    done = check(tmp_path)
    assert done.returncode == 1
    assert "page.html: " in done.stderr
    assert "example.org:" not in done.stderr


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<h1>A</h1><p>```sh x y</p>", "a block"),
        ("<h1>A</h1><table></table>", "first paragraph"),
        ("<p>x</p>", "first"),
    ],
)
def test_a_page_that_a_reader_cannot_use_is_named(tmp_path, body, fault):
    (tmp_path / "page.html").write_text(body, encoding="utf-8")
    done = check(tmp_path)
    assert (done.returncode, "page.html: " in done.stderr, fault in done.stderr) == (1, True, True)


def test_a_site_that_loads_only_its_own_is_fine_and_an_absent_one_is_not(tmp_path):
    assert check(tmp_path).returncode == 1
    page = '<script src="assets/x.js"></script><link rel="canonical" href="https://example.org"><a href="//a.b">x</a>'
    (tmp_path / "page.html").write_text(f"{page}<h1>A</h1><!-- made --><p>What it is for.</p>", encoding="utf-8")
    (tmp_path / "search").mkdir()
    (tmp_path / "search/search_index.js").touch()
    assert check(tmp_path).returncode == 0
