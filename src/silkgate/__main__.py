"""`python -m silkgate`."""

from silkgate.site.cli import main

main()
