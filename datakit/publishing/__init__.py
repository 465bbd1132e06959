"""Finished builds where others find them: on the Hub, or in another folder."""

from datakit.publishing.pushing import PushResult, push

__all__ = ["PushResult", "push"]
