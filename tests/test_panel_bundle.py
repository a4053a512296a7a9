"""The panel's bundle is that of its sources, and an installed wheel brings it to JupyterLab without Node."""

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from studykit.derive import panel
from studykit.technique import ROOT


def test_a_bundle_of_other_sources_is_stale(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert panel.problems() == []
    changed = tmp_path / "changed.ts"
    changed.write_text("export const more = 1;", encoding="utf-8")
    monkeypatch.setattr(panel, "PACKAGE", ROOT.parent)
    monkeypatch.setattr(panel, "sources", lambda: [panel.FOLDER / "package.json"])
    assert panel.problems() == ["studykit/labextension/built: is stale; run `studykit build` where npm is installed"]


def compiled(root: Path) -> dict[str, str]:
    """A bundle's files, without what depends on the folder that it was built in: the number of the entry's own module, from
    which the entry's name follows; and without the stamp, which hashes those too."""
    found = {}
    for path in sorted((root / panel.NAME).rglob("*")):
        if path.is_file():
            name = re.sub(r"remoteEntry\.\w+", "remoteEntry", path.relative_to(root).as_posix())
            text = re.sub(r"remoteEntry\.\w+", "remoteEntry", path.read_text(encoding="utf-8"))
            found[name] = re.sub(r"\b\d{1,4}\b", "#", text) if name.endswith("remoteEntry.js") else text
    return found


def test_building_anew_gives_the_committed_bundle(tmp_path: Path) -> None:
    """What is committed is what npm builds from the sources."""
    panel.make(tmp_path / "built")
    made, kept = compiled(tmp_path / "built"), compiled(panel.BUILT)
    assert sorted(made) == sorted(kept)
    assert [name for name in made if made[name] != kept[name]] == []


def test_the_wheel_has_the_panel_and_switches_the_server_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        [prefix] = {name.split("/")[0] for name in names if "/data/" in name and ".data/" in name}
        data = f"{prefix}/data"
        home = f"{data}/share/jupyter/labextensions/training-studykit"
        manifest = json.loads(archive.read(f"{home}/package.json"))
        assert f"{home}/{manifest['jupyterlab']['_build']['load']}" in names and f"{home}/install.json" in names
        switched = json.loads(archive.read(f"{data}/etc/jupyter/jupyter_server_config.d/studykit.json"))
    assert switched == {"ServerApp": {"jpserver_extensions": {"studykit.server": True}}}
    assert "studykit/_shipped/evidence/README.md" in names and "studykit/server/openapi.json" in names
