"""The Grafana board as a program reads it: its panels, and their expressions with the variables filled in."""

import json
import pathlib
import re

FILE = pathlib.Path(__file__).resolve().parents[2] / "deploy/monitoring/grafana/dashboards/antiphon.json"


def load():
    return json.loads(FILE.read_text())


def variables(board):
    return {variable["name"]: variable for variable in board["templating"]["list"]}


def filled(expression, rate_interval="15s"):
    """With all jobs and all servers chosen, as the board opens."""
    expression = expression.replace("$__rate_interval", rate_interval).replace("$job", ".*").replace("$instance", ".*")
    assert "$" not in expression, f"a variable that nobody fills in: {expression}"
    return expression


def expressions(board):
    """(panel, target) for all that it asks for."""
    return [(panel, target) for panel in board["panels"] for target in panel.get("targets", [])]


def metrics_of(expression):
    return set(re.findall(r"\b(?:antiphon|process)_[a-z_]+", expression))
