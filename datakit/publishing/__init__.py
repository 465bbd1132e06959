"""Finished builds where others find them: on the Hub, or in another folder."""

from datakit.publishing.push import PushResult, push_build

__all__ = ["PushResult", "push_build"]
