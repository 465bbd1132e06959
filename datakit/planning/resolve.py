"""Names in a mixture become things: datasets, converters, template sets, paths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datakit.config import Loaded, Node, validate
from datakit.errors import ConfigError, MissingDataError, Problem, UsageError, nearest
from datakit.instructize import Instructions, template_folders
from datakit.io.trees import open_source
from datakit.io.trees.source_path import URL
from datakit.mixture import Instructize, Mixture, Source
from datakit.mixture.variables import substitute
from datakit.planning.groups import check_category_shares, check_groups, left_out
from datakit.planning.phrasing import Phraser
from datakit.planning.problems import Problems
from datakit.sources import (
    Converter,
    ConverterOptions,
    Dataset,
    find_converter,
    load_dataset_entry,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedSource:
    """One source with every name resolved and every path absolute or relative to the process."""

    spec: Source
    dataset: Dataset
    converter: str
    options: ConverterOptions
    path: Path | str
    license: str
    instructize: Instructize
    instructions: Instructions
    cap_samples: int | None
    max_repeats: int
    embeddings: Path | None

    @property
    def name(self) -> str:
        return self.spec.name

    def make_converter(self) -> Converter:
        """The converter, ready to read."""
        converter = find_converter(self.converter)(self.path, self.spec.split, self.options)
        converter.group_by = self.spec.split_by or ""
        return converter


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedMixture:
    """A mixture whose every name is known to exist.

    Attributes:
        loaded: the file it was written in, with the line of each value.
    """

    spec: Mixture
    loaded: Loaded[Mixture]
    sources: tuple[ResolvedSource, ...]
    limit_records: int | None

    def group_of(self, name: str) -> list[str]:
        """The sources that share conversations with this one, itself among them, in order."""
        groups = [group for group in self.spec.merge_sources if name in group]
        members = groups[0] if groups else [name]
        return [source.name for source in self.sources if source.name in members]

    def template_digests(self) -> dict[str, str]:
        """The digest of every template set in use, by its name."""
        used = (source.instructions for source in self.sources)
        return dict(sorted((how.set_name, how.templates.digest()) for how in used))


def resolve(
    loaded: Loaded[Mixture],
    *,
    root: Path | str | None = None,
    templates: Path | None = None,
    limit_records: int | None = None,
    problems: Sequence[Problem] = (),
) -> ResolvedMixture:
    """Resolves a mixture; nothing is read but the files that it names.

    Args:
        problems: what is known to be wrong already; reported with the rest.
        root: replaces the mixture's `root`.
        templates: a folder of the user's own template sets, searched first.
        limit_records: read only so many records of each source.

    Raises:
        UsageError: there is no such folder of templates.
        ConfigError: all problems at once, each with its line and how to mend it.
    """
    if templates is not None and not templates.is_dir():
        raise UsageError(f"no folder of templates at {templates}.")
    found = Problems(loaded, problems)
    resolver = _Resolver(found, Phraser(found, template_folders(templates)))
    base = root if root is not None else resolver.root()
    unused = left_out(found)
    sources = [
        resolver.source(index, base)
        for index, spec in enumerate(loaded.value.sources)
        if spec.name not in unused
    ]
    check_category_shares(found, unused)
    check_groups(found)
    if found.all:
        raise ConfigError(f"mixture {loaded.path}", found.all)
    complete = tuple(source for source in sources if source is not None)
    return ResolvedMixture(
        spec=loaded.value, loaded=loaded, sources=complete, limit_records=limit_records
    )


class _Resolver:
    """Resolves one source after another; what is wrong goes to the problems."""

    def __init__(self, problems: Problems, phraser: Phraser) -> None:
        self.problems = problems
        self.phraser = phraser
        self.loaded = problems.loaded

    def root(self) -> str | None:
        """The mixture's root, or None where a variable in it is not set."""
        return self.problems.attempt(("root",), lambda: substitute(self.loaded.value.root))

    def source(self, index: int, root: Path | str | None) -> ResolvedSource | None:
        spec = self.loaded.value.sources[index]
        at = ("sources", index)
        how = self.loaded.value.instructize_of(spec)
        path = None
        if root is not None:
            path = self.problems.attempt(
                (*at, "path"), lambda: source_path(root, substitute(spec.path))
            )
        dataset = self.problems.attempt((*at, "dataset"), lambda: load_dataset_entry(spec.dataset))
        name = spec.converter or (dataset.converter if dataset else None)
        options = self.options(at, spec, name) if name else None
        if dataset and name and options is not None:
            dataset = with_task(dataset, find_converter(name).task_of(options))
        instructions = self.phraser.instructions(at, spec, dataset, how) if dataset else None
        if not (path and dataset and name and options is not None and instructions):
            return None
        vectors = self.embeddings(at, how, root)
        shared = self.loaded.value.balance
        return ResolvedSource(
            spec=spec,
            dataset=dataset,
            converter=name,
            options=options,
            path=path,
            license=spec.license or dataset.license,
            instructize=how,
            instructions=instructions,
            cap_samples=spec.cap_samples or shared.cap_samples,
            max_repeats=spec.max_repeats or shared.max_repeats,
            embeddings=vectors,
        )

    def embeddings(
        self, at: tuple[str, int], how: Instructize, root: Path | str | None
    ) -> Path | None:
        """The file of embeddings by which turns are compared, where one is named."""
        name, where = how.dedup.embeddings, (*at, "instructize", "dedup")
        if name is None or root is None:
            return None
        if how.dedup.match != "semantic":
            self.problems.add(where, "embeddings are used by `match: semantic` only.")
            return None
        return self.problems.attempt(
            where, lambda: own_file(Path(root).expanduser() / substitute(name))
        )

    def options(self, at: tuple[str, int], spec: Source, converter: str) -> ConverterOptions | None:
        kind = self.problems.attempt((*at, "converter"), lambda: find_converter(converter))
        if kind is None:
            return None
        if kind.splits and spec.split not in kind.splits:
            mend = nearest(spec.split, kind.splits)
            self.problems.add((*at, "split"), f"{converter} has no split {spec.split!r}.", mend)
        return self.checked_options(at, spec, kind)

    def checked_options(
        self, at: tuple[str, int], spec: Source, kind: type[Converter]
    ) -> ConverterOptions | None:
        values = {
            key: substitute(value) if isinstance(value, str) else value
            for key, value in spec.options.items()
        }
        where = (*at, "options")
        nodes = {key: Node(v, self.loaded.where(*where, key)) for key, v in values.items()}
        options, problems = validate(Node(nodes, self.loaded.where(*where)), kind.Options)
        key = f"sources[{at[1]}].options"
        for problem in problems:
            self.problems.all.append(
                Problem(
                    where=problem.where,
                    key=f"{key}.{problem.key}" if problem.key else key,
                    found=problem.found,
                    mend=problem.mend,
                )
            )
        return options


def with_task(dataset: Dataset, task: str) -> Dataset:
    """A dataset whose records are of another task than its entry says; empty for the same."""
    return dataset.model_copy(update={"task": task}) if task else dataset


def source_path(root: Path | str, text: str) -> Path | str:
    """Where a source lies: a URL as it is, or a path under the mixture's root, which may be one.

    `folder:configuration` names one of the Hub's configurations in a local copy.

    Raises:
        UsageError: nothing is there; the nearest name in the deepest folder that is.
    """
    if URL.match(text):
        return text
    if URL.match(str(root)):
        return f"{str(root).rstrip('/')}/{text}"
    place = Path(root).expanduser()
    if not place.exists() and not Path(text).is_absolute():
        raise MissingDataError(f"nothing at {place / text}: there is no root {str(place)!r}.")
    folder, _, config = text.rpartition(":")
    is_copy = config and folder and (place / folder).is_dir()
    return place / text if is_copy else existing(place / text)


def existing(path: Path) -> Path:
    """The path of a source, which must exist, be it in an archive, unless it is a glob.

    Raises:
        MissingDataError: nothing is there; the nearest name in the deepest folder that is.
    """
    if path.exists() or set("*?[") & set(str(path)) or open_source(path).exists():
        return path
    parent = path.parent
    while not parent.is_dir() and parent != parent.parent:
        parent = parent.parent
    missing = path.relative_to(parent).parts[0]
    names = sorted(entry.name for entry in parent.iterdir()) if parent.is_dir() else []
    hint = nearest(missing, names)
    raise MissingDataError(f"nothing at {path}: {parent} has no {missing!r}. {hint}")


def own_file(path: Path) -> Path:
    """The path of a file that the user makes, so that there is nothing to download.

    Raises:
        UsageError: nothing is there.
    """
    try:
        return existing(path)
    except MissingDataError as error:
        raise UsageError(str(error)) from None
