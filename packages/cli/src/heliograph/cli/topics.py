"""`heliograph help`: what holds for every sub-command."""

import json
from enum import StrEnum
from typing import Annotated, Final

import typer

from heliograph.cli.exits import MEANINGS
from heliograph.cli.output import prepare_output


class Topic(StrEnum):
    """What is explained."""

    EXIT_CODES = "exit-codes"
    ENVIRONMENT = "environment"
    COMPLETION = "completion"


ENVIRONMENT: Final = {
    "HELIOGRAPH_URL": "Address of the page, as --url.",
    "HELIOGRAPH_TOKEN": "The token itself; GATEWAY_API_TOKEN is read as well. A token is never an argument.",
    "HELIOGRAPH_TOKEN_FILE": "A file with the token, as --token-file; GATEWAY_API_TOKEN_FILE is read as well.",
    "HELIOGRAPH_CA": "Certificates of authorities to trust, as --ca.",
    "HELIOGRAPH_FINGERPRINT": "SHA-256 of the one certificate to trust, as --fingerprint.",
    "HELIOGRAPH_GATEWAY": "Name of a gateway in config.toml, as --gateway.",
    "XDG_CONFIG_HOME": "Where heliograph/config.toml is; default: ~/.config.",
    "NO_COLOR": "Set, tables and differences have no colours.",
}
COMPLETION: Final = {
    "bash, zsh, fish": "heliograph --install-completion, then a new shell",
    "by hand": "heliograph --show-completion prints what the shell is to read",
    "what is completed": "commands, options, files; scripts, devices and revisions of a gateway that is reached",
}
_TEXTS: Final = {
    Topic.EXIT_CODES: {str(int(status)): text for status, text in MEANINGS.items()},
    Topic.ENVIRONMENT: ENVIRONMENT,
    Topic.COMPLETION: COMPLETION,
}

TopicArgument = Annotated[Topic, typer.Argument(metavar="TOPIC", help="exit-codes, environment or completion.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def topic(topic: TopicArgument, *, as_json: JsonOption = False) -> None:
    """Explain the exit codes, the environment, or the completion of the shell; of one command: COMMAND --help."""
    prepare_output()
    texts = _TEXTS[topic]
    if as_json:
        typer.echo(json.dumps(texts, indent=1))
        return
    width = max(map(len, texts))
    for name, text in texts.items():
        typer.echo(f"{name:<{width}}  {text}")
