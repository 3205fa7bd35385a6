"""Words that customers use for the same thing, so that each of them finds it."""

import re

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Q

_WORD = re.compile(r"[^\W_]{2,40}")


class SynonymGroup(models.Model):
    """Whoever searches for one of these words also finds what has another one of them, further down."""

    language = models.CharField(max_length=8, choices=settings.LANGUAGES)
    words = ArrayField(
        models.CharField(max_length=40),
        validators=[MaxLengthValidator(30)],
        help_text="Two or more, with commas between.",
    )

    class Meta:
        ordering = ["language", "words"]
        constraints = [
            models.CheckConstraint(condition=Q(words__len__gte=2), name="synonym_group_has_two_words"),
        ]

    def __str__(self) -> str:
        return ", ".join(self.words)

    def clean(self) -> None:
        """Small letters, each word once. Raises: ValidationError."""
        self.words = list(dict.fromkeys(word.strip().lower() for word in self.words or []))
        if wrong := [word for word in self.words if not _WORD.fullmatch(word)]:
            named = ", ".join(f'"{word}"' for word in wrong)
            raise ValidationError(
                {"words": f"Single words of letters and digits, without spaces or dashes; not {named}."}
            )
        if len(self.words) < 2:
            raise ValidationError({"words": "One word alone has no synonym: write two or more."})
