"""The real Prometheus asks the api with the repository's own files: every figure, panel and rule does what it says."""

import re

from heliograph.api.metrics import FIGURES
from support.dashboards import shown_labels
from support.watching import CHOSEN, RULES, Watched, grouping, selectors

SCRAPED = {"__name__", "instance", "job"}
"""Labels that every series has."""
APART = re.compile(r"\{[^}]*\}|\[[^]]*\]|\"[^\"]*\"")
"""What stands between brackets, and texts."""
WORD = re.compile(r"[a-z_]\w+")
LANGUAGE = {"and", "by", "changes", "increase", "max", "min", "on", "or", "rate", "sum", "time", "without"}


def test_it_comes_in_with_the_token_of_a_viewer(watched: Watched):
    (target,) = watched.targets
    assert (target["health"], target["lastError"]) == ("up", "")
    assert target["labels"]["job"] == "heliograph"


def test_every_figure_arrives_under_its_name_with_its_type_and_labels(watched: Watched):
    """A label that is empty – the unit of a power factor – is none for Prometheus: not each series has all of them."""
    found: dict[str, set[str]] = {}
    for series in watched.series:
        found.setdefault(series["__name__"], set()).update(series.keys() - SCRAPED)
    told = {name: labels for name, labels in found.items() if name.startswith("heliograph_")}
    assert told == {figure.name: set(figure.labels) for figure in FIGURES}
    for figure in FIGURES:
        (known,) = watched.metadata[figure.name]
        assert (known["type"], known["help"]) == (figure.kind, figure.meaning)


def test_the_dashboard_lets_choose_what_there_is(watched: Watched):
    (gateway,) = {series["instance"] for series in watched.series}
    devices = ["grid meter", "roof_1", "roof_2", "roof_3"]
    assert watched.all.options == {"site": ["Roof of the dairy"], "instance": [gateway], "device": devices}


def test_every_panel_has_data_with_the_labels_that_its_legend_shows(watched: Watched):
    assert len(watched.panels) > 30
    for query, series, _ in watched.panels:
        assert series, f"{query.panel}: {query.expression} gives nothing"
        labels = set().union(*series)
        assert query.labels() <= labels, f"{query.panel}: {query.legend} shows what is not in {labels}"


def test_a_panel_shows_the_chosen_device_alone(watched: Watched):
    of_devices = [(query, one) for query, _, one in watched.panels if "$device" in query.expression]
    assert len(of_devices) > 5
    for query, series in of_devices:
        assert {labels["name"] for labels in series} <= {CHOSEN["device"]}, query.panel
    assert sum(bool(series) for _, series in of_devices) >= len(of_devices) - 1, "values are told of others"


def test_every_rule_is_loaded_and_healthy(watched: Watched):
    assert [rule["name"] for rule in watched.rules] == [rule["alert"] for rule in RULES]
    assert {rule["name"]: rule.get("lastError") for rule in watched.rules if rule["health"] != "ok"} == {}


def test_every_rule_asks_for_what_there_is_and_shows_labels_that_there_are(watched: Watched):
    """Whether it fires or not: a name that does not exist would keep it silent for ever."""
    for rule in RULES:
        asked = selectors(rule["expr"])
        assert [selector for selector in asked if not watched.selected[selector]] == [], rule["alert"]
        labels = {label for selector in asked for series in watched.selected[selector] for label in series}
        assert grouping(rule["expr"]) | shown_labels(" ".join(rule["annotations"].values())) <= labels, rule["alert"]


def test_an_alert_says_in_words_which_device_of_which_gateway(watched: Watched):
    said = {
        alert["annotations"]["summary"] for alert in watched.alerts if alert["labels"]["alertname"] == "DeviceResting"
    }
    (gateway,) = watched.all.options["instance"]
    assert said == {f"{gateway}: roof_3 does not answer"}


def test_the_reading_of_rules_leaves_no_name_out():
    for rule in RULES:
        words = set(WORD.findall(APART.sub("", rule["expr"]))) - grouping(rule["expr"]) - LANGUAGE
        assert words == {selector.partition("{")[0] for selector in selectors(rule["expr"])}, rule["alert"]
