"""The version of datakit, which manifests and fingerprints carry."""

VERSION = "0.1.0"
