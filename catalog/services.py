"""Writes to the catalog that mean more than a saved form."""

from collections.abc import Collection, Mapping
from copy import copy
from datetime import date
from functools import partial
from pathlib import PurePosixPath
from typing import Any, TypeVar

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from catalog.checklist import codes_of, items_of
from catalog.errors import ChecklistUnknown
from catalog.models import Approval, Container, ContainerImage, Variant, shop_today
from catalog.pictures import BROKEN, Rendition, renditions
from catalog.price_changes import offers_in_force
from catalog.version import hold_catalog
from core.errors import NotFound
from core.queue import enqueue


@transaction.atomic
def inspect_variant(
    *, variant_id: int, met: Collection[str], actor: Any, note: str = "", on: date | None = None
) -> Approval:
    """Record that somebody went through our checklist: the variant is approved exactly when every item was met.

    The latest inspection counts, so this can also end an approval; from then on customers no longer see the variant,
    nor a bundle of which it is a part: that is refused too.
    met: codes of the items that were met. actor: the member of staff. Locks: the catalog's version, so that two
    inspections have an order. Raises: NotFound, ChecklistUnknown.
    """
    hold_catalog()
    variant = Variant.objects.select_related("container").filter(pk=variant_id).first()
    if variant is None:
        raise NotFound
    asked = codes_of(variant.container.kind)
    if unknown := sorted(set(met) - asked):
        raise ChecklistUnknown(f"The checklist has no item called {', '.join(unknown)}.")
    seen = Approval(
        variant=variant,
        checklist={item.code: item.code in met for item in items_of(variant.container.kind)},
        result=Approval.Result.APPROVED if set(met) >= asked else Approval.Result.REFUSED,
        approved_on=on or timezone.now().date(),
        approved_by=actor,
        note=note,
    )
    seen.save()
    if seen.result == Approval.Result.REFUSED:
        for bundle in Variant.objects.approved().filter(parts__part=variant):
            _copied(seen, variant=bundle, note=f"its part {variant.sku} was refused")
    return seen


@transaction.atomic
def duplicate_container(*, container_id: int, name: str, slug: str, skus: Mapping[int, str]) -> Container:
    """A draft with everything that a container says but its pictures, and these of its variants under new SKUs.

    The new name is not translated. skus: {variant id: the SKU of its copy}; those that are not named are left
    out. Offers are copied; nobody has checked the copies, so none is offered. Raises: ValidationError for a slug or SKU
    that is taken, or cannot be.
    """
    container = Container.objects.get(pk=container_id)
    variants = container.variants.filter(pk__in=skus).prefetch_related(*offers_in_force(), "parts")
    begun = {"valid_from": shop_today(), "valid_until": None}
    told: Any = container
    translated = {text: said for text, said in (told.i18n or {}).items() if not text.startswith("name_")}
    made = _copied(container, name=name, slug=slug, published=False, i18n=translated)
    for variant in variants.order_by("pk"):
        rows = list(variant.sale_offers.all()), list(variant.rental_offers.all()), list(variant.parts.all())
        another = _copied(variant, container=made, sku=skus[variant.pk])
        for part in rows[2]:
            _copied(part, bundle=another)
        for sale in rows[0]:
            _copied(sale, variant=another, **begun)
        for rental in rows[1]:
            rates = list(rental.rates.all())
            offer = _copied(rental, variant=another, **begun)
            for rate in rates:
                _copied(rate, offer=offer)
    return made


_R = TypeVar("_R", bound=Model)


def _copied(row: _R, **other: Any) -> _R:
    """Another row that says the same, but for what is named."""
    copied = copy(row)
    copied.pk = None
    for name, value in other.items():
        setattr(copied, name, value)
    copied.full_clean()
    copied.save(force_insert=True)
    return copied


def make_sizes(*, image_id: int) -> ContainerImage:
    """Have a picture in the sizes that phones load, in place of those that it had. Safe to repeat."""
    row = ContainerImage.objects.get(pk=image_id)
    before = row.files[1:]
    stem = PurePosixPath(str(row.image.name)).with_suffix("")
    with row.image.open() as file:
        row.sizes = [_stored(stem, rendition) for rendition in renditions(file)]
    row.save(update_fields=["sizes"])
    forget_files(before)
    return row


def make_missing_sizes() -> tuple[int, list[str]]:
    """The same for every picture that has none, such as those that were there before. Returns how many have some now,
    and the names of files that are no picture that can be read.

    One whose file is not there, or cannot be read, is left as it is.
    """
    made, broken = 0, []
    for row in ContainerImage.objects.filter(sizes=[]):
        if default_storage.exists(str(row.image.name)):
            try:
                made += bool(make_sizes(image_id=row.pk).sizes)
            except BROKEN:
                broken.append(str(row.image.name))
    return made, broken


def _stored(stem: PurePosixPath, rendition: Rendition) -> dict[str, Any]:
    told: dict[str, Any] = {"width": rendition.width, "height": rendition.height}
    files = {"webp": rendition.webp, "avif": rendition.avif}
    for kind, content in files.items():
        name = f"{stem}-{rendition.width}.{kind}"
        told[kind] = default_storage.save(name, ContentFile(content), max_length=200)
    return told


def forget_files(names: Collection[str]) -> None:
    """Remove files of pictures once this transaction has ended; what cannot be removed stays, and is logged."""
    if names:
        transaction.on_commit(partial(_remove, list(names)), robust=True)


def _remove(names: Collection[str]) -> None:
    for name in names:
        default_storage.delete(name)


def recheck_soon() -> None:
    """Have what is ordered judged again, in the caller's transaction: a rule of an airline changed."""
    enqueue("orders.recheck_rules", once="orders.recheck_rules")
