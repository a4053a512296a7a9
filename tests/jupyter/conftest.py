"""A real JupyterLab over a copy of the notebooks, and a real Chromium in front of it."""

import http.client
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Error, Page, expect, sync_playwright

from studykit.cli import desk_options
from studykit.technique import technique

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
PROBES = Path(__file__).with_name("probes.js").read_text(encoding="utf-8")
PICTURES = ROOT / "test-output"  # git ignores it; continuous integration keeps it
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync"
)
SMALL = {"seeds": 1, "steps": 10}  # the parameters of every notebook in these sessions

DESK = "#studykit-desk"

expect.set_options(timeout=20_000)


class Server:
    """A `jupyter lab` on a port of its own, with folders of its own: nothing of the repository or the user is changed.

    Args:
        folder: Where it keeps everything; what lies there is found again after a restart.
        path: The folder that holds the package `studykit`, by default this checkout.
    """

    def __init__(self, folder: Path, path: Path = ROOT) -> None:
        self.folder, self.path = folder, path
        self.home, self.notebooks, self.log = folder / "home", folder / "notebooks", folder / "server.log"
        self.token, self.port = secrets.token_hex(16), free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.home.mkdir(exist_ok=True)
        self.notebooks.mkdir(exist_ok=True)
        settings = folder / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
        settings.parent.mkdir(parents=True)
        settings.write_text('{"fetchNews": "false", "checkForUpdates": false}', encoding="utf-8")

    def start(self) -> "Server":
        """Start it, or start it again at the same address, and wait until it answers."""
        folder = self.folder
        own = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "DATA", "RUNTIME")}
        own |= {f"JUPYTERLAB_{name}_DIR": str(folder / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
        own |= {"STUDYKIT_HOME": str(self.home), "STUDYKIT_LANG": "en", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(self.path)}
        options = {
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self.notebooks,
            "IdentityProvider.token": self.token,
            "LabApp.expose_app_in_browser": True,
        }
        command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
        command += [*desk_options(), *(f"--{name}={value}" for name, value in options.items())]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(command, cwd=folder, env={**os.environ, **own}, stdout=output, stderr=output)
        try:
            wait_for(self.port, self.process, self.log)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End it; it ends its kernels first."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """JupyterLab over all notebooks, with small parameters."""
    made = Server(tmp_path_factory.mktemp("lab"))
    for path in NOTEBOOKS.rglob("*.ipynb"):
        copy_small(path, made.notebooks / path.relative_to(NOTEBOOKS))
    made.start()
    yield made
    made.stop()


def copy_small(path: Path, target: Path) -> None:
    """Copy a notebook with small parameters, and without telling when its cells were run: the session runs them anew."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
        if "parameters" in cell.metadata.get("tags", ()):
            for name, value in SMALL.items():
                cell.source = re.sub(rf"^{name}( *)= \w+", rf"{name}\1= {value}", cell.source, flags=re.MULTILINE)
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with suppress(OSError):
            connection.request("GET", "/api")
            if connection.getresponse().read():
                connection.close()
                return
        connection.close()
        time.sleep(0.1)
    pytest.fail("JupyterLab did not start:\n" + log.read_text(encoding="utf-8", errors="replace")[-2000:])


# Of the module, not of the session: while Playwright's synchronous interface is open, no other test can run an event loop.
@pytest.fixture(scope="module")
def browser():
    """Chromium without a window."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.fail("no Chromium found; install it, such as by `apt-get install chromium`", pytrace=False)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=QUIET.split())
        yield started
        started.close()


@pytest.fixture(scope="module")
def page(browser):
    """One page, which a module's tests go on with one after another."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, locale="en-US")
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def lab(page, server):
    """JupyterLab, opened on the index."""
    PICTURES.mkdir(exist_ok=True)
    opened = Lab(page)
    page.goto(f"{server.address}/lab/tree/index.ipynb?reset&token={server.token}")
    opened.wait_for_notebook("index.ipynb")
    return opened


class Lab:
    """What a learner does in JupyterLab, and how to see what came of it."""

    NOTEBOOK = "const notebook = window.jupyterapp.shell.currentWidget.content;"

    def __init__(self, page: Page) -> None:
        self.page, self.problems = page, []
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    def ask(self, script: str, argument: object = None) -> object:
        """Run the body of a function in the page; `notebook` is the one in front, `given` the argument."""
        return self.page.evaluate(f"async (given) => {{ {self.NOTEBOOK} {script} }}", argument)

    def until(self, condition: str, seconds: float = 20) -> None:
        """Wait until an expression over `notebook` holds."""
        script = (
            "() => { const shown = window.jupyterapp?.shell.currentWidget, notebook = shown?.content;"
            f" return Boolean(notebook?.widgets && ({condition})); }}"
        )
        self.page.wait_for_function(script, timeout=1000 * seconds, polling=100)

    def wait_for_notebook(self, name: str) -> None:
        """Wait until a notebook is in front, with a kernel that is idle."""
        kernel = "shown.sessionContext.session?.kernel?.status === 'idle'"
        self.until(f"shown.title.label === '{name}' && shown.context.isReady && {kernel}", 60)

    def command(self, name: str, **arguments: object) -> None:
        """Execute one of Lab's commands and wait for its end."""
        script = "await window.jupyterapp.commands.execute(given[0], given[1]);"
        self.ask(script, [name, arguments])

    def menu(self, *path: str) -> None:
        """Click through the menus."""
        for name in path:
            # A part of the label is enough: a shortcut may follow it.
            self.page.get_by_role("menuitem", name=name).first.click()

    def run_all(self, seconds: float) -> None:
        """Run > Run All Cells, until every code cell was run."""
        self.menu("Run", "Run All Cells")
        done = "notebook.widgets.every((cell) => cell.model.type !== 'code' || cell.model.executionCount)"
        self.until(f"{done} && shown.sessionContext.session.kernel.status === 'idle'", seconds)

    def go(self, cell: str) -> None:
        """Scroll to a cell and make it the active one, in command mode."""
        self.ask(
            "const index = notebook.widgets.findIndex((each) => each.model.id === given);"
            "notebook.activeCellIndex = index; notebook.mode = 'command'; await notebook.scrollToItem(index, 'start');",
            cell,
        )

    def run(self, cell: str, seconds: float = 20) -> str:
        """Run one cell, wait for its end, and give the text of its outputs."""
        self.go(cell)
        found = f"notebook.widgets.find((each) => each.model.id === '{cell}').model"
        before = self.ask(f"return {found}.executionCount;")
        self.command("notebook:run-cell")
        self.until(f"{found}.executionCount && {found}.executionCount !== {before or 0}", seconds)
        return self.text(cell)

    def outputs(self) -> dict[str, list[dict]]:
        """The outputs of all code cells, by the cell's id."""
        return self.ask(
            "return Object.fromEntries(notebook.widgets.filter((cell) => cell.model.type === 'code')"
            ".map((cell) => [cell.model.id, cell.model.outputs.toJSON()]));"
        )

    def text(self, cell: str) -> str:
        """What a cell says as plain text."""
        parts = [each.get("text") or each.get("data", {}).get("text/plain", "") for each in self.outputs()[cell]]
        return "\n".join("".join(part) for part in parts)

    def active(self) -> tuple[int, str]:
        """The active cell's index, and the notebook's mode."""
        return tuple(self.ask("return [notebook.activeCellIndex, notebook.mode];"))

    def probe(self, name: str, widget: str) -> object:
        """Look something up in a widget, by a function of probes.js."""
        return self.page.evaluate(f"([name, widget]) => ({PROBES})[name](widget)", [name, widget])

    def picture(self, name: str, of: str | None = None) -> None:
        """Keep a picture of the page, or of what a selector finds."""
        target = self.page.locator(of).first if of else self.page
        with suppress(Error):  # a picture that can't be taken is no reason for a test to fail
            target.screenshot(path=PICTURES / f"{name}.png")


class Desk(Lab):
    """The side panel."""

    @property
    def panel(self):
        """Its root."""
        return self.page.locator(DESK)

    def open(self):
        """Show it, its catalog read."""
        self.command("studykit:show-panel")
        expect(self.panel.locator("nav")).to_be_visible()

    def view(self, name):
        """Go to one of its views."""
        self.panel.locator("nav").get_by_role("button", name=name, exact=True).click()

    def button(self, name):
        """A button by its whole name."""
        return self.panel.get_by_role("button", name=name, exact=True)

    def row(self, technique_id):
        """The row of a technique in the syllabus."""
        title = technique(technique_id).title.en
        return self.panel.locator(".sk-row", has=self.page.get_by_role("button", name=title, exact=True))

    def knob(self, name):
        """The field of a parameter."""
        return self.panel.locator(".sk-runs label", has=self.page.locator(f"span:text-is('{name}')")).locator("input, select")

    def tool(self, name):
        """A button above the notebook in front."""
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .sk-toolbar jp-button", has_text=name)

    def server(self, path):
        """What the server says, asked with the page's own cookies."""
        return self.page.evaluate("async (path) => (await fetch(path)).json()", f"/studykit/{path}")
