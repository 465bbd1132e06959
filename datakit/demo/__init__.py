"""A small raw dataset, drawn: what the quickstart builds from."""

from datakit.demo.write import DemoSummary, write_demo

__all__ = ["DemoSummary", "write_demo"]
