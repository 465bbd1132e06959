"""Bytes in and out: whole-or-absent files, streamed annotations, image headers, stable hashes."""
