"""Every address of the product."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.static import serve
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.permissions import AllowAny

from accounts.admin import change_own_password
from accounts.api.views import jwks
from config import views
from core.problems import read_only

_OPEN: dict[str, Any] = {"authentication_classes": [], "permission_classes": [AllowAny]}

urlpatterns: list[Any] = [
    path("", views.front_door),
    path("favicon.ico", views.favicon),
    path("livez", views.livez),
    path("readyz", views.readyz),
    path(".well-known/jwks.json", jwks, name="jwks"),
    path("api/schema/", SpectacularAPIView.as_view(**_OPEN), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema", **_OPEN), name="docs"),
    path("api/errors/", views.error_codes, name="errors"),
    path("api/v1/", include("accounts.api.urls")),
    path("api/v1/", include("inventory.api.urls")),
    path("api/v1/", include("payments.api.urls")),
    path("api/v1/", include("orders.api.urls")),
    path("api/v1/operations/<path:key>", views.OperationView.as_view()),
    path("admin", views.admin_entrance),
    path("admin/password_change/", change_own_password),
    path("admin/", admin.site.urls),
]

if settings.SERVE_MEDIA:
    media, files = settings.MEDIA_URL.lstrip("/"), {"document_root": settings.MEDIA_ROOT}
    urlpatterns.append(path(f"{media}<path:path>", read_only(serve), files, name="media"))

handler400 = "core.problems.bad_request"
handler403 = "core.problems.permission_denied"
handler404 = "core.problems.page_not_found"
handler500 = "core.problems.server_error"
