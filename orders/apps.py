from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"
    verbose_name = "Orders"
    privacy = "orders.services.privacy"  # see accounts.privacy
