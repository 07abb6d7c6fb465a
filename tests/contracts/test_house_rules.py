"""House rules that a machine can hold. Each failure says what to do about it."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
from house import ROOT, SRC, packages, python_files, rooms, shown, tree

MAX_LINES = 500

# --- The clock -------------------------------------------------------------------------------------------------

CLOCK_READERS = frozenset({"now", "utcnow", "today", "localdate"})
CLOCK_OWNERS = frozenset({"datetime", "date", "timezone", "dt", "dj_timezone"})
EDGES: dict[str, str] = {
    "site/": "the edge itself: processes start here and hand the time to everything inside",
    "exchange/receiver.py": "the time of receipt, at the door where bytes come in",
    "clearance/worker.py": "the engine's clock in service; cases and replays give it another",
}
"""Where the time of day may be read, each with its reason. Everything else is given a day or a time."""


def _clock_reads(path: Path) -> list[str]:
    """Places of a file that ask what time it is: `datetime.now`, `date.today`, `time.time`, `auto_now`…"""
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if (node.attr in CLOCK_READERS and owner in CLOCK_OWNERS) or (owner, node.attr) in {
                ("time", "time"),
                ("time", "time_ns"),
            }:
                found.append(f"{shown(path)}:{node.lineno} {owner}.{node.attr}")
        elif isinstance(node, ast.keyword) and node.arg in {"auto_now", "auto_now_add"}:
            found.append(f"{shown(path)}:{node.value.lineno} {node.arg}")
    return found


def _is_edge(path: Path) -> bool:
    return path.relative_to(SRC).as_posix().startswith(tuple(EDGES))


def test_nothing_but_the_edges_asks_for_the_time() -> None:
    reads = [read for path in python_files() if not _is_edge(path) for read in _clock_reads(path)]
    assert not reads, f"take the moment as an argument; law is asked for its day: {reads}"


@pytest.mark.parametrize("edge", EDGES)
def test_the_list_of_edges_is_not_longer_than_needed(edge: str) -> None:
    files = [path for path in python_files() if path.relative_to(SRC).as_posix().startswith(edge)]
    assert any(_clock_reads(path) for path in files), f"{edge} reads no clock: take it off the list"


def test_sql_is_given_its_time() -> None:
    words = re.compile(
        r"\b(now\s*\(\)|current_date|current_timestamp|clock_timestamp\s*\(\)|localtimestamp)", re.IGNORECASE
    )
    reads = [
        f"{shown(path)} {found}"
        for path in sorted(SRC.rglob("*.sql"))
        for found in words.findall(re.sub(r"--.*", "", path.read_text(encoding="utf-8")))
    ]
    assert not reads, f"pass the time as a parameter: {reads}"


# --- Money -----------------------------------------------------------------------------------------------------

MONEY = ("kernel/", "ledger/", "tariff/", "bonded/", "clearance/engine/", "clearance/domain.py", "clearance/rules.py")
SECONDS = frozenset({"clearance/engine/run.py"})
"""The loop waits for seconds, which are floats, and computes no amount."""


def test_money_is_never_a_float() -> None:
    """Money, quantities and rates are integers of a named unit or exact decimals: no float literal, no `float`."""
    floats = [
        f"{shown(path)}:{node.lineno}"
        for path in python_files()
        if (name := path.relative_to(SRC).as_posix()).startswith(MONEY) and name not in SECONDS
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.Attribute) and node.attr == "FloatField")
    ]
    assert not floats, floats


def test_the_engine_does_not_divide_into_floats() -> None:
    """`/` between integers gives a float; the engine and the fixed-point words use `//` and `half_up`."""
    exact = [SRC / "kernel" / "fixed.py", *sorted((SRC / "clearance" / "engine").glob("*.py"))]
    divisions = [
        f"{shown(path)}:{node.lineno}"
        for path in exact
        for node in ast.walk(tree(path))
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
    ]
    assert not divisions, divisions


# --- Errors ----------------------------------------------------------------------------------------------------

VAGUE = frozenset({"Exception", "BaseException"})


def test_no_vague_exception_is_raised_or_swallowed() -> None:
    """An exception has a name of its own and says what happened; a bare `except:` would hide even Ctrl-C."""
    vague = []
    for path in python_files():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Raise):
                raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
                if isinstance(raised, ast.Name) and raised.id in VAGUE:
                    vague.append(f"{shown(path)}:{node.lineno} raises {raised.id}")
            elif isinstance(node, ast.ExceptHandler) and node.type is None:
                vague.append(f"{shown(path)}:{node.lineno} bare except")
    assert not vague, vague


# --- Size and furniture ------------------------------------------------------------------------------------------


def test_files_stay_small() -> None:
    """A file that one can hold in the head: at most 500 lines. Migrations are exempt."""
    kinds = (".py", ".sql", ".html", ".css", ".js")
    long = {
        shown(path): lines
        for path in sorted(SRC.rglob("*"))
        if path.suffix in kinds and "migrations" not in path.parts and not path.name.endswith(".min.js")
        for lines in [path.read_text(encoding="utf-8").count("\n")]
        if lines > MAX_LINES
    }
    assert not long, f"cut along a seam, by subject: {long}"


@pytest.mark.parametrize("package", packages())
def test_every_room_has_its_page(package: str) -> None:
    """`README.md`: what the room owns, its words in both languages, its guarantees."""
    page = SRC / package / "README.md"
    assert page.exists(), f"write {shown(page)}"
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert re.search(r"[\u4e00-\u9fff]", text), f"{shown(page)} gives no Chinese words"


@pytest.mark.parametrize("room", rooms())
def test_a_door_is_documented(room: str) -> None:
    """Every public function and class of an `api.py` says its shapes, units, errors."""
    door = SRC / room / "api.py"
    silent = [
        f"{shown(door)}:{node.lineno} {node.name}"
        for node in (tree(door).body if door.exists() else [])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not silent, silent


FURNITURE = frozenset({
    "README.md", "__init__.py", "apps.py", "admin.py",
    "rest.py", "pages.py", "jobs.py", "api.py", "actions.py", "queries.py", "models.py", "rules.py", "domain.py",
    "events.py", "sql", "migrations", "templates", "templatetags", "static", "management", "__pycache__",
})  # fmt: skip
"""What may stand in any room. Knowing one room is knowing all."""

OWN_FURNITURE: dict[str, dict[str, str]] = {
    "identity": {
        "access.py": "the one place where access is decided",
        "actors.py": "from a request to the actor",
        "forms.py": "what its pages ask for",
        "clients.py": "programs that act for an organisation",
        "client_pages.py": "their pages, for its representatives",
        "tokens.py": "the token endpoint",
        "signing_in": "passwords, second factors, passkeys, an outside identity provider: allauth in our words",
    },
    "casework": {
        "calendar.py": "working days, from the State Council's notices under `reference/calendar/`",
        "declared.py": "the workflows that rooms above have declared",
        "moves.py": "moves that many workflows have",
        "evidence.py": "files of a case: checked, kept, given out",
        "filetypes.py": "what kind a file is, by its bytes; no database",
        "scanner.py": "speaks to clamd",
        "forms.py": "a move with its reason and files",
        "shown.py": "cases in words and shapes",
    },
    "journal": {
        "catalogue.py": "types of events that others may be told of, declared by the rooms that cause them",
        "feed.py": "events in an order in which nothing is skipped",
        "log.py": "the verifiable log: leaves in, tiles, signed checkpoints and proofs out",
    },
    "tariff": {
        "files.py": "reads the law files under `reference/`; they are no tables and need no database",
        "tables.py": "typed reading of TOML, so that every error names its place",
        "docs.py": "renders the reference page of rules from the cards",
        "taxes.py": "what falls due on goods, in exact integers, for every room that needs it",
        "trials.py": "a trial law that a replay puts in the place of the law of each day",
    },
    "registry": {
        "access.py": "what there is to do in it, for pages and REST alike",
        "declared.py": "reads reference/registry: roles, fields, papers, purposes, credit schemes",
        "workflows.py": "its kinds of case, declared to casework",
        "summaries.py": "what a case's page shows of its matters",
        "goods.py": "goods on file: judged, filed, versioned",
        "bulk.py": "tables that strangers upload, read within bounds",
        "permits.py": "permits and their use through the ledger",
        "classes.py": "credit classes with their days",
        "forms.py": "forms made of what reference/registry declares",
        "goodspages.py": "pages of goods, permits and classes",
        "pageparts.py": "what its pages have in common",
        "rest_filings.py": "filings over HTTP",
        "rest_goods.py": "goods over HTTP",
        "rest_permits.py": "permits over HTTP",
        "rest_parts.py": "what its addresses under /api/v1 have in common",
    },
    "bonded": {
        "storage": "store first, declare together: lots, draws, consolidated declarations",
    },
    "clearance": {
        "engine": "the deterministic decider, one file per step",
        "evidence.py": "the documents of a declaration as they were received, side by side",
        "explain.py": "decisions and tax in words",
        "directions.py": "imports and exports as lists tell them apart",
        "exportevidence.py": "the documents of an export list, its terms, what came back",
        "dossier.py": "everything that explains one declaration, gathered for a page",
        "check.py": "what intake finds in a message, with no effect",
        "cases.py": "example cases: run a folder, compare",
        "zonefolder.py": "a zone as a folder of tables, read and loaded through the doors",
        "worker.py": "the engine as a process",
        "consumer": "a person's own allowance: who it is, every use, objection",
        "replay": "stored messages through the engine again, beside what was recorded",
        "sandbox.py": "the engine over a zone in memory, for the test bench",
    },
    "drafts": {
        "access.py": "what there is to do in it",
        "forms.py": "a draft as a form, made of the field catalogue",
        "offers.py": "what can be computed from what was typed",
        "sheets.py": "drafts filled from a spreadsheet",
        "signing.py": "signing where the private key is elsewhere",
        "signpages.py": "pages of signing and sending, and what all its pages share",
        "taxes.py": "what a document would be taxed, to be seen before it is sent",
    },
    "testbench": {
        "access.py": "what there is to do on it, for pages and REST alike",
        "scenarios.py": "reads reference/scenarios: the zone of the bench, purchases, scenarios",
        "playing.py": "one run: what it is played on, played, told",
        "samples.py": "a scenario's messages, made of its data",
        "checking.py": "whether a run did what its scenario asks for",
        "fixes.py": "the nearest change that would pass, by rule",
        "formfixes.py": "the same for what cannot be read",
        "signfixes.py": "the same for signatures",
        "nearness.py": "which of many codes is most like one",
        "statements.py": "signed statements of conformance",
        "rest_shapes.py": "bodies of its REST interface",
        "shown.py": "runs in words and shapes",
        "forms.py": "what its pages ask for",
    },
    "machinery": {
        "access.py": "what there is to do with machine books, for pages and REST alike",
        "bill.py": "bills of materials: judged row by row, multiplied down the tree",
        "sheets.py": "bills as they are brought: CSV, XLSX, UBL catalogue",
        "shown.py": "machine books in words and shapes",
        "restshapes.py": "bodies of its REST interface",
    },
    "programmes": {
        "access.py": "what there is to do in the market, for pages and REST alike",
        "kinds.py": "reads reference/market: the kinds of service and who may offer each",
        "restshapes.py": "bodies of its REST interface",
        "workflows.py": "what waits for a firm, or for the operator, as cases of casework",
        "trading.py": "from an enquiry to a completed order, step by step",
        "reviews.py": "what an order leaves behind: review, answer, declarations that it served",
        "forms.py": "what its pages ask for",
        "shown.py": "the market in words and shapes",
        "offeringpages.py": "pages for providers",
        "deskpages.py": "pages of enquiries, for both sides",
        "orderpages.py": "pages of an order, for both sides",
    },
    "portal": {
        "help.py": "a page for every code that is answered, and search over them",
        "helpbook.py": "what those pages say, made of cards, tables, catalogue and recorded examples",
        "helpproblems.py": "causes of errors of the interface, and the standards behind them",
        "helpsearch.py": "the index in memory behind their search",
        "logbook.py": "the verifiable log as a page: is this receipt in it?",
        "counting.py": "follows what was committed and counts it, for monitoring and the operators' page",
        "watching.py": "reads for both and for the status page",
        "front.py": "the front page of whoever has signed in",
        "mine.py": "declarations, messages and balances of one’s own organisations",
        "words.py": "words that several of its pages share",
        "catalogue.py": "reads reference/services: what the zone does for whom, with the workflows’ own deadlines",
        "guide.py": "its pages",
        "law.py": "where something is written, as three of its pages show it",
        "service.py": "the pages about the service itself",
    },
    "exchange": {
        "intake.py": "the stages before anything is stored, one function a stage",
        "documents.py": "the compact records that decisions are made on",
        "exports.py": "the records of export messages, which are checked and not taken yet",
        "records.py": "what records are made of: from the texts of a message to arrays",
        "inbox.py": "what came in, and its recorded order",
        "outbox.py": "what goes out",
        "sealing.py": "what was decided becomes leaves of the verifiable log",
        "auditing.py": "the verifiable log computed again from the rows",
        "receiver.py": "stages, one commit for all that arrived meanwhile, acknowledgement",
        "backlog.py": "what waits for the engine, by sender, and how much of it each may have",
        "folder.py": "the folder drop",
        "jetstream": "the carrier NATS JetStream: messages in, receipts out",
        "naming.py": "how senders name their messages",
        "problems.py": "how errors are told over HTTP",
        "idempotency.py": "the answer to a request that is sent again",
        "webhooks": "events of the journal on their way to the addresses of organisations",
        "lists.py": "lists of an organisation’s messages and receipts over HTTP",
    },
}
"""Files that one room alone has, each with its reason."""


@pytest.mark.parametrize("room", rooms())
def test_rooms_use_the_known_furniture(room: str) -> None:
    strange = {path.name for path in (SRC / room).iterdir()} - FURNITURE - OWN_FURNITURE.get(room, {}).keys()
    assert not strange, f"{room}: use the known names, or enter the new one with its reason: {sorted(strange)}"


@pytest.mark.parametrize(("room", "name"), [(room, name) for room, own in OWN_FURNITURE.items() for name in own])
def test_own_furniture_is_there(room: str, name: str) -> None:
    assert (SRC / room / name).exists()


# --- Words that do not belong here --------------------------------------------------------------------------------


def _tracked_texts() -> list[tuple[Path, str]]:
    """Every text file under version control (new files included), except the lock file."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    texts = []
    for name in listed:
        path = ROOT / name
        if not name or path.suffix == ".lock" or not path.is_file():
            continue
        try:
            texts.append((path, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return texts


def test_nothing_names_a_machine_or_a_package_index() -> None:
    """The tree runs anywhere: no path of one machine, no address of one package index."""
    hosts = "|".join(("pypi" + r"\.org", "python" + r"hosted\.org", "--(extra-)?index" + "-url"))
    folders = ("work/" + "(main|shared)", "ro" + "ot/", "ho" + "me/[a-z]", "Us" + "ers/")
    homes = r"(?<![\w.:/}])/(" + "|".join(folders) + ")"
    parents = r"\.\./" + "shared"
    wrong = re.compile(f"{hosts}|{homes}|{parents}")
    named = [
        f"{shown(path)}:{text.count(chr(10), 0, match.start()) + 1} {match.group()}"
        for path, text in _tracked_texts()
        for match in wrong.finditer(text)
    ]
    assert not named, named


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b|NotImplemented" + "Error")
    left = [
        f"{shown(path)}:{text.count(chr(10), 0, match.start()) + 1}"
        for path, text in _tracked_texts()
        if path.suffix in {".py", ".sql", ".html", ".js", ".css", ".md"}
        for match in later.finditer(text)
    ]
    assert not left, left


def test_pages_bring_everything_themselves() -> None:
    """No font, script, style or picture from outside: templates and styles name no foreign address."""
    outside = r"""\s*=\s*["'](?:https?:)?//"""
    foreign = re.compile(
        rf"(?:src|srcset|action|hx-\w+){outside}|<(?:a|link)\b[^>]+href{outside}"
        r"""|url\(\s*["']?(?:https?:)?//|@import"""
    )
    found = [
        f"{shown(path)}: {match.group()}"
        for suffix in ("html", "css", "js", "svg")
        for path in sorted(SRC.rglob(f"*.{suffix}"))
        for match in foreign.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found, found


def test_templates_have_no_inline_style_or_handler() -> None:
    """Looks live in `ui/`, behaviour in its scripts: so that a strict content security policy can hold."""
    inline = re.compile(r"\sstyle\s*=\s*[\"']|\son[a-z]+\s*=\s*[\"']|<style\b|<script(?![^>]*\bsrc=)[^>]*>")
    found = [
        f"{shown(path)}: {match.group().strip()}"
        for path in sorted(SRC.rglob("*.html"))
        for match in inline.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found, found
