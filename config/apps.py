from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "config"
    verbose_name = "Cat Travel Logistics"
