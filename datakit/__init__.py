"""Vision-language training data, from raw datasets to shards.

    plan = datakit.plan("mixtures/quickstart.yaml")
    result = datakit.build("mixtures/quickstart.yaml", out="out/quickstart")
    data = datakit.open("out/quickstart")

Names load when they are first used, so that `import datakit` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datakit.api import (
        build,
        check,
        diff,
        downloads,
        export,
        plan,
        preview,
        resolve,
        verify,
    )
    from datakit.exporting import ExportResult
    from datakit.inspect import (
        BuiltDataset,
        Difference,
        LoadedSample,
        PreviewedSample,
        RecordFate,
        SampleOrigin,
    )
    from datakit.inspect import open_build as open
    from datakit.planning import Plan, WantedDownload
    from datakit.publishing import PushResult, push
    from datakit.shards import BuildResult, Manifest, Progress
    from datakit.version import VERSION as __version__

__all__ = [
    "BuildResult",
    "BuiltDataset",
    "Difference",
    "ExportResult",
    "LoadedSample",
    "Manifest",
    "Plan",
    "PreviewedSample",
    "Progress",
    "PushResult",
    "RecordFate",
    "SampleOrigin",
    "WantedDownload",
    "__version__",
    "build",
    "check",
    "diff",
    "downloads",
    "export",
    "open",
    "plan",
    "preview",
    "push",
    "resolve",
    "verify",
]

_HOMES = {
    "BuildResult": ("datakit.shards", "BuildResult"),
    "BuiltDataset": ("datakit.inspect", "BuiltDataset"),
    "Difference": ("datakit.inspect", "Difference"),
    "ExportResult": ("datakit.exporting", "ExportResult"),
    "LoadedSample": ("datakit.inspect", "LoadedSample"),
    "Manifest": ("datakit.shards", "Manifest"),
    "Plan": ("datakit.planning", "Plan"),
    "PreviewedSample": ("datakit.inspect", "PreviewedSample"),
    "Progress": ("datakit.shards", "Progress"),
    "PushResult": ("datakit.publishing", "PushResult"),
    "RecordFate": ("datakit.inspect", "RecordFate"),
    "SampleOrigin": ("datakit.inspect", "SampleOrigin"),
    "WantedDownload": ("datakit.planning", "WantedDownload"),
    "__version__": ("datakit.version", "VERSION"),
    "build": ("datakit.api", "build"),
    "check": ("datakit.api", "check"),
    "diff": ("datakit.api", "diff"),
    "downloads": ("datakit.api", "downloads"),
    "export": ("datakit.api", "export"),
    "open": ("datakit.inspect", "open_build"),
    "plan": ("datakit.api", "plan"),
    "preview": ("datakit.api", "preview"),
    "push": ("datakit.publishing", "push"),
    "resolve": ("datakit.api", "resolve"),
    "verify": ("datakit.api", "verify"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'datakit' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
