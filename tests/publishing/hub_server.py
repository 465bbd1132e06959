"""A Hub on loopback: what the Hub's real client asks for when it looks, uploads and commits."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

WRITER, READER = "hf_writer", "hf_reader"
LARGE = (".tar", ".idx", ".parquet", ".sqlite")
Files = dict[str, bytes]


@dataclass
class Repo:
    """A dataset repository: the commits of each branch, the last of them its head."""

    private: bool
    branches: dict[str, list[str]] = field(default_factory=dict)

    def head(self, revision: str) -> str | None:
        """The commit that a branch, or a commit itself, stands for."""
        known = {commit for commits in self.branches.values() for commit in commits}
        return revision if revision in known else self.branches.get(revision, [None])[-1]


@dataclass
class Hub:
    """What the server holds.

    Attributes:
        uploads: digests of the large files, in the order that they came.
        on_upload: called before an upload is kept.
    """

    repos: dict[str, Repo] = field(default_factory=dict)
    commits: dict[str, Files] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    uploads: list[str] = field(default_factory=list)
    on_upload: Callable[[int], None] = lambda _count: None
    url: str = ""

    def files(self, repo: str, revision: str = "main") -> Files:
        """What a reader of a revision sees."""
        head = self.repos[repo].head(revision)
        assert head is not None
        return self.commits[head]

    def commit(self, repo: str, branch: str, files: Files) -> str:
        """Adds a commit to a branch."""
        name = hashlib.sha1(f"{repo} {branch} {len(self.commits)}".encode()).hexdigest()
        self.commits[name] = files
        self.repos[repo].branches.setdefault(branch, []).append(name)
        return name

    def create(self, repo: str, *, private: bool = True) -> None:
        """Makes a repository as the Hub does, with one file of its own."""
        self.repos[repo] = Repo(private)
        self.commit(repo, "main", {".gitattributes": b"*.tar filter=lfs\n"})


@contextmanager
def running_hub() -> Iterator[Hub]:
    """Serves an empty Hub on loopback."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Refused(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_HEAD(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def do_PUT(self) -> None:
        self._answer(self._put)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ARG002
        return

    def _answer(self, work: Callable[[list[str], bytes], Any]) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        headers = {}
        try:
            status, answer = 200, work(parts, body)
        except _Refused as refused:
            status, answer = refused.status, {"error": refused.code}
            headers = {"X-Error-Code": refused.code, "X-Error-Message": refused.code}
        if isinstance(answer, bytes):
            headers |= {"ETag": f'"{hashlib.sha1(answer).hexdigest()}"', "X-Repo-Commit": "0" * 40}
        else:
            answer = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(answer))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    def _get(self, parts: list[str], _body: bytes) -> Any:
        if parts[0] == "datasets":  # datasets/owner/name/resolve/revision/path
            repo, revision, path = "/".join(parts[1:3]), parts[4], "/".join(parts[5:])
            return self.hub.files(repo, revision)[path]
        repo, what, revision = "/".join(parts[2:4]), *(parts[4:6] or ["revision", "main"])
        if repo not in self.hub.repos:
            raise _Refused(404, "RepoNotFound")
        head = self.hub.repos[repo].head(revision)
        if head is None:
            raise _Refused(404, "RevisionNotFound")
        if what == "tree":
            return [_entry(path, data) for path, data in self.hub.commits[head].items()]
        siblings = [{"rfilename": path} for path in self.hub.commits[head]]
        return {"id": repo, "sha": head, "siblings": siblings, "tags": []}

    def _put(self, parts: list[str], body: bytes) -> Any:
        self.hub.on_upload(len(self.hub.uploads))
        self.hub.uploads.append(parts[-1])
        self.hub.blobs[parts[-1]] = body
        return {}

    def _post(self, parts: list[str], body: bytes) -> Any:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in (WRITER, READER):
            raise _Refused(401, "Invalid credentials in Authorization header")
        if parts == ["api", "validate-yaml"]:
            return {"warnings": [], "errors": []}
        if token == READER:
            raise _Refused(403, "Forbidden")
        if parts == ["api", "repos", "create"]:
            fields = json.loads(body)
            repo = f"{fields['organization']}/{fields['name']}"
            self.hub.create(repo, private=fields["visibility"] == "private")
            return {"url": f"{self.hub.url}/datasets/{repo}"}
        if parts[0] == "datasets":  # datasets/owner/name.git/info/lfs/objects/batch
            return {"objects": [self._action(entry) for entry in json.loads(body)["objects"]]}
        repo, what, branch = "/".join(parts[2:4]), *parts[4:6]
        if what == "branch":
            known = self.hub.repos[repo].branches
            known[branch] = known["main"][-1:]
            return {}
        if what == "preupload":
            names = [file["path"] for file in json.loads(body)["files"]]
            return {"files": [self._mode(repo, branch, name) for name in names]}
        return self._commit(repo, branch, [json.loads(line) for line in body.splitlines()])

    def _action(self, entry: dict[str, Any]) -> dict[str, Any]:
        known = entry["oid"] in self.hub.blobs
        upload = {"upload": {"href": f"{self.hub.url}/lfs/{entry['oid']}", "header": {}}}
        return entry if known else {**entry, "actions": upload}

    def _mode(self, repo: str, branch: str, name: str) -> dict[str, Any]:
        data = self.hub.files(repo, branch).get(name)
        mode = "lfs" if name.endswith(LARGE) else "regular"
        oid = None if data is None else _entry(name, data).get("lfs", _entry(name, data))["oid"]
        return {"path": name, "uploadMode": mode, "shouldIgnore": False, "oid": oid}

    def _commit(self, repo: str, branch: str, lines: list[dict[str, Any]]) -> Any:
        files = dict(self.hub.files(repo, branch))
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                if value.get("parentCommit") not in (None, self.hub.repos[repo].head(branch)):
                    raise _Refused(412, "A commit has happened since")
            elif line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.blobs[value["oid"]]
            else:
                del files[value["path"]]
        name = self.hub.commit(repo, branch, files)
        return {"commitUrl": f"{self.hub.url}/datasets/{repo}/commit/{name}", "commitOid": name}


def _entry(path: str, data: bytes) -> dict[str, Any]:
    """A file as the Hub lists it: large ones by SHA-256, the others by git's digest."""
    oid = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
    entry = {"type": "file", "path": path, "size": len(data), "oid": oid}
    if not path.endswith(LARGE):
        return entry
    lfs = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
    return {**entry, "lfs": lfs}
