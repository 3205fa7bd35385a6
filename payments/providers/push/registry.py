"""Which push service this installation speaks to."""

from functools import lru_cache

from django.conf import settings

from payments.providers.push.base import PushProvider
from payments.providers.push.console import ConsolePushProvider
from payments.providers.push.fcm import FcmPushProvider


@lru_cache(maxsize=4)
def _fcm(project: str, account: str, private_key: str, url: str, auth_url: str) -> PushProvider:
    return FcmPushProvider(project=project, account=account, private_key=private_key, url=url, auth_url=auth_url)


def get_push_provider() -> PushProvider | None:
    """The adapter that settings name; None: phones are not told anything."""
    match settings.PUSH_PROVIDER:
        case "fcm":
            return _fcm(
                settings.FCM_PROJECT,
                settings.FCM_ACCOUNT,
                settings.FCM_PRIVATE_KEY,
                settings.FCM_URL,
                settings.FCM_AUTH_URL,
            )
        case "console":
            return ConsolePushProvider()
        case _:
            return None
