"""The optional compiled part; everything else stands in pyproject.toml.

Without a C compiler or Python's headers the installation goes on without it, and regular expressions do its work.
"""

from setuptools import Extension, setup

setup(
    ext_modules=[
        Extension("silkgate.standards.ceb._fast", sources=["src/silkgate/standards/ceb/_fast.c"], optional=True),
    ],
)
