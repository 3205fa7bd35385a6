"""Rows that belong to one customer."""

from typing import Any, Self, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


class OwnedByCustomer(models.QuerySet[M]):
    """Rows of one customer. `visible_to` is the only door through which the API reaches them."""

    def visible_to(self, user: Any) -> Self:
        return self.filter(customer_id=user.pk)
