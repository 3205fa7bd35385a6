from django.urls import path

from accounts.api import views

urlpatterns = [
    path("auth/register", views.RegisterView.as_view(), name="register"),
    path("auth/token", views.LogInView.as_view(), name="log-in"),
    path("auth/refresh", views.RefreshView.as_view(), name="refresh-session"),
    path("auth/logout", views.LogOutView.as_view(), name="log-out"),
    path("me", views.MeView.as_view(), name="me"),
    path("me/export", views.ExportView.as_view(), name="export"),
    path("me/cats", views.CatViewSet.as_view({"get": "list", "post": "create"}), name="cats"),
    path(
        "me/cats/<uuid:cat_id>",
        views.CatViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="cat",
    ),
    path("me/addresses", views.AddressViewSet.as_view({"get": "list", "post": "create"}), name="addresses"),
    path(
        "me/addresses/<uuid:address_id>",
        views.AddressViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="address",
    ),
    path("me/devices", views.DeviceViewSet.as_view({"get": "list", "post": "create"}), name="devices"),
    path("me/devices/<uuid:device_id>", views.DeviceViewSet.as_view({"delete": "destroy"}), name="device"),
]
