"""The door of the test bench. Nothing above needs more than this."""

from silkgate.testbench.domain import ROLES
from silkgate.testbench.scenarios import published

__all__ = ["ROLES", "published"]
