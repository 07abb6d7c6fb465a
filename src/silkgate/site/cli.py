"""The command `silkgate`. Every command is a few lines; the work is done by the rooms."""

from __future__ import annotations

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def migrate() -> None:
    """建立或升级数据库表。Bring the database's tables to this release."""
    from silkgate.site.application import application
    from silkgate.site.application import migrate as apply

    with application():
        for name in apply():
            typer.echo(name)


@app.command(hidden=True, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def manage(context: typer.Context) -> None:
    """开发者用：Django的管理命令。For developers: a management command of Django, such as makemigrations."""
    from django.core.management import execute_from_command_line

    from silkgate.site.application import application

    with application():
        execute_from_command_line(["silkgate manage", *context.args])


def main() -> None:
    """Entry point."""
    app()
