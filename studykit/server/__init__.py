"""The Jupyter Server extension: what the side panel asks for, as JSON under `/studykit/`."""

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "studykit.server"}]


def _load_jupyter_server_extension(server: Any) -> None:
    from studykit.server.routes import handlers

    server.web_app.add_handlers(".*$", handlers(server.web_app.settings["base_url"]))
    server.log.info("studykit is ready")
