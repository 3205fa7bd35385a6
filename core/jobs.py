"""Housekeeping that every deployment needs."""

from django.conf import settings
from procrastinate import JobContext
from procrastinate.contrib.django import app

from core.idempotency import forget_old_keys


@app.periodic(cron="* * * * * */10")
@app.task(name="core.retry_stalled_jobs", queueing_lock="core.retry_stalled_jobs", pass_context=True)
async def retry_stalled_jobs(context: JobContext, timestamp: int) -> None:
    """Hand the jobs of a worker that died to the living ones. Jobs are written to be repeated."""
    manager = context.app.job_manager
    await manager.prune_stalled_workers(seconds_since_heartbeat=settings.WORKER_LOST_AFTER)
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=settings.WORKER_LOST_AFTER):
        await manager.retry_job(job)


@app.periodic(cron="17 3 * * *")
@app.task(name="core.delete_old_jobs", queueing_lock="core.delete_old_jobs", pass_context=True)
async def delete_old_jobs(context: JobContext, timestamp: int) -> None:
    """Forget finished jobs after three days; failed ones stay for staff to see and replay."""
    await context.app.job_manager.delete_old_jobs(
        nb_hours=72, include_failed=False, include_cancelled=True, include_aborted=True
    )


@app.periodic(cron="37 3 * * *")
@app.task(name="core.forget_old_idempotency_keys", queueing_lock="core.forget_old_idempotency_keys")
def forget_old_idempotency_keys(timestamp: int) -> None:
    """Forget stored answers that no client will ask for again."""
    forget_old_keys()
