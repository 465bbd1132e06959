"""What a mixture file says, and how much of it a source may override."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

import datakit
from datakit.errors import ConfigError, UsageError
from datakit.mixture import find_mixture, load_mixture
from datakit.mixture.schema import Output, parse_bytes
from datakit.mixture.variables import substitute
from datakit.registry import data_names, shipped_folder
from tests.releases import Release


@pytest.mark.parametrize(
    ("text", "size"), [("512MB", 512_000_000), ("1.5 GB", 1_500_000_000), ("2KiB", 2048), (7, 7)]
)
def test_sizes_are_decimal_unless_they_say_so(text: object, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    "override",
    [
        "instructize.multi_turn=no",
        "seed=true",
        "seed='7'",
        "seed=-1",
        "output.shard_samples=true",
        "instructize.response_format.prompt=Look at <image> now",
        "instructize.system_prompt=<|end|>",
    ],
)
def test_no_type_is_bent_and_no_marker_let_in(release: Release, override: str) -> None:
    with pytest.raises(ConfigError):
        datakit.resolve(release.mixture, overrides=[override])


def test_a_shipped_mixture_is_found_by_its_bare_name_only(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Shipped: .*, quickstart, "):
        find_mixture(tmp_path / "quickstart.yaml")


@pytest.mark.parametrize("text", ["512MiBs", "lots", "-5MB", 0])
def test_sizes_that_are_none(text: object) -> None:
    with pytest.raises(ValidationError):
        Output.model_validate({"shard_bytes": text})


def test_variables() -> None:
    environment = {"DATA": "/data", "EMPTY": ""}
    assert substitute("${DATA}/x", environment) == "/data/x"
    assert substitute("${NONE:-a/b}/x", environment) == "a/b/x"
    assert substitute("${EMPTY:-d}", environment) == "d"
    assert substitute("$DATA", environment) == "$DATA"
    with pytest.raises(UsageError, match="NONE"):
        substitute("${NONE}", environment)


def test_a_source_overrides_the_mixture_key_by_key(release: Release) -> None:
    path = release.write_mixture(
        "name: small\nroot: '{root}'\n"
        "instructize: {max_turns: 2, dedup: {by: target}, response_format: {at: prefix}}\n"
        "sources:\n"
        "  - {dataset: docvqa, path: DocVQA, split: val}\n"
        "  - dataset: chartqa\n    path: ChartQA Dataset\n"
        "    instructize: {granularity: coarse, dedup: {match: exact}}\n"
    )
    docvqa, chartqa = datakit.resolve(path).sources
    assert docvqa.instructize.granularity == "fine"
    assert docvqa.instructions.set_name == "fine/docvqa"
    assert chartqa.instructions.set_name == "coarse/vqa-open"
    assert (chartqa.instructize.dedup.by, chartqa.instructize.dedup.match) == ("target", "exact")
    assert (docvqa.instructize.dedup.by, docvqa.instructize.dedup.match) == ("target", "normalized")
    assert chartqa.instructize.max_turns == 2
    assert chartqa.instructions.response_format_at == "prefix"


def test_one_word_changes_granularity_and_turns(release: Release) -> None:
    fine = datakit.plan(release.mixture)
    single = datakit.plan(release.mixture, overrides=["instructize.multi_turn=false"])
    assert len(fine.table) == 11
    assert len(single.table) == 13 + 5 + 4
    assert set(single.table["num_records"]) == {1}
    coarse = datakit.resolve(release.mixture, overrides=["instructize.granularity=coarse"])
    assert {source.instructions.set_name for source in coarse.sources} == {
        "coarse/vqa-open",
        "coarse/conversation",
    }


def test_an_own_folder_of_templates_comes_first(release: Release, tmp_path: Path) -> None:
    own = tmp_path / "own" / "fine"
    own.mkdir(parents=True)
    (own / "docvqa.yaml").write_text(
        "task: vqa-open\nanswer: short\n"
        "templates: [{id: mine, user: 'Mine: {{ question }}', assistant: '{{ answer }}'}]\n"
    )
    datakit.build(release.mixture, out=tmp_path / "out", templates=tmp_path / "own", workers=1)
    data = datakit.open(tmp_path / "out")
    templates = {t for row in data.index.iter_rows(named=True) for t in row["templates"]}
    assert "fine/docvqa#mine" in templates
    assert any(name.startswith("fine/chartqa#") for name in templates)


def test_a_fault_in_an_own_template_is_an_error_of_the_check(
    release: Release, tmp_path: Path
) -> None:
    own = tmp_path / "own" / "fine"
    own.mkdir(parents=True)
    (own / "docvqa.yaml").write_text(
        "task: vqa-open\nanswer: short\ntemplates:\n"
        "  - {id: mine, user: '{{ question.__class__ }}', assistant: '{{ answer }}'}\n"
    )
    with pytest.raises(ConfigError, match=r"docvqa.yaml:4: templates\[0\].user: the attribute"):
        datakit.resolve(release.mixture, templates=tmp_path / "own")


def test_a_mixture_extends_another(release: Release) -> None:
    path = release.write_mixture(
        f"extends: {release.mixture.name}\nname: less\nsources:\n"
        "  - {name: sharegpt-4v, drop: true}\n  - {name: chartqa, cap_records: 5}\n",
        "less.yaml",
    )
    mixture = load_mixture(path).value
    assert [source.name for source in mixture.sources] == ["chartqa", "docvqa"]
    assert mixture.sources[0].cap_records == 5
    assert mixture.seed == 7


def test_a_mixture_extends_a_shipped_one_and_mistakes_stay_where_they_were_written(
    release: Release,
) -> None:
    path = release.write_mixture(
        "extends: quickstart\nname: mine\nroot: '{root}'\nbalance: {strategy: per-datasets}\n"
        "sources:\n  - {name: chartqa, cap_record: 5}\n  - {name: sharegpt, drop: true}\n"
    )
    with pytest.raises(ConfigError, match=f"{path}:7: drop: what is extended has no 'sharegpt'"):
        load_mixture(path)
    path.write_text(path.read_text().replace("sharegpt,", "sharegpt-4v,"))
    with pytest.raises(ConfigError) as caught:
        load_mixture(path)
    assert [problem.where for problem in caught.value.problems] == [f"{path}:4", f"{path}:6"]
    assert "Did you mean 'cap_records'" in str(caught.value)
    base = release.write_mixture(path.read_text().replace("5}", "5, license: 3}"), "base.yaml")
    with pytest.raises(ConfigError, match=f"{base}:6: sources\\[0\\].license: found 3"):
        load_mixture(release.write_mixture("extends: base\nname: top\n", "top.yaml"))


@pytest.mark.parametrize("weight", ["0", "-1", ".inf", ".nan", "true", "'2'"])
def test_weights_that_are_none(release: Release, weight: str) -> None:
    with pytest.raises(ConfigError, match="weight"):
        load_mixture(release.mixture, overrides=[f"sources.docvqa.weight={weight}"])


def test_honeybees_mixtures_differ_in_balance_alone() -> None:
    unweighted = {"weight": 1.0}
    best = load_mixture("honeybee").value.sources
    for name in ("honeybee-per-dataset", "honeybee-per-task", "honeybee-per-sample"):
        sources = load_mixture(name).value.sources
        assert [s.model_copy(update=unweighted) for s in sources] == [
            s.model_copy(update=unweighted) for s in best
        ]
    assert sum(s.weight for s in best) == pytest.approx(100.3)
    assert sum(s.weight for s in load_mixture("honeybee-per-task").value.sources) == 24


@pytest.mark.parametrize("name", data_names(shipped_folder("mixtures")))
def test_every_shipped_mixture_loads_by_its_name(name: str) -> None:
    assert load_mixture(find_mixture(name)).value.name == name


@pytest.mark.parametrize("name", data_names(shipped_folder("mixtures")))
def test_every_shipped_mixture_resolves_but_for_its_data(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        datakit.resolve(name, root=tmp_path)
    assert all(problem.missing_data for problem in caught.value.problems)
    assert len(caught.value.problems) == len(load_mixture(name).value.sources)
    wanted = datakit.downloads(name, root=tmp_path)
    assert {source for item in wanted for source in item.sources} == {
        source.name for source in load_mixture(name).value.sources
    }
