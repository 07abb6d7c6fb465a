"""What a scenario's page offers for download: the messages of that firm, which it uploads again and passes with."""

from __future__ import annotations

import html
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from identity.made import FOREIGN, member
from silkgate.client import signed
from silkgate.standards.archives import unpack_zip
from silkgate.testbench import actions, queries
from silkgate.testbench.scenarios import published
from testbench.played import CODE, DAY, key
from testbench.test_statements import AT

SCENARIOS = published().scenarios
QUERY = f"organisation={CODE}&law_day={DAY}"


def downloaded(client: Client, name: str, query: str = QUERY) -> tuple[bytes, list[bytes]]:
    """The archive of a scenario, and the messages one by one, which are the same."""
    archive = client.get(f"/testbench/scenarios/{name}/messages.zip?{query}").content
    numbers = [number for number, step in enumerate(SCENARIOS[name].steps, start=1) if step in SCENARIOS[name].own]
    alone = [client.get(f"/testbench/scenarios/{name}/messages/{number}.xml?{query}").content for number in numbers]
    assert [body for _, body in unpack_zip(archive)] == alone
    return archive, alone


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_downloaded_passes(name: str, shared_database: str) -> None:
    client = member("chen", CODE, "declarant")
    archive, alone = downloaded(client, name)
    steps = SCENARIOS[name].own
    if any(step.signed for step in steps):
        pem = key().to_pem().split(b"-----END PRIVATE KEY-----\n")[1]
        actions.upload_certificate(CODE, pem, by="chen", at=AT)
        raws = [signed(raw, key()) if step.signed else raw for step, raw in zip(steps, alone, strict=True)]
        files = [SimpleUploadedFile(f"{number:02d}.xml", raw) for number, raw in enumerate(raws)]
    else:
        files = [SimpleUploadedFile("messages.zip", archive)]
    form = {"messages": files, "scenario": name, "law_day": str(DAY)}
    answer = client.post(f"/testbench/of/{CODE}", form)
    assert answer.status_code == 302, answer.content.decode()
    run = queries.one_run(CODE, int(answer["Location"].rsplit("/", 1)[1]))
    assert run is not None
    assert (run.scenario, run.passed) == (name, True), [one for one in queries.report_of(run).checks if not one.passed]


def test_a_stranger_sees_what_is_sent_in_nobodys_name(shared_database: str) -> None:
    _, (order,) = downloaded(Client(), "ebp.bonded", f"law_day={DAY}")
    assert b"<ceb:ebpCode>YOUR-CODE</ceb:ebpCode>" in order
    assert downloaded(Client(), "ebp.bonded")[1] == [order]
    page = Client().get(f"/testbench/scenarios/ebp.bonded?law_day={DAY}").content.decode()
    assert f"/testbench/scenarios/ebp.bonded/messages.zip?law_day={DAY}" in page
    assert "TB202606181" in page.split("<h2>")[0], "how the declaration ends"


def test_of_several_organisations_one_is_chosen(shared_database: str) -> None:
    client = member("chen", CODE, "declarant")
    member("chen", FOREIGN, "reader")
    page = client.get(f"/testbench/scenarios/ebp.bonded?organisation={FOREIGN}&law_day={DAY}").content.decode()
    assert f"messages.zip?organisation={FOREIGN}&amp;law_day={DAY}" in page
    assert f"/testbench/of/{FOREIGN}?" not in page, "a reader uploads nothing"
    assert f'name="law_day" value="{DAY}"' in page
    own = client.get(f"/testbench/scenarios/ebp.bonded?organisation={CODE}&law_day={DAY}").content.decode()
    (upload,) = re.findall(rf'href="(/testbench/of/{CODE}\?[^"]*)"', own)
    form = client.get(html.unescape(upload)).content.decode()
    assert re.search(rf'name="law_day"\s+value="{DAY}"', form)
    assert '<option value="ebp.bonded" selected>' in form
    assert f"/testbench/scenarios/ebp.bonded?organisation={CODE}&amp;law_day={DAY}" in page


@pytest.mark.parametrize("way", ["none.such/messages.zip", "none.such/messages/1.xml", "ebp.bonded/messages/2.xml"])
def test_what_a_firm_does_not_send_is_not_there(way: str, shared_database: str) -> None:
    assert Client().get(f"/testbench/scenarios/{way}").status_code == 404


@pytest.mark.parametrize("day", ["", "x", "2016-04-07", "9999-01-01"])
def test_a_day_without_law_is_today(day: str, shared_database: str) -> None:
    order = "/testbench/scenarios/ebp.bonded/messages/1.xml"
    assert Client().get(f"{order}?law_day={day}").content == Client().get(order).content
