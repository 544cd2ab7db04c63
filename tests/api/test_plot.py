"""The plot of a page in Chromium: drawn from kept records, by eye, by keyboard and as a table, on phone and desk."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import async_playwright, expect

from heliograph.sync.kept import Looking
from support.keeping import MINUTE, Keeping, layout_of, made
from support.plausible_set import INVERTER
from support.servers import need, program

LIMIT_MS = 60_000
PUT = """() => {
  const plot = document.createElement("div");
  plot.className = "plot card";
  Object.assign(plot.dataset, { plot: "", device: "1", variables: "1,3,4", hours: "24" });
  document.querySelector("#content").prepend(plot);
  document.head.append(Object.assign(document.createElement("script"), { src: "/assets/plot.js" }));
}"""


@pytest.fixture
async def recorded(api, peers, tmp_path):
    keeping = Keeping(tmp_path / "kept", definitions=[INVERTER])
    now = int(time.time()) * 1000 // MINUTE * MINUTE
    keeping.clock.set(now / 1000)
    minutes = [n for n in range(6 * 60) if not 100 <= n < 160]
    values = {n: (4000 + n, 4200 + n, 4100 + n, 998, 6000, 412, 12_345, 4, 10_000, -2, 5001) for n in minutes}
    keeping.take(made(now - n * MINUTE, values[n], layout=layout_of(INVERTER)) for n in minutes)
    await Looking(keeping.kept).serve(peers.sync)
    yield api
    keeping.kept.close()


async def test_a_plot_is_drawn_and_can_be_read_by_everybody(recorded):
    need("chromium-headless-shell")
    async with async_playwright() as playwright:
        there = program("chromium-headless-shell")
        browser = await playwright.chromium.launch(executable_path=there, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        page.set_default_timeout(LIMIT_MS)
        expect.set_options(timeout=LIMIT_MS)
        await page.goto(f"{recorded.url}/alarms")
        assert await page.locator("script[src*=uplot]").count() == 0
        await page.evaluate(PUT)
        await expect(page.locator(".plot canvas")).to_be_visible()
        assert await page.locator(".plot-legend li").all_text_contents() == [
            "AC power41 kW", "DC voltage600 V", "Cabinet temperature41.2 °C",
        ]  # fmt: skip
        lines = page.locator(".plot-legend line")
        dashes = await lines.evaluate_all("all => all.map((line) => line.getAttribute('stroke-dasharray'))")
        assert len(set(dashes)) == 3

        await page.get_by_role("img", name="Plot of AC power: 40 to 45.59 kW").focus()
        await page.keyboard.press("Home")
        await expect(page.locator(".plot [aria-live]")).to_contain_text("AC power 44.59 kW, DC voltage 600 V")

        await page.get_by_text("Values as a table").click()
        rows = page.locator(".plot tbody tr")
        await expect(rows.first).to_contain_text("41 (40 to 42)")
        assert await rows.filter(has_text="–").count() == 1, "the gap"

        await page.get_by_label("1 h", exact=True).check()
        await expect(rows.filter(has_text="–")).to_have_count(0)
        href = await page.get_by_role("link", name="CSV").get_attribute("href")
        query = parse_qs(urlsplit(href).query)
        assert urlsplit(href).path == "/api/v1/devices/1/records.csv"
        assert int(query["end"][0]) - int(query["begin"][0]) == 60 * MINUTE

        await page.evaluate("document.querySelector('[data-plot]').dataset.variables = '10'")
        await expect(page.locator(".plot-told")).to_contain_text("No records in this span")
        await page.set_viewport_size({"width": 1280, "height": 800})
        await page.evaluate("document.querySelector('[data-plot]').dataset.variables = '1'")
        await expect(page.locator(".plot-legend li")).to_have_count(1)
        found = await Axe().run(page, ".plot")
        assert not found.response["violations"], found.generate_report()
        assert faults == []
        await browser.close()
