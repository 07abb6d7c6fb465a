"""The optional compiled part; everything else stands in pyproject.toml.

Without a C compiler or Python's headers the installation goes on without it, and regular expressions do its work.
"""

from setuptools import Extension, setup

CEB = "src/silkgate/standards/ceb"

setup(
    ext_modules=[
        Extension(
            "silkgate.standards.ceb._fast",
            sources=[f"{CEB}/_fast.c"],
            depends=[f"{CEB}/_fast_match.h", f"{CEB}/_fast_pack.h"],
            optional=True,
        ),
    ],
)
