"""One picture for each container and colour; only those that are missing are drawn."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TextIO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.text import slugify

from catalog.models import Container, ContainerImage
from catalog.services import make_missing_sizes
from config.demo import records
from config.demo.languages import LANGUAGES
from config.seeding.painting import SHOWN, paint


@dataclass(frozen=True, slots=True)
class Picture:
    slug: str
    colour: str
    sku: str  # whose proportions it has
    alt: str
    alts: Mapping[str, str]  # in the other languages, by the name of the field
    position: int

    @property
    def file(self) -> str:
        return f"containers/{self.slug}-{slugify(self.colour)}.webp"


def wanted() -> list[Picture]:
    """The pictures of the demo, the first of each container first."""
    return [picture for container in SHOWN for picture in _of(container)]


def _of(container: records.Container) -> Iterator[Picture]:
    seen: set[str] = set()
    for variant in container.variants:
        if variant.colour not in seen:
            seen.add(variant.colour)
            alt = f"{container.brand} {container.name} in {variant.colour}"
            yield Picture(container.slug, variant.colour, variant.sku, alt, _alts(container, variant), len(seen))


def _alts(container: records.Container, variant: records.Variant) -> dict[str, str]:
    return {
        f"alt_{code}": f"{container.brand} {language.name(container.slug, container.name)}, {language.colour} "
        f"{variant.colour}"
        for code, language in LANGUAGES.items()
    }


def seed_pictures(progress: TextIO, *, workers: int = 2, pictures: Sequence[Picture] | None = None) -> int:
    """Pictures for containers that have none, and the files of those that are shown.

    Returns how many were drawn. Safe to repeat, also after a break-off.
    """
    bare = dict(Container.objects.filter(images=None).values_list("slug", "pk"))
    shown = set(ContainerImage.objects.values_list("container__slug", "colour"))
    here = [p for p in (pictures or wanted()) if p.slug in bare or (p.slug, p.colour) in shown]
    missing = [picture for picture in here if not default_storage.exists(picture.file)]
    _draw(missing, progress, workers)
    ContainerImage.objects.bulk_create(
        ContainerImage(
            container_id=bare[p.slug], image=p.file, alt=p.alt, i18n=dict(p.alts), colour=p.colour,
            position=p.position,
        )
        for p in here
        if p.slug in bare
    )  # fmt: skip
    if sized := make_missing_sizes()[0]:
        progress.write(f"pictures in the sizes of phones: {sized}")
    return len(missing)


def _draw(missing: Sequence[Picture], progress: TextIO, workers: int) -> None:
    if not missing:
        return
    # Spawned, not forked: a child must not inherit this process's database connections.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        drawn = pool.map(paint, [picture.sku for picture in missing])
        for number, (picture, content) in enumerate(zip(missing, drawn, strict=True), 1):
            default_storage.save(picture.file, ContentFile(content))
            if number % 10 == 0 or number == len(missing):
                progress.write(f"pictures drawn: {number} of {len(missing)}")
