"""`mixture.lock.yaml`: the resolved mixture, with a digest of all that it was built from."""

from __future__ import annotations

from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from datakit.io.image_rewrite import codec_versions
from datakit.planning import Plan

LOCK = "mixture.lock.yaml"
HEADER = "# The mixture as it was resolved; variables and paths stand as they were written.\n"


def lock_fields(plan: Plan) -> dict[str, Any]:
    """The resolved mixture: defaults filled in, variables and paths as written, without values."""
    mixture = plan.mixture
    fields: dict[str, Any] = mixture.spec.model_dump(mode="json", exclude={"max_reject_share"})
    fields["sources"] = [
        {
            **source.spec.model_dump(mode="json"),
            "converter": source.converter,
            "license": source.license,
            "cap_samples": source.cap_samples,
            "max_repeats": source.max_repeats,
            "instructize": source.instructize.model_dump(mode="json"),
            "template_set": source.instructions.set_name,
            "response_format_prompt": source.instructions.prompt_text,
            "annotations_sha256": plan.by_source[source.name].annotation_digests,
        }
        for source in mixture.sources
    ]
    fields["limit_records"] = mixture.limit_records
    fields["template_digests"] = mixture.template_digests()
    if mixture.spec.images.style.rewrites:
        fields["image_codecs"] = codec_versions()
    fields["fingerprint"] = plan.fingerprint
    return fields


def lock_text(plan: Plan) -> str:
    """The lock file."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 100
    text = StringIO()
    yaml.dump(lock_fields(plan), text)
    return HEADER + text.getvalue()
