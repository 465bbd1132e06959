"""Records become conversations: template sets, response formats, normalisation."""

from datakit.instructize.conversation import Instructions, Instructor, RenderedConversation
from datakit.instructize.normalize import normalize
from datakit.instructize.response_format import ResponseFormats, load_response_formats
from datakit.instructize.template_set import (
    TemplateSet,
    find_template_set,
    load_template_set,
    template_folders,
    template_set_names,
)

__all__ = [
    "Instructions",
    "Instructor",
    "RenderedConversation",
    "ResponseFormats",
    "TemplateSet",
    "find_template_set",
    "load_response_formats",
    "load_template_set",
    "normalize",
    "template_folders",
    "template_set_names",
]
