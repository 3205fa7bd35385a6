"""Rows that belong to no noun of the shop."""

from typing import ClassVar

from django.db import models

from core.encryption import EncryptedJSONField


class IdempotencyKey(models.Model):
    """What became of one request that a client may have to repeat: see `core.idempotency`."""

    class State(models.TextChoices):
        RUNNING = "running"
        SUCCEEDED = "succeeded"  # something changed; the stored answer is the answer for ever
        REFUSED = "refused"  # nothing changed; a repeat is tried anew

    owner = models.CharField(max_length=64)  # the user's id; kept as text, core knows no users
    key = models.CharField(max_length=255)
    request_hash = models.CharField(max_length=64)  # SHA-256 of method, path and body
    operation = models.CharField(max_length=100)  # method and path
    state = models.CharField(max_length=16, choices=State, default=State.RUNNING)
    response_status = models.PositiveSmallIntegerField(null=True)
    response_body = EncryptedJSONField(null=True)  # answers name people, and open payments
    created_at = models.DateTimeField(auto_now_add=True)
    running_until = models.DateTimeField()  # after this a crash is assumed and a repeat takes over

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "key"], name="idempotency_key_once_per_owner"),
            models.CheckConstraint(
                condition=models.Q(state__in=["running", "succeeded", "refused"]), name="idempotency_key_state_valid"
            ),
            models.CheckConstraint(
                condition=models.Q(state="running") | models.Q(response_status__isnull=False),
                name="idempotency_key_ended_has_answer",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="idempotency_key_age")]

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"
