from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from procrastinate.contrib.django import app

from accounts import jobs
from accounts.models import TokenFamily
from accounts.services import log_in
from tests.factories.accounts import PASSWORD, UserFactory


@pytest.mark.django_db
def test_old_sessions_are_forgotten_by_a_job_of_every_night():
    log_in(email=UserFactory().email, password=PASSWORD)

    with time_machine.travel(timezone.now() + timedelta(days=91), tick=False):
        jobs.forget_old_sessions(timestamp=0)

    assert not TokenFamily.objects.exists()
    assert ("accounts.forget_old_sessions", "") in app.periodic_registry.periodic_tasks
