"""Lists and look-ups over HTTP, beside a hundred thousand enterprises and a million declarations, messages and cases.

One firm among all the others owns a part in ten thousand of everything, spread evenly: what its lists cost is what
finding its own rows costs. The next pages are asked for by the addresses that the lists themselves give.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

import psycopg

from bench.service import Service
from bench.watching import share
from silkgate.exchange.api import MESSAGES_PER_SEGMENT

OWN = "91410100MA3X00001X"
"""The firm whose lists are asked for; it is no party of the declarations that `prefill` stores."""
ONE_IN = 10_000
TOKEN, SESSION = "bench" * 8, "clerk"
BAR_MS = 150.0
PAGES = 5
"""How many pages of a list are asked for one after the other before it is begun again."""

_ENTERPRISES = (
    "insert into registry_enterprise (code, name, roles, credit_class, dxp_id)"
    " select 'E' || lpad(n::text, 9, '0'), '企业' || n, case when n %% 50 = 0 then '{ebp}' else '{ebc}' end::text[],"
    " '', '' from generate_series(1::bigint, %(enterprises)s::bigint) n",
    "insert into registry_version (enterprise_code, number, roles, data, standing, since, reason, rule)"
    " select code, 1, roles, jsonb_build_object('name_zh', name, 'address', repeat('x', 200)), 'active',"
    " now() - interval '1 year', '', '' from registry_enterprise where code like 'E%%'",
    "insert into registry_enterprise (code, name, roles, credit_class, dxp_id) values (%(own)s, '甲', '{ebc}', '', '')",
    "insert into registry_version (enterprise_code, number, roles, data, standing, since, reason, rule)"
    " select %(own)s, n, '{ebc}', jsonb_build_object('name_zh', '甲' || n), 'active', now() - interval '1 year', '', ''"
    " from generate_series(1::bigint, 50::bigint) n",
)
_CASES = (
    "insert into casework_case (id, workflow, state, organisation_code, subject, title_zh, title_en, data, opened_at,"
    " opened_by, entered_at, due_on, officer_state, last_officer, version, closed_at)"
    " select n, case when n %% 3 = 0 then 'registry.goods' else 'registry.filing' end,"
    " case when n %% 50 = 0 then 'submitted' else 'approved' end,"
    " case when n %% %(one_in)s = 0 then %(own)s else 'E' || lpad((n %% %(enterprises)s + 1)::text, 9, '0') end,"
    " 'enterprise/' || n, '备案' || n, 'Filing ' || n, '{}', now(), 'li', now(), current_date + (n %% 40)::int, '', '',"
    " 1, case when n %% 50 = 0 then null else now() end from generate_series(1::bigint, %(cases)s::bigint) n",
    "insert into registry_application (case_id, kind, enterprise_code, roles, data, base_number, filed_by, filed_at,"
    " is_open) select id, 'filing', organisation_code, '{ebc}', '{}', 0, 'li', now(), false from casework_case"
    " where workflow = 'registry.filing'",
    "insert into registry_goodsfiling (case_id, enterprise_code, filed_by, filed_at, rows)"
    " select id, organisation_code, 'li', now(), 1 from casework_case where workflow = 'registry.goods'",
    "insert into registry_goods (filing_id, enterprise_code, item_no, name, hs_code, composition, brand, origin, gtin,"
    " label, unit, since) select f.id, f.enterprise_code, 'A-' || f.id, '面霜', '3304990029', '', 'Rui', '609', '',"
    " repeat('x', 100), '035', now() from registry_goodsfiling f",
    "insert into registry_goods (filing_id, enterprise_code, item_no, name, hs_code, composition, brand, origin, gtin,"
    " label, unit, since) select (select min(id) from registry_goodsfiling), %(own)s, 'B-' || n, '面霜',"
    " '3304990029', '', 'Rui', '609', '', repeat('x', 100), '035', now()"
    " from generate_series(1, 20000) n",
)
_MESSAGES = (
    "insert into exchange_segment (id, received_at, messages, body, recognised)"
    " select n, now() - interval '2 days', 0, ''::bytea, ''::bytea"
    " from generate_series(%(first)s::bigint, %(last)s::bigint) n",
    'insert into exchange_message (id, "offset", length, sha256, kind, guid, sender, documents, channel)'
    " select %(start)s + n, 0, 1000, sha256(n::text::bytea), 'CEB311Message', 'guid-' || n,"
    " case when n %% %(one_in)s = 0 then %(own)s else '41019600P1' end, 1, 'http'"
    " from generate_series(1::bigint, %(messages)s::bigint) n",
    "insert into exchange_answer (message_id, batch_no, kind, guid, digest, claims, outcome, reasons, findings)"
    " select id, 1, kind, guid, sha256, false, 'accepted', '', '' from exchange_message where id > %(start)s",
    # Engine and counters stand behind them.
    "update clearance_enginecursor set segment_id = %(last)s",
    "update portal_position set arrived_segment = %(last)s, decided_segment = %(last)s",
)
_DECLARATIONS = (
    "alter table clearance_declaration disable trigger all",
    "update clearance_declaration set ebc_code = %(own)s where id %% %(one_in)s = 0",
    "alter table clearance_declaration enable trigger all",
)


class Amounts(NamedTuple):
    """How much there is of what."""

    enterprises: int
    cases: int
    messages: int

    @property
    def own_every(self) -> int:
        """Of so many rows the firm owns one; few enough that it has some even where everything is small."""
        return min(ONE_IN, max(1, self.cases // 100))


class Asked(NamedTuple):
    """One list or look-up, with the time of each page in seconds."""

    name: str
    seconds: list[float]
    failed: list[tuple[str, int]]

    def ms(self, part: float) -> float:
        """The time within which so many pages were there."""
        return share(self.seconds, part) * 1e3


def fill(url: str, amounts: Amounts) -> None:
    """Enterprises, cases, messages and a firm with a part of each, beside declarations that are stored already."""
    words = {"own": OWN, "one_in": amounts.own_every, **amounts._asdict()}
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("select coalesce(max(id), 0) + 1 from exchange_segment").fetchone()
        first = row[0] if row else 1
        words |= {"first": first, "last": first + amounts.messages // MESSAGES_PER_SEGMENT + 1}
        words |= {"start": first * MESSAGES_PER_SEGMENT}
        for statement in (*_ENTERPRISES, *_CASES, *_MESSAGES, *_DECLARATIONS):
            connection.execute(statement, words)
        connection.execute("vacuum analyze")


def admit() -> dict[str, str]:
    """A program of the firm with a token, and a clerk with a session; a header by who asks."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
    from django.contrib.sessions.backends.db import SessionStore
    from oauth2_provider.models import AccessToken, Application

    from silkgate.identity import clients
    from silkgate.identity.domain import DUTIES, SCOPES
    from silkgate.identity.models import Officer, Organisation

    at = datetime.now(UTC)
    firm = Organisation.objects.create(code=OWN, name="甲", registered_at=at)
    made = clients.make(firm, "ERP", list(SCOPES), by="li", at=at)
    AccessToken.objects.create(
        application=Application.objects.get(client_id=made.client.client_id),
        token=TOKEN,
        expires=at + timedelta(hours=12),
        scope=" ".join(SCOPES),
    )
    user = get_user_model().objects.create_user(SESSION)
    Officer.objects.create(user=user, agency="customs", duties=sorted(DUTIES))
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return {
        "program": f"Authorization: Bearer {TOKEN}",
        "clerk": f"Cookie: {settings.SESSION_COOKIE_NAME}={session.session_key}",
    }


LISTS: Mapping[str, tuple[str, str]] = {
    "register, by code": ("clerk", "/api/v1/enterprises"),
    "register, a rare role": ("clerk", "/api/v1/enterprises?role=ebp"),
    "one enterprise": ("program", f"/api/v1/enterprises/{OWN}"),
    "how it stood on a day": ("program", f"/api/v1/enterprises/{OWN}/standing?day=2026-01-01"),
    "its versions": ("program", f"/api/v1/enterprises/{OWN}/versions?limit=20"),
    "its filings": ("program", "/api/v1/filings"),
    "its goods": ("program", "/api/v1/goods"),
    "one of its goods": ("program", "/api/v1/goods/item?item_no=B-77"),
    "its filings of goods": ("program", "/api/v1/goods/filings"),
    "its cases": ("program", "/api/v1/cases"),
    "the officers’ work list": ("clerk", "/work"),
    "its messages": ("program", "/api/v1/messages"),
    "its receipts": ("program", "/api/v1/receipts"),
    "its declarations": ("program", "/api/v1/declarations"),
    "its events": ("program", "/api/v1/events"),
    "search by number": ("clerk", "/search?q={order_no}"),
    "search that finds nothing": ("clerk", "/search?q=NOSUCHNUMBER"),
}
"""What is asked for: who asks, and where it begins."""
MAY_BE_EMPTY = frozenset(("its messages", "its declarations", "its events", "its receipts"))
"""Pages of the first three look through a bounded part of everybody's rows, and may find none of the firm's. Receipts
are not filled in: a service writes all there are into its folder."""


def ask(running: Service, headers: Mapping[str, str], times: int) -> Iterator[Asked]:
    """Each list `times` times, page after page over one connection; the first, which warms up, is not counted."""
    with psycopg.connect(running.url) as connection:
        row = connection.execute("select order_no from clearance_declaration order by id limit 1").fetchone()
    for name, (who, address) in LISTS.items():
        asked = Asked(name, [], [])
        header, _, value = headers[who].partition(": ")
        beginning = address.format(order_no=row[0] if row else "none")
        connected = http.client.HTTPConnection(running.host, running.port, timeout=60)
        following: str | None = None
        for number in range(times + 1):
            path = following if following and number % PAGES else beginning
            start = time.monotonic()
            connected.request("GET", path, headers={header: value, "Accept-Language": "en"})
            answer = connected.getresponse()
            body = answer.read()
            seconds = time.monotonic() - start
            if answer.status not in (HTTPStatus.OK, HTTPStatus.FOUND):  # one match leads there
                asked.failed.append((path, answer.status))
            found: Any = json.loads(body) if path.startswith("/api/") else {}
            following = found.get("next")
            if path == beginning and found.get("items") == [] and name not in MAY_BE_EMPTY:
                asked.failed.append((f"{path} lists nothing", answer.status))
            if number:
                asked.seconds.append(seconds)
        connected.close()
        yield asked
