"""The command `silkgate`. A command is a few lines: the rooms do the work, and are imported when it is asked for."""

from __future__ import annotations

import json
import os
import socket
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from silkgate import __version__
from silkgate.site import language
from silkgate.site.problem import Problem

app = typer.Typer(
    name="silkgate",
    help="丝关：跨境电子商务综合试验区公共服务平台。Public service platform of a cross-border e-commerce pilot zone.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
case = typer.Typer(no_args_is_help=True, help="案例目录。Case folders.")
app.add_typer(case, name="case")
log = typer.Typer(no_args_is_help=True, help="可验证日志。The verifiable log.")
app.add_typer(log, name="log")

TROUBLE = 2
"""Exit code where a command could not do its work; 1 says that it did and found a difference or a fault."""


class Role(StrEnum):
    """What a worker does."""

    ENGINE = "engine"
    INTAKE = "intake"
    WATCH = "watch"
    LOG = "log"
    NATS = "nats"
    WEBHOOKS = "webhooks"
    ALL = "all"


Host = Annotated[str, typer.Option(help="监听地址。Address to listen on.")]
Port = Annotated[int | None, typer.Option(help="端口，默认8600起第一个空闲端口。Default: first free one from 8600.")]
AsJson = Annotated[bool, typer.Option("--json", help="输出JSON。Print JSON.")]


@app.callback()
def options(
    lang: Annotated[str | None, typer.Option("--lang", help="zh或en，默认取LANG。zh or en; default from LANG.")] = None,
) -> None:
    """Options of every command."""
    if lang:
        os.environ[language.VARIABLE] = lang


@app.command()
def run(
    host: Host = "127.0.0.1",
    port: Port = None,
    per_second: Annotated[
        float, typer.Option(help="演示流量：每秒包裹数，0为不播放。Demo parcels a second, 0: none.")
    ] = 2.0,
    end_with_parent: Annotated[bool, typer.Option("--end-with-parent", hidden=True)] = False,
) -> None:
    """启动全部：数据库、法规、演示园区、网页、接入、引擎、演示流量。Everything, until Ctrl-C."""
    from silkgate.site import running

    running.run(host, port, per_second, end_with_parent=end_with_parent)


@app.command()
def restart() -> None:
    """逐个重启正在运行的各进程，接入不中断。Restart the processes of `run` one by one; intake goes on."""
    from silkgate.site import running
    from silkgate.site.home import current_home

    running.restart(current_home())


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = None,
    descriptor: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """网页与接口服务。The web server alone."""
    from silkgate.kernel.memory import give_back_memory
    from silkgate.site import lifeline, web
    from silkgate.site.application import application

    lifeline.hold()
    give_back_memory()
    listening = socket.socket(fileno=descriptor) if descriptor is not None else web.listen(host, port)
    with application():
        from silkgate.site import watching

        address = web.address(listening)
        if descriptor is None:
            typer.echo(address)
        with watching.heart("web", watching.answers_at(address)):
            web.server().run(sockets=[listening])


@app.command()
def worker(
    role: Annotated[
        Role, typer.Option(help="引擎、接入、监测、日志、推送、NATS或全部。Which of them, or all.")
    ] = Role.ALL,
) -> None:
    """后台进程：裁决、读目录、计数、封存日志、推送事件。Decide, read folders, count, seal the log, deliver events."""
    from silkgate.kernel.memory import give_back_memory
    from silkgate.site import lifeline, running
    from silkgate.site.application import application

    lifeline.hold()
    give_back_memory()
    with application() as home:
        if role is Role.ALL:
            running.run_workers([Role.ENGINE, Role.INTAKE, Role.WATCH, Role.LOG, Role.WEBHOOKS, *running.carriers()])
            return
        from silkgate.site import watching

        stop = lifeline.stop_event()
        with watching.heart(role, watching.engine_is_well if role is Role.ENGINE else watching.always):
            if role is Role.ENGINE:
                from silkgate.clearance.api import run_engine

                run_engine(stop)
            elif role is Role.WATCH:
                watching.watch(stop)
            elif role is Role.LOG:
                from silkgate.site import logkeeping

                logkeeping.keep(home, stop)
            elif role is Role.WEBHOOKS:
                from silkgate.site import hooks

                hooks.deliver(stop)
            elif role is Role.NATS:
                from silkgate.site import carrier

                carrier.run(stop)
            else:
                from silkgate.exchange.api import watch

                home.drop.mkdir(exist_ok=True)
                watch(home.drop, stop)


@app.command()
def migrate() -> None:
    """建立或升级数据库表。Bring the database's tables to this release."""
    from silkgate.site import application

    with application.application():
        for name in application.migrate():
            typer.echo(name)


@app.command()
def load(
    zone: Annotated[
        Path | None, typer.Argument(help="园区目录，默认演示园区。Zone's folder; default: demo zone.")
    ] = None,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="已有园区则不做任何事。Nothing where a zone is there.")
    ] = False,
) -> None:
    """载入法规与园区。Load law, lists and a zone."""
    from silkgate.site import loading
    from silkgate.site.application import application

    with application() as home:
        if if_empty and loading.is_loaded():
            return
        if zone is None:
            loading.load_demo(home)
        else:
            loading.load_zone_from(zone)


@app.command()
def officer(
    name: str,
    password: Annotated[
        str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True, help="密码。The password.")
    ],
    agency: Annotated[
        str | None, typer.Option(help="机构，新账号默认customs。Agency; customs for a new account.")
    ] = None,
    duty: Annotated[
        list[str] | None, typer.Option(help="职责，可多次，新账号默认全部。Duty, repeatable; all for a new account.")
    ] = None,
) -> None:
    """新增工作人员账号，或更换其密码、机构、职责。Add an officer who may sign in, or change password and duties."""
    from silkgate.site import loading
    from silkgate.site.application import application

    with application():
        loading.add_officer(name, password, agency, duty or None)


@app.command()
def demo(
    per_second: Annotated[float, typer.Option(min=0.01, help="每秒包裹数。Parcels a second.")] = 2.0,
    count: Annotated[
        int | None, typer.Option(min=1, help="包裹总数，默认不限。Parcels in all; default: no end.")
    ] = None,
) -> None:
    """播放演示流量。Play sample traffic of the demo zone into the folder drop."""
    from silkgate.site import lifeline
    from silkgate.site.demo import play
    from silkgate.site.home import current_home

    lifeline.hold()
    play(current_home().prepare(), per_second, lifeline.stop_event(), count)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """检查安装，逐项用一句话说明问题。Look at everything that must be right; one sentence for each."""
    from silkgate.site import doctor as checks

    findings = checks.examine()
    if as_json:
        typer.echo(checks.as_json(findings))
    else:
        checks.show(findings, Console(highlight=False, soft_wrap=True), language.language())
    raise typer.Exit(0 if checks.is_healthy(findings) else 1)


@app.command()
def check(files: Annotated[list[Path], typer.Argument(metavar="FILE…")], as_json: AsJson = False) -> None:
    """逐个说明报文的接入结果，不产生任何影响。Say what intake finds in each message, with no effect."""
    from silkgate.site import commands
    from silkgate.site.application import application

    with application():
        raise typer.Exit(commands.check(files, as_json))


@app.command()
def clear(
    folder: Annotated[Path, typer.Argument(metavar="DIR")],
    receipts: Annotated[Path, typer.Option(help="回执输出目录。Where receipts are written.")],
) -> None:
    """清关一个目录中的报文，并写出回执。Clear a folder of messages and write the receipts."""
    from silkgate.site import commands
    from silkgate.site.application import application

    with application():
        raise typer.Exit(commands.clear(folder, receipts))


@app.command()
def replay(
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="起始日，默认最早。First day; default: the first of all."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="终止日，默认最近。Last day; default: the last of all."),
    ] = None,
    law: Annotated[Path | None, typer.Option(help="试算的法规文件。A trial law (docs/replay.md).")] = None,
    as_json: AsJson = False,
) -> None:
    """用引擎重放已存报文并与记录比较，不写入任何内容。Stored messages through the engine again; writes nothing."""
    from silkgate.site import replaying
    from silkgate.site.application import application

    with application():
        raise typer.Exit(replaying.replay(first, last, law, as_json))


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="FILE_OR_DIR")],
    secrets: Annotated[
        bool, typer.Option("--secrets/--no-secrets", help="含数据目录的密钥。With the keys of the home folder.")
    ] = True,
) -> None:
    """备份数据库与密钥，服务不必停止；以.tar结尾则为单个文件。Save database and keys; nothing need be stopped."""
    from silkgate.site.backup import save, telling
    from silkgate.site.database import database
    from silkgate.site.home import current_home

    home = current_home().prepare()
    with database(home) as url:
        typer.echo(telling.saved(save(home, url, target, secrets=secrets), language.language()))


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="FILE_OR_DIR")],
    force: Annotated[bool, typer.Option("--force", help="替换已有数据。Replace data that is there.")] = False,
) -> None:
    """恢复备份；出错则原有数据不变。Restore a backup; where anything is wrong, what was there stays."""
    from silkgate.site.backup import restore as restore_backup
    from silkgate.site.backup import telling
    from silkgate.site.database import database
    from silkgate.site.home import current_home

    home = current_home().prepare()
    with database(home) as url:
        typer.echo(telling.restored(restore_backup(home, url, source, force=force), language.language()))


@app.command()
def drill(
    source: Annotated[
        Path | None, typer.Argument(metavar="FILE_OR_DIR", help="已有备份，默认现在制作。A backup; default: a new one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """恢复演练：恢复到临时数据库并逐项比较。Restore into a scratch database and prove that all is equal."""
    from silkgate.site.backup import drill as run_drill
    from silkgate.site.backup import telling
    from silkgate.site.database import database
    from silkgate.site.home import current_home

    home = current_home().prepare()
    with database(home) as url:
        result = run_drill(home, url, source)
    if as_json:
        typer.echo(telling.as_json(result))
    else:
        telling.show(result, Console(highlight=False), language.language())
    raise typer.Exit(0 if result.passed else 1)


@app.command()
def verify(
    receipt: Annotated[Path, typer.Argument(help="回执文件。The receipt as it was received.")],
    proof: Annotated[Path, typer.Argument(help="证明文件。The receipt's proof (.tlog-proof).")],
    checkpoint: Annotated[Path, typer.Argument(help="检查点。A checkpoint that one trusts.")],
    key: Annotated[
        list[str] | None, typer.Option(help="日志或见证方的公钥，可多次。Public key of log or witness; repeatable.")
    ] = None,
    consistency: Annotated[
        Path | None, typer.Option(help="两者大小不同时的一致性证明。Links a proof for another size.")
    ] = None,
) -> None:
    """核对回执是否在日志中：不需账号、网络和数据库。Is this receipt in the log? No account, network or database."""
    from silkgate.site import verifying

    raise typer.Exit(verifying.verify(receipt, proof, checkpoint, key or [], consistency))


@app.command("verify-statement")
def verify_statement(
    statement: Annotated[Path, typer.Argument(metavar="FILE", help="符合性声明文件。The statement, a JSON file.")],
    key: Annotated[
        list[str] | None, typer.Option(help="签发平台的日志公钥，可多次。Public key of the issuer’s log; repeatable.")
    ] = None,
) -> None:
    """核对符合性声明：不需账号、网络和数据库。Is this statement of conformance genuine? No network, no database."""
    from silkgate.site import verifying

    raise typer.Exit(verifying.verify_conformance(statement, key or []))


@log.command("audit")
def log_audit(
    checkpoint: Annotated[Path | None, typer.Option(help="另存的检查点。A checkpoint that was kept elsewhere.")] = None,
    as_json: AsJson = False,
) -> None:
    """由数据重算整个日志并与其记录比较。Compute the whole log again from the rows and compare."""
    from silkgate.site import logkeeping
    from silkgate.site.application import application

    with application():
        raise typer.Exit(logkeeping.audit(checkpoint, as_json))


@case.command("run")
def case_run(
    case_dir: Path,
    out: Annotated[Path, typer.Option(help="结果输出目录。Where the results are written.")] = Path("out"),
    as_json: AsJson = False,
) -> None:
    """在私有数据库中运行案例目录，并与其expected/比较。Run a case in a private database, compare with expected/."""
    from silkgate.site import commands

    raise typer.Exit(commands.run_case(case_dir, out, as_json))


@app.command(hidden=True, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def manage(context: typer.Context) -> None:
    """开发者用：Django的管理命令。For developers: a management command of Django, such as makemigrations."""
    from django.core.management import execute_from_command_line

    from silkgate.site.application import application

    with application():
        execute_from_command_line(["silkgate manage", *context.args])


@app.command()
def version() -> None:
    """版本。The version."""
    typer.echo(__version__)


def main() -> None:
    """Entry point: what a person can mend ends in one sentence, not in a traceback."""
    try:
        app()
    except Exception as error:
        # Not before: `verify` is for machines without a database, and loads nothing that needs one.
        from silkgate.site.trouble import as_problem

        problem = as_problem(error)
        if problem is None or (os.environ.get("SILKGATE_DEBUG") == "1" and not isinstance(error, Problem)):
            raise
        if "--json" in sys.argv:
            typer.echo(json.dumps({"error": problem.text._asdict()}, ensure_ascii=False))
        typer.echo(problem.text.in_language(language.language()), err=True)
        sys.exit(TROUBLE)
