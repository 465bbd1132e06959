"""Files that a person writes: YAML 1.2 with lines, inheritance, one report of all mistakes."""

from datakit.config.load import Loaded, load_config
from datakit.config.validate import validate
from datakit.config.yaml_nodes import Node, parse_yaml, to_plain

__all__ = ["Loaded", "Node", "load_config", "parse_yaml", "to_plain", "validate"]
