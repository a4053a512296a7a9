"""The study desk in a real JupyterLab: syllabus, review, runs, interview, toolbar; in both languages, both themes, and by keyboard."""

import re

import pytest
from conftest import DESK, Desk
from playwright.sync_api import expect

from studykit.drill import blank, hints
from studykit.question import parse
from studykit.technique import catalog, technique

pytestmark = pytest.mark.browser

DARK, LIGHT = "JupyterLab Dark", "JupyterLab Light"
VIEWS = {"Study": "学习", "Review": "复习", "Interview": "面试", "Runs": "运行"}
ASKED = "ema"  # its first two questions are a choice and a number
LESSON = "basics/adamw.ipynb"
TALKED_ABOUT = "cosine"
SAID = "Cosine annealing helps to escape local minima."  # a claim that the ledger calls wrong
NARROW = 280  # pixels that the panel has at the start, and that must be enough


@pytest.fixture(scope="module")
def desk(page, server):
    """The side panel, opened beside the index."""
    opened = Desk(page)
    page.goto(f"{server.address}/lab/tree/index.ipynb?reset&token={server.token}")
    opened.wait_for_notebook("index.ipynb")
    opened.open()
    yield opened
    page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")


def test_the_syllabus_has_every_technique_with_its_mastery_in_numbers(desk):
    desk.view("Study")
    rows = desk.panel.locator(".sk-row")
    expect(rows).to_have_count(len(catalog()))
    desk.picture("panel-1-study")
    for card in catalog().values():
        row = desk.row(card.id)
        expect(row.locator(".sk-share")).to_have_text(re.compile(r"^\d+ %$"))
        expect(row.get_by_role("progressbar")).to_have_attribute("aria-label", re.compile(re.escape(card.title.en)))
    assert desk.problems == []


def test_search_finds_in_both_languages_and_filters_hold_together(desk):
    search = desk.panel.get_by_role("searchbox", name="Search techniques")
    rows = desk.panel.locator(".sk-row")
    search.press_sequentially("滑动平均 权重")
    found = [each for each in catalog().values() if "滑动平均" in str([*each.title, *each.summary])]
    expect(rows).not_to_have_count(len(catalog()))
    expect(search).to_be_focused()
    assert rows.count() <= len(found)
    search.fill("no such thing")
    expect(desk.panel).to_contain_text("No technique matches.")
    search.fill("")
    begun = {name for name, each in desk.server("progress")["techniques"].items() if each["answered"] or each["drill"]}
    desk.button("Not begun").click()
    expect(rows).to_have_count(len(set(catalog()) - begun))
    desk.button("All").click()
    expect(rows).to_have_count(len(catalog()))


def test_a_row_opens_its_notebook(desk):
    desk.row("adamw").get_by_role("button", name=technique("adamw").title.en, exact=True).click()
    desk.wait_for_notebook("adamw.ipynb")


def test_a_run_is_refused_in_one_line_or_starts_and_tells_its_steps(desk):
    desk.row("weight_decay").get_by_role("button", name=re.compile("^Run")).click()
    expect(desk.panel.get_by_label("Technique", exact=True)).to_have_value("weight_decay")
    steps = desk.knob("steps")
    steps.fill("0")
    desk.button("Start run").click()
    problem = desk.panel.locator(".sk-runs form .sk-problem")
    expect(problem).to_contain_text("steps")
    assert "\n" not in problem.inner_text()
    desk.picture("panel-2-run-refused")
    steps.fill("5")
    desk.knob("seeds").fill("1")
    desk.knob("regime").select_option("helps")
    desk.button("Start run").click()
    run = desk.panel.locator("[data-run]").first
    expect(run).to_contain_text("running")
    expect(run).to_contain_text("steps=5")
    expect(run.locator(".sk-share")).to_have_text(re.compile(r"cell [1-9]\d*/\d+"), timeout=60_000)
    expect(run.locator("pre")).to_contain_text(re.compile(r"\d+/\d+ "))
    desk.picture("panel-2-run")


def chosen(desk):
    """What the quiz shows."""
    return desk.panel.locator(".sk-quiz")


def test_an_answer_is_graded_taken_back_and_given_again(desk):
    first, second = parse(technique(ASKED).questions, ASKED)[:2]
    desk.view("Study")
    desk.row(ASKED).get_by_role("button", name=re.compile("^Quiz")).click()
    quiz = chosen(desk)
    expect(quiz).to_contain_text("Question 1 of")
    wrong = next(option for option in first.options if not option.right)
    quiz.get_by_label(wrong.text.en).check()
    desk.button("Check").click()
    expect(quiz.locator(".sk-verdict")).to_contain_text("Not right")
    desk.picture("panel-3-wrong")
    assert desk.server("progress")["techniques"][ASKED]["answered"] == 1
    desk.button("Undo last answer").click()
    expect(quiz.locator(".sk-verdict")).to_have_count(0)
    assert desk.server("progress")["techniques"][ASKED]["answered"] == 0
    right = next(option for option in first.options if option.right)
    quiz.get_by_label(right.text.en).check()
    desk.button("Check").click()
    expect(quiz.locator(".sk-verdict")).to_contain_text("Right")
    quiz.locator(".sk-actions").get_by_role("button", name="Next").click()
    field = quiz.get_by_label("Your answer")
    field.fill("some")
    desk.button("Check").click()
    expect(quiz.locator(".sk-problem")).to_be_visible()
    field.fill(str(second.answer))
    desk.button("Check").click()
    expect(quiz).to_contain_text("2 of 2 right")
    assert desk.server("progress")["techniques"][ASKED]["answered"] == 2


def test_a_question_can_be_left_out_and_taken_in_again(desk):
    quiz, dots = chosen(desk), desk.panel.locator(".sk-dots li")
    quiz.locator(".sk-actions").get_by_role("button", name="Next").click()
    before, prompt = dots.count(), quiz.locator("legend").inner_text()
    desk.button("Never ask this again").click()
    expect(dots).to_have_count(before - 1)
    expect(quiz.locator("legend")).not_to_have_text(prompt)
    expect(desk.panel).to_contain_text("left out of all reviews")
    desk.button("Ask it again after all").click()
    expect(dots).to_have_count(before)
    expect(quiz.locator("legend")).to_have_text(prompt)


def test_a_review_outlives_a_reload(desk):
    quiz = chosen(desk)
    shown = quiz.locator("legend").inner_text()
    options = quiz.locator(".sk-option").all_inner_texts()
    desk.page.reload()
    desk.wait_for_notebook("adamw.ipynb")
    desk.open()
    expect(quiz.locator("legend")).to_have_text(shown)
    expect(quiz).to_contain_text("2 of 2 right")
    assert quiz.locator(".sk-option").all_inner_texts() == options, "the same letters as before"


def test_the_language_changes_at_once_and_is_kept(desk):
    card = technique(ASKED)
    third = parse(card.questions, ASKED)[2]
    desk.button("中文").click()
    expect(chosen(desk).locator("legend")).to_contain_text(third.prompt.zh.splitlines()[0].partition("`")[0])
    desk.picture("panel-4-chinese-review")
    for name in VIEWS.values():
        desk.view(name)
        desk.page.wait_for_timeout(100)
        desk.picture(f"panel-4-chinese-{list(VIEWS.values()).index(name)}", DESK)
    desk.view("学习")
    expect(desk.panel.locator(".sk-title", has_text=card.title.zh)).to_be_visible()
    expect(desk.tool("检查")).to_be_visible()
    kept = desk.ask("return (await window.jupyterapp.serviceManager.settings.fetch('training-studykit:plugin')).raw;")
    assert '"language": "zh"' in kept
    desk.button("EN").click()
    expect(desk.panel.locator(".sk-title", has_text=card.title.en)).to_be_visible()


def test_the_end_of_a_review_says_how_it_went(desk):
    desk.view("Review")
    desk.button("End review").click()
    expect(desk.button("Start a review")).to_be_visible()
    desk.view("Study")
    expect(desk.row(ASKED).locator(".sk-share")).not_to_have_text("0 %")
    desk.row(ASKED).get_by_role("button", name=re.compile("^Quiz")).click()
    # What was answered is not due yet, so that only new questions are asked.
    expect(chosen(desk)).to_contain_text(f"Question 1 of {len(parse(technique(ASKED).questions, ASKED)) - 2}")


def test_everything_can_be_done_by_keyboard_and_the_notebook_keeps_still(desk):
    desk.go("drill-blank")
    place = desk.active()
    desk.open()
    press = desk.page.keyboard.press
    focused = desk.page.locator(":focus")
    expect(focused).to_have_text("Review")
    press("Shift+Tab")
    expect(focused).to_have_text("Study")
    press("Enter")
    expect(desk.panel.get_by_role("searchbox")).to_be_visible()
    expect(focused).to_have_text("Study")
    press("Tab")
    press("Enter")
    expect(focused).to_have_text("Review")
    options = chosen(desk).locator("input[type=radio]")
    while not options.count():  # a question that is no choice is passed over
        desk.panel.locator(".sk-quiz").get_by_role("button", name="Next").press("Enter")
    options.first.focus()
    press("Space")
    press("ArrowDown")
    expect(options.nth(1)).to_be_checked()
    press("Enter")
    expect(chosen(desk).locator(".sk-verdict")).to_be_visible()
    expect(chosen(desk).locator(".sk-actions .sk-main")).to_be_focused()
    assert desk.active() == place, "keys in the panel must not reach the notebook"


@pytest.mark.parametrize("theme", [DARK, LIGHT])
def test_every_word_can_be_read_and_every_control_has_a_name(desk, theme):
    desk.command("apputils:change-theme", theme=theme)
    expect(desk.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
    root = f"{DESK} .sk-desk"
    expect(desk.page.locator(root)).to_have_attribute("data-dark", str(theme == DARK).lower())
    for name in VIEWS:
        desk.view(name)
        expect(desk.panel.locator(f"[aria-current]:text-is('{name}')")).to_be_visible()
        desk.page.wait_for_timeout(100)
        desk.picture(f"panel-5-{theme.split()[1].lower()}-{name.lower()}", DESK)
        assert desk.probe("faint", root) == [], name
        assert desk.probe("nameless", root) == [], name
        assert desk.probe("cutOff", root) == [], name
    assert desk.panel.bounding_box()["width"] <= NARROW


def test_a_second_run_is_stopped(desk):
    desk.view("Runs")
    desk.panel.get_by_label("Technique", exact=True).select_option("sgd")
    desk.knob("steps").fill("100000")
    desk.button("Start run").click()
    run = desk.panel.locator("[data-run]").first
    expect(run).to_contain_text("steps=100000")
    run.get_by_role("button", name=re.compile("^Stop")).click()
    expect(run).to_contain_text("stopped", timeout=30_000)
    expect(run.get_by_role("button", name=re.compile("^Stop"))).to_have_count(0)


def test_an_interview_goes_to_its_report(desk):
    desk.view("Interview")
    desk.panel.get_by_label("Minutes").fill("5")
    for name, value in {"Level": "screen", "Spoken in": "en", "About": TALKED_ABOUT}.items():
        desk.panel.get_by_label(name, exact=True).select_option(value)
    desk.button("Begin").click()
    answer = desk.panel.get_by_label("Your answer")
    answer.fill(SAID)
    desk.picture("panel-7-interview", DESK)
    expect(desk.panel.get_by_role("timer")).to_have_text(re.compile(r"^\d+:\d\d / 5:00$"))
    desk.button("Answer").click()
    expect(desk.panel.locator(".sk-turn")).to_have_count(1)
    expect(answer).to_have_value("")
    # What is half written outlives a reload.
    answer.fill("Half of an answer")
    asked = desk.panel.locator(".sk-prompt").inner_text()
    desk.page.reload()
    desk.wait_for_notebook("adamw.ipynb")
    desk.open()
    expect(answer).to_have_value("Half of an answer")
    assert desk.panel.locator(".sk-prompt").inner_text() == asked
    desk.button("Answer").click()
    code = desk.panel.get_by_label("Your code")
    while not code.count():  # how many questions come before the code is the interviewer's affair
        answer.fill("I don't know")
        before = desk.panel.locator(".sk-turn").count()
        desk.button("Answer").click()
        expect(desk.panel.locator(".sk-turn")).to_have_count(before + 1)
    expect(code).to_have_value(re.compile(re.escape(technique(TALKED_ABOUT).names[0])))
    assert "monospace" in code.evaluate("each => getComputedStyle(each).fontFamily")
    desk.picture("panel-7-interview-code", DESK)
    desk.button("Answer").click()
    expect(code).to_have_count(0, timeout=60_000)
    desk.button("Finish now").click()
    marked = desk.panel.locator(".sk-finding mark")
    expect(marked).to_be_visible()
    assert marked.inner_text() in SAID
    expect(desk.panel.locator(".sk-finding")).to_contain_text("Source: ")
    root = f"{DESK} .sk-desk"
    desk.picture("panel-7-report", DESK)
    for probe in ("faint", "nameless", "cutOff"):
        assert desk.probe(probe, root) == [], probe
    for name, sign in {"Save as Markdown": "# Mock interview", "Save as HTML": "<!doctype html>"}.items():
        with desk.page.expect_download() as download:
            desk.button(name).click()
        assert download.value.path().read_text(encoding="utf-8").lower().startswith(sign.lower())
    desk.button("Back to the settings").click()
    expect(desk.panel.locator(".sk-line").get_by_role("button", name=re.compile("^Report"))).to_have_count(1)


def test_the_toolbar_checks_and_hints(desk):
    for name in ("Check", "Hint", "Reset", "Quiz"):
        expect(desk.tool(name)).to_be_visible()
    expect(desk.tool("Colab")).to_have_count(0)
    desk.tool("Hint").click()
    dialog = desk.page.get_by_role("dialog")
    told = hints(technique("adamw"))
    expect(dialog.locator("li")).to_have_count(1)
    for _ in told[1:]:
        dialog.get_by_role("button", name="Next hint").click()
    expect(dialog.locator("li")).to_have_count(len(told))
    expect(dialog.get_by_role("button", name="Next hint")).to_have_count(0)
    desk.picture("panel-6-hints")
    dialog.get_by_role("button", name="Close").click()
    desk.tool("Check").click()
    # The kernel has not run anything yet: what the check needs is run before it.
    desk.until(f"{source('drill-check')}.executionCount", 60)
    assert "Nothing is written yet" in desk.text("drill-check")
    desk.picture("panel-6-toolbar")


def source(cell):
    """The model of a cell of the notebook in front, in the page's language."""
    return f"notebook.widgets.find((each) => each.model.id === '{cell}').model"


def test_reset_keeps_what_was_written(desk):
    written = blank("adamw") + "\n# mine: 一行"
    read = f"return {source('drill-blank')}.sharedModel.getSource();"
    desk.ask(f"{source('drill-blank')}.sharedModel.setSource(given);", written)
    desk.command("studykit:reset")
    assert desk.ask(read) == blank("adamw").rstrip()
    below = desk.ask(
        "const at = notebook.widgets.findIndex((each) => each.model.id === 'drill-blank');"
        "const { type, sharedModel } = notebook.widgets[at + 1].model; return [type, sharedModel.getSource()];"
    )
    assert below[0] == "raw"
    head, _, kept = below[1].partition("\n")
    assert head.startswith("# kept ")
    assert kept == written
    cells = desk.ask("return notebook.widgets.length;")
    desk.command("studykit:reset")  # nothing is written: nothing to keep
    assert desk.ask("return notebook.widgets.length;") == cells
    desk.command("notebook:undo-cell-action")


def test_a_notebook_that_is_no_lesson_has_no_buttons(desk):
    desk.page.get_by_role("tab", name="index.ipynb").click()
    desk.wait_for_notebook("index.ipynb")
    expect(desk.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .sk-toolbar")).to_have_count(0)
    assert desk.ask("return window.jupyterapp.commands.isEnabled('studykit:check');") is False


def test_the_finished_run_opens_its_result_and_the_evidence_is_there(desk):
    desk.view("Runs")
    run = desk.panel.locator("[data-run]", has_text="steps=5").last
    expect(run).to_contain_text("done", timeout=90_000)
    run.get_by_role("button", name=re.compile("^Open result")).click()
    frame = desk.page.locator(".sk-page iframe")
    expect(frame).to_have_attribute("sandbox", "")
    expect(desk.page.frame_locator(".sk-page iframe").get_by_text("Write it yourself").first).to_be_visible()
    desk.picture("panel-7-result")
    desk.button("Evidence of all experiments").click()
    expect(desk.page.locator(".lm-TabBar-tab.lm-mod-current", has_text="Evidence")).to_be_visible()
    desk.picture("panel-7-evidence")


def test_the_desk_also_opens_in_the_main_area_from_launcher_and_palette(desk):
    desk.command("launcher:create")
    desk.page.locator(".jp-LauncherCard", has_text="Study desk").click()
    main = desk.page.locator("#studykit-desk-main")
    expect(main.locator(".sk-view")).to_be_visible()
    desk.view("Study")
    expect(main.locator(".sk-row")).to_have_count(len(catalog()))  # one model, two views
    desk.picture("panel-8-main")
    desk.command("apputils:activate-command-palette")
    desk.page.locator(".lm-CommandPalette-input:visible").fill("mock interview")
    desk.page.locator(".lm-CommandPalette-item", has_text="Mock interview").click()
    expect(main.locator("[aria-current]")).to_have_text("Interview")
    desk.command("application:close")


def test_a_server_that_is_gone_is_told_in_a_line(desk):
    desk.view("Study")
    desk.page.route("**/studykit/**", lambda route: route.abort())
    desk.row("lion").get_by_role("button", name=re.compile("^Quiz")).click()
    alert = desk.panel.get_by_role("alert").first
    expect(alert).to_contain_text("The Jupyter server does not answer")
    desk.picture("panel-9-gone", DESK)
    desk.page.unroute("**/studykit/**")
    desk.button("Try again").click()
    expect(alert).to_be_empty()
    assert desk.problems == []
