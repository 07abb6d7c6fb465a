"""Pages of the bench: what is published, an organisation's own bench, one run with its explanations."""

from __future__ import annotations

import contextlib
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from silkgate import __version__
from silkgate.client import Sender
from silkgate.identity import api as identity
from silkgate.identity.api import PUBLIC, actor_of, opens
from silkgate.journal.api import log_keys
from silkgate.kernel.clock import china_day
from silkgate.kernel.text import Text
from silkgate.standards.conformance import verify_statement
from silkgate.testbench import actions, queries, shown
from silkgate.testbench.access import PLAY, SEE
from silkgate.testbench.domain import DIRECTIONS, MODES, ROLES, Refused, Scenario
from silkgate.testbench.forms import CertificateForm, UploadForm, uploaded
from silkgate.testbench.playing import Firm, data_for
from silkgate.testbench.samples import archive, samples
from silkgate.testbench.scenarios import published
from silkgate.testbench.statements import signer_key, state
from silkgate.ui.links import asked, asked_number
from silkgate.ui.moment import at_of
from silkgate.ui.shapes import Chip, Pager
from silkgate.ui.templatetags.ui import text

PAGE_RUNS = 20


@opens(PUBLIC)
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """GET /testbench: the published scenarios by role, for anybody; and the way to one's own benches."""
    actor = actor_of(request)
    codes = SEE.where(actor)
    role = asked(request, "role", ROLES) or next(iter(ROLES))
    known = published()
    context = {
        "benches": [(code, name) for code, name in queries.names(codes).items()],
        "signed_in": bool(actor.kind),
        "role": ROLES[role],
        "chips": _role_chips(reverse("testbench"), role),
        "parts": [(key, name, known.of_role(role, key)) for key, name in DIRECTIONS.items()],
        "version": known.version,
    }
    return render(request, "testbench/home.html", context)


@opens(PUBLIC)
@require_GET
def scenario(request: HttpRequest, scenario: str) -> HttpResponse:
    """GET /testbench/scenarios/<id>: what is sent, by whom, with which data, and what has to come back."""
    found, data = _known(request, scenario)
    here = reverse("testbench-scenario", args=[found.id])
    context = {
        "scenario": found,
        "role": ROLES[found.role],
        "direction": DIRECTIONS[found.direction],
        "steps": shown.steps(found, data.words),
        "ends": shown.ends(found, data.words),
        "code": data.code,
        "may_play": PLAY.allows(actor_of(request), data.code),
        "day": data.day,
        "query": data.query,
        "chips": [
            Chip(Text(name, name), f"{here}?{data._replace(code=code).query}", code == data.code)
            for code, name in queries.names(data.codes).items()
        ],
    }
    return render(request, "testbench/scenario.html", context)


class Data(NamedTuple):
    """For which firm a scenario is shown (empty: for nobody in particular), by the law of which day, and its data."""

    codes: tuple[str, ...]
    code: str
    day: date
    words: dict[str, str]
    sender: Sender

    @property
    def query(self) -> str:
        """What asks for the same again."""
        return urlencode(({"organisation": self.code} if self.code else {}) | {"law_day": self.day.isoformat()})


def _data(request: HttpRequest, scenario: Scenario) -> Data:
    codes = SEE.where(actor_of(request))
    code = asked(request, "organisation", codes) or next(iter(codes), "")
    day = _asked_day(request)
    firm = Firm(code, queries.names([code])[code]) if code else Firm("YOUR-CODE", "YOUR NAME")
    return Data(codes, code, day, *data_for(firm, day, scenario.role))


def _asked_day(request: HttpRequest) -> date:
    """The day of the law in the address; today where there is none that the bench plays."""
    with contextlib.suppress(ValueError):
        day = date.fromisoformat(request.GET.get("law_day", ""))
        if actions.EARLIEST <= day <= actions.LATEST:
            return day
    return china_day(at_of(request))


@opens(PUBLIC)
@require_GET
def scenario_archive(request: HttpRequest, scenario: str) -> HttpResponse:
    """GET /testbench/scenarios/<id>/messages.zip: what a firm sends in it, to be uploaded as it is, or once signed."""
    found, data = _known(request, scenario)
    return _file(archive(samples(found, data.words, data.sender)), f"{found.id}-{data.day}.zip", "application/zip")


@opens(PUBLIC)
@require_GET
def scenario_message(request: HttpRequest, scenario: str, number: int) -> HttpResponse:
    """GET /testbench/scenarios/<id>/messages/<step>.xml: one of them."""
    found, data = _known(request, scenario)
    for sample in samples(found, data.words, data.sender):
        if sample.number == number:
            return _file(sample.raw, f"{found.id}-{data.day}-{sample.name}")
    raise Http404


def _known(request: HttpRequest, scenario: str) -> tuple[Scenario, Data]:
    found = published().scenarios.get(scenario)
    if found is None:
        raise Http404
    return found, _data(request, found)


def _file(body: bytes, name: str, kind: str = "application/octet-stream") -> HttpResponse:
    """Something to keep, which a browser does not show."""
    return HttpResponse(
        body,
        content_type=kind,
        headers={
            "Content-Disposition": content_disposition_header(True, name),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


@opens(SEE, of="code")
@require_http_methods(["GET", "HEAD", "POST"])
def bench(request: HttpRequest, code: str) -> HttpResponse:
    """GET, POST /testbench/of/<code>: an organisation's bench; messages are uploaded here and played at once."""
    may_play = PLAY.allows(actor_of(request), code)
    role = asked(request, "role", ROLES) or _likely_role(code)
    chosen = asked(request, "scenario", published().scenarios)
    day = _asked_day(request)
    form = UploadForm(list(published().scenarios.values()), day, scenario=chosen)
    if request.method == "POST":
        identity.require(request, PLAY, code, subject=f"testbench/{code}")
        form = UploadForm(list(published().scenarios.values()), day, request.POST)
        if form.is_valid():
            try:
                made = actions.run(
                    (code, queries.names([code])[code]),
                    uploaded(request, "messages"),
                    day=form.cleaned_data["law_day"],
                    scenario=published().scenarios.get(form.cleaned_data["scenario"]),
                    by=actor_of(request).name,
                    at=at_of(request),
                )
                return redirect("testbench-run", code=code, number=made.id)
            except Refused as refused:
                form.add_error("messages", text(refused.text))
    return _bench(request, code, role, form, CertificateForm(), may_play)


def _bench(
    request: HttpRequest, code: str, role: str, form: UploadForm, certificate: CertificateForm, may_play: bool
) -> HttpResponse:
    before = asked_number(request, "before")
    runs = queries.runs(code, before=before, limit=PAGE_RUNS + 1)
    own = reverse("testbench-bench", args=[code])
    standings = queries.standings(code, role, __version__)
    context = {
        "code": code,
        "name": queries.names([code])[code],
        "may_play": may_play,
        "form": form,
        "certificate_form": certificate,
        "certificates": queries.certificates(code),
        "role_key": role,
        "role": ROLES[role],
        "chips": _role_chips(own, role),
        "parts": shown.parts(standings),
        "missing": queries.missing(standings),
        "statements": [(one, ROLES[one.role]) for one in queries.statements(code)],
        "runs": [(one, shown.run_state(one), _title(one.scenario)) for one in runs[:PAGE_RUNS]],
        "pager": Pager(
            own if before else "", f"{own}?before={runs[PAGE_RUNS - 1].id}" if len(runs) > PAGE_RUNS else ""
        ),
    }
    return render(request, "testbench/bench.html", context)


@opens(PLAY, of="code")
@require_POST
def add_certificate(request: HttpRequest, code: str) -> HttpResponse:
    """POST /testbench/of/<code>/certificates: a certificate that counts on the bench."""
    form = CertificateForm(request.POST, request.FILES)
    form.is_valid()
    upload = request.FILES.get("certificate")
    try:
        pem = bytes(upload.read(64 * 1024)) if upload else b""
        actions.upload_certificate(code, pem, by=actor_of(request).name, at=at_of(request))
    except Refused as refused:
        form.add_error("certificate", text(refused.text))
        upload_form = UploadForm(list(published().scenarios.values()), china_day(at_of(request)))
        return _bench(request, code, _likely_role(code), upload_form, form, True)
    return redirect("testbench-bench", code=code)


@opens(SEE, of="code")
@require_GET
def run(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """GET /testbench/of/<code>/runs/<number>: messages, receipts, explanations, nearest fixes, what was checked."""
    found = queries.one_run(code, number)
    if found is None:
        raise Http404
    report = queries.report_of(found)
    context = {
        "code": code,
        "run": found,
        "scenario": published().scenarios.get(found.scenario),
        "state": shown.run_state(found),
        "messages_told": shown.messages(report, queries.files(found)),
        "declarations": shown.declarations(report),
        "checks": shown.checks(report),
    }
    return render(request, "testbench/run.html", context)


@opens(SEE, of="code")
@require_GET
def run_file(request: HttpRequest, code: str, number: int, place: int) -> HttpResponse:
    """GET /testbench/of/<code>/runs/<number>/files/<place>: a message or a receipt, byte for byte."""
    found = queries.one_run(code, number)
    file = queries.file_of(found, place) if found else None
    if file is None:
        raise Http404
    return _file(bytes(file.body), f"bench-{number}-{place:03d}-{file.kind}.xml")


@opens(SEE, of="code")
@require_GET
def coverage(request: HttpRequest, code: str) -> HttpResponse:
    """GET /testbench/of/<code>/coverage: what was shown and what was not, by kind of message, mode and scenario."""
    role = asked(request, "role", ROLES) or _likely_role(code)
    return render(request, "testbench/coverage.html", _coverage(code, role))


def _coverage(code: str, role: str, refused: Text | None = None) -> dict[str, Any]:
    standings = queries.standings(code, role, __version__)
    return {
        "code": code,
        "name": queries.names([code])[code],
        "role_key": role,
        "role": ROLES[role],
        "chips": _role_chips(reverse("testbench-coverage", args=[code]), role),
        "parts": shown.parts(standings),
        "modes": MODES,
        "missing": queries.missing(standings),
        "program": __version__,
        "version": published().version,
        "refused": refused,
    }


@opens(PLAY, of="code")
@require_POST
def sign(request: HttpRequest, code: str) -> HttpResponse:
    """POST /testbench/of/<code>/statements: sign what was shown in a role."""
    role = asked_role(request)
    try:
        made = state((code, queries.names([code])[code]), role, by=actor_of(request).name, at=at_of(request))
    except Refused as refused:
        return render(request, "testbench/coverage.html", _coverage(code, role, refused.text), status=422)
    return redirect("testbench-statement", name=made.name)


def asked_role(request: HttpRequest) -> str:
    """The role that a form names; the first of all where it names none."""
    given = request.POST.get("role", "")
    return given if given in ROLES else next(iter(ROLES))


@opens(PUBLIC)
@require_GET
def statement(request: HttpRequest, name: str) -> HttpResponse:
    """GET /testbench/statements/<name>: a statement, for anybody who has its name; prints on a page."""
    found = queries.statement(name[:40])
    if found is None:
        raise Http404
    said = queries.content(found)
    with connection.cursor() as cursor:
        keys = log_keys(cursor)
    key = signer_key(said["issuer"], keys)
    verdict = verify_statement(found.body.encode(), [key] if key else keys)
    listed = [(one, published().scenarios.get(one["id"])) for one in said["scenarios"]]
    context = {
        "statement": found,
        "said": said,
        "role": ROLES.get(said["role"], Text(said["role"], said["role"])),
        "scenarios": listed,
        "verdict": verdict,
        "key": key,
    }
    return render(request, "testbench/statement.html", context)


@opens(PUBLIC)
@require_GET
def statement_file(request: HttpRequest, name: str) -> HttpResponse:
    """GET /testbench/statements/<name>/file: the signed file."""
    found = queries.statement(name[:40])
    if found is None:
        raise Http404
    return HttpResponse(
        found.body,
        content_type="application/json; charset=utf-8",
        headers={"Content-Disposition": content_disposition_header(True, f"conformance-{found.name}.json")},
    )


def _role_chips(href: str, role: str) -> tuple[Chip, ...]:
    return tuple(Chip(words, f"{href}?role={key}", key == role) for key, words in ROLES.items())


def _likely_role(code: str) -> str:
    """The role of what was tried last; the first of all where nothing was."""
    for one in queries.runs(code, limit=5):
        if one.scenario in published().scenarios:
            return published().scenarios[one.scenario].role
    return next(iter(ROLES))


def _title(scenario: str) -> Text:
    found = published().scenarios.get(scenario)
    return found.title if found else Text("不带情景", "No scenario")


urlpatterns = [
    path("testbench", home, name="testbench"),
    path("testbench/scenarios/<str:scenario>", scenario, name="testbench-scenario"),
    path("testbench/scenarios/<str:scenario>/messages.zip", scenario_archive, name="testbench-scenario-archive"),
    path("testbench/scenarios/<str:scenario>/messages/<int:number>.xml", scenario_message, name="testbench-sample"),
    path("testbench/of/<str:code>", bench, name="testbench-bench"),
    path("testbench/of/<str:code>/certificates", add_certificate, name="testbench-certificates"),
    path("testbench/of/<str:code>/coverage", coverage, name="testbench-coverage"),
    path("testbench/of/<str:code>/statements", sign, name="testbench-sign"),
    path("testbench/statements/<str:name>", statement, name="testbench-statement"),
    path("testbench/statements/<str:name>/file", statement_file, name="testbench-statement-file"),
    path("testbench/of/<str:code>/runs/<int:number>", run, name="testbench-run"),
    path("testbench/of/<str:code>/runs/<int:number>/files/<int:place>", run_file, name="testbench-file"),
]
